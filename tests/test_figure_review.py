"""The review of all figures as slides: it lists them all, none is one that a listener could not follow, and its measures are the code's."""

import pytest

from analysis.catalogue import catalogue
from tools import figure_review

REVIEW = figure_review.kept()
FIGURES = catalogue()


def test_the_review_lists_every_figure_once_in_the_order_of_the_pages():
    assert list(REVIEW) == list(FIGURES) and len(REVIEW) > 150
    with figure_review.FILE.open(encoding="utf-8") as file:
        header, *lines = file.read().splitlines()
    assert tuple(header.split(",")) == figure_review.COLUMNS and len(lines) == len(REVIEW)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_good_enough_for_a_talk(name):
    row = REVIEW[name]
    scores = [int(row["png"]), int(row["slide"])]
    assert set(scores) <= {4, 5}, "mend the figure, look at it again, and write its score"
    assert row["remark"] or min(scores) == 5, "a score below 5 says what is left to wish"
    assert float(row["plot_share"]) >= 0.5 and float(row["smallest_pt"]) >= 10 and int(row["legend_entries"]) <= 6


@pytest.mark.parametrize("name", list(FIGURES)[::8])
def test_the_measures_are_those_of_the_code(name):
    wanted = {column: str(value) for column, value in figure_review.measured(FIGURES[name]()).items()}
    found = {column: REVIEW[name][column] for column in wanted}
    assert found == wanted, "python -m tools.figure_review writes them"
