"""How the numbers of the figures on the first page come about."""

from analysis.benchmarks.explained import WORDS as BENCHMARKS
from analysis.charts.explained import Steps
from analysis.compute import explained as compute
from analysis.compute.figures import FromRun
from analysis.overview.figures import Bloomberg
from analysis.segment_anything.explained import PRINTED


def bloomberg(_: Bloomberg) -> Steps:
    """The run's parameters over those of the law's optimum at its compute."""
    return compute.from_run(FromRun.of({})[0])


AS_PRINTED = frozenset({"zephyr", "convnets", "emu"})
WORDS = {
    "bloomberg": compute.WORDS["from_run"],
    "zephyr": ("Scores are as printed; GPT-4 gave them, and nothing was judged again.",),
    "orca2": BENCHMARKS["dumbbell"],
    "convnets": (PRINTED,),
    "segment_anything": (PRINTED, "A data set counts where SAM's printed score is above the other's."),
    "emu": ("Shares are as printed: of prompts on which raters preferred Emu Video's quality to each rival's.",),
}
