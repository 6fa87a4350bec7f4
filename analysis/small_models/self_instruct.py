"""The Self-Instruct loop on real sentences: generate from examples, keep what is not too similar, repeat.

The generator is no language model: it recombines and rewrites parts of instructions written for this project. The filter
is the paper's own, ROUGE-L below a threshold against everything kept so far.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from rapidfuzz import process
from rapidfuzz.distance import LCSseq

THRESHOLD = 0.7
"""Similarity from which on a new instruction is dropped. Source: [wang2022] section 2.2."""
FROM_SEEDS, FROM_KEPT = 6, 2
"""Examples in a request: tasks written by hand, and generated ones once there are enough. Source: [wang2022] section 2.2."""
BATCH = 8
"""Instructions per request (an assumption of the simulation)."""
REWORDED = 0.3
"""Chance that one word of a generated instruction is replaced by a related one (an assumption of the simulation)."""
RELATED = {
    "short": "brief", "brief": "short", "old": "ancient", "small": "tiny", "list": "set", "letter": "note", "story": "tale",
    "tale": "story", "three": "four", "two": "three", "five": "six", "friend": "cousin", "child": "pupil", "town": "village",
    "village": "town", "shop": "store", "reason": "argument", "reasons": "arguments", "sentence": "line", "text": "passage",
    "without": "with", "night": "noon", "river": "lake", "write": "compose", "compose": "write", "explain": "describe",
    "describe": "explain", "suggest": "recommend", "recommend": "suggest",
}  # fmt: skip
THRESHOLDS = (0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
NOVELTIES = (0.0, 0.25, 0.5, 0.75, 1.0)
STEPS = 125
"""The settings of the runs that are kept in data/derived/: 1,000 instructions generated in each."""
PARTS = ("opening", "topic", "ending")
Instruction = tuple[str, str, str]


def tokens(text: str) -> list[str]:
    """The words of a text as ROUGE compares them: lower case, runs of the letters a to z and digits.

    >>> tokens("Sort these words, by their LAST letter!")
    ['sort', 'these', 'words', 'by', 'their', 'last', 'letter']
    """
    return re.findall(r"[a-z0-9]+", text.lower())


def rouge_l(a: str, b: str) -> float:
    """ROUGE-L of two texts: the F-measure of the longest common subsequence of their words, from 0 to 1.

    P = l / |a|, R = l / |b|, F = 2 P R / (P + R) = 2 l / (|a| + |b|), with l the length of the longest common subsequence; 0 for a
    text without words. It is symmetric. Source: [lin2004] section 3.1, with equal weight on precision and recall.

    >>> rouge_l("police kill the gunman", "police killed the gunman")
    0.75
    """
    first, second = tokens(a), tokens(b)
    return 2 * LCSseq.similarity(first, second) / (len(first) + len(second)) if first and second else 0.0


class Pool:
    """The kept instructions with each word as one character, so that one text can be compared with all of them at once."""

    def __init__(self) -> None:
        self.vocabulary: dict[str, int] = {}
        self.texts: list[str] = []

    def encode(self, text: str) -> str:
        """A character for each word of a text, the same for the same word; new words get new characters."""
        return "".join(chr(self.vocabulary.setdefault(word, len(self.vocabulary))) for word in tokens(text))

    def add(self, code: str) -> None:
        """Keep a text, given as `encode` returned it."""
        self.texts.append(code)

    def similarities(self, code: str) -> np.ndarray:
        """ROUGE-L of a text, given as `encode` returned it, with every kept one, in the order in which they were kept.

        Equal to `rouge_l` to the last digit.

        >>> pool = Pool()
        >>> pool.add(pool.encode("police killed the gunman"))
        >>> pool.similarities(pool.encode("police kill the gunman")).tolist()
        [0.75]
        """
        if not code:
            return np.zeros(len(self.texts))
        length = process.cdist([code], self.texts, scorer=LCSseq.similarity)[0]
        return 2.0 * length / np.array([len(code) + len(text) for text in self.texts])


@dataclass(frozen=True)
class Run:
    """One run of the loop.

    rows: the state at every recorded step (DataFrame with step, tried, kept, mean_pairwise, seed_similarity, distinct_pairs).
    kept, dropped: instructions as (text, most similar text, similarity), in their order; of the dropped ones the last few.
    """

    rows: pd.DataFrame
    kept: list[tuple[str, str, float]]
    dropped: list[tuple[str, str, float]]


def text_of(parts: Sequence[str]) -> str:
    """The instruction made of an opening, a topic and an ending.

    >>> text_of(("Write a poem", "about rain", ""))
    'Write a poem about rain.'
    """
    return " ".join(part for part in parts if part) + "."


def reworded(text: str, rng: np.random.Generator) -> str:
    """The text with one of its words replaced by a related one; unchanged where RELATED has none of them."""
    words = text.split(" ")
    places = [i for i, word in enumerate(words) if word.lower().strip(".,") in RELATED]
    if not places:
        return text
    i = places[int(rng.integers(len(places)))]
    bare = words[i].lower().strip(".,")
    new = words[i].lower().replace(bare, RELATED[bare])
    words[i] = new.capitalize() if words[i][0].isupper() else new
    return " ".join(words)


def generate(examples: Sequence[Instruction], known: Mapping[str, Sequence[str]], novelty: float, rng: np.random.Generator) -> Instruction:
    """One new instruction: each part from one of the examples, or with probability `novelty` from what the generator knows besides."""
    parts = []
    for place, name in enumerate(PARTS):
        if rng.random() < novelty:
            parts.append(known[name][int(rng.integers(len(known[name])))])
        else:
            parts.append(examples[int(rng.integers(len(examples)))][place])
    if rng.random() < REWORDED:
        place = int(rng.integers(2))
        parts[place] = reworded(parts[place], rng)
    return (parts[0], parts[1], parts[2])


def root(opening: str) -> tuple[str, str]:
    """The first and the last word of an opening: its verb and, in most of them, the object of the verb.

    >>> root("Write a short poem")
    ('write', 'poem')
    """
    words = tokens(opening)
    return words[0], words[-1]


def simulate(
    seeds: Sequence[Instruction],
    known: Mapping[str, Sequence[str]],
    threshold: float = THRESHOLD,
    novelty: float = 0.5,
    steps: int = STEPS,
    seed: int = 0,
    every: int = 5,
    progress: Callable[[float, float, str], None] | None = None,
) -> Run:
    """A Run of the loop: at each step a request with eight examples brings eight instructions, and those that differ enough are kept.

    An instruction is kept if its ROUGE-L with every seed task and every kept instruction is below threshold. Examples are six
    seed tasks and two kept ones, or eight seed tasks while fewer than two are kept. Among the reported measures, mean_pairwise
    is over all pairs of kept instructions without the seed tasks, and seed_similarity the mean of the largest similarity to a seed.

    seeds: instructions as (opening, topic, ending). known: texts by part that the generator has besides its examples. threshold: in
    (0, 1]; 1 drops only repetitions. novelty: in [0, 1]. steps: requests. seed: of the random numbers. every: steps between
    recorded rows. progress(done, total, message) is called at each recorded step.

    Raises ValueError for arguments out of range. What a language model would write is not simulated: shares and sizes depend
    on the texts given here, and only how they respond to the threshold carries over. Source of the loop: [wang2022] section 2.2.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold must be above 0 and at most 1, got {threshold!r}")
    if not 0 <= novelty <= 1:
        raise ValueError(f"novelty must be between 0 and 1, got {novelty!r}")
    if len(seeds) < FROM_SEEDS + FROM_KEPT or any(not known.get(name) for name in PARTS):
        raise ValueError(f"there must be at least {FROM_SEEDS + FROM_KEPT} seeds and known texts for {', '.join(PARTS)}")
    if steps < 1 or every < 1:
        raise ValueError(f"steps and every must be at least 1, got {steps!r} and {every!r}")
    rng = np.random.default_rng(seed)
    pool, texts = Pool(), [text_of(task) for task in seeds]
    for text in texts:
        pool.add(pool.encode(text))
    kept_parts: list[Instruction] = []
    kept, dropped, rows, roots = [], [], [], set()
    pair_sum = seed_sum = 0.0
    for step in range(steps + 1):
        if step % every == 0 or step == steps:
            n = len(kept)
            rows.append(
                {
                    "step": step,
                    "tried": step * BATCH,
                    "kept": n,
                    "mean_pairwise": pair_sum / (n * (n - 1) / 2) if n > 1 else np.nan,
                    "seed_similarity": seed_sum / n if n else np.nan,
                    "distinct_pairs": len(roots),
                }
            )
            if progress:
                progress(step, steps, f"step {step} of {steps}: {n} kept")
        if step == steps:
            break
        own = FROM_KEPT if len(kept_parts) >= FROM_KEPT else 0
        examples = [seeds[i] for i in rng.choice(len(seeds), FROM_SEEDS + FROM_KEPT - own, replace=False)]
        examples += [kept_parts[i] for i in rng.choice(len(kept_parts), own, replace=False)] if own else []
        for _ in range(BATCH):
            parts = generate(examples, known, novelty, rng)
            text = text_of(parts)
            codes = pool.encode(text)
            scores = pool.similarities(codes)
            nearest = int(scores.argmax())
            entry = (text, texts[nearest], float(scores[nearest]))
            if entry[2] >= threshold:
                dropped.append(entry)
                continue
            seed_sum += float(scores[: len(seeds)].max())
            pair_sum += float(scores[len(seeds) :].sum())
            pool.add(codes)
            texts.append(text)
            kept.append(entry)
            kept_parts.append(parts)
            roots.add(root(parts[0]))
    return Run(pd.DataFrame(rows), kept, dropped[-50:])


def instructions(table: pd.DataFrame) -> list[Instruction]:
    """The seed tasks of the table `seed_tasks` as (opening, topic, ending)."""
    return list(table[list(PARTS)].itertuples(index=False, name=None))


def known_parts(seeds: Sequence[Instruction], parts: pd.DataFrame) -> dict[str, list[str]]:
    """What the generator knows besides its examples: the parts of the table `instruction_parts` and of every seed task, each once."""
    return {
        name: list(dict.fromkeys([*parts.loc[parts["part"] == name, "text"], *(task[place] for task in seeds)]))
        for place, name in enumerate(PARTS)
    }


def grid(
    seeds: Sequence[Instruction],
    known: Mapping[str, Sequence[str]],
    thresholds: Sequence[float],
    novelties: Sequence[float],
    n_seeds: int = 3,
    steps: int = STEPS,
) -> pd.DataFrame:
    """The rows of a run for every threshold, novelty and seed, one below the other."""
    parts = []
    for threshold in thresholds:
        for novelty in novelties:
            for seed in range(n_seeds):
                rows = simulate(seeds, known, threshold, novelty, steps, seed).rows
                parts.append(rows.assign(threshold=threshold, novelty=novelty, seed=seed))
    return pd.concat(parts, ignore_index=True)


def task(arguments: Mapping, progress: Callable[[float, float, str], None]) -> dict:
    """A run for the worker process: arguments as for `simulate`; rows as columns of numbers, kept and dropped as lists."""
    seeds = [tuple(item) for item in arguments["seeds"]]
    settings = {name: arguments[name] for name in ("threshold", "novelty", "steps", "seed") if name in arguments}
    run = simulate(seeds, arguments["known"], **settings, progress=progress)
    return {"rows": {name: run.rows[name].tolist() for name in run.rows}, "kept": run.kept, "dropped": run.dropped}
