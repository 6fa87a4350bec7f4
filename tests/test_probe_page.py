"""The page on the probe: before anything was run, while something runs, when it is done, and when it failed."""

import time

import pytest

from analysis.probe import jobs as jobs_module
from analysis.probe.jobs import Jobs
from analysis.probe.spec import RunSpec
from analysis.probe.store import StoreError
from tests import probe_fake
from tests.test_pages import charts, fine, open_page, titles


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    """The runs that the page sees; the engine is chosen by the test."""
    monkeypatch.setenv("PROBE_RUNS", str(tmp_path))
    monkeypatch.setattr(jobs_module, "ENGINES", {"local": probe_fake.ENGINES["quick"]})
    jobs = Jobs(engines=probe_fake.ENGINES)
    yield jobs
    try:
        live = [run.id for run in jobs.runs() if run.live]
    except StoreError:  # a test has broken the database
        live = []
    for run in live:
        jobs.cancel(run)


def ended(jobs):
    end = time.monotonic() + 30
    while jobs.runs()[0].live:
        assert time.monotonic() < end
        time.sleep(0.02)
    return jobs.runs()[0]


def begun(jobs, run):
    end = time.monotonic() + 30
    while not jobs.run(run).done:
        assert time.monotonic() < end
        time.sleep(0.02)


def spec(**changes):
    return RunSpec(**{"model": "fake", "probe": "term_frequency", "batch_size": 5, "device": "cpu"} | changes)


def bars(app):
    return [element.proto.text for element in app.get("progress")]


def test_before_anything_was_run_the_published_curve_is_there(jobs):
    app = open_page("probe")
    assert fine(app) and not bars(app)
    assert "Pythia 12B: 17% accuracy on the rarest operands" in titles(app)[0]
    assert any("no run yet" in caption.value for caption in app.caption)


def test_pressing_run_starts_one_and_its_curve_is_drawn(jobs):
    app = open_page("probe")
    app.selectbox(key="probe_limit").select("200").run()
    app.button(key="probe_go").click().run()
    assert fine(app)
    run = ended(jobs)
    assert run.state == "done" and run.spec.limit == 200 and run.spec.options == {"operation": "multiplication", "shots": 4}
    app.run()
    assert fine(app) and "200 of 200 questions" in bars(app)[0]
    assert "bundled" in titles(app)[0] and "so far" not in titles(app)[0]
    assert {"probe_csv", "probe_json", "probe_samples"} <= {element.key for element in app.get("download_button")}


def test_a_run_of_ones_own_is_deleted_after_a_question_and_others_have_no_button(jobs):
    jobs.submit(spec(), "quick")
    first = ended(jobs)
    app = open_page("probe")
    assert fine(app) and "probe_delete" not in [button.key for button in app.button]
    app.selectbox(key="probe_limit").select("200").run()
    app.button(key="probe_go").click().run()
    own = ended(jobs)
    app.run()
    assert fine(app) and own.id in app.selectbox(key="probe_run").value
    app.button(key="probe_delete").click().run()
    assert fine(app) and not app.warning and [run.id for run in jobs.runs()] == [first.id]
    assert app.selectbox(key="probe_run").value == first.id and "probe_delete" not in [button.key for button in app.button]


def test_two_sessions_see_the_same_running_run_and_either_cancels_and_resumes_it(jobs):
    run = jobs.submit(spec(options={"pause": 0.3}), "slow")
    begun(jobs, run)
    one, other = open_page("probe"), open_page("probe")
    assert fine(one) and fine(other)
    for app in (one, other):
        assert "running" in bars(app)[0] and "of 200 questions" in bars(app)[0] and "left" in bars(app)[0]
        assert "so far" in titles(app)[0]
    other.button(key="probe_cancel").click().run()
    found = jobs.run(run)
    assert fine(other) and found.state == "cancelled" and found.done > 0
    one.run()
    assert "cancelled" in bars(one)[0] and any("rows are kept" in text.value for text in one.text)
    jobs_module.ENGINES["slow"] = probe_fake.ENGINES["slow"]
    one.button(key="probe_resume").click().run()
    assert jobs.run(run).live


def test_a_failed_run_says_why_in_plain_text(jobs):
    jobs.submit(spec(model="/no/<b>folder</b> *x*"), "no_folder")
    assert ended(jobs).state == "failed"
    app = open_page("probe")
    assert fine(app) and "failed" in bars(app)[0]
    assert any(text.value == "model: there is no folder /no/<b>folder</b> *x*" for text in app.text)
    assert app.button(key="probe_resume")


def test_runs_are_compared(jobs):
    for number in range(2):
        jobs.submit(spec(seed=number, options={"operation": "addition", "shots": 2}), "quick")
    ended(jobs)
    app = open_page("probe", section="compare")
    assert fine(app) and len(app.multiselect(key="probe_compare").value) == 2
    assert titles(app)[0].count("fake, addition, 2-shot") == 1
    assert app.button_group(key="probe/compare:operation").value == "addition"


def test_without_torch_the_page_says_what_to_install_and_the_rest_works(jobs, monkeypatch):
    import importlib.util as util

    real = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *rest: None if name in ("torch", "transformers") else real(name, *rest))
    jobs.submit(spec(), "quick")
    ended(jobs)
    app = open_page("probe")
    assert fine(app) and app.button(key="probe_go").disabled
    assert any("torch and transformers must be installed" in info.value for info in app.info)
    assert "fake" in titles(app)[0]


@pytest.mark.parametrize("probe", ["multiple choice", "own prompts", "memorised text"])
def test_other_probes_wait_for_a_file(jobs, probe):
    app = open_page("probe", probe_probe=probe)
    assert fine(app) and app.button(key="probe_go").disabled and len(app.get("file_uploader")) == 1


def test_a_broken_database_is_named_on_the_page(jobs, tmp_path):
    (tmp_path / "probe.sqlite").write_bytes(b"broken" * 1000)
    for extra in tmp_path.glob("probe.sqlite-*"):
        extra.unlink()
    app = open_page("probe")
    assert not app.exception and any("was left as it is" in error.value for error in app.error)
    assert len(charts(app)) == 1
