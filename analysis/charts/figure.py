"""A figure is declared once: its name, its parameters, and the function that draws it.

    class Cache(Figure):
        name = "attention.cache"
        model: Model = MODEL("mistral-7b")
        context_len: int = CONTEXT_LEN(32_768)

        def draw(self) -> Panel: ...

Everything else comes from the declaration: the controls of a page and their order, the address, what a file says about its settings, what
is exported, and the tests over all figures (docs/adding.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl, urlencode

from pydantic import BaseModel, ConfigDict

from analysis import tables
from analysis.charts import ghosts, pinned, style, terms
from analysis.charts.panel import NAME, Panel
from analysis.charts.parameters import Kind
from analysis.uploads import clip

PIN = "pin"
"""The name in an address under which a pinned setting stands: the address of the figure with it."""


class Figure(BaseModel):
    """The base of all figures. A figure is frozen and can be compared and kept; it holds no widget, session or file.

    pins: the same figure at other settings, which stand behind it in grey, at most `pinned.MOST`.

    Making one with a value that cannot be used raises ValueError (pydantic's ValidationError).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
    name: ClassVar[str]
    pins: "tuple[Figure, ...]" = ()

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """A class without a name declares parameters that several figures share, and is no figure itself."""
        if hasattr(cls, "name") and not NAME.fullmatch(cls.name):
            raise TypeError(f"the name of {cls.__name__} must look like 'topic.figure', got {clip(cls.name)}")

    def draw(self) -> Panel:
        """The panel at these parameters; its name and settings are filled in by `panel`."""
        raise NotImplementedError

    def panel(self) -> Panel:
        """The panel, with the name of the figure and every parameter as a setting, and what is pinned behind it."""
        if not self.pins:
            return self.draw().of_figure(self)
        names = pinned.labels(self, self.pins)
        with ghosts.behind([pin.ghost(name) for pin, name in zip(self.pins, pinned.in_legends(names), strict=True)]):
            panel = self.draw()
        return pinned.beside(panel.of_figure(self), [pin.alone for pin in self.pins], names)

    @cached_property
    def alone(self) -> Panel:
        """The panel without pins, drawn once for all that it stands behind."""
        return self.pinning(()).panel()

    @cached_property
    def outline(self) -> tuple[list[dict], dict]:
        """Traces and layout of the figure without pins."""
        figure = self.alone.figure
        return [trace.to_plotly_json() for trace in figure.data], figure.layout.to_plotly_json()

    def ghost(self, name: str) -> ghosts.Ghost:
        """The figure as it stands behind another. name: in the legend."""
        return ghosts.Ghost(*self.outline, style.escape(name))

    def pinning(self, pins: "Sequence[Figure]") -> Self:
        """The figure with other pins. Raises ValueError for more than `pinned.MOST`, and for those of another figure."""
        if len(pins) > pinned.MOST:
            raise ValueError(f"a figure has at most {pinned.MOST} pins, got {len(pins)}")
        if odd := [pin.name for pin in pins if pin.name != self.name]:
            raise ValueError(f"{self.name} cannot stand beside {clip(odd[0])}")
        return type(self).model_construct(**self.values(), pins=tuple(pins))

    @classmethod
    def kinds(cls) -> dict[str, Kind]:
        """The kind of each parameter by name, in the order of the declaration; one without help has that of its name in data/terms.csv."""
        return _kinds(cls)

    @classmethod
    def of(cls, texts: Mapping[str, Any]) -> tuple[Self, dict[str, str]]:
        """(figure, problems) from keys or values by name of parameter, of which those of other figures are passed over.

        A value that cannot be used leaves the parameter at its default, a number beyond the bounds at the nearer one; either way one
        sentence stands under its name among the problems.
        """
        values: dict[str, Any] = {}
        problems: dict[str, str] = {}
        for name, kind in cls.kinds().items():
            if name in texts:
                try:
                    values[name] = kind.read(texts[name], values)
                    continue
                except ValueError as problem:
                    problems[name] = str(problem)
                    nearest = kind.nearest(texts[name])
                    if nearest is not None:
                        values[name] = nearest
                        continue
            values[name] = cls.default(name, values)
        return cls.model_construct(**values), problems

    @classmethod
    def of_query(cls, query: str) -> Self:
        """The figure of an address' query, "context_len=8192&model=mistral-7b"; ValueError with one sentence for what cannot be used.

        Each `pin` in it is the address of this figure at the settings that are pinned.
        """
        pairs = parse_qsl(query, keep_blank_values=True)
        if pins := [text for name, text in pairs if name == PIN]:
            rest = urlencode([(name, text) for name, text in pairs if name != PIN])
            return cls.of_query(rest).pinning([cls.pinned_at(pin) for pin in pins])
        texts = dict(pairs)
        if unknown := [name for name in texts if name not in cls.kinds()]:
            raise ValueError(f"{cls.name} has no parameter {clip(unknown[0])}; it has {', '.join(cls.kinds()) or 'none'}")
        figure, problems = cls.of(texts)
        for problem in problems.values():
            raise ValueError(problem)
        return figure

    @classmethod
    def pinned_at(cls, address: str) -> Self:
        """The figure of a pin in an address. ValueError with one sentence for what cannot be used."""
        name, _, query = address.partition("?")
        if name != cls.name:
            raise ValueError(f"a pin of {cls.name} must be an address of it, got {clip(address)}")
        found = cls.of_query(query)
        if found.pins:
            raise ValueError(f"a pin of {cls.name} cannot have pins of its own")
        return found

    @classmethod
    def default(cls, name: str, earlier: Mapping[str, Any]) -> Any:
        """The default of a parameter, given the values of the earlier ones."""
        field = cls.model_fields[name]
        return cls.kinds()[name].read(field.get_default(call_default_factory=True, validated_data=dict(earlier)), earlier)

    def values(self) -> dict[str, Any]:
        """The parameters by name."""
        return {name: getattr(self, name) for name in self.kinds()}

    def settings(self) -> dict[str, str]:
        """The parameters as a person reads them: label and value with its unit."""
        values = self.values()
        return {kind.label: kind.shown(values[name], values) for name, kind in self.kinds().items()}

    def changed(self) -> dict[str, str]:
        """The keys of the parameters that are not at their defaults."""
        values, earlier, keys = self.values(), {}, {}
        for name, kind in self.kinds().items():
            if (key := kind.key(values[name])) != kind.key(self.default(name, earlier)):
                keys[name] = key
            earlier[name] = values[name]
        return keys

    def address(self) -> str:
        """What makes the figure again, unless it holds data of a reader's own: "attention.cache?context_len=8192"."""
        query = urlencode([*self.changed().items(), *((PIN, pin.address()) for pin in self.pins)])
        return f"{self.name}?{query}" if query else self.name

    @classmethod
    def described(cls) -> dict[str, Any]:
        """Name and parameters as data, for programs: kind, default, bounds or options, unit, label."""
        figure, _ = cls.of({})
        values = figure.values()
        parameters = {name: kind.described(values) | {"default": kind.key(values[name])} for name, kind in cls.kinds().items()}
        return {"name": cls.name, "description": (cls.__doc__ or "").split("\n")[0], "parameters": parameters}


@tables.kept(most=512)
def _kinds(cls: type[Figure]) -> dict[str, Kind]:
    kinds = {}
    for name, field in cls.model_fields.items():
        if name == "pins":
            continue
        found = [kind for kind in field.metadata if isinstance(kind, Kind)]
        if len(found) != 1:
            raise TypeError(f"parameter {name} of {cls.__name__} needs one kind of analysis.charts.parameters")
        kinds[name] = found[0] if found[0].help else replace(found[0], help=terms.help_of(name))
    return kinds
