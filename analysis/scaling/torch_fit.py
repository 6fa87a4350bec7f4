"""The scaling-law fit and its bootstrap on a GPU: the arithmetic of `scaling_fit`, with torch as the array module."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd

from analysis.scaling import chinchilla, minimise


def default_device() -> str:
    """The first CUDA device if there is one, else "cpu"."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def on_device(device: str, problem, rows, weights, delta, steps, exact, report) -> minimise.Rows:
    """`scaling_fit.descend` for the whole batch at once on a torch device; arguments and result are numpy arrays."""
    import torch

    def put(array):
        return torch.as_tensor(np.ascontiguousarray(array), device=device)

    moved = minimise.Rows(*(put(getattr(rows, name)) for name in rows.__dataclass_fields__))
    there = None if weights is None else put(weights)
    done = minimise.descend(problem.on(torch, put), moved, there, delta, steps, exact)
    report(len(rows.theta))
    return minimise.Rows(*(getattr(done, name).cpu().numpy() for name in rows.__dataclass_fields__))


def fit_and_bootstrap(arguments: Mapping, progress: minimise.Progress) -> dict:
    """Worker task: the whole grid and, with n_resamples > 0, the bootstrap.

    arguments: N, D, L (lists of one length), delta, n_resamples, seed, device ("cuda", "cpu" or None for what there is).
    Returns a dict of plain values: result (the fields of FitResult, its law as constants or None), resamples (columns as lists; none
    without a law) and device. Raises ValueError like `scaling.fit_parametric`.
    """
    device = arguments.get("device") or default_device()
    N, D, L = (arguments[name] for name in ("N", "D", "L"))
    delta = arguments.get("delta", chinchilla.DELTA)
    chunked = partial(on_device, device)
    fit = chinchilla.fit_parametric(N, D, L, delta, progress=progress, minimise=partial(minimise.minimise_starts, chunked=chunked))
    resamples = pd.DataFrame()
    if arguments.get("n_resamples") and fit.law is not None:
        resamples = chinchilla.bootstrap(
            N,
            D,
            L,
            arguments["n_resamples"],
            arguments.get("seed", 42),
            delta,
            fit.law,
            progress,
            partial(minimise.minimise_resamples, chunked=chunked),
        )
    result = {name: getattr(fit, name) for name in fit.__dataclass_fields__ if name != "law"}
    law = None if fit.law is None else fit.law.constants()
    return {"result": {**result, "law": law}, "resamples": resamples.to_dict("list"), "device": device}


def from_task(answer: Mapping) -> tuple[chinchilla.FitResult, pd.DataFrame]:
    """(FitResult, resamples) rebuilt from what `fit_and_bootstrap` returned through the worker."""
    fields = dict(answer["result"])
    constants = fields.pop("law")
    law = None if constants is None else chinchilla.ScalingLaw(**constants, id="fit", label="this fit")
    return chinchilla.FitResult(law=law, **fields), pd.DataFrame(answer["resamples"])
