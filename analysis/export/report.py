"""Several panels as one HTML report: contents, one chart after the other, and all words, sources and settings."""

from collections.abc import Mapping, Sequence

from analysis.export import document
from analysis.export.document import text
from analysis.export.words import PROJECT

STYLE = """h2 { margin: 0 0 1rem; }
article { border-top: 1px solid var(--grid); padding: 2rem 0; }
@media print { article { break-inside: avoid-page; } }"""
BODY = """<main>
<h1>{title}</h1>
<nav aria-label="Contents"><ol>{contents}</ol></nav>
{articles}
</main>"""
ARTICLE = """<article id="figure-{number}">
<h2>{number}. {title}</h2>
{chart}
<p>{caption}</p>
{about}
</article>"""


def report(slides: Sequence[Mapping], theme: str = "auto", title: str = PROJECT) -> bytes:
    """Slides of {"panel": Panel, "title": str, "link": str} as one HTML page in UTF-8 that asks nothing of the network.

    theme: "light", "dark", or "auto" to follow the reader's own setting. Raises ValueError for no slides.
    """
    if not slides:
        raise ValueError("slides must hold at least one figure, got none")
    contents, articles, calls = [], [], []
    for number, slide in enumerate(slides, start=1):
        panel, name = slide["panel"], text(slide.get("title") or slide["panel"].title)
        contents.append(f'<li><a href="#figure-{number}">{name}</a></li>')
        articles.append(
            ARTICLE.format(
                number=number,
                title=name,
                chart=document.place(f"chart-{number}", panel.alt),
                caption=text(panel.caption),
                about=document.about(panel, slide.get("link", ""), level=3),
            )
        )
        calls.append(document.show_call(f"chart-{number}", panel.figure))
    body = BODY.format(title=text(title), contents="".join(contents), articles="\n".join(articles))
    return document.page(title, body, style=STYLE, script="".join(calls), theme=theme)
