"""Small models: ROUGE-L, the simulated Self-Instruct loop, and what the printed numbers support."""

import itertools

import numpy as np
import pandas as pd
import pytest

from analysis import tables
from analysis.compute import costs
from analysis.small_models import comparisons, self_instruct
from analysis.small_models import data as small_models_data
from analysis.small_models import figures as small_models_figures
from analysis.small_models import figures_training_data as small_models_figures_training_data
from analysis.small_models.self_instruct import Pool, rouge_l

SEEDS = self_instruct.instructions(tables.load("seed_tasks"))
KNOWN = self_instruct.known_parts(SEEDS, tables.load("instruction_parts"))
TEXTS = [self_instruct.text_of(task) for task in SEEDS]

# --- reference ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("candidate", "reference", "score"),
    [
        # lin2004 section 3.1: the police and the gunman.
        ("police kill the gunman", "police killed the gunman", 3 / 4),
        ("the gunman kill police", "police killed the gunman", 2 / 4),
        ("the gunman police killed", "police killed the gunman", 2 / 4),
        # The example in the documentation of the package rouge-score: precision 5/8, recall 5/9, F 0.588.
        ("The quick brown dog jumps on the log.", "The quick brown fox jumps over the lazy dog", 2 * (5 / 8) * (5 / 9) / (5 / 8 + 5 / 9)),
        ("same words here", "Same words, here!", 1.0),
        ("nothing alike", "entirely different", 0.0),
        ("", "a", 0.0),
    ],
)
def test_rouge_l_is_that_of_worked_examples(candidate, reference, score):
    assert rouge_l(candidate, reference) == pytest.approx(score, abs=1e-15)
    assert rouge_l(reference, candidate) == rouge_l(candidate, reference)


def brute_force(a, b) -> int:
    """Longest common subsequence by trying every subsequence of the shorter list."""
    short, long = sorted((a, b), key=len)
    for size in range(len(short), 0, -1):
        for chosen in itertools.combinations(short, size):
            rest = iter(long)
            if all(item in rest for item in chosen):
                return size
    return 0


def test_rouge_l_agrees_with_trying_every_subsequence():
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(5)]
    texts = [" ".join(rng.choice(words, int(rng.integers(1, 10)))) for _ in range(40)]
    pool = Pool()
    for text in texts:
        pool.add(pool.encode(text))
    for text in texts:
        tokens = self_instruct.tokens(text)
        lengths = [brute_force(tokens, self_instruct.tokens(other)) for other in texts]
        exact = [2 * n / (len(tokens) + len(self_instruct.tokens(other))) for n, other in zip(lengths, texts, strict=True)]
        assert [rouge_l(text, other) for other in texts] == exact
        assert pool.similarities(pool.encode(text)).tolist() == exact


def test_similarities_on_the_seed_tasks_are_rouge_l_to_the_last_digit():
    pool = Pool()
    for text in TEXTS:
        pool.add(pool.encode(text))
    for text in TEXTS[::7]:
        assert pool.similarities(pool.encode(text)).tolist() == [rouge_l(text, other) for other in TEXTS]


def test_rouge_l_is_that_of_the_package_rouge_score():
    scorer = pytest.importorskip("rouge_score.rouge_scorer").RougeScorer(["rougeL"], use_stemmer=False)
    for a, b in zip(TEXTS, TEXTS[1:], strict=False):
        assert rouge_l(a, b) == pytest.approx(scorer.score(a, b)["rougeL"].fmeasure)


def test_a_long_instruction_is_compared_whole():
    pool = Pool()
    words = [f"w{i}" for i in range(1000)]
    pool.add(pool.encode(" ".join(words)))
    assert pool.similarities(pool.encode(" ".join(words))).tolist() == [1.0]
    assert pool.similarities(pool.encode(" ".join([*words[:-1], "more"]))).tolist() == [0.999]
    assert pool.similarities(pool.encode("")).tolist() == [0.0]


def test_the_facts_are_those_that_the_papers_print():
    facts = tables.load("small_models_facts")
    # wang2022 section 2.2 and Table 1; zhou2023 abstract; li2023 Table 1; mitra2023 section 4.
    for work, name, value in (
        ("self_instruct", "seed_tasks", 175),
        ("self_instruct", "rouge_l_filter", 0.7),
        ("self_instruct", "instructions", 52445),
        ("lima", "training_examples", 1000),
        ("phi1_5", "gpu_hours", 1500),
        ("phi1", "gpu_hours_pretraining", 770),
        ("orca2", "gpus", 32),
    ):
        assert comparisons.fact(facts, work, name) == value
    assert self_instruct.THRESHOLD == comparisons.fact(facts, "self_instruct", "rouge_l_filter")
    assert self_instruct.FROM_SEEDS + self_instruct.FROM_KEPT == comparisons.fact(facts, "self_instruct", "in_context_examples")
    assert len(SEEDS) == comparisons.fact(facts, "self_instruct", "seed_tasks")


def test_phi_s_hours_and_orca_s_follow_from_their_parts():
    runs = small_models_data.phi_runs().set_index("model")
    assert runs.loc["phi-2", "gpu_hours"] == 14 * 24 * 96
    assert runs.loc["phi-1.5", "computed_flops"] == 6 * 1.3e9 * 150e9
    tuned = comparisons.tuning_runs(tables.load("small_models_facts")).set_index("model")["gpu_hours"]
    assert tuned.to_dict() == {"Orca 2 13B, tuning": 32 * (17 + 40 + 23), "phi-1, tuning": 56, "Alpaca 7B, tuning": 24}


def test_phi_1_5_would_have_reached_more_of_the_peak_than_any_other_run():
    row = small_models_data.phi_runs().set_index("model").loc["phi-1.5"]
    share = costs.implied_utilisation(row["computed_flops"], row["gpu_hours"], 312e12)
    assert share == pytest.approx(0.694, abs=1e-3) and share > small_models_data.best_other()


def test_lima_is_preferred_to_alpaca_and_not_to_gpt_4():
    # zhou2023 Figure 1: 53, 21, 26 against Alpaca 65B; 18, 25, 57 against GPT-4.
    rows = comparisons.preference_intervals(small_models_data.preferences("lima_human"), 300).set_index("rival")
    assert rows.loc["Alpaca 65B", ["win", "tie", "loss"]].tolist() == [53, 21, 26]
    assert (rows[["win", "tie", "loss"]].sum(axis=1) == 100).all() and len(rows) == 5
    assert rows.loc["Alpaca 65B", "share"] == pytest.approx(53 / 79) and rows.loc["Alpaca 65B", "low"] > 0.6
    assert rows.loc["GPT-4", "high"] < 0.5
    assert rows.loc["DaVinci003", "low"] < 0.5 < rows.loc["DaVinci003", "high"]


def test_imitation_lowers_knowledge_and_raises_style():
    # gudibande2023 Tables 1 and 2.
    scores = tables.load("alignment_scores")
    known = comparisons.imitated_knowledge(scores).set_index(["base", "data"])["share"]
    assert known["LLaMA 7B", "ShareGPT-Mix"] < known["LLaMA 7B", "none"] < known["LLaMA 7B", "NQ-synthetic"]
    looks = comparisons.style_measures(scores)
    assert set(looks["measure"]) == set(small_models_figures_training_data.MEASURES) and len(looks) == 20
    assert looks.groupby("measure")["value"].apply(lambda values: values.iloc[3] > values.iloc[0]).all()


# --- the loop: properties -----------------------------------------------------------------------------------------------


def run(**settings):
    return self_instruct.simulate(SEEDS, KNOWN, **{"steps": 20, **settings})


def test_a_run_is_decided_by_its_seed():
    first, again, other = run(seed=3), run(seed=3), run(seed=4)
    assert first.kept == again.kept and first.rows.equals(again.rows)
    assert first.kept != other.kept


@pytest.mark.slow
def test_no_two_kept_instructions_reach_the_threshold():
    kept = [text for text, _, _ in run(threshold=0.6).kept]
    assert len(kept) > 30
    everything = TEXTS + kept
    for i, text in enumerate(kept):
        assert max(rouge_l(text, other) for other in everything[: len(TEXTS) + i]) < 0.6


def test_a_dropped_instruction_names_what_it_repeats():
    dropped = run(novelty=0.0).dropped
    assert dropped
    for text, nearest, score in dropped:
        assert score >= 0.7 and rouge_l(text, nearest) == score


@pytest.mark.slow
def test_the_measures_of_a_run_are_those_of_its_texts():
    done = run(threshold=0.7, novelty=0.25)
    kept = [text for text, _, _ in done.kept]
    last = done.rows.iloc[-1]
    assert last["kept"] == len(kept) and last["tried"] == 20 * self_instruct.BATCH
    pairs = [rouge_l(a, b) for a, b in itertools.combinations(kept, 2)]
    assert last["mean_pairwise"] == pytest.approx(np.mean(pairs))
    assert last["seed_similarity"] == pytest.approx(np.mean([max(rouge_l(text, seed) for seed in TEXTS) for text in kept]))


def test_without_a_filter_only_repetitions_are_dropped():
    done = run(threshold=1.0, novelty=0.0, steps=60)
    texts = [tuple(self_instruct.tokens(text)) for text, _, _ in done.kept]
    assert len(set(texts)) == len(texts)
    assert all(score == 1.0 for _, _, score in done.dropped)


def test_a_stricter_filter_keeps_less_and_less_like_the_seed_tasks():
    rows = small_models_data.stored_runs()
    assert rows["tried"].max() == 1000
    for novelty in self_instruct.NOVELTIES:
        ends = small_models_data.ends_of_runs(novelty)
        assert len(ends) == len(self_instruct.THRESHOLDS)
        assert (np.diff(ends["kept"]) >= -1).all()
        filled = ends[ends["threshold"] >= 0.5]
        assert (np.diff(filled["seed_similarity"]) > -0.01).all()
    assert small_models_data.ends_of_runs(1.0)["kept"].iloc[6] > small_models_data.ends_of_runs(0.0)["kept"].iloc[6]


def test_the_pool_fills_up_so_that_later_requests_bring_less():
    rows = small_models_data.one_run(0.7, 0.0)
    gains = np.diff(rows["kept"])
    assert gains[:5].mean() > gains[-5:].mean()


def test_the_seed_tasks_would_all_pass_the_filter_of_the_paper():
    assert max(rouge_l(a, b) for a, b in itertools.combinations(TEXTS, 2)) < 0.7
    assert len(set(TEXTS)) == 175


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [({"threshold": 0.0}, "threshold"), ({"novelty": 1.5}, "novelty"), ({"steps": 0}, "steps"), ({"seeds": SEEDS[:3]}, "at least 8 seeds")],
)
def test_settings_out_of_range_are_refused(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        self_instruct.simulate(**{"seeds": SEEDS, "known": KNOWN, **settings})


def test_the_task_of_the_worker_gives_the_same_run_and_reports_progress():
    said = []
    arguments = {"seeds": [list(task) for task in SEEDS], "known": KNOWN, "steps": 10, "seed": 1}
    answer = self_instruct.task(arguments, lambda *words: said.append(words))
    done = run(steps=10, seed=1)
    assert pd.DataFrame(answer["rows"]).equals(done.rows)
    assert answer["kept"] == done.kept and said[-1][0] == 10


# --- comparisons with larger models ------------------------------------------------------------------------------------


def test_comparisons_are_rows_of_one_table():
    rows = small_models_data.compared("Orca 2 13B")
    bbh = rows[(rows["benchmark"] == "bbh")].set_index("rival")
    # mitra2023 Table 1: 50.18 against 44.68 of Llama 2 70B Chat and 51.08 of WizardLM 70B.
    assert bbh.loc["Llama 2 70B Chat", "difference"] == pytest.approx(5.5) and bbh.loc["Llama 2 70B Chat", "held"]
    assert not bbh.loc["WizardLM 70B", "held"]
    assert bbh.loc["Llama 2 70B Chat", "ratio"] == pytest.approx(70 / 13)
    assert not rows["rival"].str.startswith(("Orca 2", "phi")).any()


def test_values_from_memory_are_drawn_hollow_and_not_counted():
    rows = small_models_data.compared("Orca 2 13B")
    assert (rows["verified"] == 0).any()
    panel = small_models_figures.Scores(small_model="orca-2-13b", benchmark="bbh", least_ratio=1).panel()
    seen = rows[(rows["benchmark"] == "bbh") & (rows["verified"] > 0)]
    assert f"of {len(seen)} models" in panel.title
    hollow = [symbol for trace in panel.figure.data for symbol in np.atleast_1d(trace.marker.symbol) if str(symbol).endswith("-open")]
    assert len(hollow) == int((rows.loc[rows["benchmark"] == "bbh", "verified"] == 0).sum())


def test_the_share_held_counts_only_rivals_large_enough():
    share, n = comparisons.held_share([1.0, 3.0, 9.0, 9.0], [True, True, False, True], [1.0, 3.0, 9.0, 10.0])
    assert n.tolist() == [4, 3, 2, 0]
    assert share[:3].tolist() == [0.75, 2 / 3, 0.5] and np.isnan(share[3])


def test_a_model_or_a_judge_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="scores in mitra2023"):
        comparisons.comparisons(small_models_data.all_scores(), "phi-2", "mitra2023")
    with pytest.raises(ValueError, match="judge must be"):
        comparisons.preferences(tables.load("alignment_scores"), "nobody")
    with pytest.raises(ValueError, match="has no number"):
        comparisons.fact(tables.load("small_models_facts"), "lima", "nothing")
    with pytest.raises(ValueError, match="threshold and novelty"):
        small_models_data.one_run(0.71, 0.5)


@pytest.mark.parametrize("key", small_models_figures.NAMES)
def test_every_small_model_can_be_drawn_on_every_benchmark(key):
    found = small_models_data.benchmarks_of(small_models_figures.NAMES[key])
    assert len(found) >= 2
    for benchmark, label in found.items():
        panel = small_models_figures.Scores(small_model=key, benchmark=benchmark, least_ratio=2).panel()
        assert label in panel.title and len(panel.title) < 150 and len(panel.data) >= 2


def test_the_stored_run_is_what_the_loop_gives():
    rows, texts = small_models_data.own_run(**small_models_data.STORED_RUN)
    assert not texts["kept"] and run(**small_models_data.STORED_RUN).rows["kept"].tolist() == rows["kept"].tolist()


def test_a_threshold_that_is_not_stored_is_refused_in_place_of_a_chart():
    from tests.test_pages import charts, open_page

    app = open_page("small_models", section="loop", rouge_threshold="0.71")
    assert not app.exception and not charts(app)
    assert len(app.error) == 2 and all("threshold and novelty must be among" in item.value for item in app.error)


def test_the_loop_runs_in_the_worker_from_the_page():
    from tests.test_pages import fine, open_page, titles

    app = open_page("small_models", section="run")
    assert fine(app) and "778 of 1000" in titles(app)[0] and not app.dataframe
    app.slider(key="small_models/run:n_requests").set_value(25).run(timeout=60)
    assert fine(app)
    assert "of 200 instructions" in titles(app)[0]
    assert len(app.dataframe) == 2 and len(app.dataframe[0].value) == 20


def test_a_benchmark_and_its_parts_or_an_average_and_its_members_do_not_both_count():
    # gunasekar2023 Table 3 splits HumanEval in two; javaheripi2023 Table 1 prints BBH, GSM8K and three averages of other tasks.
    scores = small_models_data.all_scores()
    phi_1 = comparisons.comparisons(scores, "phi-1", "gunasekar2023")
    assert {"humaneval_similar", "humaneval_other"} <= set(scores.query("model == 'phi-1'")["benchmark"])
    assert set(phi_1["benchmark"]) == {"humaneval", "mbpp", "unconventional_code"}
    phi_2 = comparisons.comparisons(scores, "phi-2", "javaheripi2023")
    assert set(phi_2["benchmark"]) == {"avg_code_phi2", "avg_commonsense_phi2", "avg_language_phi2", "bbh", "gsm8k"}


@pytest.mark.parametrize("small", ["orca-2-13b", "orca-2-7b", "phi-2", "phi-1.5", "phi-1"])
@pytest.mark.parametrize("least", [1.0, 5.0, 12.0, 60.0])
def test_scores_from_memory_stand_in_no_count_of_larger_models_at_any_setting(small, least):
    model = small_models_figures.NAMES[small]
    for benchmark in list(small_models_data.benchmarks_of(model))[:: 1 if least == 5.0 else 3]:
        panel = small_models_figures.Scores(small_model=small, least_ratio=least, benchmark=benchmark).panel()
        rivals = panel.data[(panel.data["status"] == "reported") & (panel.data["model"] != model)]
        counted = rivals[(rivals["verified"] > 0) & (rivals["size_ratio"] >= least * (1 - 1e-9))]
        stated = {part.name: part.value for part in panel.headline}
        assert stated.get("larger models", 0) == len(counted), panel.title
        assert stated.get("held", 0) == (counted["difference"] >= 0).sum()
        star = next(trace for trace in panel.figure.data if trace.name == model)
        own = small_models_data.compared(model).query("benchmark == @benchmark")["verified_small"].iloc[0]
        assert [symbol.endswith("-open") for symbol in np.atleast_1d(star.marker.symbol)] == [own == 0]
    ratio = small_models_figures.Ratio(small_model=small, least_ratio=least).panel()
    if "has no rival" in ratio.title:
        assert small_models_data.headline(model, least)[1] == 0 and ratio.title.endswith("with a verified score")
