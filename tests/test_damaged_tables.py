"""Every file below data/, missing or damaged: the table says which file it is and what to run, and only the pages that need it break."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from analysis import catalogue, tables
from analysis.probe import models, models_files

ROOT = Path(__file__).parents[1]
NAMES = tables.names()
DAMAGES = ("missing", "empty", "truncated", "only a header", "wrong column", "wrong type", "rubbish", "a folder")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A copy of data/ that the loader reads in place of it."""
    copy = tmp_path_factory.mktemp("damaged") / "data"
    shutil.copytree(tables.DATA, copy, ignore=shutil.ignore_patterns("probe_model"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "DATA", copy)
        yield copy


def damaged(content: bytes, table: dict, how: str) -> bytes | None:
    """The file after the damage; None where this table cannot have it."""
    if how == "empty":
        return b""
    if how == "rubbish":
        return bytes(range(256)) * 4
    numeric = [name for name, spec in table["columns"].items() if spec["type"] in ("int", "float")]
    if table["file"].endswith(".parquet"):
        return damaged_parquet(content, numeric, how)
    lines = content.decode("utf-8-sig").split("\n")
    header = lines[0].split(",")
    if how == "truncated":
        middle = next(at for at in range(len(lines) // 2, 0, -1) if "," in lines[at])
        return "\n".join([*lines[:middle], lines[middle].split(",")[0]]).encode()
    if how == "only a header":
        return (lines[0] + "\n").encode()
    if how == "wrong column":
        return "\n".join([",".join(["nonsense", *header[1:]]), *lines[1:]]).encode()
    if not numeric:
        return None
    row = ",".join("many" if name in numeric else "" for name in header)
    return "\n".join([lines[0], row, *lines[1:]]).encode()


def damaged_parquet(content: bytes, numeric: list[str], how: str) -> bytes:
    """The same for a parquet file."""
    if how == "truncated":
        return content[: len(content) // 2]
    frame = pd.read_parquet(io.BytesIO(content))
    changed = {
        "only a header": lambda: frame.iloc[:0],
        "wrong column": lambda: frame.rename(columns={frame.columns[0]: "nonsense"}),
        "wrong type": lambda: frame.astype({numeric[0]: str}) if numeric else frame.assign(**{frame.columns[0]: 1.5}),
    }
    return changed[how]().head(50).to_parquet()


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_named_with_what_to_run(name, data):
    table = tables.describe_table(name)
    path, tried = data / table["file"], 0
    content = path.read_bytes()
    for how in DAMAGES:
        changed = None if how in ("missing", "a folder") else damaged(content, table, how)
        if changed is None and how == "wrong type":
            continue  # a table of texts
        path.unlink(missing_ok=True)
        if how == "a folder":
            path.mkdir()
        elif changed is not None:
            path.write_bytes(changed)
            os.utime(path, ns=(tried, tried))  # two changes may fall into one tick of the clock
        tried += 1
        if how == "only a header" and name == "corrections":
            assert tables.load(name).empty
            continue
        with pytest.raises(tables.TableError) as caught:
            tables.load(name)
        said = str(caught.value)
        assert f"data/{table['file']}" in said and "\n" not in said, (how, said)
        assert not table["file"].startswith("derived/") or "python -m analysis.build" in said, (how, said)
        assert how not in ("missing", "a folder") or re.search(r"`(git checkout data/|python -m )", said), (how, said)
    path.rmdir()
    path.write_bytes(content)
    assert tried >= 7 and len(tables.load(name)) > 0


def test_a_table_is_not_blamed_for_the_sources(data):
    path = data / "sources.csv"
    content = path.read_bytes()
    path.write_bytes(b"nonsense\n1\n")
    for name in ("gpus", "claim_checks", "llama2_scores"):
        with pytest.raises(tables.TableError, match=r"^data/sources\.csv line 1"):
            tables.load(name)
    path.write_bytes(content)
    assert len(tables.load("gpus"))


def test_there_is_a_table_of_every_kind():
    files = {tables.describe_table(name)["file"] for name in NAMES}
    assert {Path(file).parent.as_posix() for file in files} == {".", "derived", "measured", "reported"}
    assert {Path(file).suffix for file in files} == {".csv", ".parquet"} and len(files) > 60


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"\xff\xfe",
        b"[",
        b"a = 1\n",
        b"[gpus]\n",
        b"[gpus]\nfile = 3\n",
        b'[gpus]\nfile = "gpus.csv"\n',
        b'[gpus]\nfile = "gpus.csv"\ncolumns = 3\n',
        b'[gpus]\nfile = "gpus.csv"\n[gpus.columns]\na = 3\n',
        b'[gpus]\nfile = "gpus.csv"\ncolumns_of = ["x"]\n',
        b'[gpus]\nfile = "gpus.csv"\n[gpus.columns]\na = {type = "text", about = "x"}\n',
    ],
    ids=range(12),
)
def test_a_damaged_description_is_named(content, data):
    path = data / "tables.toml"
    kept = path.read_bytes()
    try:
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(tables.TableError, match=r"data/tables\.toml"):
            tables.load("gpus")
    finally:
        path.write_bytes(kept)
    assert len(tables.load("gpus"))


@pytest.mark.models
@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("how", ["missing", "empty", "truncated", "rubbish"])
def test_a_damaged_file_of_the_bundled_model_is_named(file, how, tmp_path, monkeypatch):
    if not models.bundled_revisions():
        pytest.skip("the bundled model is not here")
    step = models.bundled_revisions()[-1]
    shutil.copytree(models.FOLDER / step, tmp_path / step)
    for path in models.FOLDER.glob("*.json"):
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(models, "FOLDER", tmp_path)
    path = tmp_path / file if file == "tokenizer.json" else tmp_path / step / file
    content = path.read_bytes()
    path.unlink()
    if how != "missing":
        path.write_bytes({"empty": b"", "truncated": content[: len(content) // 2], "rubbish": bytes(range(256))}[how])
    if file == "model.safetensors" and how == "missing":
        assert models.bundled_revisions() == []
        return
    if file == "tokenizer.json" and how != "missing":
        return  # read by transformers, in tests/test_probe_models.py
    with pytest.raises(ValueError, match=r"^model: .*(bundled)") as caught:
        models_files.check(tmp_path / step, tmp_path, "bundled")
    assert {"config.json": "config.json", "model.safetensors": "model.safetensors", "tokenizer.json": "tokenizer"}[file] in str(
        caught.value
    )


OPEN_PAGES = """
import json, shutil, sys
from pathlib import Path
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from analysis import tables
copy, kind = Path(sys.argv[1]), sys.argv[2]
tables.DATA = copy
for file in {tables.describe_table(name)["file"] for name in tables.names()}:
    if kind == "derived" and file.startswith("derived/"):
        (copy / file).unlink()
    if kind == "tables" and "/" not in file:
        (copy / file).write_text("nonsense\\n1\\n")
    if file == kind:
        (copy / file).write_bytes(b"PAR1")
if kind == "tables.toml":
    (copy / kind).unlink()
# From a script without a folder of pages beside it: a page is then opened by the navigation, as in a browser, and not by itself.
app = AppTest.from_string("from pages.components.start import start\\nstart()", default_timeout=120).run()
said = {}
for page in sys.argv[3:]:
    app._page_hash = calc_hash("" if page == "overview" else page)
    app.run()
    charts = [item for item in app.get("bidi_component") if item.proto.component_name == "panel_chart"]
    grids = [json.loads(item.proto.json)["cards"] for item in app.get("bidi_component") if item.proto.component_name == "cards"]
    charts += [card for grid in grids for card in grid if "pictures" in card]
    problems = [card["problem"] for grid in grids for card in grid if "problem" in card]
    said[page] = {"errors": [item.value.replace("\\\\", "") for item in app.error] + problems, "charts": len(charts),
                  "exceptions": [f"{item.message} {item.stack_trace[-1:]}" for item in app.exception], "titles": len(app.title)}
print(json.dumps(said))
"""
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py") if path.stem != "overview")


def opened(kind: str, folder: Path, pages: list[str]) -> dict:
    """What pages show, opened by a fresh Python with damaged data."""
    shutil.copytree(tables.DATA, folder / "data")
    command = [sys.executable, "-c", OPEN_PAGES, str(folder / "data"), kind, *pages]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"DECKS": str(folder), "PROBE_RUNS": str(folder)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_without_derived_files_pages_say_what_to_run_and_the_others_are_as_they_were(tmp_path):
    said = opened("derived", tmp_path, ["overview", *PAGES])
    assert {page: shown["exceptions"] for page, shown in said.items() if shown["exceptions"]} == {}
    broken = {page for page, shown in said.items() if shown["errors"]}
    for page in broken:
        assert all("data/derived/" in error and "`python -m analysis.build`" in error for error in said[page]["errors"]), page
    assert {"pythia", "term_frequency", "judges", "preference", "claims"} <= broken
    assert not broken & {"attention", "benchmarks", "convnets_vits", "deck", "memory", "moe", "segment_anything", "sources", "video"}
    assert said["overview"]["charts"] >= 4  # a card whose figure needs a file says so; the others are drawn
    assert all(shown["charts"] for page, shown in said.items() if page not in broken | {"deck", "sources"})


@pytest.mark.slow
def test_with_every_source_table_damaged_no_page_shows_an_exception(tmp_path):
    said = opened("tables", tmp_path, ["overview", *PAGES])
    assert {page: shown["exceptions"] for page, shown in said.items() if shown["exceptions"]} == {}
    for page, shown in said.items():
        assert all(re.search(r"data/\S+\.csv", error) for error in shown["errors"]), page
    assert {page for page, shown in said.items() if not shown["errors"]} <= {"deck"}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "needs"), [("derived/judge_verdicts.parquet", "judges"), ("tables.toml", "sources")])
def test_one_damaged_file_is_named_on_the_pages_that_need_it(kind, needs, tmp_path):
    others = ["compute", "memory"] if kind != "tables.toml" else []
    said = opened(kind, tmp_path, [needs, *others])
    assert not any(shown["exceptions"] for shown in said.values())
    assert any(f"data/{kind}" in error for error in said[needs]["errors"])
    assert not any(said[page]["errors"] for page in others)


WATCH_PAGES = """
import json, sys
from pathlib import Path
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from analysis import tables
tables.DATA, read, watch = Path(sys.argv[1]), set(), tables._watch
tables._watch = lambda path: (read.add(path), watch(path))[1]
app = AppTest.from_string("from pages.components.start import start\\nstart()", default_timeout=120).run()
said, tried = {}, set()
for page in sys.argv[2:]:
    app._page_hash = calc_hash("" if page == "overview" else page)
    app.run()
    read.clear()
    app.run()
    shared = ("corrections.csv", "sources.csv")
    files = [path for path in read if path.suffix in (".csv", ".parquet")]
    files = sorted(files, key=lambda path: (path in tried, path.name in shared, path))
    fine = not app.error and not app.exception
    for path in files[:1] + [path for path in files[1:] if path not in tried]:
        content = path.read_bytes()
        path.write_bytes(b"nonsense\\n1\\n")
        app.run()
        words = [item.value.replace("\\\\", "") for item in (*app.error, *app.warning)] + [item.message for item in app.exception]
        grids = [json.loads(item.proto.json)["cards"] for item in app.get("bidi_component") if item.proto.component_name == "cards"]
        words += [card["problem"] for grid in grids for card in grid if "problem" in card]
        said[f"{page}: {path.relative_to(tables.DATA).as_posix()}"] = words
        path.write_bytes(content)
        tried.add(path)
    app.run()
    said[f"{page}: afterwards"] = [] if fine and not app.error and not app.exception else ["still broken"]
print(json.dumps(said))
"""


@pytest.mark.slow
def test_a_table_damaged_while_the_server_runs_is_named_at_the_next_run_of_every_page_that_reads_it(tmp_path):
    shutil.copytree(tables.DATA, tmp_path / "data", ignore=shutil.ignore_patterns("probe_model"))
    done = subprocess.run(
        [sys.executable, "-c", WATCH_PAGES, str(tmp_path / "data"), *PAGES, "overview"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"DECKS": str(tmp_path), "PROBE_RUNS": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    tried = {name: words for name, words in said.items() if not name.endswith("afterwards")}
    assert len(tried) >= 45 and {name.split(":")[0] for name in tried} >= {*PAGES, "overview"} - {"deck"}
    assert [name for name, words in tried.items() if name.split(": ")[1] not in " ".join(words)] == []
    assert [name for name, words in said.items() if name.endswith("afterwards") and words] == []


def test_without_the_table_of_terms_charts_are_drawn_and_have_no_help(data):
    content = (data / "terms.csv").read_bytes()
    (data / "terms.csv").write_bytes(b"nonsense")
    assert catalogue.panel("attention.mask").title and not catalogue.figure("attention.mask").kinds()["window"].help
    (data / "terms.csv").write_bytes(content)
    assert catalogue.figure("attention.mask").kinds()["window"].help
