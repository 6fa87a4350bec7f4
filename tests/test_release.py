"""One version everywhere, and the command that an installation gives."""

import io
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from PIL import Image
from pptx import Presentation
from pypdf import PdfReader

from analysis import __version__
from analysis.catalogue import panel
from analysis.export import deck_file, files, gallery, report, slide
from tools import ten_papers

ROOT = Path(__file__).parents[1]


def test_citation_and_changelog_name_the_version_of_the_code():
    cited = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    released = re.search(r"^date-released: (\S+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert cited and released and cited[1] == __version__
    newest = re.search(r"^## \[?(\d+\.\d+\.\d+)\]? - (\d{4}-\d{2}-\d{2})$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest and newest.groups() == (__version__, released[1])


def test_the_project_takes_version_and_requirements_from_where_they_are_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version", "dependencies", "optional-dependencies"]
    dynamic = project["tool"]["setuptools"]["dynamic"]
    assert dynamic["version"] == {"attr": "analysis.__version__"}
    named = [dynamic["dependencies"]["file"], dynamic["optional-dependencies"]["models"]["file"]]
    assert named == ["requirements-charts.txt", "requirements-models.txt"]
    assert all("-r " not in (ROOT / name).read_text() for name in named)  # setuptools does not follow it


@pytest.fixture(scope="module")
def figure():
    return panel("moe.total_active")


@pytest.mark.parametrize("format", ["csv", "html"])
def test_a_file_of_text_names_the_version(figure, format):
    assert f"Ten Papers, Recomputed {__version__}" in files.export(figure, format).decode()


@pytest.mark.parametrize("format", ["png", "svg", "pdf"])
def test_a_picture_names_the_version(figure, format, browser_path):
    content = files.export(figure, format)
    if format == "png":
        said = Image.open(io.BytesIO(content)).text["Software"]
    else:
        said = PdfReader(io.BytesIO(content)).metadata.author if format == "pdf" else content.decode()
    assert f"Ten Papers, Recomputed {__version__}" in said


def test_slides_reports_galleries_and_decks_name_the_version(figure, browser_path):
    slides = [slide.of(figure)]
    deck = Presentation(io.BytesIO(files.export(figure, "pptx")))
    assert deck.core_properties.version == __version__
    assert f"Ten Papers, Recomputed {__version__}" in deck.slides[0].notes_slide.notes_text_frame.text
    for content in (report.report(slides), deck_file.pack(slides), gallery.index([])):
        assert f"Ten Papers, Recomputed {__version__}" in (content if isinstance(content, str) else content.decode())


def test_the_command_knows_its_parts_and_says_what_they_do(capsys):
    assert ten_papers.main(["--version"]) == 0 and capsys.readouterr().out == f"ten-papers {__version__}\n"
    assert ten_papers.main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n  {name} " in said for name in ("run", "export", "probe", "build"))
    assert ten_papers.main(["paint"]) == 2 and "usage: ten-papers" in capsys.readouterr().err
    assert ten_papers.main(["export", "--list"]) == 0 and "moe.total_active" in capsys.readouterr().out
    assert ten_papers.main(["build", "--check", "glossary"]) == 0


def test_the_command_that_opens_the_dashboard_becomes_streamlit_in_the_folder_of_the_settings(monkeypatch):
    went, asked = [], []
    monkeypatch.setattr(ten_papers.os, "chdir", went.append)
    monkeypatch.setattr(ten_papers.os, "execv", lambda program, command: asked.append((program, command)))
    ten_papers.main(["run", "--port", "8600", "--server.headless", "true"])
    assert went == [ROOT]
    options = ["--server.port", "8600", "--server.headless", "true"]
    assert asked == [(sys.executable, [sys.executable, "-m", "streamlit", "run", "pages/served/dashboard.py", *options])]


def test_without_the_dashboard_beside_it_the_command_says_how_to_install(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(ten_papers, "ROOT", tmp_path)
    assert ten_papers.main(["run"]) == 2 and "pip install -e ." in capsys.readouterr().err


@pytest.mark.slow
def test_an_editable_installation_gives_the_command(tmp_path):
    pytest.importorskip("setuptools")  # pip would fetch it
    folder = tmp_path / "ten-papers"
    for part in ("analysis", "pages", "tools"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for path in [ROOT / "pyproject.toml", ROOT / "README.md", ROOT / "LICENSE", *ROOT.glob("requirements*.txt")]:
        shutil.copy(path, folder)
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--prefix", str(tmp_path / "here"), "--editable", str(folder)]
    done = subprocess.run([sys.executable, "-m", "pip", "install", *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    command = next((tmp_path / "here").rglob("ten-papers*"))
    installed = next((tmp_path / "here").rglob("*.dist-info")).parent
    needed = next(installed.glob("*.dist-info/METADATA")).read_text()
    assert "Requires-Dist: streamlit==" in needed and re.search(r'Requires-Dist: torch==\S+; extra == "models"', needed)
    said = subprocess.run([command, "--version"], capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(folder)})
    assert said.stdout == f"ten-papers {__version__}\n", said.stderr
