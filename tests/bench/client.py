"""A reader without a browser: one session of a Streamlit server over its websocket, and the server's memory.

It speaks the messages of Streamlit's own page: it keeps the elements that the server has sent, and sends the values of all
widgets with each change, as the page does. It draws nothing.
"""

import asyncio
import json
import os
import time
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlencode

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import connect

LONGEST = 120  # seconds that one run may take


@dataclass(frozen=True)
class Run:
    """One run of a page or fragment: seconds from sending the change to its last message, and bytes received."""

    seconds: float
    received: int


@dataclass(frozen=True)
class Node:
    """One element of the page, with the run that sent it and the fragment that it belongs to ("" outside of fragments)."""

    run: str
    fragment: str
    kind: str
    proto: object


@dataclass(frozen=True)
class Widget:
    """A control on the page as the server sent it."""

    kind: str
    fragment: str
    proto: object

    @property
    def id(self) -> str:
        return self.proto.id

    @property
    def label(self) -> str:
        return self.proto.label

    @property
    def key(self) -> str:
        """Its key: the name under which it stands in the address, or page, section and name of a parameter."""
        return self.proto.query_param_key or "-".join(self.id.split("-")[2:])

    @property
    def opens_sections(self) -> bool:
        """Whether it is the row of buttons that opens the sections of a page."""
        return self.key.endswith(("_part", ":section"))

    @property
    def options(self) -> list[str]:
        """What can be picked, as shown; empty for controls of numbers and switches."""
        options = getattr(self.proto, "options", [])
        return [option if isinstance(option, str) else option.content for option in options]

    @property
    def default(self):
        """The value the control has before anybody moves it: a float, a bool, a text or a list of texts."""
        if self.kind in ("checkbox", "number_input", "text_input"):
            return self.proto.default
        if self.kind in ("selectbox", "radio"):
            return self.options[self.proto.default]
        if self.kind == "slider" and not self.options:
            return self.proto.default[0]
        return [self.options[int(index)] for index in self.proto.default]

    @property
    def set_by_server(self):
        """The value that the server has given the control in this run (from the address, or kept from another page), or None."""
        if not self.proto.set_value:
            return None
        if self.kind in ("checkbox", "number_input", "text_input"):
            return self.proto.value
        if self.kind in ("selectbox", "radio"):
            return self.proto.raw_value
        if self.kind == "slider":
            return list(self.proto.raw_value) if self.options else self.proto.value[0]
        return list(self.proto.raw_values)


WIDGETS = ("slider", "selectbox", "button_group", "multiselect", "checkbox", "number_input", "text_input", "radio")


def state(widget: Widget, value) -> WidgetState:
    """The message that says that a control has a value."""
    said = WidgetState(id=widget.id)
    if isinstance(value, bool):
        said.bool_value = value
    elif isinstance(value, str):
        said.string_value = value
    elif isinstance(value, list):
        said.string_array_value.data.extend(value)
    elif widget.kind == "number_input":
        said.double_value = value
    else:
        said.double_array_value.data.append(value)
    return said


class Session:
    """One reader: `async with Session(address) as session`, then `open` a page, look at `widgets`, `move` one, look at `charts`."""

    def __init__(self, address: str):
        self.address = address
        self.nodes: dict[tuple[int, ...], Node] = {}
        self.values: dict[str, object] = {}  # of the open page, by id of the widget
        self.left: dict[str, str] = {}  # address parameters of each page as it was left
        self.pages: dict[str, str] = {}  # hash of each page's script, by its path
        self.path = ""
        self.run = ""

    async def __aenter__(self) -> "Session":
        self.socket = await connect(
            self.address.replace("http", "ws", 1) + "/_stcore/stream", subprotocols=["streamlit"], max_size=None, compression=None
        )
        return self

    async def __aexit__(self, *_problem) -> None:
        await self.socket.close()

    async def open(self, path: str = "", query: str | None = None) -> Run:
        """Open a page by its path, with these parameters of the address or as it was left, as the menu does."""
        first = not self.run
        self.left[self.path] = self.query()
        self.values, self.path = {}, path
        return await self._ask(self.left.get(path, "") if query is None else query, states=(), history=not first)

    async def move(self, widget: Widget, value) -> Run:
        """Give a control another value; its fragment runs, or the page if it stands in none."""
        self.values[widget.id] = value
        states = [state(other, self.values[other.id]) for other in self.widgets()]
        return await self._ask(self.query(), states, widget.fragment)

    async def press(self, button: Node, name: str, value: str) -> Run:
        """Press a button of a component of ours: it says name=value once."""
        states = [state(other, self.values[other.id]) for other in self.widgets()]
        said = f'[{{"event": "{name}", "value": "{value}"}}]'
        states.append(WidgetState(id=f"$$STREAMLIT_INTERNAL_KEY_{button.proto.id}__events", json_trigger_value=said))
        return await self._ask(self.query(), states, button.fragment)

    def widgets(self) -> list[Widget]:
        """The controls on the page that can be moved."""
        return [
            Widget(node.kind, node.fragment, node.proto) for node in self.nodes.values() if node.kind in WIDGETS and not node.proto.disabled
        ]

    def sliders(self) -> list[Widget]:
        return [widget for widget in self.widgets() if widget.kind == "slider"]

    def charts(self) -> list[dict]:
        """The charts on the page, as pages/components/chart.py gives them to the browser: title, figure (as JSON) and others."""
        return [
            json.loads(node.proto.json)
            for node in self.nodes.values()
            if node.kind == "bidi_component" and node.proto.component_name == "panel_chart"
        ]

    def problems(self) -> list[str]:
        """What went wrong on the page: the messages of uncaught errors."""
        return [f"{node.proto.type}: {node.proto.message}" for node in self.nodes.values() if node.kind == "exception"]

    def query(self) -> str:
        """The parameters that stand in the address: those that the charts write there, and every bound control not at its default."""
        written = {name: texts for chart in self.charts() for name, texts in (chart.get("query") or {"values": {}})["values"].items()}
        said = [(name, text) for name, texts in written.items() for text in texts]
        for widget in self.widgets():
            value = self.values.get(widget.id, widget.default)
            if widget.proto.query_param_key and value != widget.default:
                said += [(widget.key, text(part)) for part in (value if isinstance(value, list) else [value])]
        return urlencode(said)

    async def _ask(self, query: str, states, fragment: str = "", history: bool = False) -> Run:
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string, asked.fragment_id, asked.is_history_navigation = query, fragment, history
        asked.page_script_hash = self.pages.get(self.path, "")
        asked.page_name = "" if asked.page_script_hash else self.path
        asked.widget_states.widgets.extend(states)
        asked.context_info.url, asked.context_info.timezone = f"{self.address}/{self.path}", "UTC"
        received, finished, begun, start = 0, None, False, time.perf_counter()
        await self.socket.send(message.SerializeToString())
        async with asyncio.timeout(LONGEST):
            while not (begun and finished in (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)):
                data = await self.socket.recv()
                seconds = time.perf_counter() - start
                received += len(data)
                answer = ForwardMsg.FromString(data)
                if answer.WhichOneof("type") == "new_session":
                    begun, finished = True, None
                elif answer.WhichOneof("type") == "script_finished":
                    finished = answer.script_finished
                    if finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                        break
                self._take(answer)
        self._tidy(fragment)
        return Run(seconds, received)

    def _take(self, answer: ForwardMsg) -> None:
        """Note what a message says of the page."""
        match answer.WhichOneof("type"):
            case "new_session":
                self.run = answer.metadata.run.script_run_id
            case "navigation":
                self.pages = {page.url_pathname: page.page_script_hash for page in answer.navigation.app_pages}
            case "session_event" if answer.session_event.WhichOneof("type") == "script_compilation_exception":
                self.nodes[(-1,)] = Node(self.run, "", "exception", answer.session_event.script_compilation_exception)
            case "delta":
                path, delta = tuple(answer.metadata.delta_path), answer.delta
                if delta.WhichOneof("type") == "new_element":
                    kind = delta.new_element.WhichOneof("type")
                    for inside in [other for other in self.nodes if len(other) > len(path) and other[: len(path)] == path]:
                        del self.nodes[inside]
                    self.nodes[path] = Node(self.run, delta.fragment_id, kind, getattr(delta.new_element, kind))
                elif delta.WhichOneof("type") == "add_block":
                    self.nodes[path] = Node(self.run, delta.fragment_id, "block", delta.add_block)

    def _tidy(self, fragment: str) -> None:
        """Drop what the finished run has not sent again, and learn the values of the controls that are there now."""
        kept = {path: node for path, node in self.nodes.items() if node.run == self.run or (fragment and node.fragment != fragment)}
        self.nodes = dict(sorted(kept.items()))  # as they stand on the page
        values = {}
        for widget in self.widgets():
            given = widget.set_by_server
            values[widget.id] = self.values.get(widget.id, widget.default) if given is None else given
        self.values = values


def text(value) -> str:
    """A value as it stands in the address."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


@lru_cache(maxsize=8)
def process(address: str) -> psutil.Process:
    """The server that this process has started at an address."""
    port = address.rpartition(":")[2]
    return next(child for child in psutil.Process(os.getpid()).children() if port in child.cmdline())


def resident(address: str) -> float:
    """Memory that the server at an address holds [MiB]."""
    return process(address).memory_info().rss / 2**20
