"""The server's settings: what is closed stays closed, and what docs/deploy.md says of them holds."""

import inspect
import re
import tomllib
from pathlib import Path

import pytest
from streamlit import config
from streamlit.web.server.starlette import starlette_websocket

from pages.served import routes
from pages.served.making import Maker

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
DEPLOY = (ROOT / "docs" / "deploy.md").read_text()
SAFE = {
    "server.address": "127.0.0.1",
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.corsAllowedOrigins": [],
    "server.xsrfCookieSameSite": "lax",
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "server.fileWatcherType": "none",
    "client.allowedOrigins": [],
    "client.showErrorLinks": False,
    "runner.magicEnabled": False,
    "browser.gatherUsageStats": False,
}


@pytest.mark.parametrize(("name", "value"), SAFE.items())
def test_a_setting_is_known_to_streamlit_and_has_its_safe_value(name, value):
    section, option = name.split(".")
    assert SETTINGS[section][option] == value and type(SETTINGS[section][option]) is type(value)
    assert name in config.get_config_options()


def test_every_setting_that_the_documentation_names_exists():
    named = set(re.findall(r"(?:--|`)((?:server|client|runner|browser)\.\w+)", DEPLOY))
    assert {"server.allowedHosts", "server.trustedUserHeaders", "client.allowedOrigins"} <= named
    assert named <= set(config.get_config_options())
    assert not config.get_option("server.trustedUserHeaders") and not config.get_option("server.unsafeMetricsUserAttributes")


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("http://127.0.0.1:8501", "127.0.0.1:8501", True),
        ("http://localhost:8501", "localhost:8501", True),
        ("http://[::1]:8501", "[::1]:8501", True),
        ("http://rebound.example:8501", "rebound.example:8501", False),
        (None, "rebound.example", False),
        (None, None, False),
    ],
)
def test_only_this_machines_names_can_connect(monkeypatch, origin, host, allowed):
    monkeypatch.setattr(starlette_websocket.config, "get_option", lambda name: SETTINGS["server"][name.split(".")[1]])
    assert starlette_websocket._is_origin_allowed(origin, host) == allowed


def test_the_documented_command_allows_the_documented_name(monkeypatch):
    command = re.search(r"--server\.allowedHosts (\S+)", DEPLOY)[1]
    monkeypatch.setattr(starlette_websocket.config, "get_option", lambda name: [command])
    assert starlette_websocket.is_host_allowed("dashboard.example.org:8443") and not starlette_websocket.is_host_allowed("127.0.0.1")


def test_the_proxy_closes_what_is_for_operators_only():
    closed = re.search(r"location ~ (\S+) \{\s+return 404;", DEPLOY)[1]
    for path in ("metrics", "script-health-check", "agent/interact", "agent/mcp", "agent/openapi.json"):
        assert re.search(closed, f"/_stcore/{path}") and re.search(closed, f"/ten-papers/_stcore/{path}")
    for path in ("stream", "health", "host-config", "upload_file/1/2", "bidi-components/unseen"):
        assert not re.search(closed, f"/_stcore/{path}")


def test_the_limits_of_addresses_are_those_of_the_code():
    defaults = {name: one.default for name, one in inspect.signature(Maker).parameters.items()}
    words = f"At most {defaults['at_a_time']} answers are made at a time and {defaults['waiting']} wait; then, and after a minute,"
    assert words in DEPLOY and defaults["seconds"] == 60 and f"{defaults['room'] // 10**6} MB of answers are kept" in DEPLOY
    assert f'`{routes.EMBED_IN}="https://wiki.example.org https://lab.example.org"`' in DEPLOY
    assert routes.frame_ancestors(re.search(r'EMBED_IN="([^"]+)"', DEPLOY)[1]).count("https://") == 2


def test_the_proxy_leaves_to_figures_who_may_frame_them():
    assert re.search(r'map \$upstream_http_content_security_policy \$framed \{\s+"" "frame-ancestors \'self\'";\s+\}', DEPLOY)
    assert "add_header Content-Security-Policy $framed always;" in DEPLOY and DEPLOY.count("frame-ancestors") == 1


@pytest.mark.parametrize("file", ["Makefile", "Containerfile", "README.md", "docs/deploy.md"])
def test_every_way_to_start_is_that_of_the_command(file):
    text = (ROOT / file).read_text()
    assert re.search(r'tools\.ten_papers"?,? "?run', text)
