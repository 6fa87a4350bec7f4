"""The sections of a page, of which only the open one is drawn.

The browser renders every element of a page anew, several times, at each step of a slider, whether the element changed or
not; what is not open costs nothing (docs/performance.md). The open section stands in the address like any control.
"""

from collections.abc import Callable, Mapping

from pages.components import controls


def show(key: str, sections: Mapping[str, Callable[[], None]]) -> None:
    """A row of buttons, one per section by its name, and below it the section that is open; the first one at first.

    key: names the choice in the address, unique across all pages. A control that several sections need is drawn by each
    of them under the same key and so keeps its value between them.
    """
    sections[controls.switch(key, "On this page", list(sections), next(iter(sections)))]()
