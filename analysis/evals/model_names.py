"""Which model an evaluation file is about: family, size, arm and checkpoint, from the names that people gave it."""

import re
from dataclasses import dataclass

TOKENS_PER_STEP = 2_097_152
"""Tokens per optimiser step of the Pythia suite: 1,024 sequences of 2,048 tokens. [biderman2023] section 2.4."""

HISTORICAL = {"13b": "12B", "6.7b": "6.9B", "2.7b": "2.8B", "1.3b": "1.4B", "800m": "1B", "350m": "410M", "125m": "160M", "19m": "70M"}
"""Names of the Pythia models before 2023-01-20, and what the same models are called since. [biderman2023] appendix B."""

SIZE = re.compile(r"(?<![\d.a-z])(\d+(?:\.\d+)?)(m|b)(?!\w)")
BLOOM_SIZE = re.compile(r"(?<![\d.a-z])(\d+)b(\d+)(?!\w)")
BATCH = re.compile(r"(\d+(?:\.\d+)?)mtok-?bs")
RELEASE = re.compile(r"(?<![a-z\d])v(\d)(?:\.\d+)?(?![\d.])")
STEP = re.compile(r"(?:step|global_step)[_-]?(\d{1,9})")


@dataclass(frozen=True)
class Model:
    """What a name says of a model.

    name: e.g. "Pythia 1.4B", or the given name where it is of no family known here. family: "Pythia", "OPT", "BLOOM" or "other".
    arm: for Pythia "standard", "deduped", "0.5M batch" and its like, "intervention" or "intervention, long"; else "".
    release: "v0" (before the retraining of March 2023), "v1", or "" where the name does not say. tokens_per_step: 0 if not known.
    """

    name: str
    family: str
    arm: str = ""
    release: str = ""
    tokens_per_step: int = 0


def model_of(name: str, of_suite: bool = False) -> Model:
    """What a model's name, hub id or folder says of it.

    of_suite: the name is known to be one of the Pythia suite although it does not say so, as in "1.4b-deduped-long".

    >>> model_of("EleutherAI/pythia-13b-deduped")
    Model(name='Pythia 12B', family='Pythia', arm='deduped', release='v0', tokens_per_step=2097152)
    >>> model_of("EleutherAI/pythia-v1.1-160m-0.5MtokBS").arm
    '0.5M batch'
    >>> model_of("facebook/opt-13b").name, model_of("bigscience/bloom-1b7").name
    ('OPT 13B', 'BLOOM 1.7B')
    """
    short = name.strip().rstrip("/").replace("\\", "/").split("/")[-1].lower().replace("_", "-")
    family = "Pythia" if of_suite or "pythia" in name.lower() else "OPT" if short.startswith("opt-") else ""
    family = family or ("BLOOM" if "bloom-" in short else "")
    if family == "BLOOM":
        short = BLOOM_SIZE.sub(r"\1.\2b", short)
    batch, release = BATCH.search(short), RELEASE.search(short)
    # Neither the number of a release nor tokens per batch is a size.
    size = SIZE.search(BATCH.sub("", RELEASE.sub("", short))) if family else None
    if not size:
        return Model(name.strip() or "unnamed model", "other")
    text = "".join(size.groups())
    if family != "Pythia":
        return Model(f"{family} {text.upper()}", family)
    if "intervention" in short or (of_suite and short.endswith("-long")):
        arm = "intervention, long" if "long" in short else "intervention"
    else:
        arm = f"{batch[1]}M batch" if batch else "deduped" if "dedup" in short else "standard"
    old = text in HISTORICAL
    return Model(
        name=f"Pythia {HISTORICAL.get(text, text.upper())}",
        family="Pythia",
        arm=arm,
        release=f"v{release[1]}" if release else "v0" if old else "",
        tokens_per_step=int(float(batch[1]) * 2**20) if batch else TOKENS_PER_STEP,
    )


def step_in(text: str) -> int | None:
    """The checkpoint step that a revision or a file name ends on, or None.

    >>> step_in("EleutherAI/pythia-1b,revision=step143000"), step_in("results.json")
    (143000, None)
    """
    found = STEP.findall(text.lower())
    return int(found[-1]) if found else None
