"""Figures of fine-tuning memory: by part, which devices hold it, the largest batch, what the paper prints, adapters by rank."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis import memory, memory_parts, tables
from analysis.figures import memory_nf4 as codes
from analysis.figures import style
from analysis.figures.panel import Citation, Panel, table_of
from analysis.transformer import count_params, shape_of_model
from analysis.units import format_bytes, format_count, significant

QLORA, LORA, ZERO = (
    Citation("dettmers2023", "sections 2 and 3"),
    Citation("hu2021", "section 4.1"),
    Citation("rajbhandari2019", "section 3.1"),
)
ACTIVATIONS = Citation("korthikanti2022", "sections 4 and 5")
METHOD_COLORS = {"full": style.CRIMSON, "lora": style.AMBER, "qlora": style.BLUE}
# Parts that are uncertain are hatched.
PART_LOOKS = {
    "weights": (style.BLUE, ""), "constants": (style.SLATE, ""), "adapters": (style.RED, ""), "master_weights": (style.GREY, ""),
    "gradients": (style.AMBER, ""), "optimiser_states": (style.CRIMSON, ""), "dequantised": (style.VIOLET, ""),
    "activations": (style.BLUE, "/"), "logits": (style.AMBER, "/"), "context": (style.GREY, "/"),
}  # fmt: skip
TARGETS = {
    "all": ("all linear layers", memory_parts.ALL_LINEAR),
    "attention": ("attention (q, k, v, o)", ("q", "k", "v", "o")),
    "qv": ("queries and values", ("q", "v")),
}
DEFAULTS: dict[str, Any] = {
    "rank": 64, "targets": memory_parts.ALL_LINEAR, "optimiser": "paged_adamw", "precision": "bf16", "batch": 1, "seq_len": 512,
    "checkpointing": True, "flash": True, "block_size": 64, "double_quantisation": True,
}  # fmt: skip
MODEL = "LLaMA-65B"


def parts(shape, model: str, methods: Sequence[str], options: Mapping, shares: bool = False) -> Panel:
    """Bytes by part of each method, stacked; hatched where uncertain. shares: every bar as long as the others, in shares of its total."""
    all_methods = {method: memory.finetuning_memory(shape, method, **options) for method in memory.METHODS}
    drawn = {method: all_methods[method] for method in memory.METHODS if method in methods}
    if not drawn:
        raise ValueError(f"methods must name at least one of {', '.join(memory.METHODS)}")
    labels = [memory.METHODS[method] for method in drawn]
    traces = []
    for part, label in memory.PARTS.items():
        values = np.array([float(result.parts[part]) / (float(result.total) if shares else 1e9) for result in drawn.values()])
        if values.any():
            color, hatch = PART_LOOKS[part]
            bar = style.bars(values, labels, label, color, horizontal=True)
            bar["hovertemplate"] = (
                f"%{{y}}, %{{fullData.name}}: %{{x:{'.1%' if shares else '.3~g'}}}{'' if shares else ' GB'}<extra></extra>"
            )
            traces.append(bar | {"marker": {"color": color, "pattern": {"shape": hatch, "size": 6, "solidity": 0.5}}})
    ends = {method: 1.0 if shares else float(result.total) / 1e9 for method, result in drawn.items()}
    kind, axis = ("percent", "Share of the total") if shares else ("number", "Memory (GB)")
    layout = style.layout(kind, "category", x_title=axis, height=400, x_range=(0, max(ends.values()) * 1.15), barmode="stack", bargap=0.35)
    layout["yaxis"] |= {"autorange": "reversed"}
    layout["legend"] |= {"traceorder": "normal", "maxheight": 0.4}
    layout["annotations"] = [
        style.note(ends[method], memory.METHODS[method], f"{significant(float(result.total) / 1e9)} GB", xanchor="left", xshift=4)
        for method, result in drawn.items()
    ]
    ways = {"full": "in full", "lora": "with LoRA", "qlora": "with QLoRA"}
    totals = [f"{format_bytes(float(result.total))} {ways[method]}" for method, result in drawn.items()]
    spans = "; ".join(
        f"{memory.METHODS[m]} {significant(float(r.low) / 1e9)} to {significant(float(r.high) / 1e9)}" for m, r in drawn.items()
    )
    trained = all_methods["qlora"].trained
    title = f"Fine-tuning {short(model)} takes {listed(totals)}, at {options['batch']} x {options['seq_len']:,} tokens"
    return Panel(
        name="memory.parts",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: table_of([
            {"model": model, "method": method, "part": list(memory.PARTS), "bytes": [float(v) for v in result.parts.values()],
             "total_low": float(result.low), "total_high": float(result.high),
             "status": ["uncertain" if part in memory.UNCERTAIN else "computed" for part in memory.PARTS]}
            for method, result in drawn.items()
        ]),
        caption=(
            f"One device, nothing split. Solid parts are counted; hatched ones are estimates, which makes the totals (GB): {spans}. "
            f"Adapters train {format_count(trained)} parameters, {significant(100 * trained / count_params(shape).total, 2)}% of the model. Fragments of the "
            "allocator and LoRA's dropout are left out."
        ),
        alt=f"Stacked bars of memory by part: {', '.join(totals)}.",
        sources=(QLORA, LORA, ZERO, ACTIVATIONS, Citation("dettmers2021"), Citation("dao2022")),
        settings=described(model, options),
        explain=(memory.finetuning_memory, memory_parts.activation_bytes, memory_parts.layer_activations, memory_parts.quantised_params),
    )  # fmt: skip


def breakdown(shape, options: Mapping) -> pd.DataFrame:
    """Bytes by part of the three methods as texts, one row per part that any of them has, and the total with its interval."""
    results = [memory.finetuning_memory(shape, method, **options) for method in memory.METHODS]
    rows = []
    for part, label in memory.PARTS.items():
        values = [float(result.parts[part]) for result in results]
        if any(values):
            rows.append((label, *(format_bytes(value) if value else "none" for value in values)))
    rows.append(("total", *(format_bytes(float(result.total)) for result in results)))
    rows.append(("interval (GB)", *(f"{significant(float(r.low) / 1e9)} to {significant(float(r.high) / 1e9)}" for r in results)))
    return pd.DataFrame(rows, columns=["part", *memory.METHODS.values()])


def fits(shape, model: str, gpus: pd.DataFrame, options: Mapping) -> Panel:
    """Memory of every device against what each method needs."""
    results = {method: memory.finetuning_memory(shape, method, **options) for method in memory.METHODS}
    gpus = gpus.sort_values(["memory_bytes", "year"], kind="stable")
    size = gpus["memory_bytes"].to_numpy()
    holds = {method: size >= float(result.total) for method, result in results.items()}
    paged = size >= float(results["qlora"].total - results["qlora"].pageable)
    verdict = np.select(
        [holds["full"], holds["lora"], holds["qlora"], paged],
        ["all three", "LoRA and QLoRA", "QLoRA", "QLoRA, optimiser paged out"], "none",
    )  # fmt: skip
    colors = {"all three": style.CRIMSON, "LoRA and QLoRA": style.AMBER, "QLoRA": style.BLUE,
              "QLoRA, optimiser paged out": style.SLATE, "none": style.GREY}  # fmt: skip
    traces = []
    ends = [gpus["label"].iloc[0], gpus["label"].iloc[-1]]
    for method, result in results.items():
        total = float(result.total) / 1e9
        traces.append(style.computed_line([total, total], ends, f"needed by {memory.METHODS[method]}", METHOD_COLORS[method]))
    for name, color in colors.items():
        rows = gpus[verdict == name]
        if len(rows):
            traces.append(style.reported_markers(
                rows["memory_bytes"] / 1e9, rows["label"], f"holds {name}", color, verified=rows["verified"], text=rows["label"]
            ))  # fmt: skip
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
    said = [f"{memory.METHODS[m]} ({format_bytes(float(results[m].total))}) on {counts[m] or 'none'}" for m in ("lora", "full")]
    first = f"QLoRA of {short(model)} ({format_bytes(float(results['qlora'].total))}) fits on {counts['qlora'] or 'none'} of {len(gpus)} devices"
    doubtful = int(((size >= float(results["qlora"].low)) & (size < float(results["qlora"].high))).sum())
    return Panel(
        name="memory.fits",
        title=f"{first}, {said[0]}, {said[1]}",
        figure=style.figure(traces, layout),
        data=lambda: table_of([
            {"series": gpus["label"], "bytes": size, "holds": verdict, "source": gpus["source"], "status": "reported"},
            {"series": [f"needed by {label}" for label in memory.METHODS.values()], "bytes": [float(r.total) for r in results.values()],
             "low": [float(r.low) for r in results.values()], "high": [float(r.high) for r in results.values()], "status": "computed"},
        ]),
        caption=(
            "Markers are the nominal memory of one device, lines what each way needs, shades behind them the interval"
            + (f"; {doubtful} of the devices {'lies' if doubtful == 1 else 'lie'} within that of QLoRA, so try before you buy" if doubtful else "")
            + ". A few percent of the nominal memory are not free in practice. Splitting a model over devices or moving weights to the host is not considered."
        ),
        alt=f"Memory of {len(gpus)} devices beside the need of each method; {counts['qlora']} hold QLoRA of {short(model)}.",
        sources=(*(Citation(source) for source in dict.fromkeys(gpus["source"])), QLORA, ACTIVATIONS),
        settings=described(model, options),
        explain=(memory.finetuning_memory,),
    )  # fmt: skip


SEQ_LENS = np.unique(np.geomspace(64, 2**17, 160).astype(int))


def largest(shape, model: str, gpu: Mapping, method: str, options: Mapping) -> Panel:
    """The largest batch against the length of its sequences, for each method, on one device."""
    fixed = {key: value for key, value in options.items() if key not in ("batch", "seq_len")}
    seq_len, capacity = int(options["seq_len"]), float(gpu["memory_bytes"])
    frontier = {m: memory.largest_batch(shape, capacity, SEQ_LENS, m, **fixed) for m in memory.METHODS}
    here = int(memory.largest_batch(shape, capacity, seq_len, method, **fixed))
    longest = memory.largest_seq_len(shape, capacity, 1, method, **fixed)
    high, low = (memory.largest_batch(shape, capacity, SEQ_LENS, method, end=end, **fixed) for end in ("low", "high"))
    traces = style.band(
        SEQ_LENS[high > 0], np.maximum(low, 0.5)[high > 0], high[high > 0], f"interval of {memory.METHODS[method]}", METHOD_COLORS[method]
    )
    for m, batches in frontier.items():
        shown = batches >= 1
        if shown.any():
            line = style.computed_line(SEQ_LENS[shown], batches[shown], memory.METHODS[m], METHOD_COLORS[m])
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
    name = memory.METHODS[method]
    limit = f"one sequence of {longest:,}" if here <= 1 else f"{here} sequences of {seq_len:,} tokens, or one of {longest:,}"
    title = f"With {name} of {short(model)}, one {gpu['label']} has room for {limit}" + (" tokens" if here <= 1 else "")
    if not longest:
        title = f"{name} of {short(model)} does not fit on one {gpu['label']} ({format_bytes(capacity)}), whatever the batch"
    return Panel(
        name="memory.largest",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: table_of([
            *({"series": memory.METHODS[m], "seq_len": SEQ_LENS, "largest_batch": b, "status": "computed"} for m, b in frontier.items()),
            {"series": f"interval of {name}", "seq_len": SEQ_LENS, "largest_batch_low": low, "largest_batch_high": high, "status": "uncertain"},
            {"series": [f"your sequences, {name}"], "seq_len": [seq_len], "largest_batch": [here], "status": ["what_if"]},
        ]),
        caption=(
            f"Below a line the batch fits into {format_bytes(capacity)}; a way without a line fits nowhere on it. Steps are whole sequences. "
            "Activations and logits decide here, the least certain parts: the shade spans programs that keep as much as the formula says and 1.7 times as much, with 4 to 14 bytes for each logit."
            + (f" The model itself was made for {shape.context_len:,} tokens." if shape.context_len and longest > shape.context_len else "")
        ),
        alt=f"Largest batch against sequence length on one {gpu['label']}; {name} holds {here} sequences of {seq_len} tokens.",
        sources=(*(Citation(source) for source in gpu["source"].split(";")), QLORA, ACTIVATIONS),
        settings=described(model, {key: value for key, value in options.items() if key != "batch"}) | {"device": gpu["label"]},
        explain=(memory.largest_batch, memory.largest_seq_len, memory_parts.activation_bytes),
    )  # fmt: skip


def reported(footprints: pd.DataFrame, shapes: Mapping) -> Panel:
    """What the QLoRA paper prints beside what is computed here."""
    rows = pd.DataFrame(memory.compare_reported(footprints.to_dict("records"), shapes)).sort_values("printed", ascending=False)
    rows["shown"] = [f"{row['label']} ({signed(row['error'])})" for row in rows.to_dict("records")]
    bounded = [
        " ".join(filter(None, (row["bound"], f"{row['value']:g} {row['unit']}", row["location"]))) for row in rows.to_dict("records")
    ]
    tuning = rows.dropna(subset=["tuning"])
    traces = [
        style.computed_ticks(rows["computed"] / 1e9, rows["shown"], "computed", style.BLUE),
        style.computed_ticks(tuning["tuning"] / 1e9, tuning["shown"], "computed, with training", style.GREY),
    ]
    for bound, (symbol, name) in {
        "": ("diamond", "printed"),
        "more than": ("triangle-right", "more than"),
        "less than": ("triangle-left", "less than"),
    }.items():
        some = rows["bound"].replace("about", "") == bound
        hover = [text for text, keep in zip(bounded, some, strict=True) if keep]
        traces.append(
            style.reported_markers(
                rows["printed"][some] / 1e9, rows["shown"][some], name, style.AMBER, symbol, rows["verified"][some] > 0, hover
            )
        )
    layout = style.layout("log_number", "category", x_title="Memory (GB)", height=500)
    layout["xaxis"] |= {"tickvals": [3, 10, 30, 100, 300, 1000], "ticktext": ["3", "10", "30", "100", "300", "1000"], "tickangle": 0}
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": rows["shown"].tolist()[::-1]}
    by_id = rows.set_index("id")
    tuned = memory.finetuning_memory(shapes[by_id.loc["qlora_33b_figure6", "model"]], "qlora")
    table6 = tuning[tuning["location"] == "Table 6"]
    low, high = -table6["error"].max(), -table6["error"].min()
    above = (table6["tuning"] / table6["printed"] - 1).agg(["min", "max"])
    return Panel(
        name="memory.reported",
        title=f"QLoRA's 33B run comes out at {format_bytes(by_id.loc['qlora_33b_figure6', 'computed'])} as printed; its 4-bit models, counted, are {low:.0%} to {high:.0%} smaller than printed",
        figure=style.figure(traces, layout),
        data=lambda: rows.drop(columns="shown").assign(status="reported"),
        caption=(
            "In brackets: computed against printed. 780 GB is 12 bytes a parameter: 16-bit weights and gradients and two 32-bit states, without a "
            f"32-bit copy (with it: {format_bytes(16 * count_params(shapes[MODEL]).total)}). Table 6 does not say what it counts: 16-bit rows are weights alone, 4-bit rows lie "
            f"between the stored model and its fine-tuning ({above['min']:.0%} to {above['max']:.0%} more). The 33B match is closer than its interval "
            f"({significant(tuned.low / 1e9)} to {significant(tuned.high / 1e9)} GB) can promise. 48 GB is a limit; no A100 has it, they have 40 or 80. *: the same model in Table 1."
        ),
        alt=f"Printed and computed footprints of {len(rows)} entries; the 4-bit models of Table 6 lie between stored model and whole fine-tune.",
        sources=(Citation("dettmers2023", "Abstract, sections 1 to 3, Tables 1 and 6, Figure 6"), ZERO, ACTIVATIONS),
        settings={"fine-tuning": "batch 1 of 512 tokens, rank 64 on all linear layers, checkpointing", "blocks": "64, double quantisation"},
        explain=(memory.compare_reported, memory.finetuning_memory),
    )


def rank(shape, model: str, targets: Sequence[str], here: int) -> Panel:
    """Trained parameters of adapters against their rank, by target matrices."""
    axis = 2 ** np.arange(0, 11)
    total = count_params(shape).total
    traces, lines = [], {}
    for (label, names), color in zip(TARGETS.values(), (style.BLUE, style.AMBER, style.CRIMSON), strict=True):
        lines[label] = np.array([memory_parts.adapter_params(shape, int(r), names) for r in axis], dtype=float)
        traces.append(style.computed_line(axis, lines[label], label, color))
    trained = memory_parts.adapter_params(shape, here, targets)
    traces.append(style.what_if_marker([here], [trained], "your adapters", style.VIOLET))
    layout = style.layout("log_number", "params", x_title="Rank", y_title="Trained parameters", x_range=(0.9, 1150))
    layout["xaxis"] |= {"tickvals": [1, 4, 16, 64, 256, 1024], "ticktext": ["1", "4", "16", "64", "256", "1024"]}
    chosen = next((label for label, names in TARGETS.values() if tuple(names) == tuple(targets)), ", ".join(targets))
    share = significant(100 * trained / total, 2)
    return Panel(
        name="memory.rank",
        title=f"Rank {here} on {chosen} trains {format_count(trained)} parameters, {share}% of {short(model)}",
        figure=style.figure(traces, layout),
        data=lambda: table_of([
            *({"series": label, "rank": axis, "trained_params": values, "status": "computed"} for label, values in lines.items()),
            {"series": ["your adapters"], "rank": [here], "trained_params": [float(trained)], "status": ["what_if"]},
        ]),
        caption=(
            f"A rank adds its multiple of input and output width to each matrix. With 16-bit adapters and gradients and AdamW these take {format_bytes(12.0 * trained)} to train, "
            f"against {format_bytes(12.0 * total)} for all parameters. Queries, keys and values count as separate matrices."
        ),
        alt=f"Trained parameters rise in proportion to rank; rank {here} on {chosen} trains {format_count(trained)}.",
        sources=(LORA, QLORA),
        settings={"model": model, "rank": str(here), "targets": ", ".join(targets)},
        explain=(memory_parts.adapter_params,),
    )  # fmt: skip


def described(model: str, options: Mapping) -> dict[str, str]:
    """The options of `finetuning_memory` as a reader sees them."""
    told = {"model": model}
    if "batch" in options:
        told["batch"] = f"{options['batch']} of {options['seq_len']} tokens"
    elif "seq_len" in options:
        told["sequence"] = f"{options['seq_len']} tokens"
    return told | {
        "adapters": f"rank {options['rank']} on {', '.join(options['targets'])}",
        "optimiser": memory.OPTIMISERS[options["optimiser"]].label,
        "precision": memory.PRECISIONS[options["precision"]],
        "activations": f"{'with' if options['checkpointing'] else 'no'} checkpointing, {'flash' if options['flash'] else 'plain'} attention",
        "blocks": f"{options['block_size']}, {'double' if options['double_quantisation'] else 'single'} quantisation",
    }


def short(model: str) -> str:
    """A model's name, cut where it would fill a title."""
    return model if len(model) <= 32 else model[:31] + "…"


def listed(words: Sequence[str]) -> str:
    """Words joined as in a sentence.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def signed(share: float) -> str:
    """A relative error in percent with its sign.

    >>> signed(-0.156), signed(0.004)
    ('−16%', '+0.4%')
    """
    percent = 100 * abs(share)
    return f"{'−' if share < 0 else '+'}{percent:.1f}%" if percent < 9.95 else f"{'−' if share < 0 else '+'}{percent:.0f}%"


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


def reported_shapes(footprints: pd.DataFrame) -> dict:
    """The shapes of the models that the table `memory_reported` names."""
    models = tables.load("models")
    return {name: shape_of_model(name, models) for name in dict.fromkeys(footprints["model"]) if name}


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of the memory page at its default settings."""

    def model():
        return shape_of_model(MODEL, tables.load("models"))

    def draw_reported():
        footprints = tables.load("memory_reported")
        return reported(footprints, reported_shapes(footprints))

    def draw_largest():
        gpu = tables.load("gpus").set_index("id", drop=False).loc["l40s"].to_dict()
        return largest(model(), MODEL, gpu, "qlora", DEFAULTS)

    return {
        "memory.parts": lambda: parts(model(), MODEL, list(memory.METHODS), DEFAULTS),
        "memory.fits": lambda: fits(model(), MODEL, tables.load("gpus"), DEFAULTS),
        "memory.largest": draw_largest,
        "memory.reported": draw_reported,
        "memory.what_is_quantised": lambda: codes.what_is_quantised(model(), MODEL, DEFAULTS),
        "memory.rank": lambda: rank(model(), MODEL, DEFAULTS["targets"], DEFAULTS["rank"]),
        "memory.codebook": lambda: codes.codebook(64),
        "memory.error": lambda: codes.error(64),
        "memory.bits": lambda: codes.bits(tables.load("memory_reported"), 64, 256),
    }
