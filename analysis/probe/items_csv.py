"""A reader's own questions and passages from a file: every row is either used or reported with its line."""

import math
from dataclasses import dataclass

from analysis import uploads

MAX_BYTES = 5_000_000
MAX_CELL = 8_000
MAX_ROWS = 50_000
LETTERS = "abcdefgh"


@dataclass(frozen=True)
class Line:
    """One usable row. line: of the file, from 1. cells: by column name, without blanks around them."""

    line: int
    cells: dict[str, str]


def read_prompts(data: bytes | str) -> tuple[list[Line], list[str]]:
    """(rows, problems) of a CSV with the columns prompt, answer, term and frequency.

    frequency: how often the term occurs in the training text, a number of at least 0, or empty if unknown. problems: one sentence for
    each row that is not used, naming its line. Raises ValueError with one sentence for what is no such table, or has no usable row.

    >>> rows, problems = read_prompts("prompt,answer,term,frequency\\nCapital of Peru?,Lima,Peru,1e6\\nOf Chad?,,Chad,many\\n")
    >>> rows[0].line, rows[0].cells["answer"], problems
    (2, 'Lima', ['line 3: the answer is empty'])
    """

    def problem(cells: dict[str, str]) -> str:
        empty = next((name for name in ("prompt", "answer") if not cells[name].strip()), "")
        if empty:
            return f"the {empty} is empty"
        return "" if _is_frequency(cells["frequency"]) else f"the frequency {cells['frequency'][:40]!r} is not a number of at least 0"

    return _rows(data, ("prompt", "answer", "term", "frequency"), problem)


def read_choices(data: bytes | str) -> tuple[list[Line], list[str]]:
    """(rows, problems) of a CSV with the columns question, a, b, answer and, if wanted, c to h, id and topic.

    answer: the letter of the right choice. Raises and reports as `read_prompts`.

    >>> rows, problems = read_choices("question,a,b,answer\\nIs fire hot?,yes,no,a\\nIs ice hot?,yes,no,c\\n")
    >>> len(rows), problems
    (1, ["line 3: the answer 'c' is not the letter of a choice"])
    """

    def problem(cells: dict[str, str]) -> str:
        given = [letter for letter in LETTERS if cells.get(letter)]
        if not cells["question"]:
            return "the question is empty"
        if given != list(LETTERS[: len(given)]) or len(given) < 2:
            return "there must be at least two choices, without a gap"
        if len({cells[letter] for letter in given}) < len(given):
            return "two choices are the same"
        return "" if cells["answer"].lower() in given else f"the answer {cells['answer'][:40]!r} is not the letter of a choice"

    return _rows(data, ("question", "a", "b", "answer"), problem)


def read_passages(data: bytes | str, is_csv: bool) -> tuple[list[Line], list[str]]:
    """(rows, problems) of passages: the column passage of a CSV, or the blocks of a text between blank lines.

    >>> [row.cells["passage"] for row in read_passages("one\\ntwo\\n\\nthree", is_csv=False)[0]]
    ['one\\ntwo', 'three']
    """
    if is_csv:
        return _rows(data, ("passage",), lambda cells: "" if cells["passage"] else "the passage is empty")
    rows, start, block = [], 1, []
    for number, line in enumerate([*_text(data).splitlines(), ""], 1):
        if line.strip():
            start, block = (start if block else number), [*block, line]
        elif block:
            rows.append(Line(start, {"passage": "\n".join(block)}))
            block = []
    if not rows:
        raise ValueError("The file holds no passage.")
    return rows, []


def _is_frequency(cell: str) -> bool:
    try:
        return not cell or (math.isfinite(float(cell)) and float(cell) >= 0)
    except ValueError:
        return False


def _text(data: bytes | str) -> str:
    try:
        return uploads.text_of(data, MAX_BYTES)
    except ValueError as error:
        raise ValueError(f"The file {error}.") from None


def _rows(data: bytes | str, columns: tuple[str, ...], problem_of) -> tuple[list[Line], list[str]]:
    try:
        found = uploads.rows_of(uploads.text_of(data, MAX_BYTES), MAX_ROWS)
    except ValueError as error:
        raise ValueError(f"The file {error}.") from None
    names = [cell.strip().lower() for cell in found[0][1]]
    if set(columns) - set(names) or uploads.twice(names) is not None:
        raise ValueError(f"The first line must name the columns {', '.join(columns)}, each once.")
    rows, problems = [], []
    for line, raw in found[1:]:
        problem = f"{len(raw)} cells where the header has {len(names)}" if len(raw) != len(names) else ""
        # A prompt keeps the blanks at its end: they are part of what is sent.
        named = {name: cell if name == "prompt" else cell.strip() for name, cell in zip(names, raw, strict=False)}
        long = next((name for name, cell in named.items() if len(cell) > MAX_CELL), "")
        problem = problem or (f"the {uploads.clip(long)} is longer than {MAX_CELL:,} characters" if long else problem_of(named))
        if problem:
            problems.append(f"line {line}: {problem}")
        else:
            rows.append(Line(line, named))
    if not rows:
        raise ValueError("The file has no usable row." + (f" First problem: {problems[0]}." if problems else ""))
    return rows, problems
