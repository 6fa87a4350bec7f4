"""What the figures on video share: colours and symbols of the criteria that raters judge by, and the parameters of several figures."""

from analysis.charts import style
from analysis.charts.parameters import Choice

COLORS = {"quality": style.BLUE, "faithfulness": style.CRIMSON, "both": style.VIOLET}
SYMBOLS = {"quality": "circle", "faithfulness": "diamond", "both": "circle"}
COMPARISONS = Choice("Comparisons")
CRITERION = Choice("Criterion", options={name: name for name in COLORS})
