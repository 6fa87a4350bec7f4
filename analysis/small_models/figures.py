"""Figures on small models: scores against size, and what training cost."""

import numpy as np
import pandas as pd

from analysis.charts import marks, style, ticks
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.names import beside
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Earlier, Quantity
from analysis.charts.shared_parameters import MFU
from analysis.compute import costs
from analysis.small_models import comparisons
from analysis.small_models.data import a100, all_runs, benchmarks_of, best_other, compared, phi_runs, rivals
from analysis.transformer.model import slug
from analysis.units import format_money, significant

NAMES = {slug(name): name for name in comparisons.SMALL}
SMALL_MODEL = Choice("Small model", options=NAMES)
LEAST_RATIO = Quantity("Minimum size ratio", unit="times", low=1, high=60, step=0.5)


def _benchmarks(earlier: Earlier) -> dict[str, str]:
    return benchmarks_of(NAMES[earlier["small_model"]])


def _usual_benchmark(earlier: Earlier) -> str:
    found = _benchmarks(earlier)
    return "bbh" if "bbh" in found else next(iter(found))


class Scores(Figure):
    """One benchmark against size, rivals at least so many times as large marked."""

    name = "small_models.scores"
    small_model: str = SMALL_MODEL("orca-2-13b")
    least_ratio: float = LEAST_RATIO(5)
    benchmark: str = Choice("Benchmark", options=_benchmarks)(_usual_benchmark)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        small, least = NAMES[self.small_model], self.least_ratio
        rows = compared(small)
        rows = rows[rows["benchmark"] == self.benchmark]
        own, size = float(rows["score_small"].iloc[0]), float(rows["n_params"].iloc[0] / rows["ratio"].iloc[0])
        far = (rows["ratio"] >= least * (1 - 1e-9)).to_numpy()
        shown = rows[["rival", "n_params", "score_rival", "ratio", "difference", "location", "verified"]]
        shown = shown.rename(columns={"rival": "model", "score_rival": "benchmark_score", "ratio": "size_ratio"})
        shown = shown.assign(source=comparisons.WORKS[small])
        parts: list[Part] = []
        traces = []
        for chosen, name, color in (
            (~far, f"less than {significant(least)}× the size", style.GREY),
            (far, f"at least {significant(least)}× the size", style.CRIMSON),
        ):
            if chosen.any():
                name += marks.hollow(" (hollow: not verified)", shown[chosen])
                parts.append(shown[chosen].to_dict("list") | {"series": name, "status": "reported"})
                traces.append(marks.points(parts[-1], "n_params", "benchmark_score", color, text=shown[chosen]["model"]))
        known = int(rows["verified_small"].iloc[0])
        place = {"location": rows["location"].iloc[0], "source": comparisons.WORKS[small], "verified": [known]}
        mine = {"series": small, "model": [small], "n_params": [size], "benchmark_score": [own], **place, "status": "reported"}
        parts += [mine, {"series": "your ratio", "size_ratio": [least], "least_rival_params": [least * size], "status": "what_if"}]
        star = marks.points(mine, "n_params", "benchmark_score", style.BLUE, symbol="star")
        traces.append(star | {"marker": star["marker"] | {"size": 15}})
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
            shapes=[style.horizontal_line(own, style.BLUE), style.vertical_line(least * size, style.AMBER)],
            annotations=[
                *_names(rows, size, low),
                style.line_name(least * size, f"{significant(least)}× the size of {small}", log=True),
            ],
        )
        layout["xaxis"] |= ticks.at([3e8, 1e9, 3e9, 1e10, 3e10, 1e11, 5e11], "count")
        seen = rows[far & (rows["verified"] > 0).to_numpy()]
        times = Headline("ratio of sizes", least, "times", significant(least))
        held, count = (Headline(name, n, "", str(n)) for name, n in (("held", int(seen["held"].sum())), ("larger models", len(seen))))
        text = (
            f"{small} matches or beats {held} of {count} {'model' if len(seen) == 1 else 'models'} at least {times}× its size"
            if len(seen)
            else f"no rival of {small} with a verified score is {times}× its size"
        )
        return Panel(
            title=f"On {label}, {text}",
            headline=(held, count, times) if len(seen) else (times,),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Markers are scores from one column of one table in {small}'s own paper. Rivals below the blue line, its score, and right of the dashed one, its size times the ratio, are larger and no better. "
                f"{marks.hollow('Hollow: quoted from memory, drawn and not counted. ', rows)}Models of unpublished size, such as GPT-4, are not drawn."
            ),
            alt=f"{label} against parameters: {small} scores {significant(own)}, and {text.removeprefix(small + ' ')}.",
            sources=(Citation(comparisons.WORKS[small], rows["location"].iloc[0]),),
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


class Ratio(Figure):
    """Share of the paper's comparisons in which a small model scores as much or more, against how much larger the rivals are."""

    name = "small_models.ratio"
    small_model: str = SMALL_MODEL("orca-2-13b")
    least_ratio: float = LEAST_RATIO(5)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        small, least = NAMES[self.small_model], self.least_ratio
        rows, each = rivals(small)
        steps = np.unique(rows["ratio"].round(9))
        axis = np.concatenate([[min(steps[0], 1.0)], np.repeat(steps, 2)])[:-1]  # the share is the same up to each rival's ratio
        share, n = (np.repeat(values, 2) for values in comparisons.held_share(rows["ratio"], rows["held"], steps))
        here, count = (float(value[0]) for value in comparisons.held_share(rows["ratio"], rows["held"], least))
        larger = {
            "series": f"{small}, all rivals at least that large",
            "size_ratio": axis,
            "held_share": share,
            "n": n,
            "status": "computed",
        }
        single = each.rename(columns={"ratio": "size_ratio", "share": "held_share"}).to_dict("list")
        alone: Part = single | {"series": "each rival", "status": "computed"}
        text = [f"{row['rival']}: {row['share']:.0%} of {row['n']}" for row in each.to_dict("records")]
        dots = {"mode": "markers", "marker": {"size": 9, "color": style.CRIMSON, "symbol": "diamond"}}
        parts: list[Part] = [larger, alone]
        traces = [
            marks.line(larger, "size_ratio", "held_share", style.BLUE),
            beside(marks.line(alone, "size_ratio", "held_share", style.CRIMSON, text=text) | dots, each["rival"].tolist()),
        ]
        if count:
            parts.append({"series": "your ratio", "size_ratio": [least], "held_share": [here], "n": [count], "status": "what_if"})
            traces.append(marks.points(parts[-1], "size_ratio", "held_share", style.AMBER))
        layout = style.layout(
            "log_number",
            "percent",
            x_title="Minimum size ratio of the rival",
            y_title="Share matched or won",
            x_range=(min(float(axis[0]), 1.0) / 1.4, max(float(axis[-1]), 2.0) * 1.4),
            y_range=(-0.05, 1.08),
            shapes=[style.vertical_line(least, style.AMBER)],
        )
        layout["xaxis"] |= ticks.at([0.5, 1, 2, 5, 10, 20, 50, 100, 500])
        times = Headline("ratio of sizes", least, "times", significant(least))
        if count:
            held, compared_with = (
                Headline(name, round(value), "", f"{value:.0f}") for name, value in (("held", here * count), ("comparisons", count))
            )
            title = f"{small} matches or wins {held} of {compared_with} {'comparison' if count == 1 else 'comparisons'} with models at least {times}× its size"
            headline: tuple[Headline, ...] = (held, compared_with, times)
        else:
            title, headline = f"The paper on {small} has no rival {times}× its size with a verified score", (times,)
        return Panel(
            title=title,
            headline=headline,
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                "The line is the share of comparisons in which the small model scores at least as much as a rival of at least that size ratio. A comparison is one benchmark and one rival in one column of the paper's tables. Its authors chose the rivals, benchmarks "
                "and prompts, so this is what they report, not an independent test. Scores from memory are not counted, and not every cell of those tables is transcribed."
            ),
            alt=f"Share of comparisons that {small} matches or wins, against the ratio of sizes; {title}.",
            sources=(Citation(comparisons.WORKS[small]),),
        )


class Cost(Figure):
    """Rent of the reported GPU-hours at a price."""

    name = "small_models.cost"
    a100_usd_per_hour: float = Quantity("A100 price per hour", unit="USD", low=0.5, high=10, step=0.1)(5)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        price = self.a100_usd_per_hour
        rows = all_runs()
        rows = rows.assign(rent_usd=rows["gpu_hours"] * price)
        kinds = np.where(
            rows["kind"] == "tuning",
            "fine-tuning",
            np.where(rows["model"].str.startswith("phi"), "phi pretraining", "other pretraining"),
        )
        parts: list[Part] = []
        traces = []
        for kind, color in (("other pretraining", style.GREY), ("phi pretraining", style.BLUE), ("fine-tuning", style.ORCHID)):
            mine = rows[kinds == kind]
            parts.append(mine.to_dict("list") | {"series": kind, "status": "computed"})
            written = [format_money(value) for value in mine["rent_usd"]]
            bar = marks.bars(parts[-1], "rent_usd", "model", color, horizontal=True, text=written)
            traces.append(bar | {"textposition": "outside", "cliponaxis": False})
        layout = style.layout(
            "log_number",
            "category",
            x_title="Cloud cost (USD)",
            x_range=(10, max(float(rows["rent_usd"].max()) * 6, 1e5)),
            height=420,
            barmode="stack",
        )
        layout["xaxis"] |= {"tickprefix": "$", "exponentformat": "B"}
        layout["yaxis"] |= {"categoryorder": "array", "categoryarray": rows["model"].tolist(), "autorange": "reversed"}
        usd = rows.set_index("model")["rent_usd"]
        phi_1_5, phi_2, llama = (
            Headline(f"cloud cost of {model}", float(usd[model]), "USD", format_money(usd[model]), "rent_usd")
            for model in ("phi-1.5", "phi-2", "LLaMA 7B")
        )
        return Panel(
            title=f"At {format_money(price)} per A100-hour, pretraining phi-1.5 cost {phi_1_5}, phi-2 {phi_2}, LLaMA 7B {llama}",
            headline=(phi_1_5, phi_2, llama),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                "Bars are reported A100-hours times the price. Fine-tuning starts from weights that somebody else paid for. phi-2's hours are 14 days on 96 GPUs. "
                f"Not counted: the language models that wrote the data, trials, and people. List price of the table: {format_money(a100().price_usd_per_hour)} (A100 80 GB, on demand, 2023)."
            ),
            alt=f"Cloud cost of {len(rows)} runs at {format_money(price)} per A100-hour, from {format_money(float(usd.min()))} to {format_money(float(usd.max()))}.",
            sources=tuple(Citation(name) for name in dict.fromkeys([*rows["source"], "aws_ec2"])),
        )


class Hours(Figure):
    """Reported GPU-hours against those that 6 N D would take at a utilisation."""

    name = "small_models.hours"
    mfu: float = MFU(0.4)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        utilisation = self.mfu
        rows = phi_runs().copy()
        rows["computed_gpu_hours"] = costs.cost_of(rows["computed_flops"].to_numpy(), a100(), 1, utilisation).gpu_hours
        rows["utilisation"] = costs.implied_utilisation(rows["computed_flops"], rows["gpu_hours"], a100().peak_flops_per_s)
        phi = rows["model"].str.startswith("phi")
        ends = [300.0, 5e5]
        equal = {"series": f"computed at {utilisation:.0%} MFU", "computed_gpu_hours": ends, "gpu_hours": ends, "status": "computed"}
        parts: list[Part] = [equal]
        traces = [marks.line(equal, "computed_gpu_hours", "gpu_hours", style.BLUE)]
        for chosen, name, color, symbol in (
            (phi, "phi", style.CRIMSON, "circle"),
            (~phi, "LLaMA and Llama 2", style.VIOLET, "triangle-up"),
        ):
            text = [f"{row['model']}: {row['utilisation']:.0%} MFU" for row in rows[chosen].to_dict("records")]
            parts.append(rows[chosen].to_dict("list") | {"series": name, "status": "reported"})
            traces.append(marks.points(parts[-1], "computed_gpu_hours", "gpu_hours", color, symbol=symbol, text=text))
        layout = style.layout(
            "log_number",
            "log_number",
            x_title=f"Computed A100-hours (6 N D at {utilisation:.0%} MFU)",
            y_title="Reported A100-hours",
            x_range=ends,
            y_range=ends,
            height=440,
            annotations=[_run_note(row) for row in rows.to_dict("records")],
        )
        layout["xaxis"]["exponentformat"] = layout["yaxis"]["exponentformat"] = "B"
        share = rows.set_index("model")["utilisation"]
        phi_1_5, phi_1, llama = (
            Headline(f"MFU of {model}", float(share[model]), "share", f"{share[model]:.0%}", "utilisation")
            for model in ("phi-1.5", "phi-1", "LLaMA 7B")
        )
        return Panel(
            title=f"phi-1.5's reported tokens and hours imply {phi_1_5} MFU, phi-1's {phi_1}, LLaMA 7B's {llama}",
            headline=(phi_1_5, phi_1, llama),
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Each marker is a run's reported over its computed A100-hours; below the line it took fewer hours than at {utilisation:.0%} MFU. MFU is 6 N D over the reported hours at 312 TFLOP/s, with sizes as printed (1.3 B; the count is 1.42 B, which makes it higher still). "
                f"The best other run with known hours in our tables comes to {best_other():.0%}, so tokens or hours of phi-1.5 and phi-2 may be rounded or counted differently."
            ),
            alt=f"Reported against computed A100-hours of {len(rows)} runs; implied MFU runs from {share.min():.0%} to {share.max():.0%}.",
            sources=tuple(Citation(name) for name in dict.fromkeys([*rows["source"], "nvidia_a100"])),
        )


def _run_note(row: dict) -> dict:
    """The name of a run beside its marker."""
    few = row["gpu_hours"] < 5e4
    return style.note(
        float(np.log10(row["computed_gpu_hours"])),
        float(np.log10(row["gpu_hours"])),
        f"{row['model']}, {row['utilisation']:.0%}",
        xanchor="left" if few else "right",
        xshift=9 if few else -9,
        yshift=-8 if few else 8,
    )
