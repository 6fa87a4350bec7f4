"""The figure on what the stages of preference tuning keep in memory."""

from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.marks import Part
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.shared_parameters import BATCH_SIZE, MEMORY_UNIT, MODEL, SEQ_LEN
from analysis.memory import finetuning
from analysis.memory.figures_settings import METHOD
from analysis.preference import stage_memory
from analysis.preference.data import known_models
from analysis.transformer.model import Model
from analysis.units import MEMORY_UNITS, significant
from analysis.uploads import clip

ROLE_COLORS = {
    "policy": style.BLUE,
    "critic": style.ORCHID,
    "reward model": style.CRIMSON,
    "reference": style.SLATE,
    "activations": style.VIOLET,
}


class Stages(Figure):
    """Bytes of the three stages of RLHF and of DPO, by model kept."""

    name = "preference.memory"
    model: Model = MODEL("llama-2-7b", among=known_models, tried=("mistral-7b", "llama-2-70b"))
    method: str = METHOD("full")
    batch_size: int = BATCH_SIZE(1, high=64)
    seq_len: int = SEQ_LEN(1024, high=8192)
    memory_unit: str = MEMORY_UNIT("gb")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        unit = MEMORY_UNITS[self.memory_unit]
        name, method = clip(self.model.name, style.LONGEST_NAME), self.method
        found = {
            stage: stage_memory.stage_memory(self.model.shape, stage, method, batch=self.batch_size, seq_len=self.seq_len)
            for stage in stage_memory.STAGES
        }
        common = {
            "model": self.model.name,
            "stage": [stage_memory.STAGES[stage] for stage in found],
            "drawn_in": unit.name,
            "status": "computed",
        }

        def part(series: str, values: list[float]) -> Part:
            return {"series": series, "memory_bytes": values, **common}

        roles = {
            role: part(role, [each.activations if role == "activations" else each.models.get(role, 0.0) for each in found.values()])
            for role in ROLE_COLORS
        }
        drawn = {role: rows for role, rows in roles.items() if any(rows["memory_bytes"])}
        traces = [
            marks.bars(rows, "memory_bytes", "stage", ROLE_COLORS[role], horizontal=True, per_x=unit.size)
            | {"hovertemplate": f"%{{y}}, %{{fullData.name}}: %{{x:.3~g}} {unit.name}<extra></extra>"}
            for role, rows in drawn.items()
        ]
        totals = {stage: each.total for stage, each in found.items()}
        layout = style.layout(
            "number",
            "category",
            x_title=f"Memory ({unit.name})",
            x_range=(0, max(totals.values()) / unit.size * 1.15),
            height=380,
            barmode="stack",
            bargap=0.35,
        )
        layout["yaxis"] |= {"autorange": "reversed"}
        layout["legend"] |= {"traceorder": "normal"}
        layout["annotations"] = [
            style.note(
                total / unit.size, stage_memory.STAGES[stage], f"{significant(total / unit.size)} {unit.name}", xanchor="left", xshift=4
            )
            for stage, total in totals.items()
        ]
        adapters = (
            "With adapters all models of a stage share one base, and the reference is that base with its adapter off."
            if method != "full"
            else "A frozen model is its 16-bit weights; a trained one adds gradients and AdamW's two states."
        )
        ppo, dpo = (
            Headline(f"memory of {stage_memory.STAGES[stage]}", totals[stage], "bytes", unit.text(totals[stage]), "memory_bytes")
            for stage in ("ppo", "dpo")
        )
        return Panel(
            title=f"{name}: PPO keeps four models in {ppo}, DPO two in {dpo} ({finetuning.METHODS[method]})",
            headline=(ppo, dpo),
            figure=style.figure(traces, layout),
            parts=[*drawn.values(), part("context", [each.context for each in found.values()]), part("total", list(totals.values()))],
            caption=(
                f"Each bar is the training memory of one stage by model. RLHF runs the first three one after another; DPO replaces the second and third. All models are as large as the policy. {adapters} DPO and the reward model read two answers for each prompt. "
                "All on one GPU; totals include half a GB of CUDA context. PPO also generates answers, whose KV cache is not counted."
            ),
            alt=f"Stacked bars of memory: SFT {unit.text(totals['sft'])}, reward model {unit.text(totals['reward'])}, PPO {ppo}, DPO {dpo}.",
            sources=(
                Citation("ouyang2022", "section 3.5"),
                Citation("rafailov2023", "section 4"),
                Citation("dettmers2023", "sections 2 and 3"),
                Citation("rajbhandari2019", "section 3.1"),
            ),
        )
