"""Tables with a chart: a small one of texts that belongs to it, and on request the rows that it is drawn from."""

from html import escape

import pandas as pd
import streamlit as st

from analysis.charts.panel import Panel
from analysis.units import counted, together

MOST = 500
"""Rows that are shown of a longer table."""
DIGITS = 6

HTML = """<div class="box" role="region" tabindex="0"><table><caption></caption><thead><tr></tr></thead><tbody></tbody></table></div>"""

CSS = """
:host { font-family: var(--st-font); color: var(--st-text-color); }
.box { max-height: 26rem; overflow: auto; border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius); }
.box:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: 0.5rem 0.75rem; color: color-mix(in srgb, var(--st-text-color) 70%, transparent); white-space: nowrap; }
th, td { text-align: left; padding: 0.25rem 0.75rem; border-top: 1px solid var(--st-border-color); white-space: nowrap; }
td { max-width: 24rem; overflow: hidden; text-overflow: ellipsis; }
.number { text-align: right; }
thead th { position: sticky; top: 0; background: var(--st-secondary-background-color); font-weight: 600; }
"""

JS = """
function cell(tag, words, number) {
  const element = document.createElement(tag);
  element.textContent = words;
  if (number) element.className = 'number';
  if (tag === 'th') element.scope = 'col';
  else if (words.length > 30) element.title = words;
  return element;
}

export default function({ parentElement, data }) {
  const find = selector => parentElement.querySelector(selector);
  find('.box').setAttribute('aria-label', data.label);
  find('caption').textContent = data.caption;
  find('thead tr').replaceChildren(...data.columns.map((name, at) => cell('th', name, data.numbers[at])));
  find('tbody').replaceChildren(...data.rows.map(row => {
    const line = document.createElement('tr');
    line.append(...row.map((words, at) => cell('td', words, data.numbers[at])));
    return line;
  }));
}
"""

COMPONENT = st.components.v2.component("panel_table", html=HTML, css=CSS, js=JS)


def rows(slot: str, panel: Panel) -> None:
    """Show the rows behind a chart, at most MOST of them; every cell is shown as text."""
    found = panel.data
    shown = found.head(MOST)
    numbers = [pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind) for kind in found.dtypes]
    cells = [[cell(value) for value in shown[name]] for name in shown]
    data = {
        "label": f"Rows behind the chart: {panel.title}",
        "caption": f"{caption(len(found))} Numbers to {DIGITS} digits.",
        "columns": [str(name) for name in found],
        "numbers": numbers,
        "rows": [list(row) for row in zip(*cells, strict=True)],
    }
    COMPONENT(key=f"table-{slot}", data=data)


def caption(count: int) -> str:
    """How many rows there are, and where the rest is.

    >>> caption(2310), caption(1)
    ('First 500 of 2,310 rows; all are in the CSV.', '1 row, as in the CSV.')
    """
    return f"First {MOST} of {count:,} rows; all are in the CSV." if count > MOST else f"{counted(count, 'row')}, as in the CSV."


def cell(value: object) -> str:
    """A value as text; a missing one is empty.

    >>> cell(5.7612345e23), cell(70_000_000_000), cell(None), cell(float("nan")), cell(True), cell("*x*")
    ('5.76123e+23', '70000000000', '', '', 'True', '*x*')
    """
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.{DIGITS}g}"
    return "" if value is None or value is pd.NA else str(value)


SMALL = """<style>
.plain-table { border-collapse: collapse; font-size: 0.875rem; }
.plain-table th, .plain-table td { text-align: left; padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent); }
.plain-table th { font-weight: 600; opacity: 0.75; }
</style>"""


def texts(rows: pd.DataFrame) -> None:
    """Show a small table of texts, its cells shown as they stand; inside a fragment this takes the browser a tenth of a Markdown table."""
    head = "".join(f"<th scope='col'>{escape(str(name))}</th>" for name in rows.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(together(str(cell)))}</td>" for cell in row) + "</tr>" for row in rows.to_numpy().tolist()
    )
    st.html(
        f"{SMALL}<div style='overflow-x: auto'><table class='plain-table'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
