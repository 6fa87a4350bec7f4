"""Benchmarks: who reports what, under which setting, and who disagrees?"""

import streamlit as st

from analysis import tables
from analysis.benchmarks import comparison, figures
from analysis.benchmarks import data as benchmarks_data
from analysis.benchmarks import figures_disagree as disagree_figures
from analysis.benchmarks import figures_pair as benchmarks_figures_pair
from analysis.benchmarks import figures_programs as benchmarks_figures_programs
from analysis.units import significant
from pages.components import controls, head, sections
from pages.components.markdown import plain
from pages.components.panel import draw, export_row

numbers = disagree_figures.headline()
head.begin(
    "benchmarks",
    f"Under one stated setting, two reports of a model's score still differ by up to {significant(numbers['largest'])} points",
    f"In the median of {numbers['n_same']:.0f} such pairs the gap is {significant(numbers['same'], 2)} points, against {significant(numbers['different'], 2)} in {numbers['n_different']:.0f} pairs with different settings. "
    "So the setting explains most of a typical gap, but not the widest ones. Here is every score that the papers print, compared only where benchmark, metric, shots and setting agree.",
)

labels = tables.load("benchmarks").set_index("benchmark")
reports = tables.load("score_reports").set_index("source")["label"].to_dict()
scores = benchmarks_data.all_scores()
names = sorted(set(scores["model"]), key=str.lower)
present = {name: labels.loc[name, "label"] for name in labels.index if name in set(scores["benchmark"])}


def choose():
    """(what was picked, scores that pass the filters, the filters in words, whether the vision papers are in the list of single scores)."""
    with st.popover("Filters: paper, model family, size, variant, kind of benchmark"):
        papers = controls.choices(
            "bn_paper", "Reports", {source: label for source, label in reports.items() if source in set(scores["source"])}, []
        )
        groups = controls.choices("bn_group", "Kinds of benchmarks", [name for name in labels["group"].unique() if name != "vision"], [])
        vision = controls.toggle(
            "bn_vision", "With the vision papers", False, help="ImageNet, segmentation and video, in the list of single scores only."
        )
        families = controls.choices("bn_family", "Model families", sorted(set(scores["family"])), [])
        sizes = controls.choices("bn_size", "Model sizes", list(benchmarks_data.SIZES), [])
        variants = controls.choices("bn_variant", "Variants", ["base", "chat", "fine-tuned", "other"], [])
        st.caption("An empty list lets everything pass. Models of unknown size pass only without a choice of sizes.")
    picked = tuple(map(tuple, (groups, papers, families, variants, sizes)))
    shown = benchmarks_data.filtered(scores, *picked)
    chosen = {
        "reports": ", ".join(reports[source] for source in papers),
        "benchmarks": ", ".join(groups),
        "families": ", ".join(families),
        "sizes": ", ".join(sizes),
        "variants": ", ".join(variants),
    }
    filters = {name: value for name, value in chosen.items() if value} or {"filters": "none"}
    return picked, shown, filters, vision


def apart() -> None:
    """Section: one model on one benchmark, reported twice."""
    picked, _, filters, _ = choose()
    draw("benchmarks.gaps", lambda: disagree_figures.gaps(benchmarks_data.report_pairs(picked), filters))
    export_row("benchmarks.gaps")
    within = controls.toggle(
        "bn_within", "Also two settings within one work", False, help="Such as 0-shot and 25-shot in two tables of one paper."
    )
    found = disagree_figures.ranges_among(picked, within)

    @st.fragment
    def disagreements() -> None:
        """The smallest spread that is shown."""
        least = controls.slider("bn_least", "Points apart, at least", 0.0, 25.0, 5.0, 0.5, format="%.1f")
        settings = filters | {"smallest spread": f"{least:g} points", "within one work": "yes" if within else "no"}
        draw("benchmarks.disagreements", lambda: disagree_figures.disagreements(found, least, settings))

    disagreements()
    export_row("benchmarks.disagreements")
    model = controls.switch("bn_llama", "Model", ["Llama 2 7B", "Llama 2 13B", "Llama 2 70B"], "Llama 2 70B")
    rows, alike = disagree_figures.measured(model)
    draw("benchmarks.evaluators", lambda: disagree_figures.evaluators(rows, alike, model, {"model": model}))
    export_row("benchmarks.evaluators")


def depends() -> None:
    """Section: implementation, contamination, and training on the format."""
    draw("benchmarks.implementations", lambda: benchmarks_figures_programs.implementations(scores, {"benchmark": "MMLU, 5-shot"}))
    export_row("benchmarks.implementations")
    draw("benchmarks.contamination", lambda: benchmarks_figures_programs.contamination({"model": "Llama 2 7B and 70B"}))
    export_row("benchmarks.contamination")
    draw("benchmarks.multiple_choice", lambda: benchmarks_figures_programs.multiple_choice(scores, {"model": "DeepSeek LLM 7B Chat"}))
    export_row("benchmarks.multiple_choice")


def side_by_side() -> None:
    """Section: the heat map, and where each cell comes from."""
    _, shown, filters, vision = choose()
    with controls.row():
        models = controls.choices("bn_models", "Models (none: a choice of 12)", names, [])
        columns = controls.choices("bn_columns", "Benchmarks (none: a choice of 12)", present, [])
    unfiltered = len(shown) == len(scores)
    models = models or list(figures.FEATURED_MODELS if unfiltered else benchmarks_data.most_reported(shown, "model"))
    columns = columns or list(figures.FEATURED_BENCHMARKS if unfiltered else benchmarks_data.most_reported(shown, "benchmark"))
    draw("benchmarks.heat_map", lambda: figures.heat_map(shown, models, columns, filters), scroll=True)
    export_row("benchmarks.heat_map")
    st.subheader("Where a cell comes from", anchor=False)
    everything = benchmarks_data.all_scores(vision)
    with controls.row():
        one = controls.choice("bn_model", "Model of the cell", sorted(set(everything["model"]), key=str.lower), "Llama 2 70B")
        benchmark = controls.choice(
            "bn_benchmark",
            "Benchmark of the cell",
            {name: labels.loc[name, "label"] for name in labels.index if name in set(everything["benchmark"])},
            "bbh",
        )
    rows = figures.details(everything, one, benchmark)
    if rows.empty:
        st.info(plain(f"No report here prints {labels.loc[benchmark, 'label']} for {one}."), icon=":material/search_off:")
    else:
        st.dataframe(
            rows, hide_index=True, width="stretch", column_config={"link": st.column_config.LinkColumn("link", display_text="open")}
        )
    st.caption(plain(f"{labels.loc[benchmark, 'label']}: {labels.loc[benchmark, 'measures']}."))


def two_models() -> None:
    """Section: two models on what they share."""
    with controls.row():
        model_a = controls.choice("bn_a", "One model", names, "Mixtral 8x7B")
        model_b = controls.choice("bn_b", "Another model", names, "Llama 2 70B")
    pairs = comparison.pairs(scores, model_a, model_b) if model_a != model_b else None
    refused = benchmarks_figures_pair.refusal(pairs, model_a, model_b) if pairs is not None else "Choose two different models."

    drawn = benchmarks_figures_pair.ready(pairs, model_a, model_b) if not refused else None

    @st.fragment
    def dumbbell() -> None:
        """From which difference on one counts as clear."""
        errors = controls.slider("bn_errors", "Clear from so many standard errors on", 0.0, 4.0, 2.0, 0.1, format="%.1f")
        settings = {"models": f"{model_a}, {model_b}", "clear from": f"{errors:g} standard errors"}
        draw("benchmarks.dumbbell", lambda: benchmarks_figures_pair.dumbbell(drawn, model_a, model_b, errors, settings))

    if refused:
        st.info(plain(refused), icon=":material/compare_arrows:")
    else:
        dumbbell()
        export_row("benchmarks.dumbbell")


def against_size() -> None:
    """Section: score against parameters."""
    _, shown, filters, _ = choose()
    sized = benchmarks_data.with_sizes(scores)
    against = controls.choice(
        "bn_against", "Benchmark against size", {name: label for name, label in present.items() if name in sized}, "mmlu"
    )
    there = benchmarks_data.with_points(shown) & sized
    if against not in there:  # it stays on offer: a link that asks for it shall not turn into another benchmark
        others = ", ".join(label for name, label in present.items() if name in there)
        words = f"These have one: {others}." if others else "Nor on any other benchmark here; choose fewer filters."
        st.info(
            plain(f"No model of known size that passes the filters has a score on {present[against]} to draw. {words}"),
            icon=":material/filter_alt_off:",
        )
        return
    draw("benchmarks.against_params", lambda: figures.against_params(shown, against, filters | {"benchmark": present[against]}))
    export_row("benchmarks.against_params")


sections.show(
    "bn_part",
    {
        "How far apart": apart,
        "What a score depends on": depends,
        "Side by side": side_by_side,
        "Two models": two_models,
        "Against size": against_size,
    },
)
