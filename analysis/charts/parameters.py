"""The kinds of parameter that a figure declares (analysis/charts/figure.py).

A kind knows what may be asked for, how a value stands in an address (its key), how it is read back from there or from what somebody
typed, and how it is shown. Calling a kind with a default declares a parameter:

    context_len: int = CONTEXT_LEN(32_768)
"""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from pydantic import Field
from pydantic_core import core_schema

from analysis import units
from analysis.uploads import clip

Earlier = Mapping[str, Any]
"""The values of the parameters that stand before one in its figure, by name."""

SHOWN: dict[str, Callable[[float], str]] = {
    "FLOP": units.format_flops,
    "bytes": units.format_bytes,
    "USD": lambda value: f"${units.format_count(value)}" if value >= 1e3 * units.ROUNDS_UP else units.format_money(value),
    "share": lambda value: f"{units.significant(100 * value)}%",
}
"""How a value with a unit is written, where that is not the number with the unit behind it."""
MANTISSAS = (1, 2, 3, 5, 7)
EVEN = 250
"""Steps of an even slider; where there would be more, it stops at readable values instead."""


@dataclass(frozen=True)
class Kind:
    """What all kinds have. label: what the control is called. help: one line on what it means. rare: shown only on demand."""

    label: str
    help: str = ""
    rare: bool = False
    kind: ClassVar[str] = ""

    def __call__(self, default: Any, **changes: Any) -> Any:
        """A field of a figure: this kind, changed as asked for, with a default or a function that takes the earlier values to it."""
        declared = replace(self, **changes) if changes else self
        if callable(default):
            info: Any = Field(default_factory=default, validate_default=True)
        else:
            info = Field(default=default, validate_default=True)
        info.metadata.append(declared)
        return info

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(lambda value, info: self.read(value, info.data))

    def read(self, value: Any, earlier: Earlier) -> Any:
        """The value, from its key, from what somebody typed, or from itself; ValueError with one sentence if it cannot be used."""
        raise NotImplementedError

    def nearest(self, value: Any) -> Any:
        """The value that comes nearest to one that cannot be used; None where there is no nearest."""
        return None

    def key(self, value: Any) -> str:
        """The value as it stands in an address."""
        raise NotImplementedError

    def shown(self, value: Any, earlier: Earlier) -> str:
        """The value as a person reads it."""
        raise NotImplementedError

    def trials(self, earlier: Earlier) -> list[Any]:
        """The values with which a figure is tried out: both ends, or every option."""
        raise NotImplementedError

    def described(self, earlier: Earlier) -> dict[str, Any]:
        """The kind as data, for programs."""
        return {"kind": self.kind, "label": self.label, "help": self.help}


@dataclass(frozen=True)
class Quantity(Kind):
    """A number between low and high.

    unit: "tokens", "FLOP", "bytes", "USD", "share", ...; "" for a plain number. step: of a slider with even distances; 0 for one
    that stops at readable values, 1, 2, 3, 5, 7 in each power of ten, or with `twos` at powers of two. first: the lowest of these, where
    low is 0. extra: more stops. whole: a whole number.

    >>> Quantity("Compute", unit="FLOP", low=1e18, high=1e28).read("5.8e23", {})
    5.8e+23
    >>> Quantity("Compute", unit="FLOP", low=1e18, high=1e28).shown(5.8e23, {})
    '5.8×10²³ FLOP'
    """

    unit: str = ""
    low: float = 0.0
    high: float = 1.0
    step: float = 0.0
    twos: bool = False
    first: float = 1.0
    whole: bool = False
    extra: tuple[float, ...] = ()
    kind: ClassVar[str] = "quantity"

    def number(self, value: float) -> int | float:
        """value with the type of this quantity."""
        return round(value) if self.whole else float(value)

    def read(self, value: Any, earlier: Earlier) -> int | float:
        """The number; ValueError where it is none or lies outside the bounds."""
        try:
            number = units.read_number(value, self.unit) if isinstance(value, str) else float(value)
        except (ValueError, TypeError) as problem:
            raise ValueError(f"{self.label}: {problem}") from None
        if self.unit == "share" and isinstance(value, str) and number > 1 and "%" not in value and number <= 100:
            number /= 100  # "40" typed where 40 % is meant
        if not self.low <= number <= self.high:
            low, high = (self.shown(end, earlier) for end in (self.low, self.high))
            raise ValueError(f"{self.label} must be from {low} to {high}, got {clip(value)}")
        if self.whole and number != round(number):
            raise ValueError(f"{self.label} must be a whole number, got {clip(value)}")
        return self.number(number)

    def nearest(self, value: Any) -> int | float | None:
        """The nearer bound for a number beyond them, the nearest whole number for one that is none.

        >>> Quantity("GPUs", low=1, high=8, whole=True).nearest("2048")
        8
        """
        try:
            number = units.read_number(value, self.unit) if isinstance(value, str) else float(value)
        except (ValueError, TypeError):
            return None
        return self.number(min(max(number, self.low), self.high))

    def key(self, value: Any) -> str:
        """The number without a unit, whole numbers without a decimal point."""
        whole = value == int(value) and abs(value) < 1e15
        return str(int(value)) if whole else repr(float(value)).replace("e+", "e")

    def shown(self, value: Any, earlier: Earlier) -> str:
        """The number with its unit."""
        if self.unit in SHOWN:
            return SHOWN[self.unit](value)
        if self.unit in ("parameters", "tokens") and value >= 1e6 * units.ROUNDS_UP and not self.twos:
            return units.format_count(value, self.unit)
        number = f"{int(value):,}" if value == int(value) and abs(value) < 1e7 else units.significant(value, 4)
        return f"{number} {self.unit.removesuffix('s') if value == 1 else self.unit}".rstrip()

    def ladder(self) -> list[int | float] | None:
        """The values that a slider stops at, from low to high; None for one with even steps, of which there are at most EVEN."""
        if self.step and (self.high - self.low) / self.step <= EVEN:
            return None
        if self.twos:
            first, last = math.ceil(math.log2(self.low or self.first)), math.floor(math.log2(self.high))
            values = [float(2**power) for power in range(first, last + 1)]
        else:
            first, last = (math.floor(math.log10(end)) for end in (self.low or self.first, self.high))
            values = [float(f"{mantissa}e{power}") for power in range(first, last + 1) for mantissa in MANTISSAS]
        inside = {value for value in values if self.low <= value <= self.high} | {self.low, self.high, *self.extra}
        return [self.number(value) for value in sorted(inside)]

    def trials(self, earlier: Earlier) -> list[Any]:
        """Both ends."""
        return [self.number(self.low), self.number(self.high)]

    def described(self, earlier: Earlier) -> dict[str, Any]:
        """With unit and bounds."""
        return super().described(earlier) | {"unit": self.unit, "low": self.number(self.low), "high": self.number(self.high)}


Options = Mapping[Any, str] | Callable[[Earlier], Mapping[Any, str]]


@dataclass(frozen=True)
class Choice(Kind):
    """One of several options.

    options: label of each option by its key, or a function that takes the earlier values to that. A key is a text or a number
    without blanks or commas. ordered: the options have an order, such as checkpoints, and stand on a slider.

    >>> bits = Choice("Weight precision", options={16: "16 bit", 4: "4 bit"})
    >>> bits.read("4", {}), bits.key(4), bits.shown(4, {})
    (4, '4', '4 bit')
    """

    options: Options = None  # type: ignore[assignment]
    ordered: bool = False
    kind: ClassVar[str] = "choice"

    def labels(self, earlier: Earlier) -> Mapping[Any, str]:
        """Label of each option by its key."""
        return self.options(earlier) if callable(self.options) else self.options

    def read(self, value: Any, earlier: Earlier) -> Any:
        """The option's key; ValueError that names the options for anything else."""
        return _option(self.label, value, self.labels(earlier))

    def key(self, value: Any) -> str:
        """The option's key."""
        return str(value)

    def shown(self, value: Any, earlier: Earlier) -> str:
        """The option's label."""
        return self.labels(earlier)[value]

    def trials(self, earlier: Earlier) -> list[Any]:
        """Every option."""
        return list(self.labels(earlier))

    def described(self, earlier: Earlier) -> dict[str, Any]:
        """With the options at these earlier values."""
        return super().described(earlier) | {"options": {str(key): label for key, label in self.labels(earlier).items()}}


@dataclass(frozen=True)
class Choices(Choice):
    """Several of several options, in the order of the options. least: how many must be chosen; empty: what a choice of none means.

    >>> marks = Choices("Bars", options={"full": "full", "lora": "LoRA"})
    >>> marks.read("lora,full", {}), marks.key(()), marks.read("none", {})
    (('full', 'lora'), 'none', ())
    """

    least: int = 0
    empty: str = "none"
    kind: ClassVar[str] = "choices"

    def read(self, value: Any, earlier: Earlier) -> tuple:
        """The options' keys; ValueError that names the options for anything else."""
        asked: Sequence[Any] = ([] if value in ("", "none") else value.split(",")) if isinstance(value, str) else list(value)
        labels = self.labels(earlier)
        chosen = {_option(self.label, one, labels) for one in asked}
        if len(chosen) < self.least:
            raise ValueError(f"{self.label} must be at least {self.least} of {_listed(labels)}")
        return tuple(option for option in labels if option in chosen)

    def key(self, value: Any) -> str:
        """The options' keys with commas between, or "none"."""
        return ",".join(map(str, value)) or "none"

    def shown(self, value: Any, earlier: Earlier) -> str:
        """The options' labels."""
        return ", ".join(self.labels(earlier)[one] for one in value) or self.empty

    def trials(self, earlier: Earlier) -> list[Any]:
        """Each option by itself, all, and none where that is allowed."""
        labels = self.labels(earlier)
        alone = [(option,) for option in labels] if self.least <= 1 else []
        return [*alone, tuple(labels), *([()] if not self.least else [])]


@dataclass(frozen=True)
class Switch(Kind):
    """On or off.

    >>> Switch("Double quantisation").read("off", {}), Switch("Double quantisation").key(True)
    (False, 'on')
    """

    kind: ClassVar[str] = "switch"

    def read(self, value: Any, earlier: Earlier) -> bool:
        """Whether it is on; ValueError for anything that says neither."""
        if isinstance(value, bool):
            return value
        if str(value).lower() not in ("on", "off", "true", "false"):
            raise ValueError(f"{self.label} must be on or off, got {clip(value)}")
        return str(value).lower() in ("on", "true")

    def key(self, value: Any) -> str:
        """on or off."""
        return "on" if value else "off"

    def shown(self, value: Any, earlier: Earlier) -> str:
        """on or off."""
        return self.key(value)

    def trials(self, earlier: Earlier) -> list[Any]:
        """Both."""
        return [False, True]


@dataclass(frozen=True)
class Text(Kind):
    """A short text of the reader's, such as a few numbers, which stands in an address as it was typed.

    check: raises ValueError for a text that cannot be used. tried: texts with which a figure is tried out. An empty text means none.

    >>> Text("Readings", check=float).read(" 2.5 ", {}), Text("Readings", check=float).read("none", {})
    ('2.5', '')
    """

    check: Callable[[str], Any] = str
    placeholder: str = ""
    longest: int = 2_000
    tried: tuple[str, ...] = ()
    kind: ClassVar[str] = "text"

    def read(self, value: Any, earlier: Earlier) -> str:
        """The text; ValueError where the check does not take it."""
        text = str(value).strip()
        if text in ("", "none"):
            return ""
        if len(text) > self.longest:
            raise ValueError(f"{self.label} must be at most {self.longest:,} signs long, got {len(text):,}")
        try:
            self.check(text)
        except ValueError as problem:
            raise ValueError(f"{self.label}: {problem}") from None
        return text

    def key(self, value: str) -> str:
        """The text, or "none"."""
        return value or "none"

    def shown(self, value: str, earlier: Earlier) -> str:
        """The beginning of the text, or "none"."""
        return clip(value, 60) if value else "none"

    def trials(self, earlier: Earlier) -> list[str]:
        """No text, and those to try out."""
        return ["", *self.tried]


@dataclass(frozen=True)
class Given:
    """Data that a figure is drawn from. key: of published data, or "own"; label: as a person reads it; value: the data themselves."""

    key: str
    label: str
    value: Any = field(compare=False, hash=False)


@dataclass(frozen=True)
class Data(Kind):
    """Data that a figure is drawn from: published ones by key, or a reader's file, which the page reads.

    published: (label, function that loads them) by key, or a function that gives this, where they stand in a table.
    own: what the reader's own are called on the page, "" where there can be none.

    >>> runs = Data("Training runs", published={"released": ("released", lambda: [1, 2])}, own="your CSV")
    >>> runs.read("released", {}).value
    [1, 2]
    """

    published: Mapping[str, tuple[str, Callable[[], Any]]] | Callable[[], Mapping[str, tuple[str, Callable[[], Any]]]] = None  # type: ignore[assignment]
    own: str = ""
    kind: ClassVar[str] = "data"

    def offered(self) -> Mapping[str, tuple[str, Callable[[], Any]]]:
        """The published ones: label and loading function by key."""
        return self.published() if callable(self.published) else self.published

    def labels(self) -> dict[str, str]:
        """Label of each option by its key, the reader's own among them."""
        labels = {key: label for key, (label, _) in self.offered().items()}
        return labels | ({"own": self.own} if self.own else {})

    def read(self, value: Any, earlier: Earlier) -> Given:
        """The data, from themselves or from their key; ValueError for a key that is not known here, such as that of a reader's own."""
        if isinstance(value, Given):
            return value
        if value == "own":
            raise ValueError(f"{self.label}: a file of your own is not part of a link")
        offered = self.offered()
        label, load = offered[_option(self.label, value, offered)]
        return Given(str(value), label, load())

    def key(self, value: Given) -> str:
        """The key of the data."""
        return value.key

    def shown(self, value: Given, earlier: Earlier) -> str:
        """Their label."""
        return value.label

    def trials(self, earlier: Earlier) -> list[Given]:
        """All that are published."""
        return [self.read(key, earlier) for key in self.offered()]

    def described(self, earlier: Earlier) -> dict[str, Any]:
        """With the published ones."""
        return super().described(earlier) | {"options": {key: label for key, (label, _) in self.offered().items()}}


def _option(label: str, value: Hashable, labels: Mapping[Any, Any]) -> Any:
    for option in labels:
        if value == option or str(value) == str(option):
            return option
    raise ValueError(f"{label} must be one of {_listed(labels)}, got {clip(value)}")


def _listed(labels: Mapping[Any, Any], most: int = 12) -> str:
    keys = [str(key) for key in labels]
    return ", ".join(keys[:most]) + (f" and {len(keys) - most} more" if len(keys) > most else "")
