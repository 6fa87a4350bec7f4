"""How the numbers of a panel came about: the equations behind its headline, the values that stand in them, and a few sentences.

A topic says this in `analysis/<topic>/explained*.py`: for "memory.parts" a function `parts(figure)` that calls the formulas of the figure with
traced numbers and returns them by the names of the headline, or sentences under "parts" in WORDS, or both. (STEPS names functions whose
figure has a name that means something else in its module. AS_PRINTED names figures whose headline states values just as a row of their
table has them from a work.) Nothing of it is imported or computed before somebody asks.
"""

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from analysis import tables
from analysis.charts.inputs import origin_of_row
from analysis.charts.panel import Headline, Panel
from analysis.trace import ASSUMED, CONFIGURED, DEFINED, FITTED, PRINTED, SETTING, Origin, Traced
from analysis.trace.written import equation_text, number_text, symbol_text

Steps = dict[str, Any]
"""The traced quantities of a headline by their names in it."""


@dataclass(frozen=True)
class Quantity:
    """One quantity of the headline with its equations, the last of which gives it; without any where it is as printed or is told in words.

    origin: where a printed one is from.
    """

    headline: Headline
    equations: tuple[Traced, ...] = ()
    origin: Origin | None = None


@dataclass(frozen=True)
class Explanation:
    """What stands under "How is this computed?": quantities in the order of the headline, values that their equations begin with, sentences."""

    quantities: tuple[Quantity, ...] = ()
    values: tuple[Traced, ...] = ()
    words: tuple[str, ...] = ()


@cache
def modules(topic: str) -> tuple[ModuleType, ...]:
    """The modules of a topic that explain its figures; none for what is no topic."""
    if find_spec(f"analysis.{topic}") is None:
        return ()
    package = import_module(f"analysis.{topic}")
    names = sorted(name for _, name, _ in pkgutil.iter_modules(package.__path__) if name.startswith("explained"))
    return tuple(import_module(f"analysis.{topic}.{name}") for name in names)


def steps_of(figure: Any) -> Steps:
    """The traced quantities of a figure by the names of its headline; empty where its topic has none."""
    function = step_functions(figure.name.partition(".")[0]).get(figure.name)
    return function(figure) if function else {}


@cache
def step_functions(topic: str) -> dict[str, Callable[[Any], Steps]]:
    """The functions of a topic that return the steps of a figure, by the figure's name."""
    found: dict[str, Callable[[Any], Steps]] = {}
    for module in modules(topic):
        own = {
            name: value for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__ and callable(value)
        }
        found |= {f"{topic}.{name}": function for name, function in (own | vars(module).get("STEPS", {})).items()}
    return found


def listed(name: str, under: str) -> dict[str, tuple[str, ...]]:
    """What the modules of a figure's topic list under a name, by figure."""
    found: dict[str, tuple[str, ...]] = {}
    for module in modules(name.partition(".")[0]):
        entries = vars(module).get(under, {})
        found |= entries if isinstance(entries, dict) else dict.fromkeys(entries, ())
    return found


def words_of(name: str) -> tuple[str, ...]:
    """The sentences on a figure; empty where its topic has none."""
    return listed(name, "WORDS").get(name.partition(".")[2], ())


def explain(panel: Panel) -> Explanation:
    """The Explanation of a panel; of one that no figure stands behind, such as from a file, the sentences that it brings."""
    if panel.drawn_by is None:
        return Explanation(words=panel.explain)
    steps = steps_of(panel.drawn_by)
    quantities: list[Quantity] = []
    shown: set[str] = set()
    values: dict[str, Traced] = {}
    symbols: dict[str, list[tuple]] = {}
    for headline in panel.headline:
        if headline.name not in steps:
            as_printed = panel.name.partition(".")[2] in listed(panel.name, "AS_PRINTED")
            quantities.append(Quantity(headline, origin=printed_in(panel, headline) if as_printed else None))
            continue
        result = steps[headline.name]
        equations = []
        for one in result.walk():
            tell_apart(one, symbols)
            if one.operation == "value":
                values.setdefault(one.symbol, one)
            elif one.symbol and one.symbol not in shown:
                shown.add(one.symbol)
                equations.append(one)
        quantities.append(Quantity(headline, tuple(equations), result.origin))
    return Explanation(tuple(quantities), tuple(values.values()), words_of(panel.name) + panel.explain)


def tell_apart(one: Traced, symbols: dict[str, list[tuple]]) -> None:
    """Give a number an index where its symbol stands for another already. symbols: what each stands for so far."""
    if not one.symbol:
        return
    known = symbols.setdefault(one.symbol, [])
    means = (one.value, one.meaning, one.operation, one.origin)
    if means not in known:
        known.append(means)
    if at := known.index(means):
        base, _, index = one.symbol.partition("_")
        index = index.removeprefix(r"\text").removeprefix("{").removesuffix("}")
        one.symbol = rf"{base}_\text{{{','.join([*([index] if index else []), str(at + 1)])}}}"


def sentence(words: str) -> str:
    """Words with a capital letter in front.

    >>> sentence("width of a head")
    'Width of a head'
    """
    return f"{words[:1].upper()}{words[1:]}"


def printed_in(panel: Panel, headline: Headline) -> Origin | None:
    """Where the quantity of a headline is printed, if it stands as reported in a row of the panel's table that has a source."""
    rows = panel.data
    if headline.column not in rows or "source" not in rows:
        return None
    found = rows[(rows[headline.column] == headline.value) & (rows["status"] == "reported") & rows["source"].astype(bool)]
    if not len(found):
        return None
    return origin_of_row(found.iloc[0])


# --- as text ------------------------------------------------------------------------------------------------------------

STANDS = {
    SETTING: "your setting",
    PRINTED: "",
    CONFIGURED: "",
    FITTED: "fitted here",
    ASSUMED: "",
    DEFINED: "by definition",
}
"""What is said of a value by the kind of its origin."""


def checked(origin: Origin) -> str:
    """How well a printed value was checked, in words; "" where nothing was transcribed.

    >>> checked(Origin("printed", "", "hoffmann2022", "Table 3", 2)), checked(Origin("printed", "", "hoffmann2022", "Table 3", 0))
    ('seen in print', 'from memory')
    """
    return "" if origin.verified is None else "seen in print" if origin.verified > 0 else "from memory"


def works(origin: Origin) -> list[tuple[str, str]]:
    """(author and year, address) of the works of an origin."""
    known = [tables.source(one) for one in origin.source.split(";") if one]
    return [(f"{work['authors']} {int(work['year'])}", work["url"]) for work in known]


def origin_text(
    origin: Origin | None, link: Callable[[str, str], str] = lambda name, _: name, say: Callable[[str], str] = lambda words: words
) -> str:
    """An origin in words: "Hoffmann et al. 2022, Table 3 (seen in print)". link: of the name and the address of a work; say: of other words.

    >>> origin_text(Origin("setting", "Compute")), origin_text(Origin("assumed", "assumed by this page"))
    ('your setting', 'assumed by this page')
    """
    if origin is None:
        return ""
    place = ", ".join(part for part in (", ".join(link(*work) for work in works(origin)), say(origin.location)) if part)
    said = "" if origin.kind == SETTING else say(origin.words)
    parts = [part for part in (said, place, "" if place or said else STANDS[origin.kind]) if part]
    return "; ".join(parts) + (f" ({checked(origin)})" if checked(origin) else "")


def lead_of(origin: Origin) -> str:
    """What stands before the origin of a quantity that the title states as it was given."""
    return "as printed: " if origin.kind == PRINTED else ""


def unit_of(value: Traced) -> str:
    """The unit of a value, in the singular for one."""
    return value.unit.removesuffix("s") if value.value == 1 and "/" not in value.unit else value.unit


def value_text(value: Traced) -> str:
    """A value with what it is and where it is from, in one line."""
    origin = origin_text(value.origin)
    amount = f"{symbol_text(value.symbol)} = {number_text(value.value)} {unit_of(value)}".rstrip()
    return f"{amount}: {sentence(value.meaning)}" + (f"; {origin}" if origin else "")


def quantity_text(quantity: Quantity) -> str:
    """A quantity of the headline in plain text: what the title writes, and its equations below."""
    said = f"{sentence(quantity.headline.name)}: {quantity.headline.text}"
    if quantity.origin is not None and not quantity.equations:
        said += f", {lead_of(quantity.origin)}{origin_text(quantity.origin)}"
    return "\n".join([said, *(f"  {equation_text(one)}" for one in quantity.equations)])


def explanation(panel: Panel) -> str:
    """How the numbers of a panel came about, as plain text for files."""
    how = explain(panel)
    told = [one for one in how.quantities if one.equations or one.origin]
    blocks = [quantity_text(one) for one in told]
    if how.values:
        blocks.append("\n".join(["Values", *(f"  {value_text(one)}" for one in how.values)]))
    return "\n\n".join([*blocks, *([" ".join(how.words)] if how.words else [])])
