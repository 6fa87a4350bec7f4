"""Text to tokens and back, the way lm_eval does it, and which tokens end a line."""

from collections.abc import Sequence

MEMO_TEXTS = 20_000


def encode(opened, texts: Sequence[str]) -> list[list[int]]:
    """The token ids of texts, with the special tokens that the tokenizer adds by itself, unless a text begins with one already.

    Kept for the texts of a run, since each is needed twice: to sort by length, and to be sent.
    """
    memo = opened.memo.setdefault("ids", {})
    lacking = [text for text in dict.fromkeys(texts) if text not in memo]
    if len(memo) + len(lacking) > MEMO_TEXTS:
        memo.clear()
        lacking = list(dict.fromkeys(texts))
    begin = opened.tokenizer.bos_token
    for bare in (False, True):
        part = [text for text in lacking if bool(begin and text.startswith(begin)) == bare]
        if part:
            options = {"add_special_tokens": False} if bare else {}
            memo |= zip(part, opened.tokenizer(part, **options)["input_ids"], strict=True)
    return [list(memo[text]) for text in texts]


def encode_pair(opened, context: str, continuation: str) -> tuple[list[int], list[int]]:
    """(ids of the context, ids of the continuation) for a log-likelihood: blanks at the end of the context go to the continuation.

    Both are cut out of the ids of the whole text, so that a token across the border counts to the continuation. An empty context
    becomes the token that begins a text.
    """
    if not context:
        begin = opened.tokenizer.bos_token_id if opened.tokenizer.bos_token_id is not None else opened.tokenizer.eos_token_id
        ids = opened.tokenizer(continuation, add_special_tokens=False)["input_ids"]
        return ([begin], ids) if begin is not None and ids[:1] != [begin] else (ids[:1], ids[1:])
    bare = context.rstrip()
    if bare != context:
        continuation = context[len(bare) :] + continuation
    whole, before = encode(opened, [bare + continuation, bare])
    return before, whole[len(before) :]


def drafts(opened, prompts: Sequence[str], answers: Sequence[str]) -> list[list[int]]:
    """The tokens that each answer would have behind its prompt, as a guess of what the model writes; [] where that is not clear."""
    memo = opened.memo.setdefault("drafts", {})
    keys = [(prompt.rsplit("\n", 1)[-1], answer) for prompt, answer in zip(prompts, answers, strict=True)]
    if len(memo) > MEMO_TEXTS:
        memo.clear()
    lacking = [key for key in dict.fromkeys(keys) if key not in memo]
    if lacking:
        texts = [text for tail, answer in lacking for text in (tail, tail + answer)]
        ids = opened.tokenizer(texts, add_special_tokens=False)["input_ids"]
        for key, before, whole in zip(lacking, ids[::2], ids[1::2], strict=True):
            memo[key] = whole[len(before) :] if whole[: len(before)] == before else []
    return [list(memo[key]) for key in keys]


def line_ends(opened) -> frozenset[int]:
    """The tokens with a newline in their text."""
    if "line_ends" not in opened.memo:
        tokens = range(len(opened.tokenizer))
        texts = opened.tokenizer.batch_decode([[token] for token in tokens])
        opened.memo["line_ends"] = frozenset(token for token, text in zip(tokens, texts, strict=True) if "\n" in text)
    return opened.memo["line_ends"]


def text_ends(opened) -> frozenset[int]:
    """The tokens that end a text: of the model's settings for generating, and of the tokenizer."""
    settings = getattr(opened.model, "generation_config", None)
    named = getattr(settings, "eos_token_id", None)
    ids = {opened.tokenizer.eos_token_id, *(named if isinstance(named, list | tuple) else [named])}
    return frozenset(int(token) for token in ids if token is not None)


def first_line(opened, ids: Sequence[int]) -> str:
    """The text of generated tokens up to the first newline or end of text."""
    text = opened.tokenizer.decode(list(ids), skip_special_tokens=True).split("\n")[0]
    return text.split(opened.tokenizer.eos_token)[0] if opened.tokenizer.eos_token else text


def shared_length(opened, ids: Sequence[int]) -> int:
    """How many tokens of a prompt stand before its last line: what few-shot prompts have in common. 0 where there is one line only."""
    ends = line_ends(opened)
    return next((at + 1 for at in range(len(ids) - 2, -1, -1) if ids[at] in ends), 0)
