"""Figures as files at addresses of their own, charts in frames, and what such addresses refuse."""

import asyncio
import base64
import http.server
import json
import random
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from html.parser import HTMLParser
from importlib.metadata import version
from urllib.parse import quote

import pytest
from playwright.sync_api import expect
from plotly.offline import get_plotlyjs
from starlette.applications import Starlette
from streamlit import config

from analysis import catalogue, tables
from analysis.charts.figure import Figure
from analysis.charts.parameters import Quantity, Text
from analysis.export import embed, files
from pages.components import controls, panel, registry
from pages.served import routes
from pages.served.beside_pages import page_link
from pages.served.making import Busy, Late, Maker
from tests.conftest import ROOT, serving
from tests.sample_panels import LINK, every_text, hide_browser, hostile_panel
from tests.test_journeys import ready
from tests.test_pages import open_page

HOST = "127.0.0.1:8501"
ORIGIN = f"http://{HOST}"
TEN = (
    "attention.cache?context_len=8192", "scaling.isoflop", "compute.budget", "moe.build", "memory.fits", "pythia.trajectory",
    "benchmarks.heat_map", "judges.elo", "segment_anything.per_mask", "video.win_rates",
)  # fmt: skip


@dataclass
class Got:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")


def ask(app, path: str, query: str | bytes = "", method: str = "GET", **headers: str) -> Got:
    """The answer of an ASGI application; path is the decoded one, as a server hands it over."""
    sent: list[dict] = []

    async def receive() -> dict:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message) -> None:
        sent.append(message)

    given = {"host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": quote(path).encode(),
        "root_path": "",
        "query_string": query if isinstance(query, bytes) else query.encode("latin-1"),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "server": ("127.0.0.1", 8501),
        "client": ("127.0.0.1", 50_000),
    }
    asyncio.run(app(scope, receive, send))
    head = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Got(sent[0]["status"], head, b"".join(message.get("body", b"") for message in sent[1:]))


@pytest.fixture(scope="module")
def app() -> Starlette:
    return Starlette(routes=routes.routes())


def sentence(got: Got) -> bool:
    """Whether an answer is one sentence as plain text, and closed to everything."""
    assert got.headers["content-type"] == "text/plain; charset=utf-8" and got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["cache-control"] == "no-store" and "default-src 'none'" in got.headers["content-security-policy"]
    assert got.text.endswith(".") and "\n" not in got.text and "Traceback" not in got.text and len(got.text) < 1_000
    return True


# --- the same as the page's button ------------------------------------------------------------------------------------------


def settled(format: str, data: bytes) -> bytes | str:
    """A file without what is another at each making: Plotly's ids, and times in PDF and PPTX."""
    if format == "svg":
        return re.sub(r"(clip|defs-|trace|legend|fill|g)[0-9a-f]{6}", r"\1", data.decode())
    return re.sub(r"D:\d{14}", "", every_text(format, data)) if format in ("pdf", "pptx") else data


@pytest.mark.parametrize("address", TEN)
def test_an_address_gives_what_the_button_of_the_page_gives(app, address, browser_path):
    figure = catalogue.asked_for(address)
    name, _, query = address.partition("?")
    for format in files.FORMATS if address == TEN[0] else ("csv", "json", "svg"):
        got = ask(app, f"/figure/{name}.{format}", query)
        button = panel.made(figure.panel(), format, page_link(figure, ORIGIN))
        assert got.status == 200 and got.headers["content-type"].startswith(files.mime(format))
        assert got.headers["content-disposition"].endswith(f'filename="{name.replace(".", "-")}.{format}"')
        assert settled(format, got.body) == settled(format, base64.b64decode(button["base64"])), format


@pytest.mark.parametrize(
    ("stem", "name", "parameters"),
    [
        ("attention", "attention.cache", {"context_len": "8192"}),
        ("attention", "attention.mask", {"section": "mask", "window": "8192", "position": "9000"}),
        ("moe", "moe.build", {"section": "build"}),
    ],
)
def test_the_link_in_a_file_is_that_of_the_page(stem, name, parameters):
    app = open_page(stem, **parameters)
    figure = catalogue.figure(name).of(parameters)[0]
    assert page_link(figure, ORIGIN) == f"{controls.address(stem, app.session_state['links'], ORIGIN)}#{name}"


def test_every_figure_has_a_link_to_the_section_that_holds_it():
    links = {name: page_link(kind.of({})[0], ORIGIN) for name, kind in catalogue.figures().items()}
    assert len(links) > 150 and all(link.endswith(f"#{name}") for name, link in links.items())
    assert links["attention.mask"] == f"{ORIGIN}/attention?section=mask#attention.mask"
    assert links["attention.cache"] == f"{ORIGIN}/attention#attention.cache"


def test_a_theme_is_that_of_the_exports(app, browser_path):
    drawn = {theme: ask(app, "/figure/moe.intuition.svg", f"theme={theme}").body for theme in ("light", "dark")}
    light = files.export(catalogue.panel("moe.intuition"), "svg", permalink=page_link(catalogue.asked_for("moe.intuition"), ORIGIN))
    assert settled("svg", drawn["light"]) == settled("svg", light) != settled("svg", drawn["dark"])


def test_an_old_name_of_a_figure_goes_on_to_work(app):
    assert ask(app, "/figure/probe_system.cache.csv").headers["content-disposition"] == 'attachment; filename="probe-measured_cache.csv"'


def test_a_framed_chart_finds_the_library_beside_it(app):
    (address,) = re.findall(r'<script src="([^"]+)"', ask(app, "/embed/moe.intuition").text)
    name, _, query = address.partition("?")
    library = ask(app, f"/embed/{name}", query)
    assert library.text == get_plotlyjs() and library.headers["content-type"].startswith("text/javascript")
    assert library.headers["cache-control"] == "public, max-age=86400" and query == version("plotly")


def test_the_list_names_every_figure_with_its_parameters(app):
    listed = json.loads(ask(app, "/figures.json").body)
    assert [one["name"] for one in listed["figures"]] == list(catalogue.figures())
    assert listed["figures"][list(catalogue.figures()).index("attention.cache")] == catalogue.figure("attention.cache").described()
    assert listed["formats"] == list(files.FORMATS)


def test_no_figure_has_a_parameter_named_like_those_of_addresses():
    names = {name for kind in catalogue.figures().values() for name in kind.kinds()}
    assert len(names) > 100 and not names & {"theme", "controls"}
    assert not {entry.stem for entry in registry.ENTRIES} & {"figure", "embed", "figures.json"}


def test_the_addresses_in_the_readme_work(app, browser_path):
    named = re.findall(r"\| `(/[^`]+)` \|", (ROOT / "README.md").read_text())
    assert len(named) == 4
    for address in named:
        path, _, query = address.partition("?")
        assert ask(app, path, query).status == 200


# --- what is refused --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "query", "status", "words"),
    [
        ("/figure/attention.cach.svg", "", 404, "There is no figure attention.cach; /figures.json lists them."),
        ("/figure/attention.cache.exe", "", 404, "one of .csv, .json, .png, .svg, .pdf, .html, .pptx"),
        ("/figure/attention.cache", "", 404, "An address of a file ends in the name of a figure"),
        ("/figure/attention.cache.svg", "context=8", 400, "Attention.cache has no parameter context; it has model, "),
        ("/figure/attention.cache.svg", "context_len=-3", 400, "Context length must be from 512 tokens to 1,048,576 tokens, got -3."),
        ("/figure/attention.cache.svg", "theme=sepia", 400, "theme must be one of auto, light, dark, got sepia."),
        ("/figure/attention.cache.svg", "context_len=512&context_len=1024", 400, "The parameter context_len stands twice in the address."),
        ("/figure/attention.cache.svg", "model=own", 400, "a configuration of your own is not part of a link"),
        ("/figure/attention.cache.svg", "model=%ff", 400, "cannot be read"),
        ("/figure/attention.cache.svg", "model=a%00b", 400, "holds control characters"),
        ("/figure/attention.cache.svg", "a=" + "9" * 8_000, 414, "may have 8,000 bytes, and has 8,002"),
        ("/embed/attention.cache", "controls=yes", 400, "controls must be one of 0, 1, got yes."),
        ("/embed/attention.cache.svg", "", 404, "There is no such figure"),
        ("/figures.json", "a=1", 400, "has no parameters"),
    ],
)
def test_what_cannot_be_is_one_sentence(app, path, query, status, words):
    got = ask(app, path, query)
    assert got.status == status and words in got.text and sentence(got)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"])
def test_only_get_and_head_are_answered(app, method):
    for path in ("/figure/attention.cache.csv", "/embed/attention.cache", "/figures.json"):
        got = ask(app, path, method=method)
        assert got.status == 405 and got.headers["allow"] == "GET, HEAD" and sentence(got)
    assert ask(app, "/figure/attention.cache.csv", method="HEAD").status == 200


@pytest.mark.parametrize("host", ["rebound.example", "rebound.example:8501", "127.0.0.1@rebound.example", '"><script>', "", "[::1", "a b"])
def test_only_this_machines_names_are_answered(app, host):
    got = ask(app, "/figure/attention.cache.csv", host=host)
    assert got.status == 403 and sentence(got)


def test_any_name_that_the_settings_allow_is_answered_and_stands_in_the_link(app, monkeypatch):
    known = config.get_option
    monkeypatch.setattr(config, "get_option", lambda name: ["dashboard.example.org"] if name == "server.allowedHosts" else known(name))
    got = ask(app, "/figure/attention.cache.csv", host="dashboard.example.org:8443")
    assert got.status == 200 and "# Link: http://dashboard.example.org:8443/attention#attention.cache" in got.text
    assert ask(app, "/figure/attention.cache.csv").status == 403


def test_no_other_origin_may_read_an_answer(app):
    for path in ("/figure/attention.cache.csv", "/embed/attention.cache", "/figures.json", "/figure/none.csv"):
        got = ask(app, path, origin="https://other.example")
        assert not [name for name in got.headers if name.startswith("access-control")]
        assert got.headers["cross-origin-resource-policy"] == "same-origin"


MARKUP = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "${7*7}",
    "';DROP TABLE a;--",
    "javascript:alert(1)",
    "</title><b>",
)
ODD = (
    "\u202e",
    "\ufeff",
    "\U0001f4a9",
    "ａｔｔｅｎｔｉｏｎ",
    "½",
    "\u2028",
    "é" * 50,
    "\x00",
    "\r\nSet-Cookie: a=b",
    "\x1b[31m",
    "\ud7ff",
)
HUGE = ("9" * 5_000, "1e999", "-1e999", "nan", "inf", "-inf", "1" * 400, "0x7fffffff", "1e308", "-0.5", "1_000_000_000_000_000", "1e-400")
PATHS = (
    "../../etc/passwd",
    "..%2f..%2fetc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "C:/a",
    "file:///etc/passwd",
    "a/b/c",
    ".",
    "..",
    "",
    ".svg",
    "con.svg",
)


def hostile(count: int = 500) -> list[tuple[str, str | bytes]]:
    """Paths and queries of which none is a figure at values that it takes; the same at each run."""
    chance = random.Random(19)
    figures = list(catalogue.figures().values())
    found: list[tuple[str, str | bytes]] = []
    while len(found) < count:
        kind, format = chance.choice(figures), chance.choice(("csv", "json", "html", "svg"))
        path = f"/figure/{kind.name}.{format}" if chance.random() < 0.7 else f"/embed/{kind.name}"
        bad = chance.choice((*MARKUP, *ODD, *HUGE, *PATHS[:6]))
        names = list(kind.kinds())
        numbers = [name for name, one in kind.kinds().items() if isinstance(one, Quantity)]
        sort = chance.randrange(10)
        if sort == 0:
            odd = [text for text in ODD if "\n" not in text]  # a line break in a path fits no route, and the pages answer it
            found.append((chance.choice(("/figure/", "/embed/")) + chance.choice((*PATHS, *MARKUP, *odd)), ""))
        elif sort == 1:
            found.append((f"/figure/{kind.name}{chance.choice(('', '.', '.exe', '.SVG', '.svg.exe', '.svg/', '.svg/x', '.html.php'))}", ""))
        elif sort == 2:
            found.append((path, f"{quote(bad)}={quote(bad)}"))
        elif sort == 3 and names:
            name = chance.choice(names)
            found.append((path, f"{name}={quote(bad)}&{name}={quote(bad)}"))
        elif sort == 4 and numbers:
            found.append((path, f"{chance.choice(numbers)}={quote(chance.choice((*HUGE[:8], *MARKUP, *ODD)))}"))
        elif sort == 5:
            found.append((path, f"theme={quote(bad)}"))
        elif sort == 6:
            found.append((path, "&".join(f"a{number}=1" for number in range(chance.randrange(1, 1_000)))))
        elif sort == 7:
            found.append((path, bytes(chance.randrange(128, 256) for _ in range(chance.randrange(1, 40)))))
        elif sort == 8:
            found.append((path, f"model={'%' * chance.randrange(1, 9_000)}"))
        elif sort == 9:
            inner = quote(f"{kind.name}?pin={kind.name}")
            found.append((path, chance.choice((f"pin={quote(bad)}", f"pin={inner}", "&".join([f"pin={kind.name}"] * 4), "pin=no.figure"))))
    return found


def test_five_hundred_hostile_addresses_are_refused_in_a_sentence(app, caplog):
    asked = hostile()
    got = [(path, query, ask(app, path, query)) for path, query in asked]
    assert len(got) == 500 and len({(path, query) for path, query in asked}) > 400
    odd = [(path, query[:80], answer.status) for path, query, answer in got if not 400 <= answer.status < 500]
    assert not odd, odd
    assert {400, 404, 414} <= {answer.status for _, _, answer in got}
    for path, query, answer in got:
        assert sentence(answer), (path, query)
        assert not re.search("[\x00-\x1f\x7f]", answer.text)
    assert not caplog.records


def test_nothing_of_an_address_stands_in_a_page_as_markup(app):
    for path in ("/embed/convnets_vits.loss", "/figure/convnets_vits.loss.html"):
        for bad in MARKUP:
            got = ask(app, path, f"controls=1&loss_readings={quote(bad)}" if "embed" in path else f"loss_readings={quote(bad)}")
            assert got.status == 400 and sentence(got)


class Words(Figure):
    """A figure that takes any text."""

    name = "sample.words"
    words: str = Text("Words <b>")("")


class Elements(HTMLParser):
    """The elements of a page, and the attributes of its fields."""

    def __init__(self, page: bytes):
        super().__init__()
        self.tags: list[str] = []
        self.fields: list[dict] = []
        self.feed(page.decode())

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "input":
            self.fields.append(dict(attributes))


@pytest.mark.parametrize("words", MARKUP)
def test_words_of_an_address_stay_words_in_the_controls_of_a_framed_chart(words):
    plain, odd = (
        Elements(embed.page(Words(words=text), hostile_panel(), LINK, controls=True, library="plotly.min.js")) for text in ("a", words)
    )
    assert odd.tags == plain.tags and len(odd.tags) > 10
    assert [field["value"] for field in odd.fields] == [words]


def test_a_damaged_table_is_named_and_a_mistake_of_ours_is_not_shown(app, monkeypatch, caplog):
    def damaged(self):
        raise tables.TableError("data/models.csv, line 3: n_layers is '?', must be a whole number")

    kind = catalogue.figure("moe.intuition")
    monkeypatch.setattr(kind, "panel", damaged)
    got = ask(app, "/figure/moe.intuition.csv", "theme=dark")
    assert got.status == 500 and got.text == "Data/models.csv, line 3: n_layers is '?', must be a whole number." and sentence(got)
    monkeypatch.setattr(kind, "panel", lambda self: {}["/home/somebody/secret"])
    got = ask(app, "/figure/moe.intuition.csv", "theme=dark")
    assert got.status == 500 and got.text == "This could not be made; the server's log says why." and sentence(got)
    assert "secret" in caplog.text


def test_without_a_browser_pictures_are_refused_with_the_sentence_of_the_page(app, monkeypatch):
    hide_browser(monkeypatch)
    for format in files.NEEDS_BROWSER:
        got = ask(app, f"/figure/compute.devices.{format}", "theme=dark")
        assert got.status == 503 and got.text == panel.NO_BROWSER
    assert ask(app, "/figure/compute.devices.csv", "theme=dark").status == 200


# --- made once, and asked for again -----------------------------------------------------------------------------------------


def test_what_a_reader_has_is_not_sent_again_until_a_table_changes(app, monkeypatch):
    first = ask(app, "/figure/attention.cache.csv")
    etag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for header in (etag, f'"other", {etag}', etag.removeprefix("W/")):
        again = ask(app, "/figure/attention.cache.csv", if_none_match=header)
        assert again.status == 304 and again.body == b"" and again.headers["etag"] == etag
    assert ask(app, "/figure/attention.cache.csv", "context_len=8192", if_none_match=etag).status == 200
    monkeypatch.setattr(routes, "_state", lambda: "another")
    assert ask(app, "/figure/attention.cache.csv", if_none_match=etag).status == 200


def test_the_state_of_the_tables_is_another_one_after_each_change(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "DATA", tmp_path)
    states = [tables.state()]
    (tmp_path / "a.csv").write_text("1")
    states.append(tables.state())
    (tmp_path / "a.csv").write_text("12")
    states.append(tables.state())
    (tmp_path / "derived").mkdir()
    (tmp_path / "a.csv").rename(tmp_path / "derived" / "a.csv")
    states.append(tables.state())
    assert len(set(states)) == 4 and tables.state() == states[-1]


@dataclass
class Lump:
    size: int


def test_at_most_so_many_things_are_made_and_wait_and_each_once_for_all_who_ask():
    release, made = threading.Event(), []

    def make(key):
        release.wait(30)
        made.append(key)
        return Lump(1)

    async def all_at_once():
        maker: Maker[Lump] = Maker(at_a_time=2, waiting=3)
        asked = [asyncio.create_task(maker.get(key, lambda key=key: make(key))) for key in (0, 0, 0, 1, 2, 3, 4)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await maker.get(5, lambda: make(5))
        joined = asyncio.create_task(maker.get(4, lambda: make("twice")))
        release.set()
        found = await asyncio.gather(*asked, joined)
        assert all(one is found[0] for one in found[:3])
        await maker.get(5, lambda: make(5))

    asyncio.run(all_at_once())
    assert sorted(made) == [0, 1, 2, 3, 4, 5]


def test_who_has_waited_too_long_is_told_so_and_finds_it_made_later():
    release = threading.Event()

    async def late():
        maker: Maker[Lump] = Maker(seconds=0.01)
        with pytest.raises(Late):
            await maker.get("a", lambda: Lump(1) if release.wait(30) else Lump(0))
        release.set()
        maker.seconds = 30
        first = await maker.get("a", lambda: Lump(2))
        assert first.size == 1 and await maker.get("a", lambda: Lump(3)) is first

    asyncio.run(late())


def test_what_is_kept_has_a_room_of_which_the_oldest_leave_first():
    async def full():
        maker: Maker[Lump] = Maker(room=10)
        for key, size in (("a", 4), ("b", 4), ("a", 0), ("c", 4), ("larger than the room", 11)):
            await maker.get(key, lambda size=size: Lump(size))
        assert [(await maker.get(key, lambda: Lump(0))).size for key in ("a", "c", "b", "larger than the room")] == [4, 4, 0, 0]

    asyncio.run(full())


def test_a_busy_server_and_a_slow_file_say_when_to_ask_again(app, monkeypatch):
    for problem in (Busy, Late):

        async def get(self, key, make, problem=problem):
            raise problem

        monkeypatch.setattr(Maker, "get", get)
        got = ask(app, "/figure/attention.cache.csv")
        assert got.status == 503 and got.headers["retry-after"] == "5" and "ask again in 5 seconds" in got.text and sentence(got)


# --- settings ---------------------------------------------------------------------------------------------------------------


def test_the_addresses_stand_below_the_base_path(monkeypatch):
    known = config.get_option
    monkeypatch.setattr(config, "get_option", lambda name: "/ten-papers/" if name == "server.baseUrlPath" else known(name))
    below = Starlette(routes=routes.routes())
    assert f"# Link: {ORIGIN}/ten-papers/attention#attention.cache" in ask(below, "/ten-papers/figure/attention.cache.csv").text
    assert ask(below, "/figure/attention.cache.csv").status == 404


def test_only_origins_may_be_named_as_those_that_show_charts():
    assert routes.frame_ancestors("") == "'self'"
    assert routes.frame_ancestors("https://wiki.example.org http://*.lab:8080") == "'self' https://wiki.example.org http://*.lab:8080"
    for wrong in ("wiki.example.org", "https://a; script-src *", "https://a/b", "'unsafe-inline'", "https://a,https://b"):
        with pytest.raises(ValueError, match="EMBED_IN must be origins"):
            routes.frame_ancestors(wrong)


def test_every_script_of_a_framed_chart_is_named_in_its_policy_and_the_file_is_shut_in(app):
    got = ask(app, "/embed/attention.cache", "controls=1")
    policy = got.headers["content-security-policy"]
    (digest,) = embed.script_digests(got.body)
    assert f"script-src 'self' {digest}" in policy and "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert "frame-ancestors 'self'" in policy and "form-action 'none'" in policy
    for format in ("html", "svg", "csv", "json"):
        assert "sandbox" in ask(app, f"/figure/compute.devices.{format}").headers["content-security-policy"]


def test_the_dashboard_starts_in_its_own_folder_only(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "pages/served/dashboard.py")], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1 and done.stderr == f"Start the dashboard in the folder that holds its settings: cd {ROOT}\n"


# --- a real server and a real browser ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wiki():
    """Addresses of two small servers of other origins, whose every page is what `show` was last given."""
    pages: dict[str, str] = {}

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(pages["body"].encode())

        def log_message(self, *_):
            pass

    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) for _ in range(2)]
    for one in servers:
        threading.Thread(target=one.serve_forever, daemon=True).start()
    yield [f"http://127.0.0.1:{one.server_port}" for one in servers], lambda body: pages.update(body=body)
    for one in servers:
        one.shutdown()
        one.server_close()


@pytest.fixture(scope="module")
def dashboard(wiki, tmp_path_factory):
    """Address of a fresh dashboard that lets the first of two other origins show its charts; it has shown no page yet."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("EMBED_IN", wiki[0][0])
        log = tmp_path_factory.mktemp("dashboard") / "log.txt"
        with serving(ROOT / "pages/served/dashboard.py", log) as address:
            yield address
        assert "Traceback" not in log.read_text() and "ScriptRunContext" not in log.read_text()


def fetched(address: str) -> Got:
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            return Got(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read())
    except urllib.error.HTTPError as problem:
        return Got(problem.code, {name.lower(): value for name, value in problem.headers.items()}, problem.read())


def until(true, seconds: float = 20) -> None:
    """Wait for what becomes true; a page with our policy lets nobody evaluate a condition on it."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def test_on_a_fresh_server_a_page_shows_its_name_before_its_chart(dashboard, browser_page):
    browser_page.add_init_script(NOTE_WHAT_COMES)
    browser_page.goto(f"{dashboard}/video")  # which no other test here opens
    browser_page.wait_for_selector(".js-plotly-plot .main-svg")
    browser_page.wait_for_selector("text=Search pages")
    assert browser_page.evaluate("window.came") == ["name", "blocks", "chart"]
    assert browser_page.locator('[style*="31rem"]').count() == 0
    assert browser_page.locator("h1").inner_text() == "Video generation"


NOTE_WHAT_COMES = """
window.came = [];
const places = { name: 'h1', blocks: '[style*="31rem"]', chart: '.panel-chart' };
const look = () => {
  for (const [what, place] of Object.entries(places))
    if (!window.came.includes(what) && document.querySelector(place)) window.came.push(what);
};
addEventListener('DOMContentLoaded', () => new MutationObserver(look).observe(document, { childList: true, subtree: true }));
"""


def test_a_fresh_server_gives_a_file_and_then_pages_whose_button_gives_the_same(dashboard, browser_page):
    asked = "window=8192&position=9000"
    first = fetched(f"{dashboard}/figure/attention.mask.csv?{asked}")
    assert first.status == 200 and first.headers["content-disposition"] == 'attachment; filename="attention-mask.csv"'
    browser_page.goto(f"{dashboard}/attention?section=mask&{asked}")
    browser_page.wait_for_selector(".js-plotly-plot .main-svg")
    with browser_page.expect_download() as download:
        browser_page.get_by_role("button", name="CSV").click()
    assert download.value.path().read_bytes() == first.body
    assert fetched(f"{dashboard}/figure/attention.mask.csv?context_len=x").status == 400
    assert fetched(f"{dashboard}/figure/..%2f..%2fetc/passwd").status == 400


def test_a_chart_lives_in_a_page_of_an_allowed_origin_and_answers_to_its_controls(dashboard, wiki, browser_page):
    (allowed, other), show = wiki
    show(f'<iframe src="{dashboard}/embed/attention.cache?controls=1&context_len=8192" width="900" height="800"></iframe>')
    problems: list[str] = []
    browser_page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    browser_page.on("pageerror", lambda problem: problems.append(str(problem)))
    browser_page.goto(allowed)
    frame = browser_page.frame_locator("iframe")
    frame.locator("#chart .main-svg").first.wait_for()
    title = catalogue.asked_for("attention.cache?context_len=8192").panel().title
    assert frame.locator("h1").inner_text() == title
    frame.locator("select[name=model]").select_option("llama-2-7b")
    wanted = catalogue.asked_for("attention.cache?context_len=8192&model=llama-2-7b").panel()
    until(lambda: frame.locator("h1").inner_text() == wanted.title)
    assert frame.locator("#words p").first.inner_text() == wanted.caption
    assert frame.locator("#chart").get_attribute("aria-label") == wanted.alt
    before = frame.locator("input[name=context_len]").input_value()
    frame.locator("input[type=range]").first.press("ArrowRight")
    until(lambda: frame.locator("input[name=context_len]").input_value() != before and frame.locator("h1").inner_text() != wanted.title)
    assert problems == []
    frame.locator("input[name=context_len]").fill("-4")
    frame.locator("input[name=context_len]").press("Enter")
    until(lambda: "must be from 512 tokens" in frame.locator("#problem").inner_text())
    browser_page.goto(other)
    until(lambda: any("frame-ancestors" in problem for problem in problems))
    assert frame.locator("#chart").count() == 0


def test_pages_go_on_to_run_without_the_addresses(browser_page, tmp_path):
    with serving(ROOT / "streamlit_app.py", tmp_path / "log.txt") as address:
        browser_page.goto(f"{address}/attention")
        browser_page.wait_for_selector(".js-plotly-plot .main-svg")
        assert fetched(f"{address}/figure/attention.cache.csv").headers["content-type"].startswith("text/html")  # as any unknown page


def test_copy_link_offers_the_addresses_of_the_figure_with_the_settings_of_the_page(app_server, browser_page):
    page = browser_page
    page.goto(f"{app_server}/attention?section=mask&window=256&gpu=t4&pin=attention.mask&pin=attention.cache")
    ready(page)
    row = page.locator(".st-key-row-attention-mask")
    row.get_by_role("button", name="Copy link").click()
    expect(row.get_by_role("status")).to_contain_text("The figure alone, at addresses of its own:")
    links = {link.inner_text(): link.get_attribute("href") for link in row.get_by_role("status").get_by_role("link").all()}
    assert links["CSV"] == f"{app_server}/figure/attention.mask.csv?window=256&pin=attention.mask"
    assert links["live chart for a frame"] == f"{app_server}/embed/attention.mask?window=256&pin=attention.mask"
    assert set(links) >= {"CSV", "PNG", "SVG", "PDF", "HTML", "PPTX", "JSON"}
    for format in ("CSV", "JSON", "live chart for a frame"):
        got = page.request.get(links[format])
        assert got.ok and "Pinned (Sliding window: 4,096 tokens)" in got.text()
