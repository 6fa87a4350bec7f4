"""Figures of the devices that hold a fine-tuning run, and of the largest batch on one of them."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.memory import finetuning, parts
from analysis.memory.figures_settings import ACTIVATIONS, METHOD_COLORS, QLORA, described
from analysis.units import format_bytes
from analysis.uploads import clip

SEQ_LENS = np.unique(np.geomspace(64, 2**17, 160).astype(int))


def fits(shape, model: str, gpus: pd.DataFrame, options: Mapping) -> Panel:
    """Memory of every device against what each method needs."""
    results = {method: finetuning.finetuning_memory(shape, method, **options) for method in finetuning.METHODS}
    gpus = gpus.sort_values(["memory_bytes", "year"], kind="stable")
    size = gpus["memory_bytes"].to_numpy()
    holds = {method: size >= float(result.total) for method, result in results.items()}
    paged = size >= float(results["qlora"].total - results["qlora"].pageable)
    verdict = np.select(
        [holds["full"], holds["lora"], holds["qlora"], paged],
        ["all three", "LoRA and QLoRA", "QLoRA", "QLoRA, optimiser paged out"],
        "none",
    )
    colors = {
        "all three": style.CRIMSON,
        "LoRA and QLoRA": style.AMBER,
        "QLoRA": style.BLUE,
        "QLoRA, optimiser paged out": style.SLATE,
        "none": style.GREY,
    }
    traces = []
    ends = [gpus["label"].iloc[0], gpus["label"].iloc[-1]]
    for method, result in results.items():
        total = float(result.total) / 1e9
        traces.append(style.computed_line([total, total], ends, f"needed by {finetuning.METHODS[method]}", METHOD_COLORS[method]))
    for name, color in colors.items():
        rows = gpus[verdict == name]
        if len(rows):
            traces.append(
                style.reported_markers(
                    rows["memory_bytes"] / 1e9, rows["label"], f"holds {name}", color, verified=rows["verified"], text=rows["label"]
                )
            )
    high = max(float(size.max()), *(float(result.high) for result in results.values())) / 1e9
    layout = style.layout(
        "log_number", "category", x_title="Memory (GB)", height=560, x_range=(min(10, float(results["qlora"].low) / 1.2e9), high * 1.3)
    )
    layout["xaxis"] |= {
        "tickvals": [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
        "ticktext": ["1", "2", "5", "10", "20", "50", "100", "200", "500", "1000", "2000", "5000"],
    }
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": gpus["label"].tolist()}
    layout["legend"]["maxheight"] = 0.4
    layout["shapes"] = [
        span(float(result.low) / 1e9, float(result.high) / 1e9, METHOD_COLORS[method]) for method, result in results.items()
    ]
    counts = {method: int(flags.sum()) for method, flags in holds.items()}
    said = [f"{finetuning.METHODS[m]} ({format_bytes(float(results[m].total))}) on {counts[m] or 'none'}" for m in ("lora", "full")]
    first = f"QLoRA of {clip(model, style.LONGEST_NAME)} ({format_bytes(float(results['qlora'].total))}) fits on {counts['qlora'] or 'none'} of {len(gpus)} devices"
    doubtful = int(((size >= float(results["qlora"].low)) & (size < float(results["qlora"].high))).sum())
    return Panel(
        name="memory.fits",
        title=f"{first}, {said[0]}, {said[1]}",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {"series": gpus["label"], "bytes": size, "holds": verdict, "source": gpus["source"], "status": "reported"},
                {
                    "series": [f"needed by {label}" for label in finetuning.METHODS.values()],
                    "bytes": [float(r.total) for r in results.values()],
                    "low": [float(r.low) for r in results.values()],
                    "high": [float(r.high) for r in results.values()],
                    "status": "computed",
                },
            ]
        ),
        caption=(
            "Markers are the nominal memory of one device, lines what each way needs, shades behind them the interval"
            + (
                f"; {doubtful} of the devices {'lies' if doubtful == 1 else 'lie'} within that of QLoRA, so try before you buy"
                if doubtful
                else ""
            )
            + ". A few percent of the nominal memory are not free in practice. Splitting a model over devices or moving weights to the host is not considered."
        ),
        alt=f"Memory of {len(gpus)} devices beside the need of each method; {counts['qlora']} hold QLoRA of {clip(model, style.LONGEST_NAME)}.",
        sources=(*(Citation(source) for source in dict.fromkeys(gpus["source"])), QLORA, ACTIVATIONS),
        settings=described(model, options),
        explain=(finetuning.finetuning_memory,),
    )


def largest(shape, model: str, gpu: Mapping, method: str, options: Mapping) -> Panel:
    """The largest batch against the length of its sequences, for each method, on one device."""
    fixed = {key: value for key, value in options.items() if key not in ("batch", "seq_len")}
    seq_len, capacity = int(options["seq_len"]), float(gpu["memory_bytes"])
    frontier = {m: finetuning.largest_batch(shape, capacity, SEQ_LENS, m, **fixed) for m in finetuning.METHODS}
    here = int(finetuning.largest_batch(shape, capacity, seq_len, method, **fixed))
    longest = finetuning.largest_seq_len(shape, capacity, 1, method, **fixed)
    high, low = (finetuning.largest_batch(shape, capacity, SEQ_LENS, method, end=end, **fixed) for end in ("low", "high"))
    traces = style.band(
        SEQ_LENS[high > 0],
        np.maximum(low, 0.5)[high > 0],
        high[high > 0],
        f"interval of {finetuning.METHODS[method]}",
        METHOD_COLORS[method],
    )
    for m, batches in frontier.items():
        shown = batches >= 1
        if shown.any():
            line = style.computed_line(SEQ_LENS[shown], batches[shown], finetuning.METHODS[m], METHOD_COLORS[m])
            traces.append(line | {"line": line["line"] | {"shape": "vh"}})
    traces.append(style.what_if_marker([seq_len] if here else [], [here] if here else [], "your sequences", style.VIOLET))
    for edge in traces[:2]:
        edge["line"] = edge["line"] | {"shape": "vh"}
    top = max(1, here, int(high.max()), *(int(batches.max()) for batches in frontier.values()))
    end = max([2 * seq_len, 2048, *(int(SEQ_LENS[batches >= 1].max()) for batches in (high, *frontier.values()) if batches.any())])
    layout = style.layout(
        "log_number",
        "log_number",
        x_title="Tokens in a sequence",
        y_title="Sequences in a batch",
        x_range=(60, end * 1.2),
        y_range=(0.8, top * 1.6),
    )
    ticks = [digit * 10**power for power in range(5) for digit in (1, 2, 5)]
    layout["yaxis"] |= {"tickvals": ticks, "ticktext": [f"{tick:,}" for tick in ticks]}
    layout["xaxis"] |= {"tickvals": [64, 256, 1024, 4096, 16384, 65536], "ticktext": ["64", "256", "1,024", "4,096", "16,384", "65,536"]}
    if not any(len(batches[batches >= 1]) for batches in frontier.values()):
        layout["annotations"] = [style.note(0.5, 0.5, "No batch fits on one device", xref="x domain", yref="y domain")]
    name = finetuning.METHODS[method]
    limit = f"one sequence of {longest:,}" if here <= 1 else f"{here} sequences of {seq_len:,} tokens, or one of {longest:,}"
    title = f"With {name} of {clip(model, style.LONGEST_NAME)}, one {gpu['label']} has room for {limit}" + (" tokens" if here <= 1 else "")
    if not longest:
        title = (
            f"{name} of {clip(model, style.LONGEST_NAME)} does not fit on one {gpu['label']} ({format_bytes(capacity)}), whatever the batch"
        )
    return Panel(
        name="memory.largest",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                *(
                    {"series": finetuning.METHODS[m], "seq_len": SEQ_LENS, "largest_batch": b, "status": "computed"}
                    for m, b in frontier.items()
                ),
                {
                    "series": f"interval of {name}",
                    "seq_len": SEQ_LENS,
                    "largest_batch_low": low,
                    "largest_batch_high": high,
                    "status": "uncertain",
                },
                {"series": [f"your sequences, {name}"], "seq_len": [seq_len], "largest_batch": [here], "status": ["what_if"]},
            ]
        ),
        caption=(
            f"Below a line the batch fits into {format_bytes(capacity)}; a way without a line fits nowhere on it. Steps are whole sequences. "
            "Activations and logits decide here, the least certain parts: the shade spans programs that keep as much as the formula says and 1.7 times as much, with 4 to 14 bytes for each logit."
            + (f" The model itself was made for {shape.context_len:,} tokens." if shape.context_len and longest > shape.context_len else "")
        ),
        alt=f"Largest batch against sequence length on one {gpu['label']}; {name} holds {here} sequences of {seq_len} tokens.",
        sources=(*(Citation(source) for source in gpu["source"].split(";")), QLORA, ACTIVATIONS),
        settings=described(model, {key: value for key, value in options.items() if key != "batch"}) | {"device": gpu["label"]},
        explain=(finetuning.largest_batch, finetuning.largest_seq_len, parts.activation_bytes),
    )


def span(low: float, high: float, color: str) -> dict:
    """A shape: an interval over the whole height, in the units of the data."""
    return {
        "type": "rect",
        "x0": low,
        "x1": high,
        "y0": 0,
        "y1": 1,
        "yref": "y domain",
        "fillcolor": style.translucent(color),
        "line": {"width": 0},
        "layer": "below",
    }
