"""ConvNets and ViTs: do ConvNets match vision transformers at equal pretraining compute?"""

from analysis.convnets_vits.figures import Accuracy, Devices, Images, Loss
from analysis.convnets_vits.figures_shapes import ByResolution, BySize, Published
from pages.components import page
from pages.components.page import Section

LEAD = "Accuracy on ImageNet against reported pretraining hours, and FLOPs and parameters counted from the architectures."
SECTIONS = [
    Section("equal", "Accuracy at equal compute", Accuracy, Devices),
    Section("shapes", "FLOPs & parameters", BySize),
    Section("resolution", "By resolution", ByResolution),
    Section("printed", "Check vs papers", Published),
    Section("hours", "Implied images seen", Images),
    Section("loss", "Loss vs compute", Loss),
]

if __name__ == "__main__":
    page.show("convnets_vits", LEAD, SECTIONS)
