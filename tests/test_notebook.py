"""Figures in a notebook."""

import os
import re
import subprocess
import sys
from pathlib import Path

import plotly.graph_objects as go
import pytest

from analysis import catalogue
from analysis.export import files
from analysis.export.notebook import figure

ROOT = Path(__file__).parents[1]


def test_a_figure_is_that_of_its_address_with_rows_and_files():
    shown, panel = figure("attention.cache", context_len=8192), catalogue.asked_for("attention.cache?context_len=8192").panel()
    assert shown.panel.title == panel.title and shown.rows.equals(panel.data)
    assert shown.csv == files.export(panel, "csv") and shown.json == files.export(panel, "json")
    assert isinstance(shown.figure, go.Figure) and len(shown.figure.data) == len(panel.figure.data)
    assert (
        figure("attention.cache?context_len=4096", model="llama-2-7b").panel.address == "attention.cache?model=llama-2-7b&context_len=4096"
    )


def test_what_is_done_to_a_figure_stays_with_its_user():
    shown, panel = figure("moe.intuition"), catalogue.panel("moe.intuition")
    shown.figure.update_layout(title="mine")
    rows = shown.rows
    rows["status"] = "mine"
    assert not shown.panel.figure.layout.title.text and shown.panel.data.equals(panel.data)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: figure("attention.cach"), "there is no figure attention.cach"),
        (lambda: figure("attention.cache", context=8), "attention.cache has no parameter context; it has model, "),
        (lambda: figure("attention.cache", context_len=-3), "Context length must be from 512 tokens"),
        (lambda: figure("attention.cache").save("a.gif"), "format must be one of csv, json"),
    ],
)
def test_what_cannot_be_is_one_sentence(call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call()
    assert not Path("a.gif").exists()


def test_another_attribute_is_none_that_a_notebook_would_take_for_an_output():
    with pytest.raises(AttributeError, match="a figure has no _repr_svg_; its formats are csv, json"):
        _ = figure("moe.intuition")._repr_svg_


def test_a_notebook_shows_chart_words_and_sources(browser_page):
    shown = figure("attention.cache", context_len=8192)
    browser_page.set_content(f"<style>body {{ font: 40px serif }}</style>{shown._repr_html_()}")
    frame = browser_page.frame_locator("iframe")
    frame.locator(".main-svg").first.wait_for()
    assert frame.locator("h1").inner_text() == shown.panel.title
    assert shown.panel.caption in frame.locator("main").inner_text() and "Sources" in frame.locator("main").inner_text()


def test_the_lines_in_the_readme_run(tmp_path, browser_path):
    (lines,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", lines],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "cache.pptx").stat().st_size > 10_000
