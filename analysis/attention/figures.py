"""Figures on attention: its cache, what a window sees, its reach, and the rolling buffer."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis import tables
from analysis.attention import data, figures_ablation, figures_latency, variants
from analysis.attention import window as attention_window
from analysis.attention.data import reported
from analysis.attention.figures_latency import COLORS, CONTEXTS
from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.transformer import Attention, TransformerShape, count_params, kv_cache_bytes, shape_of_model
from analysis.units import format_bytes, significant
from analysis.uploads import clip

SHOWN_GPUS = ("rtx_4090", "a100_80gb", "mi300x")
CELLS = 40
FAR = 2**20
GB = 1e9
WINDOWS = Citation("jiang2023", "Section 2")
GROUPS = Citation("ainslie2023", "grouped-query attention")
LATENTS = Citation("deepseek2024v2", "Table 1")


def kind_of(own: Attention) -> str:
    """The kind of an attention in words.

    >>> kind_of(Attention(32, 8, 128, 128, window=4096))
    'grouped-query attention, 8 of 32 heads, window of 4,096'
    """
    if own.latent:
        kind = f"latent attention, {own.latent.kv_rank} + {own.latent.rope_dim} values per token and layer"
    elif own.n_kv_heads == own.n_heads:
        kind = f"multi-head attention, {own.n_heads} heads"
    else:
        kind = f"{'multi' if own.n_kv_heads == 1 else 'grouped'}-query attention, {own.n_kv_heads} of {own.n_heads} heads"
    return kind + (f", {'chunks' if own.chunked else 'window'} of {own.window:,}" if own.window else "")


def described(name: str, shape: TransformerShape) -> str:
    """One line on the attention of a model.

    >>> from analysis.transformer import transformer_shape
    >>> described("Tiny", transformer_shape(n_layers=2, d_model=8, n_heads=4, d_ff=16, vocab_size=9))
    'Tiny: 2 layers, multi-head attention, 4 heads.'
    """
    mixers = {layer.mixer for layer in shape.layers}
    if shape.attention is None:
        return f"{name}: {shape.n_layers} layers, none with attention."
    rest = "; layers differ, this is the first that attends" if len(mixers) > 1 else ""
    return f"{name}: {shape.n_layers} layers, {kind_of(shape.attention)}{rest}."


def cache(
    name: str,
    shape: TransformerShape,
    n_kv_heads: int,
    window: int,
    context_len: int,
    batch: int,
    bits: int,
    gpus: pd.DataFrame,
    settings: Mapping[str, str],
    total_params: int | None = None,
) -> Panel:
    """Bytes of cached keys and values against the context for the model and for other kinds of attention in it."""
    shapes = {"own": shape} | variants.variants(shape, n_kv_heads, window)
    labels = {
        "own": "as built",
        "mha": "multi-head",
        "gqa": f"grouped-query, {n_kv_heads} heads",
        "mqa": "multi-query",
        "mla": "latent (MLA)",
        "window": f"window of {window:,}",
    }
    axis = np.unique(np.append(np.geomspace(*CONTEXTS, 41).round().astype(int), context_len))
    size = {kind: np.asarray(kv_cache_bytes(model, axis, batch, bits / 8), float) for kind, model in shapes.items()}
    here = {kind: float(kv_cache_bytes(model, context_len, batch, bits / 8)) for kind, model in shapes.items()}
    open_ended = float(
        kv_cache_bytes(variants.with_attention(shape, lambda a: variants.with_window(a, None)), context_len, batch, bits / 8)
    )
    traces = [style.what_if_line(axis, size[kind] / GB, labels[kind], COLORS[kind], width=1.8) for kind in shapes if kind != "own"]
    traces.append(style.computed_line(axis, size["own"] / GB, f"{clip(name, style.LONGEST_NAME)} as built", COLORS["own"], width=3.5))
    weights = 2 * (total_params or count_params(shape).total)
    traces.append(style.computed_line(CONTEXTS, [weights / GB] * 2, "its weights in 16 bits", style.GREY, width=1.5))
    traces[-1]["line"]["dash"] = "dot"
    low = min(values[0] for values in size.values()) / GB / 1.5
    high = max(size["mha"][-1] / GB, 300) * 1.5
    known = gpus.set_index("id", drop=False).loc[list(SHOWN_GPUS)]
    layout = style.layout(
        "tokens",
        "log_number",
        x_title="Context (tokens)",
        y_title="Keys and values (GB)",
        x_range=CONTEXTS,
        y_range=(low, high),
        height=480,
        shapes=[style.vertical_line(context_len, style.AMBER), *(style.horizontal_line(m / GB) for m in known["memory_bytes"])],
        annotations=[
            style.note(
                np.log10(CONTEXTS[0]),
                np.log10(row["memory_bytes"] / GB),
                f"{row['memory_bytes'] / GB:.0f} GB: {row['label']}",
                xanchor="left",
                yanchor="bottom",
                xshift=4,
            )
            for row in known.to_dict("records")
        ],
    )
    layout["yaxis"]["exponentformat"] = "none"
    return Panel(
        name="attention.cache",
        title=_cache_title(clip(name, style.LONGEST_NAME), variants.own_attention(shape), here, open_ended, n_kv_heads, context_len, batch),
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                *(
                    {
                        "series": labels[kind],
                        "context_len": axis,
                        "kv_cache_bytes": size[kind],
                        "status": "computed" if kind == "own" else "what_if",
                    }
                    for kind in shapes
                ),
                {"series": "weights in 16 bits", "kv_cache_bytes": [weights], "status": "computed"},
                {"series": known["label"], "memory_bytes": known["memory_bytes"], "source": known["source"], "status": "reported"},
            ]
        ),
        caption=(
            f"Solid: the model as it is built ({kind_of(variants.own_attention(shape))}). Dashed: the same model with another attention in every layer, "
            "without a window unless named; MLA with the widths of DeepSeek-V2. Grey lines are the whole memory of a device, which weights and cache share. Programs that hand out the cache in "
            "pages hold somewhat more."
        ),
        alt=f"Cache of {clip(name, style.LONGEST_NAME)} against context length: {format_bytes(here['own'])} at {context_len:,} tokens, {format_bytes(here['mha'])} with multi-head attention.",
        sources=(WINDOWS, GROUPS, LATENTS, *(Citation(source) for source in dict.fromkeys(known["source"]))),
        settings=settings,
        explain=(kv_cache_bytes, variants.variants, variants.with_latent),
    )


def _cache_title(
    name: str, own: Attention, here: Mapping[str, float], open_ended: float, n_kv_heads: int, context_len: int, batch: int
) -> str:
    size, mha = format_bytes(here["own"]), format_bytes(here["mha"])
    where = f"At {context_len:,} tokens" if batch == 1 else f"With {batch} sequences of {context_len:,} tokens"
    if open_ended > here["own"]:
        return f"{where} {name} caches {size}: {format_bytes(open_ended)} without its window, {mha} with multi-head attention"
    if here["mha"] > here["own"]:
        return f"{where} {name} caches {size}, 1/{significant(here['mha'] / here['own'])} of the {mha} that multi-head attention takes"
    return f"{where} {name} caches {size}; {n_kv_heads} key-value heads instead of {own.n_heads} make it {format_bytes(here['gqa'])}"


def mask(window: int, position: int, settings: Mapping[str, str]) -> Panel:
    """The mask of a sliding window, drawn in blocks, with the row of one position."""
    scale = max(1, -(-int(position * 1.12) // CELLS))
    ends = np.arange(1, CELLS + 1) * scale
    row = (position - 1) // scale
    queries = ends.copy()
    queries[row] = position
    first, last = attention_window.seen(queries, window)
    share = np.clip(np.minimum(last[:, None], ends) - np.maximum(first[:, None], ends - scale + 1) + 1, 0, None) / scale
    chosen = np.full(share.shape, np.nan)
    chosen[row] = share[row]
    centres = ends - (scale - 1) / 2
    heat = {
        "type": "heatmap",
        "x": centres,
        "y": centres,
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
        "hovertemplate": "block at %{y:,.0f} looks at block at %{x:,.0f}: %{z:.0%} of it<extra></extra>",
        "meta": {"role": "computed"},
    }
    traces = [
        heat | {"z": share, "name": "seen", "colorscale": [[0, style.translucent(style.GREY, 0.12)], [1, style.BLUE]]},
        heat | {"z": chosen, "name": "your position", "colorscale": [[0, style.translucent(style.AMBER, 0.22)], [1, style.AMBER]]},
    ]
    layout = style.layout("number", "number", x_title="Position that is seen", y_title="Position that looks", height=460, showlegend=False)
    edge = CELLS * scale + 0.5
    layout["xaxis"] |= {"range": [0.5, edge], "tickformat": ",", "showgrid": False}
    layout["yaxis"] |= {"range": [edge, 0.5], "tickformat": ",", "showgrid": False}
    layout["margin"] = layout["margin"] | {"t": 16, "l": 72}
    start, end = attention_window.seen(position, window)
    count = end - start + 1
    printed = reported().loc["first_seen_at_50000"]
    remark = ""
    if (window, position) == (4096, 50_000):
        remark = f" The article starts this range at {printed['value']:,.0f}, which would be {end - int(printed['value']) + 1:,} positions."
    return Panel(
        name="attention.mask",
        title=f"With a window of {window:,} the token at position {position:,} sees {start:,} to {end:,}, {count / position:.1%} of all up to there"
        if count < position
        else f"A window of {window:,} cuts nothing yet at position {position:,}: the token sees 1 to {end:,}",
        figure=style.figure(traces, layout),
        data=lambda: pd.DataFrame(
            {
                "position": queries,
                "first_seen": first,
                "last_seen": last,
                "n_seen": last - first + 1,
                "status": ["what_if" if index == row else "computed" for index in range(CELLS)],
            }
        ),
        caption=(
            f"Each cell stands for {scale:,} by {scale:,} positions; it is as dark as the share of the block that the last token of its row sees, and the amber row is "
            f"your position. Positions count from 1, and the window holds the token itself.{remark}"
        ),
        alt=f"Mask of a sliding window of {window:,} tokens: position {position:,} sees positions {start:,} to {end:,}.",
        sources=(WINDOWS, Citation("raschka2023", printed["location"])),
        settings=settings,
        explain=(attention_window.seen, attention_window.mask),
    )


def reach(name: str, shape: TransformerShape, window: int, settings: Mapping[str, str]) -> Panel:
    """How far back a token can be influenced after each layer: as built, and with a window in every layer."""
    variants.own_attention(shape)
    own = attention_window.reach(shape, FAR)
    changed = attention_window.reach(variants.with_attention(shape, lambda a: variants.with_window(a, window)), FAR)
    depth = np.arange(1, len(own) + 1)
    traces = [
        style.what_if_line(depth, changed, f"window of {window:,} in every layer", style.AMBER),
        style.computed_line(depth, own, f"{clip(name, style.LONGEST_NAME)} as built", style.BLUE),
    ]
    parts = [
        {"series": "as built", "layer": depth, "reach": own, "status": "computed"},
        {"series": f"window of {window:,}", "layer": depth, "reach": changed, "status": "what_if"},
    ]
    printed = reported().loc["attention_span"]
    ours = name == printed["model"]
    if ours:
        traces.append(
            style.reported_markers([len(own)], [printed["value"]], "printed in the paper", style.RED, verified=bool(printed["verified"]))
        )
        parts.append(
            {"series": "printed", "layer": [len(own)], "reach": [printed["value"]], "source": printed["source"], "status": "reported"}
        )
    whole = np.flatnonzero(own == FAR)
    w = shape.attention.window
    if len(whole):
        title = f"{clip(name, style.LONGEST_NAME)} sees everything from layer {whole[0] + 1} on; a window of {window:,} in all {len(own)} layers would reach {changed[-1]:,} tokens"
    else:
        title = f"{len(own)} layers with a window of {w:,} reach {own[-1]:,} tokens in {clip(name, style.LONGEST_NAME)}" + (
            f"; the paper's {len(own)} x {w:,} is {printed['value']:,.0f}" if ours else ""
        )
    layout = style.layout(
        "number",
        "tokens",
        x_title="Layers passed",
        y_title="Positions that can have an influence",
        x_range=(0, len(own) + 1),
        y_range=(min(own[0], changed[0]) / 2, max(own[-1], changed[-1]) * 1.6),
    )
    return Panel(
        name="attention.reach",
        title=title,
        figure=style.figure(traces, layout),
        data=lambda: table_of(parts),
        caption=(
            f"Each layer hands on what its window covers, so the reach adds up; {FAR:,} tokens stand for everything. This is a bound in "
            "theory: it says what can get through, not what does. The token itself is part of each window, so k layers reach k (W - 1) + 1."
        ),
        alt=f"Reach over layers: {clip(name, style.LONGEST_NAME)} as built ends at {own[-1]:,} positions, a window of {window:,} in every layer at {changed[-1]:,}.",
        sources=(WINDOWS,),
        settings=settings,
        explain=(attention_window.reach,),
    )


def rolling(window: int, n_tokens: int, settings: Mapping[str, str]) -> Panel:
    """The rolling buffer, token after token: which position each place holds."""
    held = np.array([attention_window.buffer(step, window) for step in range(1, n_tokens + 1)])
    steps, places = np.arange(1, n_tokens + 1), np.arange(1, window + 1)
    age = np.where(held > 0, 1 - (steps[:, None] - held) / window, np.nan)
    trace = {
        "type": "heatmap",
        "x": places,
        "y": steps,
        "z": age,
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hoverongaps": False,
        "text": [[str(p) if p else "" for p in line] for line in held],
        "texttemplate": "%{text}",
        "textfont": {"color": "#FFFFFF", "size": 12},
        "colorscale": [[0, "#5A6072"], [1, "#0063B1"]],
        "name": "position held",
        "meta": {"role": "computed"},
        "hovertemplate": "after %{y} tokens place %{x} holds position %{text}<extra></extra>",
    }
    layout = style.layout(
        "number", "number", x_title="Place in the buffer", y_title="Tokens so far", height=max(280, 20 * n_tokens + 90), showlegend=False
    )
    layout["xaxis"] |= {"dtick": 1, "showgrid": False, "range": [0.5, window + 0.5]}
    layout["yaxis"] |= {"dtick": 1 if n_tokens <= 16 else 4, "showgrid": False, "range": [n_tokens + 0.5, 0.5]}
    layout["margin"] = layout["margin"] | {"t": 16}
    place, replaced = attention_window.slot(n_tokens, window), n_tokens - window
    now = f"token {n_tokens} replaced {replaced} in place {place}" if replaced > 0 else f"{max(-replaced, 0)} places are still free"
    printed = reported().loc["rolling_cache_saving"]
    return Panel(
        name="attention.buffer",
        title=f"After {n_tokens} tokens a buffer of {window} places holds positions {max(1, replaced + 1)} to {n_tokens}; {now}",
        figure=style.figure([trace], layout),
        data=lambda: pd.DataFrame(
            {"tokens": np.repeat(steps, window), "place": np.tile(places, n_tokens), "position": held.ravel(), "status": "computed"}
        ).query("position > 0"),
        caption=(
            "One row per token; each cell names the position whose keys and values the place holds, bluest where it was written last. A window never needs "
            f"more places than it is long: in Mistral 7B the 50,000th token goes to place {attention_window.slot(50_000, 4096)} of 4,096, and at 32,768 tokens the cache is "
            f"1/{32_768 // 4096} of what it would be without a window, the {printed['value']:.0f} times that the paper prints."
        ),
        alt=f"A rolling buffer of {window} places over {n_tokens} tokens holds positions {max(1, replaced + 1)} to {n_tokens} at the end.",
        sources=(WINDOWS,),
        settings=settings,
        explain=(attention_window.slot, attention_window.buffer),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of the attention page at its default settings."""
    name, gpus = "Mistral 7B", tables.load("gpus")

    def shape() -> TransformerShape:
        return shape_of_model(name, tables.load("models"))

    settings = {"model": name}
    return {
        "attention.cache": lambda: cache(
            name, shape(), 8, 4096, 32_768, 1, 16, gpus, settings | {"context": "32,768 tokens", "values": "16 bit"}
        ),
        "attention.mask": lambda: mask(4096, 50_000, {"window": "4,096", "position": "50,000"}),
        "attention.reach": lambda: reach(name, shape(), 1024, settings),
        "attention.buffer": lambda: rolling(5, 12, {"places": "5", "tokens": "12"}),
        "attention.ablation": lambda: figures_ablation.ablation("difference", {"shown": "difference to multi-head attention"}),
        "attention.prefill": lambda: figures_latency.prefill(
            name, shape(), 32_768, data.device(gpus, "a100_80gb", 1), 0.5, settings | {"prompt": "32,768 tokens"}
        ),
        "attention.roofline": lambda: figures_latency.roofline(
            name,
            shape(),
            count_params(shape()),
            8,
            8192,
            data.device(gpus, "a100_80gb", 1),
            16,
            16,
            settings | {"context": "8,192 tokens"},
        ),
    }
