"""The figure on what the stages of preference tuning keep in memory."""

from collections.abc import Callable, Mapping

from analysis import tables
from analysis.charts import style
from analysis.charts.panel import Citation, Panel, table_of
from analysis.memory import finetuning
from analysis.preference import stage_memory
from analysis.transformer import shape_of_model
from analysis.units import format_bytes, significant

ROLE_COLORS = {
    "policy": style.BLUE,
    "value model": style.AMBER,
    "reward model": style.CRIMSON,
    "reference": style.SLATE,
    "activations": style.VIOLET,
}


def stages(model: str, method: str, batch: int, seq_len: int, settings: Mapping[str, str]) -> Panel:
    """Bytes of the three stages of RLHF and of DPO, by model kept."""
    shape = shape_of_model(model, tables.load("models"))
    found = {stage: stage_memory.stage_memory(shape, stage, method, batch=batch, seq_len=seq_len) for stage in stage_memory.STAGES}
    labels = [stage_memory.STAGES[stage] for stage in found]
    traces = []
    for role, color in ROLE_COLORS.items():
        values = [(each.activations if role == "activations" else each.models.get(role, 0.0)) / 1e9 for each in found.values()]
        if any(values):
            traces.append(
                style.bars(values, labels, role, color, horizontal=True)
                | {"hovertemplate": "%{y}, %{fullData.name}: %{x:.3~g} GB<extra></extra>"}
            )
    totals = {stage: each.total for stage, each in found.items()}
    layout = style.layout(
        "number",
        "category",
        x_title="Memory (GB)",
        x_range=(0, max(totals.values()) / 1e9 * 1.15),
        height=380,
        barmode="stack",
        bargap=0.35,
    )
    layout["yaxis"] |= {"autorange": "reversed"}
    layout["legend"] |= {"traceorder": "normal"}
    layout["annotations"] = [
        style.note(total / 1e9, stage_memory.STAGES[stage], f"{significant(total / 1e9)} GB", xanchor="left", xshift=4)
        for stage, total in totals.items()
    ]
    adapters = (
        "With adapters all models of a stage share one base, and the reference is that base with its adapter off."
        if method != "full"
        else "A frozen model is its 16-bit weights, a trained one has gradients and AdamW's two states besides."
    )
    return Panel(
        name="preference.memory",
        title=f"For {model}, PPO keeps four models in {format_bytes(totals['ppo'])}, DPO two in {format_bytes(totals['dpo'])} ({finetuning.METHODS[method]})",
        figure=style.figure(traces, layout),
        data=lambda: table_of(
            [
                {
                    "model": model,
                    "stage": stage,
                    "part": [*each.models, "activations and logits", "context"],
                    "bytes": [*each.models.values(), each.activations, each.context],
                    "status": "computed",
                }
                for stage, each in found.items()
            ]
        ),
        caption=(
            f"RLHF runs the first three one after another, DPO replaces the second and the third. All models are as large as the policy. {adapters} DPO and the reward model read two answers for each prompt. "
            "Everything on one device; half a GB of context is in the totals. PPO also writes answers, whose cache is not counted."
        ),
        alt=f"Stacked bars of memory: supervised tuning {format_bytes(totals['sft'])}, reward model {format_bytes(totals['reward'])}, PPO {format_bytes(totals['ppo'])}, DPO {format_bytes(totals['dpo'])}.",
        sources=(
            Citation("ouyang2022", "section 3.5"),
            Citation("rafailov2023", "section 4"),
            Citation("dettmers2023", "sections 2 and 3"),
            Citation("rajbhandari2019", "section 3.1"),
        ),
        settings=settings,
        explain=(stage_memory.stage_memory, finetuning.finetuning_memory),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panel on memory at its default settings."""
    return {
        "preference.memory": lambda: stages(
            "Llama 2 7B", "full", 1, 1024, {"model": "Llama 2 7B", "method": "full fine-tuning", "batch": "1 x 1,024"}
        )
    }
