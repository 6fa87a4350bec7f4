"""The questions of a run: term frequency, multiple choice, a reader's own prompts, and passages that may be memorised."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from analysis import tables
from analysis.probe import items_csv, models
from analysis.probe.arithmetic import WORDS, question, right_answer
from analysis.probe.spec import BUNDLED, Item, RunSpec

FIRST = range(100)
SECOND = range(1, 51)
"""Operands: the first from 0 to 99, the second from 1 to 50. [biderman2023] section 3.3"""
MAX_SHOTS = 64
MEMORISED_TOKENS = 32
"""Tokens of the prompt, and of the continuation. [biderman2023] section 3.2"""
OPTIONS = {
    "term_frequency": {"operation", "shots", "corpus"},
    "choice": {"csv", "file"},
    "prompts": {"csv", "file", "match"},
    "memorised": {"text", "csv", "file"},
}
MATCHES = ("start", "exact", "number")


def items_of(spec: RunSpec, opened=None) -> list[Item]:
    """The questions of a run, always the same for the same settings.

    opened: the model as `models.open_model` gives it; only the probe "memorised" needs it, for its tokenizer. With a limit, so many are
    drawn with the seed, evenly over the groups, and stay in their order. Raises ValueError for an option that cannot be used.

    >>> spec = RunSpec("bundled", "term_frequency", options={"operation": "addition", "shots": 0, "corpus": "pile_train"})
    >>> item = items_of(spec)[7 * 50 + 4]
    >>> item.prompt, item.answer, item.group, item.frequency
    ('Q:What is 7 plus 5? A:', '12', '7', 195558391.0)
    """
    unknown = sorted(set(spec.options) - OPTIONS[spec.probe])
    if unknown:
        raise ValueError(f"options: {spec.probe} takes {', '.join(sorted(OPTIONS[spec.probe]))}, not {', '.join(map(repr, unknown))}")
    if spec.probe == "memorised":
        found = memorised(spec, opened)
    else:
        found = {"term_frequency": term_frequency, "choice": choice, "prompts": prompts}[spec.probe](spec)
    return limited(found, spec.limit, spec.seed)


def problems_of(spec: RunSpec) -> list[str]:
    """One sentence for each row of the reader's file that a run leaves out, naming its line; [] without a file."""
    data = _given(spec)
    return _read(spec, data)[1] if data is not None else []


def of_file(probe: str, name: str, data: bytes) -> tuple[dict[str, str], int, list[str]]:
    """(options for a RunSpec, usable rows, problems) of a file that a reader hands in for a probe.

    name: of the file, whose ending tells tables from text. problems: one sentence for each row that is left out, naming its line. Raises
    ValueError with one sentence for a file that cannot be used.

    >>> of_file("memorised", "mine.txt", b"one passage\\n\\nanother")
    ({'text': 'one passage\\n\\nanother'}, 2, [])
    """
    is_csv = probe != "memorised" or name.lower().endswith((".csv", ".tsv"))
    rows, problems = items_csv.read_passages(data, is_csv) if probe == "memorised" else _reader(probe)(data)
    return {"csv" if is_csv else "text": data.decode("utf-8-sig")}, len(rows), problems


def limited(items: list[Item], limit: int, seed: int) -> list[Item]:
    """At most so many of the items, drawn with the seed: one of each group, then a second of each, and so on; 0 is all.

    >>> some = [Item(str(n), "", "", group=str(n % 10)) for n in range(100)]
    >>> sorted(item.group for item in limited(some, 10, seed=3)) == sorted(map(str, range(10)))
    True
    """
    if not limit or limit >= len(items):
        return items
    drawn = np.random.RandomState(seed).permutation(len(items))
    taken: dict[str, int] = {}
    rounds = []
    for at in drawn:
        group = items[at].group
        taken[group] = taken.get(group, 0) + 1
        rounds.append(taken[group])
    chosen = drawn[np.argsort(rounds, kind="stable")[:limit]]
    return [items[at] for at in sorted(chosen)]


def examples(x1: int, operation: str, shots: int, seed: int) -> str:
    """The solved examples before every question with the first operand x1: other first operands, none twice; each ends in a blank line.

    >>> examples(7, "addition", 2, seed=0).count("? A:"), examples(7, "addition", 0, seed=0)
    (2, '')
    """
    random = np.random.RandomState([seed, x1, list(WORDS).index(operation)])
    first = random.permutation([x for x in FIRST if x != x1])[:shots]
    second = random.randint(SECOND.start, SECOND.stop, size=shots)
    return "".join(f"{question(a, b, operation)}{right_answer(a, b, operation)}\n\n" for a, b in zip(first, second, strict=True))


def term_frequency(spec: RunSpec) -> list[Item]:
    """The 5,000 questions of one operation, with so many solved examples before each, drawn anew for each first operand.

    Options: operation, "multiplication" or "addition"; shots, from 0; corpus, whose counts are the frequencies: one of the table
    number_frequencies, or "bundled", the training text of the bundled model (the default for that model, else "pile_train").
    """
    operation, shots = spec.options.get("operation", "multiplication"), spec.options.get("shots", 4)
    if operation not in WORDS:
        raise ValueError(f"operation: {operation!r} is not one of {', '.join(WORDS)}")
    if not isinstance(shots, int) or isinstance(shots, bool) or not 0 <= shots <= MAX_SHOTS:
        raise ValueError(f"shots: {shots!r} is not a whole number from 0 to {MAX_SHOTS}")
    if not 0 <= spec.seed < 2**32:
        raise ValueError(f"seed: {spec.seed} is not from 0 to 4294967295")
    counts = frequencies(spec.options.get("corpus", BUNDLED if spec.model == BUNDLED else "pile_train"))
    before = {x1: examples(x1, operation, shots, spec.seed) for x1 in FIRST}
    return [
        Item(
            item_id=f"{operation}:{x1}:{x2}",
            prompt=before[x1] + question(x1, x2, operation),
            answer=str(right_answer(x1, x2, operation)),
            group=str(x1),
            frequency=float(counts.get(x1, np.nan)),
        )
        for x1 in FIRST
        for x2 in SECOND
    ]


def frequencies(corpus: str) -> dict[int, float]:
    """How often each number occurs in a corpus: of the table number_frequencies, or the expected lines in the bundled model's text."""
    if corpus == BUNDLED:
        if "probe_operands" not in tables.names():
            return {}
        rows = tables.load("probe_operands")
        return dict(zip(rows["operand"].tolist(), rows["expected_count"].tolist(), strict=True))
    table = tables.load("number_frequencies")
    rows = table[table["corpus"] == corpus]
    if rows.empty:
        raise ValueError(f"corpus: {corpus!r} is not one of {', '.join([*table['corpus'].unique(), BUNDLED])}")
    return dict(zip(rows["number"].tolist(), rows["count"].tolist(), strict=True))


def choice(spec: RunSpec) -> list[Item]:
    """Questions with choices, answered by the choice with the highest log-likelihood: the project's own, or a reader's CSV.

    The prompt is "Question: ...\\nAnswer:" and each choice follows after a blank, as lm_eval puts such questions. answer: the index of
    the right choice. group: the topic.
    """
    data = _given(spec)
    if data is None:
        rows = [items_csv.Line(line, row) for line, row in enumerate(tables.load("probe_choice").to_dict("records"), 2)]
    else:
        rows = _read(spec, data)[0]
    out = []
    for row in rows:
        cells = row.cells
        given = [letter for letter in items_csv.LETTERS if cells.get(letter)]
        out.append(
            Item(
                item_id=f"choice:{row.line}",
                prompt=f"Question: {cells['question']}\nAnswer:",
                group=cells.get("topic", ""),
                answer=str(given.index(cells["answer"].lower())),
                choices=tuple(f" {cells[letter]}" for letter in given),
            )
        )
    return out


def prompts(spec: RunSpec) -> list[Item]:
    """A reader's own prompts, each answered with one line. group: the term, with the frequency that the file gives.

    Options: csv (the text of the file) or file (its path); match: "start" (default: the line begins with the answer), "exact" (it is the
    answer) or "number" (its first number is the answer's). Case and blanks around do not count.
    """
    if spec.options.get("match", "start") not in MATCHES:
        raise ValueError(f"match: {spec.options['match']!r} is not one of {', '.join(MATCHES)}")
    data = _given(spec)
    if data is None:
        raise ValueError("csv: this probe needs a file with the columns prompt, answer, term, frequency")
    return [
        Item(
            item_id=f"prompts:{row.line}",
            prompt=row.cells["prompt"],
            answer=row.cells["answer"],
            group=row.cells["term"],
            frequency=float(row.cells["frequency"] or "nan"),
        )
        for row in _read(spec, data)[0]
    ]


def memorised(spec: RunSpec, opened) -> list[Item]:
    """The first 32 tokens of each passage, to be continued with the next 32 as the training text has them.

    Options: text (passages between blank lines), csv (a column passage) or file (a path); without any, the bundled model's own training
    text. Passages of fewer than 64 tokens are left out; ValueError if none is left.
    """
    data = _given(spec)
    if data is not None:
        lines = _read(spec, data)[0]
        encoded = opened.tokenizer([line.cells["passage"] for line in lines], add_special_tokens=False)["input_ids"]
        passages = [(f"memorised:{line.line}", ids) for line, ids in zip(lines, encoded, strict=True)]
    elif spec.model == BUNDLED:
        passages = [(f"memorised:{at}", ids) for at, ids in enumerate(training_text(opened.tokenizer))]
    else:
        raise ValueError("text: this probe needs passages of the model's training text, as text, csv or file")
    n = MEMORISED_TOKENS
    out = [
        Item(
            item_id=name,
            prompt=_decoded(opened, ids[:n]),
            answer=_decoded(opened, ids[n : 2 * n]),
            token_ids=tuple(ids[:n]),
            answer_ids=tuple(ids[n : 2 * n]),
        )
        for name, ids in passages
        if len(ids) >= 2 * n
    ]
    if not out:
        raise ValueError(f"text: none of the {len(passages)} passages has {2 * n} tokens, so there is nothing to continue")
    return out


def training_text(tokenizer, batches: int = 40) -> list[list[int]]:
    """The contexts of the first batches that the bundled model was trained on, as token ids."""
    from analysis.probe import corpus

    random, lines = np.random.RandomState(corpus.SEED), corpus.tokenized_lines(tokenizer)
    return [ids for _ in range(batches) for ids in corpus.sequences(random, lines, corpus.LINES)]


def _decoded(opened, ids: Sequence[int]) -> str:
    return opened.tokenizer.decode(list(ids))


def _given(spec: RunSpec) -> bytes | str | None:
    """What the reader gave: the text in the options, or the bytes of a file; None if nothing."""
    named = [name for name in ("csv", "text", "file") if spec.options.get(name)]
    if len(named) > 1:
        raise ValueError(f"options: {' and '.join(named)} were both given; one is needed")
    if not named or named[0] != "file":
        return spec.options[named[0]] if named else None
    path = models.allowed(Path(str(spec.options["file"])), "file")
    try:
        with path.open("rb") as file:  # one byte more than is read tells that it is too large, whatever the path leads to
            return file.read(items_csv.MAX_BYTES + 1)
    except OSError:
        raise ValueError(f"file: {str(spec.options['file'])[:200]} could not be read") from None


def _read(spec: RunSpec, data: bytes | str) -> tuple[list[items_csv.Line], list[str]]:
    if spec.probe == "memorised":
        name = str(spec.options.get("file", ""))
        return items_csv.read_passages(data, bool(spec.options.get("csv")) or name.lower().endswith((".csv", ".tsv")))
    return _reader(spec.probe)(data)


def _reader(probe: str) -> Callable:
    return {"choice": items_csv.read_choices, "prompts": items_csv.read_prompts}[probe]
