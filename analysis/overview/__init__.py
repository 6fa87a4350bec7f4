"""One figure for each of the ten papers."""
