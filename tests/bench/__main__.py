"""`make bench`: print a table of measured times, each beside a peer or a floor taken in the same run. Asserts nothing.

python -m tests.bench [fit] [sliders] [pins] [probe] [cold] [server] [sessions] [memory] [--quick] [--pages scaling,compute]
python -m tests.bench soak [--minutes 30] [--sessions 10]
"""

import argparse
import os
import platform
import sys
from datetime import date
from importlib.metadata import version

from tests.bench import cold, fit, memory, probe, server_time, sessions, sliders, soak

PARTS = {
    "fit": fit.measure,
    "sliders": sliders.measure,
    "pins": sliders.measure_pins,
    "probe": probe.measure,
    "cold": cold.measure,
    "server": server_time.measure,
    "sessions": sessions.measure,
    "memory": memory.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"what to measure (default: all but soak): {', '.join(PARTS)}, soak")
    parser.add_argument("--quick", action="store_true", help="time a sample of the slow peers and scale it up")
    parser.add_argument("--minutes", type=float, default=30, help="how long a soak lasts")
    parser.add_argument("--sessions", type=int, default=10, help="how many readers a soak has")
    parser.add_argument("--pages", default="", help="of sliders and pins: only these pages, such as scaling,compute")
    options = parser.parse_args()
    pages = options.pages.split(",") if options.pages else ()
    parts = PARTS | {
        "sliders": lambda quick: sliders.measure(quick, pages),
        "pins": lambda quick: sliders.measure_pins(quick, pages),
        "soak": lambda quick: soak.measure(quick, options.minutes, options.sessions),
    }
    unknown = set(options.parts) - set(parts)
    if unknown:
        parser.error(f"unknown part {', '.join(sorted(unknown))}; choose from {', '.join(parts)}")
    packages = " ".join(f"{name} {version(name)}" for name in ("streamlit", "plotly", "numpy", "scipy"))
    print(f"{date.today()} · Python {platform.python_version()} · {os.cpu_count()} cores · {packages}\n")
    for name in options.parts or PARTS:
        print(f"## {name}\n", flush=True)
        rows = parts[name](options.quick)
        print_table(rows)
        print(flush=True)


def print_table(rows: list[tuple[str, ...]]) -> None:
    """Print rows, the first being the header, as a Markdown table with aligned columns."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for number, row in enumerate(rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


if __name__ == "__main__":
    sys.exit(main())
