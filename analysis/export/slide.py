"""A slide of a deck as data: which figures stand on it, its words, and what its speaker wants to say."""

from dataclasses import dataclass, replace

from analysis.charts.panel import Panel

MOST_FIGURES = 2
"""Figures on one slide, side by side."""


@dataclass(frozen=True)
class Shown:
    """A figure on a slide. link: address of the page that restores it, "" where there is none."""

    panel: Panel
    link: str = ""


@dataclass(frozen=True)
class Slide:
    """A slide with one figure, with two side by side, or with words alone.

    title: "" stands for the title of its figure. above: a few words in small type over the title, such as the name of a paper.
    text: paragraphs, one a line, of a slide without figures; where every line has a bar, the rows of a table. note: what the speaker
    wants to say.

    Raises ValueError for more than two figures, and for a slide with neither a figure nor a title.
    """

    figures: tuple[Shown, ...] = ()
    title: str = ""
    above: str = ""
    text: str = ""
    note: str = ""

    def __post_init__(self):
        if len(self.figures) > MOST_FIGURES:
            raise ValueError(f"a slide has at most {MOST_FIGURES} figures, got {len(self.figures)}")
        if not self.heading:
            raise ValueError("a slide needs a figure or a title")

    @property
    def heading(self) -> str:
        """The title as it is shown."""
        return self.title or (self.figures[0].panel.title if self.figures else "")

    @property
    def panels(self) -> tuple[Panel, ...]:
        """The figures alone."""
        return tuple(shown.panel for shown in self.figures)

    @property
    def parts(self) -> tuple[Shown, ...]:
        """The figures as files of their own; a single one bears the slide's title.

        >>> Slide(title="Thanks").parts
        ()
        """
        if len(self.figures) != 1:
            return self.figures
        (only,) = self.figures
        return (replace(only, panel=replace(only.panel, title=self.heading)),)


def of(panel: Panel, link: str = "", **words: str) -> Slide:
    """A slide with one figure. words: title, above, note."""
    return Slide((Shown(panel, link),), **words)
