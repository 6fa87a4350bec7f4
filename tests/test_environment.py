"""What `make` prepares: the virtual environment, the pinned packages, the browser."""

import os
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from analysis.export import browser
from tools import ensure_browser

ROOT = Path(__file__).parents[1]
REQUIREMENTS = ("requirements-charts.txt", "requirements-models.txt", "requirements-quick.txt", "requirements-dev.txt")
needs_sh = pytest.mark.skipif(shutil.which("sh") is None, reason="the Makefile's scripts are for systems with sh")

# A stand-in for Python that answers what tools/environment.sh asks: whether it is old, and whether it lacks venv.
PYTHON = """#!/bin/sh
case "$*" in
    *version_info*) exit {old} ;;
    *ensurepip*) exit {bare} ;;
    --version) echo "Python 3.x" ;;
    "-m venv --clear .venv") rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    "-m pip --version") exit 0 ;;
    "-m pip install"*) echo "$*" >> installed.log ;;
    *) echo "unexpected: $*" >&2; exit 9 ;;
esac
"""


def pins(name: str) -> dict[str, str]:
    """{package: version} of one requirements file, without those it includes."""
    lines = [line.strip() for line in (ROOT / name).read_text().splitlines()]
    wanted = [line for line in lines if line and not line.startswith(("#", "-r "))]
    matched = {line: re.fullmatch(r"([A-Za-z0-9-]+)==([0-9.]+)", line) for line in wanted}
    assert all(matched.values()), f"not an exact version: {[line for line, match in matched.items() if not match]}"
    return {match[1]: match[2] for match in matched.values()}


@pytest.mark.models
@pytest.mark.parametrize("name", REQUIREMENTS)
def test_every_requirement_is_an_exact_version_and_the_one_these_tests_run_with(name):
    found = pins(name)
    assert len(found) >= 2
    assert {package: version(package).partition("+")[0] for package in found} == found


def test_charts_need_neither_torch_nor_transformers_and_the_files_include_each_other():
    assert set(pins("requirements-models.txt")) == {"torch", "transformers", "filelock"} and pins("requirements.txt") == {}
    assert not {"torch", "transformers"} & set(pins("requirements-charts.txt"))
    assert pins("requirements-models.txt")["torch"] == "2.13.0"
    for name, included in {"": ("-charts", "-models"), "-quick": ("-charts",), "-dev": ("", "-quick")}.items():
        lines = (ROOT / f"requirements{name}.txt").read_text().splitlines()
        assert {f"-r requirements{other}.txt" for other in included} <= set(lines)


@pytest.fixture
def machine(tmp_path):
    """A folder with requirements files, and a path on which there are a few commands and no Python yet."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("sh", "cat", "cmp", "rm", "mkdir", "cp"):
        (commands / name).symlink_to(shutil.which(name))
    for name in ("requirements.txt", *REQUIREMENTS):
        (tmp_path / name).write_text(f"# {name}\n")
    return tmp_path


def add_python(machine: Path, name: str, old: bool = False, bare: bool = False) -> None:
    path = machine / "bin" / name
    path.write_text(PYTHON.format(old=int(old), bare=int(bare)))
    path.chmod(0o755)


def prepare(machine: Path, requirements: str = "requirements.txt", **environment) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["sh", str(ROOT / "tools/environment.sh"), requirements],
        cwd=machine,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(machine / "bin"), **environment},
        timeout=60,
    )


def installs(machine: Path) -> list[str]:
    log = machine / "installed.log"
    return [line.split()[-1] for line in log.read_text().splitlines()] if log.exists() else []


@needs_sh
def test_without_a_new_enough_python_one_sentence_says_what_to_install(machine):
    add_python(machine, "python3", old=True)
    done = prepare(machine)
    assert done.returncode == 1 and done.stderr.startswith("No Python 3.11 or newer found: install one")
    assert not (machine / ".venv").exists()


@needs_sh
def test_a_python_without_the_venv_package_is_named_with_the_package_to_install(machine):
    add_python(machine, "python3.12", bare=True)
    done = prepare(machine)
    assert done.returncode == 1
    assert done.stderr.startswith("python3.12 cannot create virtual environments") and "python3-venv" in done.stderr


@needs_sh
def test_a_python_that_can_is_preferred_to_a_newer_one_that_cannot(machine):
    add_python(machine, "python3.13", bare=True)
    add_python(machine, "python3.11")
    done = prepare(machine)
    assert done.returncode == 0, done.stderr
    assert installs(machine) == ["requirements.txt"]


@needs_sh
def test_the_second_run_installs_nothing_and_a_changed_requirement_installs_again(machine):
    add_python(machine, "python3")
    assert [prepare(machine).returncode for _ in range(2)] == [0, 0]
    assert installs(machine) == ["requirements.txt"]
    (machine / "requirements-charts.txt").write_text("# changed\n")
    assert prepare(machine).returncode == 0
    assert installs(machine) == ["requirements.txt"] * 2


@needs_sh
def test_the_development_requirements_cover_the_users_and_not_the_other_way_round(machine):
    add_python(machine, "python3")
    for name in ("requirements-dev.txt", "requirements.txt", "requirements-charts.txt"):
        prepare(machine, name)
    assert installs(machine) == ["requirements-dev.txt"]
    shutil.rmtree(machine / ".venv")
    for name in ("requirements-charts.txt", "requirements.txt", "requirements-dev.txt"):
        prepare(machine, name)
    assert installs(machine)[1:] == ["requirements-charts.txt", "requirements.txt", "requirements-dev.txt"]


@needs_sh
def test_a_named_python_is_the_only_one_considered(machine):
    add_python(machine, "python3")
    done = prepare(machine, PYTHON="/no/such/python")
    assert done.returncode == 1 and done.stderr.startswith("PYTHON=/no/such/python is not a working Python")
    add_python(machine, "chosen", bare=True)
    assert "chosen cannot create virtual environments" in prepare(machine, PYTHON="chosen").stderr
    assert installs(machine) == []


@needs_sh
def test_an_environment_whose_python_is_gone_is_made_anew(machine):
    add_python(machine, "python3")
    prepare(machine)
    (machine / ".venv/bin/python").unlink()
    assert prepare(machine).returncode == 0
    assert (machine / ".venv/bin/python").exists() and len(installs(machine)) == 2


# --- browser ---------------------------------------------------------------------------------------------------------


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@needs_sh
def test_a_browser_counts_only_if_it_runs(tmp_path):
    assert ensure_browser.runs(script(tmp_path / "good", "echo Chromium 1.0"))
    assert not ensure_browser.runs(script(tmp_path / "stub", "echo 'please install something else' >&2; exit 1"))
    assert not ensure_browser.runs(str(tmp_path / "absent"))


@needs_sh
def test_a_browser_that_is_there_is_printed_and_nothing_is_installed(tmp_path, monkeypatch, capsys):
    path = script(tmp_path / "chrome", "echo Chromium 1.0")
    monkeypatch.setenv("BROWSER_PATH", path)
    monkeypatch.setattr(ensure_browser, "succeeds", lambda command: pytest.fail(f"ran {command}"))
    assert ensure_browser.main() == 0
    assert capsys.readouterr().out == f"{path}\n"


@pytest.mark.models
def test_a_wrong_browser_path_is_named_and_nothing_is_installed(monkeypatch, capsys):
    monkeypatch.setenv("BROWSER_PATH", "/no/such/chrome")
    monkeypatch.setattr(ensure_browser, "succeeds", lambda command: pytest.fail(f"ran {command}"))
    assert ensure_browser.main() == 1
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.startswith("BROWSER_PATH=/no/such/chrome is not a browser that runs: install one")


@needs_sh
def test_without_a_browser_the_first_way_to_install_that_works_is_taken(tmp_path, monkeypatch):
    path = script(tmp_path / "chrome", "echo Chromium 1.0")
    monkeypatch.setattr(ensure_browser, "browser_path", lambda: None)
    monkeypatch.delenv("BROWSER_PATH", raising=False)
    tried = []
    for name, found in (("with_apt", None), ("with_brew", path), ("with_playwright", None)):
        monkeypatch.setattr(ensure_browser, name, lambda name=name, found=found: tried.append(name) or found)
    assert ensure_browser.ensure() == path
    assert tried == ["with_apt", "with_brew"]


@pytest.mark.models
def test_where_none_can_be_had_tests_may_go_on_only_when_that_is_allowed(monkeypatch, capsys):
    monkeypatch.setattr(ensure_browser, "ensure", lambda: None)
    monkeypatch.delenv("BROWSER_PATH", raising=False)
    assert ensure_browser.main() == 1
    assert "No Chrome or Chromium that runs was found" in capsys.readouterr().err
    monkeypatch.setenv(ensure_browser.ALLOW_NONE, "1")
    assert ensure_browser.main() == 0
    assert capsys.readouterr().out == "\n"


def test_exports_and_tests_look_for_the_same_browser():
    assert ensure_browser.browser_path is browser.browser_path
    assert os.access(ROOT / ".ci/run", os.X_OK)
