"""Segment Anything: what does one mask cost when the encoder runs once per image?"""

from analysis.segment_anything.data import prompts_like_encoding
from analysis.segment_anything.figures import Devices, Parts, PerMask
from analysis.segment_anything.figures_reported import AgainstRitm, Datasets, Engine, People, Regions, Transfer
from analysis.segment_anything.figures_shape import Attention, LightParams, Params, Windows
from pages.components import page
from pages.components.page import Section

page.show(
    "segment_anything",
    f"Encoding an image once costs as much as {prompts_like_encoding():,} prompts on it",
    "Segment Anything puts almost all of its work into an encoder that sees each image once; a click then costs less than a thousandth of that. "
    "Count both from their shapes, move the resolution and the windows, and see what the data set behind it is made of.",
    [
        Section("cost", "Cost of a mask", PerMask, Parts),
        Section("devices", "Time on every GPU", Devices),
        Section("windows", "Windows or global", Attention, Windows),
        Section("parameters", "Parameters", Params, LightParams),
        Section("data", "The data set", Datasets, Engine),
        Section("regions", "Where its images are from", Regions),
        Section("quality", "How well it does", AgainstRitm, Transfer),
        Section("people", "On people", People),
    ],
)
