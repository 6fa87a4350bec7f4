"""The same answers as `engine_greedy` for models whose cache cannot be shared: as transformers generates by itself, and one full pass."""

from collections.abc import Set

from analysis.probe.inference_greedy import NOTHING, best


def continuations(opened, prompts: list[list[int]], most: int, ends: Set[int] = NOTHING) -> list[list[int]]:
    """What the model writes after each prompt, greedily: token ids up to one of ends (included), or so many."""
    import torch
    from transformers import StoppingCriteria, StoppingCriteriaList

    width, device = max(map(len, prompts)), opened.model.device
    stop = torch.tensor(sorted(ends), device=device, dtype=torch.long)

    class Ended(StoppingCriteria):
        def __call__(self, input_ids, scores, **kwargs):
            return torch.isin(input_ids[:, width:], stop).any(-1)

    pad = opened.tokenizer.pad_token_id if opened.tokenizer.pad_token_id is not None else opened.tokenizer.eos_token_id
    ids = torch.tensor([[pad] * (width - len(ids)) + ids for ids in prompts], device=device)
    mask = torch.tensor([[0] * (width - len(ids)) + [1] * len(ids) for ids in prompts], device=device)
    options = {} if ends else {"eos_token_id": -1}
    written = opened.model.generate(
        input_ids=ids,
        attention_mask=mask,
        max_length=width + most,
        do_sample=False,
        pad_token_id=pad,
        use_cache=True,
        stopping_criteria=StoppingCriteriaList([Ended()] if ends else []),
        **options,
    )[:, width:].tolist()
    return [row[: next((at + 1 for at, token in enumerate(row) if token in ends), len(row))] for row in written]


def log_likelihoods(opened, pairs: list[tuple[list[int], list[int]]]) -> list[tuple[float, bool]]:
    """(sum of the log-probabilities, whether greedy) for each (context, continuation), each run in full and padded on the right."""
    import torch

    rows = [(context + ids)[:-1] for context, ids in pairs]
    width = max(map(len, rows))
    logits = opened.model(input_ids=torch.tensor([row + [0] * (width - len(row)) for row in rows], device=opened.model.device)).logits
    out = []
    for at, (row, (_, ids)) in enumerate(zip(rows, pairs, strict=True)):
        part = logits[at, len(row) - len(ids) : len(row)]
        wanted = torch.tensor(ids, device=part.device)
        value = torch.log_softmax(part, dim=-1).gather(1, wanted[:, None]).sum().item()
        out.append((value, bool((best(part) == wanted).all())))
    return out
