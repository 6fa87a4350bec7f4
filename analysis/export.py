"""Panels as files: `python -m analysis.export PANEL|all --format svg --out DIR`, and the same from the pages' buttons.

Every file carries the figure's title, sources and settings inside it.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from analysis import export_csv
from analysis.charts.panel import Panel
from analysis.export_image import IMAGE_FORMATS, NoBrowserError, stop
from analysis.export_picture import picture, slide_figure

__all__ = ["FORMATS", "THEMES", "deck", "export", "file_name", "mime", "slide_figure"]

FORMATS = ("csv", "png", "svg", "pdf", "html", "pptx")
THEMES = ("auto", "light", "dark")
MIME = {
    "csv": "text/csv",
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "html": "text/html",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}


def export(panel: Panel, format: str, *, permalink: str = "", theme: str = "auto") -> bytes:
    """The panel as the bytes of a file.

    format: one of FORMATS. permalink: address that restores the page, written into the file. theme: "light", "dark", or
    "auto": light, except that an HTML file follows its reader's own setting.

    Raises ValueError for another format or theme, NoBrowserError where a picture is needed and there is no browser.
    """
    _check("format", format, FORMATS)
    _check("theme", theme, THEMES)
    fixed = "light" if theme == "auto" else theme
    if format == "csv":
        return export_csv.table(panel, permalink)
    if format == "html":
        from analysis.export_html import page

        return page(panel, permalink, theme)
    if format == "pptx":
        from analysis.export_pptx import presentation

        return presentation([panel], fixed, permalinks=[permalink])
    return picture(panel, format, permalink, fixed)


def deck(slides: Sequence[Mapping], theme: str = "auto") -> bytes:
    """A PowerPoint file of several panels: slides of {"panel": Panel, "title": str, "link": str}, then their sources.

    An empty title stands for the panel's own. Raises ValueError for no slides or another theme, NoBrowserError as `export`.
    """
    _check("theme", theme, THEMES)
    from analysis.export_pptx import presentation

    titles = [slide.get("title") or slide["panel"].title for slide in slides]
    links = [slide.get("link", "") for slide in slides]
    return presentation([slide["panel"] for slide in slides], "light" if theme == "auto" else theme, titles, links)


def file_name(panel: Panel, format: str) -> str:
    """Name of the file for a panel in a format, e.g. "scaling-isoflop.svg"."""
    _check("format", format, FORMATS)
    return f"{panel.name.replace('.', '-')}.{format}"


def mime(format: str) -> str:
    """The media type of a format.

    >>> mime("svg")
    'image/svg+xml'
    """
    _check("format", format, FORMATS)
    return MIME[format]


def _check(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")


class _Refused(Exception):
    """What the command line was asked for cannot be; the message is one sentence."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0 if every file was written, 1 if some could not be, 2 for a bad request."""
    parser = argparse.ArgumentParser(prog="python -m analysis.export", description="Write figures as files, each with its sources inside.")
    parser.add_argument("panel", nargs="*", help="names of figures such as scaling.isoflop, or all")
    parser.add_argument("--format", action="append", metavar="|".join((*FORMATS, "all")), help="may be repeated; default all")
    parser.add_argument("--out", default="exports", metavar="DIR", help="folder to write to, made where it is missing; default exports")
    parser.add_argument("--theme", default="auto", metavar="|".join(THEMES))
    parser.add_argument("--list", action="store_true", help="list the figures and stop")
    options = parser.parse_args(arguments)
    from analysis.figures import catalog

    panels = catalog()
    if options.list:
        print("\n".join(panels))
        return 0
    try:
        names = _chosen("panel", options.panel, panels, "there is no figure {}; --list names them")
        formats = _chosen("format", options.format or ["all"], FORMATS, "there is no format {}; there are " + ", ".join(FORMATS))
        _chosen("theme", [options.theme], THEMES, "there is no theme {}; there are " + ", ".join(THEMES))
        out = _folder(Path(options.out))
    except _Refused as refusal:
        print(f"export: {refusal}", file=sys.stderr)
        return 2
    try:
        return _write_all({name: panels[name] for name in names}, formats, out, options.theme)
    finally:
        stop()


def _chosen(what: str, asked: Sequence[str], known: Sequence[str] | Mapping, refusal: str) -> list[str]:
    if not asked:
        raise _Refused(f"name a {what}, or all; --list names the figures")
    if "all" in asked:
        return list(known)
    for name in asked:
        if name not in known:
            raise _Refused(refusal.format(repr(name)))
    return list(dict.fromkeys(asked))


def _folder(out: Path) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".export-probe"
        probe.touch()
        probe.unlink()
    except OSError as problem:
        raise _Refused(f"cannot write to {out}: {problem.strerror or problem}") from None
    return out


def _write_all(panels: Mapping, formats: Sequence[str], out: Path, theme: str) -> int:
    """Write every panel in every format, one line each; what cannot be written is said and does not stop the rest."""
    failed, browserless, number, total = 0, False, 0, len(panels) * len(formats)
    for name, build in panels.items():
        try:
            panel = build()
        except ValueError as problem:  # a broken table spoils only its own figures
            print(f"export: {name}: {problem}", file=sys.stderr)
            failed, number = failed + len(formats), number + len(formats)
            continue
        for format in formats:
            number += 1
            if browserless and format in IMAGE_FORMATS:
                failed += 1
                continue
            try:
                data = export(panel, format, theme=theme)
                (out / file_name(panel, format)).write_bytes(data)
            except NoBrowserError as problem:
                print(f"export: {problem}", file=sys.stderr)
                failed, browserless = failed + 1, browserless or format in IMAGE_FORMATS
            except (OSError, RuntimeError, ValueError) as problem:
                print(f"export: {name} as {format}: {problem}", file=sys.stderr)
                failed += 1
            else:
                print(f"[{number}/{total}] {out / file_name(panel, format)} ({len(data):,} bytes)", flush=True)
    if failed:
        print(f"export: {failed} of {total} files were not written", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
