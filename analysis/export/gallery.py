"""The index of a gallery: one HTML page with a card for every figure, which links to the figure's files beside it."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analysis import PROJECT
from analysis.charts.panel import Panel
from analysis.charts.style import HEIGHT as CHART_HEIGHT
from analysis.export import browser, document
from analysis.export.document import link, text
from analysis.export.picture import HEIGHT, WIDTH, chart_figure
from analysis.export.words import references

SMALLER = 2 / 3
"""Size of the small pictures over that of a slide."""
SOURCES_SHOWN = 5

STYLE = """body { max-width: 84rem; }
h1 { margin: 0; }
h2 { margin: 3rem 0 0; }
h3 { font-size: 1.05rem; line-height: 1.3; margin: 0 0 0.75rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; padding: 0; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(36rem, 100%), 1fr)); align-items: start;
  gap: 1rem; margin-top: 1rem; }
article { border: 1px solid var(--grid); border-radius: 0.5rem; padding: 1rem; min-width: 0; }
article img { display: block; width: 100%; height: auto; }
.chart { min-height: CHART_HEIGHTpx; }
article p, details { font-size: 0.9rem; margin: 0.5rem 0 0; }
summary { cursor: pointer; }
.sources, .question { color: var(--muted); }
.files a { margin-right: 0.75rem; }""".replace("CHART_HEIGHT", str(CHART_HEIGHT))
BODY = """<header>
<h1>{title}</h1>
<p>{count} figures at their default settings, page by page. Reported values are markers, computed ones lines, what-ifs dashes.</p>
<nav aria-label="Pages"><ul>{contents}</ul></nav>
</header>
<main>
{groups}
</main>"""
GROUP = """<section id="{id}">
<h2>{heading}</h2>
<p class="question">{question}</p>
<div class="grid">
{cards}
</div>
</section>"""
CARD = """<article id="{id}">
<h3>{title}</h3>
{picture}
<p>{caption}</p>
<p class="sources">{sources}</p>
<p class="files">{files}</p>
<details><summary>Sources, settings, computation</summary>
{about}
</details>
</article>"""
BROKEN = """<article id="{id}">
<h3>{id}</h3>
<p>This figure could not be drawn: {problem}</p>
</article>"""
# Figures come as scripts because a page opened from a disk may not read files, and each only when its place is near the screen.
LIVE = """const watch = new IntersectionObserver(entries => entries.filter(entry => entry.isIntersecting).forEach(({ target }) => {
  watch.unobserve(target);
  document.head.append(Object.assign(document.createElement("script"), { src: target.dataset.script }));
}), { rootMargin: "50%" });
document.querySelectorAll(".chart").forEach(chart => watch.observe(chart));"""


@dataclass(frozen=True)
class Card:
    """What the index shows of one figure. Paths are relative to the index.

    name: of the panel. panel: None where it could not be built; problem says why. files: path by format. pictures: path by theme,
    "light" and "dark"; without them the chart is drawn in the reader's browser from `script`, the path of what `figure_script` returns.
    """

    name: str
    panel: Panel | None = None
    problem: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)
    script: str = ""


@dataclass(frozen=True)
class Group:
    """The cards of one page of the dashboard, under its title and the question it answers."""

    id: str
    heading: str
    question: str
    cards: Sequence[Card]


def index(groups: Sequence[Group]) -> bytes:
    """The gallery's index as an HTML page in UTF-8, which asks nothing of the network and follows the reader's light or dark setting."""
    title = f"{PROJECT}: all figures"
    body = BODY.format(
        title=title,
        count=sum(len(group.cards) for group in groups),
        contents="".join(f'<li><a href="#{text(group.id)}">{text(group.heading)}</a></li>' for group in groups),
        groups="\n".join(
            GROUP.format(
                id=text(group.id), heading=text(group.heading), question=text(group.question), cards="\n".join(map(_card, group.cards))
            )
            for group in groups
        ),
    )
    live = any(card.script and not card.pictures for group in groups for card in group.cards)
    return document.page(title, body, style=STYLE, script=LIVE if live else "", library=document.LIBRARY)


def picture(panel: Panel, theme: str) -> bytes:
    """The chart alone as a small PNG in at most 256 colours: title and sources stand in words beside it.

    Raises `export_image.NoBrowserError` where there is no browser to draw it.
    """
    from PIL import Image

    drawn = browser.render(chart_figure(panel.figure, theme, WIDTH, HEIGHT), "png", WIDTH, HEIGHT, SMALLER)
    out = io.BytesIO()
    Image.open(io.BytesIO(drawn)).convert("RGB").quantize(256).save(out, "png", optimize=True)
    return out.getvalue()


def figure_script(panel: Panel) -> bytes:
    """JavaScript that hands the panel's figure to the index."""
    return document.show_call(f"chart-{panel.name}", panel.figure).encode()


def _card(card: Card) -> str:
    if card.panel is None:
        return BROKEN.format(id=text(card.name), problem=text(card.problem))
    alt = text(card.panel.alt)
    if card.pictures:
        drawn = (
            f'<picture><source media="(prefers-color-scheme: dark)" srcset="{text(card.pictures["dark"])}">'
            f'<img src="{text(card.pictures["light"])}" alt="{alt}" width="{WIDTH}" height="{HEIGHT}" loading="lazy"></picture>'
        )
    else:
        drawn = document.place(f"chart-{card.name}", card.panel.alt, f' data-script="{text(card.script)}"')
    works = references([card.panel])
    named = [link(work.url, work.short) for work in works[:SOURCES_SHOWN]]
    named += [f"and {len(works) - SOURCES_SHOWN} more"] if len(works) > SOURCES_SHOWN else []
    return CARD.format(
        id=text(card.name),
        title=text(card.panel.title),
        picture=drawn,
        caption=text(card.panel.caption),
        sources="Sources: " + "; ".join(named) if works else "Computed here; no source cited",
        files=" ".join(f'<a href="{text(path)}">{text(format.upper())}</a>' for format, path in card.files.items()),
        about=document.about(card.panel, level=4),
    )
