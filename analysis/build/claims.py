"""The numbers behind the verdicts on the article's statements: the table claim_checks."""

from collections.abc import Callable

import pandas as pd

from analysis import tables
from analysis.attention import data as attention_data
from analysis.attention import variants, window
from analysis.benchmarks import data as reported
from analysis.benchmarks import pairing
from analysis.build import claims_finetuning, claims_small_models, claims_training, claims_vision
from analysis.claims.verdicts import Check, ahead, close, no_effect, optimum_ratios, sizes_agree
from analysis.domain import data as domain_data
from analysis.pythia import contrasts
from analysis.pythia import data as pythia_data
from analysis.scaling import chinchilla
from analysis.term_frequency import data as term_frequency_data
from analysis.transformer import ParamCounts, TransformerShape, count_params, shape_of_model
from analysis.units import format_count, significant

PYTHIA = {70e6: "70M", 160e6: "160M", 410e6: "410M", 1e9: "1B", 1.4e9: "1.4B", 2.8e9: "2.8B", 6.9e9: "6.9B", 12e9: "12B"}
LLAMA2 = {7e9: "7B", 13e9: "13B", 70e9: "70B"}
BIG = "Llama 2 70B"
LATE = 13_000 * 2_097_152
"""Tokens from which on the comparisons of Pythia's runs start."""
LAST = 2.9e11
"""Tokens after which only the last checkpoint is left."""


def shape(model: str) -> TransformerShape:
    """The architecture of a model of the table."""
    return shape_of_model(model, tables.load("models"))


def counted(model: str) -> ParamCounts:
    """The parameters of a model of the table."""
    return count_params(shape(model))


def score(model_a: str, model_b: str, report: str = "", place: str = "") -> pairing.HeadToHead:
    """Two models as the page on benchmarks compares them, in one report or one place of it where these are named."""
    return reported.paired(model_a, model_b, (report,) if report else (), place)


def tally(result: pairing.HeadToHead) -> str:
    """Wins, ties and losses in words."""
    ties = f", ties {result.ties}" if result.ties else ""
    return f"wins {result.wins}{ties}, loses {result.losses}"


def interval(found: contrasts.Contrast) -> tuple[float, float, float]:
    """(mean, low, high) of a paired comparison."""
    return found.mean, found.low, found.high


def points(found: tuple[float, float, float]) -> str:
    """The same in percentage points, in words."""
    return "{:+.2f} points (95% {:+.2f} to {:+.2f})".format(*(100 * value for value in found))


def pythia_sizes() -> Check:
    """Sizes in names against counts."""
    sizes = {stated: counted(f"Pythia-{name}").total for stated, name in PYTHIA.items()}
    found = f"{len(sizes)} sizes, {format_count(min(sizes.values()))} to {format_count(max(sizes.values()))} parameters counted"
    return Check("supported" if sizes_agree(sizes) else "corrected", found)


def pythia_dedup() -> Check:
    """Deduplicated less standard runs, over sizes, tasks and shots, and in two other ways."""
    ways = [pythia_data.pairs("dedup", *how) for how in (("both", "all"), ("5", "all"), ("both", "no_wsc"))]
    found = [interval(contrasts.contrast(rows[rows["n_tokens"] >= LATE])) for rows in ways]
    named = zip(("", "; five-shot alone ", "; without WSC "), found, strict=True)
    return Check(no_effect(found), "deduplicated minus standard: " + "".join(name + points(way) for name, way in named))


def pythia_batch() -> Check:
    """The batch of 2M tokens less smaller ones, over the late checkpoints and at the last."""
    rows = pythia_data.pairs("batch", "5", "all")
    found = [interval(contrasts.contrast(rows[rows["n_tokens"] >= least])) for least in (LATE, LAST)]
    return Check(no_effect(found), f"2M minus smaller batches: {points(found[0])}; at the last checkpoint {points(found[1])}")


def pythia_terms() -> Check:
    """Rank correlation of accuracy and count for the largest model, and what is left at fixed operand size."""
    row = term_frequency_data.one_of(term_frequency_data.stored("pile_train"), "Pythia 12B", 143000, 16, "multiplication")
    holds = row["rho_low"] > 0 and row["partial_low"] > 0
    found = (
        f"12B, 16-shot multiplication: rank correlation {row['rho']:.2f} ({row['rho_low']:.2f} to {row['rho_high']:.2f}); "
        f"at fixed operand size {row['partial']:.2f} ({row['partial_low']:.2f} to {row['partial_high']:.2f})"
    )
    return Check("supported" if holds else "approximate", found)


def llama2_sizes() -> Check:
    """Sizes in names against counts."""
    sizes = {stated: counted(f"Llama 2 {name}").total for stated, name in LLAMA2.items()}
    found = f"{format_count(min(sizes.values()))} to {format_count(max(sizes.values()))} parameters counted"
    return Check("supported" if sizes_agree(sizes) else "corrected", found)


def llama2_overtaken() -> Check:
    """Three later models against Llama 2 70B on shared benchmarks."""
    results = {name: score(name, BIG) for name in ("Mixtral 8x7B", "DeepSeek LLM 67B", "Yi-34B")}
    holds = all(ahead(result.wins, result.losses) for result in results.values())
    return Check("supported" if holds else "approximate", "; ".join(f"{name} {tally(result)}" for name, result in results.items()))


def bloomberg_gpt3() -> Check:
    """Ratios of parameters and of training tokens."""
    runs = tables.load("models_training").set_index("model")
    large, small = runs.loc["GPT-3 175B"], runs.loc["BloombergGPT 50B"]
    params, tokens = large["n_params"] / small["n_params"], small["n_tokens"] / large["n_tokens"]
    fewer = f"{significant(tokens, 2)} times fewer tokens ({format_count(large['n_tokens'])})"
    found = f"{significant(params, 2)} times the parameters, trained on {fewer}"
    return Check("supported" if close(params, 3.5) and close(tokens, 1.4) else "corrected", found)


def bloomberg_optimum() -> Check:
    """BloombergGPT's size against the optima of Chinchilla's laws at 6 N D, as the page on domain pretraining draws them."""
    printed = domain_data.facts()
    N = printed["n_params"]
    optima = domain_data.optimal_sizes(chinchilla.FLOPS_PER_PARAM_TOKEN * N * printed["n_tokens"])
    low, high = min(optima.values()), max(optima.values())
    found = (
        f"the optimum is {format_count(low)} to {format_count(high)} parameters by {len(optima)} laws: "
        f"BloombergGPT is {significant(N / high, 2)} to {significant(N / low, 2)} times as large"
    )
    return Check(optimum_ratios(N, optima), found)


def bloomberg_adaptllm() -> Check:
    """Wins, and tasks within two points, of AdaptLLM-7B against BloombergGPT, and their means, which say who is better overall."""
    result = score("AdaptLLM-7B", "BloombergGPT 50B")
    near = int(((result.rows["better"] == "b") & (result.rows["difference"].abs() <= 2)).sum())
    rows = reported.all_scores().query("source == 'cheng2023' and benchmark == 'finance_all'").set_index("model")["score"]
    mean, rival = float(rows["AdaptLLM-7B"]), float(rows["BloombergGPT 50B"])
    found = f"{tally(result)} of the five tasks, {near} of them by less than two points; its mean over the five is {mean} against {rival}"
    on_tasks = result.wins == 1 and near == 3
    return Check("supported" if on_tasks and mean < rival else "approximate" if on_tasks else "corrected", found)


def zephyr_mt_bench() -> Check:
    """MT-Bench scores of Zephyr 7B and Llama 2 70B Chat."""
    result = score("Zephyr 7B", "Llama 2 70B Chat")
    row = result.rows.set_index("benchmark").loc["mt_bench"]
    found = f"{row['score_a']} against {row['score_b']}; of all shared scores, MT-Bench among them, it {tally(result)}"
    return Check("supported" if row["better"] == "a" else "corrected", found)


def mistral_size() -> Check:
    """Parameters of Mistral 7B: the number that is called tokens is theirs."""
    total = counted("Mistral 7B").total
    return Check("corrected" if close(total, 7e9) else "reported", f"{format_count(total)} parameters")


def mistral_13b() -> Check:
    """Mistral 7B against Llama 2 13B in its own paper."""
    result = score("Mistral 7B", "Llama 2 13B", "jiang2023", "Table 2")
    return Check("supported" if ahead(result.wins, result.losses) else "corrected", f"{tally(result)} of the columns of its Table 2")


def mistral_qwen() -> Check:
    """Ratio of the parameters of Qwen-14B and Mistral 7B."""
    ratio = counted("Qwen-14B").total / counted("Mistral 7B").total
    return Check("supported" if close(ratio, 2) else "corrected", f"{significant(ratio)} times the parameters")


def mistral_gqa() -> Check:
    """Which Llama 2 models group their heads."""
    groups = {name: variants.own_attention(shape(f"Llama 2 {name}")) for name in ("7B", "13B", "34B", "70B")}
    grouped = [name for name, mixer in groups.items() if mixer.n_kv_heads < mixer.n_heads]
    verdict = "supported" if len(grouped) == len(groups) else "approximate" if grouped else "corrected"
    return Check(verdict, f"Llama 2 {' and '.join(grouped)} group their heads, the others do not")


def mistral_window() -> Check:
    """The first position that position 50,000 sees, in the two ways in which a window of 4,096 is counted, against the article's."""
    stated = attention_data.reported().loc["first_seen_at_50000", "value"]
    with_itself, before_itself = (window.seen(50_000, held)[0] for held in (4_096, 4_097))
    found = (
        f"from {with_itself:,} where the token itself is one of the 4,096 (Figure 1 of the paper, transformers), "
        f"from {before_itself:,} where 4,096 stand before it (its text, its reference code)"
    )
    agree = [first == stated for first in (with_itself, before_itself)]
    return Check("supported" if all(agree) else "approximate" if any(agree) else "corrected", found)


def mistral_context() -> Check:
    """The context that training used, and how far 32 layers of the window could reach."""
    trained, reached = attention_data.reported().loc["trained_context", "value"], int(window.reach(shape("Mistral 7B"), 200_000)[-1])
    found = f"trained on {trained:,.0f} tokens; 32 layers of a window of 4,096 could reach {reached:,} positions"
    return Check("supported" if close(trained, 100e3, 0.1) else "corrected", found)


def mixtral_total() -> Check:
    """All parameters of Mixtral."""
    total = counted("Mixtral 8x7B").total
    return Check("supported" if 40e9 <= total <= 50e9 else "corrected", f"{format_count(total)} parameters")


def mixtral_active() -> Check:
    """Parameters that a token uses."""
    active = counted("Mixtral 8x7B").active
    return Check("supported" if active < 14e9 else "corrected", f"{format_count(active)} parameters")


def mixtral_llama2() -> Check:
    """Mixtral against Llama 2 70B in its Table 2."""
    result = score("Mixtral 8x7B", BIG, "jiang2024", "Table 2")
    verdict = "supported" if ahead(result.wins + result.ties, result.losses) else "corrected"
    return Check(verdict, f"{tally(result)} of the columns of its Table 2")


def switch_top1() -> Check:
    """Experts per token of Switch and Mixtral."""
    models = tables.load("models").set_index("model")
    used, held = models["top_k"], models["n_experts"]
    holds = used["Switch-Base-128"] == 1 and used["Mixtral 8x7B"] == 2 and held["Mixtral 8x7B"] == 8
    found = f"{used['Switch-Base-128']:.0f} of {held['Switch-Base-128']:.0f}, and {used['Mixtral 8x7B']:.0f} of {held['Mixtral 8x7B']:.0f}"
    return Check("supported" if holds else "corrected", found)


def gpt4() -> Check:
    """The arithmetic of the rumour."""
    total = 16 * 111e9
    return Check("rumour", f"16 x 111 B would be {format_count(total)}, of which one or two experts use 111 or 222 B")


def phi2_mistral() -> Check:
    """phi-2 against Mistral 7B in phi-2's own report, most of whose rows are averages over groups of tasks, and the ratio of sizes."""
    result = score("phi-2", "Mistral 7B", "javaheripi2023")
    ratio = counted("phi-2").total / counted("Mistral 7B").total
    found = f"{tally(result)} of the scores in its report, at {significant(ratio, 2)} of the size"
    holds = ahead(result.wins + result.ties, result.losses)
    return Check("supported" if holds and close(ratio, 0.5) else "approximate" if holds else "corrected", found)


def orca2_bigger() -> Check:
    """Orca 2 13B and 7B against Llama 2 70B Chat."""
    results = {name: score(name, "Llama 2 70B Chat") for name in ("Orca 2 13B", "Orca 2 7B")}
    holds = all(ahead(result.wins, result.losses) for result in results.values())
    complete = holds and all(result.losses == 0 for result in results.values())
    ratios = [counted(BIG).total / counted(f"Llama 2 {size}").total for size in ("13B", "7B")]
    found = "; ".join(f"{name} {tally(result)}" for name, result in results.items())
    found += f"; the rival is {significant(ratios[0], 2)} and {significant(ratios[1], 2)} times as large"
    return Check("supported" if complete else "approximate" if holds else "corrected", found)


CHECKS: dict[str, Callable[[], Check]] = {
    "pythia-sizes": pythia_sizes, "pythia-dedup": pythia_dedup, "pythia-term-frequency": pythia_terms, "pythia-batch-size": pythia_batch,
    "llama2-sizes": llama2_sizes, "llama2-overtaken": llama2_overtaken, "bloomberg-gpt3-ratio": bloomberg_gpt3,
    "bloomberg-chinchilla": bloomberg_optimum,
    "bloomberg-adaptllm": bloomberg_adaptllm, "dpo-zephyr": zephyr_mt_bench, "mistral-size": mistral_size,
    "mistral-beats-13b": mistral_13b, "mistral-qwen": mistral_qwen, "mistral-gqa": mistral_gqa, "mistral-swa-range": mistral_window,
    "mistral-100k-context": mistral_context, "mixtral-total": mixtral_total, "mixtral-active": mixtral_active,
    "mixtral-llama2": mixtral_llama2, "switch-top1": switch_top1, "gpt4-rumour": gpt4, "phi2-mistral": phi2_mistral,
    "orca2-bigger": orca2_bigger,
} | claims_finetuning.CHECKS | claims_small_models.CHECKS | claims_training.CHECKS | claims_vision.CHECKS  # fmt: skip
"""The claims whose verdict rests on numbers, by id."""


def claim_checks() -> pd.DataFrame:
    """The table claim_checks: id, verdict and what was found."""
    found = {name: check() for name, check in CHECKS.items()}
    return pd.DataFrame([(name, check.verdict, check.found) for name, check in found.items()], columns=["id", "verdict", "found"])
