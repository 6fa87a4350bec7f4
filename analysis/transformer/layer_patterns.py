"""Which layers of a configuration attend how, and which have experts: rules by model_type where no list says it.

A pattern takes the reader of a configuration and the number of layers and gives the kind of each layer, in the words of
transformers: "full_attention", "sliding_attention", "chunked_attention", "linear_attention", "conv". A rule for experts gives
whether each layer has them.
"""

from analysis.transformer.reader import MOST_LAYERS, Reader, as_typed

FULL, SLIDING, CHUNKED, LINEAR = "full_attention", "sliding_attention", "chunked_attention", "linear_attention"
SPARSE = "minimax_m3_sparse"
OLD_WORDS = {"attention": FULL, "full": FULL, "sliding": SLIDING, "mamba": LINEAR, "linear": LINEAR}
NEMOTRON_LETTERS = {"M": LINEAR, "E": "moe", "*": FULL, "-": "mlp"}


def layer_kinds(read: Reader, pattern, window: str) -> list[str]:
    """The kind of each layer: as the configuration lists them, else by the pattern, else all alike.

    window: "all" where every layer has the window that is set, "if_used" where use_sliding_window switches it on.
    """
    if pattern is nemotron_h:
        return nemotron_h(read)
    n_layers = read.size("num_hidden_layers", most=MOST_LAYERS)
    kinds = listed(read, n_layers) if pattern else None
    if kinds is None:
        kinds = pattern(read, n_layers) if pattern else [SLIDING if window else FULL] * n_layers
    if window == "if_used" and not read.flag("use_sliding_window"):
        kinds = [FULL if kind == SLIDING else kind for kind in kinds]
    return kinds


def listed(read: Reader, n_layers: int) -> list[str] | None:
    """The kinds that the configuration lists, None if it lists none. Raises ValueError for a list of another length."""
    words = read.words("layer_types")
    if words is None:
        return None
    if len(words) != n_layers:
        raise ValueError(f"layer_types must have one entry for each of the {n_layers} layers, got {len(words)}")
    return [OLD_WORDS.get(word, word) for word in words]


def must_list(read: Reader, n_layers: int) -> list[str]:
    """For architectures without a rule. Raises ValueError."""
    raise ValueError("the configuration has no layer_types, and this architecture has no rule for them")


def all_full(read: Reader, n_layers: int) -> list[str]:
    """Every layer attends to everything."""
    return [FULL] * n_layers


def all_linear(read: Reader, n_layers: int) -> list[str]:
    """Every layer is recurrent."""
    return [LINEAR] * n_layers


def sliding_if_set(read: Reader, n_layers: int) -> list[str]:
    """Every layer has the window that is set."""
    return [SLIDING] * n_layers


def every(step: int, kind: str = FULL, others: str = SLIDING, start: int | None = None):
    """The pattern in which every step-th layer is of one kind, the last of each step unless start says otherwise.

    >>> every(3)(None, 4)
    ['sliding_attention', 'sliding_attention', 'full_attention', 'sliding_attention']
    """
    first = step - 1 if start is None else start

    def pattern(read: Reader, n_layers: int) -> list[str]:
        return [kind if index % step == first else others for index in range(n_layers)]

    return pattern


def by_key(key: str, default: int, others: str = SLIDING):
    """The pattern in which every k-th layer attends to everything, k being a field of the configuration; 0: none has a window."""

    def pattern(read: Reader, n_layers: int) -> list[str]:
        step = read.size(key, required=False, least=0)
        step = default if step is None else step
        if step == 0 or (others == SLIDING and read.size("sliding_window", required=False, least=0) is None):
            return [FULL] * n_layers
        return every(step, FULL, others)(read, n_layers)

    return pattern


def spelled(letters: str, n_layers: int) -> list[str]:
    """The kinds of layers in a text of L (local) and G (global) that repeats; the last layer attends to everything (EXAONE).

    Source: docstring of transformers' Exaone4Config, sliding_window_pattern. Raises ValueError for other letters.

    >>> spelled("LLG", 5)
    ['sliding_attention', 'sliding_attention', 'full_attention', 'sliding_attention', 'full_attention']
    """
    if not 0 < len(letters) <= MOST_LAYERS or set(letters) - {"L", "G"}:
        raise ValueError(f"sliding_window_pattern must be a number, or a text of the letters L and G, got {as_typed(letters)}")
    kinds = [SLIDING if letters[index % len(letters)] == "L" else FULL for index in range(n_layers)]
    return [*kinds[:-1], FULL]


def after_max_window_layers(read: Reader, n_layers: int) -> list[str]:
    """Layers from max_window_layers on have the window (Qwen)."""
    first = read.size("max_window_layers", required=False, least=0) or 0
    windowed = read.size("sliding_window", required=False, least=0) is not None
    return [SLIDING if windowed and index >= first else FULL for index in range(n_layers)]


def qwen2_moe(read: Reader, n_layers: int) -> list[str]:
    """Every other layer before max_window_layers has the window."""
    last = read.size("max_window_layers", required=False, least=0) or 0
    return [SLIDING if index % 2 == 0 and index < last else FULL for index in range(n_layers)]


def attention_types(read: Reader, n_layers: int) -> list[str]:
    """GPT-Neo: [[["global", "local"], 12]] repeats the words 12 times."""
    _name, groups, _held = read.find("attention_types")
    try:
        words = [word for kinds, times in groups for _ in range(min(times, MOST_LAYERS)) for word in kinds]
        fits = len(words) == n_layers and set(words) <= {"global", "local"}
    except (TypeError, ValueError):
        fits = groups is None and n_layers == 24
        words = ["global", "local"] * 12
    if not fits:
        raise ValueError(f"attention_types must give global or local for each of the {n_layers} layers, got {as_typed(groups)}")
    return [SLIDING if word == "local" else FULL for word in words]


def no_rope(kind: str, where_no_rope: bool):
    """The pattern by no_rope_layers: layers with (or without) rotary positions are of a kind, the others attend to everything."""

    def pattern(read: Reader, n_layers: int) -> list[str]:
        flags = read.numbers("no_rope_layers")  # 1: has rotary positions
        if not flags:
            step = read.size("no_rope_layer_interval", required=False) or 4
            flags = [int((index + 1) % step != 0) for index in range(n_layers)]
        if len(flags) != n_layers:
            raise ValueError(f"no_rope_layers must have one entry for each of the {n_layers} layers, got {len(flags)}")
        return [kind if bool(flag) != where_no_rope else FULL for flag in flags]

    return pattern


def gemma4(read: Reader, n_layers: int) -> list[str]:
    """Five layers with a window, then one without; the last never has one."""
    return every(6)(read, n_layers)


def mimo(read: Reader, n_layers: int) -> list[str]:
    """The first layer and every sixth attend to everything."""
    return [FULL if index == 0 or index % 6 == 5 else SLIDING for index in range(n_layers)]


def flint(read: Reader, n_layers: int) -> list[str]:
    """The first two layers, every fourth and the last attend to everything."""
    return [FULL if index < 2 or index % 4 == 1 or index == n_layers - 1 else SLIDING for index in range(n_layers)]


def lfm2(read: Reader, n_layers: int) -> list[str]:
    """Layers of full_attn_idxs attend, the others are convolutions."""
    attending = read.numbers("full_attn_idxs")
    return [FULL if attending is None or index in attending else "conv" for index in range(n_layers)]


def lfm3(read: Reader, n_layers: int) -> list[str]:
    """Of four layers the first has a window (but the first of all), the third attends to everything, the others are convolutions."""
    return [FULL if index % 4 == 2 else SLIDING if index % 4 == 0 and index else "conv" for index in range(n_layers)]


def olmo_hybrid(read: Reader, n_layers: int) -> list[str]:
    """Every fourth layer attends; the last does where none would."""
    kinds = every(4, FULL, LINEAR)(read, n_layers)
    return kinds if FULL in kinds else [*kinds[:-1], FULL]


def beam(read: Reader, n_layers: int) -> list[str]:
    """Every sixth layer and the last attend to everything."""
    return [*every(6)(read, n_layers)[:-1], FULL]


def minimax_m3(read: Reader, n_layers: int) -> list[str]:
    """Layers with an indexer where sparse_attention_config lists them, else none."""
    sparse = read.numbers("sparse_attention_config.sparse_attention_freq")
    return [SPARSE if sparse and index < len(sparse) and sparse[index] else FULL for index in range(n_layers)]


def kimi(read: Reader, n_layers: int) -> list[str]:
    """Layers that linear_attn_config numbers from 1, else every fourth but the first."""
    full = read.numbers("linear_attn_config.full_attn_layers")
    return [FULL if (index + 1 in full if full is not None else index and index % 4 == 0) else LINEAR for index in range(n_layers)]


def nemotron_h(read: Reader) -> list[str]:
    """One part for each layer: from letters (M, E, *, -) or a list of words; num_hidden_layers does not count."""
    _name, letters, held = read.find("hybrid_override_pattern")
    words = read.words("layers_block_type") or read.words("layer_types")
    if words is None and held:
        if not isinstance(letters, str) or set(letters) - set(NEMOTRON_LETTERS) or not 0 < len(letters) <= MOST_LAYERS:
            raise ValueError(f"hybrid_override_pattern must be made of the letters M, E, * and -, got {as_typed(letters)}")
        return [NEMOTRON_LETTERS[letter] for letter in letters]
    kinds = [OLD_WORDS.get(word, word) for word in words or ()]
    if not kinds or set(kinds) - set(NEMOTRON_LETTERS.values()):
        raise ValueError("the configuration needs hybrid_override_pattern or layers_block_type with one known word for each layer")
    return kinds


# --- which layers have experts ---------------------------------------------------------------------------------------


def all_sparse(read: Reader, n_layers: int) -> list[bool]:
    """Every layer."""
    return [True] * n_layers


def first_dense(key: str):
    """All but the first layers, as many as a field says."""

    def rule(read: Reader, n_layers: int) -> list[bool]:
        first = read.size(key, required=False, least=0) or 0
        return [index >= first for index in range(n_layers)]

    return rule


def mlp_layer_types(dense: int | None = None, default: int = 0):
    """As mlp_layer_types lists, else all but the first: as many as first_k_dense_replace, or as the architecture fixes (dense)."""

    def rule(read: Reader, n_layers: int) -> list[bool]:
        words = read.words("mlp_layer_types")
        if words is None:
            first = dense
            if first is None:
                first = read.size("first_k_dense_replace", required=False, least=0)
                first = default if first is None else first
            return [index >= first for index in range(n_layers)]
        if len(words) != n_layers or set(words) - {"dense", "sparse"}:
            raise ValueError(f"mlp_layer_types must say dense or sparse for each of the {n_layers} layers, got {as_typed(words)}")
        return [word == "sparse" for word in words]

    return rule


def moe_layer_freq(read: Reader, n_layers: int) -> list[bool]:
    """As mlp_layer_types lists, else as the numbers of moe_layer_freq say, else every layer."""
    numbers = read.numbers("moe_layer_freq")
    if read.holds("mlp_layer_types") or not numbers:
        return mlp_layer_types(dense=0)(read, n_layers)
    if len(numbers) != n_layers:
        raise ValueError(f"moe_layer_freq must have one entry for each of the {n_layers} layers, got {len(numbers)}")
    return [number != 0 for number in numbers]


def sparse_step(read: Reader, n_layers: int) -> list[bool]:
    """Every decoder_sparse_step-th layer that is not in mlp_only_layers (Qwen)."""
    step = read.size("decoder_sparse_step", required=False) or 1
    dense = set(read.numbers("mlp_only_layers") or ())
    return [index not in dense and (index + 1) % step == 0 for index in range(n_layers)]


def ernie(read: Reader, n_layers: int) -> list[bool]:
    """Every moe_layer_interval-th layer from moe_layer_start_index to moe_layer_end_index, -1 being the last."""
    step = read.size("moe_layer_interval", required=False) or 1
    start = read.size("moe_layer_start_index", required=False, least=0) or 0
    end = read.size("moe_layer_end_index", required=False, least=-1)
    end = n_layers - 1 if end in (None, -1) else end
    return [(index + 1) % step == 0 and start <= index <= end for index in range(n_layers)]


def period(read: Reader, n_layers: int) -> list[bool]:
    """Layers at expert_layer_offset of each expert_layer_period, where there is more than one expert (Jamba)."""
    step, offset = read.size("expert_layer_period"), read.size("expert_layer_offset", least=0)
    several = read.size("num_experts") > 1
    return [several and index % step == offset for index in range(n_layers)]


def llama4_sparse(read: Reader, n_layers: int) -> list[bool]:
    """Layers of moe_layers, else every interleave_moe_layer_step-th."""
    layers = read.numbers("moe_layers")
    step = read.size("interleave_moe_layer_step", required=False) or 1
    return [index in layers if layers is not None else (index + 1) % step == 0 for index in range(n_layers)]
