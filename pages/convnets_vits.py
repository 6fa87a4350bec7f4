"""ConvNets and ViTs: do ConvNets match vision transformers at equal pretraining compute?"""

from analysis.convnets_vits import data
from analysis.convnets_vits.figures import Accuracy, Devices, Images, Loss
from analysis.convnets_vits.figures_shapes import ByResolution, BySize, Published
from pages.components import page
from pages.components.page import Section

numbers = data.headline()
reached = [
    f"{name} {numbers['accuracy'][name]:.1f}% after {numbers['hours'][name] / 1000:.0f} thousand"
    for name in ("NFNet-F7+", "ViT-g/14", "SoViT-400m/14")
]
page.show(
    "convnets_vits",
    "At about equal hours, a ConvNet and two ViTs cannot be told apart",
    f"On ImageNet, by TPU v4 core hours: {', '.join(reached)}. Drawing other test images could shift a difference by {numbers['shift']['points']:.2f} points, so this "
    "is a tie. On the older TPU v3 the same ConvNet would take more hours than ViT-g/14, not fewer.",
    [
        Section("equal", "Equal compute", Accuracy, Devices),
        Section("shapes", "Counted from shapes", BySize),
        Section("resolution", "By resolution", ByResolution),
        Section("printed", "Against printed counts", Published),
        Section("hours", "What the hours buy", Images),
        Section("loss", "Loss against compute", Loss),
    ],
)
