"""The model picker: a model of the table, the reader's own config.json, a model on the hub, and the exact count beside it."""

import email.message
import io
import json
import urllib.error

import pytest
from streamlit.testing.v1 import AppTest

from analysis.background.worker import WorkerError
from analysis.transformer import count_params, hub
from pages.components import shapes

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
    counts = count_params(shapes.shape_from_hf_config(TINY)).__dict__ | change
    return counts | {"model_class": "LlamaForCausalLM", "model_type": "llama", "transformers_version": "5.0", "n_tensors": 1, "notes": []}


def picker():
    import streamlit as st

    from pages.components import controls, shapes

    controls.begin("compute")
    chosen = shapes.choose_shape("t", "Mistral 7B")
    st.text(f"chosen: {chosen and chosen[0]}")
    if chosen:
        st.text(f"total: {chosen[2].total}")


def open_picker(monkeypatch, source="your config.json", job=None):
    worker = FakeWorker(job or FakeJob(answer=exact()))
    monkeypatch.setattr(shapes, "shared_worker", lambda: worker)
    app = AppTest.from_function(picker, default_timeout=30).run()
    if source:
        app.button_group(key="t_from").set_value(source).run()
    assert not app.exception
    return app, worker


def texts(elements):
    return " ".join(item.value for item in elements)


def test_a_model_of_the_table_needs_no_worker(monkeypatch):
    app, worker = open_picker(monkeypatch, source=None)
    assert "chosen: Mistral 7B" in texts(app.text) and "total: 7241732096" in texts(app.text)  # safetensors of the released model
    assert worker.asked == []
    assert "GPT-4 (rumour)" not in app.selectbox(key="t_model").options and len(app.selectbox(key="t_model").options) > 60


def test_a_pasted_configuration_is_counted_twice_and_agrees(monkeypatch):
    app, worker = open_picker(monkeypatch)
    assert "chosen: None" in texts(app.text) and len(app.info) == 1
    app.text_area(key="t_text").set_value(json.dumps(TINY)).run()
    assert not app.exception and not app.error
    assert f"total: {TINY_TOTAL}" in texts(app.text) and f"{TINY_TOTAL:,} parameters" in texts(app.markdown)
    assert worker.asked == [("exact_param_counts", {"config": TINY})]
    assert "Equal in every part" in texts(app.caption)


def test_where_the_exact_count_differs_it_wins_and_the_difference_is_shown(monkeypatch):
    app, _ = open_picker(monkeypatch, job=FakeJob(answer=exact(total=TINY_TOTAL + 100)))
    app.text_area(key="t_text").set_value(json.dumps(TINY)).run()
    assert f"total: {TINY_TOTAL + 100}" in texts(app.text)
    assert "+100" in texts(app.markdown) and f"{TINY_TOTAL + 100:,}" in texts(app.warning)


def test_until_the_exact_count_arrives_the_closed_form_holds(monkeypatch):
    app, _ = open_picker(monkeypatch, job=FakeJob("running"))
    app.text_area(key="t_text").set_value(json.dumps(TINY)).run()
    assert f"total: {TINY_TOTAL}" in texts(app.text) and "on its way" in texts(app.caption)


def test_a_failed_exact_count_is_one_sentence_and_the_page_goes_on(monkeypatch):
    missing = WorkerError("torch is not installed: run `pip install -r requirements.txt`")
    app, _ = open_picker(monkeypatch, job=FakeJob("failed", missing))
    app.text_area(key="t_text").set_value(json.dumps(TINY)).run()
    assert "torch is not installed" in texts(app.warning) and f"total: {TINY_TOTAL}" in texts(app.text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not json", "is not JSON"),
        ("[1]", "must be a JSON object"),
        (" " * 1_200_000 + "{}", "1.2 MB"),
        (json.dumps({"hidden_size": 8}), "model\\_type"),
        (json.dumps(TINY | {"num_hidden_layers": -4}), "num\\_hidden\\_layers"),
        (json.dumps(TINY | {"num_attention_heads": 3}), "3"),
        (json.dumps(TINY | {"model_type": "*evil* [x](http://a.example)"}), "\\*evil\\*"),
    ],
)
def test_a_bad_configuration_is_refused_in_one_sentence(monkeypatch, text, said):
    app, _ = open_picker(monkeypatch, job=FakeJob("failed", WorkerError("it is not known")))
    app.text_area(key="t_text").set_value(text).run()
    assert not app.exception
    assert len(app.error) == 1 and said in app.error[0].value
    assert "chosen: None" in texts(app.text)


def test_an_upload_is_read_like_pasted_text(monkeypatch):
    app, _ = open_picker(monkeypatch)
    app.file_uploader[0].upload("config.json", json.dumps(TINY).encode(), "application/json").run()
    assert f"total: {TINY_TOTAL}" in texts(app.text)


def test_a_model_on_the_hub_is_fetched_once(monkeypatch):
    calls = []
    monkeypatch.setattr(shapes, "fetch_config", lambda hub_id: calls.append(hub_id) or TINY)
    app, _ = open_picker(monkeypatch, "from the hub")
    app.text_input(key="t_hub").set_value("owner/model").run()
    app.run()
    assert calls == ["owner/model"] and "chosen: owner/model" in texts(app.text)


def test_without_the_hub_one_sentence_says_what_to_do(monkeypatch):
    def fail(*_arguments, **_named):
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(hub.urllib.request, "urlopen", fail)
    app, _ = open_picker(monkeypatch, "from the hub")
    app.text_input(key="t_hub").set_value("owner/model").run()
    assert len(app.error) == 1 and "cannot be reached" in app.error[0].value and "paste the config.json" in app.error[0].value


class Answer(io.BytesIO):
    """What urlopen returns."""

    def __init__(self, content, address):
        super().__init__(content)
        self.address = address

    def geturl(self):
        return self.address


def answering(monkeypatch, content, address="https://huggingface.co/a/b/resolve/main/config.json"):
    asked = []

    def open_address(request, timeout):
        asked.append((request.full_url, timeout))
        return Answer(content, address)

    monkeypatch.setattr(hub.urllib.request, "urlopen", open_address)
    return asked


def test_the_hub_is_asked_over_https_for_one_file_with_a_time_limit(monkeypatch):
    asked = answering(monkeypatch, json.dumps(TINY).encode())
    assert hub.fetch_config("a/b") == TINY
    assert asked == [("https://huggingface.co/a/b/resolve/main/config.json", 5.0)]


def test_an_answer_that_is_too_large_or_from_elsewhere_is_not_used(monkeypatch):
    answering(monkeypatch, b" " * 3_000_000)
    with pytest.raises(ValueError, match="at most 1 MB"):
        hub.fetch_config("a/b")
    for elsewhere in ("http://huggingface.co/a", "https://evil.example/huggingface.co", "https://nothuggingface.co/"):
        answering(monkeypatch, b"{}", elsewhere)
        with pytest.raises(ValueError, match="another site"):
            hub.fetch_config("a/b")


@pytest.mark.parametrize(("status", "said"), [(404, "no model"), (401, "let in"), (429, "no more requests"), (500, "500")])
def test_refusals_of_the_hub_are_sentences(monkeypatch, status, said):
    def refuse(request, timeout):
        raise urllib.error.HTTPError(request.full_url, status, "no", email.message.Message(), io.BytesIO())

    monkeypatch.setattr(hub.urllib.request, "urlopen", refuse)
    with pytest.raises(ValueError, match=said):
        hub.fetch_config("a/b")


@pytest.mark.parametrize(
    "name", ["", "../x", "a/../b", "a/b/c", "a b", "a/b?x=1", "http://a/b", "a/b\n", "ä/b", "a/.b", "x" * 300, "a/b#c", "user@host/b"]
)
def test_names_that_cannot_be_on_the_hub_are_refused_before_anything_is_sent(monkeypatch, name):
    asked = answering(monkeypatch, b"{}")
    with pytest.raises(ValueError, match="a hub id looks like"):
        hub.fetch_config(name)
    assert asked == []
