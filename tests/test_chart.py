"""The chart element by itself in a browser: what it shows, and what stays as the reader left it."""

import json
from importlib.resources import files

import pytest

from pages.components import chart, plotly_script

TEMPLATES = {"light": {"layout": {"font": {"color": "#111111"}}}, "dark": {"layout": {"font": {"color": "#eeeeee"}}}}
WORDS = "<img src=x onerror='window.ran = true'> *R&D*"


@pytest.fixture(scope="module")
def with_scripts(browser_context):
    """A page with Plotly's script and the element's, as window.element: five megabytes that are read once."""
    page = browser_context.new_page()
    page.set_content(f"<style>{chart.CSS}</style>")
    page.add_script_tag(path=str(files("plotly") / "package_data" / "plotly.min.js"))
    page.add_script_tag(content=(plotly_script.LOAD + chart.JS).replace("export default function", "window.element = function"))
    return page


@pytest.fixture
def place(with_scripts):
    """A page that holds the element alone, as new."""
    page = with_scripts
    page.evaluate(
        """html => {
        document.documentElement.removeAttribute('style');
        document.body.innerHTML = `<div id='parent' style='width: 800px'>${html}</div>`;
        window.plotlyScript = Promise.resolve(window.Plotly);
        window.first = window.ran = window.alone = undefined;
    }""",
        chart.HTML,
    )
    page.mouse.move(0, 0)
    return page


def show(page, names=("one", "two"), y=(1, 2, 3), x_title="Tokens", y_range=None, y_ticks=None, **data) -> None:
    """Give the element a chart of one line per name and wait until it is drawn."""
    traces = [
        {"type": "scatter", "name": name, "x": [1, 2, 3], "y": [number * value for value in y]} for number, name in enumerate(names, 1)
    ]
    layout = {
        "height": 300,
        "xaxis": {"title": {"text": x_title}},
        "yaxis": {"title": {"text": "Loss"}, **({"range": y_range} if y_range else {}), **(y_ticks or {})},
    }
    given = {
        "title": "A title",
        "caption": "A caption",
        "notes": "",
        "alt": "It falls.",
        "file": "a",
        "script": "",
        "least": 0,
        "bar": None,
        "pins": [],
        "templates": TEMPLATES,
        **data,
    }
    given["figure"] = json.dumps({"data": traces, "layout": layout})
    page.evaluate("data => window.element({ parentElement: document.getElementById('parent'), data })", given)
    page.wait_for_function("y => document.querySelector('.drawing')._fullData?.[0]?.y[2] === y", arg=y[2])
    page.wait_for_timeout(100)


def layout(page, key: str):
    return page.evaluate(f"document.querySelector('.drawing')._fullLayout.{key}")


def test_title_caption_and_alternative_are_shown_as_text_and_never_as_markup(place):
    show(place, title=WORDS, caption=WORDS, notes=WORDS, alt=WORDS)
    assert place.locator("h2").inner_text() == WORDS and place.locator(".caption > p").inner_text() == WORDS
    assert not place.locator("details > p").is_visible()
    place.get_by_text("Notes").click()
    assert place.locator("details > p").inner_text() == WORDS
    assert place.get_by_role("figure").get_attribute("aria-label") == WORDS
    assert not place.evaluate("Boolean(window.ran) || document.querySelectorAll('#parent img').length > 0")


def test_a_new_figure_changes_the_chart_that_stands_there(place):
    show(place)
    place.evaluate("window.first = document.querySelector('.main-svg')")
    show(place, y=(2, 4, 8))
    assert place.evaluate("document.querySelector('.main-svg') === window.first")
    assert place.locator(".main-svg").first.bounding_box()["width"] == 800 and layout(place, "height") == 300
    assert layout(place, "yaxis.range")[1] > 16


def test_zoom_and_legend_stay_as_the_reader_left_them(place):
    show(place)
    place.evaluate("Plotly.relayout(document.querySelector('.drawing'), {'xaxis.range': [1.5, 2.5]})")
    place.locator(".legendtoggle").nth(1).click()
    place.wait_for_function("document.querySelector('.drawing')._fullData[1].visible === 'legendonly'")
    show(place, y=(2, 4, 8))
    assert layout(place, "xaxis.range") == [1.5, 2.5]
    assert place.evaluate("document.querySelector('.drawing')._fullData.map(trace => trace.visible)") == [True, "legendonly"]


def test_zoom_ends_with_another_axis_and_the_choice_in_the_legend_with_other_entries(place):
    show(place)
    place.evaluate("Plotly.relayout(document.querySelector('.drawing'), {'xaxis.range': [1.5, 2.5]})")
    place.locator(".legendtoggle").nth(1).click()
    place.wait_for_function("document.querySelector('.drawing')._fullData[1].visible === 'legendonly'")
    show(place, x_title="Parameters", names=("one", "two", "three"), y=(2, 4, 8))
    assert layout(place, "xaxis.range")[0] < 1.5
    assert place.evaluate("document.querySelector('.drawing')._fullData.map(trace => trace.visible)") == [True, True, True]


def test_a_zoom_of_an_axis_whose_range_is_another_ends_as_a_whole(place):
    show(place, y_range=[0, 10])
    place.evaluate("Plotly.relayout(document.querySelector('.drawing'), {'yaxis.range': [2, 3], 'xaxis.range': [1.5, 2.5]})")
    show(place, y=(2, 4, 8), y_range=[0, 20])
    assert layout(place, "yaxis.range") == [0, 20] and layout(place, "xaxis.range") == [1.5, 2.5]


def test_no_button_of_a_chart_sends_it_to_a_server(place):
    show(place)
    buttons = place.locator(".modebar-btn").evaluate_all("buttons => buttons.map(button => button.dataset.title)")
    assert "Zoom" in buttons and not [title for title in buttons if "Share" in title]
    assert place.evaluate("document.querySelector('.drawing')._context.plotlyServerURL") == ""


def test_a_chart_follows_the_page_from_light_to_dark(place):
    place.evaluate("document.documentElement.style.setProperty('--st-text-color', '#1f2430')")
    show(place)
    assert layout(place, "font.color") == "#111111"
    place.evaluate("document.documentElement.style.setProperty('--st-text-color', '#fafafa')")
    place.wait_for_function("document.querySelector('.drawing')._fullLayout.font.color === '#eeeeee'")


def test_the_chart_takes_the_width_of_its_place_and_scrolls_below_the_least(place):
    show(place)
    place.evaluate("document.getElementById('parent').style.width = '500px'")
    place.wait_for_function("document.querySelector('.drawing')._fullLayout.width === 500")
    place.evaluate("document.getElementById('parent').style.width = '400px'")
    place.wait_for_function("document.querySelector('.drawing')._fullLayout.height === 380")  # rows of a legend on a telephone
    assert place.locator(".drawing").bounding_box()["height"] == 380
    show(place, y=(2, 4, 8), least=760)
    place.wait_for_function("document.querySelector('.drawing')._fullLayout.width === 760")
    assert place.evaluate("document.querySelector('.room').scrollWidth > document.querySelector('.room').clientWidth")


def test_the_whole_screen_button_makes_the_chart_as_high_as_the_screen(place):
    show(place)
    place.locator(".drawing").hover()
    place.locator("[data-title='Whole screen']").click()
    place.wait_for_function("document.fullscreenElement && document.querySelector('.drawing')._fullLayout.height === window.innerHeight")
    show(place, y=(2, 4, 8))
    assert layout(place, "height") == place.evaluate("window.innerHeight")
    place.evaluate("document.exitFullscreen()")
    place.wait_for_function("document.querySelector('.drawing')._fullLayout.height === 300")


def test_without_plotlys_code_the_element_says_so_and_tries_again(place):
    place.evaluate("window.plotlyScript = undefined; window.alone = window.Plotly")
    given = {"title": "A title", "caption": "", "alt": "", "file": "a", "script": "http://127.0.0.1:9/none.js", "least": 0}
    given["templates"] = TEMPLATES
    given["figure"] = json.dumps({"data": [], "layout": {"height": 300}})
    place.evaluate("data => window.element({ parentElement: document.getElementById('parent'), data })", given)
    place.get_by_role("alert").wait_for()
    assert "could not be loaded" in place.get_by_role("alert").inner_text() and place.locator("h2").inner_text() == "A title"
    place.evaluate("window.plotlyScript = Promise.resolve(window.alone)")
    show(place)
    assert not place.get_by_role("alert").is_visible()


def test_a_reader_who_zooms_between_two_ticks_gets_others_and_the_first_ones_back(place):
    ticks = {"tickvals": [0, 2, 4, 6], "ticktext": ["0", "two", "4", "6"]}
    texts = "[...document.querySelectorAll('.ytick text')].map(text => text.textContent)"
    show(place, y_ticks=ticks)
    assert "two" in place.evaluate(texts)
    place.evaluate("window.Plotly.relayout(document.querySelector('.drawing'), {'yaxis.range': [2.2, 3.8]})")
    place.wait_for_timeout(200)
    assert len(place.evaluate(texts)) >= 2
    place.evaluate("window.Plotly.relayout(document.querySelector('.drawing'), {'yaxis.range': [0, 6]})")
    place.wait_for_timeout(200)
    assert place.evaluate(texts) == ["0", "two", "4", "6"]
