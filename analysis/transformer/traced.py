"""The shape of a model with sizes that know their names and where they come from, for formulas that write down their own equations."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from types import MappingProxyType
from typing import Any

from analysis import tables
from analysis.trace import CONFIGURED, PRINTED, Origin, Traced, given
from analysis.transformer.count import ParamCounts, count_params
from analysis.transformer.model import OWN, Model
from analysis.transformer.shape import Attention, Experts, Latent, Layer, Mlp, Recurrent, TransformerShape

SIZES = {
    (TransformerShape, "d_model"): ("d", "width of the model"),
    (TransformerShape, "vocab_size"): ("V", "words of the vocabulary"),
    (TransformerShape, "embedding_dim"): (r"d_\text{emb}", "width of the embeddings"),
    (TransformerShape, "position_rows"): ("P", "rows of the table of positions"),
    (TransformerShape, "other_embedding"): (r"N_\text{tables}", "parameters of further tables"),
    (TransformerShape, "other_matrix"): (r"N_\text{more}", "parameters of further matrices"),
    (TransformerShape, "other"): (r"N_\text{rest}", "parameters outside the layers"),
    (Attention, "n_heads"): ("H", "heads of queries"),
    (Attention, "n_kv_heads"): (r"H_\text{kv}", "heads of keys and values"),
    (Attention, "head_dim"): (r"d_h", "width of a head"),
    (Attention, "v_head_dim"): (r"d_v", "width of a head's value"),
    (Attention, "qk_norm"): (r"n_\text{qk}", "values in the norms of queries and keys"),
    (Attention, "window"): ("w", "window"),
    (Attention, "extra_matrix"): (r"N_\text{gate}", "parameters of further matrices of attention"),
    (Attention, "extra"): (r"N_\text{extra}", "further parameters of attention"),
    (Attention, "extra_cache"): (r"c_\text{extra}", "further values in the cache for a token"),
    (Latent, "q_rank"): (r"r_\text{q}", "width of the compressed query"),
    (Latent, "kv_rank"): (r"r_\text{kv}", "width of the compressed keys and values"),
    (Latent, "nope_dim"): (r"d_\text{nope}", "part of a head without positions"),
    (Latent, "rope_dim"): (r"d_\text{rope}", "part of a head with positions"),
    (Recurrent, "matrix"): (r"N_\text{mix}", "parameters of the projections of a recurrent layer"),
    (Recurrent, "other"): (r"N_\text{state}", "remaining parameters of a recurrent layer"),
    (Recurrent, "state"): (r"s", "values in the state of a recurrent layer"),
    (Mlp, "d_ff"): ("F", "inner width of the MLP"),
    (Mlp, "biases"): (r"b_\text{mlp}", "bias values of an MLP"),
    (Mlp, "d_in"): (r"d_\text{in}", "width of an MLP's input"),
    (Experts, "n_experts"): ("E", "experts in a layer"),
    (Experts, "top_k"): ("k", "experts that a token uses"),
    (Experts, "router_bias"): (r"b_\text{router}", "bias values of a router"),
    (Layer, "other_matrix"): (r"N_\text{side}", "parameters of further matrices of a layer"),
    (Layer, "other"): (r"N_\text{layer}", "further parameters of a layer"),
}
"""Symbol and meaning of each size that a formula takes from a shape."""
COLUMNS = {
    (Latent, "q_rank", ""): "q_lora_rank",
    (Latent, "kv_rank", ""): "kv_lora_rank",
    (Latent, "rope_dim", ""): "qk_rope_dim",
    (Mlp, "d_ff", "expert"): "moe_d_ff",
    (Mlp, "d_ff", "shared"): "shared_d_ff",
    (Layer, "times", ""): "n_layers",
}
"""The column of the table `models` in which a size stands, where it has another name there."""
FOLLOWS = "follows from its other sizes"
ROLES = {"expert": ("e", "an expert"), "shared": ("s", "the shared experts")}
"""Index and name of an MLP by the field in which it stands."""
UNITS = {"window": "tokens"}


@dataclass(frozen=True)
class TracedLayer(Layer):
    """A layer of traced sizes; times: how many there are of its kind."""

    times: Any = field(default=None, compare=False)


@dataclass(frozen=True)
class TracedShape(TransformerShape):
    """A shape of traced sizes, whose layers are TracedLayers."""

    def kinds(self, encoder: bool = False) -> Mapping[Layer, Any]:
        """How many layers there are of each kind, traced; kinds that have been made alike are added."""
        found: dict[Layer, dict[int, Traced]] = {}
        for layer in (*self.layers, *(self.encoder_layers if encoder else ())):
            found.setdefault(layer, {})[id(layer.times)] = layer.times  # type: ignore[attr-defined]
        return {layer: sum(times.values()) for layer, times in found.items()}

    @property
    def n_layers(self) -> Any:
        """Layers of the decoder, traced."""
        return sum(self.kinds().values())


def origin_of(model: Model) -> Origin:
    """Where the sizes of a model come from: the row of the table, or a configuration."""
    row = row_of(model)
    if row is None:
        return Origin(CONFIGURED, "your configuration" if model.key == OWN else "its configuration on the Hugging Face hub")
    return Origin(PRINTED, "", row["source"], row["location"], int(row["verified"]))


def row_of(model: Model) -> dict[str, Any] | None:
    """The row of the table `models` of a published model; None for another."""
    rows = tables.load("models")
    return rows[rows["model"] == model.name].iloc[0].to_dict() if model.published else None


def traced_counts(model: Model, shape: TransformerShape) -> ParamCounts:
    """The parameters of a model from its traced shape; where a program has counted them in another way, as they were counted."""
    counts = count_params(shape)
    if count_params(model.shape) == model.counts:
        return counts
    counted = Origin(CONFIGURED, "counted by building the model")
    words = {one.name: one.name.replace("_", " ") for one in fields(ParamCounts)}
    return ParamCounts(
        **{
            name: given(getattr(model.counts, name), rf"N_\text{{{said}}}", f"{said} parameters", "parameters", counted)
            for name, said in words.items()
        }
    )


def traced_shape(model: Model, mark: str = "", among: str = "") -> TracedShape:
    """The shape of a model with every size as a traced number. mark: index of its symbols, where several models stand in one equation."""
    return of_shape(model.shape, origin_of(model), mark, among, row=row_of(model))


def of_shape(
    shape: TransformerShape,
    origin: Origin,
    mark: str = "",
    among: str = "",
    but: Mapping[tuple, Origin] = MappingProxyType({}),
    row: Mapping | None = None,
) -> TracedShape:
    """A shape with every size as a traced number of one origin.

    among: whose it is, said with the meaning of each. but: the origins of some: (Experts, "top_k", ""), or (Layer, "times", "").
    row: of the table `models` behind the origin: of sizes that do not stand in it is said that they follow from those that do.
    """

    def where(place: tuple, value: int) -> Origin:
        if row is None or place in but or row.get(COLUMNS.get(place, place[1])) == value:
            return but.get(place, origin)
        return Origin(CONFIGURED, FOLLOWS, origin.source, origin.location)

    whole = f" ({among})" if among else ""
    stack = Counter((*shape.layers, *shape.encoder_layers))
    found: dict[tuple, list[int]] = {}
    for layer in stack:
        for place, value in _sizes(layer, ""):
            known = found.setdefault(place, [])
            if value not in known:
                known.append(value)

    def size(place: tuple, value: int) -> Traced:
        kind, name, role = place
        symbol, meaning = SIZES[kind, name]
        several = found.get(place, [])
        indexes = [index for index in (ROLES.get(role, ("",))[0], str(several.index(value) + 1) if len(several) > 1 else "", mark) if index]
        if role in ROLES:
            meaning = meaning.replace("an MLP", ROLES[role][1]).replace("the MLP", ROLES[role][1])
        return given(value, _indexed(symbol, indexes), meaning + whole, UNITS.get(name, ""), where(place, value))

    traced = {}
    for at, (layer, number) in enumerate(stack.items()):
        one = len(stack) == 1
        symbol = _indexed("L", [index for index in ("" if one else str(at + 1), mark) if index])
        times = given(
            number,
            symbol,
            ("layers" if one else f"layers of kind {at + 1}: {described(layer)}") + whole,
            "",
            where((Layer, "times", ""), number),
        )
        sizes = _replaced(layer, "", size)
        traced[layer] = TracedLayer(**{one.name: getattr(sizes, one.name) for one in fields(Layer)}, times=times)
    outer = {one.name: getattr(shape, one.name) for one in fields(TransformerShape)}
    for name, value in outer.items():
        if (TransformerShape, name) in SIZES and value:
            outer[name] = size((TransformerShape, name, ""), value)
    outer |= {name: tuple(traced[layer] for layer in outer[name]) for name in ("layers", "encoder_layers")}
    return TracedShape(**outer)


def described(layer: Layer) -> str:
    """What sets a kind of layer apart, in words."""
    mixer = layer.mixer
    words = ["no attention" if mixer is None else "a recurrent mixer" if isinstance(mixer, Recurrent) else "attention"]
    if isinstance(mixer, Attention):
        words = [f"attention within {mixer.window:,} tokens" if mixer.window else "attention to everything"]
    if layer.cross:
        words.append("attention to the encoder")
    if layer.experts:
        words.append(f"{layer.experts.n_experts:,} experts")
    elif layer.mlp:
        words.append("one MLP")
    return ", ".join(words)


def _indexed(symbol: str, indexes: list[str]) -> str:
    if not indexes:
        return symbol
    base, _, index = symbol.partition("_")
    index = index.removeprefix(r"\text{").removesuffix("}") if index else ""
    return rf"{base}_\text{{{','.join([*([index] if index else []), *indexes])}}}"


def _sizes(part: Any, role: str) -> Iterable[tuple[tuple, int]]:
    """The sizes in a part of a shape, each with its place: kind of part, field, and role of the part."""
    for one in fields(part):
        value = getattr(part, one.name)
        if is_dataclass(value):
            yield from _sizes(value, one.name)
        elif (type(part), one.name) in SIZES and value:
            yield (type(part), one.name, role if role in ROLES else ""), value


def _replaced(part: Any, role: str, size: Callable[[tuple, int], Traced]) -> Any:
    changed: dict[str, Any] = {}
    for one in fields(part):
        value = getattr(part, one.name)
        if is_dataclass(value):
            changed[one.name] = _replaced(value, one.name, size)
        elif (type(part), one.name) in SIZES and value:
            changed[one.name] = size((type(part), one.name, role if role in ROLES else ""), value)
    if isinstance(part, Attention) and part.v_head_dim == part.head_dim:
        changed["v_head_dim"] = changed["head_dim"]
    return replace(part, **changed)
