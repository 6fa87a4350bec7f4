"""How a reader brings training runs of their own: a file, which column holds what in which unit, and a question where the numbers are odd.

Nothing is fitted to a column that neither its name nor the reader has named.
"""

import zlib
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from analysis.charts.parameters import Given
from analysis.scaling import own_columns, own_doubts, own_runs
from analysis.units import PF_DAY
from analysis.uploads import clip
from analysis.uploads.notation import Unit
from analysis.uploads.table import Table
from pages.components.markdown import plain

LABELS = {"n_params": "Parameters", "n_tokens": "Tokens", "train_flops": "FLOPs", "loss": "Loss"}
COUNTS = {"as written": Unit(), "thousands": Unit(1e3), "millions": Unit(1e6), "billions": Unit(1e9), "trillions": Unit(1e12)}
UNITS: Mapping[str, Mapping[str, Unit]] = {
    "n_params": COUNTS,
    "n_tokens": COUNTS,
    "train_flops": {
        "FLOP": Unit(), "GFLOP": Unit(1e9), "TFLOP": Unit(1e12), "PFLOP": Unit(1e15), "EFLOP": Unit(1e18), "ZFLOP": Unit(1e21),
        "petaFLOP/s-days": Unit(PF_DAY),
    },
    "loss": {
        "nats per token": Unit(), "bits per token": Unit(1.0, "bits"), "bits per byte": Unit(1.0, "bits per byte"),
        "perplexity": Unit(1.0, "perplexity"), "percent": Unit(0.01, "%"),
    },
}  # fmt: skip
FROM_FLOPS = (
    " Tokens are C / (6 N), so they are as right as C = 6 N D: FLOPs that count attention or recomputation, or parameters of which a token uses a "
    "part, make them wrong by as much."
)


def bring_runs() -> Given | None:
    """The reader's runs, with every unusable row reported; None until there is a file of which it is known what it holds."""
    upload = st.file_uploader(
        "CSV with a header: parameters, tokens or FLOPs, and loss per run",
        type=["csv", "tsv", "txt"],
        key="runs_file",
        help=f"At most {own_runs.MAX_BYTES / 1e6:g} MB and {own_runs.MAX_ROWS:,} rows. Numbers may have units, such as 44M or 1.1 billion; "
        "lines that start with # are comments.",
    )
    if upload is None:
        st.info("Choose a file to fit your own runs. It is read in memory, for this session only.", icon=":material/upload_file:")
        return None
    data = upload.getvalue()
    place = f"{zlib.crc32(data):08x}"  # what was chosen for one file is not meant for the next
    try:
        table = own_runs.read_runs_file(data)
        for note in table.notes:
            st.caption(plain(note))
        roles = columns_of(table, place)
        if roles is None:
            return None
        units = units_of(table, roles, place)
        mark, bytes_per_token = asked(table, roles, units, place)
        if mark is None or bytes_per_token is None:
            return None
        runs, problems = own_runs.parse_runs(table, roles, units, mark, bytes_per_token)
    except ValueError as problem:
        st.error(plain(f"This file cannot be used. {problem}"), icon=":material/error:")
        return None
    if problems:
        with st.expander(f"{len(problems)} of {len(table.rows)} rows were not used"):
            st.text("\n".join(problems[:200]) + ("\n..." if len(problems) > 200 else ""))
    st.caption(f"{len(runs)} of {len(table.rows)} rows are used." + (FROM_FLOPS if "train_flops" in roles else ""))
    percent = units["loss"].kind == "%" or own_runs.in_percent(table, roles["loss"])
    return Given("own", own_label(runs), runs) if believed(runs, roles, percent, place) else None


def columns_of(table: Table, place: str) -> dict[str, str] | None:
    """Which column of the file holds what: as its name says, and as the reader does; None after a sentence while one is not chosen."""
    guess = own_columns.guess_columns(table.columns)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = {"n_params": column(table, "n_params", guess, place)}
        kind = st.segmented_control(
            "Budget given as",
            ["n_tokens", "train_flops"],
            default="train_flops" if guess["train_flops"] and not guess["n_tokens"] else "n_tokens",
            format_func={"n_tokens": "tokens", "train_flops": "FLOPs"}.__getitem__,
            key=f"runs_budget_{place}",
            required=True,
            persist_state="session",
        )
        chosen |= {role: column(table, role, guess, place) for role in (kind, "loss")}
    roles = {role: name for role, name in chosen.items() if name is not None}
    missing = [LABELS[role].lower() if role != "train_flops" else "FLOPs" for role in chosen if role not in roles]
    if not missing:
        return roles
    words = f"No column was recognised as {' or '.join(missing)}; choose it above. Nothing is fitted until then."
    st.warning(plain(" ".join(part for part in (words, own_columns.hint(table.columns)) if part)), icon=":material/help:")
    return None


def column(table: Table, role: str, guess: Mapping[str, str | None], place: str) -> str | None:
    """The column that the reader picks for a role."""
    names = list(table.columns)
    name = guess[role]
    return st.selectbox(
        LABELS[role],
        names,
        None if name is None else names.index(name),
        key=f"runs_{role}_{place}",
        placeholder="choose a column",
        persist_state="session",
    )


def units_of(table: Table, roles: Mapping[str, str], place: str) -> dict[str, Unit]:
    """The unit of each column: what its name states, or what the reader picks."""
    units = {}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for role, name in roles.items():
            stated = own_columns.unit_in(name)
            known = dict(UNITS[role])
            at = next((label for label, unit in known.items() if same(unit, stated)), None)
            if at is None:
                at = f"{stated.factor:g}"
                known[at] = stated
            label = st.selectbox(
                f"Unit of {LABELS[role] if role == 'train_flops' else LABELS[role].lower()}",
                list(known),
                list(known).index(at),
                key=f"runs_unit_{role}_{table.columns.index(name)}_{place}",
                help="Of numbers that have no unit in their cell.",
                persist_state="session",
            )
            units[role] = known[label]
    return units


def same(one: Unit, other: Unit) -> bool:
    """Whether two units of one column mean the same."""
    told = ("bits", "bits per byte", "perplexity", "%")
    return one.factor == other.factor and (one.kind if one.kind in told else "") == (other.kind if other.kind in told else "")


def asked(table: Table, roles: Mapping[str, str], units: Mapping[str, Unit], place: str) -> tuple[str | None, float | None]:
    """(decimal mark, bytes per token), asked where the file does not tell; None for what is not answered yet, after a sentence."""
    mark: str | None = ""
    bytes_per_token: float | None = 0.0
    if cell := own_runs.ambiguous(table, roles.values()):
        st.warning(plain(f"Nothing in the file tells what {clip(cell)!r} is. Nothing is fitted until you say it."), icon=":material/help:")
        mark = st.segmented_control(
            "Numbers are written",
            [".", ","],
            format_func={".": "1,234.5", ",": "1.234,5"}.__getitem__,
            key=f"runs_mark_{place}",
            persist_state="session",
        )
    if units["loss"].kind == "bits per byte":
        bytes_per_token = st.number_input(
            "Bytes per token of your tokenizer on the validation text, on average",
            min_value=0.1,
            max_value=100.0,
            value=None,
            key=f"runs_bytes_{place}",
            help="A loss in bits per byte is turned into nats per token: ln(2) times bytes per token.",
            persist_state="session",
        )
        if bytes_per_token is None:
            words = f"{clip(roles['loss'])!r} is in bits per byte. Nothing is fitted until the bytes per token are given."
            st.warning(plain(words), icon=":material/help:")
    return mark, bytes_per_token


def believed(runs: pd.DataFrame, roles: Mapping[str, str], in_percent: bool, place: str) -> bool:
    """Whether the numbers are those of usual runs, or the reader wants them fitted anyway."""
    doubts = own_doubts.doubts(runs, roles, in_percent)
    if not doubts:
        return True
    st.warning(plain(" ".join(doubts) + " Choose another unit above, or fit the numbers as they are."), icon=":material/help:")
    anyway: Any = st.checkbox("Fit anyway", key=f"runs_anyway_{place}_{zlib.crc32(' '.join(doubts).encode()):08x}", persist_state="session")
    return bool(anyway)


def own_label(runs: pd.DataFrame) -> str:
    """What a reader's runs are called in settings."""
    return f"your own CSV, {len(runs)} {'run' if len(runs) == 1 else 'runs'}"
