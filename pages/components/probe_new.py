"""The part of the page Probe that starts a run: which model, which questions, and how."""

import importlib.util

import streamlit as st

from analysis.probe import data as bundled_figures
from analysis.probe import items, models
from analysis.probe.jobs import Jobs
from analysis.probe.spec import BUNDLED, PROBES, RunSpec
from pages.components import controls
from pages.components.markdown import plain

SOURCES = {"bundled": "the bundled one", "hub": "Hugging Face hub", "folder": "a folder here"}
PROBE_NAMES = dict(zip(PROBES, ("term frequency", "multiple choice", "own prompts", "memorised text"), strict=True))
FILES = {
    "choice": ("CSV with the columns question, a, b, answer (the letter of the right one) and, if you like, c to h and topic", ["csv"]),
    "prompts": ("CSV with the columns prompt, answer, term and frequency (which may be empty)", ["csv"]),
    "memorised": ("Text, passages separated by blank lines, or a CSV with a column passage", ["txt", "csv"]),
}
LIMITS = {"200": "200", "500": "500", "1000": "1,000", "2500": "2,500", "0": "all"}
NEEDED = ("torch", "transformers", "safetensors")


def missing() -> list[str]:
    """What has to be installed before a model can run; looked for without loading it."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def choose_model() -> tuple[str, str]:
    """(model, revision) as the reader chose them; ("", "") until there is one."""
    left, right = st.columns([2, 3])
    with left:
        source = controls.switch("probe_from", "Model", SOURCES, "bundled")
    with right:
        if source == "bundled":
            have = models.bundled_revisions()
            if not have:
                st.info("The bundled model is not there; `python -m analysis.probe train` makes it.", icon=":material/model_training:")
                return "", ""
            telling = f"step{bundled_figures.telling_step('multiplication')}"  # at the last one nearly all seen questions are right
            return BUNDLED, controls.choice("probe_step", "Checkpoint", have, telling if telling in have else have[-1])
        if source == "folder":
            return controls.text("probe_folder", "Folder with config.json, tokenizer and safetensors", max_chars=400), ""
        hub, revision = st.columns(2)
        with hub:
            name = controls.text("probe_hub", "Name on the hub", max_chars=200, placeholder="EleutherAI/pythia-70m")
        with revision:
            return name, controls.text("probe_rev", "Revision (empty: the latest)", max_chars=100, placeholder="step143000")


def choose_probe() -> tuple[str, dict | None, int]:
    """(probe, options, most questions); options None until the reader's file is there."""
    first, second, third, fourth = st.columns(4)
    with fourth:
        limit = int(
            controls.choice("probe_limit", "Questions at most", LIMITS, "500", help="Drawn evenly over the terms, always the same.")
        )
    with first:
        probe = controls.choice("probe_probe", "Questions", PROBE_NAMES, "term_frequency")
    if probe == "term_frequency":
        with second:
            operation = controls.choice("probe_op", "Operation", ["multiplication", "addition"], "multiplication")
        with third:
            shots = int(
                controls.choice("probe_shots", "Solved examples before each", [str(k) for k in bundled_figures.published_shots()], "4")
            )
        return probe, {"operation": operation, "shots": shots}, limit
    words, kinds = FILES[probe]
    upload = st.file_uploader(words, type=kinds, key=f"probe_file_{probe}")
    if upload is None:
        return probe, None, limit
    try:
        options, used, problems = items.of_file(probe, upload.name, upload.getvalue())
    except ValueError as problem:
        st.error(plain(f"This file cannot be used. {problem}"), icon=":material/error:")
        return probe, None, limit
    if problems:
        with st.expander(f"{len(problems)} of {used + len(problems)} rows are not used"):
            st.text("\n".join(problems[:200]) + ("\n..." if len(problems) > 200 else ""))
    return probe, options, limit


def new_run(jobs: Jobs) -> None:
    """The choices and the button that starts a run."""
    lacking = missing()
    model, revision = choose_model()
    probe, options, limit = choose_probe()
    with st.expander("Device, type of the weights, batch"):
        first, second, third = st.columns(3)
    with first:
        device = controls.choice(
            "probe_device", "Device", ["auto", "cpu", "cuda", "cuda:1"], "auto", help="auto: the first GPU if there is one"
        )
    with second:
        dtype = controls.choice("probe_dtype", "Type of the weights", ["auto", "float32", "bfloat16", "float16"], "auto")
    with third:
        batch_size = int(controls.choice("probe_batch", "Questions at once", ["8", "32", "128"], "32"))
    if lacking:
        st.info(
            f"To run a model, {' and '.join(lacking)} must be installed: `pip install -r requirements.txt`. Runs made elsewhere, the published "
            "curves and everything else here work without.",
            icon=":material/download:",
        )
    ready = not lacking and bool(model) and options is not None
    pressed = st.button("Run this probe", type="primary", icon=":material/play_arrow:", key="probe_go", disabled=not ready)
    if pressed and options is not None:
        try:
            spec = RunSpec(model, probe, revision, device, dtype, options, batch_size=batch_size, limit=limit)
            run = jobs.submit(spec)
        except ValueError as problem:
            st.error(plain(str(problem)), icon=":material/error:")
            return
        st.session_state["probe_next"] = run
        st.session_state.setdefault("probe_mine", set()).add(run)
        st.rerun()
