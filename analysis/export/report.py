"""Several panels as one HTML report: contents, one chart after the other, and all words, sources and settings."""

from collections.abc import Mapping, Sequence

from analysis.charts.style import FONTS, PALETTE, THEMES, template
from analysis.export.fonts import face_css
from analysis.export.html import CONFIG, colors, plain, script, sections, text
from analysis.export.words import LICENCE, MADE_WITH, PROJECT

PAGE = """<!doctype html>
<html lang="en" data-theme="{theme}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:">
<meta name="generator" content="{made_with}">
<title>{title}</title>
<style>
{faces}
{colors}
body {{ margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem 3rem;
  font: 16px/1.5 {fonts};
  color: var(--text); background: var(--page); overflow-wrap: anywhere; }}
h1 {{ font-size: 1.8rem; line-height: 1.25; }}
h2 {{ font-size: 1.4rem; line-height: 1.25; margin: 0 0 1rem; }}
h3 {{ font-size: 1rem; margin: 1.5rem 0 0.25rem; }}
article {{ border-top: 1px solid var(--grid); padding: 2rem 0; }}
a {{ color: inherit; }}
a:hover {{ color: {accent}; }}
ul {{ margin: 0; padding-left: 1.25rem; }}
pre {{ white-space: pre-wrap; font-size: 0.85rem; }}
footer, dt {{ color: var(--muted); }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: 0; }}
dd {{ margin: 0; }}
@media print {{ article {{ break-inside: avoid-page; }} }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<nav aria-label="Contents"><ol>{contents}</ol></nav>
{articles}
</main>
<footer><p>{licence} Made with {made_with}.</p></footer>
<script>{plotly}</script>
<script>
const report = {report};
const system = window.matchMedia("(prefers-color-scheme: dark)");
const theme = () => report.theme === "auto" ? (system.matches ? "dark" : "light") : report.theme;
function draw() {{
  document.documentElement.dataset.theme = theme();
  report.figures.forEach((figure, number) => {{
    const layout = Object.assign({{}}, figure.layout, {{ template: report.templates[theme()], autosize: true }});
    Plotly.react(document.getElementById("chart-" + (number + 1)), figure.data, layout, report.config);
  }});
}}
system.addEventListener("change", draw);
document.fonts.load('16px "Ten Papers Sans"').then(draw, draw);
</script>
</body>
</html>
"""
ARTICLE = """<article id="figure-{number}">
<h2>{number}. {title}</h2>
<div id="chart-{number}" role="img" aria-label="{alt}"><noscript>The chart needs JavaScript. {alt}</noscript></div>
<p>{caption}</p>
{sections}
</article>"""


def report(slides: Sequence[Mapping], theme: str = "auto", title: str = PROJECT) -> bytes:
    """Slides of {"panel": Panel, "title": str, "link": str} as one HTML page in UTF-8 that asks nothing of the network.

    theme: "light", "dark", or "auto" to follow the reader's own setting. Raises ValueError for no slides.
    """
    from plotly.offline import get_plotlyjs

    if not slides:
        raise ValueError("slides must hold at least one figure, got none")
    titles = [slide.get("title") or slide["panel"].title for slide in slides]
    articles = [
        ARTICLE.format(
            number=number,
            title=text(name),
            alt=text(slide["panel"].alt),
            caption=text(slide["panel"].caption),
            sections=sections(slide["panel"], slide.get("link", "")).replace("<h2>", "<h3>").replace("</h2>", "</h3>"),
        )
        for number, (slide, name) in enumerate(zip(slides, titles, strict=True), start=1)
    ]
    content = {
        "figures": [plain(slide["panel"].figure) for slide in slides],
        "templates": {name: template(name).to_plotly_json() for name in THEMES},
        "config": CONFIG,
        "theme": theme,
    }
    return PAGE.format(
        theme="light" if theme == "auto" else theme,
        title=text(title),
        contents="".join(f'<li><a href="#figure-{number}">{text(name)}</a></li>' for number, name in enumerate(titles, start=1)),
        articles="\n".join(articles),
        made_with=MADE_WITH,
        licence=LICENCE,
        accent=PALETTE[0],
        fonts=FONTS,
        faces=face_css(),
        colors=colors(),
        plotly=get_plotlyjs(),
        report=script(content),
    ).encode("utf-8")
