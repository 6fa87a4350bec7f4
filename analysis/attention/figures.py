"""Figures on attention: its cache, what a window sees, its reach, and the rolling buffer."""

from typing import Any

import numpy as np

from analysis import gpus
from analysis.attention import variants
from analysis.attention import window as attention_window
from analysis.attention.data import reported
from analysis.attention.figures_latency import COLORS, CONTEXTS, groups_of
from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.names import at_end
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Quantity
from analysis.charts.shared_parameters import BATCH_SIZE, CONTEXT_LEN, KV_BITS, MEMORY_UNIT, MODEL, WINDOW
from analysis.transformer import Attention, TransformerShape, kv_cache_bytes
from analysis.transformer.model import Model
from analysis.units import MEMORY_UNITS, counted, significant
from analysis.uploads import clip

SHOWN_GPUS = ("rtx_4090", "a100_80gb", "mi300x")
POSITIONS = 61
FAR = 2**20
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


class Cache(Figure):
    """Bytes of cached keys and values against the context, for the model and for other kinds of attention in it."""

    name = "attention.cache"
    model: Model = MODEL("mistral-7b")
    n_kv_heads: int = groups_of()
    kv_bits: int = KV_BITS(16)
    context_len: int = CONTEXT_LEN(32_768)
    batch_size: int = BATCH_SIZE(1)
    window: int = WINDOW(4_096, low=128)
    memory_unit: str = MEMORY_UNIT("gb")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        unit = MEMORY_UNITS[self.memory_unit]
        name, shape, bits, at = clip(self.model.name, style.LONGEST_NAME), self.model.shape, self.kv_bits / 8, self.context_len
        own = variants.own_attention(shape)
        shapes = {"own": shape} | variants.variants(shape, self.n_kv_heads, self.window)
        labels = {
            "own": "as built",
            "mha": "multi-head",
            "gqa": f"grouped-query, {self.n_kv_heads} heads",
            "mqa": "multi-query",
            "mla": "latent (MLA)",
            "window": f"window of {self.window:,}",
        }
        axis = np.unique(np.append(np.geomspace(*CONTEXTS, 41).round().astype(int), at))
        parts: dict[str, Part] = {
            kind: {
                "series": labels[kind],
                "context_len": axis,
                "kv_cache_bytes": np.asarray(kv_cache_bytes(model, axis, self.batch_size, bits), float),
                "drawn_in": unit.name,
                "status": "computed" if kind == "own" else "what_if",
            }
            for kind, model in shapes.items()
        }
        here = {kind: float(kv_cache_bytes(model, at, self.batch_size, bits)) for kind, model in shapes.items()}
        endless = variants.with_attention(shape, lambda a: variants.with_window(a, None))
        stored = self.model.weight_bits
        weights = stored / 8 * self.model.counts.total
        weight_part = {
            "series": f"model weights ({stored} bit)",
            "context_len": CONTEXTS,
            "kv_cache_bytes": [weights] * 2,
            "status": "computed",
        }
        cached: dict[str, Any] = {"x": "context_len", "y": "kv_cache_bytes", "per_y": unit.size}
        traces = [at_end(marks.line(parts[kind], color=COLORS[kind], width=1.8, **cached)) for kind in shapes if kind != "own"]
        traces.append(at_end(marks.line(parts["own"], color=COLORS["own"], name=f"{name} as built", width=3.5, **cached), "as built"))
        dots = marks.line(weight_part, color=style.GREY, name=f"model weights ({stored} bit)", width=1.5, dash="dot", **cached)
        traces.append(at_end(dots, f"weights, {stored} bits"))
        devices = [gpus.gpu(key) for key in SHOWN_GPUS]
        memory: Part = {
            "series": [gpu.label for gpu in devices],
            "memory_bytes": [gpu.memory_bytes for gpu in devices],
            "source": [gpu.source for gpu in devices],
            "status": "reported",
        }
        low = min(part["kv_cache_bytes"][0] for part in parts.values()) / unit.size / 1.5
        high = max(parts["mha"]["kv_cache_bytes"][-1] / unit.size, 300) * 1.5
        layout = style.layout(
            "tokens",
            "log_number",
            x_title="Context length (tokens)",
            y_title=f"KV cache ({unit.name})",
            x_range=CONTEXTS,
            y_range=(low, high),
            height=480,
            shapes=[style.vertical_line(at, style.AMBER), *(style.horizontal_line(gpu.memory_bytes / unit.size) for gpu in devices)],
            annotations=[
                style.line_name(at, f"{at:,} tokens", log=True),
                *(
                    style.note(
                        np.log10(CONTEXTS[0]),
                        np.log10(gpu.memory_bytes / unit.size),
                        f"{unit.text(gpu.memory_bytes)}: {gpu.label}",
                        xanchor="left",
                        yanchor="bottom",
                        xshift=4,
                    )
                    for gpu in devices
                ),
            ],
        )
        layout["yaxis"]["exponentformat"] = "none"
        size = Headline("KV cache", here["own"], "bytes", unit.text(here["own"]), "kv_cache_bytes")
        mha = Headline("KV cache with multi-head attention", here["mha"], "bytes", unit.text(here["mha"]), "kv_cache_bytes")
        open_ended = float(kv_cache_bytes(endless, at, self.batch_size, bits))
        return Panel(
            title=self._title(name, own, size, mha, open_ended, here["gqa"]),
            headline=(size, mha) if open_ended > size.value or mha.value > size.value else (size,),
            figure=style.figure(traces, layout),
            parts=[*parts.values(), weight_part, memory],
            caption=(
                f"The solid line is the KV cache of the model as built ({kind_of(own)}). Dashed lines are the same model with another attention in every layer, "
                "without a window unless named; MLA has the widths of DeepSeek-V2. Grey lines are the whole memory of a GPU, which weights and cache share. Paged caches "
                "take slightly more."
            ),
            alt=f"KV cache of {name} against context length: {size} at {at:,} tokens, {mha} with multi-head attention.",
            sources=(WINDOWS, GROUPS, LATENTS, *(Citation(source) for source in dict.fromkeys(gpu.source for gpu in devices))),
        )

    def _title(self, name: str, own: Attention, size: Headline, mha: Headline, open_ended: float, grouped: float) -> str:
        unit = MEMORY_UNITS[self.memory_unit]
        where = f"At {self.context_len:,} tokens,"
        if self.batch_size > 1:
            where = f"With {self.batch_size} sequences of {self.context_len:,} tokens,"
        if open_ended > size.value:
            return f"{where} {name} caches {size}, not {unit.text(open_ended)} (no window) or {mha} (multi-head)"
        if mha.value > size.value:
            return f"{where} {name} caches {size}, 1/{significant(mha.value / size.value)} of the {mha} of multi-head attention"
        return f"{where} {name} caches {size}; {self.n_kv_heads} key-value heads instead of {own.n_heads} make it {unit.text(grouped)}"


class Mask(Figure):
    """What a sliding window lets each position see, with one position of the reader's."""

    name = "attention.mask"
    window: int = WINDOW(4_096, low=128)
    position: int = Quantity("Query position", low=1, high=131_072, step=1, whole=True)(50_000)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        window, position = self.window, self.position
        start, end = (int(value) for value in attention_window.seen(position, window))
        looking = np.unique([*np.linspace(1, int(position * 1.12) + 1, POSITIONS).astype(int), min(window, int(position * 1.12) + 1)])
        first, last = attention_window.seen(looking, window)
        seen: Part = {"series": "seen", "position": looking, "first_seen": first, "last_seen": last, "status": "computed"}
        cut: Part = {
            "series": "masked by the window",
            "position": looking,
            "first_position": np.ones_like(looking),
            "first_seen": first,
            "status": "computed",
        }
        yours: Part = {"series": "your position", "position": [position] * 2, "seen_position": [start, end], "status": "what_if"}
        mine = marks.line(yours, "position", "seen_position", style.AMBER, dash="solid", width=5)
        traces = [
            *marks.band(cut, "position", "first_position", "first_seen", style.GREY),
            *(
                edge | {"fillcolor": style.translucent(style.BLUE, 0.5)}
                for edge in marks.band(seen, "position", "first_seen", "last_seen", style.BLUE)
            ),
            mine | {"mode": "lines+markers", "marker": {"size": 5, "color": style.AMBER}},
        ]
        layout = style.layout(
            "number",
            "number",
            x_title="Query position",
            y_title="Key position",
            height=460,
            x_range=(1, looking[-1]),
            y_range=(1, looking[-1]),
        )
        layout["xaxis"] |= {"exponentformat": "B"}
        layout["yaxis"] |= {"exponentformat": "B"}
        count = end - start + 1
        printed = reported().loc["first_seen_at_50000"]
        remark = ""
        if (window, position) == (4096, 50_000):
            remark = (
                f" The article starts this range at {printed['value']:,.0f}, which would be {end - int(printed['value']) + 1:,} positions."
            )
        seen_from, seen_to = (
            Headline("first position seen", start, "", f"{start:,}", "seen_position"),
            Headline("last position seen", end, "", f"{end:,}", "seen_position"),
        )
        return Panel(
            title=f"With a window of {window:,}, position {position:,} attends to {seen_from} to {seen_to}, {count / position:.1%} of its past"
            if count < position
            else f"At position {position:,}, a window of {window:,} masks nothing yet: it attends to {seen_from} to {seen_to}",
            headline=(seen_from, seen_to),
            figure=style.figure(traces, layout),
            parts=[seen, cut, yours],
            caption=(
                "For each query position on the x axis, the y axis shows the key positions it attends to and those that the window masks. Later positions are never attended to. "
                f"Amber is your position. Positions count from 1, and the window holds the token itself.{remark}"
            ),
            alt=f"Mask of a sliding window of {window:,} tokens: position {position:,} attends to {start:,} to {end:,}.",
            sources=(WINDOWS, Citation("raschka2023", printed["location"])),
        )


class Reach(Figure):
    """How far back a token can be influenced after each layer: as built, and with a window in every layer."""

    name = "attention.reach"
    model: Model = MODEL("mistral-7b")
    window: int = WINDOW(1_024)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        shape, window, name = self.model.shape, self.window, clip(self.model.name, style.LONGEST_NAME)
        variants.own_attention(shape)
        own = attention_window.reach(shape, FAR)
        changed = attention_window.reach(variants.with_attention(shape, lambda a: variants.with_window(a, window)), FAR)
        depth = np.arange(1, len(own) + 1)
        what_if = {"series": f"window of {window:,}", "layer": depth, "reach": changed, "status": "what_if"}
        built = {"series": "as built", "layer": depth, "reach": own, "status": "computed"}
        traces = [
            marks.line(what_if, "layer", "reach", style.AMBER, f"window of {window:,} in every layer"),
            marks.line(built, "layer", "reach", style.BLUE, f"{name} as built"),
        ]
        parts = [built, what_if]
        printed = reported().loc["attention_span"]
        ours = self.model.name == printed["model"]
        if ours:
            parts.append(
                {
                    "series": "printed in the paper",
                    "layer": [len(own)],
                    "reach": [printed["value"]],
                    "verified": [printed["verified"]],
                    "source": printed["source"],
                    "location": printed["location"],
                    "status": "reported",
                }
            )
            traces.append(marks.points(parts[-1], "layer", "reach", style.RED))
        whole = np.flatnonzero(own == FAR)
        last = Headline("reach as built", float(own[-1]), "tokens", f"{own[-1]:,}", "reach")
        yours = Headline("reach with the window", float(changed[-1]), "tokens", f"{changed[-1]:,}", "reach")
        w, paper = shape.attention.window, ""
        headline: tuple[Headline, ...] = (last, yours)
        if len(whole):
            headline = (yours,)
            title = f"{name} has a full receptive field from layer {whole[0] + 1} on; a window of {window:,} in all {len(own)} layers would reach {yours}"
        else:
            title = f"{name}: {len(own)} layers with a window of {w:,} reach {last} tokens; a window of {window:,} would reach {yours}"
        if ours:
            paper = f" The paper's {len(own)} × {w:,} is {printed['value']:,.0f}."
        layout = style.layout(
            "number",
            "tokens",
            x_title="Layers",
            y_title="Receptive field (tokens)",
            x_range=(0, len(own) + 1),
            y_range=(min(own[0], changed[0]) / 2, max(own[-1], changed[-1]) * 1.6),
        )
        return Panel(
            title=title,
            headline=headline,
            figure=style.figure(traces, layout),
            parts=parts,
            caption=(
                f"Lines are the positions that can influence a token after each layer; {FAR:,} tokens stand for the whole context. Each layer adds what its window covers, so the receptive field adds up. It is a bound in "
                "theory: it says what can have an influence, not what does. The token itself is part of each window, so k layers reach k (W - 1) + 1."
                f"{paper}"
            ),
            alt=f"Receptive field over layers: {name} as built ends at {own[-1]:,} positions, a window of {window:,} in every layer at {changed[-1]:,}.",
            sources=(WINDOWS,),
        )


class Buffer(Figure):
    """The rolling buffer, token after token: which position each place holds."""

    name = "attention.buffer"
    buffer_len: int = Quantity("Cache slots", low=2, high=12, step=1, whole=True)(5)
    n_cached: int = Quantity("Decoding step", low=1, high=24, step=1, whole=True)(12)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        window, n_tokens = self.buffer_len, self.n_cached
        held = np.array([attention_window.buffer(step, window) for step in range(1, n_tokens + 1)])
        steps, places = np.arange(1, n_tokens + 1), np.arange(1, window + 1)
        age = np.where(held > 0, 1 - (steps[:, None] - held) / window, np.nan)
        cells = {
            "series": "position held",
            "tokens": np.repeat(steps, window),
            "place": np.tile(places, n_tokens),
            "position": np.where(held > 0, held, np.nan).ravel(),
            "newness": age.ravel(),
            "status": "computed",
        }
        trace = marks.heat(
            cells,
            "place",
            "tokens",
            "newness",
            zmin=1 / window,
            zmax=1,
            colorbar={"title": {"text": "written"}, "tickvals": [1 / window, 1], "ticktext": ["first", "last"], "thickness": 14},
            xgap=2,
            ygap=2,
            hoverongaps=False,
            text=[[str(p) if p else "" for p in line] for line in held],
            texttemplate="%{text}",
            textfont={"color": "#FFFFFF", "size": 12},
            colorscale=[[0, style.DEEP_GREY], [1, style.DEEP_BLUE]],
            hovertemplate="after %{y} tokens slot %{x} holds position %{text}<extra></extra>",
        )
        layout = style.layout(
            "number",
            "number",
            x_title="Cache slot",
            y_title="Decoding step (tokens written)",
            height=max(280, 20 * n_tokens + 90),
            showlegend=False,
        )
        layout["xaxis"] |= {"dtick": 1, "showgrid": False, "range": [0.5, window + 0.5]}
        layout["yaxis"] |= {"dtick": 1 if n_tokens <= 16 else 4, "showgrid": False, "range": [n_tokens + 0.5, 0.5]}
        layout["margin"] = layout["margin"] | {"t": 16}
        place, replaced = attention_window.slot(n_tokens, window), n_tokens - window
        now = (
            f"token {n_tokens} replaced {replaced} in slot {place}"
            if replaced > 0
            else f"{counted(-replaced, 'slot')} {'is' if replaced == -1 else 'are'} still free"
        )
        printed = reported().loc["rolling_cache_saving"]
        oldest = Headline("oldest position held", max(1, replaced + 1), "", str(max(1, replaced + 1)), "position")
        held_now = f"positions {oldest} to {n_tokens}" if n_tokens > 1 else f"position {oldest}"
        return Panel(
            title=f"After {counted(n_tokens, 'token')}, a rolling buffer of {window} slots holds {held_now}; {now}",
            headline=(oldest,),
            figure=style.figure([trace], layout),
            parts=[cells],
            caption=(
                "Each row is a decoding step, each cell the position whose keys and values the slot holds; the darkest was written last. A window never needs "
                f"more slots than it is long: in Mistral 7B the 50,000th token goes to slot {attention_window.slot(50_000, 4096)} of 4,096, and at 32,768 tokens the cache is "
                f"1/{32_768 // 4096} of what it would be without a window, the {printed['value']:.0f} times that the paper prints."
            ),
            alt=f"A rolling buffer of {window} slots over {counted(n_tokens, 'token')} holds {held_now} at the end.",
            sources=(WINDOWS,),
        )
