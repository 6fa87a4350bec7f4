"""Every panel: a valid figure, complete data, and words that say what it found."""

import base64
import json

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from analysis import catalogue, gpus, tables
from analysis.charts.explained import explanation
from analysis.charts.panel import Panel
from analysis.charts.plain import as_plain
from analysis.compute.data import published_models
from analysis.compute.figures import FromRun, bill
from analysis.scaling import chinchilla
from analysis.scaling import data as scaling_data

CATALOG = catalogue.catalogue()


def check_validity(panel):
    """Pages skip Plotly's own validation for speed (analysis.charts.style.figure), and send numbers their own way."""
    checked = go.Figure(panel.figure.to_plotly_json())
    assert len(checked.data) >= 1
    assert checked.layout.xaxis.title.text is not None
    assert as_plain(panel.figure) == plain_values(json.loads(panel.figure.to_json()))


def plain_values(value):
    """Plotly's JSON with its encoded arrays as lists."""
    if isinstance(value, dict) and "bdata" in value:
        array = np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"])
        rows = array.reshape([int(size) for size in value["shape"].split(",")]) if "shape" in value else array
        return plain_values(rows.tolist())
    if isinstance(value, dict):
        return {key: plain_values(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain_values(item) for item in value]
    return None if isinstance(value, float) and np.isnan(value) else value


def check_looks(panel):
    """Marks look like what they are: reported values are markers, computed ones lines, what-ifs dashed, intervals bands."""
    for trace in panel.figure.data:
        role = trace.meta["role"]
        if trace.type != "scatter":
            continue
        if trace.mode == "lines":
            assert role != "what_if" or trace.line.dash == "dash"
            assert role != "computed" or trace.line.dash in ("solid", "dot")
            assert role != "band" or trace.line.width == 0
        assert role != "reported" or "markers" in trace.mode


def check_rows(panel):
    """The data say of every row what it is, and of reported ones where they are from."""
    data = panel.data
    assert len(data) >= 5
    if (data["status"] == "reported").any():
        assert "source" in data
    for cell in data["source"].dropna() if "source" in data else ():
        for source_id in str(cell).split(";"):
            assert not source_id or tables.source(source_id)["title"]


@pytest.mark.parametrize("name", CATALOG)
def test_a_panel_is_whole(name):
    panel = CATALOG[name]()
    check_validity(panel)
    check_looks(panel)
    check_rows(panel)
    assert panel.name == name and panel.sources
    assert len(panel.settings) == len(catalogue.figure(name).kinds())
    assert ">>>" not in explanation(panel) and len(explanation(panel)) > 60


@pytest.fixture(scope="module")
def panels():
    return {name: CATALOG[name]() for name in ("scaling.tokens_per_param", "scaling.contours", "scaling.residuals")}


def test_hollow_markers_are_exactly_the_unverified_models(panels):
    models = published_models()
    trace = next(t for t in panels["scaling.tokens_per_param"].figure.data if t.name == "published models")
    hollow = {text for text, symbol in zip(trace.text, trace.marker.symbol, strict=True) if symbol.endswith("-open")}
    shown = models.dropna(subset=["computed_flops", "tokens_per_param"])
    assert hollow == set(shown.loc[shown["verified"] == 0, "model"]) and len(shown) >= 25


def test_the_finding_of_the_scaling_page_is_18_to_93(panels):
    assert "between 18 and 93 tokens per parameter" in panels["scaling.tokens_per_param"].title


def test_the_contours_hold_their_loss(panels):
    law, _ = scaling_data.released_fit(5)
    data = panels["scaling.contours"].data
    lines = data[data["series"].str.startswith("loss ")]
    assert lines["series"].nunique() >= 5
    assert law.loss(lines["n_params"], lines["n_tokens"]) == pytest.approx(lines["loss"], rel=1e-6)


def test_the_band_is_the_percentile_of_the_resamples(panels):
    law, resamples = scaling_data.released_fit(5)
    data = panels["scaling.tokens_per_param"].data
    band = data[data["status"] == "uncertain"].iloc[10]
    ratios = [
        float(chinchilla.tokens_per_param(chinchilla.ScalingLaw(**row), band["train_flops"]))
        for row in resamples[list(chinchilla.CONSTANTS)].iloc[:4000].to_dict("records")
    ]
    assert (band["tokens_per_param_low"], band["tokens_per_param_high"]) == pytest.approx(
        tuple(np.percentile(ratios, [2.5, 97.5])), rel=1e-6
    )


def test_the_residuals_are_not_all_of_one_sign(panels):
    residual = panels["scaling.residuals"].data["residual"]
    assert 0.3 < (residual > 0).mean() < 0.7


def test_bloomberggpt_as_a_published_run_is_named_in_the_title():
    panel = FromRun(published_run="bloomberggpt-50b").panel()
    assert "BloombergGPT 50B" in panel.title and "× the compute-optimal size" in panel.title


def test_laws_without_a_loss_still_make_a_bill():
    from analysis.compute import costs

    laws = scaling_data.published()
    cost = costs.cost_of(1e23, gpus.gpu("a100_80gb"), 512, 0.4, kg_co2_per_kwh=0.4)
    rows = bill(1e23, 1e10, 1e12, laws["deepseek2024"], pd.DataFrame(), cost, 512, 0.95)
    assert "gives none" in rows.set_index("quantity").loc["expected loss (nats per token)", "value"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "Scaling"}, "topic.figure"),
        ({"title": " "}, "title"),
        ({"parts": [{"x": [1]}]}, "status"),
        ({"parts": [{"status": ["guessed"]}]}, "guessed"),
    ],
)
def test_a_panel_without_its_parts_is_refused(change, sentence):
    whole = {
        "name": "topic.figure",
        "title": "A finding",
        "figure": go.Figure(),
        "parts": [{"status": ["computed"]}],
        "caption": "What is drawn.",
        "alt": "The finding.",
    }
    with pytest.raises(ValueError, match=sentence):
        _ = Panel(**{**whole, **change}).data


def test_one_panel_is_found_by_its_name_and_an_unknown_one_refused():
    assert catalogue.panel("scaling.residuals").name == "scaling.residuals"
    for name in ("scaling.nothing", "nothing.at_all"):
        with pytest.raises(ValueError, match="there is no figure"):
            catalogue.panel(name)
