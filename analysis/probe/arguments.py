"""The command line of the probe: its commands, their options, and what the options say of a run."""

import argparse
from pathlib import Path

from analysis.probe import jobs_process
from analysis.probe.jobs import MAX_LIVE
from analysis.probe.spec import BUNDLED, PROBES
from analysis.probe.store import FOLDER

EPILOG = f"""examples:
  python -m analysis.probe run                                  the bundled model, term frequency
  python -m analysis.probe run --model EleutherAI/pythia-70m --revision step143000 --shots 4 --limit 1000
  python -m analysis.probe run --probe prompts --csv mine.csv --detach
  python -m analysis.probe sweep --model bundled --revision step250 --revision step3000 --shots 0 --shots 4
  python -m analysis.probe export 3f2a --format json --out exports
  python -m analysis.probe forget --older-than 90 --dry-run

A run has a process of its own; runs on one device wait for each other. The database is runs/probe.sqlite, or in the folder that
{FOLDER} names. {MAX_LIVE} and {jobs_process.MAX_QUESTIONS} limit runs at once and questions of a run.
exit status: 0 done, 1 failed, 2 not understood, 3 cancelled or interrupted (resume continues), 130 stopped with Ctrl-C"""


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog="python -m analysis.probe",
        description="Run a language model here and keep every question and answer.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="ask one model the questions of one probe")
    run.add_argument("--model", default=BUNDLED, help="'bundled' (default), a hub id such as EleutherAI/pythia-70m, or a folder")
    run.add_argument("--revision", default="", help="of the hub or of the bundled model, such as step143000; the latest by default")
    run.add_argument("--operation", default="multiplication", choices=("multiplication", "addition"), help="of term_frequency")
    run.add_argument("--shots", type=int, default=4, help="solved examples before each question of term_frequency (default 4)")
    run.add_argument("--detach", action="store_true", help="print the run's id and return; the run goes on")
    asking(run)
    for name, words in (
        ("resume", "go on with a run that has stopped"),
        ("cancel", "stop a run; finished rows are kept"),
        ("show", "settings, state and results of a run"),
    ):
        one = commands.add_parser(name, help=words)
        one.add_argument("run", help="id of the run, or the beginning of it")
        if name == "resume":
            one.add_argument("--detach", action="store_true", help="return at once; the run goes on")
        if name == "show":
            one.add_argument("--json", action="store_true", help="as JSON")
    forget = commands.add_parser("forget", help="delete runs that have ended, with all their rows")
    forget.add_argument("run", nargs="*", help="id of a run, or the beginning of it")
    forget.add_argument("--older-than", type=float, metavar="DAYS", help="every run that ended more than so many days ago")
    forget.add_argument("--dry-run", action="store_true", help="say which runs it would be, and delete nothing")
    forget.add_argument("--yes", action="store_true", help="do not ask")
    listing = commands.add_parser("list", help="all runs, the newest first")
    listing.add_argument("--json", action="store_true", help="as JSON, one run a line")
    export = commands.add_parser("export", help="write the rows of a run to files")
    export.add_argument("run", help="id of the run, or the beginning of it")
    export.add_argument(
        "--format", default="csv", choices=("csv", "json"), help="csv, or json: results and samples as lm_eval v0.4 writes them"
    )
    export.add_argument("--out", type=Path, default=Path("exports"), help="folder (default exports)")
    many = commands.add_parser("sweep", help="every model at every revision with every operation and number of shots")
    many.add_argument("--model", action="append", help="may be given several times (default bundled)")
    many.add_argument("--revision", action="append", help="may be given several times")
    many.add_argument("--operation", action="append", choices=("multiplication", "addition"), help="may be given several times")
    many.add_argument("--shots", action="append", type=int, help="may be given several times (default 4)")
    many.add_argument("--engine", default="local", choices=("local", "ray"), help="one after the other here, or on a Ray cluster")
    many.add_argument("--address", help="of the Ray cluster: auto, HOST:PORT or ray://HOST:PORT; without it one is made on this machine")
    many.add_argument("--upload", action="store_true", help="send this folder to the nodes of the cluster instead of finding it there")
    asking(many)
    commands.add_parser("measure", help="memory and speed of real shapes with random weights", add_help=False)
    commands.add_parser("train", help="train the bundled model again", add_help=False)
    return top


def asking(command: argparse.ArgumentParser) -> None:
    """The options that a run and a sweep share."""
    command.add_argument("--probe", default="term_frequency", choices=PROBES, help="what is asked (default term_frequency)")
    command.add_argument("--csv", type=Path, help="questions for choice and prompts, passages for memorised: a CSV or text file")
    command.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="another option of the probe, such as corpus=pile_train"
    )
    command.add_argument("--device", default="auto", help="auto (default), cpu, cuda, cuda:1")
    command.add_argument("--dtype", default="auto", choices=("auto", "float32", "bfloat16", "float16"), help="of the weights")
    command.add_argument("--limit", type=int, default=0, help="at most so many questions, drawn with the seed; 0, the default, is all")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--batch-size", type=int, default=32)


def options_of(given: argparse.Namespace) -> dict:
    """The options of the probe: those of the command line, and the text of the reader's file."""
    options: dict = {}
    for pair in given.option:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"option: {pair[:60]!r} is not NAME=VALUE")
        options[name] = int(value) if value.lstrip("-").isdigit() else value
    if given.csv is not None:
        try:
            text = given.csv.read_bytes().decode("utf-8-sig")
        except OSError as error:
            raise ValueError(f"csv: {given.csv} cannot be read: {(error.strerror or str(error)).lower()}") from None
        except UnicodeDecodeError:
            raise ValueError(f"csv: {given.csv} is not text in UTF-8") from None
        options["text" if given.probe == "memorised" and given.csv.suffix != ".csv" else "csv"] = text
    return options


def settings_of(given: argparse.Namespace) -> dict:
    """The fields of a RunSpec that a run and a sweep share."""
    names = ("probe", "device", "dtype", "limit", "seed", "batch_size")
    return {name: getattr(given, name) for name in names}
