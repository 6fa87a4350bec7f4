"""Mixture of experts: how many parameters does it hold, and how many does a token use?"""

import streamlit as st

from analysis.moe import data as moe_data
from analysis.moe import figures as moe_figures
from analysis.moe import figures_build as moe_figures_build
from analysis.moe import figures_routing as routing_figures
from pages.components import controls, head, sections, shapes
from pages.components.markdown import plain
from pages.components.panel import draw, export_row

head.begin(
    "moe",
    "A mixture of experts must hold far more parameters than a token uses",
    "A router sends each token to a few of many experts. All of them fill memory, few of them compute. See how much of each in every published "
    "mixture, why 8 x 7B is not 56B, build one of your own, and watch what an uneven router does to it.",
)

DEFAULT = "Mixtral 8x7B"
BITS = {"16": "16 bit", "8": "8 bit", "4": "4 bit"}
FRAMES = moe_data.PRESETS | {"own": "my own"}
ROUTERS = {"mixtral": "Mixtral 8x7B", "switch": "Switch-Base-128", "deepseek": "DeepSeekMoE-16B", "own": "my own"}
LAYERS = {"all": "all", "after 1": "all but the first", "every 2": "every 2nd", "every 4": "every 4th"}
EXPERTS = [2, 4, 8, 16, 32, 64, 128, 256]
WIDTHS = [256, 512, 1024, 2048, 4096, 8192, 16384, 32768]
SHARED = [0, *WIDTHS]


def published() -> None:
    """Section: total against active for every mixture of the table."""

    @st.fragment
    def total_active() -> None:
        """Every mixture of the table."""
        embeddings = controls.switch("moe_embeddings", "Counted", moe_figures.EMBEDDINGS, "with")
        draw("moe.total_active", lambda: moe_figures.total_active(embeddings, {"counted": moe_figures.EMBEDDINGS[embeddings]}))

    total_active()
    export_row("moe.total_active")


def one_mixture() -> None:
    """Section: where 8 x 7B = 56B goes wrong, part by part, and memory against compute."""
    picked = shapes.choose_shape("moe", DEFAULT, moe_data.known_mixtures())
    if picked is None:
        st.caption(f"Until then the charts show {DEFAULT}.")
    name, shape, counts = picked or shapes.of_table(DEFAULT)
    st.caption(plain(moe_figures.described(name, shape)))
    draw("moe.intuition", lambda: moe_figures.intuition(name, shape, counts, {"model": name}))
    export_row("moe.intuition")

    @st.fragment
    def memory_compute() -> None:
        """Memory against compute."""
        bits = controls.switch("moe_bits", "Weights stored in", BITS, "16")
        settings = {"model": name, "weights": BITS[bits]}
        draw("moe.memory_compute", lambda: moe_figures.memory_compute(name, shape, counts, int(bits), settings))

    memory_compute()
    export_row("moe.memory_compute")


def your_own() -> None:
    """Section: a mixture of the reader's own."""
    preset = controls.switch("moe_preset", "Start from", FRAMES, "mixtral")

    @st.fragment
    def build() -> None:
        """A mixture of the reader's own: each preset keeps sliders of its own."""
        row, key = moe_data.frame_of(preset), f"moe_{preset}"
        usual = {field: int(row[field]) for field in ("n_experts", "top_k", "moe_d_ff")}
        shared_usual = int(row["shared_d_ff"]) if row["shared_d_ff"] == row["shared_d_ff"] else 0
        d_model = n_layers = None
        with controls.row():
            n_experts = controls.steps(f"{key}_experts", "Experts", EXPERTS, usual["n_experts"])
            shared = controls.steps(f"{key}_shared", "Width of the shared experts", sorted({*SHARED, shared_usual}), shared_usual)
            top_k = controls.slider(f"{key}_top_k", "Experts per token (top-k)", 1, 16, usual["top_k"], 1)
            layers = controls.choice(f"{key}_layers", "Layers with experts", LAYERS, row["moe_layers"])
            width = controls.steps(f"{key}_width", "Width of an expert", sorted({*WIDTHS, usual["moe_d_ff"]}), usual["moe_d_ff"])
            if preset == "own":
                d_model = controls.steps(f"{key}_d_model", "Width of the model", [1024, 2048, 4096, 8192], 4096)
                n_layers = controls.slider(f"{key}_n_layers", "Layers", 1, 96, 32, 1)
        settings = {
            "frame": FRAMES[preset],
            "experts": str(n_experts),
            "experts per token": str(top_k),
            "expert width": f"{width:,}",
            "shared width": f"{shared:,}",
            "layers with experts": LAYERS[layers],
        }
        if preset == "own":
            settings |= {"model width": f"{d_model:,}", "layers": str(n_layers)}
        draw("moe.build", lambda: moe_figures_build.build(preset, n_experts, top_k, width, shared, layers, d_model, n_layers, settings))

    build()
    export_row("moe.build")


def an_uneven_router() -> None:
    """Section: what a skewed router does to the load, to dropped tokens and to the balancing loss."""
    with controls.row():
        router = controls.switch("moe_router", "Router of", ROUTERS, "mixtral")
        n_routed, chosen = (int(moe_data.frame_of(router)[field]) for field in ("n_experts", "top_k"))
        if router == "own":
            n_routed = controls.steps("moe_router_experts", "Experts", EXPERTS[:-1], 8)
            chosen = min(controls.slider("moe_router_top_k", "Experts per token", 1, 8, 2, 1), n_routed)
    routed = {"router": f"{ROUTERS[router]}, {n_routed} experts, top-{chosen}"}

    @st.fragment
    def load() -> None:
        """Assignments per expert."""
        with controls.row():
            skew = controls.slider("moe_load_skew", "Skew of the router", 0.0, 2.0, 0.5, 0.05)
            factor = controls.slider("moe_load_factor", "Capacity factor", 0.5, 4.0, 1.25, 0.05)
            seed = controls.slider("moe_load_seed", "Random seed", 0, 20, 0, 1)
        settings = routed | {"skew": f"{skew:g}", "capacity factor": f"{factor:g}", "seed": str(seed)}
        draw("moe.load", lambda: routing_figures.load(n_routed, chosen, skew, factor, seed, settings))

    load()
    export_row("moe.load")

    @st.fragment
    def capacity() -> None:
        """Dropped share against the capacity factor."""
        with controls.row():
            skew = controls.slider("moe_capacity_skew", "Skew of the router", 0.0, 2.0, 0.5, 0.05)
            factor = controls.slider("moe_capacity_factor", "Capacity factor", 0.5, 4.0, 1.25, 0.05)
        settings = routed | {"skew": f"{skew:g}", "capacity factor": f"{factor:g}"}
        draw("moe.capacity", lambda: routing_figures.capacity(n_routed, chosen, skew, factor, settings))

    capacity()
    export_row("moe.capacity")

    @st.fragment
    def balance() -> None:
        """The loss that balances the load."""
        skew = controls.slider("moe_balance_skew", "Skew of the router", 0.0, 2.0, 0.5, 0.05)
        draw("moe.balance", lambda: routing_figures.balance(n_routed, chosen, skew, routed | {"skew": f"{skew:g}"}))

    balance()
    export_row("moe.balance")


def gpt4() -> None:
    """Section: what the rumour would mean."""

    @st.fragment
    def rumour() -> None:
        """What the rumour would mean."""
        shared = controls.slider("moe_rumour_shared", "Shared by all parts (billion parameters)", 0, 110, 0, 1)
        draw("moe.rumour", lambda: moe_figures_build.rumour(shared * moe_data.BILLION, {"shared": f"{shared} B", "status": "rumour"}))

    rumour()
    export_row("moe.rumour")


sections.show(
    "moe_part",
    {
        "Published mixtures": published,
        "One mixture": one_mixture,
        "Build your own": your_own,
        "An uneven router": an_uneven_router,
        "The GPT-4 rumour": gpt4,
    },
)
