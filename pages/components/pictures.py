"""Small pictures of figures that the reader's browser draws, each once, with the script that draws the charts; so nothing waits for them."""

import hashlib
import json
from typing import Any

import plotly.graph_objects as go

from analysis.charts.plain import as_json
from pages.components import plotly_script

DRAW = (
    plotly_script.LOAD
    + r"""
// Pictures by what they show; drawn one after the other, so that the page answers in between.
const pictures = (window.smallPictures ??= new Map());
let turn = Promise.resolve();

function picture(image, { id, figure, size }, script) {
  if (!pictures.has(id)) {
    turn = turn.then(() => plotly(script)).then(Plotly => Plotly.toImage(JSON.parse(figure), { format: 'svg', width: size[0], height: size[1] }));
    pictures.set(id, turn);
    turn = turn.catch(() => pictures.delete(id));
  }
  pictures.get(id).then(address => { image.src = address; }, () => null);
}

function element(tag, name, words) {
  const made = document.createElement(tag);
  made.className = name;
  if (words) made.textContent = words;
  return made;
}
"""
)
"""JavaScript for a component: `picture` puts a drawn figure into an image, `element` makes an element with a class and a text."""


def drawn(figure: go.Figure, size: tuple[int, int], template: dict | None = None) -> dict[str, Any]:
    """A figure as `picture` takes it. size: width and height [px]. template: of the page, where the figure has none of its own."""
    text = as_json(figure)
    if template is not None:
        whole = json.loads(text)
        text = json.dumps(whole | {"layout": whole["layout"] | {"template": template}})
    return {"id": hashlib.sha256(f"{size}{text}".encode()).hexdigest()[:20], "figure": text, "size": size}
