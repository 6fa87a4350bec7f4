"""Video generation: how strongly is the factorised model preferred, and over whom?"""

import streamlit as st

from analysis.video.figures import DrivingStudy, OtherWinRates, Prompts, WinRates
from analysis.video.figures_cost import Formats, Frames, Stages
from analysis.video.figures_ranking import Ranking, Triangle, WholeVotes
from analysis.video.figures_scores import Driving, FvdAndPeople, Ucf101
from pages.components import page
from pages.components.page import Section


def heading(_figure) -> None:
    """What the mixed-up heading of the article is about."""
    st.markdown(
        "The article's heading for its tenth paper carries the title of **Align Your Latents**; the text below it describes **Emu Video**. They are two works "
        "of two groups, and the second compares itself with the first. Both build video from a pretrained image model by training layers along time; "
        "what sets Emu Video apart is the image that comes first."
    )


LEAD = "Emu Video makes an image from text first, and a video from both. Raters chose between its videos and those of rivals."
SECTIONS = [
    Section("wins", "Human preference", WinRates),
    Section("others", "Other comparisons", OtherWinRates),
    Section("prompts", "Sample size", Prompts),
    Section("scale", "Bradley-Terry ranking", Ranking),
    Section("votes", "Consistency checks", Triangle, WholeVotes),
    Section("scores", "FVD, FID, IS", Ucf101, FvdAndPeople),
    Section("driving", "Driving videos", DrivingStudy, Driving),
    Section("image", "Generation cost", Frames),
    Section("stages", "Cost by stage", Stages),
    Section("papers", "Output formats", Formats, before=heading, wide=True),
]

if __name__ == "__main__":
    page.show("video", LEAD, SECTIONS)
