"""Segment Anything: what does one mask cost when the encoder runs once per image?"""

import streamlit as st

from analysis import tables
from analysis.compute.costs import Device
from analysis.segment_anything import data as segment_anything_data
from analysis.segment_anything import figures as segment_anything_figures
from analysis.segment_anything import figures_reported as data_figures
from analysis.segment_anything import figures_shape as segment_anything_figures_shape
from pages.components import controls, head, sections
from pages.components.panel import draw, export_row, show_panel

head.begin(
    "segment_anything",
    f"Encoding an image once costs as much as {segment_anything_data.prompts_like_encoding():,} prompts on it",
    "Segment Anything puts almost all of its work into an encoder that sees each image once; a click then costs less than a thousandth of that. "
    "Count both from their shapes, move the resolution and the windows, and see what the data set behind it is made of.",
)

MODELS = list(segment_anything_data.encoders())
PROMPTS = (1, 2, 3, 5, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
RESOLUTIONS = (256, 384, 512, 640, 768, 896, 1024, 1280, 1536, 1792, 2048)
PRINTED = {
    "human_rating_low": "mean rating of SAM's masks by people, lowest",
    "human_rating_high": "mean rating of SAM's masks by people, highest",
    "mask_quality_iou_gt_90": "automatic masks that agree with corrected ones above an IoU of 0.9",
    "mask_quality_iou_gt_75": "the same above 0.75",
    "ablation_auto_only_loss": "mean IoU lost by training on automatic masks alone",
    "training_gpus": "processors used for training",
    "training_hours": "hours of training",
    "training_energy": "energy of training",
    "training_co2": "emissions of training (CO2 equivalent)",
}


def choose_model() -> str:
    """The image encoder, the same for all sections."""
    return controls.switch("sa_model", "Image encoder", MODELS, "ViT-H")


def cost_of_a_mask() -> None:
    """Section: the encoder's cost shared by the prompts of an image."""
    with controls.row():
        model = choose_model()
        unit = controls.switch("sa_unit", "Show", segment_anything_figures.UNITS, "flops")
        gpus = tables.load("gpus").set_index("id", drop=False)
        gpu = controls.choice("sa_gpu", "GPU for the time", gpus["label"].to_dict(), segment_anything_data.MEASURED_ON)
    per_mask(model, unit, Device.from_row(gpus.loc[gpu]))
    export_row("segment_anything.per_mask")
    parts(model)
    export_row("segment_anything.parts")
    devices(model)
    export_row("segment_anything.devices")


@st.fragment
def per_mask(model: str, unit: str, device: Device) -> None:
    """Cost of a mask against prompts per image."""
    with controls.row():
        prompts = controls.steps("sa_prompts", "Prompts per image", PROMPTS, 64)
        masks = controls.slider(
            "sa_masks", "Masks kept of each prompt", 1, 3, 1, 1, help="The decoder offers three masks for an ambiguous prompt."
        )
        mfu = controls.slider(
            "sa_mfu",
            "Utilisation of the GPU's peak (%)",
            1,
            90,
            13,
            1,
            format="%d%%",
            help="Used for the time only. 13% is what the reported 0.15 s of the largest encoder stands for.",
        )
    settings = {"image encoder": model, "prompts": f"{prompts:,}", "masks per prompt": str(masks)}
    if unit == "seconds":
        settings |= {"GPU": device.label, "utilisation": f"{mfu}%"}
    draw("segment_anything.per_mask", lambda: segment_anything_figures.per_mask(model, prompts, masks, unit, device, mfu / 100, settings))


@st.fragment
def parts(model: str) -> None:
    """FLOPs by part."""
    prompts = controls.steps("sa_parts", "Prompts per image", PROMPTS, 64)
    draw(
        "segment_anything.parts",
        lambda: segment_anything_figures.parts(model, prompts, {"image encoder": model, "prompts": f"{prompts:,}"}),
    )


@st.fragment
def devices(model: str) -> None:
    """Seconds on every device."""
    with controls.row():
        prompts = controls.steps("sa_dev_prompts", "Prompts per image", PROMPTS, 64)
        mfu = controls.slider("sa_dev_mfu", "Utilisation of peak (%)", 1, 90, 13, 1, format="%d%%")
    settings = {"image encoder": model, "prompts": f"{prompts:,}", "utilisation": f"{mfu}%"}
    draw("segment_anything.devices", lambda: segment_anything_figures.devices(model, prompts, mfu / 100, settings))


def windows_or_global() -> None:
    """Section: attention inside windows against attention over the whole image."""
    model = choose_model()
    attention(model)
    export_row("segment_anything.attention")
    window_size(model)
    export_row("segment_anything.windows")


@st.fragment
def attention(model: str) -> None:
    """FLOPs against resolution."""
    with controls.row():
        resolution = controls.steps("sa_res", "Side of the image (pixels)", RESOLUTIONS, 1024)
        window = controls.slider("sa_win", "Side of your windows (patches)", 2, 64, 16, 1)
    settings = {"image encoder": model, "resolution": f"{resolution:,} pixels", "window": f"{window} patches"}
    draw("segment_anything.attention", lambda: segment_anything_figures_shape.attention(model, resolution, window, settings))


@st.fragment
def window_size(model: str) -> None:
    """FLOPs against the size of a window."""
    with controls.row():
        resolution = controls.steps("sa_win_res", "Side of the image (pixels)", RESOLUTIONS, 1024)
        n_global = controls.slider(
            "sa_global", "Layers that attend over the whole image", 0, 32, 4, 1, help="At most as many as the encoder has."
        )
    settings = {"image encoder": model, "resolution": f"{resolution:,} pixels", "global layers": str(n_global)}
    draw("segment_anything.windows", lambda: segment_anything_figures_shape.windows(model, resolution, n_global, settings))


def parameters() -> None:
    """Section: parameters by part."""
    show_panel(segment_anything_figures_shape.params({"shapes": "as released"}))
    show_panel(segment_anything_figures_shape.light_params({"shapes": "as released"}))
    st.dataframe(segment_anything_data.counts_table(), hide_index=True, width="stretch")


def data_set() -> None:
    """Section: SA-1B among other data sets, how it was made, where its images come from."""
    datasets()
    export_row("segment_anything.datasets")
    engine()
    export_row("segment_anything.engine")
    kind = controls.switch("sa_kind", "Group countries by", {"region": "region", "income": "income"}, "region")
    show_panel(data_figures.regions(kind, {"grouped by": kind}))


@st.fragment
def datasets() -> None:
    """Images and masks."""
    per_image = controls.slider("sa_per_image", "Masks per image (dashed line)", 1, 200, 100, 1)
    draw("segment_anything.datasets", lambda: data_figures.datasets(float(per_image), {"masks per image": str(per_image)}))


@st.fragment
def engine() -> None:
    """The data engine, and the same by hand."""
    seconds = controls.slider("sa_seconds", "Seconds to draw a mask by hand", 1, 120, 14, 1)
    draw("segment_anything.engine", lambda: data_figures.engine(float(seconds), {"seconds per mask": str(seconds)}))


def how_well() -> None:
    """Section: reported results."""
    against_ritm()
    export_row("segment_anything.against_ritm")
    show_panel(data_figures.people({"scores": "as reported"}))
    task = controls.switch("sa_task", "Task", {task: label for task, (label, _) in data_figures.TRANSFER.items()}, "lvis_proposals")
    show_panel(data_figures.transfer(task, {"task": data_figures.TRANSFER[task][0]}))
    st.subheader("What else is printed", anchor=False)
    st.dataframe(data_figures.printed(PRINTED), hide_index=True, width="stretch")


@st.fragment
def against_ritm() -> None:
    """SAM against RITM."""
    margin = controls.slider("sa_margin", "Differences that count as a draw (IoU points)", 0.0, 10.0, 0.0, 0.5)
    draw("segment_anything.against_ritm", lambda: data_figures.against_ritm(margin, {"margin": f"{margin:g} points"}))


sections.show(
    "sa_part",
    {
        "Cost of a mask": cost_of_a_mask,
        "Windows or global": windows_or_global,
        "Parameters": parameters,
        "The data set": data_set,
        "How well it does": how_well,
    },
)
