"""Slides of every kind as PowerPoint has them: covers, words, tables, two figures, numbers of slides, and the prepared talk."""

import io
import re

import pytest
from PIL import ImageFont
from pptx.enum.shapes import MSO_SHAPE_TYPE

from analysis import tables
from analysis.catalogue import asked_for, catalogue
from analysis.claims import data as claims
from analysis.export import files, slide, slide_words, talk
from analysis.export.fonts import text_width
from analysis.export.slide import Shown, Slide
from analysis.export.words import source_line
from pages.components import deck_actions, places
from tests.sample_panels import law_panel, open_slides, plain_panel

LIBERATION = "/usr/share/fonts/truetype/liberation{}/LiberationSans-{}.ttf"
"""A font with the widths of Arial."""


def shown(*slides: Slide, **options) -> list:
    return list(open_slides(files.deck(slides, **options)).slides)


def texts(added) -> list[str]:
    return [shape.text_frame.text for shape in added.shapes if shape.has_text_frame]


def test_words_alone_are_a_cover_a_list_or_a_table():
    cover, several, table = shown(
        Slide(title="The talk", text="One line\nTwo lines"),
        Slide(title="Agenda", text="\n".join("abcd"), note="Smile."),
        Slide(title="Corrections", text="said | found\na | b\nc | d"),
    )
    assert cover.shapes.title.text_frame.text == "The talk" and "One line\nTwo lines" in texts(cover)
    assert cover.shapes.title.top > several.shapes.title.top
    assert "a\nb\nc\nd" in texts(several) and several.notes_slide.notes_text_frame.text == "Smile."
    (found,) = [shape.table for shape in table.shapes if shape.has_table]
    assert [[cell.text for cell in row.cells] for row in found.rows] == [["said", "found"], ["a", "b"], ["c", "d"]]


def test_two_figures_stand_side_by_side_each_under_its_title_and_over_its_sources(browser_path):
    deck = shown(
        Slide((Shown(law_panel(title="Left one")), Shown(plain_panel(title="Right one", sources=()))), title="Both", above="Part 1"),
        editable=True,
    )
    (added,) = deck
    pictures = [shape for shape in added.shapes if shape.shape_type == MSO_SHAPE_TYPE.PICTURE]
    assert len(pictures) == 2 and pictures[0].left + pictures[0].width < pictures[1].left and pictures[0].top == pictures[1].top
    words = texts(added)
    assert added.shapes.title.text_frame.text == "Both" and {"Part 1", "Left one", "Right one"} <= {*words}
    assert source_line(law_panel()) in words and "Computed here; no source cited" in words
    notes = added.notes_slide.notes_text_frame.text
    assert "Title: Left one" in notes and "Title: Right one" in notes and notes.startswith("A picture: Two figures")


def test_slides_of_a_deck_are_numbered_by_fields_and_the_sources_name_those_numbers():
    deck = shown(Slide(title="Cover"), slide.of(plain_panel()), editable=True)
    for added in deck:
        fields = [field.get("type") for shape in added.shapes for field in shape._element.iter("{*}fld")]
        assert fields == ["slidenum"]
    assert any("(slide 2)" in text for text in texts(deck[-1]))
    (alone,) = shown(slide.of(plain_panel()), editable=True)
    assert not list(alone.shapes._spTree.iter("{*}fld"))


def test_a_deck_of_words_alone_cites_nothing():
    assert [added.shapes.title.text_frame.text for added in shown(Slide(title="A"), Slide(title="B"))] == ["A", "B"]


@pytest.mark.slow
def test_widths_allow_for_arial_which_is_wider_than_the_font_of_the_project():
    fonts = {}
    for style in ("Regular", "Bold"):
        for folder in ("", "2"):
            try:
                fonts[style] = ImageFont.truetype(LIBERATION.format(folder, style), 1000)
            except OSError:
                continue
    if len(fonts) < 2:
        pytest.skip("Liberation Sans is not installed")
    tried = 0
    for build in catalogue().values():
        panel = build()
        for text, style in ((panel.title, "Bold"), (panel.caption, "Regular"), (source_line(panel, 3), "Regular")):
            assert fonts[style].getlength(text) / 1000 <= slide_words.ARIAL * text_width(text, 1, bold=style == "Bold"), text
            tried += 1
    assert tried > 400


def test_the_prepared_talk_has_two_figures_of_each_paper_the_corrections_and_the_sources(browser_path):
    slides = talk.talk()
    assert len(slides) == 22 and [len(part.figures) for part in slides] == [0, *[1] * 20, 0]
    papers = [part.above for part in slides[1:-1]]
    assert papers == [f"{number} · {paper}" for number, (paper, _) in enumerate(talk.PAPERS, start=1) for _ in range(2)]
    assert len({part.panels[0].address for part in slides[1:-1]}) == 20
    rows = claims.stored()
    corrected = rows[rows["verdict"] == "corrected"]
    assert len(slides[-1].text.splitlines()) == len(corrected) + 1 and slides[-1].title.startswith(f"{len(corrected)} statements")
    data = files.deck(slides, "dark")
    deck = list(open_slides(data).slides)
    assert [added.shapes.title.text_frame.text for added in deck[:22]] == [part.heading for part in slides]
    assert all(any(shape.shape_type == MSO_SHAPE_TYPE.PICTURE for shape in added.shapes) for added in deck[1:21])
    (table,) = [shape.table for shape in deck[21].shapes if shape.has_table]
    assert [row.cells[0].text for row in table.rows][1:] == corrected["claim"].tolist()
    listed = "\n".join(text for added in deck[22:] for text in texts(added))
    cited = {citation.source_id for part in slides for panel in part.panels for citation in panel.sources}
    assert all(listed.count(tables.source(work)["url"] + " (") == 1 for work in cited) and len(cited) > 20
    for added in deck:  # nothing leaves the slide, and no box of words lies over another
        boxes = [shape for shape in added.shapes if shape.has_text_frame and shape.text_frame.text.strip() and shape.name != "Slide number"]
        assert all(0 <= shape.top and shape.top + shape.height <= 6858000 for shape in boxes)
        spans = sorted((shape.top, shape.top + shape.height) for shape in boxes)
        assert all(low[1] <= high[0] for low, high in zip(spans, spans[1:], strict=False))


def test_every_figure_of_the_talk_says_in_the_notes_of_its_slide_where_to_draw_it_again(browser_path):
    addresses = [address for _, of_paper in talk.PAPERS for address in of_paper]
    alone = [part.figures[0].link for part in talk.talk()[1:-1]]
    assert alone == addresses and [asked_for(link).address() for link in alone] == alone
    made = talk.talk(deck_actions.linked("http://localhost:8501/papers"))
    links = [part.figures[0].link for part in made[1:-1]]
    assert [asked_for(link).address() for link in links] == addresses
    assert links[0] == "http://localhost:8501/papers/term_frequency#term_frequency.scatter"
    assert links[12].startswith("http://localhost:8501/papers/benchmarks?section=pair&model_a=orca-2-13b&")
    opened = [deck_actions.place_of(part.figures[0]).rstrip("?") for part in made[1:-1]]
    assert opened == [places.of_address(address) for address in addresses]
    notes = [added.notes_slide.notes_text_frame.text for added in open_slides(files.deck(made[1:3])).slides][:2]
    assert all(f"Link: {link}\n" in note for link, note in zip(links, notes, strict=False)) and len(notes) == 2


def test_the_papers_of_the_talk_are_those_of_the_front_page_in_its_order():
    from analysis.overview.figures import PAPERS

    cited = [
        [{citation.source_id for citation in part.panels[0].sources} for part in talk.talk()[1:-1]][place : place + 2]
        for place in range(0, 20, 2)
    ]
    own = {"biderman2023": {"biderman2023", "eleutherai2023"}}  # the evaluations that Pythia's authors released
    assert all(own.get(work, {work}) & (one | other) for (work, *_), (one, other) in zip(PAPERS, cited, strict=True))


def test_slide_words_hold_no_markup():
    (added, _) = shown(Slide(title="<b>x</b>\x00", text="=1+1 | <i>\n2 | 3"), Slide(title="y"))
    assert added.shapes.title.text_frame.text == "<b>x</b>"
    assert re.search(r"=1\+1", next(shape for shape in added.shapes if shape.has_table).table.cell(0, 0).text)
    assert io.BytesIO(files.deck([Slide(title="y")])).getbuffer()[:2] == b"PK"
