"""Figures on small models: scores against size, and what training cost."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.compute import costs
from analysis.small_models import comparisons, figures_self_instruct, figures_training_data
from analysis.small_models.data import a100, all_runs, best_other, compared, phi_runs, rivals
from analysis.units import format_money, significant


def scores(small: str, benchmark: str, least: float, settings: Mapping[str, str]) -> Panel:
    """One benchmark against size, rivals at least `least` times as large marked."""
    rows = compared(small)
    rows = rows[rows["benchmark"] == benchmark]
    if rows.empty:
        raise ValueError(f"benchmark must be one on which {small} is compared, got {benchmark!r}")
    own, size = float(rows["score_small"].iloc[0]), float(rows["n_params"].iloc[0] / rows["ratio"].iloc[0])
    far = (rows["ratio"] >= least * (1 - 1e-9)).to_numpy()
    traces = []
    for chosen, name, color in (
        (~far, "smaller or less than the ratio larger", style.GREY),
        (far, f"at least {significant(least)} times as large", style.CRIMSON),
    ):
        part = rows[chosen]
        if len(part):
            traces.append(
                style.reported_markers(
                    part["n_params"], part["score_rival"], name, color, "circle", part["verified"].to_list(), part["rival"]
                )
            )
    traces.append(
        style.reported_markers([size], [own], small, style.BLUE, "star", True)
        | {"marker": {"size": 15, "symbol": "star", "color": style.BLUE}}
    )
    values = [*rows["score_rival"], own]
    room = max((max(values) - min(values)) * 0.2, 0.5)
    label, low = rows["label"].iloc[0], max(min(rows["n_params"].min(), size) / 1.8, 1e8)
    layout = style.layout(
        "params",
        "number",
        y_title=f"{label} (as printed)",
        x_range=(low, max(rows["n_params"].max(), size) * 1.8),
        y_range=(min(values) - room, max(values) + room),
        height=440,
        shapes=[style.horizontal_line(own, style.BLUE), style.vertical_line(least * size, style.CRIMSON)],
        annotations=_names(rows, size, low),
    )
    layout["xaxis"] |= {"tickvals": [3e8, 1e9, 3e9, 1e10, 3e10, 1e11, 5e11], "ticktext": ["300M", "1B", "3B", "10B", "30B", "100B", "500B"]}
    seen = rows[far & (rows["verified"] > 0).to_numpy()]
    held = int(seen["held"].sum())
    text = (
        f"{small} holds against {held} of {len(seen)} models at least {significant(least)} times as large"
        if len(seen)
        else f"no rival of {small} with a checked score is {significant(least)} times as large"
    )
    return Panel(
        name="small_models.scores",
        title=f"On {label}, {text}",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                lambda: (
                    rows[["rival", "n_params", "score_rival", "ratio", "difference", "location", "verified"]]
                    .rename(columns={"rival": "model", "score_rival": "score"})
                    .assign(status="reported", source=comparisons.WORKS[small])
                ),
                {
                    "model": [small],
                    "n_params": size,
                    "score": own,
                    "location": rows["location"].iloc[0],
                    "status": "reported",
                    "source": comparisons.WORKS[small],
                },
            ]
        ),
        caption=(
            f"Scores that the paper on {small} itself prints, in one column of one table. The blue line is {small}'s score; the dashed line its size times the ratio. "
            "Hollow: quoted from memory, drawn and not counted. Models whose size is not published, such as GPT-4, have no place on this axis."
        ),
        alt=f"{label} against parameters: {small} scores {significant(own)}, and {text.removeprefix(small + ' ')}.",
        sources=(Citation(comparisons.WORKS[small], rows["location"].iloc[0]),),
        settings=settings,
        explain=(comparisons.comparisons,),
    )


def _names(rows: pd.DataFrame, size: float, low: float) -> list[dict]:
    notes, used = [], []
    for row in rows.sort_values("score_rival", ascending=False).to_dict("records"):
        x, y = float(np.log10(row["n_params"])), row["score_rival"]
        left = x - np.log10(low) > 1.2
        span = (rows["score_rival"].max() - rows["score_rival"].min()) or 1.0
        near = any(abs(x - u) < 0.35 and abs(y - v) < span * 0.06 for u, v in used)
        if not near:
            notes.append(style.note(x, y, row["rival"], xanchor="right" if left else "left", xshift=-9 if left else 9))
            used.append((x, y))
    return notes


def ratio(small: str, least: float, settings: Mapping[str, str]) -> Panel:
    """Share of the paper's comparisons in which a small model scores as much or more, against how much larger the rivals are."""
    rows, each = rivals(small)
    steps = np.unique(rows["ratio"].round(9))
    axis = np.concatenate([[min(steps[0], 1.0)], np.repeat(steps, 2)])[:-1]  # the share is the same up to each rival's ratio
    share, n = (np.repeat(values, 2) for values in comparisons.held_share(rows["ratio"], rows["held"], steps))
    here, count = (float(value[0]) for value in comparisons.held_share(rows["ratio"], rows["held"], least))
    traces = [style.computed_line(axis, share, f"{small}, all rivals at least so large", style.BLUE)]
    text = [f"{row['rival']}: {row['share']:.0%} of {row['n']}" for row in each.to_dict("records")]
    dots = style.computed_line(each["ratio"], each["share"], "single rivals", style.CRIMSON, text=text)
    traces.append(dots | {"mode": "markers", "marker": {"size": 9, "color": style.CRIMSON, "symbol": "diamond"}})
    if count:
        traces.append(style.what_if_marker([least], [here], "your ratio", style.AMBER))
    layout = style.layout(
        "log_number",
        "percent",
        x_title="Rival's size over the model's, at least",
        y_title="Share of comparisons held",
        x_range=(min(float(axis[0]), 1.0) / 1.4, max(float(axis[-1]), 2.0) * 1.4),
        y_range=(-0.05, 1.08),
        shapes=[style.vertical_line(least, style.AMBER)],
    )
    layout["xaxis"] |= {
        "tickvals": [0.5, 1, 2, 5, 10, 20, 50, 100, 500],
        "ticktext": ["0.5", "1", "2", "5", "10", "20", "50", "100", "500"],
    }
    title = (
        f"{small} holds in {here * count:.0f} of {count:.0f} comparisons with models at least {significant(least)} times its size"
        if count
        else f"The paper on {small} has no rival {significant(least)} times its size"
    )
    return Panel(
        name="small_models.ratio",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {"series": "all rivals at least so large", "ratio": axis, "share": share, "n": n, "status": "computed"},
                lambda: each.rename(columns={"rival": "series"}).assign(status="computed"),
            ]
        ),
        caption=(
            "Each comparison is one benchmark and one rival in one column of the paper's tables; to hold is to score as much or more, and every benchmark weighs the same. Its authors chose the rivals, benchmarks "
            "and prompts, so this is what they report, and no independent test. Scores quoted from memory are left out."
        ),
        alt=f"Share of comparisons in which {small} holds, against the ratio of sizes; {title}.",
        sources=(Citation(comparisons.WORKS[small]),),
        settings=settings,
        explain=(comparisons.held_share, comparisons.comparisons),
    )


def cost(price: float, settings: Mapping[str, str]) -> Panel:
    """Rent of the reported GPU-hours at a price."""
    rows = all_runs()
    rows = rows.assign(usd=rows["gpu_hours"] * price)
    colors = [
        style.AMBER if kind == "tuning" else style.BLUE if model.startswith("phi") else style.GREY
        for kind, model in zip(rows["kind"], rows["model"], strict=True)
    ]
    bar = style.bars(rows["usd"], rows["model"], "rent", colors, [format_money(value) for value in rows["usd"]], horizontal=True) | {
        "textposition": "outside",
        "cliponaxis": False,
    }
    layout = style.layout(
        "log_number", "category", x_title="Rent (USD)", x_range=(10, max(float(rows["usd"].max()) * 6, 1e5)), height=420, showlegend=False
    )
    layout["xaxis"] |= {"tickprefix": "$", "exponentformat": "B"}
    layout["yaxis"] |= {"autorange": "reversed"}
    usd = rows.set_index("model")["usd"]
    return Panel(
        name="small_models.cost",
        title=f"At {format_money(price)} per A100-hour, phi-1.5 cost {format_money(usd['phi-1.5'])} to pretrain, phi-2 {format_money(usd['phi-2'])} and LLaMA 7B {format_money(usd['LLaMA 7B'])}",
        figure=style.figure([bar], layout),
        data=lambda: rows.assign(status="computed"),
        caption=(
            "Reported A100-hours times the price. Blue: pretraining of phi; grey: other pretraining; amber: fine-tuning from weights that somebody else paid for. phi-2's hours are 14 days on 96 GPUs. "
            f"Not counted: the language models that wrote the data, trials, and people. List price of the table: {format_money(a100().price_usd_per_hour)} (A100 80 GB, on demand, 2023)."
        ),
        alt=f"Rent of {len(rows)} runs at {format_money(price)} per A100-hour, from {format_money(float(rows['usd'].min()))} to {format_money(float(rows['usd'].max()))}.",
        sources=tuple(Citation(name) for name in dict.fromkeys([*rows["source"], "aws_ec2"])),
        settings=settings,
        explain=(comparisons.training_runs, comparisons.tuning_runs),
    )


def hours(utilisation: float, settings: Mapping[str, str]) -> Panel:
    """Reported GPU-hours against those that 6 N D would take at a utilisation."""
    rows = phi_runs().copy()
    computed = costs.cost_of(rows["computed_flops"].to_numpy(), a100(), 1, utilisation).gpu_hours
    rows["hours_at_utilisation"] = computed
    rows["utilisation"] = costs.implied_utilisation(rows["computed_flops"], rows["gpu_hours"], a100().peak_flops_per_s)
    phi = rows["model"].str.startswith("phi").to_numpy()
    traces = [style.computed_line([300, 5e5], [300, 5e5], f"computed at {utilisation:.0%} of peak", style.BLUE)]
    for chosen, name, color, symbol in ((phi, "phi", style.CRIMSON, "circle"), (~phi, "LLaMA and Llama 2", style.VIOLET, "triangle-up")):
        part = rows[chosen]
        text = [f"{row['model']}: {row['utilisation']:.0%} of peak" for row in part.to_dict("records")]
        traces.append(style.reported_markers(part["hours_at_utilisation"], part["gpu_hours"], name, color, symbol, True, text))
    notes = [
        style.note(
            float(np.log10(row["hours_at_utilisation"])),
            float(np.log10(row["gpu_hours"])),
            f"{row['model']}, {row['utilisation']:.0%}",
            xanchor="left" if row["gpu_hours"] < 5e4 else "right",
            xshift=9 if row["gpu_hours"] < 5e4 else -9,
            yshift=-8 if row["gpu_hours"] < 5e4 else 8,
        )
        for row in rows.to_dict("records")
    ]
    layout = style.layout(
        "log_number",
        "log_number",
        x_title=f"Computed A100-hours (6 N D at {utilisation:.0%} of peak)",
        y_title="Reported A100-hours",
        x_range=(300, 5e5),
        y_range=(300, 5e5),
        height=440,
        annotations=notes,
    )
    layout["xaxis"]["exponentformat"] = layout["yaxis"]["exponentformat"] = "B"
    share = rows.set_index("model")["utilisation"]
    return Panel(
        name="small_models.hours",
        title=f"phi-1.5's reported tokens and hours mean {share['phi-1.5']:.0%} of the GPUs' peak, phi-1's {share['phi-1']:.0%}; LLaMA 7B reached {share['LLaMA 7B']:.0%}",
        figure=style.figure(traces, layout),
        data=lambda: rows.assign(status="reported"),
        caption=(
            f"Markers below the line took fewer hours than {utilisation:.0%} of peak would. Percentages are 6 N D over the reported hours at 312 TFLOP/s, with sizes as printed (1.3 B; counted 1.42 B, which makes them higher still). "
            f"The best other run with known hours in our tables comes to {best_other():.0%}, so tokens or hours of phi-1.5 and phi-2 may be rounded or counted otherwise."
        ),
        alt=f"Reported against computed A100-hours of {len(rows)} runs; implied utilisation runs from {share.min():.0%} to {share.max():.0%}.",
        sources=tuple(Citation(name) for name in dict.fromkeys([*rows["source"], "nvidia_a100"])),
        settings=settings,
        explain=(costs.implied_utilisation, costs.training_flops, comparisons.training_runs),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of the page at its default settings."""
    return {
        "small_models.ratio": lambda: ratio("Orca 2 13B", 5.0, {"model": "Orca 2 13B", "ratio": "5"}),
        "small_models.scores": lambda: scores("Orca 2 13B", "bbh", 5.0, {"model": "Orca 2 13B", "benchmark": "BBH", "ratio": "5"}),
        **figures_self_instruct.default_panels(),
        **figures_training_data.default_panels(),
        "small_models.cost": lambda: cost(5.0, {"price": "$5 per A100-hour"}),
        "small_models.hours": lambda: hours(0.4, {"utilisation": "40%"}),
    }
