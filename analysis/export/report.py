"""A deck as one HTML report: contents, one chart after the other, and all words, sources and settings."""

from collections.abc import Sequence

from analysis import PROJECT
from analysis.export import document
from analysis.export.document import text
from analysis.export.slide import Slide

STYLE = """h2 { margin: 0 0 1rem; }
article { border-top: 1px solid var(--grid); padding: 2rem 0; }
@media print { article { break-inside: avoid-page; } }"""
BODY = """<main>
<h1>{title}</h1>
<nav aria-label="Contents"><ol>{contents}</ol></nav>
{articles}
</main>"""
ARTICLE = """<article id="part-{number}">
{above}<h2>{number}. {title}</h2>
{content}
</article>"""


def report(slides: Sequence[Slide], theme: str = "auto", title: str = PROJECT) -> bytes:
    """Slides as one HTML page in UTF-8 that asks nothing of the network; of two figures on a slide each is a part of its own.

    theme: "light", "dark", or "auto" to follow the reader's own setting. Raises ValueError for no slides.
    """
    if not slides:
        raise ValueError("slides must hold at least one slide, got none")
    parts, calls = [], []
    for slide in slides:
        if not slide.figures:
            parts.append(("", slide.heading, "".join(f"<p>{text(line)}</p>" for line in slide.text.splitlines())))
        above = " · ".join(filter(None, (slide.above, slide.title if len(slide.figures) > 1 else "")))
        for shown in slide.parts:
            panel, chart = shown.panel, f"chart-{len(parts) + 1}"
            about = document.about(panel, shown.link, level=3)
            content = f"{document.place(chart, panel.alt)}\n<p>{text(panel.caption)}</p>\n{about}"
            parts.append((f"<p>{text(above)}</p>\n" if above else "", panel.title, content))
            calls.append(document.show_call(chart, panel.figure))
    contents = "".join(f'<li><a href="#part-{number}">{text(name)}</a></li>' for number, (_, name, _) in enumerate(parts, start=1))
    articles = [
        ARTICLE.format(number=number, above=above, title=text(name), content=content)
        for number, (above, name, content) in enumerate(parts, start=1)
    ]
    body = BODY.format(title=text(title), contents=contents, articles="\n".join(articles))
    return document.page(title, body, style=STYLE, script="".join(calls), theme=theme)
