"""The table below a chart, by itself in a browser."""

from pages.components import table

WORDS = "<img src=x onerror='window.ran = true'> *R&D* :material/home:"


def test_every_cell_name_and_caption_is_shown_as_text_and_never_as_markup(browser_page):
    page = browser_page
    page.set_content(f"<div id='parent'>{table.HTML}</div>")
    page.add_script_tag(content=table.JS.replace("export default function", "window.element = function"))
    data = {"label": WORDS, "caption": WORDS, "columns": [WORDS, "value"], "numbers": [False, True], "rows": [[WORDS, "1"], ["", "2"]]}
    for rows in (data["rows"], data["rows"][:1]):  # a second time, what was there goes
        page.evaluate("data => window.element({ parentElement: document.getElementById('parent'), data })", data | {"rows": rows})
        cells = page.locator("td").all_inner_texts()
        assert cells == [cell for row in rows for cell in row]
    assert page.locator("caption").inner_text() == WORDS and page.locator("th").all_inner_texts() == [WORDS, "value"]
    assert page.get_by_role("region").get_attribute("aria-label") == WORDS
    assert not page.evaluate("Boolean(window.ran) || document.querySelectorAll('img').length > 0")
