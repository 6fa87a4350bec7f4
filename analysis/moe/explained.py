"""How the numbers of the figures on mixtures of experts come about."""

from analysis import tables
from analysis.charts.explained import Steps
from analysis.charts.inputs import cell, setting
from analysis.moe import expert_counts
from analysis.moe.data import RUMOUR, counted, frame_of
from analysis.moe.figures import Intuition, MemoryCompute, TotalActive
from analysis.moe.figures_build import Build, Rumour
from analysis.trace import ASSUMED, PRINTED, SETTING, Origin, Traced, defined_as, named
from analysis.transformer import count_params
from analysis.transformer.model import published
from analysis.transformer.shape import Attention, Experts, Layer, Mlp, TransformerShape
from analysis.transformer.traced import of_shape, traced_counts, traced_shape


def total_active(figure: TotalActive) -> Steps:
    """The smallest and the largest active share, of the two models that have them."""
    rows = counted()
    fields = ("active", "total") if figure.embeddings == "with" else ("active_non_embedding", "non_embedding")
    share = (rows[fields[0]] / rows[fields[1]]).to_numpy(float)
    steps = {}
    for name, at, symbol in (("smallest", share.argmin(), r"s_\text{min}"), ("largest", share.argmax(), r"s_\text{max}")):
        model = published(rows["model"].iloc[at])
        counts = count_params(traced_shape(model, among=model.name))
        steps[f"{name} active share"] = named(
            getattr(counts, fields[0]) / getattr(counts, fields[1]), symbol, f"active share of {model.name}"
        )
    return steps


def _held(counts) -> tuple[Traced, Traced]:
    held = defined_as(counts.total, "N", "parameters", "parameters")
    return held, named(counts.active, r"N_\text{active}", "parameters used by a token", "parameters")


def intuition(figure: Intuition) -> Steps:
    """Parameters held and used."""
    held, active = _held(traced_counts(figure.model, traced_shape(figure.model)))
    return {"parameters held": held, "parameters used by a token": active}


def memory_compute(figure: MemoryCompute) -> Steps:
    """Bytes of the weights, and FLOPs of a dense model as large over the model's own."""
    shape = traced_shape(figure.model)
    counts = traced_counts(figure.model, shape)
    bits = setting(figure, "weight_bits", "b", "bits of each weight", "bits")
    own = expert_counts.needs(shape, counts, bits)
    dense = expert_counts.dense_needs(counts.total, bits)
    return {
        "weights": named(own.weight_bytes, "M", "memory of the weights", "bytes"),
        "FLOP of a dense model of equal total over its own": named(
            dense.flops / named(own.flops, r"C_\text{token}", "FLOPs of one token", "FLOP"),
            "x",
            "FLOP of a dense model of equal total over its own",
        ),
    }


def build(figure: Build) -> Steps:
    """Parameters of the mixture, those that a token uses, and their share."""
    row, chosen = frame_of(figure.mixture), min(figure.top_k, figure.n_experts)
    layers = figure.moe_layers.replace("-", " ")
    shape = expert_counts.build(row, figure.n_experts, chosen, figure.moe_d_ff, figure.shared_d_ff, layers, figure.d_model, figure.n_layers)
    places = {
        (Experts, "n_experts", ""): "n_experts",
        (Experts, "top_k", ""): "top_k",
        (Mlp, "d_ff", "expert"): "moe_d_ff",
        (Mlp, "d_ff", "shared"): "shared_d_ff",
        (TransformerShape, "d_model", ""): "d_model",
        (Layer, "times", ""): "n_layers",
    }
    mine = {place: Origin(SETTING, figure.kinds()[name].label) for place, name in places.items()}
    if figure.d_model != row["d_model"]:
        mine |= {(Attention, name, ""): Origin(ASSUMED, "your width over the width of a head") for name in ("n_heads", "n_kv_heads")}
    frame = Origin(PRINTED, f"from {row['model']}", row["source"], row["location"], int(row["verified"]))
    held, active = _held(count_params(of_shape(shape, frame, but=mine, row=row)))
    return {
        "parameters": held,
        "parameters used by a token": active,
        "share used by a token": named(active / held, "s", "share used by a token"),
    }


def rumour(figure: Rumour) -> Steps:
    """The whole, and what a token uses of one and of two parts."""
    models = tables.load("models")
    row = models[models["model"] == RUMOUR].iloc[0].to_dict()
    parts = cell(row | {"n_experts": int(row["n_experts"])}, "n_experts", "n", "rumoured parts")
    reported = cell(row, "reported_total_params", r"N_\text{rumour}", "rumoured parameters in all", "parameters")
    part = named(reported / parts, "P", "parameters of one part", "parameters")
    shared = setting(figure, "shared_params", "S", "shared by all parts")
    whole = [expert_counts.whole_of_parts(parts, part, shared, chosen) for chosen in (1, 2)]
    return {
        "total": named(whole[0][0], "N", "parameters in all", "parameters"),
        "active, top-1": named(whole[0][1], r"N_{1}", "parameters that a token uses, top-1", "parameters"),
        "active, top-2": named(whole[1][1], r"N_{2}", "parameters that a token uses, top-2", "parameters"),
    }


WORDS = {
    "load": (
        "A router is simulated: each token gets a logit for each expert, drawn from a normal distribution, less the skew times the logarithm of the expert's rank.",
        "A token goes to the experts with its largest logits. The busiest expert's assignments are divided by its fair share: tokens times experts per token, over the number of experts.",
        "An expert takes at most its capacity, the capacity factor times the fair share, rounded up; what is above is dropped and counted.",
    ),
    "capacity": (
        "The same simulated router is run at the skew and without any; assignments above an expert's capacity (the capacity factor times the fair share, rounded up) are dropped.",
        "The share is all dropped assignments over all assignments.",
    ),
    "balance": (
        "For a simulated router, the share of assignments that each expert gets is multiplied by its mean probability; the sum over experts times their number is the loss over alpha.",
        "At worst every token goes to the same experts; the loss is then the number of experts over the experts per token.",
    ),
}
