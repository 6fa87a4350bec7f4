"""Figures on what data did: amounts against preference, kinds of code, and imitation."""

from collections.abc import Callable, Mapping

import numpy as np

from analysis import statistics, tables
from analysis.charts import intervals, style
from analysis.charts.panel import Citation, Panel
from analysis.small_models import comparisons
from analysis.small_models.data import amounts, humaneval, knowledge, preferences
from analysis.units import format_count

JUDGES = {"lima_human": "people", "lima_gpt4": "GPT-4"}
WILSON = Citation("wilson1927")
MEASURES = {
    "lists": (style.BLUE, "circle"),
    "summary paragraphs": (style.AMBER, "square"),
    "shared words": (style.CRIMSON, "diamond"),
    "authoritative tone": (style.VIOLET, "triangle-up"),
}
IMITATION = {
    "LLaMA, size not stated": "none",
    "20M imitation tokens": "20M tokens",
    "80M imitation tokens": "80M tokens",
    "150M imitation tokens": "150M tokens",
    "ChatGPT (second sample)": "ChatGPT itself",
}


def lima(judge: str, n_prompts: float, level: float, settings: Mapping[str, str]) -> Panel:
    """LIMA against each rival: share preferred among the decided prompts, with intervals."""
    rows = comparisons.preference_intervals(preferences(judge), n_prompts, level)
    known = {"Alpaca 65B": "52,000"}
    labels = [
        f"{row['rival']} ({known[row['rival']]} examples)" if row["rival"] in known else row["rival"] for row in rows.to_dict("records")
    ]
    text = [f"{row['win']:.0f}% better, {row['tie']:.0f}% equal, {row['loss']:.0f}% worse" for row in rows.to_dict("records")]
    clear = (rows["low"] > 0.5) | (rows["high"] < 0.5)
    traces = []
    for held, name, color in ((True, "interval leaves one half out", style.BLUE), (False, "undecided", style.GREY)):
        at = np.flatnonzero(clear == held)
        if len(at):
            part = rows.iloc[at]
            traces.append(intervals.bars(part["share"], part["low"], part["high"], at, name, color, text=[text[i] for i in at]))
    layout = intervals.rows(labels, "percent", "LIMA preferred (ties left out)", row_height=44, x_range=(0, 1), zero=0.5)
    first = rows.iloc[0]
    return Panel(
        name="small_models.lima",
        title=f"With 1,000 examples, LIMA is preferred to Alpaca's 52,000 in {first['share']:.0%} of the decided prompts ({level:.0%} interval {first['low']:.0%} to {first['high']:.0%})",
        figure=style.figure(traces, layout),
        data=lambda: rows.assign(status="reported"),
        caption=(
            f"Judged by {JUDGES[judge]}: wins over wins and losses, with Wilson intervals for one judgement on each of {n_prompts:.0f} prompts. Both LIMA and Alpaca are tuned from LLaMA 65B; Alpaca's examples were written by "
            "text-davinci-003, not by ChatGPT. How many examples tuned the other rivals is not published."
        ),
        alt=f"LIMA against {len(rows)} rivals judged by {JUDGES[judge]}; it is preferred to Alpaca 65B in {first['share']:.0%} of the decided prompts.",
        sources=(Citation("zhou2023", first["location"]), Citation("taori2023_code"), WILSON),
        settings=settings,
        explain=(comparisons.preference_intervals, comparisons.preferences, statistics.wilson_interval),
    )


def amount(n_tasks: float, level: float, settings: Mapping[str, str]) -> Panel:
    """Share of answers rated best against the number of generated instructions."""
    rows = statistics.with_interval(amounts(), n_tasks, level)
    own = rows[~rows["regenerated"]].reset_index(drop=True)
    other = rows[rows["regenerated"]].iloc[0]
    traces = [*style.band(own["n_instructions"], own["low"], own["high"], f"{level:.0%} interval", style.BLUE)]
    traces.append(
        style.reported_markers(
            own["n_instructions"], own["share"], "outputs written by GPT-3 itself", style.BLUE, "circle", own["verified"].to_list()
        )
    )
    traces.append(
        style.reported_markers(
            [other["n_instructions"]], [other["share"]], "outputs rewritten by InstructGPT-003", style.CRIMSON, "diamond"
        )
    )
    layout = style.layout(
        "log_number",
        "percent",
        x_title="Generated instructions used for tuning",
        y_title="Answers rated valid and satisfying",
        x_range=(120, 90_000),
        y_range=(0.15, 0.7),
    )
    layout["xaxis"] |= {"tickvals": [175, 800, 7500, 51200], "ticktext": ["175", "800", "7,500", "51,200"]}
    gain = own["share"].iloc[-1] - own["share"].iloc[2]
    return Panel(
        name="small_models.amount",
        title=f"Seven times as many instructions (7,500 to 51,200) add {100 * gain:.1f} points; better answers to the same ones add {100 * (other['share'] - own['share'].iloc[-1]):.0f}",
        figure=style.figure(traces, layout),
        data=lambda: rows.assign(status="reported"),
        caption=(
            f"GPT-3 tuned on its own instructions, answers to {n_tasks:.0f} tasks rated by their authors. Values are read off the axis of the figure. The band is Wilson's interval for the tasks and leaves out how raters and training runs vary. "
            "LIMA's own ablation says the same of 2,000 examples: filtered Stack Exchange scores 3.83 of 6 with ChatGPT as judge, unfiltered 3.33."
        ),
        alt=f"Share of best-rated answers against the number of instructions: {own['share'].iloc[0]:.0%} at 175 and {own['share'].iloc[-1]:.0%} at 51,200.",
        sources=(Citation("wang2022", "Figure 7"), Citation("zhou2023", "Figure 5"), WILSON),
        settings=settings,
        explain=(comparisons.amounts, statistics.wilson_interval),
    )


def code_data(level: float, settings: Mapping[str, str]) -> Panel:
    """HumanEval of phi-1's family by training data."""
    rows = statistics.with_interval(humaneval(), 164, level)
    labels = [f"{row['model'].removeprefix('350M, ')} ({format_count(row['n_params'])})" for row in rows.to_dict("records")]
    traces = [
        intervals.bars(rows["share"], rows["low"], rows["high"], np.arange(len(rows)), f"pass@1 with its {level:.0%} interval", style.BLUE)
    ]
    layout = intervals.rows(labels, "percent", "HumanEval pass@1", row_height=40, x_range=(0, 0.65), zero=None)
    share = rows.set_index("model")["share"]
    return Panel(
        name="small_models.code_data",
        title=f"At 350M parameters, filtering lifts HumanEval from {share.iloc[0]:.0%} to {share.iloc[1]:.0%}, textbooks to {share.iloc[2]:.0%}, exercises to {share['phi-1-small']:.0%}",
        figure=style.figure(traces, layout),
        data=lambda: rows.assign(status="reported"),
        caption=(
            "One model size on different data, then the two large ones; the last step in both sizes is fine-tuning on exercises of the test's own form. HumanEval has 164 problems, so intervals are wide: "
            "the step from filtered code to textbooks alone is within them."
        ),
        alt=f"HumanEval of six models by training data, from {share.min():.0%} to {share.max():.0%}.",
        sources=(Citation("gunasekar2023", "Section 2.1; Table 1"), Citation("chen2021"), WILSON),
        settings=settings,
        explain=(comparisons.code_data, statistics.wilson_interval),
    )


def imitation_style(settings: Mapping[str, str]) -> Panel:
    """How answers come to resemble ChatGPT's with more imitation data."""
    rows = comparisons.style_measures(tables.load("alignment_scores"))
    traces = []
    for measure, (color, symbol) in MEASURES.items():
        part = rows[rows["measure"] == measure]
        trace = style.reported_markers(
            [IMITATION[name] for name in part["data"]], part["value"] / 100, measure, color, symbol, part["verified"].to_list()
        )
        traces.append(trace)
    layout = style.layout("category", "percent", x_title="Imitation data", y_title="As ChatGPT's answers", y_range=(-0.03, 1.06))
    layout["xaxis"] |= {"categoryorder": "array", "categoryarray": list(IMITATION.values())}
    lists = rows[rows["measure"] == "lists"].set_index("data")["value"]
    return Panel(
        name="small_models.imitation_style",
        title=f"Imitation makes style converge: lists where ChatGPT has one rise from {lists.iloc[0]:.0f}% to {lists.iloc[3]:.0f}%; a second answer of ChatGPT has {lists.iloc[4]:.0f}%",
        figure=style.figure(traces, layout),
        data=lambda: rows.assign(status="reported"),
        caption=(
            "Resemblance to a random answer of ChatGPT, without imitation, with three amounts of it, and for ChatGPT beside itself, which is as much as can be had. "
            "Raters saw this: crowd workers called about 70% of the best imitation's answers equal to or better than ChatGPT's."
        ),
        alt=f"Four measures of style against imitation data; lists rise from {lists.iloc[0]:.0f} to {lists.iloc[3]:.0f} per cent.",
        sources=(Citation("gudibande2023", "Table 2; Figure 1"),),
        settings=settings,
        explain=(comparisons.style_measures,),
    )


def imitation_facts(n_questions: float, level: float, settings: Mapping[str, str]) -> Panel:
    """What benchmarks showed: NaturalQuestions before and after imitation."""
    rows = statistics.with_interval(knowledge(), n_questions, level)
    labels = [row["base"] if row["data"] == "none" else f"{row['base']} + {row['data']}" for row in rows.to_dict("records")]
    traces = []
    for data, name, color in (
        ("none", "as it was", style.GREY),
        ("ShareGPT-Mix", "broad imitation", style.CRIMSON),
        ("NQ-synthetic", "imitation of this task", style.BLUE),
    ):
        at = np.flatnonzero(rows["data"] == data)
        part = rows.iloc[at]
        traces.append(intervals.bars(part["share"], part["low"], part["high"], at, name, color))
    layout = intervals.rows(labels, "percent", "NaturalQuestions, 3-shot accuracy", row_height=40, x_range=(0, 0.4), zero=None)
    value = {(row["base"], row["data"]): row["share"] for row in rows.to_dict("records")}
    return Panel(
        name="small_models.imitation_facts",
        title=f"Broad imitation lowers NaturalQuestions from {value['LLaMA 7B', 'none']:.0%} to {value['LLaMA 7B', 'ShareGPT-Mix']:.0%} (7B) and from {value['LLaMA 13B', 'none']:.0%} to {value['LLaMA 13B', 'ShareGPT-Mix']:.0%} (13B)",
        figure=style.figure(traces, layout),
        data=lambda: rows.assign(status="reported"),
        caption=(
            f"What benchmarks showed: facts do not come with the style. Imitating the very task helps, and so does a larger base. Bars are {level:.0%} Wilson intervals for {n_questions:,.0f} questions; the paper does not say how many it asked "
            "(the usual test set has 3,610)."
        ),
        alt=f"NaturalQuestions of LLaMA 7B and 13B before and after imitation; broad imitation lowers both, to {value['LLaMA 7B', 'ShareGPT-Mix']:.0%} and {value['LLaMA 13B', 'ShareGPT-Mix']:.0%}.",
        sources=(Citation("gudibande2023", "Table 1"), Citation("kwiatkowski2019"), WILSON),
        settings=settings,
        explain=(comparisons.imitated_knowledge, statistics.wilson_interval),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels on data at their default settings."""
    return {
        "small_models.lima": lambda: lima("lima_human", 300, 0.95, {"judge": "people", "prompts": "300", "interval": "95%"}),
        "small_models.amount": lambda: amount(252, 0.95, {"rated tasks": "252", "interval": "95%"}),
        "small_models.code_data": lambda: code_data(0.95, {"interval": "95%"}),
        "small_models.imitation_style": lambda: imitation_style({"measures": "as printed"}),
        "small_models.imitation_facts": lambda: imitation_facts(3610, 0.95, {"questions": "3,610", "interval": "95%"}),
    }
