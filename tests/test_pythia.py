"""Pythia's checkpoints: scores, paired differences with their intervals, when abilities appear, what is memorised, readers' own files."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from analysis import tables
from analysis.evals import read
from analysis.pythia import checkpoints, contrasts, emergence
from analysis.pythia import data as pythia_data
from analysis.pythia.figures import Families, Scaling, Trajectory
from analysis.pythia.figures_contrasts import DedupCourse, DedupForest
from analysis.pythia.figures_emergence import Emergence, EmergenceFit
from analysis.pythia.figures_marks import SIZE_KEYS
from tests.test_pages import fine, open_page


@pytest.fixture(scope="module")
def scores():
    return tables.load("pythia_scores")


@pytest.fixture(scope="module")
def dedup(scores):
    rows = contrasts.differences(scores, ["deduped"], ["standard"])
    return rows[(rows["n_tokens"] >= 13_000 * 2_097_152) & (rows["model"] != checkpoints.TWINS)]


# --- reference -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "arm", "task", "value"),
    [
        # EleutherAI/pythia, evals/pythia-v1/*/zero-shot/*_step143000.json, read by eye.
        ("Pythia 12B", "standard", "lambada_openai", 0.705),
        ("Pythia 12B", "deduped", "sciq", 0.929),
        ("Pythia 70M", "standard", "arc_easy", 0.374),
        ("Pythia 6.9B", "deduped", "piqa", 0.760),
        ("Pythia 1B", "standard", "winogrande", 0.537),
    ],
)
def test_final_scores_are_those_of_the_files(scores, model, arm, task, value):
    row = scores.query("model == @model and arm == @arm and task == @task and step == 143000 and shots == 0")
    assert row["value"].item() == pytest.approx(value, abs=6e-4)


def test_mmlu_is_the_mean_of_its_57_subjects(scores):
    raw = tables.load("pythia_evals").query("model == 'OPT 66B' and metric == 'acc'")
    subjects = raw[raw["task"].astype(str).str.startswith("hendrycksTest-")]["value"]
    assert len(subjects) == 57
    assert scores.query("model == 'OPT 66B' and task == 'mmlu'")["value"].item() == pytest.approx(subjects.mean(), rel=1e-9)


def test_a_contrast_is_the_mean_of_differences_by_hand(scores, dedup):
    found = contrasts.contrast(dedup)
    by_hand = []
    for model in sorted(set(dedup["model"])):
        for task in tables.load("eval_tasks")["task"]:
            of_pair = (scores["model"] == model) & (scores["task"] == task) & scores["arm"].isin(["standard", "deduped"])
            runs = scores[of_pair & (scores["step"] >= 13000)]
            wide = runs.astype({"arm": str}).pivot(index=["shots", "step"], columns="arm", values="value")
            assert len(wide) == 28
            by_hand.append((wide["deduped"] - wide["standard"]).mean())
    assert len(by_hand) == 7 * 9
    assert found.mean == pytest.approx(np.mean(by_hand), rel=1e-9)


def test_deduplication_changes_accuracy_by_less_than_a_point(dedup):
    # The finding of biderman2023 section 2.6, with its error: no harm, and a gain of less than a point.
    found = contrasts.contrast(dedup)
    assert -0.002 < found.low < 0.002 and 0.004 < found.high < 0.01
    assert found.mean == pytest.approx(0.0036, abs=3e-4)
    # The interval agrees with a random-effects standard error computed from the two margins.
    x = found.cells.to_numpy()
    s, t = x.shape
    error = math.sqrt(x.mean(1).var(ddof=1) / s + x.mean(0).var(ddof=1) / t)
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(error, rel=0.25)
    assert found.by_task.loc["lambada_openai", "low"] > 0.005


def test_batches_of_two_million_tokens_score_a_little_lower(scores):
    rows = contrasts.differences(scores, ["standard"], checkpoints.SMALL_BATCHES)
    assert len(rows) == (4 * 15 + 14) * 9 and set(rows["shots"]) == {5}
    found = contrasts.contrast(rows[rows["n_tokens"] >= 13_000 * 2_097_152])
    assert found.mean == pytest.approx(-0.0045, abs=3e-4) and found.low < found.mean < found.high
    assert len(found.by_model) == 5
    last = contrasts.contrast(rows[rows["n_tokens"] > 2.9e11])
    assert last.mean == pytest.approx(-0.0104, abs=3e-4) and last.high < 0


def test_the_two_runs_of_28b_are_one_run_up_to_step_43000():
    rows = tables.load("pythia_twins").set_index(["model", "step", "shots"])
    for step in (13_000, 23_000, 33_000, 43_000):
        row = rows.loc[("Pythia 2.8B", step, 5)]
        assert row["n_equal"] == row["n_scores"] == 65
    later = rows.query("step >= 13000 and model != 'Pythia 2.8B'")
    assert (later["n_equal"] / later["n_scores"]).max() < 0.25 and len(later) > 100


def test_memorised_shares_recall_and_precision_follow_from_the_counts():
    table = tables.load("pythia_memorisation")
    parts = table[["both_pct", "missed_pct", "false_alarm_pct", "neither_pct"]].sum(axis=1)
    assert parts.to_numpy() == pytest.approx(100, abs=2.1e-5)
    assert (table["both_pct"] + table["false_alarm_pct"]).to_numpy() == pytest.approx(table["memorised_pct"].to_numpy(), abs=1.1e-5)
    # The same checkpoint has one share, whatever it is asked to foretell.
    shares = table.groupby(["model", "step"])["memorised_pct"].nunique()
    assert len(shares) == 56 and (shares == 1).all()
    rows = checkpoints.memorised(table).set_index(["model", "step"])
    # biderman2023memorization: the released figures print precision 0.87068 and recall 0.74743 for 70M at step 23,000.
    assert rows.loc[("Pythia 70M", 23000), "precision"] == pytest.approx(0.87068, abs=2e-5)
    assert rows.loc[("Pythia 70M", 23000), "recall"] == pytest.approx(0.74743, abs=2e-5)
    final = rows.xs(143000, level="step")["memorised_pct"]
    assert final.loc[[size for size in pythia_data.SIZES if size in final.index]].is_monotonic_increasing


def test_the_suite_follows_from_its_shapes():
    for row in tables.load("pythia_suite").itertuples():
        # biderman2023 Table 1: 12 L d^2 + 13 L d + 2 d parameters outside the embeddings; 143,000 steps of 2,097,152 tokens.
        assert row.non_embedding_params == 12 * row.n_layers * row.d_model**2 + 13 * row.n_layers * row.d_model + 2 * row.d_model
        assert (row.n_params - row.non_embedding_params) % (2 * row.d_model) == 0
        assert row.n_heads * row.head_dim == row.d_model and row.n_tokens == row.n_steps * row.tokens_per_step


def test_stored_fits_are_those_of_scipys_curve_fit(scores):
    from scipy import optimize

    fits = tables.load("pythia_emergence").query("status == 'identified' and task in ('arc_easy', 'piqa', 'winogrande')")
    checked = 0
    for row in fits.iloc[::5].itertuples():
        run = scores.query("model == @row.model and arm == @row.arm and task == @row.task and shots == 0").sort_values("step")
        errors = emergence.standard_errors(run["value"], run["stderr"], run["n_samples"])
        tokens = run["n_tokens"].to_numpy()

        def curve(t, a, g, x0, w):
            x = np.log10(np.maximum(t, 1e-6))
            return a + g / (1 + np.exp(-(x - x0) / w))

        start = (run["value"].iloc[:5].mean(), np.ptp(run["value"]), 10.0, 0.4)
        (a, g, x0, w), _ = optimize.curve_fit(curve, tokens, run["value"], start, errors, maxfev=20000)
        last = curve(3e11, a, g, x0, w)
        axis = np.geomspace(1e7, 3e11, 200_000)
        half = axis[np.argmin(np.abs(curve(axis, a, g, x0, w) - (a + last) / 2))]
        assert row.half_tokens == pytest.approx(half, rel=0.02)
        assert row.low <= row.half_tokens <= row.high
        checked += 1
    assert checked >= 6


# --- properties ------------------------------------------------------------------------------------------------------


def test_differences_turn_round_with_the_arms(scores):
    forth, back = (contrasts.differences(scores, *arms) for arms in ((["deduped"], ["standard"]), (["standard"], ["deduped"])))
    assert forth["difference"].to_numpy() == pytest.approx(-back["difference"].to_numpy())
    assert len(forth) == 8 * (27 + 15) * 9


def test_the_bootstrap_keeps_the_mean_and_widens_with_shared_effects():
    rng = np.random.default_rng(0)
    independent = rng.normal(0, 1, (8, 9))
    shared = rng.normal(0, 1, (8, 1)) + 0 * independent
    for cells in (independent, shared):
        assert contrasts.crossed_bootstrap(cells).mean() == pytest.approx(cells.mean(), abs=0.05)
    assert contrasts.crossed_bootstrap(shared).std() > 1.5 * contrasts.crossed_bootstrap(independent).std()
    assert (contrasts.crossed_bootstrap(shared) == contrasts.crossed_bootstrap(shared)).all()


def test_the_mean_over_tasks_leaves_out_runs_that_lack_one(scores):
    rows = scores[(scores["family"] == "OPT")]
    whole = checkpoints.mean_over_tasks(rows)
    assert len(whole) == 8 and set(whole["task"]) == {"mean"}
    first = whole["model"].iloc[0]
    assert whole["value"].iloc[0] == pytest.approx(rows.loc[rows["model"] == first, "value"].mean())
    cut = rows.drop(rows.index[(rows["model"] == first) & (rows["task"] == "piqa")])
    assert len(checkpoints.mean_over_tasks(cut)) == 7


def test_half_of_the_gain_is_half_way_up_the_curve():
    rng = np.random.default_rng(3)
    for centre, width in zip(rng.uniform(8, 12, 50), rng.uniform(0.05, 1, 50), strict=True):
        half = emergence.half_of_gain(centre, width, 3e11)
        assert float(emergence.sigmoid(half, centre, width)) == pytest.approx(float(emergence.sigmoid(3e11, centre, width)) / 2, rel=1e-9)
        assert half < 3e11 and half <= 10**centre * (1 + 1e-9)


def test_a_model_on_the_line_of_pythia_differs_by_nothing(scores):
    rows = pythia_data.scores_of("piqa", 0, "standard")
    last = rows[rows["step"] == 143000]
    assert checkpoints.against_family(last, last)["difference"].to_numpy() == pytest.approx(0)
    outside = last.assign(n_params=last["n_params"] * 1000)
    assert checkpoints.against_family(last, outside)["difference"].isna().all()


# --- recovery --------------------------------------------------------------------------------------------------------

TOKENS = np.array([0, *2.0 ** np.arange(0, 10), 1000, *np.arange(3000, 143_001, 10_000)]) * 2_097_152


def simulated(rng, start, height, centre, width, n=2000):
    p = start + height * emergence.sigmoid(TOKENS, centre, width)
    y = rng.binomial(n, p) / n
    return y, np.sqrt(y * (1 - y) / n), np.full(len(y), n)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("start", "height", "centre", "width"), [(0.25, 0.4, 10.0, 0.3), (0.5, 0.25, 9.6, 0.5), (0.0, 0.7, 9.8, 0.12), (0.25, 0.3, 11.0, 0.4)]
)
def test_a_planted_sigmoid_is_dated_within_its_interval(start, height, centre, width):
    truth = float(emergence.half_of_gain(centre, width, TOKENS.max()))
    inside, widths = 0, []
    for seed in range(25):
        found = emergence.fit(TOKENS, *simulated(np.random.default_rng(seed), start, height, centre, width), n_resamples=200)
        assert found.status == "identified"
        inside += found.low <= truth <= found.high
        widths.append(math.log10(found.high / found.low))
    assert inside >= 21
    assert np.median(widths) < 0.7


def test_accuracy_that_does_not_rise_has_no_date():
    statuses = [emergence.fit(TOKENS, *simulated(np.random.default_rng(seed), 0.25, 0.0, 10, 0.3)).status for seed in range(20)]
    assert statuses.count("no gain") >= 19


def test_a_rise_at_the_very_end_is_not_dated_with_false_confidence():
    for seed in range(5):
        found = emergence.fit(TOKENS, *simulated(np.random.default_rng(seed), 0.25, 0.5, 12.5, 0.3, n=500))
        assert found.status in ("no gain", "not identified") or found.low < 3e11 * 0.9


def test_a_planted_difference_lies_in_its_interval():
    inside = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        size, task = rng.normal(0, 0.004, (7, 1)), rng.normal(0, 0.004, (1, 9))
        cells = 0.003 + size + task + rng.normal(0, 0.008, (7, 9))
        low, high = np.percentile(contrasts.crossed_bootstrap(cells, 500, seed), [2.5, 97.5])
        inside += low <= 0.003 <= high
    assert inside >= 88


def test_drawing_single_cells_would_be_too_sure():
    # Why sizes and tasks are the clusters: with a shared effect of each size, cells drawn one by one miss the truth far too often.
    missed = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        cells = rng.normal(0, 1, (7, 1)) + rng.normal(0, 0.3, (7, 9))
        flat = cells.ravel()
        drawn = flat[rng.integers(0, flat.size, (300, flat.size))].mean(axis=1)
        missed += not np.percentile(drawn, 2.5) <= 0 <= np.percentile(drawn, 97.5)
    assert missed > 30


# --- contract --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cells", [[[1.0, 2.0]], [[1.0], [2.0]], [[1.0, np.nan], [1.0, 2.0]], [1.0, 2.0]])
def test_tables_that_cannot_be_resampled_are_refused(cells):
    with pytest.raises(ValueError, match="two rows and columns"):
        contrasts.crossed_bootstrap(cells)
    with pytest.raises(ValueError, match="six checkpoints"):
        emergence.fit([0, 1e9], [0.1, 0.2], [0.1, 0.1], [10, 10])


@pytest.mark.slow
def test_every_task_size_and_arm_can_be_drawn():
    drawn = 0
    for task in pythia_data.task_labels():
        for arm in pythia_data.ARMS:
            for shots in (0, 5):
                figures = [
                    Trajectory(eval_task=task, pythia_models=list(SIZE_KEYS), training_data=arm, n_shots=shots),
                    Scaling(eval_tasks=[task], checkpoint_step=3000, training_data=arm, n_shots=shots),
                    Families(eval_task=task),
                ]
                if task != pythia_data.MEAN:
                    figures += [Emergence(eval_task=task), EmergenceFit(pythia_model="70m", eval_task=task, training_data=arm)]
                for panel in (figure.panel() for figure in figures):
                    assert len(panel.title) < 150 and "nan" not in f"{panel.title} {panel.caption} {panel.alt}", panel.title
                    assert len(panel.data)
                    drawn += 1
    assert drawn >= 180
    for shots in pythia_data.SHOT_SETS:
        for tasks in pythia_data.TASK_SETS:
            for twins in (True, False):
                chosen = {"shot_set": shots, "task_set": tasks, "with_twins": twins}
                for panel in (DedupForest(first_step=143_000, **chosen).panel(), DedupCourse(**chosen).panel()):
                    assert len(panel.title) < 150 and "nan" not in panel.caption


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: Trajectory(pythia_models=[]), "Pythia models must be at least 1 of 70m"),
        (lambda: Scaling(eval_tasks="none"), "Tasks must be at least 1 of"),
        (lambda: Scaling(checkpoint_step=4_000).panel(), "Checkpoint must be one of 3000, 13000"),
        (lambda: EmergenceFit(eval_task="mean"), "Task must be one of"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


# --- page ------------------------------------------------------------------------------------------------------------

OWN = {
    "results": {
        "lambada_openai": {"acc,none": 0.55, "acc_stderr,none": 0.007},
        "piqa": {"acc,none": 0.7, "acc_stderr,none": "N/A"},
        "mmlu": {"acc,none": 0.26, "acc_stderr,none": 0.004},
        "<b>odd</b>": {"acc,none": 0.5},
    },
    "configs": {},
    "n-shot": {"lambada_openai": 0, "piqa": 10, "mmlu": 0},
    "versions": {"piqa": 1.0},
    "config": {"model_args": "pretrained=me/<img src=x>", "model_num_parameters": 1_500_000_000, "limit": 100},
}


def test_own_scores_are_put_on_the_tasks_with_notes():
    rows, notes = checkpoints.own_scores(read.read_results(OWN), list(pythia_data.task_labels()))
    assert dict(zip(rows["task"], rows["value"], strict=True)) == {"lambada_openai": 0.55, "piqa": 0.7, "mmlu": 0.26}
    assert set(rows["n_params"]) == {1.5e9}
    assert any("average" in note for note in notes) and any("odd" in note for note in notes)
    subjects = read.read_results({"results": {f"mmlu_{i}": {"acc,none": i / 100} for i in range(57)}, "configs": {}})
    rows, _ = checkpoints.own_scores(subjects, ["mmlu"], 1e9)
    assert rows["value"].tolist() == [pytest.approx(0.28)] and rows["n_params"].tolist() == [1e9]


def test_a_readers_file_is_drawn_beside_the_published_models():
    app = open_page("pythia", own_results="own")
    assert any("Choose results" in item.value for item in app.info)
    app.file_uploader[0].upload("results_x.json", json.dumps(OWN).encode(), "application/json").run()
    assert fine(app)
    said = " ".join(item.value for item in app.text)
    assert "4 scores" in said and "limit 100" in said and "piqa: shots 10 here" in said
    app.button_group(key="pythia:section").set_value("families").run()
    assert fine(app)  # the file is still there in another section
    drawn = app.session_state["panels"]["pythia.families"]
    assert "what_if" in set(drawn.data["status"])
    own = next(trace for trace in drawn.figure.data if trace.name == "your file")
    assert list(own.x) == [1.5e9] and list(own.y) == [0.55] and "&lt;img" in own.text[0]
    assert not any("<img" in item.value.replace("\\<", "") for item in app.markdown)


def test_a_file_that_is_no_result_is_refused_in_a_sentence():
    app = open_page("pythia", own_results="own")
    app.file_uploader[0].upload("x.json", b"[1, 2]", "application/json").run()
    assert not app.exception and len(app.error) == 1 and "not a result file" in app.error[0].value


def test_the_reported_finding_on_order_is_marked_as_reported():
    app = open_page("pythia", section="memorisation")
    assert any("Reported, not recomputed" in item.value and "Section 3.2" in item.value for item in app.info)


def test_the_forest_shows_the_mean_first_and_every_row_once():
    panel = DedupForest().panel()
    rows = panel.data[panel.data["kind"] != "cell"]
    assert rows["label"].tolist()[0] == "all sizes and tasks" and rows["label"].is_unique and len(rows) == 1 + 9 + 7
    assert rows["difference"].iloc[0] == pytest.approx(panel.data.query("kind == 'cell'")["difference"].mean())
    assert isinstance(panel.data, pd.DataFrame)


def test_the_labels_of_the_rows_fit_beside_the_chart_in_a_picture():
    from analysis.export.picture import TICK, chart_figure, text_width

    figure = chart_figure(DedupForest().panel().figure, "light", 1920, 1080)
    longest = max(figure.layout.yaxis.ticktext, key=len)
    assert longest == "all sizes and tasks" and figure.layout.margin.l > text_width(longest, TICK)


def test_an_adapter_and_its_base_are_drawn_under_two_names():
    app = open_page("pythia", own_results="own", section="families")
    files = []
    for number, more in enumerate(("", ",peft=../runs/tuned/epoch_20", ",load_in_4bit=True")):
        document = OWN | {"config": {"model_args": f"pretrained=acme/Base-1B{more}", "model_num_parameters": 1_100_000_000}}
        files.append((f"results_{number}.json", json.dumps(document).encode(), "application/json"))
    app.file_uploader[0].set_value(files).run()
    assert fine(app)
    own = next(trace for trace in app.session_state["panels"]["pythia.families"].figure.data if trace.name == "your file")
    assert set(own.text) == {"acme/Base-1B", "acme/Base-1B + ../runs/tuned/epoch_20", "acme/Base-1B (4-bit)"}


def test_files_that_cannot_be_drawn_are_named_beside_the_chart():
    app = open_page("pythia", own_results="own")
    log = b'{"doc_id": 0, "doc": {}, "resps": [["4"]]}\n{"doc_id": 1, "doc": {}, "resps": [["5"]]}\n'
    app.file_uploader[0].upload("samples_piqa.jsonl", log, "application/json").run()
    assert not app.exception and len(app.error) == 1 and "results\\_\\*.json that lies beside it" in app.error[0].value
    percent = OWN | {"results": {"piqa": {"acc,none": 71.0}, "tg": {"mae,none": float("inf")}}}
    app.file_uploader[0].upload("results_x.json", json.dumps(percent).encode(), "application/json").run()
    said = " ".join(item.value for item in app.text)
    assert "Infinite, so in no chart: mae of tg." in said and "percentages or no shares, and in no chart: acc of piqa (71)." in said
