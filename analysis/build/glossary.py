"""The second half of docs/glossary.md, which says what the columns of all tables mean, out of data/tables.toml.

`python -m analysis.build` writes it with the derived tables, and `--check` compares it. The first half, the words of the field, is written
by hand.
"""

from pathlib import Path

from analysis import tables

FILE = Path(__file__).parents[2] / "docs" / "glossary.md"
HEADING = "## Columns of the tables"
MOST_TABLES = 3


def columns() -> str:
    """The generated half, from its heading on: a row for each column with one meaning and unit, by name."""
    where: dict[tuple[str, str, str], list[str]] = {}
    for name in tables.names():
        for row in tables.describe(name).itertuples():
            where.setdefault((row.column, row.meaning, row.unit), []).append(name)
    rows = [
        f"| `{column}` | {_cell(meaning)} | {_cell(unit) or '-'} | {_listed(names)} |"
        for (column, meaning, unit), names in sorted(where.items(), key=lambda item: (item[0][0].lower(), item[0][1:]))
    ]
    words = "Written by `python -m analysis.build` from `data/tables.toml`; the page Sources shows the same beside each table."
    return "\n".join([HEADING, "", words, "", "| column | meaning | unit | tables |", "|---|---|---|---|", *rows, ""])


def glossary() -> str:
    """The whole text as it should be: the first half as it is stored, the second as data/tables.toml gives it.

    Raises ValueError where the stored text lacks the heading of the second half.
    """
    before, heading, _ = FILE.read_text(encoding="utf-8").partition(f"{HEADING}\n")
    if not heading:
        raise ValueError(f"docs/glossary.md lacks the line {HEADING!r}, below which the columns are written")
    return before + columns()


def current() -> bool:
    """Whether the stored text is the one that `glossary` gives."""
    return FILE.read_text(encoding="utf-8") == glossary()


def write() -> None:
    """Store the text."""
    FILE.write_text(glossary(), encoding="utf-8")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:MOST_TABLES])
    return shown + (f" and {len(names) - MOST_TABLES} more" if len(names) > MOST_TABLES else "")
