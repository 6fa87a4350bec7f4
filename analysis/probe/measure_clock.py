"""Time and peak memory of a piece of work, on a processor or a GPU."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """median [s] of n repeats, and spread: the distance between their quartiles [s]."""

    median: float
    spread: float
    n: int


def clock_name(device: str) -> str:
    """What `timed` reads: CUDA events, or the processor time of this process."""
    return "CUDA events" if device.startswith("cuda") else "processor time"


def timed(work: Callable[[], object], device: str = "cpu", repeats: int = 5, warm_up: int = 2) -> Timing:
    """The Timing of work: warm_up runs first, then repeats runs timed one by one.

    On a GPU between two CUDA events, after waiting for all earlier work. On a processor it is the processor time of this process, over all
    its threads, which leaves out waiting for other programs; with one thread it is what a clock would show on an idle machine.

    Raises ValueError for fewer than one repeat.
    """
    if repeats < 1:
        raise ValueError(f"repeats must be at least 1, got {repeats!r}")
    for _ in range(warm_up):
        work()
    seconds = [_cuda_seconds(work) if device.startswith("cuda") else _cpu_seconds(work) for _ in range(repeats)]
    quartiles = statistics.quantiles(seconds, n=4, method="inclusive") if repeats > 1 else [seconds[0]] * 3
    return Timing(statistics.median(seconds), quartiles[2] - quartiles[0], repeats)


def _cpu_seconds(work) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _cuda_seconds(work) -> float:
    import torch

    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    torch.cuda.synchronize()
    start.record()
    work()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end) / 1000


def peak_bytes(work: Callable[[], object], device: str = "cpu") -> int:
    """How much more memory torch holds at the worst moment of work than before it [bytes].

    On a GPU by `torch.cuda.max_memory_allocated`. On a processor by the allocations and releases that torch's profiler records: the
    largest running sum. Both see tensors and the workspace of operations taken from torch's allocator; memory that libraries take by
    themselves, and the program itself, are not in it.
    """
    import torch

    if device.startswith("cuda"):
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        work()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() - before
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        work()
    changes = [(event.start_ns(), event.nbytes()) for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = most = 0
    for _, change in sorted(changes, key=lambda row: row[0]):
        held += change
        most = max(most, held)
    return most
