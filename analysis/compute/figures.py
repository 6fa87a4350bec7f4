"""Figures on training budgets: what one buys, from whichever side it is given, what runs took, and what GPUs cost."""

from typing import Any

import numpy as np
import pandas as pd

from analysis import tables
from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.names import at_end, beside
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Earlier, Quantity
from analysis.charts.shared_parameters import GPU, MFU, N_GPUS, N_PARAMS, N_TOKENS, TRAIN_FLOPS, USD_PER_GPU_HOUR
from analysis.compute import costs
from analysis.compute.data import published_models, runs_with_tokens
from analysis.gpus import Gpu, gpu
from analysis.scaling import resampling
from analysis.scaling.data import compute_axis, law_labels, law_name, law_of, released_fit
from analysis.scaling.figures_marks import band_part, cite_law, cite_models, model_part, model_points
from analysis.scaling.fits import bands
from analysis.units import format_count, format_duration, format_energy, format_flops, format_mass, format_money, significant

ABOUT_AS_MUCH = 2
"""Two runs took about as much compute if they are within this factor."""
UNKNOWN_PRICE = 2.0
"""Rent of a GPU without a price in the table [USD/h]."""
LEVEL_OF_BILL = 0.95
LAW = Choice("Scaling law", options=lambda _: law_labels())


def _grids(_: Earlier) -> dict[str, str]:
    return _grid_labels()


@tables.kept
def _grid_labels() -> dict[str, str]:
    return {row["id"]: f"{row['label']} ({row['kg_co2_per_kwh']:.3f} kg/kWh)" for row in tables.load("grids").to_dict("records")}


def _list_price(earlier: Earlier) -> float:
    price = earlier["gpu"].price_usd_per_hour
    return price if price >= USD_PER_GPU_HOUR.low else UNKNOWN_PRICE


class Run(Figure):
    """What all figures on one training run ask for beside its size: where it runs, and which law it is held against."""

    law: str = LAW("fit")
    gpu: Gpu = GPU("a100_40gb")
    grid: str = Choice("Grid carbon intensity", options=_grids)("world2023")
    n_gpus: int = N_GPUS(512)
    mfu: float = MFU(0.4)
    usd_per_gpu_hour: float = USD_PER_GPU_HOUR(_list_price, rare=True)
    pue: float = Quantity("PUE", low=1, high=2, step=0.05, rare=True)(1.1)
    power_share: float = Quantity("Power draw (% of TDP)", unit="share", low=0.3, high=1, step=0.05, rare=True)(1.0)

    def cost(self, C: float) -> costs.Cost:
        """The bill of C FLOPs [FLOP]."""
        intensity = float(tables.load("grids").set_index("id").loc[self.grid, "kg_co2_per_kwh"])
        return costs.cost_of(C, self.gpu, self.n_gpus, self.mfu, self.usd_per_gpu_hour, intensity, self.pue, self.power_share)

    def planned(self, C: float) -> Panel:
        """The panel of C FLOPs that are spent on the size which the law asks for."""
        N, D = (float(value) for value in law_of(self.law).compute_optimal(C))
        return self.run(C, N, D, planned=True)

    def run(self, C: float, N: float, D: float, published_run: str = "", planned: bool = False) -> Panel:
        """The panel of a run of N parameters on D tokens with C FLOPs, among published runs, on the law's optimum.

        published_run: name of the published run that it repeats, if it does. planned: N and D are the law's own.
        """
        law, models = law_of(self.law), published_models()
        budgets = compute_axis()
        traces: list[dict] = []
        parts: list[Part] = []
        resamples = released_fit(5)[1] if self.law == "fit" else pd.DataFrame()
        span = bands(resamples, budgets, LEVEL_OF_BILL)
        if len(span):
            parts.append(band_part(law, span))
            traces += marks.band(parts[-1], "train_flops", "n_params_low", "n_params_high", style.BLUE)
        best = np.asarray(law.compute_optimal(budgets)[0], float)
        parts.append({"series": law_name(law), "train_flops": budgets, "n_params": best, "source": law.source, "status": "computed"})
        line = marks.line(parts[-1], "train_flops", "n_params", style.BLUE, f"optimum, {law_name(law)}")
        traces.append(at_end(line, "optimum"))
        known = model_part(models, train_flops="computed_flops", n_params="n_params", n_tokens="n_tokens")
        near = published_run or nearest_run(known, C)[0]
        parts.append(known)
        traces.append(model_points(known, "train_flops", "n_params", about=[near]))
        cost, best_n = self.cost(C), float(law.compute_optimal(C)[0])
        words = [
            format_duration(float(cost.wall_seconds)),
            format_money(float(cost.usd)),
            format_energy(float(cost.energy_joules)),
            f"{format_mass(float(cost.co2_kg))} CO2eq",
        ]
        whose = "at your GPUs" if published_run else "your run"
        yours: dict[str, Any] = {
            "series": f"{whose}: {', '.join(words)}",
            "train_flops": [C],
            "n_params": [N],
            "n_tokens": [D],
            "times_optimum": [N / best_n],
            "gpu_hours": [float(cost.gpu_hours)],
            "wall_seconds": [float(cost.wall_seconds)],
            "usd": [float(cost.usd)],
            "energy_kwh": [float(cost.energy_kwh)],
            "co2_kg": [float(cost.co2_kg)],
            "status": "what_if",
        }
        parts.append(yours)
        traces.append(
            beside(marks.points(yours, "train_flops", "n_params", style.AMBER), ["" if published_run else "your run"], whole=False)
        )
        layout = style.layout(
            "flops",
            "params",
            y_range=(min(3e7, N / 2), max(3e12, 2 * N)),
            x_range=(min(1e19, C / 2), max(1e26, 2 * C)),
            height=440,
            shapes=[style.vertical_line(C, style.AMBER)],
        )
        headline: tuple[Headline, ...]
        if published_run:
            times = Headline("size over the law's optimum", N / best_n, "", significant(N / best_n, 2), "times_optimum")
            title, headline = f"{near} is {times}× the compute-optimal size ({law.label})", (times,)
        else:
            took = nearest_run(known, C)[1]
            compute = Headline("training compute", C, "FLOP", format_flops(C), "train_flops")
            size = Headline("parameters", N, "parameters", format_count(N, "parameters"), "n_params")
            tokens = Headline("training tokens", D, "tokens", format_count(D, "tokens"), "n_tokens")
            theirs = Headline("training compute of the nearest run", took, "FLOP", format_flops(took), "train_flops")
            about = max(took / C, C / took) <= ABOUT_AS_MUCH
            by = f" ({law.label})" if planned else ""
            title = f"{compute} trains {size} on {tokens}{by}; {near} took " + ("about as much" if about else f"{theirs}")
            headline = (compute, size, tokens) if about else (compute, size, tokens, theirs)
        return Panel(
            title=title,
            headline=headline,
            figure=style.figure(traces, layout),
            parts=parts,
            beside=bill(C, N, D, law, resamples, cost, self.n_gpus, LEVEL_OF_BILL),
            caption=(
                "The line is the compute-optimal size for each budget, with a confidence band where we fitted the law; markers are published models at "
                f"C = 6 N D{marks.hollow(' (hollow: not verified)', *parts)}. Models above the line are larger than the law advises, models below it were trained on more tokens."
            ),
            alt=f"Parameters against compute: {whose} with {format_count(N)} parameters at {format_flops(C)} lies next to {near}.",
            sources=(*cite_law(law), *cite_models(models.dropna(subset=["computed_flops"]))),
        )


class Budget(Run):
    """The size and the tokens that a budget of training compute asks for, among published runs, and what it costs."""

    name = "compute.budget"
    train_flops: float = TRAIN_FLOPS(2e23)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        return self.planned(self.train_flops)


class FromGpus(Run):
    """The size and the tokens that GPUs for some days allow, among published runs, and what they cost."""

    name = "compute.from_gpus"
    train_days: float = Quantity("Training days", unit="days", low=1, high=365, step=1, whole=True)(53)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        return self.planned(float(costs.flops_of_gpus(self.gpu, self.n_gpus, self.train_days, self.mfu)))


class FromMoney(Run):
    """The size and the tokens that an amount of money buys at the rent of a GPU, among published runs."""

    name = "compute.from_money"
    budget_usd: float = Quantity("Budget", unit="USD", low=100, high=1e10)(3e6)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        return self.planned(float(costs.flops_of_money(self.gpu, self.budget_usd, self.mfu, self.usd_per_gpu_hour)))


class FromModel(Run):
    """The compute that a model and its tokens take, among published runs, and what it costs."""

    name = "compute.from_model"
    n_params: float = N_PARAMS(5e10)
    n_tokens: float = N_TOKENS(5e11)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        return self.run(float(costs.training_flops(self.n_params, self.n_tokens)), self.n_params, self.n_tokens)


class FromRun(Run):
    """A published run against the size that a law asks for at its compute, and what it would cost."""

    name = "compute.from_run"
    published_run: str = Choice(
        "Published run",
        options=lambda _: {key: row["model"] for key, row in runs_with_tokens().items()},
    )("bloomberggpt-50b")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        row = runs_with_tokens()[self.published_run]
        N = float(row["n_params"] if np.isnan(row["active_params"]) else row["active_params"])
        return self.run(float(costs.training_flops(N, row["n_tokens"])), N, float(row["n_tokens"]), row["model"])


class DeviceHours(Figure):
    """The utilization that the reported device-hours of published runs imply, against these hours, beside one that is assumed."""

    name = "compute.device_hours"
    mfu: float = MFU(0.4)

    def draw(self) -> Panel:
        """The panel at this parameter."""
        models = published_models().dropna(subset=["computed_flops", "gpu_hours", "utilisation"])
        models = models.assign(hours_at_utilisation=models["gpu_hours"] * models["utilisation"] / self.mfu)
        values = ("n_params", "n_tokens", "computed_flops", "gpu_hours", "hours_at_utilisation", "utilisation")
        runs = model_part(models, **{name: name for name in values})
        runs |= {"train_flops": models["train_flops"].to_numpy(float), "gpu": models["gpu"].to_numpy()}
        reached = runs["utilisation"]
        ends = (float(runs["gpu_hours"].min()) / 2, float(runs["gpu_hours"].max()) * 2)
        assumed: Part = {"series": f"{self.mfu:.0%}, as assumed", "gpu_hours": ends, "utilisation": [self.mfu] * 2, "status": "what_if"}
        extremes = [str(runs["series"][reached.argmin()]), str(runs["series"][reached.argmax()])]
        traces = [
            marks.line(assumed, "gpu_hours", "utilisation", style.AMBER),
            model_points(runs, "gpu_hours", "utilisation", "published runs", about=extremes),
        ]
        layout = style.layout(
            "log_number",
            "percent",
            x_title="Reported GPU-hours (TPUs: chip-hours)",
            y_title="MFU (6 N D over reported hours at peak)",
            x_range=ends,
            y_range=(0, max(0.6, 1.1 * self.mfu, 1.1 * float(reached.max()))),
            height=440,
        )
        layout["xaxis"]["exponentformat"] = "B"
        least, most, middle = (
            Headline(name, float(value), "share", f"{value:.0%}", column)
            for name, value, column in (
                ("lowest MFU", reached.min(), "utilisation"),
                ("highest MFU", reached.max(), "utilisation"),
                ("median MFU", np.median(reached), ""),
            )
        )
        return Panel(
            title=f"Published runs reached {least} to {most} MFU, half of them more than {middle}",
            headline=(least, most, middle),
            figure=style.figure(traces, layout),
            parts=[assumed, runs],
            caption=(
                f"Each marker is a published run; below the line it took more hours than it would at {self.mfu:.0%} MFU. MFU here is 6 N D over reported hours at peak, so attention and "
                f"recomputation lower it; {runs['series'][reached.argmax()]} has the highest."
            ),
            alt=f"MFU against reported device-hours of {len(models)} runs, from {least} to {most}.",
            sources=(*cite_models(models), *(Citation(i) for i in ("nvidia_a100", "nvidia_h100", "google_tpu"))),
        )


def priced_devices() -> pd.DataFrame:
    """The devices with a price in print, with the key of its list: seller and year."""
    rows = tables.load("gpus")
    rows = rows[rows["price_usd_per_hour"].notna() & (rows["verified_price"] > 0)]
    return rows.assign(price_list=[f"{seller}_{year:.0f}" for seller, year in zip(rows["price_source"], rows["price_year"], strict=True)])


@tables.kept
def price_lists() -> dict[str, str]:
    """Name of each price list by its key, those with most devices first.

    >>> price_lists()["aws_ec2_2023"]
    'Amazon Web Services 2023'
    """
    rows = priced_devices()
    order = rows["price_list"].value_counts(sort=True).sort_values(ascending=False, kind="stable").index
    first = rows.drop_duplicates("price_list").set_index("price_list")
    return {key: f"{tables.source(first.loc[key, 'price_source'])['authors']} {first.loc[key, 'price_year']:.0f}" for key in order}


class Devices(Figure):
    """Rent for a budget on each device of one price list: one seller, one year."""

    name = "compute.devices"
    train_flops: float = TRAIN_FLOPS(2e23)
    mfu: float = MFU(0.4)
    price_list: str = Choice("Price list", options=lambda _: price_lists())("aws_ec2_2023")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        C, seller = self.train_flops, price_lists()[self.price_list]
        priced = priced_devices()
        priced = priced[priced["price_list"] == self.price_list]
        each = [costs.cost_of(C, gpu(key), 1, self.mfu) for key in priced["id"]]
        found = {name: [float(getattr(cost, name)) for cost in each] for name in ("gpu_hours", "usd", "energy_kwh")}
        priced = priced.assign(**found).sort_values("usd")
        told = (
            "id",
            "label",
            "peak_flops_per_s",
            "power_w",
            "price_usd_per_hour",
            "price_basis",
            "price_list",
            "gpu_hours",
            "usd",
            "energy_kwh",
        )
        part: Part = {
            "series": "cloud cost",
            **{name: priced[name].to_numpy() for name in told},
            "source": priced["price_source"].to_numpy(),
            "status": "computed",
        }
        rents = [format_money(value) for value in part["usd"]]
        bars = marks.bars(part, "usd", "label", style.BLUE, horizontal=True, text=rents, textposition="outside", cliponaxis=False)
        layout = style.layout(
            "number",
            "category",
            x_title="Cloud cost (USD)",
            x_range=(0, 1.35 * part["usd"].max()),
            height=130 + 40 * len(priced),
            showlegend=False,
        )
        layout["xaxis"] |= {"tickprefix": "$", "exponentformat": "B"}
        layout["yaxis"] |= {"autorange": "reversed"}
        rent = [
            Headline(f"cloud cost on {label}", float(usd), "USD", text, "usd")
            for label, usd, text in zip(part["label"], part["usd"], rents, strict=True)
        ]
        ends = list(dict.fromkeys((0, len(rent) - 1)))
        costs_on = ", ".join(f"{rent[at]} on {part['label'][at]}" for at in ends)
        return Panel(
            title=f"{format_flops(C)} costs {costs_on} ({seller})",
            headline=tuple(rent[at] for at in ends),
            figure=style.figure([bars], layout),
            parts=[part],
            caption=f"Each bar is the list price per GPU-hour times the hours at {self.mfu:.0%} MFU, the same for every GPU. Prices change quickly and differ between sellers, so one list is drawn at a time. Whether a model fits in memory is not considered.",
            alt=f"Bars of cloud cost by GPU for {format_flops(C)} by the prices of {seller}; the lowest is {rent[0]} on {part['label'][0]}.",
            sources=tuple(Citation(i) for i in dict.fromkeys([*priced["source"], *priced["price_source"]]) if i),
        )


def nearest_run(known: Part, C: float) -> tuple[str, float]:
    """Name and compute [FLOP] of the published run whose compute is nearest to C by ratio, of those that were seen in print."""
    sure = np.flatnonzero(np.asarray(known["verified"]) > 0)
    took = np.asarray(known["train_flops"], float)[sure]
    near = int(np.abs(np.log(took / C)).argmin())
    return str(np.asarray(known["series"])[sure[near]]), float(took[near])


def bill(C: float, N: float, D: float, law, resamples: pd.DataFrame, cost: costs.Cost, n_gpus: float, level: float) -> pd.DataFrame:
    """What the run is and costs: rows of quantity, value and interval (where the law was refitted here)."""
    rows = [("training compute", format_flops(C), ""), ("parameters", format_count(N), ""), ("tokens", format_count(D), "")]
    loss_interval = ""
    if len(resamples):
        low, high = resampling.interval(resampling.resampled_loss(resamples, N, D), level)
        loss_interval = f"{significant(float(low), 4)} to {significant(float(high), 4)}"
        n_samples, d_samples = resampling.resampled_optimum(resamples, C)
        (n_low, n_high), (d_low, d_high) = resampling.interval(n_samples, level), resampling.interval(d_samples, level)
        best_n, best_d = (float(value) for value in law.compute_optimal(C))
        rows += [
            ("optimal parameters for this compute", format_count(best_n), f"{format_count(float(n_low))} to {format_count(float(n_high))}"),
            ("optimal tokens for this compute", format_count(best_d), f"{format_count(float(d_low))} to {format_count(float(d_high))}"),
        ]
    rows += [
        ("expected loss (nats per token)", significant(float(law.loss(N, D)), 4) if law.has_loss else "this law gives none", loss_interval),
        ("device-hours", format_count(float(cost.gpu_hours)), ""),
        (f"wall time on {format_count(n_gpus)} {'device' if n_gpus == 1 else 'devices'}", format_duration(float(cost.wall_seconds)), ""),
        ("cloud cost", format_money(float(cost.usd)), ""),
        ("energy", format_energy(float(cost.energy_joules)), ""),
        ("emissions (CO2eq)", format_mass(float(cost.co2_kg)), ""),
    ]
    return pd.DataFrame(rows, columns=["quantity", "value", f"{level:.0%} interval"])
