"""The article's statements and the verdicts on them."""

import csv
import functools
import itertools
import re
import shutil
from collections.abc import Callable

import pandas as pd
import pytest

from analysis import catalogue, tables
from analysis.build import claims
from analysis.charts.panel import Panel
from analysis.claims import data as claims_data
from analysis.claims import figures as claims_figures
from analysis.claims import shown, verdicts
from pages.components import places
from tests.test_pages import cards, charts, fine, open_page, titles

# Statements that earlier readers of the article checked by hand: id and what must come out.
KNOWN = {
    "mistral-swa-range": "45,905",
    "mixtral-total": "46.7 B",
    "mixtral-active": "12.9 B",
    "dpo-zephyr": "7.34 against 6.86",
    "mistral-beats-13b": "loses 1",
    "mixtral-llama2": "loses 3",
    "bloomberg-gpt3-ratio": "1.9 times",
    "pythia-term-frequency": "0.90",
    "qlora-slower": "1.12 to 1.50 times",
    "qlora-parity": "53.1 with QLoRA, 53.0",
    "zephyr-best-7b": "Zephyr 7B 7.34, then Mistral 7B Instruct 6.84",
    "mixtral-instruct": "Mixtral 8x7B Instruct 8.3 ",
    "bloomberg-millions": "$2.67 million",
    "phi-sizes": "phi-1 1.42 B, phi-1.5 1.42 B, phi-2 2.78 B",
    "pythia-dedup": "without WSC",
    "llama2-rlhf": "one by 11 points",
    "qlora-65b-48gb": "A100 SXM4 40 GB and A100 SXM4 80 GB",
    "bloomberg-chinchilla": "1.3 to 2.2 times",
    "mistral-size": "7.24 B",
    "phi2-mistral": "0.38",
}


@pytest.fixture(scope="module")
def checks() -> pd.DataFrame:
    return claims.claim_checks().set_index("id")


def test_every_published_verdict_rests_on_a_check_or_on_what_a_source_says(checks):
    published, facts = tables.load("claims").set_index("id"), tables.load("claim_facts")
    assert checks["verdict"].to_dict() == published.loc[checks.index, "verdict"].to_dict() and len(checks) >= 40
    told = set(published.index) - set(checks.index)
    assert told <= set(facts["claim"]) <= set(published.index) and len(told) >= 20
    assert (published.loc[list(told), "how"] == "restated").all()
    assert (facts["verified"] > 0).all()  # nothing from memory decides a verdict


def test_how_a_verdict_was_reached_is_said_in_one_of_three_words_and_counted():
    panel = claims_figures.Verdicts().panel()
    held = claims_data.stored()
    held = held[held["verdict"].isin(verdicts.CHECKED)]
    for key, (word, _) in verdicts.HOW.items():
        assert f"{(held['how'] == key).sum()} {word}" in panel.caption
    one = claims_figures.Verdicts(how="printed")
    assert set(one.rows()["how"]) == {"printed"} and "recomputed" not in one.panel().caption


def test_the_stored_findings_are_the_recomputed_ones(checks):
    stored = tables.load("claim_checks").set_index("id")
    assert stored["found"].to_dict() == checks["found"].to_dict()


@pytest.mark.parametrize(("claim", "words"), KNOWN.items())
def test_the_known_numbers_come_out(checks, claim, words):
    assert words in checks.loc[claim, "found"]


IN_WORDS = {
    "dpo-simplicity": "its title writes out how many models PPO and DPO keep",
    "mistral-gqa": "that a model groups its heads is no number",
    "swa-training": "what a paper claims is no number; the figure shows the half of the statement that holds",
}
"""The claims with a figure in which no number of the finding stands, and why."""


@functools.cache
def panel(address: str) -> Panel:
    return catalogue.asked_for(address).panel()


def stands(words: str, address: str) -> bool:
    drawn = panel(address)
    return shown.in_title(words, drawn.title) or shown.in_rows(words, drawn.data, [part.value for part in drawn.headline])


def with_figures() -> list[dict]:
    return [row for row in claims_data.stored().to_dict("records") if row["figure"]]


@pytest.mark.parametrize("row", with_figures(), ids=lambda row: row["id"])
def test_the_figure_of_a_claim_opens_at_its_address_and_shows_numbers_of_the_finding(row):
    figure = catalogue.asked_for(row["figure"])
    assert figure.address() == row["figure"] and places.of_figure(figure.name) is not None
    parts = shown.parts(row["shows"])
    assert bool(parts) != (row["id"] in IN_WORDS)
    for words in parts:
        assert words in row["found"]
        assert stands(words, row["figure"]) or row["id"] == "emu-simpler", (words, panel(row["figure"]).title)
    if row["id"] == "emu-simpler":  # small counts, which say something in their own column only
        chained = panel(row["figure"]).data.set_index("system")["n_models"].map("{:.0f}".format)
        ours, *others = (chained[name] for name in ("Emu Video", "Imagen Video", "Make-A-Video"))
        assert parts == [f"{ours} diffusion models", f"{others[0]} of Imagen Video", f"{others[1]} of Make-A-Video"]
    if row["id"] == "dpo-simplicity":
        assert "PPO keeps four models" in panel(row["figure"]).title and "DPO two" in panel(row["figure"]).title


def test_numbers_of_a_claim_stand_in_no_figure_but_its_own():
    rows = [row for row in with_figures() if row["shows"]]
    assert len(rows) >= 40
    strangers = [
        (mine["id"], other["id"])
        for mine, other in itertools.pairwise([*rows, rows[0]])
        if mine["figure"] != other["figure"] and all(stands(words, other["figure"]) for words in shown.parts(mine["shows"]))
    ]
    assert len(strangers) <= 2, strangers


def test_a_claim_without_a_figure_says_what_was_found_or_read():
    rows = claims_data.stored()
    rows = rows[rows["figure"] == ""]
    assert len(rows) >= 15 and (rows["shows"] == "").all() and (rows["found"] != "").all()


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ("qlora-65b-48gb", "From Fine-tuning memory (LoRA, QLoRA) › "),
        ("llama2-sizes", "under “Table”: 6.74 B to 69 B parameters."),
        ("bloomberg-millions", "in its title: \\$2.67 million; under “Table”: 651,264 hours, \\$5.33 million."),
        ("swa-training", ", on this topic."),
        ("mistral-size", "No figure here shows this."),
        ("emu-title", "No figure here shows this."),
    ],
)
def test_a_step_says_where_the_numbers_stand_in_its_figure(claim, words):
    app = open_page("claims", claims_id=claim)
    assert fine(app) and words in " ".join(item.value for item in app.caption)
    held = claims_data.stored().set_index("id").loc[claim]
    assert len(charts(app)) == bool(held["figure"])
    if held["figure"]:
        assert titles(app) == [panel(held["figure"]).title]
        assert cards(app)[0][0]["link"]["to"] == places.of_address(held["figure"])
    elif claim == "emu-title":
        assert "- Align Your Latents is arXiv 2304.08818, by Blattmann et al. ([" in " ".join(item.value for item in app.markdown)


def test_corrections_and_approximations_say_why():
    rows = tables.load("claims")
    doubtful = rows[rows["verdict"].isin(["approximate", "corrected", "rumour"])]
    assert len(doubtful) >= 10 and (doubtful["note"].str.len() > 10).all()


def test_a_verdict_follows_its_numbers():
    assert verdicts.no_effect([(0.0, -0.1, 0.1)]) == "supported"
    assert verdicts.no_effect([(0.05, 0.01, 0.1)]) == "corrected"
    assert verdicts.optimum_ratios(50e9, {"a": 26e9, "b": 99e9}) == "supported"
    assert not verdicts.ahead(2, 3) and not verdicts.close(8e9, 7e9)
    with pytest.raises(ValueError, match="perhaps"):
        verdicts.Check("perhaps", "")


def test_the_counts_of_the_chart_add_up():
    rows = claims_data.stored()
    assert verdicts.counts(rows).to_numpy().sum() == len(rows)
    panel = claims_figures.Verdicts().panel()
    shown = sum(sum(trace.x) for trace in panel.figure.data)
    assert shown == len(rows)


# --- a check that can only come out one way is none -------------------------------------------------------------------


def times(factor: float):
    return lambda text: f"{float(text) * factor:.10g}" if text else text


def upside_down(unit: str):
    whole = {"percent": 100.0, "points of 10": 10.0}.get(unit)
    return (lambda text: f"{whole - float(text):.10g}") if whole else (lambda text: text)


# table: (which rows, column, what its cells become), so that every check must come to another verdict
ALTERED: dict[str, list[tuple[Callable[[dict], bool], str, Callable[[str], str]]]] = {
    "models.csv": [
        (lambda row: row["model"] != "Qwen-14B" and row["n_layers"] != "", "n_layers", times(3)),
        (lambda row: row["model"] in ("Llama 2 34B", "Llama 2 70B"), "n_kv_heads", lambda _: "64"),
        (lambda row: row["model"] == "Switch-Base-128", "top_k", lambda _: "2"),
    ],
    "models_training.csv": [(lambda row: row["model"] == "GPT-3 175B", "n_tokens", lambda _: "406e9")],
    "attention_reported.csv": [
        (lambda row: row["quantity"] == "first_seen_at_50000", "value", lambda _: "45000"),
        (lambda row: row["quantity"] == "trained_context", "value", lambda _: "100000"),
    ],
    "domain_facts.csv": [
        (lambda row: row["model"] == "BloombergGPT" and row["quantity"] == "n_params", "value", lambda _: "3e10"),
        (lambda row: row["quantity"] in ("gpu_hours", "budget_gpu_hours"), "value", lambda _: "1000"),
        (lambda row: row["model"] == "AdaptLLM-7B" and row["quantity"] == "hours", "value", lambda _: "1"),
    ],
    "domain_mix.csv": [(lambda row: True, "n_tokens", times(1.1))],
    "preference_rounds.csv": [
        (lambda row: True, column, lambda text: f"{100 - float(text):g}") for column in ("helpfulness", "harmlessness")
    ],
    "measured/system.csv": [(lambda row: row["what"] == "train step" and row["method"] == "qlora", "value", times(0.1))],
    "small_models_facts.csv": [
        (lambda row: row["work"] == "alpaca" and row["fact"] == "generator", "text", lambda _: "ChatGPT"),
        (lambda row: row["work"] == "self_instruct" and row["fact"] == "seed_tasks", "value", lambda _: "100"),
    ],
    "convnets_facts.csv": [(lambda row: row["fact"] == "compute_budget_max", "value", lambda _: "50000")],
    "segment_anything_datasets.csv": [(lambda row: row["dataset"] == "SA-1B", "n_images", lambda _: "5000000")],
    "segment_anything_encoders.csv": [
        (lambda row: True, column, lambda text, value=value: value)
        for column, value in (("n_layers", "1"), ("n_global", "1"), ("d_model", "64"), ("d_ff", "64"), ("n_heads", "2"))
    ],
    "video_systems.csv": [(lambda row: row["system"] == "Emu Video", "n_models", lambda _: "9")],
    "reported/vision_scores.csv": [(lambda row: row["model"].startswith("NFNet"), "value", lambda text: f"{float(text) - 5:g}")],
    "reported/qlora_scores.csv": [(lambda row: "double quantisation" in row["setting"], "value", lambda text: f"{float(text) - 5:g}")],
    "reported/mistral_scores.csv": [
        (lambda row: row["source"] == "mistral2023mixtral" and row["benchmark"] == "mt_bench", "verified", lambda _: "0")
    ],
}  # fmt: skip
TURNED = ("llama2", "mistral", "small_models", "alignment", "bloomberggpt", "vision")
"""Tables of scores in which the better becomes the worse."""
ALTERED_DERIVED: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "pythia_scores": lambda rows: rows.assign(
        value=(rows["value"] + 0.2 * (rows["arm"] == "deduped") - 0.2 * (rows["arm"] == "standard")).clip(0, 1)
    ),
    "term_frequency_stats": lambda rows: rows.assign(rho_low=-0.1),
    "preference_runs": lambda rows: rows.assign(reward=rows["reward"] - 1.0),
}
ONE_WAY = {"gpt4-rumour"}
"""Nothing but the arithmetic of a rumour can be checked."""


@pytest.fixture(scope="module")
def altered(tmp_path_factory):
    """Tables that say something else wherever a check looks."""
    copy = tmp_path_factory.mktemp("altered") / "data"
    shutil.copytree(tables.DATA, copy, ignore=shutil.ignore_patterns("probe_model"))
    for path in copy.rglob("*.csv"):
        name = path.relative_to(copy).as_posix()
        turned = path.parent.name == "reported" and path.stem.removesuffix("_scores") in TURNED
        if name not in ALTERED and not turned:
            continue
        rows = list(csv.DictReader(path.open(encoding="utf-8")))
        for row in rows:
            for concerns, column, change in ALTERED.get(name, []):
                if concerns(row):
                    row[column] = change(row[column])
            if turned and not re.match("NFNet|ViT|SoViT", row["model"]):
                row["value"] = upside_down(row["unit"])(row["value"])
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    for name, change in ALTERED_DERIVED.items():
        path = copy / "derived" / f"{name}.parquet"
        change(pd.read_parquet(path)).to_parquet(path)
    (copy / "corrections.csv").write_text((copy / "corrections.csv").read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "DATA", copy)
        yield copy


@pytest.mark.parametrize("claim", [name for name in claims.CHECKS if name not in ONE_WAY])
def test_a_check_comes_out_otherwise_where_the_tables_say_otherwise(altered, claim):
    published = pd.read_csv(altered / "claims.csv").set_index("id")["verdict"]
    assert claims.CHECKS[claim]().verdict != published[claim]
