"""Training budget: how large a model, how many tokens, how long, how expensive?"""

import streamlit as st

from analysis import tables
from analysis.compute import costs, figures
from analysis.compute import data as compute_data
from analysis.compute import figures_off_optimum as compute_figures_off_optimum
from analysis.scaling import data as scaling_data
from analysis.scaling import figures_marks as scaling_figures_marks
from analysis.scaling import published
from analysis.units import format_count, format_flops
from pages.components import controls, fits, head, sections
from pages.components.panel import draw, export_row, show_table

head.begin(
    "compute",
    "What a budget buys, and what a model costs",
    "Start from compute, GPUs, money, a model or a published run; out come size, tokens, loss, hours, dollars and CO₂, with intervals "
    "where the law is refitted here. Every published run is drawn beside yours.",
)

SIDES = {
    "flops": "training compute",
    "gpus": "GPUs and days",
    "money": "money",
    "model": "a model and its tokens",
    "run": "a published run",
}
UNKNOWN_PRICE = 2.0

gpu_table = tables.load("gpus")
gpus = gpu_table.set_index("id", drop=False)
grids = tables.load("grids").set_index("id")
models = compute_data.published_models()
laws = scaling_data.published()
fitted, resamples = scaling_data.released_fit(5)
bands = fits.bands(resamples, 0.95)
options = {"fit": "refit of the released runs"} | {i: scaling_figures_marks.law_name(law) for i, law in laws.items()}


def your_budget() -> None:
    """Section: a budget from any side, its bill, and the run among published ones."""
    with controls.row():
        gpu = controls.choice("gpu", "Device", gpus["label"].to_dict(), "a100_40gb")
        device = costs.Device.from_row(gpus.loc[gpu])
        listed = device.price_usd_per_hour
        n_gpus = controls.number("n", "Number of devices", 1, 1_000_000, 512, 8)
        asked = controls.number(
            "price",
            "Rent (USD per device-hour; 0: list)",
            0.0,
            100.0,
            0.0,
            0.1,
            help="List price in the table: "
            + (f"{listed:.2f} USD, {gpus.loc[gpu, 'price_basis']}" if listed == listed else f"none; {UNKNOWN_PRICE:.2f} USD is assumed"),
        )
        grid = controls.choice(
            "grid", "Electricity", {i: f"{row['label']} ({row['kg_co2_per_kwh']:.3f} kg/kWh)" for i, row in grids.iterrows()}, "world2023"
        )
    price = asked or (listed if listed == listed else UNKNOWN_PRICE)
    with controls.row():
        side = controls.switch("start", "Start from", SIDES, "flops")
        which = controls.choice("law", "Law for size, tokens and loss", options, "fit")
    law, refitted = (fitted, True) if which == "fit" else (laws[which], False)
    preset = None
    if side == "run":
        known = models.dropna(subset=["n_tokens"]).set_index("model")
        preset = known.loc[controls.choice("preset", "Published run", list(known.index), "BloombergGPT 50B")]

    def chosen_run(utilisation: float) -> tuple[float, float, float]:
        """(C, N, D) from whichever side the reader starts."""
        if preset is not None:
            N = float(preset["active_params"] if preset["active_params"] == preset["active_params"] else preset["n_params"])
            return float(costs.training_flops(N, preset["n_tokens"])), N, float(preset["n_tokens"])
        if side == "model":
            N = controls.power_of_ten("params", "Parameters", 7.0, 12.5, 10.7)
            D = controls.power_of_ten("tokens", "Training tokens", 9.0, 14.0, 11.75)
            return float(costs.training_flops(N, D)), N, D
        if side == "gpus":
            C = float(costs.flops_of_gpus(device, n_gpus, controls.slider("days", "Days of training", 1, 365, 53, 1), utilisation))
        elif side == "money":
            C = float(costs.flops_of_money(device, controls.power_of_ten("usd", "Money in USD", 2.0, 10.0, 6.5), utilisation, price))
        else:
            C = controls.power_of_ten("train_c", "Training compute in FLOP", 18.0, 27.0, 23.25)
        N, D = law.compute_optimal(C)
        return C, float(N), float(D)

    @st.fragment
    def plan() -> None:
        """The budget, the bill, and the run among published ones."""
        left, right = st.columns([2, 3])
        with left:
            utilisation = controls.slider("mfu", "Utilisation of peak (%)", 5, 90, 40, 1, format="%d%%") / 100
            C, N, D = chosen_run(utilisation)
            overhead = controls.slider("pue", "Overhead of the centre (PUE)", 1.0, 2.0, 1.1, 0.05)
            power = controls.slider("power", "Average draw (% of board power)", 30, 100, 100, 5, format="%d%%") / 100
            cost = costs.cost_of(C, device, n_gpus, utilisation, price, float(grids.loc[grid, "kg_co2_per_kwh"]), overhead, power)
            show_table(figures.bill(C, N, D, law, resamples if refitted else resamples.iloc[:0], cost, n_gpus, 0.95))
        settings = {
            "device": f"{n_gpus} x {device.label}",
            "utilisation": f"{utilisation:.0%}",
            "law": options[which],
            "budget": format_flops(C),
        }
        with right:
            draw("compute.budget", lambda: figures.budget(law, bands if refitted else bands.iloc[:0], models, C, N, D, settings, preset))

    plan()
    export_row("compute.budget")


def paid() -> None:
    """Section: reported against computed hours, and one budget on every device."""

    @st.fragment
    def device_hours() -> None:
        """Reported against computed hours."""
        utilisation = controls.slider("mfu_runs", "Utilisation that the line stands for (% of peak)", 5, 90, 40, 1, format="%d%%") / 100
        draw("compute.device_hours", lambda: figures.device_hours(models, utilisation, {"utilisation": f"{utilisation:.0%}"}))

    device_hours()
    export_row("compute.device_hours")

    @st.fragment
    def devices() -> None:
        """The same budget on every device with a price."""
        with controls.row():
            C = controls.power_of_ten("c_dev", "Training compute in FLOP", 18.0, 27.0, 23.25)
            utilisation = controls.slider("mfu_dev", "Utilisation of peak (%)", 5, 90, 40, 1, format="%d%%") / 100
        draw(
            "compute.devices",
            lambda: figures.devices(C, gpu_table, utilisation, {"budget": format_flops(C), "utilisation": f"{utilisation:.0%}"}),
        )

    devices()
    export_row("compute.devices")


def over() -> None:
    """Section: more tokens per parameter than the optimum."""

    @st.fragment
    def overtraining() -> None:
        """More tokens per parameter than the optimum."""
        with controls.row():
            C = controls.power_of_ten("c_over", "Training compute in FLOP", 19.0, 26.0, 23.25)
            ratio = controls.power_of_ten("ratio", "Tokens per parameter", 0.0, 3.4, 2.3)
        draw(
            "compute.overtraining",
            lambda: compute_figures_off_optimum.overtraining(
                fitted, models, C, ratio, {"law": fitted.label, "budget": format_flops(C), "tokens per parameter": f"{ratio:.0f}"}
            ),
        )

    overtraining()
    export_row("compute.overtraining")


def lifetime() -> None:
    """Section: the optimum once a lifetime of served tokens counts."""
    inference_law = controls.choice(
        "inf_law", "Law for inference demand", {"sardana2023": "Sardana 2023", "fit": fitted.label}, "sardana2023"
    )

    @st.fragment
    def inference() -> None:
        """A lifetime of served tokens."""
        with controls.row():
            C = controls.power_of_ten("c_inf", "Quality of the optimum at, in FLOP", 20.0, 26.0, 23.25)
            served = controls.power_of_ten("served", "Tokens served", 10.0, 15.0, 13.0)
        law = laws["sardana2023"] if inference_law == "sardana2023" else published.InferenceLaw(fitted)
        N, D = (float(value) for value in law.base.compute_optimal(C))
        draw(
            "compute.inference",
            lambda: compute_figures_off_optimum.inference(
                law, N, D, served, {"law": law.label, "quality of": format_flops(C), "served": format_count(served, "tokens")}
            ),
        )

    inference()
    export_row("compute.inference")


def scarce() -> None:
    """Section: a corpus too small for the budget."""

    @st.fragment
    def repetition() -> None:
        """A corpus too small for the budget."""
        with controls.row():
            unique = controls.power_of_ten("unique", "Unique tokens in the corpus", 9.0, 13.0, 11.0)
            epochs = controls.slider("epochs", "Epochs", 1, 100, 4, 1)
        draw(
            "compute.repetition",
            lambda: compute_figures_off_optimum.repetition(
                laws["muennighoff2023"], unique, float(epochs), {"unique tokens": format_count(unique), "epochs": str(epochs)}
            ),
        )

    repetition()
    export_row("compute.repetition")


sections.show(
    "compute_part",
    {
        "Your budget": your_budget,
        "What others paid": paid,
        "Small for long": over,
        "Served for long": lifetime,
        "Scarce data": scarce,
    },
)
