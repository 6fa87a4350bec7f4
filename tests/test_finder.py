"""Search: written queries find their target among the first three, and every hit leads to a place that there is."""

import csv
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from analysis import catalogue
from pages.components import finder, places, questions
from pages.components.registry import ENTRIES
from tests.conftest import ROOT

QUERIES = list(csv.DictReader((Path(__file__).parent / "search_queries.csv").open(encoding="utf-8")))


def test_there_are_enough_queries():
    assert len(QUERIES) >= 60 and len({row["query"] for row in QUERIES}) == len(QUERIES)


@pytest.mark.parametrize("row", QUERIES, ids=lambda row: row["query"])
def test_a_written_query_finds_its_target_among_the_first_three(row):
    assert row["target"] in [entry.to for entry in finder.find(row["query"])][:3]


@pytest.mark.parametrize(("question", "address"), questions.ON_CARDS + questions.SEARCHED, ids=lambda value: value)
def test_a_question_asked_in_its_words_is_found_first(question, address):
    assert finder.find(question)[0].to == places.of_address(address)


def test_the_written_ways_in_are_those_that_there_are():
    rows = re.findall(r"^\| (.+\?) \| 1 (click|search) \| `(.+)` \|$", (ROOT / "docs/ways-in.md").read_text(encoding="utf-8"), re.MULTILINE)
    known = {question: ("click", address) for question, address in questions.ON_CARDS}
    known |= {question: ("search", address) for question, address in questions.SEARCHED}
    assert len(rows) == 10
    for question, way, opens in rows:
        assert (way, opens) == (known[question][0], places.of_address(known[question][1])), question


def test_every_section_and_model_is_found_by_its_own_name():
    missed = [
        entry.title
        for entry in finder.index()
        if entry.kind in ("section", "model", "GPU") and entry.to not in [hit.to for hit in finder.find(f"{entry.title} {entry.about}")]
    ]
    assert not missed


def test_every_hit_leads_to_a_page_a_section_and_settings_that_there_are():
    stems = {entry.stem for entry in ENTRIES}
    sections = {(place.entry.stem, place.section.key): place for place in places.sections()}
    for entry in finder.index():
        parts = urlsplit(entry.to)
        asked = dict(parse_qsl(parts.query))
        assert parts.path in stems, entry.to
        if "section" in asked:
            assert (parts.path, asked["section"]) in sections, entry.to
        for name in set(asked) - {"section", "claims_id", "work"}:
            of_page = {
                kind
                for (stem, _), place in sections.items()
                if stem == parts.path
                for figure in place.section.figures
                for kind in figure.kinds()
            }
            assert name in of_page, entry.to
    assert len(finder.index()) > 600


@pytest.mark.parametrize("query", ["", "   ", "?!", "the of a"])
def test_a_query_that_says_nothing_shows_all_pages(query):
    assert [entry.to for entry in finder.find(query)] == [entry.stem for entry in ENTRIES]


@pytest.mark.parametrize("query", ["<script>alert(1)</script>", "x" * 5000, "' OR 1=1 --", "\x00\x01", "🦙" * 50, "9" * 400])
def test_odd_queries_are_answered(query):
    assert isinstance(finder.find(query), list)


def test_every_figure_has_a_place():
    assert {name for name in catalogue.figures() if not name.startswith("overview.")} == {
        figure.name for place in places.sections() for figure in place.section.figures
    }
    assert all(places.of_figure(name) for name in catalogue.figures() if not name.startswith("overview."))
