"""Colours and symbols of the criteria that raters judge by."""

from analysis.charts import style

COLORS = {"quality": style.BLUE, "faithfulness": style.CRIMSON, "both": style.VIOLET}
SYMBOLS = {"quality": "circle", "faithfulness": "diamond", "both": "circle"}
