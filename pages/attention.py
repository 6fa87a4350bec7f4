"""Attention and cache: what do GQA and a sliding window save at my context length?"""

import streamlit as st

from analysis import tables
from analysis.attention import data as attention_data
from analysis.attention import figures, variants
from analysis.attention import figures_ablation as ablation_figures
from analysis.attention import figures_latency as attention_figures_latency
from pages.components import controls, head, sections, shapes
from pages.components.markdown import plain
from pages.components.panel import draw, export_row

head.begin(
    "attention",
    "Shared heads and a window shrink the cache that long contexts fill",
    "Every token a model has read leaves keys and values in memory, in every layer. Pick a model, or bring its config.json, and see what "
    "grouped-query attention, a sliding window or a latent save, how far a window reaches, and what reading and writing cost.",
)

DEFAULT = "Mistral 7B"
BITS = {"16": "16 bit", "8": "8 bit", "4": "4 bit"}
DEVICES = ["1", "2", "4", "8"]

gpu_table = tables.load("gpus")
gpu_labels = gpu_table.set_index("id")["label"].to_dict()


def choose_model():
    """(name, shape, counts) of the reader's model, or of the default while there is none."""
    chosen = shapes.choose_shape("attn", DEFAULT)
    if chosen is None:
        st.caption(f"Until then the charts show {DEFAULT}.")
    name, shape, counts = chosen or shapes.of_table(DEFAULT)
    st.caption(plain(figures.described(name, shape)))
    return name, shape, counts


def choose_groups(shape) -> str:
    """Key-value heads of the grouped-query what-if."""
    own = shape.attention
    heads = [str(number) for number in variants.group_sizes(own)] if own is not None else ["1"]
    usual = str(variants.usual_groups(own)) if own is not None else "1"
    return controls.choice(
        "attn_groups",
        "Key-value heads of the grouped-query what-if",
        heads,
        usual,
        help="Numbers that share the model's query heads evenly.",
    )


def powers(low: int, high: int) -> list[int]:
    """The powers of two from 2^low to 2^high."""
    return [2**exponent for exponent in range(low, high + 1)]


def held() -> None:
    """Section: bytes of the cache by kind of attention."""
    name, shape, counts = choose_model()
    with controls.row():
        groups = choose_groups(shape)
        value_bits = controls.switch("attn_value_bits", "Keys and values stored in", BITS, "16")

    @st.fragment
    def cache() -> None:
        """Bytes of the cache by kind of attention."""
        with controls.row():
            context = controls.steps("attn_ctx", "Context in tokens", powers(9, 20), 32_768)
            batch = controls.steps("attn_batch", "Sequences at once", powers(0, 8), 1)
            window = controls.steps("attn_window", "Window of the what-if in tokens", powers(7, 17), 4_096)
        draw(
            "attention.cache",
            lambda: figures.cache(
                name,
                shape,
                int(groups),
                window,
                context,
                batch,
                int(value_bits),
                gpu_table,
                {
                    "model": name,
                    "context": f"{context:,} tokens",
                    "sequences": str(batch),
                    "key-value heads": groups,
                    "window": f"{window:,}",
                    "values": BITS[value_bits],
                },
                counts.total,
            ),
        )

    cache()
    export_row("attention.cache")


def seen() -> None:
    """Section: the mask, and the rolling buffer."""

    @st.fragment
    def mask() -> None:
        """The row of one position in the mask."""
        with controls.row():
            window = controls.steps("attn_mask_window", "Window in tokens", powers(7, 17), 4_096)
            position = controls.slider("attn_position", "Position of the token", 1, 131_072, 50_000, 1)
        draw("attention.mask", lambda: figures.mask(window, position, {"window": f"{window:,}", "position": f"{position:,}"}))

    mask()
    export_row("attention.mask")

    @st.fragment
    def rolling() -> None:
        """A small rolling buffer at work."""
        with controls.row():
            places = controls.slider("attn_places", "Window in tokens", 2, 12, 5, 1)
            tokens = controls.slider("attn_tokens", "Tokens so far", 1, 24, 12, 1)
        draw("attention.buffer", lambda: figures.rolling(places, tokens, {"window": str(places), "tokens": str(tokens)}))

    rolling()
    export_row("attention.buffer")


def reached() -> None:
    """Section: reach over the layers."""
    name, shape, _ = choose_model()

    @st.fragment
    def reach() -> None:
        """How far a token is influenced over the layers."""
        window = controls.steps("attn_reach_window", "Window of the what-if in tokens", powers(4, 17), 1_024)
        draw("attention.reach", lambda: figures.reach(name, shape, window, {"model": name, "window": f"{window:,}"}))

    reach()
    export_row("attention.reach")


def costs() -> None:
    """Section: reading a prompt, and generating."""
    name, shape, counts = choose_model()
    with controls.row():
        groups = choose_groups(shape)
        value_bits = controls.switch("attn_value_bits", "Keys and values stored in", BITS, "16")
    with controls.row():
        gpu = controls.choice("attn_gpu", "Device", gpu_labels, "a100_80gb")
        n_devices = controls.switch("attn_devices", "Devices that share the work", DEVICES, "1")
        weight_bits = controls.switch("attn_weight_bits", "Weights stored in", BITS, "16")
    on = attention_data.device(gpu_table, gpu, int(n_devices))

    @st.fragment
    def prefill() -> None:
        """Reading a prompt."""
        with controls.row():
            prompt = controls.steps("attn_prompt", "Prompt in tokens", powers(9, 20), 32_768)
            utilisation = controls.slider("attn_mfu", "Utilisation of peak (%)", 5, 90, 50, 1, format="%d%%") / 100
        settings = {"model": name, "prompt": f"{prompt:,} tokens", "device": on.label, "utilisation": f"{utilisation:.0%}"}
        draw("attention.prefill", lambda: attention_figures_latency.prefill(name, shape, prompt, on, utilisation, settings))

    prefill()
    export_row("attention.prefill")

    @st.fragment
    def roofline() -> None:
        """Generating token after token."""
        context = controls.steps("attn_decode", "Tokens in each sequence", powers(9, 20), 8_192)
        settings = {
            "model": name,
            "context": f"{context:,} tokens",
            "device": on.label,
            "weights": BITS[weight_bits],
            "values": BITS[value_bits],
            "key-value heads": groups,
        }
        draw(
            "attention.roofline",
            lambda: attention_figures_latency.roofline(
                name, shape, counts, int(groups), context, on, int(weight_bits), int(value_bits), settings
            ),
        )

    roofline()
    export_row("attention.roofline")


def quality() -> None:
    """Section: the ablation of Llama 2."""

    @st.fragment
    def ablation() -> None:
        """What shared heads cost in quality."""
        ways = {"difference": "difference to multi-head", "score": "scores as printed"}
        shown = controls.switch("attn_ablation", "Show", ways, "difference")
        left, right = st.columns([3, 2])
        with left:
            draw("attention.ablation", lambda: ablation_figures.ablation(shown, {"shown": ways[shown]}))
        with right:
            st.markdown(ablation_figures.score_table())

    ablation()
    export_row("attention.ablation")


sections.show(
    "attn_part",
    {
        "What the cache holds": held,
        "What a window sees": seen,
        "How far it reaches": reached,
        "What it costs": costs,
        "Quality of shared heads": quality,
    },
)
