"""What the figures on video share: colours and symbols of the criteria that raters judge by, and the parameters of several figures."""

from analysis.charts import style
from analysis.charts.parameters import Choice

COLORS = {"quality": style.BLUE, "faithfulness": style.CRIMSON, "both": style.VIOLET}
SYMBOLS = {"quality": "circle", "faithfulness": "diamond", "both": "circle"}
COMPARISONS = Choice("Comparisons", help="Which systems were compared, and how.")
CRITERION = Choice("Criterion", help="What the raters judged by.", options={name: name for name in COLORS})
