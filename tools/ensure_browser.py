"""Find a Chrome or Chromium that runs, or install one: `python -m tools.ensure_browser` prints its path.

The browser tests need it, and so do exports as PNG, SVG and PDF. Nothing is installed when one is found.
"""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from analysis.export.browser import browser_path

ALLOW_NONE = "ALLOW_NO_BROWSER"
"""Environment variable: set to 1 to run the tests without a browser; those that need one are then skipped."""

ADVICE = (
    "install one (Debian: sudo apt-get install chromium; macOS and Windows: the Google Chrome installer) or name one with "
    f"BROWSER_PATH=/path/to/chrome. With {ALLOW_NONE}=1 the tests that need a browser are skipped."
)


def runs(path: str | None) -> bool:
    """Whether the program at path starts and tells its version; False for None.

    Ubuntu's chromium-browser, for example, may be a script that only asks to install something else.

    >>> runs(None), runs("/no/such/browser")
    (False, False)
    """
    if path is None:
        return False
    if platform.system() == "Windows":  # chrome.exe --version opens a window there
        return Path(path).is_file()
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def ensure() -> str | None:
    """Path of a browser that runs, installed now if none was there; None if none is to be had or BROWSER_PATH is wrong."""
    path = browser_path()
    if runs(path):
        return path
    if os.environ.get("BROWSER_PATH"):  # somebody chose; nothing is installed behind their back
        return None
    for install in (with_apt, with_brew, with_playwright):
        path = install()
        if runs(path):
            return path
    return None


def with_apt() -> str | None:
    """Install Debian's Chromium, with a font since bare containers have none; its path, or None."""
    if shutil.which("apt-get") is None:
        return None
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if prefix and not succeeds(["sudo", "-n", "true"]):
        return None
    succeeds([*prefix, "apt-get", "update", "-qq"])
    install = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-qq", "--no-install-recommends"]
    return shutil.which("chromium") if succeeds([*install, "chromium", "fonts-dejavu-core"]) else None


def with_brew() -> str | None:
    """Install Google Chrome with Homebrew on macOS; its path, or None."""
    if platform.system() != "Darwin" or shutil.which("brew") is None:
        return None
    return browser_path() if succeeds(["brew", "install", "--cask", "google-chrome"]) else None


def with_playwright() -> str | None:
    """Let Playwright, where it is installed, download its own Chromium; its path, or None."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        return None
    if not succeeds([sys.executable, "-m", "playwright", "install", "chromium"]):
        return None
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def succeeds(command: list[str]) -> bool:
    """Run a command, its output going to standard error; whether it is there and ended well."""
    print("+", " ".join(command), file=sys.stderr, flush=True)
    try:
        return subprocess.run(command, stdout=sys.stderr, stdin=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        return False


def complaint() -> str:
    """What is missing and what to do about it."""
    chosen = os.environ.get("BROWSER_PATH")
    problem = f"BROWSER_PATH={chosen} is not a browser that runs" if chosen else "No Chrome or Chromium that runs was found"
    return f"{problem}: {ADVICE}"


def main() -> int:
    """Print the browser's path, or say what to do; the exit status."""
    if path := ensure():
        print(path)
        return 0
    if os.environ.get(ALLOW_NONE) == "1":
        print()
        return 0
    print(complaint(), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
