"""Search: what a reader types is looked for in questions, pages, sections, figures, models, GPUs, works, claims and settings."""

import re
from dataclasses import dataclass, field
from math import log
from urllib.parse import urlencode

from rapidfuzz import fuzz, process

from analysis import catalogue, gpus, tables
from analysis.transformer import model as models
from pages.components import places, questions
from pages.components.registry import ENTRIES

MOST = 8
"""Hits that are shown."""
ALIKE = 84
"""How alike two words must be to count as one misspelt, of 100."""
LITTLE = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "can",
        "do",
        "does",
        "for",
        "from",
        "how",
        "i",
        "in",
        "is",
        "it",
        "its",
        "me",
        "my",
        "of",
        "on",
        "one",
        "or",
        "should",
        "so",
        "than",
        "that",
        "the",
        "their",
        "there",
        "this",
        "to",
        "use",
        "was",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "would",
        "much",
        "many",
        "long",
        "vs",
        "versus",
    ]
)
"""Words that say nothing about where to look."""
SAME = (
    "vram memory",
    "gpu gpus card",
    "fit fits memory",
    "price cost money dollar dollars usd expensive rent",
    "finetune finetuning fine-tuning tuning lora qlora",
    "kv cache",
    "gqa grouped-query",
    "mqa multi-query",
    "mha multi-head",
    "mla latent",
    "moe mixture experts expert mixtral",
    "context sequence window",
    "speed latency throughput decode tokens/s seconds time",
    "carbon co2 electricity energy",
    "flops flop compute",
    "quantization quantisation quantised nf4 4-bit bits",
    "sam segment segmentation mask",
    "rlhf ppo preference alignment",
    "dpo preference",
    "judge judges gpt-4 elo",
    "contamination leak trained",
    "dedup deduplication deduplicated duplicates",
    "chinchilla hoffmann compute-optimal optimal",
    "vit transformer vits",
    "convnet convnets nfnet cnn",
    "video emu",
    "distillation imitation imitate",
    "synthetic self-instruct",
    "slides powerpoint deck pptx presentation",
    "licence license source citation sources",
    "claims fact check wrong correct errors mistakes",
    "small phi orca",
    "finance bloomberg bloomberggpt domain",
    "epochs repeat repetition data-constrained",
    "batch batches",
    "memorise memorisation memorization verbatim",
    "frequency frequent counts",
    "serving inference serve served",
    "budget planner",
    "run probe try test",
)
"""Words that readers use for the same thing."""
KINDS = {"question": 1.6, "page": 1.3, "section": 1.25, "figure": 1.0, "setting": 0.7, "model": 1.1, "GPU": 1.1, "claim": 0.75, "work": 0.8}
"""What is found, and how much it weighs."""


@dataclass(frozen=True)
class Entry:
    """Something to find. title, about: as shown; to: page and query. words: those of the title; more: all others, both as `tokens` has them."""

    kind: str
    title: str
    about: str
    to: str
    words: frozenset[str] = field(default=frozenset())
    more: frozenset[str] = field(default=frozenset())


def tokens(text: str) -> list[str]:
    """The words of a text that say something, in lower case and without a plural's s.

    >>> tokens("How many GPUs for a 3B model?")
    ['gpu', '3b', 'model']
    """
    found = re.findall(r"[a-z0-9]+(?:\.[0-9]+)?", text.lower().replace("₂", "2"))
    return [word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in found if word not in LITTLE]


def synonyms() -> dict[str, frozenset[str]]:
    """The words that mean the same as a word."""
    groups = [frozenset(tokens(line)) for line in SAME]
    return {word: frozenset().union(*(group for group in groups if word in group)) for group in groups for word in group}


@tables.kept
def index() -> tuple[Entry, ...]:
    """Everything that can be found."""
    found: list[Entry] = []

    def add(kind: str, title: str, about: str, to: str, more: str = "") -> None:
        found.append(Entry(kind, title, about, to, frozenset(tokens(title)), frozenset(tokens(f"{about} {more}"))))

    settings: dict[str, str] = {}
    for question, address in questions.ON_CARDS + questions.SEARCHED:
        to = places.of_address(address)
        place = places.of_figure(address.partition("?")[0])
        add("question", question, f"{place.entry.title} › {place.section.title}" if place else "", to)
    for item in ENTRIES:
        add("page", item.title, item.question, item.stem)
    for place in places.sections():
        page, figures = place.entry.title, place.section.figures
        described = " ".join(str(figure.described()["description"]) for figure in figures)
        add("section", place.section.title, page, place.to, f"{described} {place.entry.question}")
        for figure in figures:
            description = str(figure.described()["description"])
            labels = " ".join(kind.label for kind in figure.kinds().values())
            add(
                "figure",
                description.rstrip("."),
                f"{page} › {place.section.title}",
                place.to,
                f"{labels} {figure.name.replace('.', ' ').replace('_', ' ')}",
            )
            for kind in figure.kinds().values():
                if kind.label not in settings:
                    settings[kind.label] = place.to
                    add("setting", kind.label, f"{page} › {place.section.title}", place.to, kind.help)
    for key, name in models.known().items():
        add(
            "model",
            name,
            "KV cache, prefill and decode speed of this model",
            f"attention?{urlencode({'model': key})}",
            "parameters memory context",
        )
    for key, name in gpus.labels().items():
        add(
            "GPU",
            name,
            "what trains on it, and for how long",
            f"compute?{urlencode({'section': 'gpus', 'gpu': key})}",
            "gpu card hours cost",
        )
    for row in tables.load("claims").to_dict("records"):
        add("claim", row["claim"], "Fact check", f"claims?{urlencode({'claims_id': row['id']})}", f"{row['note']} article says")
    for row in tables.load("sources").to_dict("records"):
        add("work", row["title"], f"{row['authors']} {row['year']}", f"sources?{urlencode({'work': row['id']})}", "paper source")
    return tuple(found)


@tables.kept
def postings() -> dict[str, dict[int, float]]:
    """For each word the numbers of the entries that have it, with how much it counts there: more in a title than elsewhere, and the rarer, the more."""
    found: dict[str, dict[int, float]] = {}
    for number, entry in enumerate(index()):
        for word in entry.more:
            found.setdefault(word, {})[number] = IN_TEXT
        for word in entry.words:
            found.setdefault(word, {})[number] = 1.0 / (1 + SHORTER * len(entry.words))
    return {word: {number: value * rare(word, len(hits)) for number, value in hits.items()} for word, hits in found.items()}


def rare(word: str, hits: int) -> float:
    """How much a word says that so many entries have; the size of a model, such as 3b, says less than its name."""
    return log(1 + len(index()) / hits) * (0.4 if re.fullmatch(r"[0-9.]+[bmkt]", word) else 1.0)


IN_TEXT, SHORTER = 0.35, 0.05
"""What a word outside of the title counts, and how much less each word of a title the more there are."""


def meant(word: str) -> dict[str, float]:
    """The words of the index that a reader's word may mean, with how surely: itself, its beginning, the same in other words, or misspelt."""
    known = postings()
    found = {other: 0.75 for other in known if len(word) > 2 and other.startswith(word)}
    found |= {other: 0.65 for other in SYNONYMS.get(word, ()) if other in known}
    if word in known:
        found[word] = 1.0
    if not found and len(word) > 4:
        found = {other: 0.55 for other, _, _ in process.extract(word, known.keys(), scorer=fuzz.ratio, score_cutoff=ALIKE, limit=3)}
    return found


def find(query: str, most: int = MOST) -> list[Entry]:
    """The entries that fit a query, the best first; all pages for an empty one.

    >>> [entry.to for entry in find("sliding window mask")][:1]
    ['attention?section=mask']
    """
    asked = tokens(query)[:12]
    if not asked:
        return [entry for entry in index() if entry.kind == "page"]
    total: dict[int, float] = {}
    hits: dict[int, int] = {}
    for word in asked:
        best: dict[int, float] = {}
        for other, surely in meant(word).items():
            for number, value in postings()[other].items():
                best[number] = max(best.get(number, 0.0), surely * value)
        for number, value in best.items():
            total[number] = total.get(number, 0.0) + value
            hits[number] = hits.get(number, 0) + 1
    known = index()
    worth = {
        number: KINDS[known[number].kind] * total[number] * (hits[number] / len(asked)) ** 2 * asked_of(known[number], hits[number])
        for number in total
        if 2 * hits[number] >= len(asked)
    }
    found = [*pair(query), *(known[number] for number in sorted(worth, key=lambda number: (-worth[number], number)))]
    seen: dict[tuple[str, str], Entry] = {}
    for entry in found:
        seen.setdefault((entry.to, entry.title if entry.kind in ("claim", "work", "model", "GPU") else ""), entry)
    return list(seen.values())[:most]


def asked_of(entry: Entry, hits: int) -> float:
    """How much of a question was asked, from 0 to 1; of anything else a word is enough."""
    return min(hits / len(entry.words), 1.0) if entry.kind == "question" else 1.0


def pair(query: str) -> list[Entry]:
    """The comparison of two models that a query names.

    >>> [entry.title for entry in pair("mistral 7b or llama 2 13b")]
    ['Mistral 7B beside Llama 2 13B']
    """
    figure = catalogue.figure("benchmarks.dumbbell")
    labels = figure.kinds()["model_a"].labels({})  # type: ignore[attr-defined]
    rest = f" {' '.join(tokens(query))} "
    named: dict[int, tuple[str, str]] = {}
    for key, name in sorted(labels.items(), key=lambda item: -len(item[1])):
        words = f" {' '.join(tokens(name))} "
        if words in rest:
            named[rest.index(words)] = (key, name)
            rest = rest.replace(words, f" {'~' * (len(words) - 2)} ")
    if len(named) != 2:
        return []
    (one, first), (other, second) = (named[place] for place in sorted(named))
    to = places.of_address(f"{figure.name}?{urlencode({'model_a': one, 'model_b': other})}")
    return [Entry("comparison", f"{first} beside {second}", "Benchmarks of both", to)]


SYNONYMS = synonyms()
