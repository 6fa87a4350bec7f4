"""Many runs from few settings: every model at every revision with every operation and number of shots."""

import itertools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from analysis.probe.jobs import Jobs
from analysis.probe.spec import RunSpec
from analysis.probe.store import Run


def specs(
    models: Sequence[str],
    revisions: Sequence[str] = ("",),
    probe: str = "term_frequency",
    operations: Sequence[str] = ("multiplication",),
    shots: Sequence[int] = (4,),
    options: Mapping[str, Any] | None = None,
    **settings: Any,
) -> list[RunSpec]:
    """The runs of a sweep, models outermost. operations and shots count for the probe term_frequency only.

    settings: the other fields of `RunSpec`, the same for all.

    >>> [(s.revision, s.options["shots"]) for s in specs(["bundled"], ["step250", "step700"], shots=[0, 4])]
    [('step250', 0), ('step250', 4), ('step700', 0), ('step700', 4)]
    """
    asked = (
        [{"operation": operation, "shots": k} for operation, k in itertools.product(operations, shots)]
        if probe == "term_frequency"
        else [{}]
    )
    found = [
        RunSpec(model=model, revision=revision, probe=probe, options={**(options or {}), **own}, **settings)
        for model, revision, own in itertools.product(models, revisions, asked)
    ]
    return list({spec.to_json(): spec for spec in found}.values())


def earlier(jobs: Jobs, spec: RunSpec, engine: str) -> Run | None:
    """The run that did this already, or did most of it: complete before live before stopped, None if there is none."""
    same = [run for run in jobs.runs() if run.spec.to_json() == spec.to_json() and run.engine == engine]
    return min(same, key=lambda run: (run.state != "done", not run.live, -run.done), default=None)


def carry_out(
    jobs: Jobs,
    wanted: Iterable[RunSpec],
    engine: str = "local",
    tell: Callable[[RunSpec, Run], None] = lambda spec, run: None,
    poll_s: float = 0.2,
) -> list[Run]:
    """The runs of a sweep, one after the other; what an earlier call finished is not done again, what it began goes on.

    tell: called whenever a run has something new to say. A run that fails does not stop those after it.
    """
    ended = []
    for spec in wanted:
        run = earlier(jobs, spec, engine)
        if run is None:
            run = jobs.run(jobs.submit(spec, engine))
        elif not run.live and run.state != "done":
            run = jobs.run(jobs.resume(run.id))
        while run.live:
            tell(spec, run)
            time.sleep(poll_s)
            run = jobs.run(run.id)
        tell(spec, run)
        ended.append(run)
    return ended
