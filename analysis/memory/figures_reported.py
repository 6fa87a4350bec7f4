"""The figure of what the QLoRA paper prints beside what is computed here."""

from collections.abc import Mapping

import pandas as pd

from analysis.charts import style
from analysis.charts.panel import Citation, Panel
from analysis.memory import finetuning
from analysis.memory.figures_settings import ACTIVATIONS, MODEL, ZERO
from analysis.transformer import count_params
from analysis.units import format_bytes, significant


def reported(footprints: pd.DataFrame, shapes: Mapping) -> Panel:
    """What the QLoRA paper prints beside what is computed here."""
    rows = pd.DataFrame(finetuning.compare_reported(footprints.to_dict("records"), shapes)).sort_values("printed", ascending=False)
    rows["shown"] = [f"{row['label']} ({signed(row['error'])})" for row in rows.to_dict("records")]
    bounded = [
        " ".join(filter(None, (row["bound"], f"{row['value']:g} {row['unit']}", row["location"]))) for row in rows.to_dict("records")
    ]
    tuning = rows.dropna(subset=["tuning"])
    traces = [
        style.computed_ticks(rows["computed"] / 1e9, rows["shown"], "computed", style.BLUE),
        style.computed_ticks(tuning["tuning"] / 1e9, tuning["shown"], "computed, with training", style.GREY),
    ]
    for bound, (symbol, name) in {
        "": ("diamond", "printed"),
        "more than": ("triangle-right", "more than"),
        "less than": ("triangle-left", "less than"),
    }.items():
        some = rows["bound"].replace("about", "") == bound
        hover = [text for text, keep in zip(bounded, some, strict=True) if keep]
        traces.append(
            style.reported_markers(
                rows["printed"][some] / 1e9, rows["shown"][some], name, style.AMBER, symbol, rows["verified"][some] > 0, hover
            )
        )
    layout = style.layout("log_number", "category", x_title="Memory (GB)", height=500)
    layout["xaxis"] |= {"tickvals": [3, 10, 30, 100, 300, 1000], "ticktext": ["3", "10", "30", "100", "300", "1000"], "tickangle": 0}
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": rows["shown"].tolist()[::-1]}
    by_id = rows.set_index("id")
    tuned = finetuning.finetuning_memory(shapes[by_id.loc["qlora_33b_figure6", "model"]], "qlora")
    table6 = tuning[tuning["location"] == "Table 6"]
    low, high = -table6["error"].max(), -table6["error"].min()
    above = (table6["tuning"] / table6["printed"] - 1).agg(["min", "max"])
    return Panel(
        name="memory.reported",
        title=f"QLoRA's 33B run comes out at {format_bytes(by_id.loc['qlora_33b_figure6', 'computed'])} as printed; its 4-bit models, counted, are {low:.0%} to {high:.0%} smaller than printed",
        figure=style.figure(traces, layout),
        data=lambda: rows.drop(columns="shown").assign(status="reported"),
        caption=(
            "In brackets: computed against printed. 780 GB is 12 bytes a parameter: 16-bit weights and gradients and two 32-bit states, without a "
            f"32-bit copy (with it: {format_bytes(16 * count_params(shapes[MODEL]).total)}). Table 6 does not say what it counts: 16-bit rows are weights alone, 4-bit rows lie "
            f"between the stored model and its fine-tuning ({above['min']:.0%} to {above['max']:.0%} more). The 33B match is closer than its interval "
            f"({significant(tuned.low / 1e9)} to {significant(tuned.high / 1e9)} GB) can promise. 48 GB is a limit; no A100 has it, they have 40 or 80. *: the same model in Table 1."
        ),
        alt=f"Printed and computed footprints of {len(rows)} entries; the 4-bit models of Table 6 lie between stored model and whole fine-tune.",
        sources=(Citation("dettmers2023", "Abstract, sections 1 to 3, Tables 1 and 6, Figure 6"), ZERO, ACTIVATIONS),
        settings={"fine-tuning": "batch 1 of 512 tokens, rank 64 on all linear layers, checkpointing", "blocks": "64, double quantisation"},
        explain=(finetuning.compare_reported, finetuning.finetuning_memory),
    )


def signed(share: float) -> str:
    """A relative error in percent with its sign.

    >>> signed(-0.156), signed(0.004)
    ('−16%', '+0.4%')
    """
    percent = 100 * abs(share)
    return f"{'−' if share < 0 else '+'}{percent:.1f}%" if percent < 9.95 else f"{'−' if share < 0 else '+'}{percent:.0f}%"
