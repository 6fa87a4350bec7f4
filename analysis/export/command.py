"""The command line of exports: `python -m analysis.export "attention.cache?context_len=8192" --format svg --out DIR`."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from analysis.export.browser import NoBrowserError, stop
from analysis.export.files import FORMATS, NEEDS_BROWSER, THEMES, deck, export, file_name


class _Refused(Exception):
    """What the command line was asked for cannot be; the message is one sentence."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0 if every file was written, 1 if some could not be, 2 for a bad request."""
    parser = argparse.ArgumentParser(prog="python -m analysis.export", description="Write figures as files, each with its sources inside.")
    parser.add_argument(
        "panel", nargs="*", help="figures: scaling.isoflop, 'attention.cache?context_len=8192', a link that ends in one, or all"
    )
    parser.add_argument("--format", action="append", metavar="|".join((*FORMATS, "all")), help="may be repeated; default all")
    parser.add_argument("--out", default="exports", metavar="DIR", help="folder to write to, made where it is missing; default exports")
    parser.add_argument("--theme", default="auto", metavar="|".join(THEMES))
    parser.add_argument("--editable", action="store_true", help="charts of PowerPoint in place of pictures where they say the same")
    parser.add_argument("--talk", action="store_true", help="the prepared talk on the ten papers as one PPTX, and stop")
    parser.add_argument("--list", action="store_true", help="list the figures and stop")
    parser.add_argument("--json", action="store_true", help="with --list: every parameter with its kind, default, bounds or options")
    options = parser.parse_args(arguments)
    from analysis import catalogue

    if options.list:
        described = [figure.described() for figure in catalogue.figures().values()] if options.json else []
        print(json.dumps(described, indent=1, ensure_ascii=False) if options.json else "\n".join(catalogue.catalogue()))
        return 0
    try:
        panels = {} if options.talk else _asked_for(options.panel, catalogue)
        formats = _chosen("format", options.format or ["all"], FORMATS, "there is no format {}; there are " + ", ".join(FORMATS))
        _chosen("theme", [options.theme], THEMES, "there is no theme {}; there are " + ", ".join(THEMES))
        out = _folder(Path(options.out))
    except _Refused as refusal:
        print(f"export: {refusal}", file=sys.stderr)
        return 2
    try:
        if options.talk:
            return _write_talk(out, options.theme)
        return _write_all(panels, formats, out, options.theme, options.editable)
    finally:
        stop()


def _asked_for(addresses: Sequence[str], catalogue) -> dict[str, Callable]:
    """How to build each panel that is asked for, by its address."""
    known = catalogue.catalogue()
    settings = [address for address in addresses if "?" in address or "#" in address]
    plain = [catalogue.RENAMED.get(address, address) for address in addresses if address not in settings]
    names = _chosen("panel", plain, known, "there is no figure {}; --list names them") if plain or not addresses else []
    panels: dict[str, Callable] = {name: known[name] for name in names}
    for address in settings:
        try:
            panels[address] = catalogue.asked_for(address).panel
        except ValueError as problem:
            raise _Refused(str(problem)) from None
    return panels


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


def _write_talk(out: Path, theme: str) -> int:
    """Write the prepared talk; returns the exit status."""
    from analysis.export.talk import talk

    path = out / "ten-papers-recomputed-talk.pptx"
    try:
        data = deck(talk(), theme)
        path.write_bytes(data)
    except (OSError, RuntimeError, ValueError) as problem:
        print(f"export: {problem}", file=sys.stderr)
        return 1
    print(f"{path} ({len(data):,} bytes)")
    return 0


def _write_all(panels: Mapping, formats: Sequence[str], out: Path, theme: str, editable: bool) -> int:
    """Write every panel in every format, one line each; what cannot be written is said and does not stop the rest."""
    from analysis.export.editable import says_the_same

    failed, browserless, number, total = 0, False, 0, len(panels) * len(formats)
    taken: Counter[str] = Counter()
    for name, build in panels.items():
        try:
            panel = build()
        except ValueError as problem:  # a broken table spoils only its own figures
            print(f"export: {name}: {problem}", file=sys.stderr)
            failed, number = failed + len(formats), number + len(formats)
            continue
        taken[panel.name] += 1
        again = f"-{taken[panel.name]}" if taken[panel.name] > 1 else ""  # one figure with several settings
        for format in formats:
            number += 1
            path = out / file_name(panel, format).replace(".", f"{again}.")
            reason = says_the_same(panel.figure) if editable and format == "pptx" else ""
            if reason:
                print(f"export: {name}: a picture and no editable chart: {reason}", file=sys.stderr)
            drawn = format in NEEDS_BROWSER and (format != "pptx" or not editable or bool(reason))
            if browserless and drawn:
                failed += 1
                continue
            try:
                data = export(panel, format, theme=theme, editable=editable)
                path.write_bytes(data)
            except NoBrowserError as problem:
                print(f"export: {problem}", file=sys.stderr)
                failed, browserless = failed + 1, browserless or drawn
            except (OSError, RuntimeError, ValueError) as problem:
                print(f"export: {name} as {format}: {problem}", file=sys.stderr)
                failed += 1
            else:
                print(f"[{number}/{total}] {path} ({len(data):,} bytes)", flush=True)
    if failed:
        print(f"export: {failed} of {total} files were not written", file=sys.stderr)
    return 1 if failed else 0
