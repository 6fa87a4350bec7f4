"""Checks of claims on fine-tuning and on chat models: see `analysis.build.claims`."""

from collections.abc import Callable

from analysis import tables
from analysis.benchmarks import data as reported
from analysis.claims.verdicts import Check, close
from analysis.memory import finetuning
from analysis.small_models import comparisons
from analysis.transformer import shape_of_model
from analysis.units import format_bytes

A_LITTLE = 1.25
"""A step is called a little slower if it takes at most this many times as long."""
SAME_SCORE = 0.5
"""Points within which mean scores of many fine-tuned models are called equal."""
SIZE_CLASS = (6e9, 8e9)
"""Sizes that are called 7B [parameters]."""
LAST_YEAR = 2023
"""The year that the article looks back on."""


def qlora_65b() -> Check:
    """The memory of QLoRA for 65B with short sequences against 48 GB, and the memory of the A100s that there are."""
    total = float(finetuning.finetuning_memory(shape_of_model("LLaMA-65B", tables.load("models")), "qlora").total)
    gpus = tables.load("gpus").set_index("label")["memory_bytes"]
    a100 = gpus[gpus.index.str.startswith("A100")]
    holds = total <= 48e9
    verdict = "corrected" if not holds else "supported" if any(close(memory, 48e9) for memory in a100) else "approximate"
    return Check(verdict, f"{format_bytes(total)} for one sequence of 512 tokens; the table of GPUs has {' and '.join(a100.index)}")


def qlora_slower() -> Check:
    """Time of a training step with QLoRA over that with LoRA, measured on each shape."""
    rows = tables.load("system")
    rows = rows[rows["what"] == "train step"]
    times = rows.pivot(index=["device", "dtype", "date", "shape", "batch", "context"], columns="method", values="value")
    ratio = (times["qlora"] / times["lora"]).dropna()
    devices = ", ".join(dict.fromkeys(f"{device} ({date})" for device, _, date, *_ in ratio.index))
    found = f"a step takes {ratio.min():.2f} to {ratio.max():.2f} times as long as with LoRA, on {len(ratio)} small shapes; {devices}"
    return Check("corrected" if ratio.min() <= 1 else "supported" if ratio.max() <= A_LITTLE else "approximate", found)


def qlora_parity() -> Check:
    """Mean five-shot MMLU of fine-tuned LLaMA models, in 16 bits and with QLoRA's data type."""
    rows = reported.all_scores()
    rows = rows[(rows["source"] == "dettmers2023") & (rows["location"] == "Table 4") & rows["model"].str.contains("mean")].set_index(
        "setting"
    )
    full, quantised = rows.loc["16-bit LoRA", "value"], rows.loc["QLoRA, NFloat4 with double quantisation", "value"]
    found = f"mean 5-shot MMLU over sizes and data sets: {quantised} with QLoRA, {full} with 16-bit LoRA"
    return Check("supported" if quantised >= full - SAME_SCORE else "corrected", found)


def zephyr_best() -> Check:
    """Zephyr 7B against the other models of its size in Table 1 of its paper."""
    rows = reported.all_scores()
    rows = rows[(rows["source"] == "tunstall2023") & (rows["location"] == "Table 1") & rows["n_params"].between(*SIZE_CLASS)]
    words, first = [], []
    for _, mine in rows.groupby("benchmark", sort=False):
        ranked = mine.sort_values("value", ascending=False)
        best, second = ranked.iloc[0], ranked.iloc[1]
        first.append(best["model"] == "Zephyr 7B")
        words.append(f"{best['label']}: {best['model']} {best['value']}, then {second['model']} {second['value']}, of {len(ranked)}")
    verdict = "supported" if all(first) else "approximate" if any(first) else "corrected"
    return Check(verdict, "; ".join(words))


def mixtral_instruct() -> Check:
    """The works up to the year of the article that give MT-Bench scores of the two models."""
    rows = reported.all_scores()
    rows = rows[(rows["benchmark"] == "mt_bench") & (rows["verified"] > 0)]
    rows = rows[[tables.source(source)["year"] <= LAST_YEAR for source in rows["source"]]]
    scores = {name: rows[rows["model"] == name].set_index("source")["value"] for name in ("Mixtral 8x7B Instruct", "Llama 2 70B Chat")}
    mine, theirs = scores.values()
    both = set(mine.index) & set(theirs.index)
    verdict = "corrected" if both else "approximate" if len(mine) and len(theirs) else "supported"
    words = [f"{name} {scored.iloc[0]} ({tables.source(scored.index[0])['title']})" for name, scored in scores.items() if len(scored)]
    return Check(verdict, f"MT-Bench in works of {LAST_YEAR}: {'; '.join(words)}")


def alpaca_writer() -> Check:
    """The model that wrote Alpaca's examples."""
    alpaca = tables.load("small_models_facts")
    alpaca = alpaca[alpaca["work"] == "alpaca"].set_index("fact")
    writer, examples = alpaca.loc["generator", "text"], comparisons.fact(tables.load("small_models_facts"), "alpaca", "instructions")
    return Check("supported" if writer == "ChatGPT" else "corrected", f"{examples:,.0f} examples, written by {writer}")


CHECKS: dict[str, Callable[[], Check]] = {
    "qlora-65b-48gb": qlora_65b,
    "qlora-slower": qlora_slower,
    "qlora-parity": qlora_parity,
    "zephyr-best-7b": zephyr_best,
    "mixtral-instruct": mixtral_instruct,
    "alpaca-chatgpt": alpaca_writer,
}
"""The claims that are checked here, by id."""
