"""The model picker: a model of the table, the reader's own config.json, a model on the hub, and the exact count beside it."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analysis.background.worker import WorkerError
from analysis.transformer import count_params, hub, shape_from_hf_config
from pages.components import model_field
from pages.components.markdown import plain
from tests import fake_hub

ROOT = Path(__file__).parents[1]

TINY = {
    "model_type": "llama",
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "vocab_size": 11,
}
# embeddings 2 x 11 x 8; per layer 4 x 8 x 8 attention, 3 x 8 x 16 MLP, 2 norms of 8; one norm of 8 at the end
TINY_TOTAL = 2 * 11 * 8 + 2 * (4 * 64 + 3 * 8 * 16 + 2 * 8) + 8


class FakeJob:
    """A job of the worker that has ended, or has not."""

    def __init__(self, status="done", answer=None):
        self.status, self.answer, self.progress = status, answer, (0, 0, "")

    def result(self, timeout=None):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def cancel(self):
        self.status = "cancelled" if self.status != "done" else self.status


class FakeWorker:
    """Answers every task with one job."""

    def __init__(self, job):
        self.job, self.asked = job, []

    def submit(self, task, arguments):
        self.asked.append((task, arguments))
        return self.job


def exact(**change):
    counts = count_params(shape_from_hf_config(TINY)).__dict__
    said = {"model_class": "LlamaForCausalLM", "model_type": "llama", "transformers_version": "5.0", "n_tensors": 1}
    return counts | said | {"notes": [], "ignored": [], "besides": 0} | change


def picker():
    import streamlit as st

    from analysis.attention.figures import Cache
    from analysis.charts.subjects import MODEL
    from pages.components import model_field, scenario

    with st.container(horizontal=True):
        model_field.pick(MODEL, scenario.figure(Cache)[0].model, "t")
    model_field.own()
    model = None if scenario.waits_for({"model": MODEL}) else scenario.figure(Cache)[0].model
    st.text(f"chosen: {model and model.name}")
    if model:
        st.text(f"total: {model.counts.total}")


def open_picker(monkeypatch, source="own", job=None):
    worker = FakeWorker(job or FakeJob(answer=exact()))
    monkeypatch.setattr(model_field, "shared_worker", lambda: worker)
    app = AppTest.from_function(picker, default_timeout=30).run()
    if source:
        app.button_group(key="t:model_from").set_value(source).run()
    assert not app.exception
    return app, worker


def texts(elements):
    return " ".join(item.value for item in elements)


def test_a_model_of_the_table_needs_no_worker(monkeypatch):
    app, worker = open_picker(monkeypatch, source=None)
    assert "chosen: Mistral 7B" in texts(app.text) and "total: 7241732096" in texts(app.text)  # safetensors of the released model
    assert worker.asked == []
    assert "GPT-4 (rumour)" not in app.selectbox(key="t:model").options and len(app.selectbox(key="t:model").options) > 60


def test_a_pasted_configuration_is_counted_twice_and_agrees(monkeypatch):
    app, worker = open_picker(monkeypatch)
    assert "chosen: None" in texts(app.text) and len(app.info) == 1
    app.text_area(key="model_text").set_value(json.dumps(TINY)).run()
    assert not app.exception and not app.error
    assert f"total: {TINY_TOTAL}" in texts(app.text) and f"{TINY_TOTAL:,} parameters" in texts(app.markdown)
    assert worker.asked == [("exact_param_counts", {"config": TINY})]
    assert "Equal in every part" in texts(app.caption)


def test_where_the_exact_count_differs_it_wins_and_the_difference_is_shown(monkeypatch):
    app, _ = open_picker(monkeypatch, job=FakeJob(answer=exact(total=TINY_TOTAL + 100)))
    app.text_area(key="model_text").set_value(json.dumps(TINY)).run()
    assert f"total: {TINY_TOTAL + 100}" in texts(app.text)
    assert "+100" in texts(app.markdown) and f"{TINY_TOTAL + 100:,}" in texts(app.warning)


def test_until_the_exact_count_arrives_the_closed_form_holds(monkeypatch):
    app, _ = open_picker(monkeypatch, job=FakeJob("running"))
    app.text_area(key="model_text").set_value(json.dumps(TINY)).run()
    assert f"total: {TINY_TOTAL}" in texts(app.text) and "on its way" in texts(app.caption)


@pytest.mark.parametrize(
    ("field", "ignored", "said", "unsaid"),
    [
        (
            "routed_expert_hidden_size",
            ["routed_expert_hidden_size"],
            "Read neither by the formulas here nor by transformers",
            "Equal in every",
        ),
        ("known_to_transformers", [], "It knows known\\_to\\_transformers, which the formulas here do not read", "neither"),
    ],
)
def test_a_field_that_nobody_reads_stands_beside_the_count_and_is_never_called_equal(monkeypatch, field, ignored, said, unsaid):
    app, _ = open_picker(monkeypatch, job=FakeJob(answer=exact(ignored=ignored)))
    app.text_area(key="model_text").set_value(json.dumps(TINY | {field: 4})).run()
    shown = texts(app.caption) + texts(app.warning)
    assert said in shown and unsaid not in shown and plain(field) in shown


def test_until_and_without_an_exact_count_an_unread_field_is_named(monkeypatch):
    for job in (FakeJob("running"), FakeJob("failed", WorkerError("it is not known"))):
        app, _ = open_picker(monkeypatch, job=job)
        app.text_area(key="model_text").set_value(json.dumps(TINY | {"latent_width": 4})).run()
        assert "Not read by the formulas here: latent\\_width" in texts(app.warning)


def test_a_failed_exact_count_is_one_sentence_and_the_page_goes_on(monkeypatch):
    missing = WorkerError("torch is not installed: run `pip install -r requirements.txt`")
    app, _ = open_picker(monkeypatch, job=FakeJob("failed", missing))
    app.text_area(key="model_text").set_value(json.dumps(TINY)).run()
    assert "torch is not installed" in texts(app.warning) and f"total: {TINY_TOTAL}" in texts(app.text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not json", "is not JSON"),
        ("[1]", "must be a JSON object"),
        (" " * 12_000_000 + "{}", "12.0 MB"),
        (json.dumps({"hidden_size": 8}), "model\\_type"),
        (json.dumps(TINY | {"num_hidden_layers": -4}), "num\\_hidden\\_layers"),
        (json.dumps(TINY | {"num_attention_heads": 3}), "3"),
        (json.dumps(TINY | {"model_type": "*evil* [x](http://a.example)"}), "\\*evil\\*"),
    ],
)
def test_a_bad_configuration_is_refused_in_one_sentence(monkeypatch, text, said):
    app, _ = open_picker(monkeypatch, job=FakeJob("failed", WorkerError("it is not known")))
    app.text_area(key="model_text").set_value(text).run()
    assert not app.exception
    answered = [*app.error, *(info for info in app.info if said in info.value)]
    assert len(answered) == 1 and said in answered[0].value
    assert "chosen: None" in texts(app.text)


def test_a_file_stays_while_the_reader_goes_from_page_to_page(monkeypatch):
    app, _ = open_picker(monkeypatch)
    app.file_uploader(key="model_file").set_value(("tiny.json", json.dumps(TINY).encode(), "application/json")).run()
    assert "chosen: your config.json" in texts(app.text) or "chosen:" in texts(app.text) and "None" not in texts(app.text)
    app.file_uploader(key="model_file").set_value(None).run()
    assert "chosen: None" not in texts(app.text) and "tiny.json" in texts(app.caption)
    app.button(key="model_forget").click().run()
    assert "chosen: None" in texts(app.text)


def test_towers_are_said_to_be_left_out(monkeypatch):
    app, _ = open_picker(monkeypatch, job=FakeJob("done", exact(besides=907_982_272)))
    app.text_area(key="model_text").set_value(json.dumps(TINY)).run()
    assert "907,982,272 parameters beside it, for images or sound, are left out" in texts(app.caption)


def test_a_configuration_is_named_by_itself_or_by_the_reader(monkeypatch):
    app, _ = open_picker(monkeypatch)
    app.text_area(key="model_text").set_value(json.dumps(TINY | {"_name_or_path": "someone/tiny"})).run()
    assert "chosen: someone/tiny" in texts(app.text)
    app.text_input(key="model_name").set_value("  *Mine*  ").run()
    assert "chosen: *Mine*" in texts(app.text)


def test_a_configuration_is_parsed_once_a_run(monkeypatch):
    from analysis.transformer import model as models

    app, _ = open_picker(monkeypatch)
    app.text_area(key="model_text").set_value(json.dumps(TINY)).run()
    calls = []
    monkeypatch.setattr(models, "shape_from_hf_config", lambda config: calls.append(config) or shape_from_hf_config(config))
    app.run()
    assert len(calls) == 1 and f"total: {TINY_TOTAL}" in texts(app.text)


def test_a_configuration_that_gets_unusable_leaves_no_model_behind(monkeypatch):
    app, _ = open_picker(monkeypatch)
    app.text_area(key="model_text").set_value(json.dumps(TINY)).run()
    assert f"total: {TINY_TOTAL}" in texts(app.text)
    app.text_area(key="model_text").set_value("{").run()
    assert "chosen: None" in texts(app.text)
    app.button_group(key="t:model_from").set_value("table").run()
    assert "chosen: Mistral 7B" in texts(app.text)


def test_an_upload_is_read_like_pasted_text(monkeypatch):
    app, _ = open_picker(monkeypatch)
    app.file_uploader[0].upload("config.json", json.dumps(TINY).encode(), "application/json").run()
    assert f"total: {TINY_TOTAL}" in texts(app.text)


def test_a_model_on_the_hub_is_fetched_once(monkeypatch):
    calls = []
    monkeypatch.setattr(model_field, "fetch_config", lambda hub_id: calls.append(hub_id) or TINY)
    app, _ = open_picker(monkeypatch, "hub")
    app.text_input(key="model_hub").set_value("owner/model").run()
    app.run()
    assert calls == ["owner/model"] and "chosen: owner/model" in texts(app.text)


@pytest.fixture(scope="module")
def hub_address():
    pytest.importorskip("huggingface_hub", reason="the hub is asked through huggingface_hub (requirements-models.txt)")
    with fake_hub.serving() as address:
        yield address


@pytest.fixture
def fake(hub_address, monkeypatch, tmp_path):
    """The hub, with the models a/b (tiny), a/large and a/page, and an empty cache; the requests it got."""
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", hub_address)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY", True)  # or it asks for a list of agents once a day
    configs = {"a/b": json.dumps(TINY).encode(), "a/large": b" " * 12_000_000, "a/page": b"<html>", "a/list": b"[1]"}
    monkeypatch.setattr(fake_hub.Hub, "configs", configs)
    monkeypatch.setattr(fake_hub.Hub, "asked", [])
    return fake_hub.Hub.asked


def test_the_hub_is_asked_for_one_file_without_a_token(fake, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert hub.fetch_config("a/b") == TINY
    assert fake and {(path, token) for _method, path, token in fake} == {("/a/b/resolve/main/config.json", None)}


def test_a_file_that_is_too_large_is_not_fetched(fake):
    with pytest.raises(ValueError, match="a/large may have at most 10 MB"):
        hub.fetch_config("a/large")
    assert [method for method, _path, _token in fake] == ["HEAD"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("someone/unknown", "^the hub has no public model someone/unknown with a config.json$"),
        ("someone/else", "^the hub has no public model someone/else with a config.json$"),
        ("someone/gated", "only to those it has let in; paste the file instead$"),
        ("someone/ill", r"cannot be reached \(it answered with status 503\) and .* not on this machine; paste the config.json instead$"),
        ("someone/busy", r"cannot be reached \(it answered with status 429\)"),
        ("a/page", "^the configuration is not JSON"),
        ("a/list", "must be a JSON object"),
    ],
)
def test_refusals_of_the_hub_are_sentences(fake, name, said):
    with pytest.raises(ValueError, match=said) as refused:
        hub.fetch_config(name)
    assert "\n" not in str(refused.value)


def test_without_the_hub_one_sentence_says_what_to_do(fake, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    app, _ = open_picker(monkeypatch, "hub")
    app.text_input(key="model_hub").set_value("owner/model").run()
    assert len(app.error) == 1 and "cannot be reached (no connection)" in app.error[0].value
    assert "paste the config.json" in app.error[0].value


def test_offline_the_hub_is_not_asked_and_what_is_in_the_cache_is_used(fake, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ValueError, match=r"\(HF_HUB_OFFLINE is set\) and the config.json of a/b is not on this machine"):
        hub.fetch_config("a/b")
    assert fake == []
    monkeypatch.delenv("HF_HUB_OFFLINE")
    hub.fetch_config("a/b")
    fake.clear()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert hub.fetch_config("a/b") == TINY and fake == []


def test_what_is_in_the_cache_is_used_while_the_hub_is_away(fake, monkeypatch):
    hub.fetch_config("a/b")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert hub.fetch_config("a/b") == TINY


def test_a_hub_that_is_silent_is_asked_once_and_given_up_at_the_time_limit(fake, monkeypatch):
    import huggingface_hub

    limits, ask = [], huggingface_hub.get_hf_file_metadata
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", lambda url, **said: limits.append(said["timeout"]) or ask(url, **said))
    monkeypatch.setattr(hub, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(ValueError, match="no connection"):
            hub.fetch_config("a/b")
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()
    assert limits == [0.2]


def test_without_huggingface_hub_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ValueError, match=r"^huggingface_hub is not installed: run `pip install -r requirements.txt`, or paste"):
        hub.fetch_config("a/b")


@pytest.mark.parametrize(
    "name", ["", "../x", "a/../b", "a/b/c", "a b", "a/b?x=1", "http://a/b", "a/b\n", "ä/b", "a/.b", "x" * 300, "a/b#c", "user@host/b"]
)
def test_names_that_cannot_be_on_the_hub_are_refused_before_anything_is_sent(fake, name):
    with pytest.raises(ValueError, match="a hub id looks like"):
        hub.fetch_config(name)
    assert fake == []


ASK = """
from analysis.transformer.hub import fetch_config
print(fetch_config("someone/small"))
"""


@pytest.mark.models
@pytest.mark.parametrize("telemetry", [None, "0"])
def test_the_hub_is_asked_for_the_file_alone_and_told_nothing_of_this_machine(telemetry, tmp_path, monkeypatch):
    monkeypatch.setattr(fake_hub.Hub, "configs", {"someone/small": b'{"model_type": "llama"}'})
    monkeypatch.setattr(fake_hub.Hub, "asked", [])
    monkeypatch.setattr(fake_hub.Hub, "agents", [])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_HUB_")}
    given = {} if telemetry is None else {"HF_HUB_DISABLE_TELEMETRY": telemetry}
    with fake_hub.serving() as address:
        environment = kept | given | {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path)}
        done = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    paths = {path for _method, path, _token in fake_hub.Hub.asked}
    others = {path for path in paths if "/resolve/" not in path}
    assert paths - others and (telemetry is None) == (not others and not any("torch" in agent for agent in fake_hub.Hub.agents))
