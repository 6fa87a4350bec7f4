"""Segment Anything: what does one mask cost when the encoder runs once per image?"""

from analysis.segment_anything.figures import Devices, Parts, PerMask
from analysis.segment_anything.figures_reported import AgainstRitm, Datasets, Engine, People, Regions, Transfer
from analysis.segment_anything.figures_shape import Attention, LightParams, Params, Windows
from pages.components import page
from pages.components.page import Section

LEAD = "The encoder sees an image once; each prompt on it then costs little. FLOPs and parameters are counted from the architecture."
SECTIONS = [
    Section("cost", "Compute per mask", PerMask, Parts),
    Section("devices", "Time per GPU", Devices),
    Section("windows", "Windowed vs global attention", Attention, Windows),
    Section("parameters", "Parameters", Params, LightParams),
    Section("data", "SA-1B", Datasets, Engine),
    Section("regions", "Geography", Regions),
    Section("quality", "Zero-shot results", AgainstRitm, Transfer),
    Section("people", "Fairness", People),
]

if __name__ == "__main__":
    page.show("segment_anything", LEAD, SECTIONS)
