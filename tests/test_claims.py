"""The article's statements and the verdicts on them."""

import pandas as pd
import pytest

from analysis import tables
from analysis.build import claims
from analysis.claims import data as claims_data
from analysis.claims import figures as claims_figures
from analysis.claims import verdicts
from pages.components.registry import ENTRIES

# Statements that earlier readers of the article checked by hand: id and what must come out.
KNOWN = {
    "mistral-swa-range": "45,905",
    "mixtral-total": "46.7 B",
    "mixtral-active": "12.9 B",
    "dpo-zephyr": "7.34 against 6.86",
    "mistral-beats-13b": "loses 1",
    "mixtral-llama2": "loses 3",
    "bloomberg-gpt3-ratio": "1.9 times",
    "pythia-term-frequency": "0.90",
    "qlora-slower": "1.12 to 1.50 times",
    "qlora-parity": "53.1 with QLoRA, 53.0",
    "zephyr-best-7b": "Zephyr 7B 7.34, then Mistral 7B Instruct 6.84",
    "mixtral-instruct": "Mixtral 8x7B Instruct 8.3 ",
    "bloomberg-millions": "$2.67 million",
    "phi-sizes": "phi-1 1.42 B, phi-1.5 1.42 B, phi-2 2.78 B",
    "pythia-dedup": "without WSC",
    "llama2-rlhf": "one by 11 points",
    "qlora-65b-48gb": "A100 SXM4 40 GB and A100 SXM4 80 GB",
    "bloomberg-chinchilla": "1.3 to 2.2 times",
    "mistral-size": "7.24 B",
    "phi2-mistral": "0.38",
}


@pytest.fixture(scope="module")
def checks() -> pd.DataFrame:
    return claims.claim_checks().set_index("id")


def test_every_published_verdict_rests_on_a_check_or_on_what_a_source_says(checks):
    published, facts = tables.load("claims").set_index("id"), tables.load("claim_facts")
    assert checks["verdict"].to_dict() == published.loc[checks.index, "verdict"].to_dict() and len(checks) >= 40
    told = set(published.index) - set(checks.index)
    assert told <= set(facts["claim"]) <= set(published.index) and len(told) >= 20
    assert (published.loc[list(told), "how"] == "restated").all()
    assert (facts["verified"] > 0).all()  # nothing from memory decides a verdict


def test_how_a_verdict_was_reached_is_said_in_one_of_three_words_and_counted():
    panel = claims_figures.Verdicts().panel()
    held = claims_data.stored()
    held = held[held["verdict"].isin(verdicts.CHECKED)]
    for key, (word, _) in verdicts.HOW.items():
        assert f"{(held['how'] == key).sum()} {word}" in panel.caption
    one = claims_figures.Verdicts(how="printed")
    assert set(one.rows()["how"]) == {"printed"} and "recomputed" not in one.panel().caption


def test_the_stored_findings_are_the_recomputed_ones(checks):
    stored = tables.load("claim_checks").set_index("id")
    assert stored["found"].to_dict() == checks["found"].to_dict()


@pytest.mark.parametrize(("claim", "words"), KNOWN.items())
def test_the_known_numbers_come_out(checks, claim, words):
    assert words in checks.loc[claim, "found"]


def test_every_link_leads_to_a_page_that_exists():
    linked = tables.load("claims")["page"]
    assert (linked != "").sum() > 20
    assert set(linked[linked != ""]) <= {entry.stem for entry in ENTRIES}


def test_corrections_and_approximations_say_why():
    rows = tables.load("claims")
    doubtful = rows[rows["verdict"].isin(["approximate", "corrected", "rumour"])]
    assert len(doubtful) >= 10 and (doubtful["note"].str.len() > 10).all()


def test_a_verdict_follows_its_numbers():
    assert verdicts.no_effect([(0.0, -0.1, 0.1)]) == "supported"
    assert verdicts.no_effect([(0.05, 0.01, 0.1)]) == "corrected"
    assert verdicts.optimum_ratios(50e9, {"a": 26e9, "b": 99e9}) == "supported"
    assert not verdicts.ahead(2, 3) and not verdicts.close(8e9, 7e9)
    with pytest.raises(ValueError, match="perhaps"):
        verdicts.Check("perhaps", "")


def test_the_counts_of_the_chart_add_up():
    rows = claims_data.stored()
    assert verdicts.counts(rows).to_numpy().sum() == len(rows)
    panel = claims_figures.Verdicts().panel()
    shown = sum(sum(trace.x) for trace in panel.figure.data)
    assert shown == len(rows)
