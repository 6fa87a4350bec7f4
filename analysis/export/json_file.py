"""A panel as JSON, for programs: its words, settings, headline, sources and rows."""

import json
import math
from typing import Any

import pandas as pd

from analysis.charts.panel import Citation, Panel
from analysis.export.words import LICENCE, MADE_WITH, reference


def record(panel: Panel, permalink: str = "") -> bytes:
    """The panel as JSON in UTF-8.

    `name`, `title`, `caption`, `alt`, `settings` as shown, `pinned` (how it differs from each pinned setting), `headline` (the
    quantities that the title states, in base units, with `interval` [low, high] where one is known), `sources` (`verified` as of
    `least_verified`), `rows`, and what every file says about itself. Numbers are in full precision; what is missing is null, and an
    infinite number is a text, since JSON has none.
    """
    content = {
        "name": panel.name,
        "address": panel.address,
        "title": panel.title,
        "caption": panel.caption,
        "alt": panel.alt,
        "settings": dict(panel.settings),
        "pinned": list(panel.pinned),
        "headline": [
            {
                "name": one.name,
                "value": _plain(one.value),
                "unit": one.unit,
                "text": one.text,
                "interval": None if one.low is None and one.high is None else [_plain(one.low), _plain(one.high)],
            }
            for one in panel.headline
        ],
        "sources": [_source(panel, citation) for citation in dict.fromkeys(panel.sources)],
        "rows": [{str(name): _plain(value) for name, value in row.items()} for row in panel.data.to_dict("records")],
        "link": permalink,
        "licence": LICENCE,
        "made_with": MADE_WITH,
    }
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1).encode("utf-8")


def least_verified(panel: Panel, source_id: str) -> int | None:
    """How many separate transcriptions agree on the least checked of the panel's rows from a source; None where no row says.

    0 stands for a value from memory (data/tables.toml).
    """
    rows = panel.data
    if not {"source", "verified"} <= set(rows.columns):
        return None
    checked = pd.to_numeric(rows.loc[rows["source"] == source_id, "verified"], errors="coerce").dropna()
    return int(checked.min()) if len(checked) else None


def _source(panel: Panel, citation: Citation) -> dict[str, Any]:
    work = reference(citation)
    return {
        "id": citation.source_id,
        "work": work.short,
        "title": work.title,
        "url": work.url,
        "licence": work.licence,
        "place": citation.location,
        "verified": least_verified(panel, citation.source_id),
    }


def _plain(value: Any) -> Any:
    """A cell as JSON can carry it."""
    if hasattr(value, "item"):  # of NumPy
        value = value.item()
    if value is None or pd.isna(value):
        return None
    if isinstance(value, float) and math.isinf(value):
        return str(value)
    return value if isinstance(value, (bool, int, float, str)) else str(value)
