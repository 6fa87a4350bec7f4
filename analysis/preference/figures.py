"""Figures on preference tuning: the loss, the optimum, and what training on a small set of answers reaches."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis.charts import intervals, style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.preference import figures_memory, figures_reported, objective, training
from analysis.preference.data import FINE_BETAS, exact, stored, world
from analysis.units import significant

DPO = Citation("rafailov2023", "sections 3 and 4")
BEST_OF_N = Citation("beirami2024", "Theorem 1")
BRADLEY = Citation("bradley1952")
METHOD_LOOKS = {"dpo": style.BLUE, "rlhf": style.CRIMSON, "best_of_n": style.AMBER}
SWEEP = (0.05, 0.1, 1.0, 5.0)
"""The strengths that the DPO paper tries on its sentiment task, section 6.1."""
MARGINS = np.linspace(-30, 30, 121)


def frontier(found: Mapping[str, pd.DataFrame], n_answers: int, beta: float, settings: Mapping[str, str]) -> Panel:
    """True reward against KL: the closed-form frontier as a line, the three methods with their seeds as bands; beta is marked on the line."""
    KL, reward = exact(n_answers)
    at_kl, at_reward = (float(each[0]) for each in objective.frontier(world(n_answers), [beta]))
    traces: list[dict] = []
    parts: list = []
    for method, label in training.METHODS.items():
        table = found[method]
        traces.extend(intervals.quiet_band(table["kl"], table["low"], table["high"], f"{label}, middle 80% of seeds", METHOD_LOOKS[method]))
        parts.append(lambda table=table, label=label: table.assign(series=f"{label}, seeds", status="uncertain"))
    for method, label in training.METHODS.items():
        table = found[method]
        traces.append(
            style.computed_line(table["kl"], table["reward"], label, METHOD_LOOKS[method])
            | {"mode": "lines+markers", "marker": {"size": 5}}
        )
        parts.append(lambda table=table, label=label: table[["strength", "kl", "reward"]].assign(series=label, status="computed"))
    traces.append(style.computed_line(KL, reward, "closed form, the most there is", style.GREY))
    parts.append({"series": "closed form", "strength": FINE_BETAS, "kl": KL, "reward": reward, "status": "computed"})
    traces.append(style.what_if_marker([at_kl], [at_reward], "closed form at your beta", style.VIOLET))
    parts.append({"series": "your beta", "strength": [beta], "kl": [at_kl], "reward": [at_reward], "status": "what_if"})
    best = {method: float(found[method]["reward"].max()) for method in training.METHODS}
    widest = max(float(table["kl"].max()) for table in found.values())
    lowest = min(float(table["low"].min()) for table in found.values())
    top = float(world(n_answers).reward.max())
    layout = style.layout(
        "number",
        "number",
        x_title="KL from the reference (nats)",
        y_title="Mean true reward (nats)",
        height=470,
        x_range=(-0.05, widest * 1.03),
        y_range=(min(lowest, float(reward.min())) - 0.1, top + 0.2),
    )
    return Panel(
        name="preference.frontier",
        title=(
            f"From {settings['preferences']} preferences DPO reaches a reward of {best['dpo']:.2f}, policy gradient {best['rlhf']:.2f}, "
            f"best-of-n {best['best_of_n']:.2f}; {top:.2f} is possible"
        ),
        figure=style.figure(traces, layout),
        data=lambda: table_of(parts),
        caption=(
            f"One prompt with {n_answers} answers, trained here with torch; lines are means, bands the middle 80% of the seeds, which differ in the preferences drawn. The grey line is "
            f"pi_ref exp(r / beta) / Z; no policy lies above it, though a band may reach over it, since it is drawn at the mean KL of seeds that differ. Your beta of {significant(beta)} would end {significant(at_kl, 2)} nats away with a reward of {at_reward:.2f}. Where a line falls "
            "to the right, the policy exploits errors of what it learned from few preferences. All methods learn from the same pairs."
        ),
        alt=f"True reward against KL: DPO ends at up to {best['dpo']:.2f}, policy gradient at {best['rlhf']:.2f}, best-of-n at {best['best_of_n']:.2f} of {top:.2f}.",
        sources=(DPO, BEST_OF_N, BRADLEY),
        settings=settings,
        explain=(
            objective.optimal_policy,
            objective.best_of_n,
            training.train_dpo,
            training.train_policy_gradient,
            training.train_reward_model,
            objective.preferred,
        ),
    )


def implicit(answers: pd.DataFrame, beta: float, settings: Mapping[str, str]) -> Panel:
    """The implicit reward of a policy that DPO trained at beta, and the reward model's, against the true reward; answers: of one seed."""
    mine = answers[np.isclose(answers["beta"], beta)].sort_values("reward", ignore_index=True)
    reference, true = mine["reference"].to_numpy(), mine["reward"].to_numpy()

    def centred(values):
        return np.asarray(values) - reference @ np.asarray(values)

    implied = centred(objective.implicit_reward(np.maximum(mine["dpo"], 1e-300), reference, beta))
    fitted = centred(mine["fitted"])
    off = [float(np.sqrt(reference @ (values - centred(true)) ** 2)) for values in (implied, fitted)]
    names = [f"answer given {100 * p:.1f}% of the time" for p in reference]
    ends = np.array([true.min(), true.max()])
    size = (5 + 28 * np.sqrt(reference)).tolist()
    traces = [
        style.computed_line(ends, ends - reference @ true, "equal to the true reward", style.GREY),
        _dots(true, implied, "implicit reward of DPO", style.BLUE, "circle", size, names),
        _dots(true, fitted, "reward model", style.CRIMSON, "diamond-open", size, names),
    ]
    layout = style.layout("number", "number", x_title="True reward (nats)", y_title="Learned reward (nats, mean 0)", height=430)
    return Panel(
        name="preference.implicit",
        title=f"At beta {significant(beta)}, DPO's implicit rewards miss the true ones by {significant(off[0], 2)} nats, the reward model's by {significant(off[1], 2)}",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {"series": "implicit reward of DPO", "true_reward": true, "reference": reference, "learned": implied, "status": "computed"},
                {"series": "reward model", "true_reward": true, "reference": reference, "learned": fitted, "status": "computed"},
            ]
        ),
        caption=(
            "One seed. Each answer stands at its true reward; its implicit reward is beta log(pi / pi_ref), less the mean over the reference. Large marks are answers that the reference gives often "
            "and that many preferences speak of; small ones stray, and one that won all of its few comparisons rises without limit. Misses are root mean squares with the reference's weights. No reward model was trained for DPO: the policy holds it."
        ),
        alt=f"Learned against true reward of {len(mine)} answers: DPO misses by {significant(off[0], 2)} nats, the reward model by {significant(off[1], 2)}.",
        sources=(DPO, BRADLEY),
        settings=settings,
        explain=(objective.implicit_reward, training.train_dpo, training.pair_gradient),
    )


def _dots(x, y, name: str, color: str, symbol: str, size: list[float], text: list[str]) -> dict:
    line = style.computed_line(x, y, name, color, text=text)
    return line | {
        "mode": "markers",
        "marker": {"color": color, "symbol": symbol, "size": size, "opacity": 0.8, "line": {"width": 1.2, "color": color}},
    }


def loss(show: str, beta: float, settings: Mapping[str, str]) -> Panel:
    """The DPO loss, or its gradient, against the margin: for the strengths of the paper's sweep, and for beta; show "loss" or "gradient"."""
    of = objective.dpo_loss if show == "loss" else lambda h, b: -objective.dpo_gradient(h, b)
    traces = [
        style.computed_line(MARGINS, of(MARGINS, each), f"beta {each:g}", style.series_color(number), width=1.6)
        for number, each in enumerate(SWEEP)
    ]
    yours = of(MARGINS, beta)
    traces.append(style.what_if_line(MARGINS, yours, f"your beta, {significant(beta)}", style.VIOLET, width=3))
    half = float(np.log(3) / beta)
    if show == "loss":
        title = f"Every DPO loss starts at log 2 = 0.693; at beta {significant(beta)} a margin of 10 nats leaves {significant(float(objective.dpo_loss(10.0, beta)), 2)}"
        y_title = "Loss (nats)"
    else:
        title = f"At beta {significant(beta)} a pair already {significant(half, 2)} nats in order pulls half as hard as one at the start"
        y_title = "Pull on the margin (-dL/dh)"
    layout = style.layout(
        "number",
        "number" if show == "loss" else "log_number",
        x_title="Margin h of the preferred answer (nats)",
        y_title=y_title,
        x_range=(-30, 30),
        y_range=(-0.2, 6.0) if show == "loss" else (1e-4, 20.0),
        height=430,
        shapes=[style.vertical_line(0.0, style.GREY, "dot")],
    )
    return Panel(
        name="preference.loss",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                *(
                    {"series": f"beta {each:g}", "beta": each, "margin": MARGINS, show: of(MARGINS, each), "status": "computed"}
                    for each in SWEEP
                ),
                {"series": "your beta", "beta": beta, "margin": MARGINS, show: yours, "status": "what_if"},
            ]
        ),
        caption=(
            "h = log pi(y_w) / pi_ref(y_w) - log pi(y_l) / pi_ref(y_l); training starts at 0. L = -log sigma(beta h), and its gradient by h is -beta sigma(-beta h): beta times the probability that the implicit "
            "rewards still give to the wrong order. A small beta lets the policy travel far before a pair counts as learned. Thin lines: the strengths of the paper's sweep."
        ),
        alt=f"The DPO {show} against the margin for five strengths; at beta {significant(beta)} the gradient has halved at a margin of {significant(half, 2)} nats.",
        sources=(DPO, Citation("rafailov2023", "Eq. 7; section 6.1")),
        settings=settings,
        explain=(objective.dpo_loss, objective.dpo_gradient),
    )


def optimum(n_answers: int, beta: float, settings: Mapping[str, str]) -> Panel:
    """The closed-form optimum for beta beside the reference, answer by answer."""
    here = world(n_answers)
    best = objective.optimal_policy(here.reference, here.reward, beta)
    KL, reward = (float(each) for each in objective.value(best, here))
    order = np.argsort(here.reward)
    at, names = here.reward[order], [f"reward {value:.2f}" for value in here.reward[order]]
    traces = [
        _dots(at, here.reference[order], "reference", style.GREY, "circle", [9.0] * n_answers, names),
        style.what_if_marker(at, best[order], f"optimum at beta {significant(beta)}", style.VIOLET, text=names)
        | {"marker": {"size": 9, "symbol": "x-thin", "line": {"width": 2.5, "color": style.VIOLET}}},
    ]
    layout = style.layout(
        "number", "log_number", x_title="True reward of the answer (nats)", y_title="Probability", y_range=(1e-5, 1.5), height=430
    )
    layout["yaxis"] |= {"tickformat": ".0e"}
    top = float(best[here.reward.argmax()])
    return Panel(
        name="preference.optimum",
        title=f"At beta {significant(beta)} the best policy gives its best answer {100 * top:.0f}% of the time, {significant(KL, 2)} nats from the reference",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {"series": "reference", "reward": at, "probability": here.reference[order], "status": "computed"},
                {"series": "optimum", "reward": at, "probability": best[order], "status": "what_if"},
            ]
        ),
        caption=(
            f"pi = pi_ref exp(r / beta) / Z: on this logarithmic axis each cross stands over its dot by r / beta less log Z, so good answers rise and bad ones sink. The mean reward is {reward:.2f} after "
            f"{float(here.reference @ here.reward):.2f} for the reference. No policy has a higher reward less beta times KL."
        ),
        alt=f"Probabilities of {n_answers} answers by reward: the optimum at beta {significant(beta)} gives the best one {100 * top:.0f}%.",
        sources=(Citation("rafailov2023", "Eq. 4"),),
        settings=settings,
        explain=(objective.optimal_policy, objective.kl, objective.small_world),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of the preference page at its default settings."""
    n_answers, n_pairs = training.DEFAULTS["n_answers"], training.DEFAULTS["n_pairs"]
    trained = {"preferences": f"{n_pairs:,}", "answers": str(n_answers), "seeds": "20"}
    return {
        "preference.frontier": lambda: frontier(stored(n_pairs)[0], n_answers, 0.5, trained | {"beta": "0.5"}),
        "preference.implicit": lambda: implicit(stored(n_pairs)[1], training.BETAS[5], trained | {"beta": significant(training.BETAS[5])}),
        "preference.loss": lambda: loss("loss", 0.1, {"beta": "0.1", "show": "loss"}),
        "preference.optimum": lambda: optimum(n_answers, 0.5, {"beta": "0.5", "answers": str(n_answers)}),
        **figures_memory.default_panels(),
        **figures_reported.default_panels(),
    }
