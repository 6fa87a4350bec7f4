"""Every page opens, every control moves to both ends, and a link restores what it says."""

import functools
import json
import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import streamlit as st
from streamlit import config
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from analysis import catalogue
from analysis.charts.parameters import Quantity
from pages.components import controls, panel, places
from pages.components.registry import ENTRIES, PAGES, entry

ROOT = Path(__file__).parents[1]
STEMS = [entry.stem for entry in ENTRIES]
WITH_CHARTS = [stem for stem in STEMS if stem not in ("overview", "claims", "deck", "sources")]
FIGURES = catalogue.figures()
# Controls that start long work or wait for a file of the reader's; each has a test of its own.
LEFT_ALONE = {"probe_probe"}
PUBLIC_NAMES = ROOT / "tests" / "public_names.txt"
PARAMETER = re.compile(r'(?:controls\.\w+\(|sections\.show\(|st\.query_params\[)\s*"(\w+)"')
# Every AppTest reads the metadata of all installed packages to find components for Streamlit, which takes ten times as long as a page.
# A server does so once, and so do the tests.
manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)


def open_page(stem: str, **parameters: str | list[str]) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    for name, value in parameters.items():
        app.query_params[name] = value
    if stem != STEMS[0]:
        app.switch_page(f"pages/{stem}.py")
    return app.run()


def fine(app: AppTest) -> bool:
    assert not app.exception, [item.value for item in app.exception]
    assert not app.error, [item.value for item in app.error]
    return True


def charts(app: AppTest) -> list[dict]:
    """What the charts of a page were given: title, caption, alt and figure, as pages/components/chart.py names them."""
    given = [json.loads(element.proto.json) for element in app.get("bidi_component") if element.proto.component_name == "panel_chart"]
    words = ("title", "caption", "notes")  # on the page, numbers and their units stay on one line
    return [
        chart | {"figure": json.loads(chart["figure"])} | {name: chart[name].replace("\xa0", " ") for name in words}
        for chart in given
        if "figure" in chart
    ]


def cards(app: AppTest) -> list[list[dict]]:
    """What each grid of cards was given, as pages/components/cards.py names it."""
    return [json.loads(element.proto.json)["cards"] for element in app.get("bidi_component") if element.proto.component_name == "cards"]


def titles(app: AppTest) -> list[str]:
    """The titles of the charts of a page."""
    return [chart["title"] for chart in charts(app)]


# Numbers in the first lines of a page that are names or the size of a data set, and no finding that a setting or a table could change.
MEANT = re.compile(r"GPT-4|Emu Video|\b50B\b|\(v0\)|\b70M\b|16 models|27 checkpoints|CO₂")


@pytest.mark.parametrize("stem", STEMS)
def test_every_page_opens_with_its_name_its_question_and_a_first_line_without_a_finding(stem):
    app = open_page(stem)
    assert fine(app)
    head = unescape(next(element.value for element in app.markdown if element.value.startswith("# ")))
    title, question, lead = re.fullmatch(r"# ([^\n]+)\n\*\*([^*]+)\*\* (.+)", head).groups()
    assert title == entry(stem).title and question.endswith("?") and 40 < len(lead) < 160
    assert not re.search(r"\d", MEANT.sub("", lead))


def open_sections(stem: str) -> list[AppTest]:
    """The page once for each of its sections, with that section open; a page of the house has none and opens as it is."""
    app = open_page(stem)
    return [open_page(stem, section=key) for key in app.session_state["sections"]] if stem in WITH_CHARTS else [app]


@functools.cache
def at_defaults(stem: str) -> dict[str, AppTest]:
    """The page once for each of its sections, by the section's key: to be looked at and not moved."""
    return {key: open_page(stem, section=key) for key in open_page(stem).session_state["sections"]}


@pytest.mark.parametrize("stem", WITH_CHARTS)
def test_every_slider_can_stand_at_both_ends(stem):
    for app in open_sections(stem):
        keys = [slider.key for slider in app.slider]
        for ends in (("min", "max"), ("max", "min")) if keys else ():  # all at one end are tried by their addresses below
            for number, key in enumerate(keys):  # all at once, for a run of the page each would take minutes
                if slider := next((slider for slider in app.slider if slider.key == key), None):
                    slider.set_value(getattr(slider, ends[number % 2]))
            app.run()
            assert fine(app), (keys, ends)


@pytest.mark.parametrize("stem", WITH_CHARTS)
def test_every_quantity_can_stand_at_both_ends(stem):
    for section, app in at_defaults(stem).items():
        kinds = {name: kind for panel in app.session_state["panels"] for name, kind in FIGURES[panel].kinds().items()}
        quantities = {name: kind for name, kind in kinds.items() if isinstance(kind, Quantity)}
        for end in ("low", "high") if quantities else ():
            app = open_page(stem, section=section, **{name: kind.key(getattr(kind, end)) for name, kind in quantities.items()})
            assert fine(app) and not app.warning and charts(app), (section, end)


@functools.cache
def walked(stem: str) -> tuple[int, set[str]]:
    """Every choice and every switch of a page is moved: how often, and the names under which its controls stand in the address."""
    tried, names = 0, set()
    for app in open_sections(stem):
        names |= parameters(app)
        boxes = {box.key: (box.options[0], box.options[-1]) for box in app.selectbox if box.key not in LEFT_ALONE and box.options}
        groups = {
            group.key: [option.content if hasattr(option, "content") else option for option in group.options]
            for group in app.button_group
            if group.key not in LEFT_ALONE and not group.key.endswith(":section")
        }
        for turn in range(max(map(len, [*boxes.values(), *groups.values()]), default=0)):
            for box in [box for box in app.selectbox if box.key in boxes]:
                if (option := boxes[box.key][turn % 2]) in box.options:
                    box.select(option)
            for group in [group for group in app.button_group if group.key in groups]:
                group.set_value(groups[group.key][turn % len(groups[group.key])])
            app.run()
            assert fine(app), turn
            tried, names = tried + 1, names | parameters(app)
    return tried, names


def parameters(app: AppTest) -> set[str]:
    """The names under which the controls that are on the page stand in the address."""
    kinds = (app.toggle, app.button_group, app.selectbox, app.multiselect, app.slider, app.select_slider, app.number_input, app.text_input)
    return {widget.proto.query_param_key for kind in kinds for widget in kind} - {""}


@pytest.mark.parametrize("stem", WITH_CHARTS)
def test_every_choice_and_every_switch_works(stem):
    assert walked(stem)[0]


def written(stem: str) -> set[str]:
    """Names of parameters as they are written in the files of a page; some controls come only with a file or after a run."""
    files = [PAGES / f"{stem}.py", *(PAGES / "components").glob(f"{stem}_*.py")]
    return {name for file in files for name in PARAMETER.findall(file.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("stem", STEMS)
def test_the_parameters_of_links_have_the_names_that_they_always_had(stem):
    lines = PUBLIC_NAMES.read_text(encoding="utf-8").split()
    public = {line.partition("?")[2] for line in lines if line.startswith(f"{stem}?")}
    found = walked(stem)[1] | written(stem)
    assert found == public, (
        f"a renamed parameter breaks links; add an alias or change {PUBLIC_NAMES.name} on purpose. "
        f"Only on the page {stem}: {sorted(found - public)}; only in the file: {sorted(public - found)}"
    )


def test_no_two_pages_share_the_name_of_a_parameter_and_none_is_of_a_page_that_is_gone():
    lines = [line for line in PUBLIC_NAMES.read_text(encoding="utf-8").split() if "." not in line.partition("?")[0]]
    pages, _, names = zip(*(line.partition("?") for line in lines), strict=True)
    assert set(pages) <= set(STEMS)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("stem", WITH_CHARTS)
def test_every_section_shows_charts_each_with_an_accessible_sentence(stem):
    shown = []
    for app in at_defaults(stem).values():
        assert fine(app)
        assert 1 <= len(charts(app)) <= 4
        shown += charts(app)
    assert len(shown) >= 3
    for chart in shown:
        assert chart["alt"].endswith(".") and len(chart["alt"]) > 30


def test_the_front_page_shows_ten_questions_and_ten_papers_each_with_its_figure():
    app = open_page("overview")
    assert fine(app)
    questions, papers = (given for given in cards(app) if any("pictures" in card for card in given))
    assert len(questions) == len(papers) == 10
    for card in [*questions, *papers]:
        assert card["alt"].endswith(".") and json.loads(card["pictures"]["dark"]["figure"])["data"] and card["lead"]
    assert all(card["title"].endswith("?") for card in questions)
    answers = {card["title"]: card["lead"] for card in questions}  # one press away, and said on the card
    for question, answer in (
        ("What does Mixtral's mixture of experts cost?", "Mixtral 8x7B"),
        ("Does QLoRA of a 7B model fit on my 24 GB GPU?", "QLoRA of Llama 2 7B"),
        ("Is deduplication useful?", "Dedup"),
        ("Mistral 7B or Llama 2 13B?", "Mistral 7B"),
        ("How many tokens for a 3B model?", "3 B parameters"),
    ):
        assert answer in answers[question].replace("\xa0", " "), answers[question]
    assert not app.get("fragment") or not charts(app)  # no chart and no row of buttons on a card


@pytest.mark.parametrize("threshold", ["0.0001", "1"])
def test_another_threshold_fits_anew(threshold):
    app = open_page("scaling", section="fit", huber_threshold=threshold)
    assert fine(app) and len(charts(app)) == 2
    assert app.session_state["panels"]["scaling.constants"].settings["Huber delta"] == threshold


def test_whole_numbers_over_thousands_have_commas_on_sliders_and_none_in_the_address():
    app = open_page("judges", n_orderings="2500")
    slider = app.select_slider(key="judges/tournament/judges.elo:n_orderings")
    assert fine(app) and not app.warning and slider.value == 2500 and any(option.startswith("2,500") for option in slider.options)
    assert app.session_state["links"]["judges"]["n_orderings"] == ["2500"]
    assert open_page("compute").slider(key="compute/budget/compute.budget:mfu").proto.format == "percent"
    app = open_page("attention", context_len="131072")
    slider = app.select_slider(key="attention/cache/attention.cache:context_len")
    assert fine(app) and not app.warning and slider.value == 131_072 and "131,072 tokens" in slider.options


def test_a_link_restores_the_controls():
    app = open_page("compute", section="gpus", mfu="0.55", law="deepseek2024", n_gpus="64", train_days="10")
    assert fine(app)
    place = "compute/gpus/compute.from_gpus"
    assert app.slider(key=f"{place}:mfu").value == 0.55
    assert app.selectbox(key="compute/gpus:law").value == "deepseek2024"
    assert app.select_slider(key=f"{place}:n_gpus").value == 64
    assert app.select_slider(key=f"{place}:train_days").value == 10
    assert not app.warning


@pytest.mark.parametrize(
    ("stem", "parameter", "value", "named"),
    [
        ("scaling", "train_flops", "99", "99"),
        ("scaling", "train_flops", "many", "many"),
        ("scaling", "train_flops", "nan", "nan"),
        ("scaling", "laws", "Nobody 1999", "Nobody"),
        ("scaling", "level", "101%", "101"),
        ("compute", "n_gpus", "-5", "5"),
        ("compute", "gpu", "<script>alert(1)</script>", "script"),
    ],
)
def test_a_bad_value_in_a_link_falls_back_with_a_note(stem, parameter, value, named):
    app = open_page(stem, **{parameter: value})
    assert not app.exception and not app.error
    assert len(app.warning) == 1
    assert named in app.warning[0].value and "; showing " in app.warning[0].value
    assert "<script>" not in app.warning[0].value.replace("\\<", "")


def test_a_value_beyond_the_bounds_is_noted_and_the_nearer_one_shown():
    app = open_page("scaling", train_flops="99")
    assert "must be from 10¹⁸ FLOP" in app.warning[0].value and titles(app)[0].startswith("At 10¹⁸ FLOP")


def test_every_link_of_a_claim_and_of_the_overview_opens_what_it_says():
    from analysis import tables
    from analysis.overview import figures as overview_figures

    links = [places.of_address(address) for address in tables.load("claims")["figure"] if address]
    links += [link for paper in overview_figures.PAPERS for link in paper[2]]
    links = sorted({link for link in links if not link.endswith("?") and "?" in link})
    assert len(links) > 20
    for link in links:
        stem, _, query = link.partition("?")
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        app = open_page(stem, **asked)
        assert fine(app) and not app.warning, link
        if "scenario" in app.session_state and set(asked) - {"section"} <= set(app.session_state["scenario"]):
            continue
        drawn = {widget.key for kind in (app.selectbox, app.button_group, app.slider, app.select_slider) for widget in kind}
        assert set(asked) <= drawn, link


@pytest.mark.parametrize(("base", "seen"), [("", "http://localhost:8501"), ("/papers/", "http://localhost:8501/papers")])
def test_links_to_this_server_hold_its_base_path(base, seen, monkeypatch):
    known = config.get_option
    monkeypatch.setattr(config, "get_option", lambda name: base if name == "server.baseUrlPath" else known(name))
    for page in ("", "/memory"):
        monkeypatch.setattr(type(st.context), "url", property(lambda _, page=page: f"{seen}{page}"))
        assert controls.server_origin() == seen
        assert controls.address("scaling", {"scaling": {"c": ["21.5"]}}) == f"{seen}/scaling?c=21.5"
    monkeypatch.setattr(type(st.context), "url", property(lambda _: None))
    assert controls.server_origin() == ""


def test_addresses_hold_every_parameter_and_nothing_else():
    links = {"scaling": {"c": ["21.5"], "laws": ["Kaplan 2020", "DeepSeek 2024"]}, "compute": {"mfu": ["50"]}}
    address = controls.address("scaling", links, origin="http://localhost:8501")
    parts = urlsplit(address)
    assert (parts.netloc, parts.path) == ("localhost:8501", "/scaling")
    assert parse_qs(parts.query) == {"c": ["21.5"], "laws": ["Kaplan 2020", "DeepSeek 2024"]}


def test_only_changed_controls_are_kept_for_the_link():
    app = open_page("scaling")
    key = "scaling/laws/scaling.tokens_per_param:train_flops"
    assert app.session_state["links"]["scaling"] == {}
    app.select_slider(key=key).set_value(1e20).run()
    assert app.session_state["links"]["scaling"] == {"train_flops": ["1e20"]}
    app.button(key="scaling/laws:reset-all").click().run()
    assert app.session_state["links"]["scaling"] == {} and app.select_slider(key=key).value == 5.8e23


@pytest.mark.parametrize("table", ["chinchilla_runs.csv", "gpus.csv", "scaling_laws.csv"])
def test_a_damaged_table_breaks_only_the_pages_that_need_it(table, tmp_path, monkeypatch):
    import shutil

    from analysis import tables

    copy = tmp_path / "data"
    shutil.copytree(tables.DATA, copy)
    (copy / table).write_text("nonsense\n1\n", encoding="utf-8")
    monkeypatch.setattr(tables, "DATA", copy)
    needing = {"chinchilla_runs.csv": "scaling", "gpus.csv": "compute", "scaling_laws.csv": "scaling"}[table]
    broken = open_page(needing)
    said = " ".join([item.value for item in broken.error] + [item.message for item in broken.exception])
    assert table in said.replace("\\", "") and "line 1" in said
    assert fine(open_page("deck"))
    overview = open_page("overview")  # a card whose figure needs the table says so; the others are drawn
    shown = [card for given in cards(overview) for card in given if "pictures" in card or "problem" in card]
    assert not overview.exception and sum("pictures" in card for card in shown) >= 10
    assert all(table in card["problem"] for card in shown if "problem" in card)


def test_the_sources_show_the_message_of_a_damaged_table_as_it_stands(monkeypatch):
    from analysis import tables

    def damaged(name):
        raise tables.TableError("a_table.csv, line 2, _value_: *12* is not a number")

    monkeypatch.setattr(tables, "describe", damaged)
    app = open_page("sources")
    assert not app.exception and [item.value for item in app.error] == ["a\\_table.csv, line 2, \\_value\\_: \\*12\\* is not a number"]


def test_a_pressed_button_makes_a_file_or_a_sentence(monkeypatch):
    from pages.components import footer

    app = open_page("scaling")
    figure = app.session_state["panels"]["scaling.tokens_per_param"]
    made = panel.made(figure, "csv", "http://localhost/scaling")
    assert made["name"] == "scaling-tokens_per_param.csv" and made["mime"] == "text/csv" and len(made["base64"]) > 1000
    monkeypatch.setattr(panel.files, "export", lambda *_, **__: (_ for _ in ()).throw(ValueError("no room on the disk")))
    assert panel.made(figure, "csv", "")["problem"] == "CSV could not be made: no room on the disk"
    assert footer.file_answer("a", "b", b"c")["id"] != footer.file_answer("a", "b", b"c")["id"]


def test_an_editable_chart_that_would_say_something_else_is_a_sentence_and_no_file():
    band = panel.made(catalogue.panel("scaling.tokens_per_param"), panel.EDITABLE, "")
    assert band["problem"] == "This figure has no editable chart. The band would become two thin lines. PPTX holds it as a picture."
    assert panel.made(catalogue.panel("moe.build"), panel.EDITABLE, "")["name"] == "moe-build.pptx"


def shown_tables(app: AppTest) -> list[dict]:
    return [json.loads(element.proto.json) for element in app.get("bidi_component") if element.proto.component_name == "panel_table"]


def test_a_table_is_made_only_while_it_is_open_and_holds_the_rows_of_the_csv():
    import io

    import pandas as pd

    from analysis.export import files

    app = open_page("scaling")
    assert not shown_tables(app)
    assert "data" not in vars(app.session_state["panels"]["scaling.tokens_per_param"])  # whose rows have not been put together
    app.session_state["open_table"] = {"scaling.tokens_per_param"}
    (table,) = shown_tables(app.run())
    shown = app.session_state["panels"]["scaling.tokens_per_param"]
    rows = pd.read_csv(io.BytesIO(files.export(shown, "csv")), comment="#")
    assert table["caption"] == f"{len(rows)} rows, as in the CSV. Numbers to 6 digits." and len(table["rows"]) == len(rows) > 100
    assert table["columns"] == list(rows) and "status" in rows
    for at, name in enumerate(table["columns"]):
        cells = [row[at] for row in table["rows"]]
        assert [cell == "" for cell in cells] == rows[name].isna().tolist()
        for cell, value in zip(cells, rows[name], strict=True):
            if cell:
                assert (float(cell) == pytest.approx(value, rel=1e-5)) if table["numbers"][at] else cell == str(value)


def test_steps_are_made_only_while_they_are_open_and_follow_the_settings(monkeypatch):
    from pages.components import explain

    asked, real = [], explain.explain
    monkeypatch.setattr(explain, "explain", lambda panel: asked.append(panel.name) or real(panel))
    app = open_page("memory", section="bits")
    assert not asked and not any("$$" in one.value for one in app.markdown)
    app.session_state["open_explain"] = {"memory.bits"}
    app = app.run()
    (steps,) = [one.value for one in app.markdown if "$$" in one.value]
    assert asked == ["memory.bits"] and r"4 + \frac{8}{64} + \frac{32}{64 \cdot 256}" in steps and r"&= 4.12695\ \text{bits}" in steps
    app = open_page("memory", section="bits", quant_block_size="32")
    app.session_state["open_explain"] = {"memory.bits"}
    assert any(r"\frac{8}{32}" in one.value for one in app.run().markdown)


def test_of_a_long_table_the_first_rows_are_shown_and_counted():
    app = open_page("preference", section="loss")
    app.session_state["open_table"] = {"preference.loss"}
    (table,) = shown_tables(app.run())
    assert len(table["rows"]) == 500
    assert table["caption"] == "First 500 of 605 rows; all are in the CSV. Numbers to 6 digits."


def test_an_old_link_to_the_fit_with_torch_opens_the_page_as_it_is():
    app = open_page("scaling", engine="the worker (torch)", level="80%")
    assert fine(app) and not app.success and len(app.warning) == 1 and "engine" in app.warning[0].value and not app.info
    assert titles(app) == titles(open_page("scaling", level="80%"))


def test_own_runs_are_fitted_and_bad_rows_reported_by_line():
    import numpy as np

    from analysis.scaling.chinchilla import ScalingLaw

    rng = np.random.default_rng(0)
    N, D = 10 ** rng.uniform(8, 10, 60), 10 ** rng.uniform(9, 11, 60)
    loss = ScalingLaw(E=1.8, A=480.0, B=2100.0, alpha=0.35, beta=0.37).loss(N, D)
    lines = ["N,D,loss", *(f"{n},{d},{value}" for n, d, value in zip(N, D, loss, strict=True)), "1e9,minus five,2.0"]
    app = open_page("scaling", training_runs="own")
    assert any("Choose a file" in item.value for item in app.info)
    app.file_uploader[0].upload("runs.csv", "\n".join(lines).encode(), "text/csv").run()
    assert fine(app)
    assert any("60 runs" in item.value and "converged" in item.value for item in app.success)
    assert any("line 62" in item.value and "minus five" in item.value for item in app.text)


def test_a_file_that_is_no_table_is_refused_in_one_sentence():
    app = open_page("scaling", training_runs="own")
    app.file_uploader[0].upload("runs.csv", b"\x00\x01\x02", "text/csv").run()
    assert not app.exception
    assert len(app.error) == 1 and "NUL bytes" in app.error[0].value
