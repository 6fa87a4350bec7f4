"""Train the bundled model, or try it: `python -m analysis.probe train [--out DIR | --replace] [--evaluate]`.

A small GPT-NeoX learns the text of `corpus`. With its seed the run is repeatable up to the rounding of the processor. Checkpoints go to
data/probe_model/step<N>/ as they are reached; what is saved stays when the run is stopped.
"""

import argparse
import math
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import tables
from analysis.probe import arithmetic, corpus
from analysis.probe.corpus import LINES

FOLDER = tables.DATA / "probe_model"
SHAPE = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 512}
STEPS = 16_000
CHECKPOINTS = (250, 700, 1500, 3000, 6000, 10_000, 16_000)
LEARNING_RATE = 3e-3
WARMUP = 100
COLUMNS = ["step", "shots", "operation", "operand", "seen", "questions", "right"]


def make_model(tokenizer, seed: int = corpus.SEED, **shape):
    """A GPT-NeoX with random weights for a tokenizer; shape changes SHAPE."""
    import torch
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    torch.manual_seed(seed)
    config = GPTNeoXConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=512,
        bos_token_id=0,
        eos_token_id=0,
        attention_dropout=0.0,
        hidden_dropout=0.0,
        tie_word_embeddings=False,
        **(SHAPE | shape),
    )
    return GPTNeoXForCausalLM(config)


def learning_rate(step: int, steps: int, peak: float = LEARNING_RATE) -> float:
    """Rate of a step from 0: up in a straight line over WARMUP steps (at most a tenth of all), then down a cosine to a twentieth.

    >>> [round(learning_rate(step, 1000, 1.0), 2) for step in (0, 99, 999)]
    [0.01, 1.0, 0.05]
    """
    warmup = max(1, min(WARMUP, steps // 10))
    if step < warmup:
        return peak * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return peak * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done)))


def train(
    steps: int = STEPS,
    seed: int = corpus.SEED,
    checkpoints: tuple[int, ...] = CHECKPOINTS,
    folder: Path | None = None,
    device: str = "cpu",
    peak: float = LEARNING_RATE,
    lines: int = LINES,
    report: Callable[[int, float], None] = lambda step, loss: None,
    **shape,
) -> list[float]:
    """The loss of each step [nats per token] of a training run; saves the model in folder at each of checkpoints.

    report(step, loss) is called after each step; what it raises ends the run, with the checkpoints so far in place. AdamW with weight
    decay 0.01, gradients clipped to length 1, float32, saved in float16.
    """
    import torch

    tokenizer = corpus.make_tokenizer()
    if folder is not None:
        tokenizer.save_pretrained(folder)
    texts = corpus.tokenized_lines(tokenizer)
    model = make_model(tokenizer, seed, **shape).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=peak, betas=(0.9, 0.98), weight_decay=0.01)
    random, losses = np.random.RandomState(seed), []
    model.train()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps, peak)
        ids, labels = (part.to(device) for part in tensors(corpus.sequences(random, texts, lines)))
        loss = model(input_ids=ids, labels=labels, use_cache=False).loss
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        if folder is not None and step + 1 in checkpoints:
            save(model, folder / f"step{step + 1}")
        report(step + 1, losses[-1])
    return losses


def tensors(rows: list[list[int]]):
    """Token ids and labels as tensors, shorter rows padded at the end with 0, which is not learned."""
    import torch

    width = max(map(len, rows))
    ids = torch.tensor([[*row, *[0] * (width - len(row))] for row in rows])
    wanted = torch.tensor([[*row, *[-100] * (width - len(row))] for row in rows])
    return ids, wanted


def save(model, folder: Path) -> None:
    """Write configuration and weights in float16 as safetensors."""
    import copy

    import torch

    copy.deepcopy(model).to("cpu", torch.float16).save_pretrained(folder)


def saved_steps(folder: Path = FOLDER) -> list[int]:
    """Steps of the checkpoints in a folder, in order."""
    return sorted(int(path.parent.name.removeprefix("step")) for path in folder.glob("step*/model.safetensors"))


def open_checkpoint(step: int, folder: Path = FOLDER, device: str = "cpu"):
    """(model in float32, tokenizer) of a checkpoint."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    options = {"use_safetensors": True, "trust_remote_code": False, "local_files_only": True}
    model = AutoModelForCausalLM.from_pretrained(folder / f"step{step}", dtype=torch.float32, **options).to(device).eval()
    return model, AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)


def questions() -> pd.DataFrame:
    """Every question: operation, operand, second, seen (not held out)."""
    hidden = corpus.held_out()
    at = np.array(np.meshgrid(range(2), corpus.OPERANDS, corpus.SECOND, indexing="ij")).reshape(3, -1)
    names = np.array(corpus.OPERATIONS)
    return pd.DataFrame({"operation": names[at[0]], "operand": at[1], "second": at[2], "seen": ~hidden.ravel()})


def prompts(rows: pd.DataFrame, shots: int = 0, seed: int = corpus.SEED) -> list[str]:
    """The prompts of questions, each behind so many examples with other first operands, drawn evenly with the seed."""
    random = np.random.RandomState(seed + 2)
    out = []
    for operation, operand, second in zip(rows["operation"], rows["operand"], rows["second"], strict=True):
        parts = []
        for _ in range(shots):
            first = (operand + random.randint(1, 100)) % 100
            other = random.randint(1, 51)
            answer = arithmetic.right_answer(first, other, operation)
            parts.append(corpus.STYLES[0].format(question=arithmetic.question(first, other, operation), answer=answer))
        out.append("".join(parts) + arithmetic.question(operand, second, operation))
    return out


def continuations(model, tokenizer, texts: list[str], tokens: int = 4, batch: int = 1000) -> list[str]:
    """What the model writes after each prompt, greedily, up to so many tokens."""
    import torch

    encoded = tokenizer(texts, add_special_tokens=False)["input_ids"]
    order = sorted(range(len(texts)), key=lambda at: len(encoded[at]))
    out = [""] * len(texts)
    while order:
        length = len(encoded[order[0]])  # prompts of one length need no padding
        part = [at for at in order[:batch] if len(encoded[at]) == length]
        order = order[len(part) :]
        new, cache, ids = [], None, torch.tensor([encoded[at] for at in part], device=model.device)
        with torch.inference_mode():
            for _ in range(tokens):
                given = model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
                cache, ids = given.past_key_values, given.logits[:, -1:].argmax(-1)
                new.append(ids)
        for at, text in zip(part, tokenizer.batch_decode(torch.cat(new, dim=1)), strict=True):
            out[at] = text
    return out


def number_in(text: str) -> str:
    """The first number of 1 to 5 digits before the newline, as Pythia's task reads an answer; "" where there is none.

    >>> number_in(" 444"), number_in("7\\n\\nQ:What"), number_in("\\n12")
    ('444', '7', '')
    """
    import re

    found = re.search(r"[0-9]{1,5}", text.split("\n")[0])
    return found.group() if found else ""


def accuracies(model, tokenizer, step: int, shots: int = 0) -> pd.DataFrame:
    """Right answers by operation, operand and whether the question was in the training text; columns COLUMNS."""
    rows = questions()
    found = [number_in(text) for text in continuations(model, tokenizer, prompts(rows, shots))]
    wanted = [str(arithmetic.right_answer(*row)) for row in zip(rows["operand"], rows["second"], rows["operation"], strict=True)]
    rows["right"] = [int(a == b) for a, b in zip(found, wanted, strict=True)]
    grouped = rows.groupby(["operation", "operand", "seen"], sort=True)["right"].agg(["size", "sum"]).reset_index()
    grouped = grouped.rename(columns={"size": "questions", "sum": "right"}).assign(step=step, shots=shots)
    return grouped.astype({"seen": int})[COLUMNS]


def evaluate(folder: Path, device: str, say: Callable[[str], None], shots: tuple[int, ...] = (0, 4)) -> pd.DataFrame:
    """`accuracies` of every checkpoint in a folder without examples, and of the last one with the other numbers of shots."""
    parts, steps = [], saved_steps(folder)
    for step in steps:
        model, tokenizer = open_checkpoint(step, folder, device)
        for count in shots if step == steps[-1] else shots[:1]:
            parts.append(accuracies(model, tokenizer, step, count))
            means = parts[-1].groupby(["operation", "seen"])[["right", "questions"]].sum().eval("right / questions")
            say(f"step {step}, {count} examples: " + ", ".join(f"{a} {'seen' if s else 'unseen'} {v:.1%}" for (a, s), v in means.items()))
    return pd.concat(parts, ignore_index=True)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m analysis.probe train", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="DIR", help="folder of tokenizer and checkpoints (data/probe_model)")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"batches of {LINES} lines (default: {STEPS:,})")
    parser.add_argument("--seed", type=int, default=corpus.SEED)
    parser.add_argument("--learning-rate", type=float, default=LEARNING_RATE)
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto (default)")
    parser.add_argument("--threads", type=int, default=1, help="of the processor; on a busy machine one is fastest (default: 1)")
    parser.add_argument("--evaluate", action="store_true", help="train nothing, only ask the saved checkpoints every question")
    parser.add_argument("--replace", action="store_true", help="remove the checkpoints that are in the folder already, then train")
    options = parser.parse_args(argv)
    if options.steps < 1 or options.threads < 1:
        parser.error("--steps and --threads must be at least 1")
    if saved_steps(options.out) and not options.evaluate:
        if not options.replace:
            parser.error(f"{options.out} holds checkpoints already; --replace removes them, --out names another folder")
        for step in saved_steps(options.out):  # runs must not mix
            shutil.rmtree(options.out / f"step{step}")
    if options.evaluate and not saved_steps(options.out):
        parser.error(f"{options.out} holds no checkpoints to evaluate")
    import torch
    import transformers

    torch.set_num_threads(options.threads)
    transformers.utils.logging.disable_progress_bar()
    device = ("cuda" if torch.cuda.is_available() else "cpu") if options.device == "auto" else options.device
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:6.0f} s] {text}", file=sys.stderr, flush=True)

    def report(step: int, loss: float) -> None:
        if step % 100 == 0 or step == options.steps:
            left = (time.monotonic() - started) / step * (options.steps - step)
            say(f"step {step} of {options.steps}, loss {loss:.3f}, about {left / 60:.0f} minutes left")

    try:
        if not options.evaluate:
            wanted = tuple(step for step in CHECKPOINTS if step < options.steps) + (options.steps,)
            train(options.steps, options.seed, wanted, options.out, device, options.learning_rate, report=report)
        table = evaluate(options.out, device, say)
    except KeyboardInterrupt:
        say(f"stopped; saved in {options.out}: {', '.join(f'step{step}' for step in saved_steps(options.out)) or 'nothing yet'}")
        return 130
    if options.out.resolve() == FOLDER.resolve():
        write(table, "bundled_accuracy")
        write(corpus.operand_table(options.steps * LINES if not options.evaluate else saved_steps(FOLDER)[-1] * LINES), "probe_operands")
    else:
        table.to_csv(options.out / "accuracy.csv", index=False, lineterminator="\n")
    return 0


def write(frame: pd.DataFrame, name: str) -> None:
    """Write a table to where data/tables.toml says it is."""
    path = tables.DATA / tables.describe_table(name)["file"]
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False, lineterminator="\n")
