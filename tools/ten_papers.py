"""The command `ten-papers`: opens the dashboard, writes figures, asks models, and rebuilds tables.

ten-papers run --port 8600          # what is not its own goes on to Streamlit, the exports, the probe or the build
ten-papers export attention.cache --format svg
ten-papers probe run --model bundled --probe term_frequency
ten-papers build --check
"""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from analysis import __version__

ROOT = Path(__file__).parents[1]
DASHBOARD = "pages/served/dashboard.py"
SHORT = {"--port": "--server.port"}
"""Options of `run` that are shorter than Streamlit's."""


def run(arguments: Sequence[str]) -> int:
    """Open the dashboard, and give figures at addresses; this process becomes Streamlit, so it returns only where that is impossible."""
    if not (ROOT / DASHBOARD).exists():
        print(f"The dashboard is not in {ROOT}: install from its folder with `pip install -e .`.", file=sys.stderr)
        return 2
    os.chdir(ROOT)  # Streamlit looks for its settings here
    options = [SHORT.get(option, option) for option in arguments]
    command = [sys.executable, "-m", "streamlit", "run", DASHBOARD, *options]
    os.execv(sys.executable, command)


def export(arguments: Sequence[str]) -> int:
    """Write figures as files: `python -m analysis.export`."""
    from analysis.export.command import main

    return main(arguments)


def probe(arguments: Sequence[str]) -> int:
    """Ask a model on this machine: `python -m analysis.probe`."""
    from analysis.probe.__main__ import main

    return main(list(arguments))


def build(arguments: Sequence[str]) -> int:
    """Rebuild the derived tables: `python -m analysis.build`."""
    from analysis.build.command import main

    return main(list(arguments))


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {"run": run, "export": export, "probe": probe, "build": build}


def usage() -> str:
    """How the command is used, a line for each of COMMANDS.

    >>> print(usage().splitlines()[0])
    usage: ten-papers {run,export,probe,build} [--help] ...
    """
    lines = [f"  {name:7} {(command.__doc__ or '').splitlines()[0]}" for name, command in COMMANDS.items()]
    return "\n".join([f"usage: ten-papers {{{','.join(COMMANDS)}}} [--help] ...", "", *lines, "", "  --version"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of COMMANDS with the arguments behind its name; the exit status, 2 for a name that is none of them."""
    name, *rest = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name == "--version":
        print(f"ten-papers {__version__}")
        return 0
    if name in COMMANDS:
        return COMMANDS[name](rest)
    asked = name in ("-h", "--help")
    print(usage(), file=sys.stdout if asked else sys.stderr)
    return 0 if asked else 2


if __name__ == "__main__":
    sys.exit(main())
