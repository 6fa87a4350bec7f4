"""What a run is: its settings, the questions it asks, and the rows it leaves."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

PROBES = ("term_frequency", "choice", "prompts", "memorised")
BUNDLED = "bundled"
"""The name of the model that comes with the project; its revisions are its checkpoints."""


@dataclass(frozen=True)
class RunSpec:
    """Everything that decides what a run asks and gets back.

    model: a hub id, a folder, or BUNDLED. revision: of the hub ("step143000") or of the bundled model; "" is the latest.
    device: "auto", "cpu", "cuda" or "cuda:1". dtype: "auto" (float32 on a CPU), "float32", "bfloat16" or "float16". probe:
    one of PROBES. options: of the probe, such as {"operation": "multiplication", "shots": 4}. limit: at most so many
    questions, drawn with the seed; 0 is all of them.

    >>> spec = RunSpec(model="bundled", probe="term_frequency", options={"shots": 2})
    >>> RunSpec.from_json(spec.to_json()) == spec
    True
    """

    model: str
    probe: str
    revision: str = ""
    device: str = "auto"
    dtype: str = "auto"
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    batch_size: int = 32
    limit: int = 0

    def __post_init__(self) -> None:
        if self.probe not in PROBES:
            raise ValueError(f"probe: {self.probe!r} is not one of {', '.join(PROBES)}")
        if self.dtype not in ("auto", "float32", "bfloat16", "float16"):
            raise ValueError(f"dtype: {self.dtype!r} is not one of auto, float32, bfloat16, float16")
        if self.batch_size < 1 or self.limit < 0:
            raise ValueError(f"batch_size and limit: {self.batch_size} and {self.limit}; at least 1 and 0 are needed")
        if not self.model.strip():
            raise ValueError("model: a hub id, a folder or 'bundled' is needed")

    def to_json(self) -> str:
        """The settings as one line of JSON, keys sorted: equal runs have equal lines."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, line: str) -> "RunSpec":
        """The settings of `to_json`."""
        return cls(**json.loads(line))


@dataclass(frozen=True)
class Item:
    """One question. item_id is unique within a run and the same in every run with the same settings.

    prompt: the text that is sent. answer: what counts as right: a text, or the index of the right choice as a text. choices:
    continuations to compare, for multiple choice. group: what the result is plotted by, such as the operand "17" or the term.
    frequency: how often the group occurs in the training data, nan if unknown. token_ids: what is sent instead of the prompt's
    own tokens, for memorisation. answer_ids: the tokens that should come back, for memorisation.
    """

    item_id: str
    prompt: str
    answer: str
    choices: tuple[str, ...] = ()
    group: str = ""
    frequency: float = float("nan")
    token_ids: tuple[int, ...] = ()
    answer_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Row:
    """What came back for one question. score: 0 to 1. score_norm: the length-normalised score of multiple choice, else nan.

    returned: the text generated, or the index of the choice with the highest log-likelihood as text. detail: JSON with what
    else is known; of multiple choice, lists of one entry for each choice: choices, log_likelihoods [nats] and greedy (whether greedy
    decoding would write it). seconds: the batch's time divided by its rows.
    """

    item_id: str
    prompt: str
    returned: str
    score: float
    score_norm: float = float("nan")
    group: str = ""
    frequency: float = float("nan")
    answer: str = ""
    detail: str = "{}"
    seconds: float = 0.0
