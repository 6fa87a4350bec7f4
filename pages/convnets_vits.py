"""ConvNets and ViTs: do ConvNets match vision transformers at equal pretraining compute?"""

from analysis.convnets_vits.figures import Accuracy, Devices, Images, Loss
from analysis.convnets_vits.figures_shapes import ByResolution, BySize, Published
from pages.components import page
from pages.components.page import Section

page.show(
    "convnets_vits",
    "At about equal hours, a ConvNet and two ViTs cannot be told apart",
    "NFNet-F7+ reaches 90.3% on ImageNet after 110 thousand TPU v4 core hours, ViT-g/14 90.2% after 120 thousand and SoViT-400m/14 90.3% after 130 thousand. Drawing another 50,000 "
    "test images could shift a difference by 0.37 points, so this is a tie. On the older TPU v3 the same ConvNet would take more hours than ViT-g/14, not fewer.",
    [
        Section("equal", "Equal compute", Accuracy, Devices),
        Section("shapes", "Counted from shapes", BySize),
        Section("resolution", "By resolution", ByResolution),
        Section("printed", "Against printed counts", Published),
        Section("hours", "What the hours buy", Images),
        Section("loss", "Loss against compute", Loss),
    ],
)
