"""What may be compared and counted: how answers are read, two models counted in one way everywhere, titles true at every setting."""

import re
from urllib.parse import parse_qsl

import numpy as np
import pandas as pd
import pytest

from analysis import catalogue, tables
from analysis.benchmarks import comparison, disagreement, pairing
from analysis.benchmarks import data as benchmarks_data
from analysis.benchmarks.data import SCORE_TABLES
from analysis.benchmarks.figures_pair import Dumbbell
from analysis.build import claims
from analysis.overview import figures as overview_figures
from pages.components import places
from tests.test_figure_contract import default, drawn, trials
from tests.test_pages import fine, open_page, titles

PAIRS = (
    ("Mixtral 8x7B", "Llama 2 70B"), ("DeepSeek LLM 67B", "Llama 2 70B"), ("Yi-34B", "Llama 2 70B"), ("Llama 2 7B", "Llama 2 70B"),
    ("Orca 2 13B", "Llama 2 70B Chat"), ("Orca 2 7B", "Llama 2 70B Chat"), ("phi-2", "Mistral 7B"), ("AdaptLLM-7B", "BloombergGPT 50B"),
    ("Mistral 7B", "Llama 2 13B"), ("Llama 2 7B Chat", "Llama 2 13B Chat"), ("Guanaco 65B", "Guanaco 33B"), ("LLaMA 7B", "Llama 2 7B"),
    ("DeepSeek LLM 7B", "DeepSeek LLM 67B"),
)  # fmt: skip
COUNTING = ["benchmarks.heat_map", "benchmarks.reports", "benchmarks.against_params", "benchmarks.gaps", "benchmarks.disagreements",
            "benchmarks.evaluators", "benchmarks.dumbbell", "overview.orca2"]  # fmt: skip


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    return benchmarks_data.all_scores()


def one(scores, source, model, benchmark, value) -> dict:
    found = scores.query("source == @source and model == @model and benchmark == @benchmark and score == @value")
    assert len(found) == 1, (source, model, benchmark, value)
    return found.iloc[0].to_dict()


# --- how an answer is read -------------------------------------------------------------------------------------------


def test_every_accuracy_says_how_an_answer_is_read_and_where_that_stands():
    rows = pd.concat([tables.load(name) for name in SCORE_TABLES], ignore_index=True)
    assert ((rows["metric"] == "accuracy") == (rows["scoring"] != "")).all() and (rows["scoring"] != "").sum() > 1000
    used = {tuple(row) for row in rows.loc[rows["scoring"] != "", ["source", "benchmark", "scoring"]].to_numpy()}
    places = tables.load("score_scoring")
    assert used == {tuple(row) for row in places[["report", "benchmark", "scoring"]].to_numpy()} and len(used) > 200
    known = places[places["scoring"] != comparison.UNKNOWN]
    assert known["verified"].gt(0).all() and known["note"].str.len().gt(3).all()
    assert known.loc[~known["source"].isin(["cobbe2021", "hendrycks2021math"]), "location"].replace("", pd.NA).dropna().size > 70


def test_no_answer_in_own_words_is_stored_as_an_accuracy_on_squad(scores):
    # The Llama 3 card's eval_details.md: "SQuAD v2 and compute exact match in a 1-shot setting".
    squad = scores[scores["benchmark"] == "squad"]
    assert len(squad) == 58 and set(squad["metric"]) == {"exact_match", "f1"}


@pytest.mark.parametrize(("benchmark", "task"), [("arc_easy", "arc_easy"), ("arc_challenge", "arc_challenge")])
def test_phi_1_5_prints_the_unnormalised_accuracy_of_another_programs_released_run(scores, benchmark, task):
    # OPT-1.3B as the LM Evaluation Harness scored it (released with Pythia) against li2023 Table 2.
    printed = scores.query("source == 'li2023' and model == 'OPT-1.3B' and benchmark == @benchmark").iloc[0]
    runs = tables.load("pythia_evals").query("model == 'OPT 1.3B' and task == @task and shots == 0").set_index("metric")["value"] * 100
    assert printed["scoring"] == "unnormalised"
    assert abs(printed["score"] - runs["acc"]) < 0.15 and abs(printed["score"] - runs["acc_norm"]) > 5


def test_the_eleven_widest_pairs_of_before_differ_in_scoring(scores):
    # touvron2023llama2 Table 20 and li2023 Table 3, both 0-shot: LLaMA's likelihoods are normalised, phi-1.5's are not.
    for model, benchmark, high, low in (("LLaMA 7B", "openbookqa", 57.2, 28.4), ("Llama 2 7B", "hellaswag", 77.2, 57.1)):
        a, b = one(scores, "touvron2023llama2", model, benchmark, high), one(scores, "li2023", model, benchmark, low)
        assert comparison.comparable(a, b) == comparison.Comparison("different", ("scoring",))
    found = benchmarks_data.report_pairs().query("source_low == 'li2023' and benchmark in ['openbookqa', 'hellaswag']")
    assert len(found) >= 5 and not (found["verdict"] == "same").any()


def test_unknown_scoring_equals_nothing_outside_its_own_column(scores):
    unknown = scores[scores["scoring"] == comparison.UNKNOWN]
    both = unknown.merge(scores, on=["model", "benchmark"], suffixes=("_a", "_b")).assign(benchmark_a=lambda rows: rows["benchmark"])
    both = both.assign(benchmark_b=both["benchmark"], verdict=lambda rows: comparison.judge(rows)["verdict"])
    column = [f"{name}_{{}}" for name in comparison.COLUMN]
    apart = np.any([both[name.format("a")] != both[name.format("b")] for name in column], axis=0)
    assert apart.sum() > 500 and not (both.loc[apart, "verdict"] == "same").any()
    keys = comparison.setting_keys(unknown)
    assert keys.groupby(keys).size().size > 100  # one key for each column that leaves it out
    assert not keys.isin(comparison.setting_keys(scores[scores["scoring"] != comparison.UNKNOWN])).any()


def test_equal_keys_are_scores_that_compare(scores):
    part = scores[scores["benchmark"].isin(["mmlu", "hellaswag", "gsm8k", "boolq", "piqa", "bbh"])].reset_index(drop=True)
    part = part.assign(key=comparison.setting_keys(part))
    both = part.merge(part, on=["benchmark", "key"], suffixes=("_a", "_b")).assign(benchmark_a=lambda rows: rows["benchmark"])
    both["benchmark_b"] = both["benchmark"]
    assert len(both) > 3000 and set(comparison.judge(both)["verdict"]) == {"same"}


# --- two models, counted in one way ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("model_a", "model_b"), PAIRS)
def test_two_models_are_compared_once_per_benchmark_and_only_by_what_compares(scores, model_a, model_b):
    found = benchmarks_data.paired(model_a, model_b)
    rows = found.rows[found.rows["status"] == "compared"]
    assert found.wins + found.ties + found.losses == len(rows) > 0
    assert (rows[["verified_a", "verified_b"]] > 0).all(axis=None)
    assert not rows.assign(shots=rows["shots"].fillna(-1)).duplicated(["benchmark", "shots", "setting"]).any()
    metrics = tables.load("score_metrics").set_index("metric").loc[rows["metric"]]
    assert metrics["higher_is_better"].notna().all()
    tokenizers = tables.load("score_models").set_index("model")["tokenizer"]
    assert tokenizers[model_a] == tokenizers[model_b] != "" or not metrics["per_token"].any()
    members = tables.load("benchmarks").set_index("benchmark")["members"]
    there = set(rows["benchmark"])
    assert not [(whole, part) for whole in there for part in members[whole].split(";") if part in there]
    open_rows = rows[rows["shots"].isna() & (rows["setting"] == "") & ~rows["group"].isin(comparison.WITHOUT_SHOTS)]
    assert not rows.drop(open_rows.index)["benchmark"].isin(open_rows["benchmark"]).any()


def test_the_kinds_of_row_that_once_counted_are_there_and_left_out(scores):
    # jiang2024: MBPP 60.7 stands in Tables 2 and 3, BOLD's spreads in Figure 5, the means of Table 2's columns in Figure 3.
    rows = benchmarks_data.paired("Mixtral 8x7B", "Llama 2 70B").rows.set_index("benchmark")
    assert len(rows.loc[["mbpp"]]) == 1
    assert not {"bold", "avg_code_mistral", "avg_math_mistral", "avg_knowledge_mistral", "avg_reasoning_mistral"} & set(rows.index)
    # mitra2023: some scores of Llama 2 13B Chat stand here from memory.
    rows_of_orca = benchmarks_data.paired("Orca 2 13B", "Llama 2 13B Chat").rows.set_index("benchmark")
    assert rows_of_orca.loc["mmlu", "status"] == "from memory"
    # deepseek2023repo: a loss per token over two tokenizers, and DROP by exact match and by F1.
    rows = benchmarks_data.paired("DeepSeek LLM 67B", "Llama 2 70B").rows.set_index("benchmark")
    assert rows.loc["pile_test", ["status", "reasons"]].tolist() == ["refused", "tokenizer"]
    assert rows.loc["drop", "metric"] == "f1" and rows.loc["pile_test_bpb", "better"] == "a"
    assert (
        benchmarks_data.paired("DeepSeek LLM 7B", "DeepSeek LLM 67B").rows.set_index("benchmark").loc["pile_test", "status"] == "compared"
    )


def test_a_whole_and_its_parts_do_not_both_count():
    def counted(*rows):
        table = pd.DataFrame(rows, columns=["benchmark", "group_a", "members_a"])
        return pairing.whole_or_parts(table)

    mmlu, stem = ("mmlu", "knowledge", "mmlu_stem;mmlu_other"), ("mmlu_stem", "knowledge", "")
    ours, theirs = ("ours", "averages", "mmlu;bbh"), ("theirs", "averages", "bbh;drop")
    assert counted(mmlu, stem) == {"mmlu"} and counted(stem, ours) == {"mmlu_stem", "ours"}
    assert counted(mmlu, ours) == {"mmlu"} and counted(ours, theirs) == {"ours"} and counted(theirs) == {"theirs"}


def test_every_claim_that_links_to_a_pair_says_what_the_linked_figure_says():
    linked = tables.load("claims").set_index("id")["figure"]
    linked = linked[linked.str.partition("?")[0] == Dumbbell.name]
    found = tables.load("claim_checks").set_index("id")["found"]
    assert len(linked) >= 6
    for claim, address in linked.items():
        panel = catalogue.asked_for(address).panel()
        wins, compared, losses, *ties = (int(part.value) for part in panel.headline)
        level = f", ties {ties[0]}" if ties else ""
        assert wins + losses + sum(ties) == compared > 0
        assert re.search(rf"\bwins {wins}{level}, loses {losses}\b", found[claim]), (claim, panel.title, found[claim])


@pytest.mark.parametrize("check", [claims.llama2_overtaken, claims.orca2_bigger])
def test_a_claim_on_several_pairs_counts_each_as_the_page_does(check):
    rival = "llama-2-70b" if check is claims.llama2_overtaken else "llama-2-70b-chat"
    keys = {name: key for key, name in benchmarks_data.model_names().items()}
    said = re.findall(r"(?:^|; )([^;]+?) wins (\d+)(?:, ties (\d+))?, loses (\d+)", check().found)
    assert len(said) >= 2
    for model, wins, ties, losses in said:
        panel = Dumbbell(model_a=keys[model], model_b=rival).panel()
        stated = {part.name: int(part.value) for part in panel.headline}
        assert [stated.get(f"scores in which {model} is ahead"), stated.get("scores in which they are level", 0)] == [
            int(wins),
            int(ties or 0),
        ]
        assert stated[f"scores in which {model} is behind"] == int(losses)


def test_the_card_of_the_overview_is_the_figure_of_the_page():
    card, page = overview_figures.Orca2().panel(), Dumbbell(model_a="orca-2-13b", model_b="llama-2-70b-chat").panel()
    assert card.title == page.title and [part.value for part in card.headline] == [part.value for part in page.headline]


def test_bloomberggpt_is_not_slightly_better_overall():
    # cheng2023 Table 4 prints the averages 63.4 and 62.5; the article: "BloombergGPT appears to be slightly better overall".
    check = claims.bloomberg_adaptllm()
    assert check.verdict == "approximate" and "63.4 against 62.5" in check.found and "wins 1, loses 4" in check.found


# --- titles, at every setting ----------------------------------------------------------------------------------------


FROM_MEMORY = {
    "benchmarks.reports": "scored_model=orca-2-7b&benchmark=arc_easy",
    "benchmarks.dumbbell": "model_a=orca-2-13b&model_b=llama-2-13b-chat",
}
"""Settings at which a value from memory is drawn."""


def every(name: str):
    """The figure at its defaults and at every value of each parameter that is tried, drawn once for all tests."""
    usual = default(name)
    yield usual.drawn_by, usual
    for trial in trials(name):
        yield trial.figure, drawn(trial.figure)
    if name in FROM_MEMORY:
        figure = catalogue.figures()[name].of_query(FROM_MEMORY[name])
        yield figure, drawn(figure)


def numbers(panel) -> dict[str, float]:
    return {part.name: part.value for part in panel.headline}


def seen(panel) -> pd.DataFrame:
    """The reported rows of a panel that somebody has seen."""
    rows = panel.data
    return rows[(rows["status"] == "reported") & (rows["verified"].astype(float) > 0)]


def keys_of(rows: pd.DataFrame) -> pd.Series:
    """The setting of exported rows, as `comparison.setting_keys` has it."""
    groups = tables.load("benchmarks").set_index("benchmark")["group"]
    return comparison.setting_keys(rows.assign(group=rows["benchmark"].map(groups), printed_benchmark="", printed_setting=""))


@pytest.mark.parametrize("name", COUNTING)
def test_a_value_from_memory_is_hollow_and_stands_in_no_headline_at_any_setting(name):
    tried = hollow = 0
    for _, panel in every(name):
        if not panel.figure.data:
            continue
        tried += 1
        for trace in panel.figure.data:
            if trace.type != "scatter" or trace.meta["role"] != "reported":
                continue
            symbols = trace.marker.symbol
            drawn = len(trace.x) if isinstance(symbols, str) else len(symbols)
            opened = symbols.endswith("-open") * drawn if isinstance(symbols, str) else sum(one.endswith("-open") for one in symbols)
            rows = panel.data[(panel.data["series"] == trace.name) & (panel.data["status"] == "reported")]
            if "comparison" in rows:
                rows = rows[rows["compared"].notna()]
            if len(rows) == drawn:
                assert opened == (rows["verified"].astype(float) == 0).sum(), (panel.title, trace.name)
                hollow += opened
    assert tried > 0
    if name in FROM_MEMORY:
        assert hollow > 0


def test_the_count_of_two_models_is_that_of_the_rows_at_every_setting():
    better_when_higher = tables.load("score_metrics").set_index("metric")["higher_is_better"]
    keys = {name: key for key, name in benchmarks_data.model_names().items()}
    known = [Dumbbell(model_a=keys[model_a], model_b=keys[model_b]) for model_a, model_b in PAIRS]
    compared = 0
    for figure, panel in [*every("benchmarks.dumbbell"), *((figure, drawn(figure)) for figure in known)]:
        if not panel.figure.data:
            assert panel.headline[0].value == 0 and "0 scores" in panel.title
            continue
        compared += 1
        model_a, model_b = figure.asked()[:2]
        rows = panel.data[(panel.data["status"] == "reported") & (panel.data["comparison"] == "compared")]
        assert (rows["verified"] > 0).all()
        key = ["benchmark", "shots", "setting", "metric"]
        wide = rows.assign(shots=rows["shots"].fillna(-1)).pivot(index=key, columns="model", values="score")
        ahead = np.sign(wide[model_a] - wide[model_b]) * np.where(better_when_higher[wide.index.get_level_values("metric")] == 1, 1, -1)
        stated = [int(part.value) for part in panel.headline]
        ties = int((ahead == 0).sum())
        assert stated == [(ahead > 0).sum(), len(wide), (ahead < 0).sum(), *([ties] if ties else [])], panel.title
        if "clear" not in panel.title:
            clear = re.search(r"questions: (\d+) ahead, (\d+) behind", panel.caption)
            assert int(clear[1]) <= stated[0] and int(clear[2]) <= stated[2]
    assert compared > 20


def test_the_heat_map_counts_what_it_colours_at_every_setting():
    for _, panel in every("benchmarks.heat_map"):
        if not panel.figure.data:
            continue
        rows = panel.data
        known = rows[rows["verified"] > 0]
        assert [part.value for part in panel.headline] == [(known["series"] == "other setting").sum(), len(known)]
        coloured = rows[rows["series"] == "coloured"]
        assert (coloured["verified"] > 0).all() and (coloured["verdict"] == "same").all()
        assert f"not counted ({len(rows) - len(known)})" in panel.caption


def test_a_value_from_memory_decides_no_setting_of_a_column(scores):
    rows = scores.query("benchmark == 'gsm8k' and source == 'touvron2023llama2' and location == 'Table 25'").head(5).assign(verified=2)
    recalled = rows.iloc[2:].assign(verified=0, shots=0.0)
    cells = comparison.matrix(pd.concat([rows.head(2), recalled]), list(rows["model"]), ["gsm8k"])
    assert len(cells) == 5 and set(cells["column_setting"]) == {"8-shot"}
    assert cells.loc[cells["verified"] == 0, "verdict"].eq("different").all()


def test_no_standard_error_rests_on_a_number_of_questions_from_memory(scores):
    benchmarks = tables.load("benchmarks")
    recalled = benchmarks.loc[benchmarks["n_questions"].notna() & ~(benchmarks["verified"] > 0), "benchmark"]
    assert scores.loc[scores["benchmark"].isin(recalled), "error"].isna().all()
    rest = (tables.load(name) for name in ("score_models", "score_metrics", "score_reports"))
    models, metrics, reports = rest
    planted = comparison.join([tables.load("mistral_scores")], models, benchmarks.assign(verified=0), metrics, reports)
    assert planted["error"].isna().all() and scores["error"].notna().sum() > 500


def test_the_page_opens_a_claims_link_at_what_the_claim_counts():
    stem, _, query = places.of_address(tables.load("claims").set_index("id").loc["mixtral-llama2", "figure"]).partition("?")
    app = open_page(stem, **dict(parse_qsl(query)))
    assert fine(app) and ["in 9 of 12 comparable scores in Table 2 of the Mixtral paper" in title for title in titles(app)] == [True]


def test_the_ends_of_the_reports_are_of_values_that_somebody_has_seen_at_every_setting():
    for _, panel in every("benchmarks.reports"):
        if not panel.figure.data:
            continue
        rows, stated = seen(panel).dropna(subset=["score_on_benchmark"]), numbers(panel)
        if rows.empty:
            assert stated == {"reports": 0}
            continue
        assert stated.get("reports", 1) == rows["reported_by"].nunique()
        assert stated["lowest report"] == rows["score_on_benchmark"].min()
        assert stated.get("highest report", rows["score_on_benchmark"].min()) == rows["score_on_benchmark"].max()


def test_models_against_size_are_those_that_somebody_has_measured_at_every_setting():
    for _, panel in every("benchmarks.against_params"):
        if not panel.figure.data:
            continue
        rows, stated = seen(panel), numbers(panel)
        assert stated["models"] == rows["model"].nunique() > 0
        for end, which in (("min", "smallest"), ("max", "largest")):
            assert stated.get(f"parameters of the {which} model", rows["n_params"].agg(end)) == rows["n_params"].agg(end)
        if "low score at one size" in stated:
            sized = rows[rows["score_on_benchmark"].isin([stated["low score at one size"], stated["high score at one size"]])]
            assert len(sized) >= 2 and stated["low score at one size"] <= stated["high score at one size"]
        assert f"the highest score, {rows['score_on_benchmark'].max():g}." in panel.caption
        assert keys_of(rows).nunique() == 1, panel.title


def test_the_gaps_are_medians_of_pairs_under_one_setting_and_the_widest_is_one_of_them_at_every_setting():
    for _, panel in every("benchmarks.gaps"):
        if not panel.figure.data:
            continue
        rows = panel.data[panel.data["series"] == "pair"]
        medians = rows.groupby("verdict")["report_gap"].median()
        stated = numbers(panel)
        for verdict, words in (("same", "same stated setting"), ("different", "different settings")):
            assert stated.get(f"median gap, {words}", medians.get(verdict)) == pytest.approx(medians.get(verdict))
        if "widest gap" in stated:
            assert stated["widest gap"] == rows["report_gap"].max()
        same = rows[rows["verdict"] == "same"]
        assert ("No two have one stated setting" in panel.caption) == same.empty
        widest = (same if len(same) else rows).sort_values("report_gap", ascending=False).iloc[0]
        assert f"{widest['score_low']:g} (" in panel.caption and f"{widest['score_high']:g} (" in panel.caption
        assert not ((same[["scoring_low", "scoring_high"]] == comparison.UNKNOWN).any(axis=None))


def test_the_disagreements_are_as_wide_and_as_alike_as_the_title_says_at_every_setting():
    for figure, panel in every("benchmarks.disagreements"):
        rows = panel.data[panel.data["series"] == "range"] if panel.figure.data else []
        if not len(rows):
            continue
        assert (rows["spread"] >= figure.least_spread).all()
        stated = [part.value for part in panel.headline]
        assert stated[1] == (rows["reasons"] == "").sum() and (stated[0] == len(rows) or (len(rows) == 30 and stated[0] > 30))
        assert ((rows["reasons"] == "") == (rows["verdict"] == "same")).all()


def test_the_widest_gap_to_the_llama_2_paper_is_between_two_scores_in_its_setting_at_every_setting():
    for _, panel in every("benchmarks.evaluators"):
        rows, stated = panel.data, numbers(panel)
        assert stated["teams"] == rows["team"].nunique() >= 3
        alike = rows[rows["alike"].astype(bool)].assign(
            key=comparison.setting_keys(rows.assign(group="", printed_benchmark="", printed_setting=""))
        )
        own = alike[alike["source"] == "touvron2023llama2"]
        others = alike[alike["team"] != "Meta"].merge(own, on=["label", "key"], suffixes=("", "_own"))
        assert stated["largest gap to its own paper"] == pytest.approx((others["score"] - others["score_own"]).abs().max())


def test_the_reports_that_count_are_seen_and_their_own(scores):
    rows = disagreement.reports(scores)
    assert (rows["verified"] > 0).all() and not rows["evaluator"].isin(comparison.QUOTED).any()
    # touvron2023llama2 Section 2.3: of MPT and Falcon the best of an own run and public reports, which is no report of its own.
    assert not rows.query("source == 'touvron2023llama2'")["model"].str.startswith(("MPT", "Falcon")).any()
