"""Figures on preference tuning: the loss, the optimum, and what training on a small set of answers reaches."""

import numpy as np
import pandas as pd

from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.names import beside
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Quantity
from analysis.preference import objective, training
from analysis.preference.data import FINE_BETAS, exact, trained, world
from analysis.units import significant

DPO = Citation("rafailov2023", "sections 3 and 4")
BEST_OF_N = Citation("beirami2024", "Theorem 1")
BRADLEY = Citation("bradley1952")
METHOD_LOOKS = {"dpo": style.BLUE, "rlhf": style.CRIMSON, "best_of_n": style.ORCHID}
SWEEP = (0.05, 0.1, 1.0, 5.0)
"""The strengths that the DPO paper tries on its sentiment task, section 6.1."""
MARGINS = np.linspace(-30, 30, 121)
LEAST_SHOWN = 1e-5
"""The lowest probability that the chart of the optimum has room for."""

N_PAIRS = Quantity("Preference pairs", unit="preferences", low=50, high=100_000, whole=True)
N_ANSWERS = Quantity("Candidate responses", unit="answers", low=4, high=64, twos=True, whole=True)
FLIPPED = Quantity(
    "Label noise", unit="share", low=0, high=0.4, extra=(0.1, 0.2, 0.3)
)  # fmt: skip
BETA = Quantity("Beta (KL penalty)", low=0.01, high=30)


class Frontier(Figure):
    """True reward against KL: the closed-form frontier, and the three methods with their seeds as bands."""

    name = "preference.frontier"
    n_pairs: int = N_PAIRS(training.DEFAULTS["n_pairs"])
    n_answers: int = N_ANSWERS(training.DEFAULTS["n_answers"])
    flipped: float = FLIPPED(training.DEFAULTS["flipped"])
    beta: float = BETA(0.5, low=0.03)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        found, _ = trained(self.n_pairs, self.n_answers, self.flipped)
        here = world(self.n_answers)
        KL, reward = exact(self.n_answers)
        at_kl, at_reward = (float(each[0]) for each in objective.frontier(here, [self.beta]))
        parts: dict[str, Part] = {
            method: {
                "series": label,
                "strength": found[method]["strength"].to_numpy(),
                "kl": found[method]["kl"].to_numpy(),
                "reward": found[method]["reward"].to_numpy(),
                "reward_low": found[method]["low"].to_numpy(),
                "reward_high": found[method]["high"].to_numpy(),
                "status": "computed",
            }
            for method, label in training.METHODS.items()
        }
        closed = {"series": "closed form", "strength": FINE_BETAS, "kl": KL, "reward": reward, "status": "computed"}
        yours = {"series": "your beta", "strength": [self.beta], "kl": [at_kl], "reward": [at_reward], "status": "what_if"}
        traces: list[dict] = []
        for method, part in parts.items():
            name = f"{training.METHODS[method]}, middle 80% of seeds"
            band = marks.band(part, "kl", "reward_low", "reward_high", METHOD_LOOKS[method], name, quiet=True)
            traces += [edge | ({"fillcolor": style.translucent(METHOD_LOOKS[method], 0.09)} if "fill" in edge else {}) for edge in band]
        for method, part in parts.items():
            line = marks.line(part, "kl", "reward", METHOD_LOOKS[method])
            traces.append(line | {"mode": "lines+markers", "marker": {"size": 5}})
        traces.append(marks.line(closed, "kl", "reward", style.GREY, "optimal frontier (closed form)"))
        traces.append(marks.points(yours, "kl", "reward", style.AMBER, "optimum at your beta"))
        widest = max(at_kl, *(float(table["kl"].max()) for table in found.values()))
        lowest = min(float(table["low"].min()) for table in found.values())
        top = Headline("highest reward of any answer", float(here.reward.max()), "nats", f"{here.reward.max():.2f}")
        best = {method: _best(method, found[method]) for method in training.METHODS}
        layout = style.layout(
            "number",
            "number",
            x_title="KL divergence from the reference (nats)",
            y_title="Mean true reward (nats); shades: 80% of seeds",
            height=470,
            x_range=(-0.05, widest * 1.03),
            y_range=(min(lowest, float(reward.min())) - 0.1, top.value + 0.2),
        )
        return Panel(
            title=(
                f"From {self.n_pairs:,} pairs, DPO reaches reward {best['dpo']}, RM + policy gradient {best['rlhf']}, "
                f"best-of-n {best['best_of_n']} (maximum {top})"
            ),
            headline=(best["dpo"], best["rlhf"], best["best_of_n"], top),
            figure=style.figure(traces, layout),
            parts=[*parts.values(), closed, yours],
            caption=(
                f"Lines are the true reward of policies trained here against their KL divergence from the reference; higher at the same KL is better. One prompt with {self.n_answers} answers; bands are the middle 80% of {training.DEFAULTS['n_seeds']} seeds, which differ in the preferences drawn. The grey line is "
                f"pi_ref exp(r / beta) / Z; no policy lies above it, though a band may reach over it, since it is drawn at the mean KL of seeds that differ. At your beta of {significant(self.beta)} the optimum is {significant(at_kl, 2)} nats away with a reward of {at_reward:.2f}. Where a line falls "
                "to the right, the policy is over-optimised: it exploits errors in what it learned from few preferences. All methods learn from the same pairs."
            ),
            alt=f"True reward against KL: DPO ends at up to {best['dpo']}, policy gradient at {best['rlhf']}, best-of-n at {best['best_of_n']} of {top}.",
            sources=(DPO, BEST_OF_N, BRADLEY),
        )


def _best(method: str, table: pd.DataFrame) -> Headline:
    value = float(table["reward"].max())
    return Headline(f"highest reward of {training.METHODS[method]}", value, "nats", f"{value:.2f}", "reward")


class Implicit(Figure):
    """The implicit reward of a policy that DPO trained, and the reward model's, against the true reward; of one seed."""

    name = "preference.implicit"
    n_pairs: int = N_PAIRS(training.DEFAULTS["n_pairs"])
    n_answers: int = N_ANSWERS(training.DEFAULTS["n_answers"])
    flipped: float = FLIPPED(training.DEFAULTS["flipped"])
    trained_beta: float = Choice(
        "Beta (trained policies)",
        options={beta: significant(beta) for beta in sorted(training.BETAS)},
    )(training.BETAS[5])

    def draw(self) -> Panel:
        """The panel at these parameters."""
        _, answers = trained(self.n_pairs, self.n_answers, self.flipped)
        beta = self.trained_beta
        mine = answers[np.isclose(answers["beta"], beta)].sort_values("reward", ignore_index=True)
        reference, true = mine["reference"].to_numpy(), mine["reward"].to_numpy()

        def centred(values):
            return np.asarray(values) - reference @ np.asarray(values)

        learned = {
            "implicit reward of DPO": centred(objective.implicit_reward(np.maximum(mine["dpo"], 1e-300), reference, beta)),
            "reward model": centred(mine["fitted"]),
        }
        off = [
            Headline(f"RMS error of the {series}", miss, "nats", significant(miss, 2))
            for series, values in learned.items()
            for miss in [float(np.sqrt(reference @ (values - centred(true)) ** 2))]
        ]
        names = [f"answer given {100 * p:.1f}% of the time" for p in reference]
        ends = np.array([true.min(), true.max()])
        size = (5 + 28 * np.sqrt(reference)).tolist()
        equal = {"series": "equal to the true reward", "reward": ends, "learned_reward": ends - reference @ true, "status": "computed"}
        parts: list[Part] = [
            {"series": series, "reward": true, "reference": reference, "learned_reward": values, "status": "computed"}
            for series, values in learned.items()
        ]
        looks = ((style.BLUE, "circle"), (style.CRIMSON, "diamond"))
        traces = [marks.line(equal, "reward", "learned_reward", style.GREY)]
        for part, (color, symbol), wider in zip(parts, looks, (7, 0), strict=True):  # where both agree, the second mark lies on the first
            traces.append(_dots(part, "reward", "learned_reward", color, symbol, [each + wider for each in size], names))
        layout = style.layout("number", "number", x_title="True reward (nats)", y_title="Learned reward (nats, mean 0)", height=430)
        said = "the larger a mark, the more often the reference gives the answer"
        layout["annotations"] = [style.note(1, 0.04, said, xref="x domain", yref="y domain", xanchor="right")]
        return Panel(
            title=f"At beta {significant(beta)}, DPO's implicit reward is off by {off[0]} nats, the reward model by {off[1]}",
            headline=tuple(off),
            figure=style.figure(traces, layout),
            parts=[equal, *parts],
            caption=(
                "Each mark is an answer; on the diagonal its learned reward equals the true one. DPO's implicit reward is beta log(pi / pi_ref), minus the mean over the reference. Large marks are answers that the reference gives often "
                "and that occur in many pairs; small ones scatter, and one that won all of its few comparisons rises without limit. Errors are root mean squares weighted by the reference. DPO trains no reward model: the policy implies it. One seed."
            ),
            alt=f"Learned against true reward of {len(mine)} answers: DPO is off by {off[0]} nats, the reward model by {off[1]}.",
            sources=(DPO, BRADLEY),
        )


def _dots(part: Part, x: str, y: str, color: str, symbol: str, size: list[float], text: list[str]) -> dict:
    return marks.line(part, x, y, color, text=text) | {
        "mode": "markers",
        "marker": {"color": color, "symbol": symbol, "size": size, "opacity": 0.8, "line": {"width": 1.2, "color": color}},
    }


class Loss(Figure):
    """The DPO loss, or its gradient, against the margin: for the strengths of the paper's sweep, and for yours."""

    name = "preference.loss"
    loss_shown: str = Choice("Show", options={"loss": "the loss", "gradient": "its gradient"})("loss")
    beta: float = BETA(0.1, high=10)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        shows_loss, beta = self.loss_shown == "loss", self.beta
        column = "dpo_loss" if shows_loss else "pull"

        def values(strength: float) -> np.ndarray:
            return objective.dpo_loss(MARGINS, strength) if shows_loss else -objective.dpo_gradient(MARGINS, strength)

        parts: list[Part] = [
            {"series": f"beta {each:g}", "beta": each, "margin": MARGINS, column: values(each), "status": "computed"} for each in SWEEP
        ]
        yours = {"series": "your beta", "beta": beta, "margin": MARGINS, column: values(beta), "status": "what_if"}
        traces = [marks.line(part, "margin", column, style.series_color(number), width=1.6) for number, part in enumerate(parts)]
        traces.append(marks.line(yours, "margin", column, style.AMBER, f"your beta, {significant(beta)}", width=3))
        half = float(np.log(3) / beta)
        if shows_loss:
            left = float(objective.dpo_loss(10.0, beta))
            stated = Headline("loss at a margin of 10 nats", left, "nats", significant(left, 2), column)
            title = f"The DPO loss starts at log 2 = 0.693; at beta {significant(beta)}, a margin of 10 nats leaves {stated}"
        else:
            stated = Headline("margin at which the gradient has halved", half, "nats", significant(half, 2))
            title = f"At beta {significant(beta)}, the DPO gradient has halved at a margin of {stated} nats"
        layout = style.layout(
            "number",
            "number" if shows_loss else "log_number",
            x_title="Margin h of the chosen answer (nats)",
            y_title="Loss (nats)" if shows_loss else "Gradient on the margin (-dL/dh)",
            x_range=(-30, 30),
            y_range=(-0.2, 6.0) if shows_loss else (1e-4, 20.0),
            height=430,
            shapes=[style.vertical_line(0.0, style.GREY, "dot")],
        )
        return Panel(
            title=title,
            headline=(stated,),
            figure=style.figure(traces, layout),
            parts=[*parts, yours],
            caption=(
                "Each line is the DPO loss or its gradient at one beta, against the margin h = log pi(y_w) / pi_ref(y_w) - log pi(y_l) / pi_ref(y_l). Training starts at h = 0. L = -log sigma(beta h), and its gradient in h is -beta sigma(-beta h): beta times the probability that the implicit "
                "rewards still give to the wrong order. A small beta lets the policy move far before a pair counts as learned. Thin lines are the betas of the paper's sweep."
            ),
            alt=f"The DPO {self.loss_shown} against the margin for five strengths; at beta {significant(beta)} the gradient has halved at a margin of {significant(half, 2)} nats.",
            sources=(DPO, Citation("rafailov2023", "Eq. 7; section 6.1")),
        )


class Optimum(Figure):
    """The closed-form optimum for one strength beside the reference, answer by answer."""

    name = "preference.optimum"
    beta: float = BETA(0.5, low=0.1)
    n_answers: int = N_ANSWERS(training.DEFAULTS["n_answers"], twos=False, step=1)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        here, beta = world(self.n_answers), self.beta
        best = objective.optimal_policy(here.reference, here.reward, beta)
        KL, reward = (float(each) for each in objective.value(best, here))
        order = np.argsort(here.reward)
        at, chances = here.reward[order], best[order]
        shown = chances >= LEAST_SHOWN
        names = np.array([f"reward {value:.2f}" for value in at])
        reference = {"series": "reference", "reward": at, "probability": here.reference[order], "status": "computed"}
        optimum, below = (
            {"series": series, "reward": at[rows], "probability": chances[rows], "status": "what_if"}
            for series, rows in (("optimum", shown), ("optimum, below the axis", ~shown))
        )
        crosses = marks.points(optimum, "reward", "probability", style.AMBER, f"optimum at beta {significant(beta)}", text=names[shown])
        best_named = ["best answer" if value == at.max() else "" for value in at[shown]]
        traces = [
            _dots(reference, "reward", "probability", style.GREY, "circle", [9.0] * self.n_answers, names.tolist()),
            beside(crosses | {"marker": {"size": 9, "symbol": "x-thin", "line": {"width": 2.5, "color": style.AMBER}}}, best_named),
        ]
        layout = style.layout(
            "number",
            "log_number",
            x_title="True reward of the answer (nats)",
            y_title="Probability",
            y_range=(LEAST_SHOWN, 1.5),
            height=430,
        )
        top = float(best[here.reward.argmax()])
        share = Headline("probability of the best answer", top, "share", f"{100 * top:.0f}%", "probability")
        far = Headline("KL from the reference", KL, "nats", significant(KL, 2))
        hidden = int((~shown).sum())
        left_out = f" {hidden} of the crosses {'lies' if hidden == 1 else 'lie'} below the axis." if hidden else ""
        return Panel(
            title=f"At beta {significant(beta)}, the optimal policy gives the best answer {share} of the time, at {far} nats KL",
            headline=(share, far),
            figure=style.figure(traces, layout),
            parts=[reference, optimum, below],
            caption=(
                f"Dots are the reference's probabilities of each answer, crosses those of the optimal policy pi = pi_ref exp(r / beta) / Z. On this logarithmic axis a cross is above its dot by r / beta - log Z, so good answers rise and bad ones sink.{left_out} The mean reward is {reward:.2f}, against "
                f"{float(here.reference @ here.reward):.2f} for the reference. No policy has a higher reward minus beta times KL."
            ),
            alt=f"Probabilities of {self.n_answers} answers by reward: the optimum at beta {significant(beta)} gives the best one {share}.",
            sources=(Citation("rafailov2023", "Eq. 4"),),
        )
