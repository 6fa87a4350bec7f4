"""All tables in one file: rows, what every column means, and the works with their licences."""

import io
import zipfile

import pandas as pd

from analysis import tables
from analysis.export.words import LICENCE, MADE_WITH
from analysis.spreadsheets import neutral

ABOUT = "tables.csv"
COLUMNS = "columns.csv"
READ_ME = "README.txt"


@tables.kept
def all_tables() -> bytes:
    """A ZIP file with every table as CSV, the list of tables (ABOUT), the meaning of their columns (COLUMNS), and READ_ME.

    A table that is damaged is left out and named in READ_ME. Values are those after data/corrections.csv, which is in the file too.
    """
    out, about, columns, damaged = io.BytesIO(), [], [], []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name in tables.names():
            try:
                rows, meanings = tables.load(name), tables.describe(name)
            except tables.TableError as problem:
                damaged.append(f"{name}: {problem}")
                continue
            file.writestr(f"{name}.csv", _csv(rows))
            about.append({"table": name, "rows": len(rows), "about": tables.describe_table(name)["about"]})
            columns.append(meanings.assign(table=name))
        every = pd.concat(columns, ignore_index=True)
        file.writestr(ABOUT, _csv(pd.DataFrame(about)))
        file.writestr(COLUMNS, _csv(every[["table", *(column for column in every if column != "table")]]))
        file.writestr(READ_ME, _read_me(len(about), damaged))
    return out.getvalue()


def _csv(rows: pd.DataFrame) -> str:
    rows = rows.copy()
    for name, kind in rows.dtypes.items():
        if not pd.api.types.is_numeric_dtype(kind):
            rows[name] = rows[name].map({value: neutral(value) for value in rows[name].unique()})
    return rows.to_csv(index=False, lineterminator="\n")


def _read_me(n_tables: int, damaged: list[str]) -> str:
    lines = [
        f"{MADE_WITH}: {n_tables} tables.",
        "",
        f"{ABOUT} says what each table is, {COLUMNS} what its columns mean and their units.",
        "sources.csv has the works that the tables name in their columns `source`, each with its licence or \"not stated\".",
        "corrections.csv lists the printed values that were changed, and why; the tables hold the corrected ones.",
        "`verified` counts the separate transcriptions that agree; at 0 a value is from memory.",
        LICENCE,
    ]  # fmt: skip
    if damaged:
        lines += ["", "Left out, because they could not be read:", *damaged]
    return "\n".join(lines) + "\n"
