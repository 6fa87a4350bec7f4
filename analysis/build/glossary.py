"""docs/glossary.md: the words of the field out of data/terms.csv, and what the columns of all tables mean out of data/tables.toml.

`python -m analysis.build` writes it with the derived tables, and `--check` compares it.
"""

from pathlib import Path

from analysis import tables

FILE = Path(__file__).parents[2] / "docs" / "glossary.md"
WORDS = "The words used in code, tables, controls and charts. Inside the code every quantity is in base units."
MOST_TABLES = 3


def terms() -> str:
    """The first half: a row for each term, by name."""
    rows = [
        f"| `{row.name}` | {_cell(row.term)} | {_cell(row.meaning)} | {_cell(row.unit) or '-'} |"
        for row in tables.load("terms").sort_values("name", key=lambda names: names.str.lower()).itertuples(index=False)
    ]
    written = "Written by `python -m analysis.build` from `data/terms.csv`, where a control's help comes from as well."
    return "\n".join(["# Glossary", "", WORDS, written, "", "| name | term | meaning | unit |", "|---|---|---|---|", *rows, ""])


def columns() -> str:
    """The second half: a row for each column of a table with one meaning and unit, by name."""
    where: dict[tuple[str, str, str], list[str]] = {}
    for name in tables.names():
        for row in tables.describe(name).itertuples():
            where.setdefault((row.column, row.meaning, row.unit), []).append(name)
    rows = [
        f"| `{column}` | {_cell(meaning)} | {_cell(unit) or '-'} | {_listed(names)} |"
        for (column, meaning, unit), names in sorted(where.items(), key=lambda item: (item[0][0].lower(), item[0][1:]))
    ]
    words = "Written by `python -m analysis.build` from `data/tables.toml`; the page Sources shows the same beside each table."
    return "\n".join(["## Columns of the tables", "", words, "", "| column | meaning | unit | tables |", "|---|---|---|---|", *rows, ""])


def glossary() -> str:
    """The whole text as it should be."""
    return f"{terms()}\n{columns()}"


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
