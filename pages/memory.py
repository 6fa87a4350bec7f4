"""Fine-tuning memory: does it fit on my GPU, in full, with LoRA or with QLoRA?"""

import streamlit as st

from analysis import tables
from analysis.memory import data as memory_data
from analysis.memory import figures, finetuning
from analysis.memory import figures_fits as memory_figures_fits
from analysis.memory import figures_nf4 as codes
from analysis.memory import figures_reported as memory_figures_reported
from analysis.memory import figures_settings as memory_figures_settings
from pages.components import controls, head, sections, shapes
from pages.components.panel import draw, export_row, show_panel, show_table

head.begin(
    "memory",
    "QLoRA tunes 65 billion parameters in 46 GB; all of them would take 785 GB",
    "That is for one sequence of 512 tokens. The frozen weights shrink to 4.127 bits each, and only the adapters have gradients and optimiser states. What is quantised are the "
    "frozen weights, not the low-rank matrices, which stay in 16 bits. Sizes are counted from the model's architecture; what is estimated is hatched.",
)

gpus = tables.load("gpus")
by_id = gpus.set_index("id", drop=False)
footprints = tables.load("memory_reported")


def choose(bars: bool = False):
    """(name, shape, options) of the model and of how it is tuned; with bars also (methods shown, whether as shares, whether as a table)."""
    name, shape, _ = shapes.choose_shape("mem", memory_figures_settings.MODEL) or shapes.of_table(memory_figures_settings.MODEL)
    # A closed popover costs the browser nothing at a slider step; these are chosen rarely.
    with st.popover("How it is tuned: adapters, optimiser, precision, quantisation, checkpointing" + ("; which bars" if bars else "")):
        if bars:
            methods = controls.choices("mem_methods", "Bars shown", finetuning.METHODS, list(finetuning.METHODS)) or list(
                finetuning.METHODS
            )
            scale = controls.switch("mem_scale", "Length of the bars", {"bytes": "GB", "shares": "share of each total"}, "bytes")
            table = controls.toggle("mem_table", "Every part as a table", False)
        on = controls.choice("mem_on", "Adapters on", {key: label for key, (label, _) in memory_figures_settings.TARGETS.items()}, "all")
        optimiser = controls.choice(
            "mem_opt",
            "Optimiser",
            {key: o.label for key, o in finetuning.OPTIMISERS.items()},
            "paged_adamw",
            help="A paged optimiser may move its states to the host's memory when the device is full.",
        )
        precision = controls.choice(
            "mem_prec", "Precision", finetuning.PRECISIONS, "bf16", help="Of weights and gradients; AdamW's states are 32-bit either way."
        )
        block = int(controls.choice("mem_block", "Weights per block", ["16", "32", "64", "128", "256", "1024"], "64"))
        double = controls.toggle("mem_double", "Double quantisation", True)
        checkpointing = controls.toggle("mem_ckpt", "Gradient checkpointing", True)
        flash = controls.toggle("mem_flash", "Flash attention", True)
    options = {
        "targets": memory_figures_settings.TARGETS[on][1],
        "optimiser": optimiser,
        "precision": precision,
        "block_size": block,
        "double_quantisation": double,
        "checkpointing": checkpointing,
        "flash": flash,
    }
    return (name, shape, options, (methods, scale == "shares", table)) if bars else (name, shape, options)


def load_sliders(key: str) -> dict:
    """Batch and sequence length."""
    batch = controls.slider(f"mem_batch{key}", "Sequences in a batch", 1, 64, 1, 1)
    seq_len = controls.slider(f"mem_seq{key}", "Tokens in a sequence", 128, 16_384, 512, 128)
    return {"batch": batch, "seq_len": seq_len}


def rank_slider(key: str) -> dict:
    """Rank of the adapters."""
    return {"rank": controls.slider(f"mem_rank{key}", "Rank of the adapters", 1, 512, 64, 1)}


def by_part() -> None:
    """Section: where the memory goes, by method."""
    name, shape, chosen, (methods, shares, table) = choose(bars=True)

    @st.fragment
    def parts() -> None:
        """Memory by part."""
        with controls.row():
            options = chosen | load_sliders("") | rank_slider("")
        draw("memory.parts", lambda: figures.parts(shape, name, methods, options, shares=shares))
        if table:
            show_table(figures.breakdown(shape, options))

    parts()
    export_row("memory.parts")


def where_it_fits() -> None:
    """Section: devices that hold it."""
    name, shape, chosen = choose()

    @st.fragment
    def fits() -> None:
        """Devices that hold it."""
        with controls.row():
            options = chosen | load_sliders("_fits") | {"rank": 64}
        draw("memory.fits", lambda: memory_figures_fits.fits(shape, name, gpus, options))

    fits()
    export_row("memory.fits")


def how_much_fits() -> None:
    """Section: the largest batch on one device."""
    name, shape, chosen = choose()
    with controls.row():
        gpu = controls.choice("mem_gpu", "Device", by_id["label"].to_dict(), "l40s")
        method = controls.switch("mem_method", "Method", finetuning.METHODS, "qlora")

    @st.fragment
    def largest() -> None:
        """The largest batch on one device."""
        with controls.row():
            seq_len = controls.slider("mem_seq_room", "Tokens in a sequence", 128, 16_384, 512, 128)
            rank = rank_slider("_room")
        options = chosen | {"batch": 1, "seq_len": seq_len} | rank
        draw("memory.largest", lambda: memory_figures_fits.largest(shape, name, by_id.loc[gpu].to_dict(), method, options))

    largest()
    export_row("memory.largest")


def reported() -> None:
    """Section: computed against reported footprints."""
    show_panel(memory_figures_reported.reported(footprints, memory_data.reported_shapes(footprints)))


def small() -> None:
    """Section: bits of each part, and adapters by rank."""
    name, shape, chosen = choose()

    @st.fragment
    def quantised() -> None:
        """Which part is stored in how many bits."""
        options = chosen | rank_slider("_bits")
        draw("memory.what_is_quantised", lambda: codes.what_is_quantised(shape, name, options))

    quantised()
    export_row("memory.what_is_quantised")

    @st.fragment
    def rank() -> None:
        """Adapters by rank."""
        value = rank_slider("_size")["rank"]
        draw("memory.rank", lambda: figures.rank(shape, name, chosen["targets"], value))

    rank()
    export_row("memory.rank")


def four_bits() -> None:
    """Section: the code book, its error and its bits per parameter."""

    @st.fragment
    def codebook() -> None:
        """The levels of 4-bit formats."""
        size = 2 ** controls.slider("mem_code", "Weights per block (power of two)", 3, 12, 6, 1, format="2^%d")
        draw("memory.codebook", lambda: codes.codebook(size))

    codebook()
    export_row("memory.codebook")

    @st.fragment
    def error() -> None:
        """Quantisation error by block size."""
        size = 2 ** controls.slider("mem_err", "Weights per block (power of two)", 3, 12, 6, 1, format="2^%d")
        draw("memory.error", lambda: codes.error(size))

    error()
    export_row("memory.error")

    @st.fragment
    def bits() -> None:
        """Bits per parameter by block size."""
        with controls.row():
            size = 2 ** controls.slider("mem_bits", "Weights per block (power of two)", 3, 12, 6, 1, format="2^%d")
            constants = 2 ** controls.slider("mem_const", "Constants per block (power of two)", 3, 12, 8, 1, format="2^%d")
        draw("memory.bits", lambda: codes.bits(footprints, size, constants))

    bits()
    export_row("memory.bits")


sections.show(
    "mem_part",
    {
        "Memory by part": by_part,
        "Where it fits": where_it_fits,
        "Largest batch": how_much_fits,
        "Held against the paper": reported,
        "What is quantised": small,
        "Four bits for a weight": four_bits,
    },
)
