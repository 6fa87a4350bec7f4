"""How the numbers of the figures on judged comparisons come about."""

from analysis.charts.explained import Steps
from analysis.charts.inputs import assumed, fitted, setting
from analysis.judges import power as judges_power
from analysis.judges.data import released
from analysis.judges.figures_verdicts import POWER, Power
from analysis.trace import named


def power(figure: Power) -> Steps:
    """Prompts needed in both orders and in one, from mean and scatter of the pair's own points."""
    steps = {}
    for asked, words, mark in (("both", "in both orders", "2"), ("one", "in one order", "1")):
        points = judges_power.scores_by_prompt(released(figure.prompt_set), figure.chatbot, figure.other_chatbot, asked)
        how = "from the released verdicts on this pair"
        mean = fitted(float(points.mean()), f"m_{mark}", f"mean points, {words}", "", how)
        sd = fitted(float(points.std(ddof=1)), f"s_{mark}", f"standard deviation of the points, {words}", "", how)
        level, target = setting(figure, "level", "c", "confidence"), assumed(POWER, "P", "probability with which the test is to succeed")
        needed = judges_power.prompts_needed(mean, sd, level, target)
        steps[f"prompts needed {words}"] = named(judges_power.whole(needed), f"n_{mark}", f"prompts needed {words}", "prompts")
    return steps


DATA = "The data are the released verdicts of GPT-4 on pairs of answers, each pair asked in both orders; nothing was judged again."
FIT = (
    DATA,
    "In the Bradley-Terry model the chance to win follows from the difference of two strengths, here with ties as an outcome of their own and an advantage for the answer shown first. Strengths are those that make the verdicts most likely.",
)
RESAMPLED = (
    "Intervals draw whole prompts again, with replacement and with all their verdicts, and fit anew: 95% of what comes out lies within."
)
SHARE = "A model's share of the points from another counts a win as one, a tie as a half, both orders together."
WORDS = {
    "elo": (
        DATA,
        "Ratings start at 1,000. A match moves the first model's rating by K (score - 1 / (1 + 10^((R_second - R_first) / 400))), with K = 32, and the other's by as much the other way.",
        "The same verdicts are played in thousands of random orderings; a rating is the mean over them, held against the printed one.",
    ),
    "bradley_terry": (
        DATA,
        "In the Bradley-Terry model the chance to win follows from the difference of two strengths; ties and the order of the answers enter as you choose. Strengths are those that make the verdicts most likely, on the scale of Elo with a mean of 1,000.",
        RESAMPLED,
        "Two neighbours are significantly different where one is above the other in at least 95% of the resamples.",
    ),
    "win_matrix": (DATA, SHARE, "Pairs are counted in which the better of the two has less than 55%."),
    "ranking_shift": (
        *FIT,
        "For each of many draws one order of every pair is picked at random and only its verdicts are kept; the model without an advantage of place is fitted to them, ties as half a win each.",
        "The share is that of the draws in which all places come out as with both orders.",
    ),
    "human": (
        "Both columns are as printed. Models are ranked by each; the title names the one whose places are farthest apart. Agreement is Kendall's tau and Spearman's rho, computed from the printed ratings.",
    ),
    "verdicts": (DATA, "Verdicts are counted by the place of the answer that they name."),
    "consistency": (
        DATA,
        "The two verdicts on the same two answers are laid side by side. The order decides where both name the answer shown first, or both the one shown second.",
    ),
    "position_bias": (DATA, SHARE, "The order decides a pair where one model is ahead in one order and the other in the other."),
    "prompts_needed": (
        *FIT,
        "From the fitted chances follow the mean and the scatter of a model's points on one prompt at your gap; for both orders the scatter is widened as in the released verdicts.",
        "Prompts needed are ((z of the confidence + z of 80%) x scatter / (mean - 1/2))^2, rounded up. A pair counts as significantly different where the test succeeds on its own verdicts.",
    ),
    "power": (
        DATA,
        "Mean and scatter are those of the pair's own points per prompt: in both orders the mean of the two verdicts, in one order every single verdict.",
    ),
}
