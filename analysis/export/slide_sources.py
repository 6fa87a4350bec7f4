"""The works that a deck cites, on slides at its end: each once, with the places in it and the slides that cite it."""

from collections.abc import Sequence

from pptx.util import Inches

from analysis.charts.panel import Citation
from analysis.export.slide import Slide
from analysis.export.slide_master import BOTTOM, TITLE_ONLY, TOP
from analysis.export.slide_words import CAPTION_SIZE, GAP, MUTED, PLAIN, SMALL, height, number_slide, set_title, text_box
from analysis.export.words import LICENCE, reference

PLACES = 3
"""Places in a work that are listed; how many more there are stands behind them."""


def works(slides: Sequence[Slide]) -> list[str]:
    """The works that the figures cite, each once in order of appearance, with places and numbers of slides.

    >>> from analysis import catalogue
    >>> from analysis.export import slide
    >>> works([slide.of(catalogue.panel("scaling.isoflop"))])[0].endswith("(slide 1)")
    True
    """
    places: dict[str, dict[str, None]] = {}
    cited_on: dict[str, dict[int, None]] = {}
    for number, slide in enumerate(slides, start=1):
        for citation in (citation for panel in slide.panels for citation in panel.sources):
            found = [place for place in citation.location.split("; ") if place]
            places.setdefault(citation.source_id, {}).update(dict.fromkeys(found))
            cited_on.setdefault(citation.source_id, {})[number] = None
    return [_work(work, [*found], [*cited_on[work]]) for work, found in places.items()]


def _work(work: str, places: Sequence[str], numbers: Sequence[int]) -> str:
    more = f" and {len(places) - PLACES} more" if len(places) > PLACES else ""
    cited = f": {'; '.join(places[:PLACES])}{more}" if places else ""
    return f"{reference(Citation(work)).long}{cited} (slide{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))})"


def add_sources(deck, slides: Sequence[Slide]) -> None:
    """Add the works on one slide, or on as many as they need in type of SMALL."""
    begin, last = TOP + Inches(0.65), height([LICENCE], SMALL)
    room = BOTTOM - begin - last - GAP
    found = works(slides)
    size = CAPTION_SIZE if height(found, CAPTION_SIZE) <= room else SMALL
    pages: list[list[str]] = [[]]
    for work in found:
        if height([*pages[-1], work], size) > room:
            pages.append([])
        pages[-1].append(work)
    for number, page in enumerate(pages, start=1):
        slide = deck.slides.add_slide(deck.slide_layouts[TITLE_ONLY])
        set_title(slide, "Sources" if len(pages) == 1 else f"Sources ({number})")
        text_box(slide, page, size, PLAIN, begin, room)
        text_box(slide, [LICENCE], SMALL, MUTED, BOTTOM - last, last)
        number_slide(slide)
