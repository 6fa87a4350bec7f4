"""Which model a page is about: one of the table `models`, or the reader's own configuration.

name, shape, counts = shapes.choose_shape("attn", "Mistral 7B") or shapes.of_table("Mistral 7B")

Name, shape and counts come together, so that no chart shows the numbers of one model under the name of another.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from analysis import tables
from analysis.background.worker import Cancelled, WorkerError, shared_worker
from analysis.transformer import ParamCounts, TransformerShape, count_params, read_config, shape_from_hf_config, shape_of_model
from analysis.transformer.hub import fetch_config
from pages.components import controls
from pages.components.markdown import plain

SOURCES = {"table": "published", "own": "your config.json", "hub": "from the hub"}
PARTS = {
    "total": "all",
    "embedding": "embeddings and output",
    "attention": "attention",
    "mlp": "MLPs and experts",
    "router": "router",
    "other": "norms and other",
    "active": "used by one token",
}
KEPT = 8
"""Fetched configurations and exact counts that a session keeps."""
POLL_SECONDS = 0.5

Model = tuple[str, TransformerShape, ParamCounts]
"""Name, shape and parameters of one model."""


def choose_shape(prefix: str, default: str, models: Sequence[str] | None = None) -> Model | None:
    """(name, shape, parameters) of the model that the reader picks; None until there is one, or where its configuration cannot be used.

    prefix: of the keys of its controls, unique to the page. default: a model of the table `models`. models: those to pick from,
    all whose architecture is public if None. The parameters are the exact count where it has arrived, else closed form. Stands outside
    fragments.
    """
    with controls.row():
        source = controls.switch(f"{prefix}_from", "Model from", SOURCES, "table")
        if source == "table":
            name = controls.choice(f"{prefix}_model", "Model", models or known_models(), default)
            forget(prefix)
            return of_table(name)
    given = own_config(prefix) if source == "own" else hub_config(prefix)
    if given is None:
        forget(prefix)
        return None
    name, config = given
    try:
        shape = shape_from_hf_config(config)
    except ValueError as problem:
        st.error(f"This configuration cannot be used. {plain(str(problem))}", icon=":material/error:")
        exact_count(prefix, config)
        return None
    for note in shape.notes:
        st.caption(plain(note))
    return name, shape, exact_count(prefix, config) or count_params(shape)


def known_models() -> list[str]:
    """The models of the table `models` whose architecture is public."""
    models = tables.load("models")
    return list(models.loc[models["n_layers"].notna() & models["d_model"].notna() & models["n_heads"].notna(), "model"])


def of_table(name: str) -> Model:
    """(name, shape, parameters) of a model of the table `models`."""
    shape = shape_of_model(name, tables.load("models"))
    return name, shape, count_params(shape)


def own_config(prefix: str) -> tuple[str, dict[str, Any]] | None:
    """(name, configuration) from an upload or from pasted text; None until there is one that can be read."""
    pasted = st.text_area(
        "Paste a config.json",
        key=f"{prefix}_text",
        height=120,
        placeholder='{"model_type": "llama", "hidden_size": 4096, ...}',
        persist_state="session",
        help="It is read in memory, for this session only, and is not part of the page's link.",
    )
    upload = st.file_uploader("or choose the file", type=["json", "txt"], key=f"{prefix}_file")
    if upload is None and not (pasted or "").strip():
        st.info("Paste the config.json of a model, or choose the file.", icon=":material/upload_file:")
        return None
    try:
        return "your model", read_config(upload.getvalue() if upload is not None else pasted)
    except ValueError as problem:
        st.error(f"This file cannot be used: {plain(str(problem))}.", icon=":material/error:")
        return None


def hub_config(prefix: str) -> tuple[str, dict[str, Any]] | None:
    """(name, configuration) of a model on the Hugging Face hub; None until there is one."""
    hub_id = controls.text(
        f"{prefix}_hub",
        "Name on the Hugging Face hub",
        max_chars=200,
        placeholder="mistralai/Mistral-7B-v0.1",
        help="Only the file config.json is fetched. Nothing of the model is run.",
    )
    if not hub_id:
        st.info("Type the name of a model; its config.json is then fetched from the hub.", icon=":material/cloud_download:")
        return None
    kept = st.session_state.setdefault("hub_configs", {})
    if hub_id not in kept or (isinstance(kept[hub_id], str) and st.session_state.pop(f"{prefix}_again", False)):
        try:
            with st.spinner("Asking the hub"):
                answer: dict | str = fetch_config(hub_id)
        except ValueError as problem:
            answer = str(problem)
        kept.pop(hub_id, None)
        kept[hub_id] = answer
        while len(kept) > KEPT:
            kept.pop(next(iter(kept)))
    if isinstance(kept[hub_id], str):
        st.error(f"This model cannot be used: {plain(kept[hub_id])}.", icon=":material/error:")
        st.button("Ask again", key=f"{prefix}_retry", on_click=lambda: st.session_state.update({f"{prefix}_again": True}))
        return None
    return hub_id, kept[hub_id]


def from_answer(exact: Mapping[str, Any]) -> ParamCounts:
    """The ParamCounts in the answer of the worker's task."""
    return ParamCounts(**{name: exact[name] for name in ParamCounts.__dataclass_fields__})


def forget(prefix: str) -> None:
    """No configuration of the reader's own is shown any more: one that is still being counted is given up."""
    job = st.session_state.setdefault("exact_jobs", {}).get(st.session_state.pop(f"exact:{prefix}", None))
    if job is not None:
        job.cancel()


def exact_count(prefix: str, config: Mapping[str, Any]) -> ParamCounts | None:
    """Show the parameters of a configuration: closed form at once, and transformers' own count when the worker has it.

    Where the two differ the difference is shown, and the exact count is the one to use. It is returned; None as long as there is none.
    """
    key = json.dumps(config, sort_keys=True)
    if st.session_state.get(f"exact:{prefix}") not in (None, key):
        forget(prefix)
    st.session_state[f"exact:{prefix}"] = key
    jobs = st.session_state.setdefault("exact_jobs", {})
    if key not in jobs or jobs[key].status == "cancelled":
        jobs.pop(key, None)
        jobs[key] = shared_worker().submit("exact_param_counts", {"config": dict(config)})
        while len(jobs) > KEPT:
            jobs.pop(next(iter(jobs))).cancel()
    job = jobs[key]
    waiting = job.status in ("queued", "running")

    def show() -> None:
        if waiting and job.status not in ("queued", "running"):
            st.rerun()  # the whole page: its charts use the exact count from now on, and the clock stops
        report(config, job)

    st.fragment(show, run_every=POLL_SECONDS if waiting else None)()
    exact = answer_of(job) if job.status == "done" else None
    return from_answer(exact) if isinstance(exact, dict) else None


def report(config: Mapping[str, Any], job) -> None:
    """What is known so far about the parameters of a configuration."""
    try:
        closed = count_params(shape_from_hf_config(config))
    except ValueError:
        closed = None
    if closed is not None:
        st.markdown(f"**{closed.total:,} parameters** by the formulas here{used(closed)}.")
    if job.status in ("queued", "running"):
        words = job.progress[2] or "the worker is starting, which takes some seconds"
        st.caption(f"The exact count is on its way: {plain(words)}.")
        return
    exact = answer_of(job)
    if isinstance(exact, str):
        st.warning(f"No exact count: {plain(exact)}.", icon=":material/warning:")
        return
    held = from_answer(exact)
    by = f"transformers {plain(exact['transformers_version'])} ({plain(exact['model_class'])}, built without memory)"
    if closed is None:
        st.markdown(f"**{held.total:,} parameters**{used(held)}, as counted by {by}.")
        st.caption("Its shape is not known here, so the charts cannot show this model.")
    elif differences(closed, held):
        st.warning(f"{by} counts **{held.total:,} parameters**; this count is the one used from here on.", icon=":material/difference:")
        lines = ["| part | formulas here | exact | difference |", "| --- | ---: | ---: | ---: |"]
        lines += [f"| {label} | {ours:,} | {theirs:,} | {theirs - ours:+,} |" for label, ours, theirs in differences(closed, held)]
        st.markdown("\n".join(lines))
    else:
        st.caption(f"Equal in every part to the exact count by {by}.")
    for note in exact["notes"]:
        st.caption(plain(note))


def used(counts: ParamCounts) -> str:
    """How many parameters one token uses, where these are not all."""
    return f", {counts.active:,} of them used by one token" if counts.active != counts.total else ""


def differences(closed: ParamCounts, exact: ParamCounts) -> list[tuple[str, int, int]]:
    """(part, closed form, exact) for every part in which they differ."""
    pairs = [(label, getattr(closed, part), getattr(exact, part)) for part, label in PARTS.items()]
    return [(label, ours, theirs) for label, ours, theirs in pairs if ours != theirs]


def answer_of(job) -> dict[str, Any] | str:
    """What a finished job brought: the counts, or one sentence on why there are none."""
    try:
        return job.result(timeout=0)
    except (WorkerError, TimeoutError) as problem:
        return str(problem).rstrip(".")
    except Cancelled:
        return "the count was given up"
