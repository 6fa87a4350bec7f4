"""The command line of the probe: python -m analysis.probe run|resume|cancel|list|show|export|sweep|measure|train.

Exit status: 0 it was done; 1 it failed, with one sentence on standard error; 2 the command is not understood; 3 a run was cancelled
or interrupted and can be resumed; 130 it was stopped with Ctrl-C.
"""

import argparse
import importlib
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from analysis.probe import jobs_process, results, sweep
from analysis.probe.jobs import ENGINES, MAX_LIVE, Jobs
from analysis.probe.spec import BUNDLED, PROBES, RunSpec
from analysis.probe.store import FOLDER, Run
from analysis.units import format_duration

STATUS = {"done": 0, "failed": 1, "cancelled": 3, "interrupted": 3}
EPILOG = f"""examples:
  python -m analysis.probe run                                  the bundled model, term frequency
  python -m analysis.probe run --model EleutherAI/pythia-70m --revision step143000 --shots 4 --limit 1000
  python -m analysis.probe run --probe prompts --csv mine.csv --detach
  python -m analysis.probe sweep --model bundled --revision step250 --revision step3000 --shots 0 --shots 4
  python -m analysis.probe export 3f2a --format json --out exports

A run has a process of its own; runs on one device wait for each other. The database is runs/probe.sqlite, or in the folder that
{FOLDER} names. {MAX_LIVE} and {jobs_process.MAX_QUESTIONS} limit runs at once and questions of a run.
exit status: 0 done, 1 failed, 2 not understood, 3 cancelled or interrupted (resume continues), 130 stopped with Ctrl-C"""


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog="python -m analysis.probe", description="Run a language model here and keep every question and answer.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="ask one model the questions of one probe")
    run.add_argument("--model", default=BUNDLED, help="'bundled' (default), a hub id such as EleutherAI/pythia-70m, or a folder")
    run.add_argument("--revision", default="", help="of the hub or of the bundled model, such as step143000; the latest by default")
    run.add_argument("--operation", default="multiplication", choices=("multiplication", "addition"), help="of term_frequency")
    run.add_argument("--shots", type=int, default=4, help="solved examples before each question of term_frequency (default 4)")
    run.add_argument("--detach", action="store_true", help="print the run's id and return; the run goes on")
    asking(run)
    for name, words in (("resume", "go on with a run that has stopped"), ("cancel", "stop a run; finished rows are kept"),
                        ("show", "settings, state and results of a run")):  # fmt: skip
        one = commands.add_parser(name, help=words)
        one.add_argument("run", help="id of the run, or the beginning of it")
        if name == "resume":
            one.add_argument("--detach", action="store_true", help="return at once; the run goes on")
        if name == "show":
            one.add_argument("--json", action="store_true", help="as JSON")
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


# --- commands ----------------------------------------------------------------------------------------------------------


def run(given: argparse.Namespace) -> int:
    """Start a run and follow it."""
    options = options_of(given)
    if given.probe == "term_frequency":
        options = {"operation": given.operation, "shots": given.shots, **options}
    jobs = jobs_here()
    number = jobs.submit(RunSpec(model=given.model, revision=given.revision, options=options, **settings_of(given)), engine_name())
    return left(number) if given.detach else follow(jobs, number)


def resume(given: argparse.Namespace) -> int:
    """Let a run go on and follow it."""
    jobs = jobs_here()
    number = jobs.resume(given.run)
    return left(number) if given.detach else follow(jobs, number)


def left(number: str) -> int:
    """Say which run goes on by itself."""
    print(number)
    print(f"It goes on by itself: python -m analysis.probe show {number}", file=sys.stderr)
    return 0


def follow(jobs: Jobs, number: str) -> int:
    """Show the progress of a run until it ends. Ctrl-C cancels it."""
    line = Line()
    try:
        while (found := jobs.run(number)).live:
            line.say(f"{number}  {progress(found)}")
            time.sleep(0.2)
    except KeyboardInterrupt:
        found = jobs.cancel(number)
        line.end(f"{number}  {found.message or found.state}; `resume {number}` continues")
        return 130
    line.end(f"{number}  {progress(found)}")
    if found.done:
        print_results(jobs, found)
    if found.state in ("cancelled", "interrupted"):
        print(f"`python -m analysis.probe resume {number}` continues.", file=sys.stderr)
    return STATUS.get(found.state, 1)


def cancel(given: argparse.Namespace) -> int:
    """Stop a run."""
    found = jobs_here().cancel(given.run)
    print(f"{found.id}  {progress(found)}")
    return 0


def listed(given: argparse.Namespace) -> int:
    """All runs."""
    for found in jobs_here().runs():
        print(
            json.dumps(as_json(found))
            if given.json
            else f"{found.id}  {moment(found.created)}  {results.name_of(found)}: {progress(found)}"
        )
    return 0


def show(given: argparse.Namespace) -> int:
    """One run."""
    jobs = jobs_here()
    found = jobs.run(given.run)
    if given.json:
        groups = results.summary(jobs.store.groups(found.id))
        table = json.loads(groups.to_json(orient="records"))
        print(json.dumps(as_json(found) | {"facts": results.facts(found), "groups": table}, indent=2))
        return 0
    for name, text in results.facts(found).items():
        print(f"{name:>10}: {text}")
    print(f"{'progress':>10}: {progress(found)}")
    print_results(jobs, found)
    return 0


def export(given: argparse.Namespace) -> int:
    """Files of a run."""
    jobs = jobs_here()
    found = jobs.run(given.run)
    rows = jobs.store.rows(found.id)
    if given.format == "csv":
        files = {f"probe-{found.id}.csv": results.to_csv(found, rows)}
    else:
        task = results.task_of(found)
        files = {
            f"results_{found.id}.json": results.to_results(found, rows),
            f"samples_{task}_{found.id}.jsonl": results.to_samples(found, rows),
        }
    try:
        given.out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (given.out / name).write_bytes(content)
            print(given.out / name)
    except OSError as error:
        raise ValueError(f"out: {given.out} cannot be written: {(error.strerror or str(error)).lower()}") from None
    return 0


def sweeping(given: argparse.Namespace) -> int:
    """Many runs."""
    wanted = sweep.specs(
        given.model or [BUNDLED], given.revision or [""], operations=given.operation or ["multiplication"], shots=given.shots or [4],
        options=options_of(given), **settings_of(given),
    )  # fmt: skip
    jobs, line = jobs_here(), Line()

    def tell(spec: RunSpec, found: Run) -> None:
        words = f"{wanted.index(spec) + 1}/{len(wanted)}  {found.id}  {results.name_of(found)}: {progress(found)}"
        line.say(words) if found.live else line.end(words)

    try:
        if given.engine == "ray":
            ray_engine = importlib.import_module("analysis.probe.ray_engine")
            ended = ray_engine.carry_out(jobs, wanted, engine_name(), given.address, given.upload, tell=tell)
        else:
            ended = sweep.carry_out(jobs, wanted, engine_name(), tell)
    except KeyboardInterrupt:
        for found in jobs.runs():
            if found.live and found.spec in wanted:
                jobs.cancel(found.id)
        print("stopped; the same command goes on where it was", file=sys.stderr)
        return 130
    print(f"{sum(found.state == 'done' for found in ended)} of {len(ended)} runs are complete")
    return max((STATUS.get(found.state, 1) for found in ended if found.state != "done"), default=0)


def elsewhere(module: str) -> Callable[[list[str]], int]:
    """A command that another module carries out."""
    return lambda argv: importlib.import_module(module).main(argv) or 0


COMMANDS = {"run": run, "resume": resume, "cancel": cancel, "list": listed, "show": show, "export": export, "sweep": sweeping}
OTHERS = {"measure": "analysis.probe.measure", "train": "analysis.probe.train"}


# --- words -------------------------------------------------------------------------------------------------------------


class Line:
    """One line on the terminal that is written over; in a file, a line whenever something changed much."""

    def __init__(self) -> None:
        self.width, self.last = 0, -math.inf

    def say(self, text: str) -> None:
        """Show a text that the next one replaces."""
        if sys.stderr.isatty():
            print(f"\r{text.ljust(self.width)}", end="", file=sys.stderr, flush=True)
            self.width = len(text)
        elif time.monotonic() - self.last > 10:
            print(text, file=sys.stderr, flush=True)
            self.last = time.monotonic()

    def end(self, text: str) -> None:
        """Show a text that stays."""
        print(f"\r{text.ljust(self.width)}" if sys.stderr.isatty() else text, file=sys.stderr, flush=True)
        self.width = 0


def progress(found: Run) -> str:
    """How far a run is: count, share, rate and remaining time, or how it ended."""
    count = f"{found.done:,} of {found.total:,}" if found.total is not None else ""
    if not found.live:
        return f"{found.state} ({count})" + (f": {found.message}" if found.message else "") if count else f"{found.state}: {found.message}"
    if found.message != "answers" and found.message != "answers on the cluster":
        return f"{found.state}: {found.message}"
    rate = "" if math.isnan(found.rate) else f", {found.rate:,.1f} a second, {format_duration(found.remaining_s)} left"
    return f"{count} ({found.done / (found.total or 1):.0%}){rate}"


def print_results(jobs: Jobs, found: Run) -> None:
    """The share of right answers of a run and of its groups."""
    groups = jobs.store.groups(found.id)
    whole = results.overall(groups)
    if not whole["n"]:
        return
    word = "score" if found.state == "done" else "score so far"
    print(f"{word:>10}: {whole['score']:.1%} of {whole['n']:,} (95% interval {whole['low']:.1%} to {whole['high']:.1%})")
    table = results.summary(groups)
    if 1 < len(table) <= 12:
        for row in table.itertuples():
            print(f"{row.group[:40]:>40}  {row.score:6.1%}  ({row.low:.1%} to {row.high:.1%}, {row.n:,} questions)")


def as_json(found: Run) -> dict:
    """A run as JSON can carry it."""
    rest = {name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in (("rate", found.rate), ("remaining_s", found.remaining_s))}  # fmt: skip
    names = ("id", "engine", "device", "state", "message", "created", "started", "finished", "done", "total", "versions")
    return {name: getattr(found, name) for name in names} | {"spec": json.loads(found.spec.to_json())} | rest


def moment(seconds: float) -> str:
    """A time as it stands in lists."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def jobs_here() -> Jobs:
    """The runs of this machine's database."""
    return Jobs(engines=ENGINES)


def engine_name() -> str:
    """The engine of new runs."""
    return next(iter(ENGINES))


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out a command line; the exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if argv and argv[0] in OTHERS:
        try:
            return elsewhere(OTHERS[argv[0]])(argv[1:])
        except (ValueError, ModuleNotFoundError) as error:
            print(jobs_process.reason(error), file=sys.stderr)
            return 1
    given = parser().parse_args(argv)
    try:
        return COMMANDS[given.command](given)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
