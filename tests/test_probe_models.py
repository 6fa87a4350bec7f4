"""Opening models: what works, and the one sentence for each thing that does not."""

import json
import shutil

import pytest

from analysis.probe import models, models_files, models_memory
from analysis.probe.spec import BUNDLED, RunSpec
from analysis.transformer import hub as transformer_hub
from tests import fake_hub
from tests import tiny_probe_models as tiny


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A saved tiny GPT-NeoX; not to be changed."""
    return tiny.save(tmp_path_factory.mktemp("model"))


@pytest.fixture
def folder(saved, tmp_path):
    """A copy of it that may be changed."""
    return shutil.copytree(saved, tmp_path / "model")


def spec(model, **changes) -> RunSpec:
    return RunSpec(model=str(model), probe="choice", **({"device": "cpu"} | changes))


def edit(path, **changes) -> None:
    values = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in values.items() if value is not None}))


def refused(match: str, asked: RunSpec) -> None:
    with pytest.raises(ValueError, match=match) as error:
        models.open_model(asked)
    text = str(error.value)
    assert "\n" not in text and len(text) < 400 and not text.endswith("."), text


def test_a_folder_opens_in_float32_on_a_cpu_with_its_versions(saved):
    opened = models.open_model(spec(saved))
    assert (opened.device, opened.dtype, opened.max_length, opened.name, opened.revision) == ("cpu", "float32", 256, saved, "")
    assert set(opened.versions) == {"python", "torch", "transformers", "tokenizers"} and all(opened.versions.values())
    assert not opened.model.training
    model, _ = tiny.build()
    assert all((a == b).all() for a, b in zip(opened.model.parameters(), model.parameters(), strict=True))
    assert models.open_model(spec(saved, dtype="bfloat16")).dtype == "bfloat16"


def test_the_number_of_weights_is_read_from_the_headers(saved, folder):
    model, _ = tiny.build()
    shape = models_files.check(folder, folder, "mine")
    assert shape.n_weights == sum(weight.numel() for weight in model.parameters())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"delete": "config.json"}, "no config.json"),
        ({"delete": "model.safetensors"}, "no weights; a file model.safetensors is needed"),
        ({"pickle": True}, "pickle files only, which can run code when read"),
        ({"delete": "tokenizer.json"}, "without a tokenizer"),
        ({"config": {"model_type": None}}, "does not say what kind of model"),
        ({"config": {"architectures": ["GPTNeoXForSequenceClassification"]}}, "is not a causal language model but GPTNeoXForSeq"),
        ({"config": {"model_type": "t5", "architectures": ["T5ForConditionalGeneration"]}}, "not a causal language model but T5For"),
        ({"config": {"model_type": "mine", "auto_map": {"AutoModelForCausalLM": "code.Mine"}}}, "brings code of its own, which is not run"),
        ({"config": {"num_hidden_layers": 3}}, "lacks 1[0-9] of its weights"),
        ({"config": {"hidden_size": 64}}, "could not be loaded|of its weights"),
        ({"cut": 2000}, "model.safetensors of .* is damaged or incomplete"),
        ({"index": True}, "lacks 1 of its 1 weight files, such as model-00001-of-00001.safetensors"),
        ({"tokenizer": "{"}, "the tokenizer of .* could not be read"),
    ],
)
def test_a_folder_that_is_no_such_model_is_refused_in_one_sentence(folder, changes, sentence):
    if "delete" in changes:
        (folder / changes["delete"]).unlink()
    if "pickle" in changes:
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    if "config" in changes:
        edit(folder / "config.json", **changes["config"])
    if "cut" in changes:
        data = (folder / "model.safetensors").read_bytes()
        (folder / "model.safetensors").write_bytes(data[: -changes["cut"]])
    if "index" in changes:
        (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-00001-of-00001.safetensors"}}')
    if "tokenizer" in changes:
        (folder / "tokenizer.json").write_text(changes["tokenizer"])
    refused(sentence, spec(folder))


def test_a_missing_folder_and_a_revision_of_a_folder_are_refused(saved, tmp_path):
    refused("there is no folder", spec(tmp_path / "gone"))
    refused("a folder has none, but 'step1' was given", spec(saved, revision="step1"))


def test_a_folder_that_vanishes_while_it_is_read_is_named(folder, monkeypatch):
    from transformers import AutoModelForCausalLM

    def vanish(*args, **kwargs):
        shutil.rmtree(folder)
        raise OSError("no such file")

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", vanish)
    refused("vanished while it was read", spec(folder))


def test_memory_that_is_short_is_said_before_anything_is_loaded(saved, monkeypatch):
    monkeypatch.setattr(models_memory, "free_bytes", lambda device: 1000)
    refused("needs about 0.0 GiB in float32, but cpu has 0.0 GiB left; choose bfloat16 or a smaller model", spec(saved))
    monkeypatch.undo()
    assert models_memory.free_bytes("cpu") > 10**7


def test_memory_that_runs_out_while_loading_is_said(saved, monkeypatch):
    from transformers import AutoModelForCausalLM

    def burst(*args, **kwargs):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", burst)
    refused("memory on cpu ran out", spec(saved))


def test_a_device_that_is_not_there_is_refused(saved, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    refused("cuda was asked for, but this machine has no CUDA device; choose cpu or auto", spec(saved, device="cuda"))
    refused("'tpu' is not one of auto, cpu, cuda", spec(saved, device="tpu"))
    assert models.open_model(spec(saved, device="auto")).device == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    refused("cuda:2 was asked for, but this machine has only 2", spec(saved, device="cuda:2"))
    assert models.device_of("auto") == "cuda:0" and models.device_of("cuda:1") == "cuda:1"


def test_only_allowed_folders_open_where_others_are_served(saved, folder, monkeypatch):
    monkeypatch.setenv(models.ROOTS, str(folder.parent))
    assert models.open_model(spec(folder)).name == str(folder)
    refused("is outside the folders that PROBE_MODELS allows", spec(saved))
    refused("is outside the folders that PROBE_MODELS allows", spec(folder / ".." / ".." / "there" / "is" / "none"))


def test_the_bundled_model_opens_by_checkpoint(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(models, "FOLDER", tmp_path)
    refused("the bundled model is missing; `python -m analysis.probe train` makes it", spec(BUNDLED))
    for step in (20, 100, 3):
        shutil.copytree(saved, tmp_path / f"step{step}", ignore=shutil.ignore_patterns("tokenizer*"))
    shutil.copy(f"{saved}/tokenizer.json", tmp_path)
    shutil.copy(f"{saved}/tokenizer_config.json", tmp_path)
    assert models.bundled_revisions() == ["step3", "step20", "step100"]
    assert models.open_model(spec(BUNDLED)).revision == "step100"
    assert models.open_model(spec(BUNDLED, revision="step3")).revision == "step3"
    refused("the bundled model has no 'step4'; it has step3, step20, step100", spec(BUNDLED, revision="step4"))


@pytest.fixture(scope="module")
def hub_address():
    with fake_hub.serving() as address:
        yield address


@pytest.fixture
def hub(hub_address, monkeypatch):
    """The hub can be reached; what it would send is the business of the test."""
    monkeypatch.setattr(transformer_hub, "offline", lambda: False)
    monkeypatch.setenv("HF_ENDPOINT", hub_address)


@pytest.mark.parametrize("name", ["-a/b", "--/x", "two words", "name..x"])
def test_a_malformed_id_is_refused(name):
    refused("is neither a folder nor an id of the hub", spec(name))


@pytest.mark.parametrize(
    ("name", "revision", "sentence"),
    [
        ("someone/unknown", "", "the hub has no public model someone/unknown; check the spelling"),
        ("someone/gated", "", "only given to people who accepted its terms"),
        ("someone/model", "step9", "someone/model has no revision 'step9' on the hub"),
        ("someone/pickles", "", "someone/pickles has no safetensors at its latest revision"),
        ("someone/ill", "", r"cannot be reached \(it answered with status 503\) and someone/ill is not on this machine"),
    ],
)
def test_what_the_hub_does_not_have_is_said(hub, name, revision, sentence):
    refused(sentence, spec(name, revision=revision))


def test_a_hub_that_cannot_be_reached_is_said_at_once(monkeypatch):
    monkeypatch.setattr(transformer_hub, "offline", lambda: False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    refused(r"hub cannot be reached \(no connection\) and someone/model at step9 is not on", spec("someone/model", revision="step9"))
    monkeypatch.undo()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    refused(r"\(HF_HUB_OFFLINE is set\) and someone/model is not on this machine; choose the bundled", spec("someone/model"))


def test_a_model_of_the_hub_is_downloaded_at_its_commit_without_pickles(hub, saved, monkeypatch):
    import huggingface_hub

    asked = {}

    def download(name, **options):
        asked.update(options, name=name)
        return saved

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    opened = models.open_model(spec("someone/model", revision="step3"))
    assert (opened.name, opened.revision, opened.versions["commit"]) == ("someone/model", "step3", "0" * 40)
    assert asked["revision"] == "0" * 40 and not any("bin" in pattern or pattern.endswith(".py") for pattern in asked["allow_patterns"])


def test_a_download_that_breaks_off_is_said(hub, monkeypatch):
    import huggingface_hub

    def download(name, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    refused("could not be downloaded: the disk is full", spec("someone/model"))


def test_a_model_in_the_cache_opens_while_the_hub_is_away(saved, monkeypatch):
    import huggingface_hub

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, **options: saved if options["local_files_only"] else None)
    assert models.open_model(spec("someone/model")).device == "cpu"
