"""What the columns of a reader's runs hold, by the names that people and training programs give them, and in which unit.

Known are plain words, the letters of the scaling laws, and the names of these programs: W&B's table of runs with its paths (`val/loss`),
the HF Trainer (`num_input_tokens_seen`, `total_flos`, `eval_loss`), nanochat's sweep (`num_params`, `tokens_trained`, `flops_budget`,
`val_bpb`), OLMo's ladder (`throughput/total_tokens`, `eval/c4_en-validation/CrossEntropyLoss`), DeepSpeed (`Train/Samples/train_loss`) and
Megatron (`consumed_train_tokens`, `lm loss validation`). A column with another name is nobody's; nothing is guessed from the order.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.uploads.notation import Unit, number, unit_of

NAMES: dict[str, tuple[tuple[str, ...], ...]] = {
    "n_params": (
        (
            "n", "n params", "n parameters", "num params", "num parameters", "number of parameters", "params", "param", "parameters",
            "params count", "param count", "parameter count", "size", "model size", "model params", "model parameters", "total params",
            "total parameters", "model num parameters", "parameter", "modellgröße", "modellgroesse", "paramètres", "parámetros",
        ),
        (
            "n non embedding", "non embedding params", "non embedding parameters", "params non embedding", "num scaling params",
            "trainable params", "trainable parameters", "num trainable params",
        ),
    ),
    "n_tokens": (
        (
            "d", "n tokens", "num tokens", "number of tokens", "tokens", "token", "tokens seen", "tokens trained", "trained tokens",
            "total tokens", "train tokens", "training tokens", "total train tokens", "total training tokens", "num input tokens seen",
            "consumed tokens", "consumed train tokens", "jetons",
        ),
    ),
    "train_flops": (
        (
            "c", "flops", "flop", "total flos", "total flops", "total flop", "train flops", "train flop", "training flops", "training flop",
            "total training flops", "compute", "training compute", "train compute", "flops budget", "flop budget", "compute budget",
        ),
    ),
}  # fmt: skip
"""Names in small letters and without signs, those of the whole model and its training first."""
KINDS = {"n_params": ("", "parameters"), "n_tokens": ("", "tokens"), "train_flops": ("", "FLOP")}
LOSS_KINDS = ("", "nats", "bits", "bits per byte", "perplexity", "%")
SYMBOLS = {"n": "n_params", "d": "n_tokens", "c": "train_flops", "l": "loss"}
LOSSES = ("cross entropy loss", "cross entropy", "ce loss", "lm loss", "log loss", "loss", "nll", "ce", "verlust", "perte", "pérdida")
HELD_OUT = {"val", "valid", "validation", "eval", "evaluation", "test", "dev", "heldout", "held", "out"}
TRAINED_ON = {"train", "training"}
FILLERS = {"final", "last", "mean", "avg", "average", "lm", "samples", "end", "at", "the", "of", "loss", "summary", "metrics"}
OF_A_PART = {"batch", "step", "device", "gpu", "embedding", "embed", "eval", "val", "validation", "test", "vocab"}


@dataclass(frozen=True)
class Meaning:
    """role: n_params, n_tokens, train_flops or loss. rank: of columns of one role that of the lowest is meant. unit: of its numbers."""

    role: str
    rank: int
    unit: Unit


def guess_columns(columns: Sequence[str]) -> dict[str, str | None]:
    """For each of n_params, n_tokens, train_flops and loss the column whose name says so; None if there is none, or more than one.

    A loss on held-out text goes before one that does not say, and that before one on the training data; nats before other units.

    >>> guess_columns(["Model Size", "Training FLOP", "train_loss", "val_loss"])
    {'n_params': 'Model Size', 'n_tokens': None, 'train_flops': 'Training FLOP', 'loss': 'val_loss'}
    """
    found = [(column, known) for column in columns if (known := meaning(column))]
    guess: dict[str, str | None] = {}
    for role in (*NAMES, "loss"):
        ranks = [known.rank for _, known in found if known.role == role]
        best = [column for column, known in found if known.role == role and known.rank == min(ranks)]
        guess[role] = best[0] if len(best) == 1 else None
    return guess


LONGEST_NAME = 200
"""Characters of a column's name that is looked at: matching takes time with the square of the length."""


def meaning(column: str) -> Meaning | None:
    """What the name of a column says that it holds, None where it does not say.

    >>> meaning("N (M)")
    Meaning(role='n_params', rank=0, unit=Unit(factor=1000000.0, kind=''))
    >>> meaning("throughput/total_training_Gflops").unit, meaning("val_bpb").unit.kind, meaning("tokens_per_second")
    (Unit(factor=1000000000.0, kind='FLOP'), 'bits per byte', None)
    """
    for name, unit in _without_unit(column):
        role, rank = _role(name)
        if role == "loss" and unit.kind in LOSS_KINDS and (unit.factor == 1 or unit.kind == "%"):
            return Meaning(role, rank + (3 if unit.kind in ("bits", "bits per byte", "perplexity") else 0), unit)
        if role in KINDS and unit.kind in KINDS[role]:
            return Meaning(role, rank, unit)
    return None


def unit_in(column: str) -> Unit:
    """The unit that the name of a column states, whatever the column holds; that of plain numbers where it states none.

    >>> unit_in("Größe (M)"), unit_in("size")
    (Unit(factor=1000000.0, kind=''), Unit(factor=1.0, kind=''))
    """
    known = meaning(column)
    return known.unit if known else next((unit for name, unit in _without_unit(column) if name != column), Unit())


def hint(columns: Sequence[str]) -> str:
    """What the file may be instead of a table with a row for each run; "" where its columns do not tell.

    >>> hint(["Step", "run-1 - val/loss", "run-1 - val/loss__MIN"])
    'This looks like the export of a W&B chart, which has a column for each run; export the table of runs instead.'
    """
    if any(column.endswith(("__MIN", "__MAX")) for column in columns):
        return "This looks like the export of a W&B chart, which has a column for each run; export the table of runs instead."
    if {_plain(column) for column in columns} & {"step", "global step", "iteration"} and guess_columns(columns)["n_params"] is None:
        return "This looks like the log of a single run; a row for each run is needed, with its parameters and its last loss."
    return ""


def _plain(name: str) -> str:
    """A name in small letters, its words apart."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", " ", name)
    return " ".join(re.findall(r"[^\W_]+", apart.lower()))


def _without_unit(column: str) -> list[tuple[str, Unit]]:
    """(rest of the name, unit) in all the ways in which the end of a name may be a unit, and last the whole name."""
    ways: list[tuple[str, Unit]] = []
    if len(column) > LONGEST_NAME:
        return ways
    if found := re.fullmatch(r"(.*?)\s*(?:[(\[]([^()\[\]]*)[)\]]|[/,:]\s+(.*))\s*", column):
        inside = (found[2] if found[2] is not None else found[3]).strip()
        unit = (unit_of(inside) if inside else None) or _power(inside)
        if unit or SYMBOLS.get(inside.lower()) == _role(found[1])[0]:
            ways.append((found[1], unit or Unit()))
    one = re.sub(r"[(\[].*?[)\]]", lambda part: re.sub("[/.]", " ", part[0]), column)  # a slash in brackets starts no path
    path, name = re.fullmatch(r"(.*[/.])?(.*)", one, re.DOTALL).groups(default="")  # type: ignore[union-attr]
    if unit_of(column):  # "PF-days/..." is no path
        path, name = "", column
    words = re.split(r"[\s_-]+", name.strip())
    for n in range(1, min(4, len(words)) + 1):
        rest, unit = " ".join(words[:-n]).removesuffix(" in"), unit_of(" ".join(words[-n:]))
        if unit is None or unit == Unit() or (not rest and unit.kind == "FLOP" and 1 < unit.factor < 1e15):  # "TFLOPs" alone is a rate
            continue
        nouns = {"FLOP": "flops", "parameters": "params", "tokens": "tokens"}
        ways += (
            [(path + rest, unit), (f"{path}{rest} {nouns.get(unit.kind, 'loss')}".replace("/ ", "/"), unit)]
            if unit.kind
            else [(path + rest, unit)]
        )
    return [*ways, (one, Unit())]


def _power(text: str) -> Unit | None:
    """The unit that a power of ten in a header is, such as 1e9 or ×10^9."""
    try:
        value, unit = number(re.sub(r"^\s*(?:in\s+)?[x×*]\s*", "", text))
    except ValueError:
        return None
    return Unit(value, unit.kind) if value > 0 and unit.factor == 1 else None


def _role(name: str) -> tuple[str, int]:
    """(role, rank) of a name without its unit; the role "" where it is not known."""
    *path, last = [part for part in (_plain(part) for part in re.split(r"[/.]", name)) if part] or [""]
    before = set(" ".join(path).split())
    for role, ranks in NAMES.items():
        for rank, names in enumerate(ranks):
            if last in names and not before & OF_A_PART and (len(last) > 1 or not path):
                return role, rank
    if last == "l" and not path:
        return "loss", 1
    noun = next((noun for noun in LOSSES if last == noun or last.endswith(" " + noun) or last.startswith(noun + " ")), None)
    if noun is None or "downstream" in before:
        return "", 0
    more = set(last.removesuffix(noun).removeprefix(noun).split()) - FILLERS
    if more - HELD_OUT - TRAINED_ON or (before - HELD_OUT - TRAINED_ON - FILLERS and not before & HELD_OUT):
        return "", 0
    words = more | before
    return "loss", 0 if words & HELD_OUT else 2 if words & TRAINED_ON else 1
