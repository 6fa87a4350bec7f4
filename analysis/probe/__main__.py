"""The command line of the probe: python -m analysis.probe run|resume|cancel|forget|list|show|export|sweep|measure|train.

Exit status: 0 it was done; 1 it failed, with one sentence on standard error; 2 the command is not understood; 3 a run was cancelled
or interrupted and can be resumed; 130 it was stopped with Ctrl-C.
"""

import argparse
import importlib
import json
import sys
import time
from collections.abc import Callable, Sequence

from analysis.probe import jobs_process, results, sweep
from analysis.probe.arguments import options_of, parser, settings_of
from analysis.probe.jobs import ENGINES, Jobs
from analysis.probe.spec import BUNDLED, RunSpec
from analysis.probe.store import Run
from analysis.probe.words import Line, as_json, moment, print_results, progress

STATUS = {"done": 0, "failed": 1, "cancelled": 3, "interrupted": 3}


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


def forget(given: argparse.Namespace) -> int:
    """Delete runs that have ended."""
    jobs = jobs_here()
    runs = ended_before(jobs, given.older_than) if given.older_than is not None else [jobs.run(number) for number in given.run]
    if bool(given.run) == (given.older_than is not None):
        raise ValueError("forget: name one or more runs, or give --older-than DAYS")
    runs = list({found.id: found for found in runs}.values())
    if live := [found for found in runs if found.live]:
        raise ValueError(f"run: {live[0].id} is {live[0].state}; cancel it first. Nothing was deleted.")
    for found in runs:
        print(f"{found.id}  {moment(found.created)}  {results.name_of(found)}: {progress(found)}")
    count = f"{len(runs)} run{'' if len(runs) == 1 else 's'} with {sum(found.done for found in runs):,} rows"
    if given.dry_run or not runs:
        print(f"{count} would be deleted" if runs else "no run is that old")
        return 0
    if not given.yes and not agreed(f"Delete {count} for good? [y/N] "):
        raise ValueError("nothing was deleted; --yes deletes without a question")
    for found in runs:
        jobs.forget(found.id)
    if not jobs.store.runs(live=True):
        jobs.store.shrink()
    print(f"{count} deleted")
    return 0


def ended_before(jobs: Jobs, days: float) -> list[Run]:
    """The runs that ended more than so many days ago."""
    if not days >= 0:
        raise ValueError(f"older-than: must be a number of days, 0 or more, got {days:g}")
    return [found for found in jobs.runs() if not found.live and (found.finished or found.created) < time.time() - days * 86_400]


def agreed(question: str) -> bool:
    """Whether the person at the terminal says yes."""
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


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
        given.model or [BUNDLED],
        given.revision or [""],
        operations=given.operation or ["multiplication"],
        shots=given.shots or [4],
        options=options_of(given),
        **settings_of(given),
    )
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


COMMANDS = {
    "run": run,
    "resume": resume,
    "cancel": cancel,
    "forget": forget,
    "list": listed,
    "show": show,
    "export": export,
    "sweep": sweeping,
}
OTHERS = {"measure": "analysis.probe.measure", "train": "analysis.probe.train"}


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
