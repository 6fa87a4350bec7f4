"""Decks that stay alive: a stored figure is drawn again from its declaration, and what changed since is said."""

from dataclasses import replace

import pytest

from analysis import catalogue
from analysis.charts.parameters import Data, Given
from analysis.export import deck_file, slide
from analysis.export.redraw import changes, redrawn
from analysis.export.slide import Shown, Slide
from tests.sample_panels import law_panel


def stored(*slides: Slide) -> list[Slide]:
    return deck_file.unpack(deck_file.pack(slides), own=True)


def test_changed_numbers_and_titles_are_listed_and_a_title_of_the_readers_stays():
    panel = catalogue.panel("moe.intuition")
    column = next(name for name in panel.data.columns if panel.data[name].dtype == float)
    rows = panel.data.copy()
    rows.loc[:1, column] = 2 * rows.loc[:1, column] + 1
    before = replace(panel, parts=[rows], title="It held more")
    deck = [slide.of(before), slide.of(before, title="My words"), slide.of(panel), Slide(title="Words")]
    now, said = redrawn(stored(*deck))
    assert [found.heading for found in now] == [panel.title, "My words", panel.title, "Words"]
    assert len(said) == 2 and said[0].startswith("Slide 1, moe.intuition: In ") and "1 more number changed" in said[0]
    assert f"was “It held more” and is “{panel.title}”" in said[0]
    assert "see whether it still holds" in said[1] and "see whether" not in said[0]
    assert now[0].panels[0].data[column].tolist() == panel.data[column].tolist()


def test_fewer_rows_are_said():
    panel = catalogue.panel("moe.intuition")
    fewer = replace(panel, parts=[panel.data.iloc[:-1]])
    assert changes(fewer, panel) == f"The table has {len(panel.data)} rows; it had {len(panel.data) - 1}."


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "does not say how"),
        ("moe.gone", "there is no figure"),
        ("moe.load?skew=many", "kept as it was stored"),
        ("http://x.org/", "names no figure"),
    ],
)
def test_what_cannot_be_drawn_again_stays_and_says_why(address, said):
    deck = [slide.of(replace(law_panel(), address=address), title="Mine")]
    now, words = redrawn(stored(*deck))
    assert len(words) == 1 and said in words[0] and now[0].panels[0].title == law_panel().title and "still holds" not in words[0]


def test_a_figure_of_the_readers_own_data_is_not_drawn_again_from_published_ones():
    tried = 0
    for kind in catalogue.figures().values():
        for name, parameter in kind.kinds().items():
            if isinstance(parameter, Data) and parameter.own:
                published = parameter.read(next(iter(parameter.offered())), {})
                made = kind.of({name: Given("own", "my file", published.value)})[0]
                with pytest.raises(ValueError, match="own"):
                    catalogue.asked_for(made.address())
                tried += 1
    assert tried >= 5


def test_both_figures_of_a_slide_are_drawn_again():
    panels = [catalogue.panel(name) for name in ("moe.intuition", "moe.load")]
    (now,), said = redrawn(stored(Slide(tuple(map(Shown, panels)), title="Two")))
    assert said == [] and [panel.title for panel in now.panels] == [panel.title for panel in panels] and now.title == "Two"
