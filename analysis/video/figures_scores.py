"""Figures on automatic scores of text-to-video systems: Fréchet distances and inception scores, and whether raters agree with them."""

import pandas as pd

from analysis import statistics, tables
from analysis.charts import marks, style
from analysis.charts.figure import Figure
from analysis.charts.names import beside
from analysis.charts.panel import Citation, Headline, Panel
from analysis.charts.parameters import Choice, Quantity
from analysis.units import significant
from analysis.video import win_rates
from analysis.video.data import EMU, LATENTS, automatic, chosen
from analysis.video.figures_marks import COLORS, CRITERION, SYMBOLS

ABLATIONS = {
    "rds_ablation": "smaller model",
    "rds_driving": "main results",
    "rds_upsampling": "upsamplers",
    "rds_reconstruction": "decoders",
}


class Ucf101(Figure):
    """FVD of each system by paper, with the systems below a limit counted in the title; inception scores in the hover text and the table."""

    name = "video.ucf101"
    fvd_limit: int = Quantity(
        "FVD below",
        low=300,
        high=800,
        step=5,
        whole=True,
    )(400)

    def draw(self) -> Panel:
        """The panel at these parameters."""
        limit, rows = self.fvd_limit, automatic()
        order = rows.groupby("system")["fvd"].min().sort_values()
        names = order.index.tolist()
        traces, parts = [], []
        for source, series, color, symbol in (
            (EMU, "Emu Video paper", style.BLUE, "circle"),
            (LATENTS, "Align Your Latents paper", style.CRIMSON, "diamond"),
        ):
            part = rows[rows["source"] == source].assign(series=series, status="reported")
            hover = [f"inception score {value:g}" if value == value else "no inception score" for value in part["inception_score"]]
            mark = marks.points(part, "fvd", "system", color, symbol=symbol, text=hover)
            mark["marker"] |= {"size": 15 if source == EMU else 8}  # where both print the same, the second mark lies on the first
            traces.append(mark)
            parts.append(part)
        layout = style.layout("number", "category", x_title="Fréchet video distance (lower is better)", height=380, x_range=(250, 800))
        layout["yaxis"] |= {"categoryorder": "array", "categoryarray": names[::-1]}
        layout["shapes"], layout["annotations"] = [style.vertical_line(limit, style.AMBER)], [style.line_name(limit, f"FVD {limit:g}")]
        magic = rows[rows["system"] == "MagicVideo"].set_index("source")["fvd"]
        best = rows.loc[rows["inception_score"].idxmax()]
        below = Headline("systems below the limit", int((order < limit).sum()), "", str(int((order < limit).sum())))
        lowest = Headline("lowest FVD", float(order.iloc[0]), "", f"{order.iloc[0]:g}", "fvd")
        return Panel(
            title=f"{below} of {len(order)} systems have FVD below {limit:g}; {names[0]} has the lowest, {lowest}, {best['system']} the best IS",
            headline=(below, lowest),
            figure=style.figure(traces, layout),
            parts=[*parts, {"series": "your limit", "fvd": [limit], "status": "what_if"}],
            beside=scores_table(),
            caption=f"Markers are zero-shot FVDs on UCF-101 as each paper prints them; lower is better. The papers disagree on MagicVideo ({magic[LATENTS]:g} and {magic[EMU]:g}) and round the others; Emu Video has the lowest distance and {best['system']} the highest inception score (IS, {best['inception_score']:g}), so the two metrics rank differently.",
            alt=f"FVD on UCF-101 of {len(order)} systems, from {order.iloc[0]:g} for {names[0]} to {order.iloc[-1]:g}; {below} are below {limit:g}.",
            sources=(Citation(EMU, "Table 2"), Citation(LATENTS, "zero-shot table of UCF-101")),
        )


def scores_table() -> pd.DataFrame:
    """FVD and inception scores of UCF-101 as a table of texts."""
    rows = automatic().assign(paper=automatic()["source"].map({EMU: "Emu Video", LATENTS: "Align Your Latents"}))
    shown = rows[["system", "paper", "fvd", "inception_score"]].sort_values("fvd")
    for column in ("fvd", "inception_score"):
        shown[column] = [f"{value:g}" if value == value else "" for value in shown[column]]
    return shown.rename(columns={"fvd": "FVD (lower is better)", "inception_score": "inception score (higher is better)"})


class FvdAndPeople(Figure):
    """Whether the automatic distance orders systems as raters do: FVD against the share of prompts on which Emu Video is preferred."""

    name = "video.fvd_and_people"
    criterion: str = CRITERION("quality")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        criterion, rows = self.criterion, chosen("equal")
        rows = win_rates.both_criteria(rows) if criterion == "both" else rows[rows["criterion"] == criterion]
        rows = rows.set_index("second")
        fvd = automatic().sort_values("source").assign(rival=lambda frame: frame["system"].str.replace(r" \(.*", "", regex=True))
        fvd = fvd.groupby("rival", sort=False)["fvd"].min()
        both = [name for name in rows.index if name in fvd.index]
        x, share = fvd[both].to_numpy(), rows.loc[both, "share"].to_numpy()
        low, high = statistics.wilson_interval(share, rows.loc[both, "n"].to_numpy())
        part = {
            "series": "rival", "system": both, "fvd": x, "win_share": share, "win_share_low": low, "win_share_high": high,
            "n_prompts": rows.loc[both, "n"].to_numpy(), "criterion": criterion, "source": f"{EMU};{LATENTS}", "location": "Figure 2; Table 2", "status": "reported",
        }  # fmt: skip
        mark = marks.points(part, "fvd", "win_share", COLORS[criterion], symbol=SYMBOLS[criterion], text=both)
        mark |= {"mode": "markers+text", "textposition": ["middle left" if value == max(x) else "middle right" for value in x]}
        mark = marks.errors(mark, part, "win_share_low", "win_share_high", color=COLORS[criterion], thickness=2, width=0)
        layout = style.layout(
            "number",
            "percent",
            x_title="FVD of the rival on UCF-101 (lower is better)",
            y_title="Win rate of Emu Video",
            x_range=(300, 790),
            y_range=(0.65, 1.02),
        )
        rho = float(statistics.spearman(x, share))
        correlation = Headline("rank correlation", rho, "", f"{rho:.1f}", "rank_correlation")
        of = "both criteria" if criterion == "both" else criterion
        return Panel(
            title=f"FVD of a rival against Emu Video's win rate in {of}: rank correlation {correlation}, {len(both)} systems",
            headline=(correlation,),
            figure=style.figure([mark], layout),
            parts=[part, {"series": "rank correlation", "rank_correlation": [rho], "status": "computed"}],
            caption=f"Markers are the {len(both)} rivals with both an FVD on UCF-101 and a comparison by raters; of two printed FVDs the lower is taken. A positive correlation means that human preference and FVD agree. With so few systems the correlation says little, and raters saw other prompts. Bars are 95% intervals.",
            alt=f"Share of prompts won by Emu Video against the rival's FVD for {len(both)} rivals; the rank correlation is {rho:.1f}.",
            sources=(Citation(EMU, "Figure 2; Table 2"), Citation(LATENTS, "zero-shot table of UCF-101")),
        )


class Driving(Figure):
    """FVD and FID on driving videos, as Align Your Latents prints them, for the main results or an ablation."""

    name = "video.driving"
    driving_table: str = Choice("Table of Align Your Latents", options=ABLATIONS)("rds_ablation")

    def draw(self) -> Panel:
        """The panel at these parameters."""
        rows = tables.load("vision_scores")
        rows = rows[(rows["benchmark"] == self.driving_table) & (rows["source"] == LATENTS)]
        wide = rows.pivot_table(index="model", columns="metric", values="value", sort=False)
        about = rows.drop_duplicates("model").set_index("model").loc[wide.index]
        verified = rows.groupby("model")["verified"].min()
        parts, traces = [], []
        for number, model in enumerate(wide.index):
            part = {
                "series": model, "model": model, "fid": [wide.loc[model, "fid"]], "fvd": [wide.loc[model, "fvd"]],
                "fvd_rank": [wide["fvd"].rank()[model]], "printed_benchmark": about.loc[model, "printed_benchmark"],
                "location": about.loc[model, "location"], "source": LATENTS, "verified": [verified[model]], "status": "reported",
            }  # fmt: skip
            parts.append(part)
            mark = marks.points(part, "fid", "fvd", style.series_color(number), symbol=style.SYMBOLS[number % 6], text=[model])
            traces.append(beside(mark, [model], whole=True))
        layout = style.layout(
            "number", "number", x_title="FID of single frames (lower is better)", y_title="FVD of videos (lower is better)", height=420
        )
        for axis, metric in (("xaxis", "fid"), ("yaxis", "fvd")):
            span = wide[metric].max() - wide[metric].min()
            layout[axis] |= {
                "range": [max(wide[metric].min() - 0.2 * span - 0.5, 0), wide[metric].max() + 0.2 * span + 0.5],
                "autorange": False,
            }
        best, other = wide["fvd"].idxmin(), wide["fid"].idxmin()
        lowest = Headline("lowest FVD", float(wide["fvd"].min()), "", f"{wide['fvd'].min():.0f}", "fvd")
        headline, tail = [lowest], "its frames have the lowest FID too"
        if best != other:
            fids = [
                Headline(f"FID of {model}", float(wide.loc[model, "fid"]), "", f"{wide.loc[model, 'fid']:g}", "fid")
                for model in (other, best)
            ]
            headline, tail = [lowest, *fids], f"{other} has the better FID, {fids[0]} against {fids[1]}"
        shown = ABLATIONS[self.driving_table]
        return Panel(
            title=f"Driving, {shown}: {best} has the lowest FVD, {lowest}; {tail}",
            headline=tuple(headline),
            figure=style.figure(traces, layout),
            parts=parts,
            caption="Each marker is a model; lower is better in motion (FVD), further left in single frames (FID). The paper trains on driving videos of 512 × 1024 pixels. Numbers of different tables come from models of different sizes and do not compare."
            + (
                " Pixel-space diffusion and end-to-end training of all layers are worse than the latent video model."
                if self.driving_table == "rds_ablation"
                else ""
            ),
            alt=f"FVD against FID of {len(wide)} models on driving videos, {shown}; {best} has the lowest FVD of {significant(wide['fvd'].min())}.",
            sources=tuple(Citation(LATENTS, place) for place in dict.fromkeys(rows["location"])),
        )
