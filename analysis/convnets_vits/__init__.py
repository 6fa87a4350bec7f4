"""ConvNets against vision transformers at equal compute."""
