"""Figures on automatic scores of text-to-video systems: Fréchet distances and inception scores, and whether raters agree with them."""

from collections.abc import Callable, Mapping

import pandas as pd

from analysis import statistics, tables
from analysis.charts import style
from analysis.charts.panel import Citation, Panel
from analysis.units import significant
from analysis.video.data import EMU, LATENTS, automatic, chosen
from analysis.video.figures_marks import COLORS, SYMBOLS

ABLATIONS = {
    "rds_ablation": "smaller model",
    "rds_driving": "main results",
    "rds_upsampling": "upsamplers",
    "rds_reconstruction": "decoders",
}


def ucf101(limit: float, settings: Mapping[str, str]) -> Panel:
    """FVD of each system by paper, with the systems below a limit named in the title; inception scores in the hover text and the table."""
    rows = automatic()
    order = rows.groupby("system")["fvd"].min().sort_values()
    names = order.index.tolist()
    traces = []
    for source, name, color, symbol in (
        (EMU, "in Emu Video", style.BLUE, "circle"),
        (LATENTS, "in Align Your Latents", style.CRIMSON, "diamond"),
    ):
        part = rows[rows["source"] == source]
        hover = [f"inception score {value:g}" if value == value else "no inception score" for value in part["inception_score"]]
        mark = style.reported_markers(part["fvd"], part["system"], name, color, symbol, part["verified"] > 0, hover)
        mark["marker"] |= {"size": 15 if source == EMU else 8}  # where both print the same, the second mark lies on the first
        traces.append(mark)
    layout = style.layout("number", "category", x_title="Fréchet video distance (lower is better)", height=380, x_range=(250, 800))
    layout["yaxis"] |= {"categoryorder": "array", "categoryarray": names[::-1]}
    layout["shapes"] = [style.vertical_line(limit, style.AMBER)]
    magic = rows[rows["system"] == "MagicVideo"].set_index("source")["fvd"]
    best = rows.loc[rows["inception_score"].idxmax()]
    return Panel(
        name="video.ucf101",
        title=f"{int((order < limit).sum())} of {len(order)} systems have an FVD below {limit:g}, {names[0]} the lowest with {order.iloc[0]:g}; the best inception score is {best['system']}'s",
        figure=style.figure(traces, layout),
        data=lambda: rows.assign(status="reported"),
        caption=f"Zero-shot on UCF-101, as each paper prints it. The papers disagree on MagicVideo ({magic[LATENTS]:g} and {magic[EMU]:g}) and round the others; Emu Video has the lowest distance and {best['system']} the highest inception score ({best['inception_score']:g}), so the two measures rank differently.",
        alt=f"FVD on UCF-101 of {len(order)} systems, from {order.iloc[0]:g} for {names[0]} to {order.iloc[-1]:g}.",
        sources=(Citation(EMU, "Table 2"), Citation(LATENTS, "zero-shot table of UCF-101")),
        settings=settings,
        explain=(ucf101,),
    )


def scores_table() -> pd.DataFrame:
    """FVD and inception scores of UCF-101 as a table."""
    rows = automatic().assign(paper=automatic()["source"].map({EMU: "Emu Video", LATENTS: "Align Your Latents"}))
    shown = rows[["system", "paper", "fvd", "inception_score"]].sort_values("fvd")
    return shown.rename(columns={"fvd": "FVD (lower is better)", "inception_score": "inception score (higher is better)"})


def fvd_and_people(criterion: str, settings: Mapping[str, str]) -> Panel:
    """Whether the automatic distance orders systems as raters do: FVD against the share of prompts on which Emu Video is preferred."""
    rows = chosen("equal")
    rows = rows[rows["criterion"] == criterion].set_index("second")
    fvd = automatic().sort_values("source").assign(rival=lambda frame: frame["system"].str.replace(r" \(.*", "", regex=True))
    fvd = fvd.groupby("rival", sort=False)["fvd"].min()
    both = [name for name in rows.index if name in fvd.index]
    x, share = fvd[both].to_numpy(), rows.loc[both, "share"].to_numpy()
    low, high = statistics.wilson_interval(share, rows.loc[both, "n"].to_numpy())
    mark = style.reported_markers(x, share, "rival", COLORS[criterion], SYMBOLS[criterion], text=both)
    far = max(x)
    mark |= {"mode": "markers+text", "textposition": ["middle left" if value == far else "middle right" for value in x]}
    mark["error_y"] = {
        "type": "data",
        "symmetric": False,
        "array": (high - share).tolist(),
        "arrayminus": (share - low).tolist(),
        "color": COLORS[criterion],
        "thickness": 2,
        "width": 0,
    }
    layout = style.layout(
        "number",
        "percent",
        x_title="FVD of the rival on UCF-101 (less is better)",
        y_title="Prompts Emu Video wins",
        x_range=(300, 790),
        y_range=(0.65, 1.02),
    )
    rho = float(statistics.spearman(x, share))
    return Panel(
        name="video.fvd_and_people",
        title=f"Rivals farther off by FVD also lose more often to Emu Video in {criterion}: rank correlation {rho:.1f}, of {len(both)} systems only",
        figure=style.figure([mark], layout),
        data=lambda: pd.DataFrame(
            {
                "system": both,
                "fvd": x,
                "share": share,
                "low": low,
                "high": high,
                "criterion": criterion,
                "source": f"{EMU};{LATENTS}",
                "status": "reported",
            }
        ).pipe(
            lambda frame: pd.concat(
                [frame, pd.DataFrame({"system": ["rank correlation"], "share": [rho], "status": ["computed"]})], ignore_index=True
            )
        ),
        caption=f"The {len(both)} rivals that have an FVD on UCF-101 and a comparison by raters; of two printed distances the lower is taken. With so few systems the correlation says little, and raters saw other prompts. Bars are 95% intervals.",
        alt=f"Share of prompts won by Emu Video against the rival's FVD for {len(both)} rivals; the rank correlation is {rho:.1f}.",
        sources=(Citation(EMU, "Figure 2; Table 2"), Citation(LATENTS, "zero-shot table of UCF-101")),
        settings=settings,
        explain=(statistics.wilson_interval,),
    )


def driving(which: str, settings: Mapping[str, str]) -> Panel:
    """FVD and FID on driving videos, as Align Your Latents prints them, for the main results or an ablation."""
    if which not in ABLATIONS:
        raise ValueError(f"which must be one of {', '.join(ABLATIONS)}, got {which!r}")
    rows = tables.load("vision_scores")
    rows = rows[(rows["benchmark"] == which) & (rows["source"] == LATENTS)]
    wide = rows.pivot_table(index="model", columns="metric", values="value", sort=False)
    traces = []
    for number, model in enumerate(wide.index):
        mark = style.reported_markers(
            [wide.loc[model, "fid"]], [wide.loc[model, "fvd"]], model, style.series_color(number), style.SYMBOLS[number % 6], text=[model]
        )
        traces.append(mark)
    layout = style.layout(
        "number", "number", x_title="FID of single frames (lower is better)", y_title="FVD of videos (lower is better)", height=420
    )
    for name, metric in (("xaxis", "fid"), ("yaxis", "fvd")):
        span = wide[metric].max() - wide[metric].min()
        layout[name] |= {
            "range": [max(wide[metric].min() - 0.2 * span - 0.5, 0), wide[metric].max() + 0.2 * span + 0.5],
            "autorange": False,
        }
    best, other = wide["fvd"].idxmin(), wide["fid"].idxmin()
    tail = (
        "its frames are the best too"
        if best == other
        else f"{other} has better frames, FID {wide.loc[other, 'fid']:g} against {wide.loc[best, 'fid']:g}"
    )
    return Panel(
        name="video.driving",
        title=f"Driving videos, {ABLATIONS[which]}: {best} has the lowest FVD, {wide['fvd'].min():.0f}; {tail}",
        figure=style.figure(traces, layout),
        data=lambda: pd.concat(
            [
                rows[["model", "metric", "value", "unit", "printed_benchmark", "location", "source", "verified"]].assign(status="reported"),
                wide.reset_index()[["model"]].assign(metric="rank by FVD", value=wide["fvd"].rank().to_numpy(), status="computed"),
            ],
            ignore_index=True,
        ),
        caption="Down is better in motion, left in single frames; the paper trains on driving videos of 512 x 1024 pixels. Numbers of different tables come from models of different sizes and do not compare."
        + (
            " Diffusion in pixels, and training all layers end to end, are behind the latent video model."
            if which == "rds_ablation"
            else ""
        ),
        alt=f"FVD against FID of {len(wide)} models on driving videos, {ABLATIONS[which]}; {best} has the lowest FVD of {significant(wide['fvd'].min())}.",
        sources=tuple(Citation(LATENTS, place) for place in dict.fromkeys(rows["location"])),
        settings=settings,
        explain=(driving,),
    )


def default_panels() -> dict[str, Callable[[], Panel]]:
    """The panels of this module at their default settings."""
    return {
        "video.ucf101": lambda: ucf101(400.0, {"limit": "FVD 400"}),
        "video.fvd_and_people": lambda: fvd_and_people("quality", {"criterion": "quality"}),
        "video.driving": lambda: driving("rds_ablation", {"table": ABLATIONS["rds_ablation"]}),
    }
