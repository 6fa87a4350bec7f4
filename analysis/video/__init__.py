"""Video generation: win rates and their intervals, and the cost of generating an image first."""
