"""The widget of the parameter `model`: one of the table, the reader's own configuration, or one from the Hugging Face hub.

A configuration is parsed once a run and counted once; where it cannot be used the page says why and draws nothing under another name.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from analysis.background.worker import Cancelled, WorkerError, shared_worker
from analysis.charts.subjects import ModelKind
from analysis.transformer import ParamCounts, read_config
from analysis.transformer import model as models
from analysis.transformer.config import UnknownModelType
from analysis.transformer.hub import fetch_config, hub_id_of
from analysis.transformer.model import Model
from analysis.transformer.stored_bits import without_storage
from analysis.transformer.unread import listed
from analysis.uploads import clip
from pages.components import fields, scenario
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
LONGEST_NAME = 60


def source_of(key: str) -> str:
    """Where a model's key says that it is from."""
    return "hub" if key.startswith(models.HUB) else "own" if key == models.OWN else "table"


def pick(kind: ModelKind, value: Model, place: str) -> None:
    """The widgets that stand in the row of controls: where the model is from, and the list of published ones."""
    now = source_of(scenario.chosen().get("model", ""))
    from_key, key = f"{place}:model_from", f"{place}:model"

    def take_source() -> None:
        source = st.session_state[from_key]
        if source == "table":
            scenario.forget(["model"])
        else:
            scenario.change("model", models.OWN if source == "own" else models.HUB, place)

    fields.pick("Model from", SOURCES, now, key=from_key, on_change=take_source, help=kind.help)
    if now == "table":
        labels = kind.labels()
        index: dict[str, Any] = {"index": list(labels).index(value.key)} if fields.at(key, value.key) else {}
        st.selectbox(
            kind.label, list(labels), format_func=labels.__getitem__, key=key, **index,
            on_change=lambda: scenario.change("model", st.session_state[key], place),
        )  # fmt: skip
        forget()


def own() -> None:
    """What stands under the row where the reader brings a model: its configuration, its parameters, and what is wrong with it."""
    key = scenario.chosen().get("model", "")
    source = source_of(key)
    if source == "table":
        return
    scenario.given().pop("model", None)
    read = own_config() if source == "own" else hub_config()
    if read is None:
        forget()
        return
    key, name, config = read
    problem, model = None, None
    try:
        model = models.of_config(config, key, name)
    except UnknownModelType as found:
        problem = str(found)
        st.info(f"No chart here: {plain(problem)}.", icon=":material/info:")
    except ValueError as found:
        problem = str(found)
        st.error(f"This configuration cannot be used. {plain(problem)}", icon=":material/error:")
    exact = exact_count(config, None if model is None else model.counts, () if model is None else model.shape.unread)
    if model is not None:
        for note in model.shape.notes:
            st.caption(plain(note))
        if model.storage:
            st.caption(plain(model.storage))
        if exact is not None:
            model = replace(model, counts=exact)
        scenario.given()["model"] = model
        if scenario.chosen().get("model") != key:
            scenario.chosen()["model"] = key


def own_config() -> tuple[str, str, dict[str, Any]] | None:
    """(key, name, configuration) from an upload or from pasted text; None until there is one that can be read."""
    pasted = st.text_area(
        "Paste a config.json, or a params.json",
        key="model_text",
        height=120,
        placeholder='{"model_type": "llama", "hidden_size": 4096, ...}',
        persist_state="session",
        help="It is read in memory, for this session only, and is not part of the page's link.",
    )
    upload = st.file_uploader("or choose the file", type=["json", "txt"], key="model_file")
    if upload is not None:
        st.session_state["model_kept"] = (upload.name, upload.getvalue())
    kept_name, kept = st.session_state.get("model_kept", ("", b""))
    if upload is None and kept and not (pasted or "").strip():
        st.caption(f"From before: {plain(clip(kept_name, LONGEST_NAME))}.")
        if st.button("Forget this file", key="model_forget"):
            del st.session_state["model_kept"]
            st.rerun()
    if upload is None and not kept and not (pasted or "").strip():
        st.info("Paste the config.json of a model, or choose the file.", icon=":material/upload_file:")
        return None
    try:
        config = read_config(upload.getvalue() if upload is not None else pasted if (pasted or "").strip() else kept)
    except ValueError as problem:
        st.error(f"This file cannot be used: {plain(str(problem))}.", icon=":material/error:")
        return None
    name = st.text_input(
        "Name on the charts", key="model_name", max_chars=LONGEST_NAME, persist_state="session", placeholder="as the configuration names it"
    )
    return models.OWN, (name or "").strip(), config


def hub_config() -> tuple[str, str, dict[str, Any]] | None:
    """(key, name, configuration) of a model on the Hugging Face hub; None until there is one."""
    stands = scenario.chosen().get("model", "").removeprefix(models.HUB)
    if st.session_state.get("model_hub") != stands:
        st.session_state["model_hub"] = stands

    def take() -> None:
        scenario.change("model", models.HUB + named(st.session_state["model_hub"] or ""), scenario.places().get("model", ""))

    hub_id = st.text_input(
        "Name or address on the Hugging Face hub",
        key="model_hub",
        max_chars=200,
        placeholder="mistralai/Mistral-7B-v0.1",
        help="Only the file config.json is fetched. Nothing of the model is run.",
        on_change=take,
    )
    hub_id = named(hub_id or "")
    if not hub_id:
        st.info("Type the name of a model; its config.json is then fetched from the hub.", icon=":material/cloud_download:")
        return None
    kept = st.session_state.setdefault("hub_configs", {})
    if hub_id not in kept or (isinstance(kept[hub_id], str) and st.session_state.pop("hub_again", False)):
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
        st.button("Ask again", key="hub_retry", on_click=lambda: st.session_state.update({"hub_again": True}))
        return None
    return models.HUB + hub_id, hub_id, kept[hub_id]


def named(text: str) -> str:
    """The name of a model in what was typed, also out of an address; what was typed where it is none, for `fetch_config` to say so."""
    try:
        return hub_id_of(text.strip())
    except ValueError:
        return text.strip()


def from_answer(exact: Mapping[str, Any]) -> ParamCounts:
    """The ParamCounts in the answer of the worker's task."""
    return ParamCounts(**{name: exact[name] for name in ParamCounts.__dataclass_fields__})


def forget() -> None:
    """No configuration of the reader's own is shown any more: one that is still being counted is given up."""
    job = st.session_state.setdefault("exact_jobs", {}).get(st.session_state.pop("exact", None))
    if job is not None:
        job.cancel()


def exact_count(config: Mapping[str, Any], closed: ParamCounts | None, unread: Sequence[str] = ()) -> ParamCounts | None:
    """Show the parameters of a configuration: closed form at once, and transformers' own count when the worker has it.

    closed: by the formulas here, None where its shape is unknown. unread: fields that the formulas do not follow. Where the two differ the difference is shown, and the exact count is the one to
    use. It is returned; None as long as there is none.
    """
    counted = without_storage(config)
    key = json.dumps(counted, sort_keys=True)
    if st.session_state.get("exact") not in (None, key):
        forget()
    st.session_state["exact"] = key
    jobs = st.session_state.setdefault("exact_jobs", {})
    if key not in jobs or jobs[key].status == "cancelled":
        jobs.pop(key, None)
        jobs[key] = shared_worker().submit("exact_param_counts", {"config": counted})
        while len(jobs) > KEPT:
            jobs.pop(next(iter(jobs))).cancel()
    job = jobs[key]
    waiting = job.status in ("queued", "running")

    def show() -> None:
        if waiting and job.status not in ("queued", "running"):
            st.rerun()  # the whole page: its charts use the exact count from now on, and the clock stops
        report(closed, job, unread)

    st.fragment(show, run_every=POLL_SECONDS if waiting else None)()
    exact = answer_of(job) if job.status == "done" else None
    return from_answer(exact) if isinstance(exact, dict) else None


def report(closed: ParamCounts | None, job, unread: Sequence[str] = ()) -> None:
    """What is known so far about the parameters of a configuration. unread: fields that look like sizes and that the formulas do not follow."""
    if closed is not None:
        st.markdown(f"**{closed.total:,} parameters** by the formulas here{used(closed)}.")
    if job.status in ("queued", "running"):
        say_unread(unread, "Not read by the formulas here")
        words = job.progress[2] or "the worker is starting, which takes some seconds"
        st.caption(f"The exact count is on its way: {plain(words)}.")
        return
    exact = answer_of(job)
    if isinstance(exact, str):
        say_unread(unread, "Not read by the formulas here")
        st.warning(f"No exact count: {plain(exact)}.", icon=":material/warning:")
        return
    held = from_answer(exact)
    by = f"transformers {plain(exact['transformers_version'])} ({plain(exact['model_class'])}, built without memory)"
    ignored = exact["ignored"]
    if closed is None:
        st.markdown(f"**{held.total:,} parameters**{used(held)}, as counted by {by}.")
        say_unread(ignored, "Not read by transformers")
        st.caption("Its shape is not known here, so the charts cannot show this model.")
    elif differences(closed, held):
        st.warning(f"{by} counts **{held.total:,} parameters**; this count is the one used from here on.", icon=":material/difference:")
        lines = ["| part | formulas here | exact | difference |", "| --- | ---: | ---: | ---: |"]
        lines += [f"| {label} | {ours:,} | {theirs:,} | {theirs - ours:+,} |" for label, ours, theirs in differences(closed, held)]
        st.markdown("\n".join(lines))
        say_unread(ignored, "Not read by transformers")
    elif both := [name for name in ignored if name in unread]:
        st.caption(f"The same in every part as {by} counts.")
        say_unread(both, "Read neither by the formulas here nor by transformers")
    else:
        known = f" It knows {plain(listed(unread))}, which the formulas here do not read." if unread else ""
        st.caption(f"Equal in every part to the exact count by {by}.{known}")
    if exact["besides"]:
        st.caption(f"Counted is the language model; the {exact['besides']:,} parameters beside it, for images or sound, are left out.")
    for note in exact["notes"] if closed is None else ():  # the shape has them too
        st.caption(plain(note))


def say_unread(names: Sequence[str], lead: str) -> None:
    """A warning where fields that may decide sizes were not read. lead: by whom."""
    if names:
        text = f"{lead}: {plain(listed(names))}. Where these decide a size, the model has another number of parameters."
        st.warning(text, icon=":material/rule:")


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
