"""Measure time and memory of a model's shape: `python -m analysis.probe measure [--model NAME | --config FILE] [--device cuda]`.

The weights are random, so nothing is downloaded. Rows go to data/measured/system.csv, shapes to data/measured/system_shapes.csv.
"""

import argparse
import contextlib
import json
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import tables
from analysis.probe import measure_build, measure_clock
from analysis.transformer import read_config

WHAT = ("forward", "train", "prefill", "decode")
METHODS = ("full", "lora", "qlora")
RANK = 8
SMALL: dict[str, Any] = {"contexts": (64, 256, 1024, 2048), "batches": (1, 4, 16), "seq_len": 256}
LARGE: dict[str, Any] = {"contexts": (512, 2048, 8192), "batches": (1, 8, 32), "seq_len": 2048}


def measure(
    config: Mapping,
    device: str = "cpu",
    dtype: str = "float32",
    what: Sequence[str] = WHAT,
    contexts: Sequence[int] = (64,),
    batches: Sequence[int] = (1,),
    seq_len: int = 64,
    methods: Sequence[str] = METHODS,
    repeats: int = 5,
    seed: int = 0,
    say: Callable[[str], None] = lambda text: None,
) -> list[dict]:
    """Measurements of a configuration: dicts with what, method, batch, context, value, unit, spread and n.

    what: any of WHAT. forward and train take one sequence of seq_len tokens; prefill and the cache every context at batch 1 and the largest
    batch at the shortest context; decode every context at batch 1 and every batch at the shortest context. What does not fit into the
    device's memory is left out, and said.
    """
    steps: dict[str, Callable[[], Iterator[dict]]] = {
        "forward": lambda: forward(config, device, dtype, seq_len, repeats, seed),
        "prefill": lambda: prefill(config, device, dtype, contexts, repeats, seed),
        "decode": lambda: decode(config, device, dtype, contexts, batches, repeats, seed),
        **{f"train {method}": partial(train, config, device, dtype, seq_len, method, repeats, seed) for method in methods},
    }
    rows = []
    for name, step in steps.items():
        if name.split()[0] not in what:
            continue
        say(name)
        with fits(device, name, say):
            rows.extend(step())  # a row that was measured before memory ran out is lost with its step
    return rows


@contextlib.contextmanager
def fits(device: str, name: str, say: Callable[[str], None]):
    """Goes on after the device ran out of memory, saying what was left out; gives back what torch has cached."""
    import gc

    import torch

    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as problem:
        if type(problem) is RuntimeError and "can't allocate memory" not in str(problem):  # what torch says on a processor
            raise
        say(f"{name} does not fit into the memory of {device_name(device)} and is left out")
    finally:
        gc.collect()
        if device.startswith("cuda"):
            torch.cuda.empty_cache()


def row(
    what: str, value: float, unit: str, batch: int = 1, context: int = 0, method: str = "", spread: float = float("nan"), n: int = 1
) -> dict:
    """One measurement."""
    return {"what": what, "method": method, "batch": batch, "context": context, "value": value, "unit": unit, "spread": spread, "n": n}


def timing_row(what: str, timing: measure_clock.Timing, **settings) -> dict:
    """A measured time [s]."""
    return row(what, timing.median, "s", spread=timing.spread, n=timing.n, **settings)


def tokens(config: Mapping, batch: int, length: int, device: str, seed: int):
    """Random token ids, batch x length."""
    import torch

    random = torch.Generator().manual_seed(seed)
    return torch.randint(0, config["vocab_size"], (batch, length), generator=random).to(device)


def forward(config, device, dtype, seq_len, repeats, seed) -> Iterator[dict]:
    """Bytes of the weights, and time and peak memory of a pass over seq_len tokens with all logits, without gradients."""
    import torch

    model = measure_build.build(config, device, dtype, seed)
    ids = tokens(config, 1, seq_len, device, seed)

    @torch.inference_mode()
    def work() -> None:
        model(input_ids=ids, use_cache=False)

    yield row("weights", measure_build.tensor_bytes(list(model.parameters())), "bytes")
    yield timing_row("forward", measure_clock.timed(work, device, repeats), context=seq_len)
    yield row("forward peak", measure_clock.peak_bytes(work, device), "bytes", context=seq_len)


def train(config, device, dtype, seq_len, method, repeats, seed) -> Iterator[dict]:
    """Trained parameters, and time and peak memory of a training step with AdamW on one sequence.

    The peak is what stands (weights, packed matrices, adapters, optimiser states) and what a later step adds to it (gradients,
    activations, logits). Nothing is recomputed. method: "full", "lora" or "qlora", see `measure_build.add_adapters`.
    """
    import torch

    model = measure_build.build(config, device, dtype, seed)
    if method != "full":
        measure_build.add_adapters(model, RANK, four_bit=method == "qlora")
    model.train()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-5)
    ids = tokens(config, 1, seq_len, device, seed)

    def work() -> None:
        model(input_ids=ids, labels=ids, use_cache=False).loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    timing = measure_clock.timed(work, device, repeats)
    states = [value for state in optimizer.state.values() for value in state.values() if torch.is_tensor(value)]
    standing = measure_build.tensor_bytes([*model.parameters(), *model.buffers(), *states])
    yield row("trained parameters", sum(parameter.numel() for parameter in trained), "parameters", method=method)
    yield timing_row("train step", timing, context=seq_len, method=method)
    yield row("train standing", standing, "bytes", context=seq_len, method=method)
    yield row("train peak", standing + measure_clock.peak_bytes(work, device), "bytes", context=seq_len, method=method)


def prefill(config, device, dtype, contexts, repeats, seed) -> Iterator[dict]:
    """Time of reading a prompt of each length into a new cache, with the logits of its last token."""
    import torch

    model = measure_build.build(config, device, dtype, seed)
    for context in contexts:
        ids = tokens(config, 1, context, device, seed)

        @torch.inference_mode()
        def work(ids=ids) -> None:
            model(input_ids=ids, use_cache=True, logits_to_keep=1)

        timing = measure_clock.timed(work, device, repeats, warm_up=1)
        yield timing_row("prefill", timing, context=context)


def decode(config, device, dtype, contexts, batches, repeats, seed) -> Iterator[dict]:
    """Time of one more token for each sequence of a batch with `context` tokens, itself included, and bytes of the cache before it."""
    import torch

    model = measure_build.build(config, device, dtype, seed)
    pairs = [(batches[0], context) for context in contexts] + [(batch, contexts[0]) for batch in batches[1:]]
    for batch, context in pairs:
        ids = tokens(config, batch, context, device, seed)
        with torch.inference_mode():
            cache = model(input_ids=ids[:, :-1], use_cache=True, logits_to_keep=1).past_key_values
        held = measure_build.cache_bytes(cache)

        @torch.inference_mode()
        def work(ids=ids, cache=cache) -> None:
            model(input_ids=ids[:, -1:], past_key_values=cache, use_cache=True)  # the cache grows by a token with each repeat

        yield row("cache", held, "bytes", batch=batch, context=context - 1)
        yield timing_row("decode step", measure_clock.timed(work, device, 3 * repeats), batch=batch, context=context)


def device_name(device: str) -> str:
    """The name of the GPU, or of the processor with its number of cores."""
    import os

    if device.startswith("cuda"):
        import torch

        return torch.cuda.get_device_name(device)
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    return f"{name}, {os.cpu_count()} cores"


def settings_of(device: str, dtype: str, threads: int) -> dict:
    """What a row says of where and with what it was measured."""
    import torch
    import transformers

    return {
        "date": date.today().isoformat(),
        "device": device_name(device),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "dtype": dtype,
        "threads": threads,
        "clock": measure_clock.clock_name(device),
    }


def add_rows(name: str, rows: list[dict]) -> None:
    """Add rows to a table in data/measured/; a row with the same key as a new one is replaced."""
    about = tables.describe_table(name)
    path = tables.DATA / about["file"]
    new = pd.DataFrame(rows)[list(about["columns"])]
    frame = pd.concat([tables.load(name), new], ignore_index=True) if path.exists() else new
    frame = frame.drop_duplicates(about["key"], keep="last")
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False, lineterminator="\n", float_format=lambda value: f"{value:.9g}")


def chosen_shapes(options) -> dict[str, dict]:
    """The configurations that the command line asks for, by name."""
    if options.config:
        config, name = read_config(options.config.read_bytes()), options.config.parent.name or options.config.stem
    elif options.model:
        models = tables.load("models").set_index("model", drop=False)
        if options.model not in models.index:
            raise ValueError(f"model: {options.model!r} is not in the table of models")
        config, name = measure_build.config_of_row(models.loc[options.model].to_dict(), options.layers), options.model
        name += f", {options.layers} layers" if options.layers else ""
    else:
        return measure_build.small_shapes()
    return measure_build.variants(config, name) if options.variants else {name: config}


def tell(name: str, text: str) -> None:
    """Say something about a shape on standard error."""
    print(f"{name}: {text}", file=sys.stderr, flush=True)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m analysis.probe measure", description=__doc__.splitlines()[0])
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--model", help="a row of the table of models, such as 'Mistral 7B'")
    which.add_argument("--config", type=Path, help="a config.json")
    parser.add_argument("--layers", type=int, default=0, help="cut --model to so many layers")
    parser.add_argument("--variants", action="store_true", help="also other key-value heads, a window, experts (of model_type mistral)")
    parser.add_argument("--device", default="auto", help="cpu, cuda, cuda:1 or auto (default)")
    parser.add_argument("--dtype", default="auto", choices=("auto", "float32", "bfloat16", "float16"), help="auto: bfloat16 on a GPU")
    parser.add_argument("--what", nargs="+", choices=WHAT, default=WHAT)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS, help="of training")
    parser.add_argument("--contexts", nargs="+", type=int)
    parser.add_argument("--batches", nargs="+", type=int)
    parser.add_argument("--seq-len", type=int, help="tokens of the forward pass and the training step")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1, help="of the processor (default: 1)")
    parser.add_argument("--dry-run", action="store_true", help="print the rows as JSON and store nothing")
    options = parser.parse_args(argv)
    import torch

    torch.set_num_threads(max(1, options.threads))
    device = ("cuda" if torch.cuda.is_available() else "cpu") if options.device == "auto" else options.device
    if device.startswith("cuda"):
        if not torch.cuda.is_available():
            parser.error("--device: this torch sees no GPU")
        torch.cuda.set_device(torch.device(device) if ":" in device else torch.device("cuda:0"))
    dtype = ("bfloat16" if device.startswith("cuda") else "float32") if options.dtype == "auto" else options.dtype
    usual = LARGE if options.model or options.config else SMALL
    contexts, batches = options.contexts or usual["contexts"], options.batches or usual["batches"]
    if min(*contexts, *batches, options.repeats, 2) < 1 or min(contexts) < 2:
        parser.error("--contexts must be at least 2, --batches and --repeats at least 1")
    common = settings_of(device, dtype, options.threads)
    try:
        shapes = chosen_shapes(options)
        for name, config in shapes.items():
            rows = measure(
                config,
                device,
                dtype,
                options.what,
                contexts,
                batches,
                options.seq_len or usual["seq_len"],
                options.methods,
                options.repeats,
                say=partial(tell, name),
            )
            rows = [{"shape": name, **common, **found} for found in rows]
            if options.dry_run:
                print(pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"), end="")
            elif rows:
                add_rows("system_shapes", [{"shape": name, "config": json.dumps(config, sort_keys=True)}])
                add_rows("system", rows)
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; what was measured of earlier shapes is kept", file=sys.stderr)
        return 130
    return 0
