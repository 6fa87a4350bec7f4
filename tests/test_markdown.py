"""Text of others stays text: nothing that Streamlit's Markdown knows comes of it. Only a browser can show that."""

import html
import random
import re
import string

import pytest

from pages.components.markdown import plain
from tests.conftest import ROOT, serving

WITHIN = [
    "*a* and **b**", "_a_ and __b__", "`a`", "``a ` b``", "~~a~~ and ~b~", "[a](https://example.org)", "![a](https://example.org/a.png)",
    "<https://example.org>", "&lt;b&gt; &amp; &#42; &copy;", "a \\* b \\\\ c \\", "$x^2$ costs $5", "$$x$$",
    ":red[a]", ":blue-background[a]", ":orange-badge[a]", ":small[a]", ":shimmer[a]", ":color[a]{foreground=red}", ":help[a]", ":a[b]{c=d}",
    ":material/home:", "x:material/home:y", ":material_home:", ":streamlit:", ":smile:", ":a:smile:b:", "::-1::",
    "a -> b <- c <-> d -- e", "1 >= 0 <= 2 ~= 3", "https://example.org/a_b", "HTTP://example.org", "www.example.org/a_b", "a_b@example.org",
]  # fmt: skip
"""Texts of which Streamlit would make something else, in the middle of a line as well."""
FIRST = [
    "# a", "###### a", "#", "- a", "-", "+ a", "* a", "1. a", "12) a", "1.", "> a", "---", "***", "- - -", "___", "- [ ] a", "``` a",
    "~~~ a", "| a |\n|---|", ":::a", "::a[b]", "[a]: https://example.org", "[^1]: a", "a\n- b", "a\n===", "a\n\n    b", "a  \nb",
    "-> a", "--", ">=", "<->", "<div>a</div>",
]  # fmt: skip
"""Texts of which it would make something else where they begin a line."""
UNCHANGED = [
    "<b>a</b>",
    "<!-- a -->",
    "a | b | c",
    "a:b::c",
    "10:30:15",
    "{a} ^b^ ==c==",
    "'a' \"b\"",
    "R&D",
    "-5.5 or +1",
    "1.5 B",
    "    a",
]


def by_chance(n: int) -> list[str]:
    """Texts of signs and of what they are part of."""
    dice, parts = (
        random.Random(0),
        [*string.punctuation, "a", "b1", " ", "\n", "http://", "www.", "a@b.c", ":material/", "smile:", " -> ", "1. ", "]("],
    )
    return ["".join(dice.choices(parts, k=dice.randint(1, 12))) for _ in range(n)]


CHANCE = [*UNCHANGED, *string.punctuation, *(f"{sign} a {sign}b{sign} c" for sign in string.punctuation), *by_chance(150)]


def as_html(text: str) -> str:
    """How a browser writes a text that it shows as it stands; line breaks and several blanks are one blank to it."""
    return html.escape(re.sub(r"\s+", " ", text).strip(), quote=False)


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    """The page with all of the texts, when it is drawn to its end."""
    with serving(ROOT / "tests" / "markdown_app.py", tmp_path_factory.mktemp("markdown") / "log.txt") as address:
        page = browser.new_page()
        page.goto(address)
        page.wait_for_selector(f".st-key-button-{len(WITHIN) - 1}", timeout=60_000)
        page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
        yield page
        page.close()


def drawn(page, key: str) -> list[list[str]]:
    """The HTML of every piece of Markdown, without spans that have no properties, in each container whose key begins so."""
    found = page.evaluate(
        """key => [...document.querySelectorAll(`[class*=st-key-${key}-]`)].map(place => [
             Number(place.className.match(/st-key-\\w+-(\\d+)/)[1]),
             [...place.querySelectorAll('[data-testid$=MarkdownContainer], [data-testid$=CaptionContainer]')].map(text => text.innerHTML),
           ])""",
        key,
    )
    return [[re.sub(r"<span>(.)</span>|<span>(&\w+;)</span>", r"\1\2", text).strip() for text in texts] for _, texts in sorted(found)]


def test_a_browser_shows_every_text_as_it_stands(page):
    texts = [*FIRST, *WITHIN, *CHANCE]
    shown = drawn(page, "plain")
    assert len(shown) == len(texts) > 200
    for text, (written,) in zip(texts, shown, strict=True):
        assert written == (f"<p>{as_html(text)}</p>" if text.strip() else ""), text


def test_without_that_streamlit_makes_something_else_of_each(page):
    texts = [*FIRST, *WITHIN]
    shown = drawn(page, "raw")
    assert len(shown) == len(texts)
    for text, written in zip(texts, shown, strict=True):
        assert written != [f"<p>{as_html(text)}</p>"], text


def test_a_text_stands_as_it_is_in_messages_bold_in_links_tables_and_labels(page):
    shown = drawn(page, "places")
    assert len(shown) == len(WITHIN)
    for text, (message, caption, table, progress, button) in zip(WITHIN, shown, strict=True):
        written = as_html(text)
        assert message == f"<p>Refused: {written}</p>"
        assert re.sub('<a href="[^"]*scaling"[^>]*>', "<a>", caption) == f"<p><strong>{written}</strong>, <a>{written}</a></p>", text
        assert f"<td>{written}</td>" in table and f"</span> {written}</td>" in table
        assert progress == button == f"<p>{written}</p>", text


def test_text_without_signs_is_left_alone():
    assert plain("Llama 2 70B scores 68.9 (5-shot), not 69; see Table 3.") == "Llama 2 70B scores 68.9 (5-shot), not 69; see Table 3."
