"""Running a model over a batch of prompts: what precedes the last line is run once for all rows that share it."""

from dataclasses import dataclass
from typing import Any

from analysis.probe import inference_room, inference_text

MIN_SHARED = 8
"""Tokens before the last line from which it pays to run them apart."""
KEPT = 4
"""Shared beginnings whose keys and values are kept for the next batch."""
FAST = {
    "gpt_neox", "gpt2", "llama", "mistral", "mixtral", "qwen2", "qwen3", "gemma", "gemma2", "phi", "phi3", "olmo", "olmo2",
    "gptj", "opt", "starcoder2", "granite", "smollm3",
}  # fmt: skip
"""Kinds of models whose positions and masks can be given freely; the others are run as transformers generates by itself."""


@dataclass
class Filled:
    """A batch after its first pass. logits: rows x (draft + 1) x vocabulary, from the last token of the prompt on.

    cache: keys and values. mask: rows x slots, 1 where a slot holds a token of the row. lengths: tokens of each prompt. draft_at: the
    slot of the first token of the drafts.
    """

    logits: Any
    cache: Any
    mask: Any
    lengths: list[int]
    draft_at: int


def can_share(opened, length: int) -> bool:
    """Whether the model's keys and values may be cut and joined for contexts of this length; if not, `engine_plain` runs it."""
    config = getattr(opened.model.config, "text_config", None) or opened.model.config
    if config.model_type not in FAST:
        return False
    window = getattr(config, "sliding_window", None)
    return not window or length <= window or getattr(config, "use_sliding_window", True) is False


def generates_plainly(opened) -> bool:
    """Whether the model's own settings for generating leave greedy decoding as it is, without penalties or forced tokens."""
    settings = getattr(opened.model, "generation_config", None)
    usual = {"repetition_penalty": 1.0, "no_repeat_ngram_size": 0, "min_length": 0, "num_beams": 1, "encoder_repetition_penalty": 1.0}
    never = (
        "min_new_tokens",
        "suppress_tokens",
        "begin_suppress_tokens",
        "bad_words_ids",
        "forced_bos_token_id",
        "forced_eos_token_id",
        "sequence_bias",
        "exponential_decay_length_penalty",
        "watermarking_config",
        "guidance_scale",
    )
    return all(getattr(settings, name, None) in (None, value) for name, value in usual.items()) and all(
        getattr(settings, name, None) in (None, [], 1, 1.0) for name in never
    )


def fill(opened, prompts: list[list[int]], drafts: list[list[int]], more: int) -> Filled:
    """Run prompts, each followed by a guess of its continuation, through the model; the cache has room for so many tokens more.

    Slots: shared beginning, padded on the left | last line, padded on the left | draft, padded on the right.
    """
    import torch

    device = opened.model.device
    shared = _shared_lengths(opened, prompts)
    beginnings = [tuple(ids[:length]) for ids, length in zip(prompts, shared, strict=True)]
    rest = [ids[length:] for ids, length in zip(prompts, shared, strict=True)]
    width, longest = max(map(len, rest)), max(map(len, drafts))
    cache, before = _joined(opened, beginnings, width + longest + more)
    ids, mask, positions = [], [], []
    for beginning, line, draft in zip(beginnings, rest, drafts, strict=True):
        left, right = width - len(line), longest - len(draft)
        start, used = len(beginning), len(line) + len(draft)
        ids.append([0] * left + line + draft + [0] * right)
        mask.append([0] * (before - start) + [1] * start + [0] * left + [1] * used + [0] * right)
        positions.append([0] * left + list(range(start, start + used)) + [0] * right)
    full = torch.tensor(mask, device=device)
    out = opened.model(
        input_ids=torch.tensor(ids, device=device),
        attention_mask=full,
        position_ids=torch.tensor(positions, device=device),
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=longest + 1,
    )
    return Filled(out.logits, out.past_key_values, full, [len(ids) for ids in prompts], before + width)


def _shared_lengths(opened, prompts: list[list[int]]) -> list[int]:
    """How many tokens of each prompt are run apart: all before the last line, if at least every second row shares them with another.

    Depends on the batch only and not on what was run before, so that a resumed run gives the same numbers.
    """
    lengths = [inference_text.shared_length(opened, ids) for ids in prompts]
    lengths = [length if length >= MIN_SHARED else 0 for length in lengths]
    distinct = {tuple(ids[:length]) for ids, length in zip(prompts, lengths, strict=True)}
    return lengths if len(distinct) <= max(1, len(prompts) // 2) else [0] * len(prompts)


def _joined(opened, beginnings: list[tuple[int, ...]], more: int):
    """(cache, slots) with the keys and values of each row's beginning, padded on the left, and room for so many tokens more."""
    slots = max(map(len, beginnings))
    made = inference_room.make(opened, slots + more)
    if slots:
        rows: dict[tuple[int, ...], list[int]] = {}
        for row, beginning in enumerate(beginnings):
            rows.setdefault(beginning, []).append(row)
        parts = [(where, _of_beginning(opened, beginning)) for beginning, where in rows.items()]
        inference_room.place(made, parts, len(beginnings), slots)
    return made, slots


def _of_beginning(opened, beginning: tuple[int, ...]) -> list:
    """Keys and values of each layer for one beginning, run by itself, from the last few that were needed."""
    import torch

    if not beginning:
        return []
    kept = opened.memo.setdefault("beginnings", {})
    if beginning not in kept:
        while len(kept) >= KEPT:
            kept.pop(next(iter(kept)))
        out = opened.model(input_ids=torch.tensor([beginning], device=opened.model.device), use_cache=True, logits_to_keep=1)
        kept[beginning] = [(layer.keys, layer.values) for layer in out.past_key_values.layers]
    kept[beginning] = kept.pop(beginning)  # the last one used is the last one dropped
    return kept[beginning]
