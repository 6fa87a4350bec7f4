"""Video generation: how strongly is the factorised model preferred, and over whom?"""

import streamlit as st

from analysis.video.data import headline
from analysis.video.figures import DrivingStudy, OtherWinRates, Prompts, WinRates
from analysis.video.figures_cost import Formats, Frames, Stages
from analysis.video.figures_ranking import Ranking, Triangle, WholeVotes
from analysis.video.figures_scores import Driving, FvdAndPeople, Ucf101
from pages.components import page
from pages.components.page import Section

SURE, ALL, OPEN, FEWEST = headline()


def heading(_figure) -> None:
    """What the mixed-up heading of the article is about."""
    st.markdown(
        "The article's heading for its tenth paper carries the title of **Align Your Latents**; the text below it describes **Emu Video**. They are two works "
        "of two groups, and the second compares itself with the first. Both build video from a pretrained image model by training layers along time; "
        "what sets Emu Video apart is the image that comes first."
    )


page.show(
    "video",
    f"In {SURE} of {ALL} comparisons the preference for Emu Video is beyond chance",
    f"Emu Video makes an image from text first and a video from both. Raters prefer it clearly, on as few as {FEWEST} prompts; "
    f"{OPEN} {'is' if ALL - SURE == 1 else 'are'} left open. See what those numbers can carry, put all rivals on one scale, and count what making the image first costs.",
    [
        Section("wins", "Who wins", WinRates),
        Section("others", "Other comparisons", OtherWinRates),
        Section("prompts", "How many prompts", Prompts),
        Section("scale", "One scale", Ranking),
        Section("votes", "Checks on the shares", Triangle, WholeVotes),
        Section("scores", "Automatic scores", Ucf101, FvdAndPeople),
        Section("driving", "Driving videos", DrivingStudy, Driving),
        Section("image", "Image first", Frames),
        Section("stages", "Cost by stage", Stages),
        Section("papers", "Two papers", Formats, before=heading, wide=True),
    ],
)
