"""The index of a gallery: one HTML page with a card for every figure, which links to the figure's files beside it."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analysis.charts.panel import Panel
from analysis.charts.style import FONTS, PALETTE, THEMES, template
from analysis.charts.style import HEIGHT as CHART_HEIGHT
from analysis.export import browser
from analysis.export.fonts import face_css
from analysis.export.html import CONFIG, colors, link, plain, script, sections, text
from analysis.export.picture import HEIGHT, WIDTH, chart_figure
from analysis.export.words import LICENCE, MADE_WITH, PROJECT, references

SMALLER = 2 / 3
"""Size of the small pictures over that of a slide."""
SOURCES_SHOWN = 5
LIBRARY = "plotly.min.js"
"""Where the index expects the chart library if charts are drawn in the reader's browser."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:; font-src data:">
<meta name="generator" content="{made_with}">
<title>{project}: all figures</title>
<style>
{faces}
{colors}
body {{ margin: 0 auto; max-width: 84rem; padding: 1.5rem 1rem 3rem;
  font: 16px/1.5 {fonts};
  color: var(--text); background: var(--page); overflow-wrap: anywhere; }}
h1 {{ font-size: 1.8rem; line-height: 1.25; margin: 0; }}
h2 {{ font-size: 1.4rem; line-height: 1.25; margin: 3rem 0 0; }}
h3 {{ font-size: 1.05rem; line-height: 1.3; margin: 0 0 0.75rem; }}
h4 {{ font-size: 0.9rem; margin: 0.75rem 0 0.25rem; }}
nav ul {{ display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; margin: 0; padding: 0; }}
.grid {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(min(36rem, 100%), 1fr)); align-items: start;
  gap: 1rem; margin-top: 1rem; }}
article {{ border: 1px solid var(--grid); border-radius: 0.5rem; padding: 1rem; min-width: 0; }}
article img {{ display: block; width: 100%; height: auto; }}
.chart {{ min-height: {chart}px; }}
article p, details {{ font-size: 0.9rem; margin: 0.5rem 0 0; }}
a {{ color: inherit; }}
a:hover {{ color: {accent}; }}
a:focus-visible, summary:focus-visible {{ outline: 2px solid {accent}; outline-offset: 2px; }}
summary {{ cursor: pointer; }}
pre {{ white-space: pre-wrap; font-size: 0.8rem; }}
.sources, .question, footer, dt {{ color: var(--muted); }}
.files a {{ margin-right: 0.75rem; }}
ul {{ margin: 0; padding-left: 1.25rem; }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: 0; }}
dd {{ margin: 0; }}
</style>
</head>
<body>
<header>
<h1>{project}: all figures</h1>
<p>{count} figures at their default settings, page by page. Reported values are markers, computed ones lines, what-ifs dashes.</p>
<nav aria-label="Pages"><ul>{contents}</ul></nav>
</header>
<main>
{groups}
</main>
<footer><p>{licence} Made with {made_with}.</p></footer>
{live}
</body>
</html>
"""
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
{sections}
</details>
</article>"""
BROKEN = """<article id="{id}">
<h3>{id}</h3>
<p>This figure could not be drawn: {problem}</p>
</article>"""
# Figures come as scripts because a page opened from a disk may not read files.
LIVE = """<script>
const templates = {templates}, config = {config}, shown = new Map();
const dark = window.matchMedia("(prefers-color-scheme: dark)");
function draw(chart, figure) {{
  const layout = Object.assign({{}}, figure.layout, {{ template: templates[dark.matches ? "dark" : "light"], autosize: true }});
  Plotly.react(chart, figure.data, layout, config);
}}
function show(name, figure) {{
  const chart = document.getElementById("chart-" + name);
  shown.set(chart, figure);
  draw(chart, figure);
}}
const load = source => new Promise(done => {{
  const element = document.createElement("script");
  element.src = source;
  element.onload = done;
  document.head.append(element);
}});
let library;
const watch = new IntersectionObserver(entries => entries.filter(entry => entry.isIntersecting).forEach(entry => {{
  watch.unobserve(entry.target);
  library ??= load("{library}");
  library.then(() => load(entry.target.dataset.script));
}}), {{ rootMargin: "50%" }});
document.querySelectorAll(".chart").forEach(chart => watch.observe(chart));
dark.addEventListener("change", () => shown.forEach((figure, chart) => draw(chart, figure)));
</script>"""


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
    live = any(card.script and not card.pictures for group in groups for card in group.cards)
    return PAGE.format(
        project=PROJECT,
        made_with=MADE_WITH,
        colors=themes(),
        accent=PALETTE[0],
        fonts=FONTS,
        faces=face_css(),
        chart=CHART_HEIGHT,
        count=sum(len(group.cards) for group in groups),
        contents="".join(f'<li><a href="#{text(group.id)}">{text(group.heading)}</a></li>' for group in groups),
        groups="\n".join(
            GROUP.format(
                id=text(group.id), heading=text(group.heading), question=text(group.question), cards="\n".join(map(_card, group.cards))
            )
            for group in groups
        ),
        licence=LICENCE,
        live=_live() if live else "",
    ).encode("utf-8")


def themes() -> str:
    """Style rules with the light colours, and the dark ones for readers who set their system so."""
    light, dark = (colors_of.replace(f'[data-theme="{name}"]', "") for name, colors_of in zip(THEMES, colors().splitlines(), strict=True))
    return f"{light}\n@media (prefers-color-scheme: dark) {{ {dark} }}"


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
    return f"show({script(panel.name)}, {script(plain(panel.figure))});\n".encode()


def _live() -> str:
    """The script that draws charts in the reader's browser."""
    return LIVE.format(templates=script({name: template(name).to_plotly_json() for name in THEMES}), config=script(CONFIG), library=LIBRARY)


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
        drawn = (
            f'<div class="chart" id="chart-{text(card.name)}" data-script="{text(card.script)}" role="img" aria-label="{alt}">'
            f"<noscript>The chart needs JavaScript. {alt}</noscript></div>"
        )
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
        sections=sections(card.panel, "").replace("<h2>", "<h4>").replace("</h2>", "</h4>"),
    )
