"""Greedy continuations and log-likelihoods of a batch, exact and with as few passes as that allows."""

from collections.abc import Set

from analysis.probe import inference_cache, inference_room

NOTHING: frozenset[int] = frozenset()
TOGETHER = 32
"""Continuations of about the same length that are run together, so that little of a pass is padding."""


def continuations(opened, prompts: list[list[int]], drafts: list[list[int]], most: int, ends: Set[int] = NOTHING) -> list[list[int]]:
    """What the model writes after each prompt, greedily: token ids up to one of ends (included), or so many.

    drafts: guesses of the continuations. One pass over prompt and guess says whether greedy decoding would have written it; where it
    leaves the guess it goes on token by token, so the outcome is the same with any guess. Rows that have ended are dropped.
    """
    import torch

    drafts = [draft[: most - 1] for draft in drafts]
    filled = inference_cache.fill(opened, prompts, drafts, most)
    said = best(filled.logits)
    longest = said.shape[1] - 1
    out: list[list[int]] = []
    going, accepted = [], []
    for row, (draft, tokens) in enumerate(zip(drafts, said.tolist(), strict=True)):
        taken = tokens[:1]
        while len(taken) <= len(draft) and taken[-1] == draft[len(taken) - 1] and taken[-1] not in ends:
            taken.append(tokens[len(taken)])
        out.append(taken)
        if taken[-1] not in ends and len(taken) < most:
            going.append(row)
            accepted.append(len(taken) - 1)
    if not going:
        return out
    cache, mask = filled.cache, filled.mask[going]
    if len(going) < len(prompts):
        cache.batch_select_indices(torch.tensor(going, device=mask.device))
    slots = torch.arange(longest, device=mask.device)
    mask[:, filled.draft_at :] = (slots[None] < torch.tensor(accepted, device=mask.device)[:, None]).to(mask.dtype)
    ended: set[int] = set()
    while len(ended) < len(going):
        mask = torch.cat([mask, mask.new_ones((len(going), 1))], dim=1)
        logits = opened.model(
            input_ids=torch.tensor([out[row][-1:] for row in going], device=mask.device),
            attention_mask=mask,
            position_ids=torch.tensor([[filled.lengths[row] + len(out[row]) - 1] for row in going], device=mask.device),
            past_key_values=cache,
            use_cache=True,
        ).logits
        for row, token in zip(going, best(logits)[:, -1].tolist(), strict=True):
            if row not in ended:
                out[row].append(token)
                if token in ends or len(out[row]) >= most:
                    ended.add(row)
        if len(ended) < len(going) <= 2 * len(ended):  # dropping rows copies the others
            stays = [at for at, row in enumerate(going) if row not in ended]
            chosen = torch.tensor(stays, device=mask.device)
            mask, going, ended = mask[chosen], [going[at] for at in stays], set()
            cache.batch_select_indices(chosen)
    return out


def log_likelihoods(opened, pairs: list[tuple[list[int], list[int]]]) -> list[tuple[float, bool]]:
    """(sum of the log-probabilities of the continuation's tokens, whether greedy decoding would write it) for each (context, continuation).

    A context that several continuations share is run once.
    """
    import torch

    contexts = list(dict.fromkeys(tuple(context) for context, _ in pairs))
    place = {context: at for at, context in enumerate(contexts)}
    filled = inference_cache.fill(opened, [list(context) for context in contexts], [[] for _ in contexts], 0)
    first, said = torch.log_softmax(filled.logits[:, -1], dim=-1), best(filled.logits)[:, -1].tolist()
    rows = [place[tuple(context)] for context, _ in pairs]
    at_first = first[torch.tensor(rows, device=first.device), torch.tensor([ids[0] for _, ids in pairs], device=first.device)].tolist()
    out = [(value, said[row] == ids[0]) for value, row, (_, ids) in zip(at_first, rows, pairs, strict=True)]
    longer = sorted((at for at, (_, ids) in enumerate(pairs) if len(ids) > 1), key=lambda at: len(pairs[at][1]))
    for start in range(0, len(longer), TOGETHER):
        part = longer[start : start + TOGETHER]
        found = _rest(opened, filled, [rows[at] for at in part], [pairs[at][1] for at in part])
        for at, (total, same) in zip(part, found, strict=True):
            out[at] = (out[at][0] + total, out[at][1] and same)
    return out


def _rest(opened, filled: inference_cache.Filled, rows: list[int], continuations: list[list[int]]) -> list[tuple[float, bool]]:
    """`log_likelihoods` of all tokens but the first of continuations, each behind a row of what was filled."""
    import torch

    device, width = filled.mask.device, max(map(len, continuations)) - 1
    chosen = torch.tensor(rows, device=device)
    padded = [ids + [0] * (width + 1 - len(ids)) for ids in continuations]
    starts = torch.tensor([filled.lengths[row] for row in rows], device=device)[:, None]
    slots = torch.arange(width, device=device)[None]
    inside = slots < torch.tensor([len(ids) - 1 for ids in continuations], device=device)[:, None]
    logits = opened.model(
        input_ids=torch.tensor([ids[:-1] for ids in padded], device=device),
        position_ids=(starts + slots) * inside,
        attention_mask=torch.cat([filled.mask[chosen], inside.to(filled.mask.dtype)], dim=1),
        past_key_values=inference_room.select(filled.cache, chosen, width),
        use_cache=True,
    ).logits
    wanted = torch.tensor([ids[1:] for ids in padded], device=device)
    found = torch.log_softmax(logits, dim=-1).gather(2, wanted[..., None])[..., 0]
    sums = torch.where(inside, found, 0).sum(-1).tolist()
    greedy = ((best(logits) == wanted) | ~inside).all(-1).tolist()
    return list(zip(sums, greedy, strict=True))


def best(logits):
    """The most likely token at each place. Raises ValueError where the numbers have run over, as in float16 they may."""
    values, tokens = logits.max(-1)
    if not values.isfinite().all():
        kind = str(logits.dtype).removeprefix("torch.")
        raise ValueError(
            f"dtype: the model's numbers run over in {kind}; choose bfloat16 or float32"
            if kind != "float32"
            else "model: its weights give numbers that are not finite"
        )
    return tokens
