"""Which parameters of a model that transformers has built belong to its language model: its decoder and the output layer, or the
whole of an encoder-decoder, and nothing that reads images or sound.

Only for the worker process: transformers is imported inside the functions.
"""

from collections.abc import Iterator
from typing import Any

SHARED = ("shared", "prophetnet.word_embeddings")
STACK_TABLES = tuple(f"{stack}.{table}.weight" for stack in ("encoder", "decoder") for table in ("embed_tokens", "word_embeddings"))
"""The shared token table again, where an encoder-decoder whose output layer is untied is built without tying anything."""


def language_parameters(model) -> Iterator[tuple[str, Any]]:
    """(name, parameter) of the language model in a model, tied ones once.

    A tower is a pretrained model inside the decoder that takes no text; it is left out with what is around it there. Where a model has a
    text configuration inside its own, all but the decoder and the output layer is left out as well.
    """
    kept, left_out = language_parts(model)
    shared = any(name.endswith(SHARED) for name, _ in model.named_modules())
    for name, parameter in model.named_parameters():
        if not any(starts(name, part) for part in kept) or any(starts(name, part) for part in left_out):
            continue
        if shared and is_encoder_decoder(model.config) and name.endswith(STACK_TABLES):
            continue
        yield name, parameter


def language_parts(model) -> tuple[list[str], list[str]]:
    """Names of the modules of a model that are its language model, and of the towers inside them."""
    names = {id(module): name for name, module in model.named_modules()}
    decoder, output = model.get_decoder(), model.get_output_embeddings()
    stacks = [decoder]
    kept = [""]
    if is_encoder_decoder(model.config):
        stacks.append(model.get_encoder())
    elif text_config_of(model.config) is not model.config:
        kept = [names[id(part)] for part in (decoder, output) if id(part) in names]
    towers = [child for stack in stacks if reads_text(stack) for child in stack.children() if holds_tower(child)]
    return kept, [names[id(tower)] for tower in towers if id(tower) in names]


def is_encoder_decoder(config) -> bool:
    """Whether a configuration says that its model is an encoder and a decoder."""
    return bool(getattr(config, "is_encoder_decoder", False))


def text_config_of(config):
    """The configuration of the language model inside a model's; itself for an encoder-decoder, whose stacks share one."""
    return config if is_encoder_decoder(config) else config.get_text_config(decoder=True)


def reads_text(module) -> bool:
    """Whether text is among what a module takes, as transformers says of its pretrained models; True where it says nothing."""
    modalities = getattr(module, "input_modalities", "text")
    return "text" in ((modalities,) if isinstance(modalities, str) else modalities)


def holds_tower(module) -> bool:
    """Whether a module is, or holds, a pretrained model that takes no text."""
    return any(not reads_text(part) for part in module.modules())


def starts(name: str, part: str) -> bool:
    """Whether a parameter's name begins with that of a module.

    >>> starts("model.layers.0.weight", "model.layers"), starts("model.layers_2.weight", "model.layers"), starts("head.bias", "")
    (True, False, True)
    """
    return not part or name == part or name.startswith(part + ".")
