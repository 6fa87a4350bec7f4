"""`make bench`: print a table of measured times, each beside a peer or a floor taken in the same run. Asserts nothing.

python -m tests.bench [fit] [sliders] [probe] [server] [--quick]
"""

import argparse
import os
import platform
import sys
from datetime import date
from importlib.metadata import version

from tests.bench import fit, probe, server_time, sliders

PARTS = {"fit": fit.measure, "sliders": sliders.measure, "probe": probe.measure, "server": server_time.measure}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"what to measure (default: all): {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="time a sample of the slow peers and scale it up")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"unknown part {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    packages = " ".join(f"{name} {version(name)}" for name in ("streamlit", "plotly", "numpy", "scipy"))
    print(f"{date.today()} · Python {platform.python_version()} · {os.cpu_count()} cores · {packages}\n")
    for name in options.parts or PARTS:
        print(f"## {name}\n", flush=True)
        rows = PARTS[name](options.quick)
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
