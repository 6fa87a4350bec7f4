"""Video generation: how strongly is the factorised model preferred, and over whom?"""

import streamlit as st

from analysis.video import cost as costs
from analysis.video import data as video_data
from analysis.video import figures as video_figures
from analysis.video import figures_cost as video_figures_cost
from analysis.video import figures_ranking as video_figures_ranking
from analysis.video import figures_scores as score_figures
from pages.components import controls, head, sections
from pages.components.panel import draw, export_row, show_panel

SURE, ALL, OPEN = video_data.headline()
head.begin(
    "video",
    f"In {SURE} of {ALL} comparisons the preference for Emu Video is beyond chance",
    "Emu Video makes an image from text first and a video from both. Raters prefer it clearly, on as few as 23 prompts; "
    f"open is {OPEN}. See what those numbers can carry, put all rivals on one scale, and count what making the image first costs.",
)

LEVELS = {"80%": 0.80, "95%": 0.95, "99%": 0.99}
CRITERIA = {"quality": "quality", "faithfulness": "faithfulness", "both": "both"}
UNSTATED = 307
"""Prompts taken where none are stated: those of the set that the comparison with retrieval uses elsewhere in the paper."""
ADDED = {"0.5": "half a vote", "1": "one vote", "2": "two votes"}


def who_wins() -> None:
    """Section: win rates with intervals."""
    with controls.row():
        which = controls.switch("vd_set", "Comparisons", video_figures.SETS, "equal")
        level = controls.switch("vd_level", "Intervals", list(LEVELS), "95%")
    win_rates(which, level)
    export_row("video.win_rates")
    driving_study()
    export_row("video.driving_study")


def how_many_prompts() -> None:
    """Section: what a number of prompts can show."""
    level = controls.switch("vd_level", "Intervals", list(LEVELS), "95%")
    prompts(level)
    export_row("video.prompts")


@st.fragment
def win_rates(which: str, level: str) -> None:
    """Win rates; the number of prompts matters where the paper does not state it."""
    n = UNSTATED
    if which == "other":
        n = controls.slider(
            "vd_unknown", "Prompts of the comparison with retrieval, which the paper does not state (what-if)", 10, 500, UNSTATED, 1
        )
    settings = {"comparisons": video_figures.SETS[which], "interval": level, "prompts where not stated": str(n)}
    draw("video.win_rates", lambda: video_figures.win_rates(which, LEVELS[level], n, settings))


@st.fragment
def prompts(level: str) -> None:
    """A study of the reader's."""
    with controls.row():
        share = controls.slider("vd_share", "Share of prompts won (%)", 30, 100, 60, 1, format="%d%%")
        n = controls.slider("vd_n", "Prompts", 5, 2000, 65, 5)
    settings = {"share": f"{share}%", "prompts": f"{n:,}", "interval": level}
    draw("video.prompts", lambda: video_figures.prompts(share / 100, n, LEVELS[level], settings))


@st.fragment
def driving_study() -> None:
    """The study of Align Your Latents."""
    votes = controls.slider("vd_votes", "Independent votes a pair (what-if)", 25, 400, 100, 1)
    draw("video.driving_study", lambda: video_figures.driving_study(votes, {"votes": str(votes)}))


def one_scale() -> None:
    """Section: a ranking of all systems, and two tests of the numbers behind it."""
    with controls.row():
        which = controls.switch("vd_rank", "Comparisons", {name: video_figures.SETS[name] for name in video_data.RANKED}, "equal")
        criterion = controls.switch("vd_criterion", "Criterion", CRITERIA, "both")
        added = controls.switch(
            "vd_added",
            "Added on each side of a pair",
            ADDED,
            "0.5",
            help="A system that lost every vote has no finite strength without it.",
        )
    settings = {"comparisons": video_figures.SETS[which], "criterion": criterion, "added votes": added}
    show_panel(video_figures_ranking.ranking(which, criterion, float(added), settings))
    show_panel(video_figures_ranking.triangle({"comparisons": "Table 5"}))
    show_panel(video_figures_ranking.whole_votes({"comparisons": "all with a stated number of prompts"}))


def automatic_scores() -> None:
    """Section: Fréchet distances and inception scores."""
    ucf101()
    export_row("video.ucf101")
    st.dataframe(score_figures.scores_table(), hide_index=True, width="stretch")
    criterion = controls.switch("vd_fvd", "Raters on", {name: name for name in ("quality", "faithfulness")}, "quality")
    show_panel(score_figures.fvd_and_people(criterion, {"criterion": criterion}))
    which = controls.switch("vd_driving", "Driving videos of Align Your Latents", score_figures.ABLATIONS, "rds_ablation")
    show_panel(score_figures.driving(which, {"table": score_figures.ABLATIONS[which]}))


@st.fragment
def ucf101() -> None:
    """FVD of seven systems."""
    limit = controls.slider("vd_limit", "Count the systems below this FVD", 300, 800, 400, 5)
    draw("video.ucf101", lambda: score_figures.ucf101(float(limit), {"limit": f"FVD {limit}"}))


def image_first() -> None:
    """Section: what generating a video takes directly and image first."""
    with controls.row():
        quantity = controls.switch("vd_quantity", "Show", video_figures_cost.QUANTITIES, "flops")
        sizes = controls.choice("vd_sizes", "Sizes of the denoisers", video_data.SIZES, "emu")
        attention = controls.choice("vd_attention", "Attention", video_figures_cost.ATTENTION, "separate")
        interpolation = controls.choice("vd_interpolation", "Interpolation", video_figures_cost.INTERPOLATION, "clip")
    frames(quantity, sizes, attention, interpolation)
    export_row("video.frames")
    stages(sizes, attention, interpolation)
    export_row("video.stages")


@st.fragment
def frames(quantity: str, sizes: str, attention: str, interpolation: str) -> None:
    """Cost against the number of frames."""
    with controls.row():
        n = controls.slider("vd_frames", "Frames", 1, 512, 65, 1)
        resolution = controls.slider("vd_res", "Side of a frame (pixels)", 128, 1024, 512, 64)
        compression = controls.steps("vd_f", "Compression of the latent space, a side", (2, 4, 8, 16), 8)
        patch = controls.steps("vd_patch", "Patch, a side", (1, 2, 4), 2)
        steps = controls.slider("vd_steps", "Denoising steps", 1, 1000, 250, 1)
        key = controls.slider("vd_key", "Key frames before interpolation", 2, 64, 16, 1)
    what = costs.Generation(resolution, compression, patch, steps, key, attention, interpolation)
    settings = {
        "frames": str(n),
        "resolution": f"{resolution} pixels",
        "compression": str(compression),
        "patch": str(patch),
        "steps": str(steps),
        "key frames": str(key),
        "sizes": video_data.SIZES[sizes],
        "attention": video_figures_cost.ATTENTION[attention],
        "interpolation": video_figures_cost.INTERPOLATION[interpolation],
    }
    draw("video.frames", lambda: video_figures_cost.frames(what, n, quantity, sizes, settings))


@st.fragment
def stages(sizes: str, attention: str, interpolation: str) -> None:
    """Cost by stage."""
    with controls.row():
        n = controls.slider("vd_st_frames", "Frames", 1, 512, 65, 1)
        key = controls.slider("vd_st_key", "Key frames", 2, 64, 16, 1)
        resolution = controls.slider("vd_st_res", "Side of a frame (pixels)", 128, 1024, 512, 64)
    what = costs.Generation(resolution, key_frames=key, attention=attention, interpolation=interpolation)
    settings = {
        "frames": str(n),
        "key frames": str(key),
        "resolution": f"{resolution} pixels",
        "compression": "8",
        "patch": "2",
        "steps": "250",
        "sizes": video_data.SIZES[sizes],
        "attention": video_figures_cost.ATTENTION[attention],
        "interpolation": video_figures_cost.INTERPOLATION[interpolation],
    }
    draw("video.stages", lambda: video_figures_cost.stages(what, n, sizes, settings))


def two_papers() -> None:
    """Section: the heading of the article names one paper, its text describes another."""
    st.markdown(
        "The article's heading for its tenth paper carries the title of **Align Your Latents**; the text below it describes **Emu Video**. They are two works "
        "of two groups, and the second compares itself with the first. Both build video from a pretrained image model by training layers along time; "
        "what sets Emu Video apart is the image that comes first."
    )
    draw("video.formats", lambda: video_figures_cost.formats({"systems": "as listed in Table 8"}), scroll=True)
    export_row("video.formats")
    st.dataframe(video_figures_cost.two_papers(), hide_index=True, width="stretch")


sections.show(
    "vd_part",
    {
        "Who wins": who_wins,
        "How many prompts": how_many_prompts,
        "One scale": one_scale,
        "Automatic scores": automatic_scores,
        "Image first": image_first,
        "Two papers": two_papers,
    },
)
