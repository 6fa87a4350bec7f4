"""Parameters, colours, works and words that figures on term frequency share."""

from collections.abc import Mapping
from functools import partial

from analysis import tables
from analysis.charts import style
from analysis.charts.panel import Citation
from analysis.charts.parameters import Choice, Data
from analysis.pythia.data import size_of
from analysis.term_frequency.data import OWN, SHOTS, SIZES, STEPS, NumberCounts, corpora

COLORS = dict(zip(SIZES, (style.GREY, style.SLATE, style.ORCHID, style.CRIMSON, style.RED, style.VIOLET, style.BLUE), strict=True))
RELEASED = Citation("eleutherai2023", "evals/csv")
PAPER = Citation("biderman2023", "section 3.3")
V0 = "Accuracies are those of the first deduplicated models (v0), which were later retrained."

NUMBER_COUNTS = Data(
    "Number counts",
    published=lambda: {corpus: (label, partial(NumberCounts, corpus)) for corpus, label in corpora().items()},
    own="your CSV",
)
PYTHIA_MODEL = Choice("Pythia model", options={size_of(model).lower(): model for model in SIZES[::-1]})
N_SHOTS = Choice("Few-shot examples (k)", options={shots: str(shots) for shots in SHOTS})
OPERATION = Choice("Operation", options={"multiplication": "multiplication", "addition": "addition"})
CHECKPOINT_STEP = Choice("Checkpoint", options={step: f"step {step:,}" for step in STEPS}, ordered=True)
MODELS: Mapping[str, str] = PYTHIA_MODEL.labels({})
"""Name of each model by its key."""


@tables.kept
def sources_of(corpus: str) -> tuple[Citation, ...]:
    """The works behind the accuracies and the counts of a corpus."""
    if corpus == OWN:
        return (RELEASED,)
    row = tables.load("number_corpora").set_index("corpus").loc[corpus]
    return RELEASED, Citation(row["source"], row["text"])


def span(row: Mapping, name: str) -> str:
    """The interval of a statistic."""
    return f"{row[f'{name}_low']:.2f} to {row[f'{name}_high']:.2f}"
