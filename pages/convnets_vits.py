"""ConvNets and ViTs: do ConvNets match vision transformers at equal pretraining compute?"""

import streamlit as st

from analysis.convnets_vits import data as convnets_vits_data
from analysis.convnets_vits import equal_compute as convnets_vits_equal_compute
from analysis.convnets_vits import figures as convnets_vits_figures
from analysis.convnets_vits import figures_shapes as convnets_vits_figures_shapes
from pages.components import controls, head, sections
from pages.components.markdown import plain
from pages.components.panel import draw, export_row, show_panel

head.begin(
    "convnets_vits",
    "At about equal hours, a ConvNet and two ViTs cannot be told apart",
    "NFNet-F7+ reaches 90.3% on ImageNet after 110 thousand TPU v4 core hours, ViT-g/14 90.2% after 120 thousand and SoViT-400m/14 90.3% after 130 thousand. Drawing other 50,000 "
    "test images could shift a difference by 0.37 points, so this is a tie. On the older TPU v3 the same ConvNet would take more hours than ViT-g/14, not fewer.",
)


def equal_compute() -> None:
    """Section: error against hours."""
    version = controls.switch("cv_hours", "Hours on", convnets_vits_data.VERSIONS, "v4")
    accuracy(version)
    export_row("convnets_vits.accuracy")
    show_panel(convnets_vits_figures.devices({"hours": "as reported"}))


@st.fragment
def accuracy(version: str) -> None:
    """Error against hours."""
    with controls.row():
        factor = controls.slider("cv_factor", "Hours count as equal within a factor of", 1.0, 5.0, 1.5, 0.05)
        level = controls.slider("cv_level", "Level of the intervals (%)", 50, 99, 95, 1, format="%d%%") / 100
    settings = {"hours on": convnets_vits_data.VERSIONS[version], "interval": f"{level:.0%}", "equal within": f"a factor of {factor:g}"}
    draw("convnets_vits.accuracy", lambda: convnets_vits_figures.accuracy(version, level, factor, settings))


def from_shapes() -> None:
    """Section: parameters and FLOPs counted from shapes."""
    by_size()
    export_row("convnets_vits.by_size")
    models = controls.choices("cv_models", "Models", list(convnets_vits_data.known_shapes()), convnets_vits_figures_shapes.SHOWN)
    by_resolution(models)
    export_row("convnets_vits.by_resolution")


def resolution_slider(key: str) -> int:
    """Side of the image."""
    return controls.slider(key, "Resolution (pixels)", 128, 512, 224, 32)


@st.fragment
def by_size() -> None:
    """FLOPs against parameters."""
    resolution = resolution_slider("cv_pixels")
    draw("convnets_vits.by_size", lambda: convnets_vits_figures_shapes.by_size(resolution, {"resolution": f"{resolution} pixels"}))


@st.fragment
def by_resolution(models: list[str]) -> None:
    """FLOPs against resolution."""
    resolution = resolution_slider("cv_res")
    draw(
        "convnets_vits.by_resolution",
        lambda: convnets_vits_figures_shapes.by_resolution(models, resolution, {"resolution": f"{resolution} pixels"}),
    )


def checked() -> None:
    """Section: our counts beside the printed ones."""
    show_panel(convnets_vits_figures_shapes.published({"resolutions": "as printed"}))


def what_hours_buy() -> None:
    """Section: images that the hours pay for."""
    version = controls.switch("cv_on", "Hours on", convnets_vits_data.VERSIONS, "v4")
    images(version)
    export_row("convnets_vits.images")


@st.fragment
def images(version: str) -> None:
    """Images at a utilisation."""
    share = controls.slider("cv_share", "Utilisation of peak (%)", 5, 90, 40, 1, format="%d%%") / 100
    draw(
        "convnets_vits.images",
        lambda: convnets_vits_figures.images(
            version, share, {"hours on": convnets_vits_data.VERSIONS[version], "utilisation": f"{share:.0%}"}
        ),
    )


def loss_law() -> None:
    """Section: the log-log law of the held-out loss."""
    text = controls.text(
        "cv_points",
        "Points that you read off Figure 2 of the paper: hours and loss, separated by semicolons",
        max_chars=2000,
        placeholder="1000 2.85; 10000 2.6",
    )
    try:
        points = convnets_vits_equal_compute.read_points(text)
    except ValueError as problem:
        st.error(plain(f"These points cannot be used: {problem}"), icon=":material/error:")
        points = convnets_vits_equal_compute.read_points("")
    loss(points)
    export_row("convnets_vits.loss")


@st.fragment
def loss(points) -> None:
    """Loss against hours."""
    exponent = controls.slider("cv_exponent", "Exponent of a law of your own", -0.08, 0.0, -0.03, 0.002, format="%.3f")
    draw(
        "convnets_vits.loss",
        lambda: convnets_vits_figures.loss(points, exponent, 0.95, {"exponent": f"{exponent:g}", "readings": f"{len(points)}"}),
    )


sections.show(
    "cv_part",
    {
        "Equal compute": equal_compute,
        "Counted from shapes": from_shapes,
        "Against printed counts": checked,
        "What the hours buy": what_hours_buy,
        "Loss against compute": loss_law,
    },
)
