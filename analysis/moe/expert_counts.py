"""Mixture of experts: how many parameters a model holds and a token uses, and what N times a dense model leaves out.

The router is simulated in `analysis.moe.routing`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.trace import real
from analysis.transformer import ParamCounts, TransformerShape, count_params, forward_flops, shape_from_row
from analysis.transformer.count import mlp_params, router_matrix

PARTS = ("embeddings", "attention", "norms and other", "router", "dense MLPs", "shared experts", "routed experts")


def with_experts(models: pd.DataFrame) -> pd.DataFrame:
    """The rows of the table `models` that are mixtures of experts with a public architecture."""
    return models[(models["n_experts"].fillna(0) > 0) & models["n_layers"].notna()]


def table(models: pd.DataFrame) -> pd.DataFrame:
    """Every mixture of experts of the table with its counted parameters, in rising order of the total.

    Columns model, family, source, location, verified, reported_total_params, reported_active_params (empty where not reported), and the
    fields of
    `count_params` [parameters].

    >>> from analysis import tables
    >>> counted = table(tables.load("models")).set_index("model").loc["Mixtral 8x7B"]
    >>> int(counted["total"]), int(counted["active"])
    (46702792704, 12879925248)
    """
    kept = with_experts(models)
    counts = pd.DataFrame([vars(count_params(shape_from_row(row))) for row in kept.to_dict("records")], index=kept.index)
    columns = ["model", "family", "source", "location", "verified", "reported_total_params", "reported_active_params"]
    return pd.concat([kept[columns], counts], axis=1).sort_values("total", ignore_index=True)


def parts(shape: TransformerShape, counts: ParamCounts | None = None) -> pd.DataFrame:
    """Parameters by part: one row for each of PARTS with the columns total and active [parameters].

    embeddings: with the output layer. A token uses every part whole but the routed experts, of which it uses top_k of
    n_experts. counts: where they are known better than in closed form. Both columns sum to the total and the active count of
    `count_params`.

    Raises ValueError for a model without experts.

    >>> from analysis.transformer import transformer_shape
    >>> tiny = transformer_shape(n_layers=1, d_model=8, n_heads=2, vocab_size=9, n_experts=4, top_k=1, moe_d_ff=10)
    >>> parts(tiny).loc["routed experts"].tolist()
    [960, 240]
    """
    _experts(shape)
    counts = counts or count_params(shape)
    layers = (*shape.layers, *shape.encoder_layers)
    shared = sum(mlp_params(layer.experts.shared, shape.d_model) for layer in layers if layer.experts and layer.experts.shared)
    total = [
        counts.embedding,
        counts.attention,
        counts.other,
        counts.router,
        counts.mlp - counts.routed_experts - shared,
        shared,
        counts.routed_experts,
    ]
    active = [*total[:-1], counts.routed_experts - (counts.total - counts.active)]
    return pd.DataFrame({"total": total, "active": active}, index=pd.Index(PARTS, name="part"))


def copies(shape: TransformerShape, counts: ParamCounts | None = None) -> pd.DataFrame:
    """N experts taken for N whole models: one row for each of PARTS, with the columns one, naive and held [parameters].

    one: a model with a single expert as its MLP, and no router; naive = n_experts one, as in "8 x 7B"; held: what the model
    has. Only the routed experts are there n_experts times; everything else is there once, so naive - held =
    (n_experts - 1) (embeddings + attention + norms + dense and shared MLPs) - router.

    >>> from analysis import tables
    >>> from analysis.transformer import shape_of_model
    >>> copies(shape_of_model("Mixtral 8x7B", tables.load("models"))).sum().tolist()
    [7241732096, 57933856768, 46702792704]
    """
    n_experts = _experts(shape).n_experts
    held = parts(shape, counts)["total"]
    one = held.copy()
    one["router"] = 0
    one["routed experts"] = held["routed experts"] // n_experts
    return pd.DataFrame({"one": one, "naive": n_experts * one, "held": held})


def build(
    row: Mapping,
    n_experts: int,
    top_k: int,
    moe_d_ff: int,
    shared_d_ff: int = 0,
    moe_layers: str = "all",
    d_model: int | None = None,
    n_layers: int | None = None,
) -> TransformerShape:
    """The shape of a row of the table `models` with other experts, and where given another width (in heads as wide as before) and depth.

    top_k: at most n_experts. shared_d_ff: width of the shared experts together, 0 for none. moe_layers: "all", "after K" or
    "every K". Layers without experts get the row's dense MLP; where it has none, one as wide as the row's expert. In another width shared
    heads of keys and values stay as many as they are, at most one for each head.

    >>> from analysis import tables
    >>> row = tables.load("models").set_index("model", drop=False).loc["Mixtral 8x7B"]
    >>> count_params(build(row, 8, 2, 14336)).total
    46702792704
    """
    changed = dict(row) | {
        "n_experts": n_experts,
        "top_k": top_k,
        "moe_d_ff": moe_d_ff,
        "shared_d_ff": shared_d_ff,
        "moe_layers": moe_layers,
    }
    if pd.isna(changed["d_ff"]):
        changed["d_ff"] = row["moe_d_ff"]
    if d_model is not None:
        n_heads = d_model // int(row["head_dim"])
        shared_heads = row["n_kv_heads"] < row["n_heads"]
        changed |= {"d_model": d_model, "n_heads": n_heads, "n_kv_heads": min(int(row["n_kv_heads"]), n_heads) if shared_heads else n_heads}
    if n_layers is not None:
        changed["n_layers"] = n_layers
    return shape_from_row(changed)


def expert_layer(shape: TransformerShape) -> tuple[int, int]:
    """(held, used): parameters of the experts and the router in one layer that has them, and those that one token uses.

    held = n_experts expert + shared + router; used = top_k expert + shared + router. Raises ValueError for a model without experts.

    >>> from analysis import tables
    >>> from analysis.transformer import shape_of_model
    >>> expert_layer(shape_of_model("Switch-Base-128", tables.load("models")))
    (604078080, 4816896)
    """
    experts = _experts(shape)
    expert = mlp_params(experts.expert, shape.d_model)
    always = router_matrix(experts, shape.d_model) + experts.router_bias
    always += mlp_params(experts.shared, shape.d_model) if experts.shared else 0
    return experts.n_experts * expert + always, experts.top_k * expert + always


@dataclass(frozen=True)
class Needs:
    """What a model needs: weight_bytes to hold [bytes] and flops to compute one token [FLOP]."""

    weight_bytes: float
    flops: float


def needs(shape: TransformerShape, counts: ParamCounts, bits: float) -> Needs:
    """The Needs of a model: all its parameters in so many bits, and the matrices that one token passes, without a context.

    weight_bytes = total bits / 8; flops = forward_flops of one token. Raises ValueError for models with an encoder.

    >>> from analysis.transformer import transformer_shape
    >>> tiny = transformer_shape(n_layers=1, d_model=8, n_heads=2, vocab_size=9, n_experts=4, top_k=1, moe_d_ff=10)
    >>> needs(tiny, count_params(tiny), 16).weight_bytes
    2832.0
    """
    return Needs(counts.total * bits / 8, real(forward_flops(shape, 1, 1).total))


def dense_needs(n_params, bits: float) -> Needs:
    """The Needs of a dense model of n_params parameters by the rule of two FLOP for each of them; broadcasts.

    Source: [kaplan2020] section 2.1. The rule counts the token table too, which is looked up and not multiplied.

    >>> dense_needs(7e9, 16)
    Needs(weight_bytes=14000000000.0, flops=14000000000.0)
    """
    return Needs(n_params * bits / 8, 2 * n_params)


def whole_of_parts(n_parts: int, part: float, shared, chosen: int):
    """(total, active) of a mixture of n_parts parts of part parameters each, of which shared parameters are common to all.

    total = shared + n_parts (part - shared); active = shared + chosen (part - shared). With shared = 0 nothing is common. Broadcasts.
    Raises ValueError for shared outside 0 to part and for chosen outside 1 to n_parts.

    >>> whole_of_parts(16, 111e9, 0.0, 2)
    (1776000000000.0, 222000000000.0)
    """
    lowest, highest = (shared.min(), shared.max()) if hasattr(shared, "min") else (shared, shared)
    if not (lowest >= 0 and highest <= part):
        raise ValueError(f"shared must be from 0 to {part:,.0f}, got {shared!r}")
    if not 1 <= chosen <= n_parts:
        raise ValueError(f"chosen must be from 1 to {n_parts}, got {chosen!r}")
    return shared + n_parts * (part - shared), shared + chosen * (part - shared)


def _experts(shape: TransformerShape):
    if shape.experts is None:
        raise ValueError("this model has no experts: it is dense, and a token uses all of it")
    return shape.experts
