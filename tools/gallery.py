"""All figures as a folder of files with one HTML index: `python -m tools.gallery --out gallery` (`make gallery`).

What is current is skipped: every figure is built, which takes seconds, and its files are written again only where the figure, its
words or its data have changed since, or the code that writes files has. Without a Chrome or Chromium there are no pictures, and the
index draws the charts when the reader scrolls to them.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

from analysis.catalogue import catalogue
from analysis.charts.panel import Panel
from analysis.charts.style import THEMES
from analysis.export import browser, files, html
from analysis.export import gallery as export_gallery
from analysis.export.document import LIBRARY
from analysis.export.gallery import Card, Group
from pages.components.registry import ENTRIES

ROOT = Path(__file__).parents[1]
FORMATS = ("png", "svg", "pdf", "html", "csv", "pptx")
RECORD = "current.json"
"""Beside the index: what each figure was when its files were written."""


def groups(cards: Sequence[Card]) -> list[Group]:
    """The cards by page, in the order of the pages; cards of no page come last, under the name of their topic."""
    by_page: dict[str, list[Card]] = {entry.stem: [] for entry in ENTRIES}
    for card in cards:
        by_page.setdefault(card.name.split(".")[0], []).append(card)
    entries = {entry.stem: entry for entry in ENTRIES}
    return [
        Group(stem, entries[stem].title if stem in entries else stem, entries[stem].question if stem in entries else "", found)
        for stem, found in by_page.items()
        if found
    ]


def code_digest() -> str:
    """A digest of what decides how a given figure becomes files: the code of the exports and of the style, and Plotly's version."""
    found = hashlib.sha256(version("plotly").encode())
    for path in sorted([*(ROOT / "analysis/export").glob("*.py"), ROOT / "analysis/charts/style.py"]):
        found.update(path.read_bytes())
    return found.hexdigest()


def digest(panel: Panel, code: str) -> str:
    """A digest of everything that a panel's files show."""
    found = hashlib.sha256(code.encode())
    for part in (export_gallery.figure_script(panel), panel.alt.encode(), files.export(panel, "csv")):
        found.update(part)
    return found.hexdigest()


def files_of(panel: Panel, formats: Sequence[str]) -> dict[str, tuple[str, Callable[[], bytes]]]:
    """{what: (path below the gallery, what makes it)} of a panel's files: formats, small pictures, and the script in their place."""
    stem = panel.name.replace(".", "-")
    wanted: dict[str, tuple[str, Callable[[], bytes]]] = {
        theme: (f"small/{stem}-{theme}.png", partial(export_gallery.picture, panel, theme)) for theme in THEMES
    }
    for format in formats:
        make = partial(html.page, panel, library=f"../{LIBRARY}") if format == "html" else partial(files.export, panel, format)
        wanted[format] = (f"files/{files.file_name(panel, format)}", make)
    return wanted


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, so that one cut off is not taken for current."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(data)
    unfinished.replace(path)


class Gallery:
    """A gallery in a folder: what of it is current, and the writing of what is not."""

    def __init__(self, out: Path, formats: Sequence[str]) -> None:
        self.out, self.formats, self.code = out, formats, code_digest()
        self.written = self.failed = 0
        self.browserless = browser.browser_path() is None
        try:
            self.record: dict[str, str] = json.loads((out / RECORD).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.record = {}

    def card(self, name: str, build: Callable[[], Panel]) -> Card:
        """The card of a figure, whose files are then current; what cannot be made is said and left out."""
        try:
            panel = build()
            now = digest(panel, self.code)
        except ValueError as problem:  # a broken table spoils only its own figures
            self.complain(name, problem)
            return Card(name, problem=str(problem))
        if self.record.get(name) != now:
            self.remove(name)
            self.record[name] = now
            self.keep_record()
        made = {what: path for what, (path, make) in files_of(panel, self.formats).items() if self.make(name, what, path, make)}
        pictures = {theme: made.pop(theme) for theme in THEMES if theme in made}
        path = f"live/{name.replace('.', '-')}.js"
        live = len(pictures) < len(THEMES) and self.make(name, "chart", path, lambda: export_gallery.figure_script(panel))
        return Card(name, panel, files=made, pictures={} if live else pictures, script=path if live else "")

    def make(self, name: str, what: str, path: str, build: Callable[[], bytes]) -> bool:
        """Whether a file is there in the end; one that is there is current, since `card` has removed what was not."""
        target = self.out / path
        if target.exists():
            return True
        if self.browserless and (what in THEMES or what in browser.IMAGE_FORMATS):
            return False
        try:
            write(target, build())
        except browser.NoBrowserError:
            return False  # of slides of charts that PowerPoint has no form for; the advice was given at the start
        except (RuntimeError, ValueError) as problem:
            self.complain(f"{name} as {what}", problem)
            return False
        self.written += 1
        return True

    def share_library(self) -> None:
        """Write the chart library, once for all pages that draw charts."""
        from plotly.offline import get_plotlyjs

        library = get_plotlyjs().encode()
        path = self.out / LIBRARY
        if not path.exists() or path.read_bytes() != library:
            write(path, library)

    def complain(self, what: str, problem: Exception) -> None:
        """Say what could not be made."""
        self.failed += 1
        print(f"gallery: {what}: {problem}", file=sys.stderr)

    def remove(self, name: str) -> None:
        """Remove the files of a figure, so that none of it stays behind when it changes or goes."""
        for path in self.out.glob(f"*/{name.replace('.', '-')}[.-]*"):
            path.unlink()
        self.record.pop(name, None)

    def keep_record(self) -> None:
        """Write down what is current."""
        write(self.out / RECORD, json.dumps(self.record, indent=1).encode())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status: 0 if every figure is there, 1 if some could not be made, 2 for a bad request."""
    parser = argparse.ArgumentParser(prog="python -m tools.gallery", description="Write all figures and one HTML page that shows them.")
    parser.add_argument("--out", type=Path, default=Path("gallery"), metavar="DIR", help="folder to write to; default gallery")
    parser.add_argument("--format", action="append", choices=FORMATS, help="files beside each picture; may be repeated; default all")
    options = parser.parse_args(arguments)
    panels = catalogue()
    gallery = Gallery(options.out, options.format or FORMATS)
    if gallery.browserless:
        print(f"gallery: {browser.advice()} The index draws the charts itself.", file=sys.stderr)
    try:
        cards = []
        for number, (name, build) in enumerate(panels.items(), start=1):
            before = gallery.written
            cards.append(gallery.card(name, build))
            if gallery.written > before:
                print(f"[{number}/{len(panels)}] {name}", flush=True)
        for name in set(gallery.record) - set(panels):
            gallery.remove(name)
        if any(card.script or "html" in card.files for card in cards):
            gallery.share_library()
        gallery.keep_record()
        write(gallery.out / "index.html", export_gallery.index(groups(cards)))
    except OSError as problem:
        print(f"gallery: cannot write to {gallery.out}: {problem.strerror or problem}", file=sys.stderr)
        return 2
    finally:
        browser.stop()
    print(f"{gallery.out / 'index.html'}: {len(panels)} figures, {gallery.written} files written, the rest was current")
    return 1 if gallery.failed else 0


if __name__ == "__main__":
    sys.exit(main())
