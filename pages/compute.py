"""Training budget: how large a model, how many tokens, how long, how expensive?"""

import streamlit as st

from analysis import compute, scaling_laws, tables
from analysis.figures import compute as figures
from analysis.figures import scaling as scaling_figures
from analysis.units import format_count, format_flops
from pages.components import controls, fits, frame
from pages.components.panel import draw, export_row, plain

frame.begin(
    "compute",
    "What a budget buys, and what a model costs",
    "Start from compute, GPUs, money, a model or a published run; out come size, tokens, loss, hours, dollars and CO₂, with intervals "
    "where the law is refitted here. Every published run is drawn beside yours.",
)

SIDES = {"flops": "training compute", "gpus": "GPUs and days", "money": "money", "model": "a model and its tokens", "run": "a published run"}
UNKNOWN_PRICE = 2.0

gpu_table = tables.load("gpus")
gpus = gpu_table.set_index("id", drop=False)
grids = tables.load("grids").set_index("id")
models = scaling_figures.published_models()
laws = scaling_figures.published()
fitted, resamples = scaling_figures.released_fit(5)
options = {"fit": fitted.label} | {i: scaling_figures.law_name(law) for i, law in laws.items()}


def power_of_ten(key: str, label: str, low: float, high: float, default: float, step: float = 0.05) -> float:
    """A slider over an exponent; returns ten to it."""
    return 10.0 ** controls.slider(key, f"{label} (power of ten)", low, high, default, step, format="10^%.2f")


def hardware():
    """(device, number of devices, utilisation, price) from the controls of the machine."""
    first, second, third, fourth = st.columns(4)
    with first:
        gpu = controls.choice("gpu", "Device", gpus["label"].to_dict(), "a100_40gb")
    device = compute.Device.from_row(gpus.loc[gpu])
    with second:
        n_gpus = controls.number("n", "Number of devices", 1, 1_000_000, 512, 8)
    with third:
        utilisation = controls.slider("mfu", "Utilisation of peak (%)", 5, 90, 40, 1, format="%d%%") / 100
    with fourth:
        listed = device.price_usd_per_hour
        price = controls.number("price", "Rent per device-hour (USD; 0: list price)", 0.0, 100.0, 0.0, 0.1, help="List price of the table: "
                                + (f"{listed:.2f} USD ({gpus.loc[gpu, 'price_basis']})" if listed == listed else f"none, {UNKNOWN_PRICE:.2f} USD is assumed"))  # fmt: skip
    return device, n_gpus, utilisation, price or (listed if listed == listed else UNKNOWN_PRICE)


def surroundings():
    """(grid intensity, overhead, share of board power) from the controls of energy."""
    first, second, third = st.columns(3)
    with first:
        grid = controls.choice("grid", "Electricity", {i: f"{row['label']} ({row['kg_co2_per_kwh']:.3f} kg/kWh)" for i, row in grids.iterrows()}, "world2023")
    with second:
        overhead = controls.slider("pue", "Overhead of the centre (PUE)", 1.0, 2.0, 1.1, 0.05)
    with third:
        power = controls.slider("power", "Average draw (% of board power)", 30, 100, 100, 5, format="%d%%") / 100
    return float(grids.loc[grid, "kg_co2_per_kwh"]), overhead, power


def chosen_run(law, device, n_gpus, utilisation, price):
    """(C, N, D) from whichever side the reader starts."""
    side = controls.switch("start", "Start from", SIDES, "flops")
    if side == "run":
        known = models.dropna(subset=["n_tokens"])
        name = controls.choice("preset", "Published run", list(known["model"]), "BloombergGPT 50B")
        row = known.set_index("model").loc[name]
        N, D = float(row["active_params"] if row["active_params"] == row["active_params"] else row["n_params"]), float(row["n_tokens"])
        return float(compute.training_flops(N, D)), N, D
    if side == "model":
        left, right = st.columns(2)
        with left:
            N = power_of_ten("params", "Parameters", 7.0, 12.5, 10.7)
        with right:
            D = power_of_ten("tokens", "Training tokens", 9.0, 14.0, 11.75)
        return float(compute.training_flops(N, D)), N, D
    if side == "gpus":
        days = controls.slider("days", "Days of training", 1, 365, 53, 1)
        C = float(compute.flops_of_gpus(device, n_gpus, days, utilisation))
    elif side == "money":
        usd = power_of_ten("usd", "Money in USD", 2.0, 10.0, 6.5)
        C = float(compute.flops_of_money(device, usd, utilisation, price))
    else:
        C = power_of_ten("c", "Training compute in FLOP", 18.0, 27.0, 23.25)
    N, D = law.compute_optimal(C)
    return C, float(N), float(D)


@st.fragment
def plan() -> None:
    """The budget, the bill, and the run among published ones."""
    device, n_gpus, utilisation, price = hardware()
    which = controls.choice("law", "Law for size, tokens and loss", options, "fit")
    law = fitted if which == "fit" else laws[which]
    C, N, D = chosen_run(law, device, n_gpus, utilisation, price)
    grid, overhead, power = surroundings()
    cost = compute.cost_of(C, device, n_gpus, utilisation, price, grid, overhead, power)
    settings = {"device": f"{n_gpus} x {device.label}", "utilisation": f"{utilisation:.0%}", "law": options[which], "budget": format_flops(C)}
    refitted = which == "fit"
    bill = figures.bill(C, N, D, law, resamples if refitted else resamples.iloc[:0], cost, n_gpus, 0.95)
    bands = fits.bands(resamples, 0.95)
    left, right = st.columns([2, 3])
    with left:
        st.markdown(markdown_table(bill))
    with right:
        draw("compute.budget", lambda: figures.budget(law, bands if refitted else bands.iloc[:0], models, C, N, D, settings))


def markdown_table(rows) -> str:
    """A DataFrame of texts as a Markdown table, its cells shown as they stand."""
    lines = [list(rows.columns), ["---"] * len(rows.columns), *rows.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(cell if cell == "---" else plain(cell) for cell in line) + " |" for line in lines)


@st.fragment
def devices() -> None:
    """The same budget on every device with a price."""
    left, right = st.columns(2)
    with left:
        C = power_of_ten("c_dev", "Training compute in FLOP", 18.0, 27.0, 23.25)
    with right:
        utilisation = controls.slider("mfu_dev", "Utilisation of peak (%)", 5, 90, 40, 1, format="%d%%") / 100
    draw("compute.devices", lambda: figures.devices(C, gpu_table, utilisation, {"budget": format_flops(C), "utilisation": f"{utilisation:.0%}"}))


@st.fragment
def device_hours() -> None:
    """Reported against computed hours."""
    utilisation = controls.slider("mfu_runs", "Utilisation that the line stands for (% of peak)", 5, 90, 40, 1, format="%d%%") / 100
    draw("compute.device_hours", lambda: figures.device_hours(models, utilisation, {"utilisation": f"{utilisation:.0%}"}))


@st.fragment
def overtraining() -> None:
    """More tokens per parameter than the optimum."""
    left, right = st.columns(2)
    with left:
        C = power_of_ten("c_over", "Training compute in FLOP", 19.0, 26.0, 23.25)
    with right:
        ratio = power_of_ten("ratio", "Tokens per parameter", 0.0, 3.4, 2.3)
    draw("compute.overtraining", lambda: figures.overtraining(fitted, models, C, ratio, {"law": fitted.label, "budget": format_flops(C), "tokens per parameter": f"{ratio:.0f}"}))


@st.fragment
def repetition() -> None:
    """A corpus too small for the budget."""
    left, right = st.columns(2)
    with left:
        unique = power_of_ten("unique", "Unique tokens in the corpus", 9.0, 13.0, 11.0)
    with right:
        epochs = controls.slider("epochs", "Epochs", 1, 100, 4, 1)
    draw("compute.repetition", lambda: figures.repetition(laws["muennighoff2023"], unique, float(epochs), {"unique tokens": format_count(unique), "epochs": str(epochs)}))


@st.fragment
def inference() -> None:
    """A lifetime of served tokens."""
    left, middle, right = st.columns(3)
    with left:
        which = controls.choice("inf_law", "Law", {"sardana2023": "Sardana 2023", "fit": fitted.label}, "sardana2023")
    with middle:
        C = power_of_ten("c_inf", "Quality of the optimum at, in FLOP", 20.0, 26.0, 23.25)
    with right:
        served = power_of_ten("served", "Tokens served", 10.0, 15.0, 13.0)
    law = laws["sardana2023"] if which == "sardana2023" else scaling_laws.InferenceLaw(fitted)
    N, D = (float(value) for value in law.base.compute_optimal(C))
    draw("compute.inference", lambda: figures.inference(law, N, D, served, {"law": law.label, "quality of": format_flops(C), "served": format_count(served, "tokens")}))


plan()
export_row("compute.budget")
st.header("What others paid", anchor=False)
device_hours()
export_row("compute.device_hours")
devices()
export_row("compute.devices")
st.header("When the optimum is not what you need", anchor=False)
overtraining()
export_row("compute.overtraining")
repetition()
export_row("compute.repetition")
inference()
export_row("compute.inference")
