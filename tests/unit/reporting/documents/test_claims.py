"""The chapter on published claims: a line has the number with its interval, the test, and what is left of it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from increase_eval.claims.ledger import DIFFERS, LEDGER_COLUMNS, NOT_COMPUTABLE, REGENERATED
from increase_eval.reporting.documents.claims import claims_content
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.translations import Translator
from increase_eval.results import estimate_table
from increase_eval.study import load_study

CONTRACT = Path(__file__).resolve().parents[4] / "data_contracts" / "increase_vs"
SHARE, UNJUDGED = "er_resp_t2", "pp_fr_second_language"


@pytest.fixture(scope="module")
def study():
    return load_study(CONTRACT)


@pytest.fixture(scope="module")
def rise(study):
    return next(rule.ids[0] for rule in study.published.judged if rule.kind == "rise")


def ledger(rise):
    rows = [
        {"claim": SHARE, "status": REGENERATED, "asset": "published_comparison", "figure": "published"},
        {"claim": rise, "status": DIFFERS, "verdict": "not shown", "p_value": 0.2, "robustness": f"{rise} 38/44"},
        {"claim": UNJUDGED, "status": NOT_COMPUTABLE},
    ]
    return pd.DataFrame(rows, columns=list(LEDGER_COLUMNS))


def lines(study, rise, status="estimated", language="en"):
    again = {"term": "recomputed", "estimate": 9.5, "conf_low": 8.7, "conf_high": 10.4, "n": 4526, "status": status}
    compared = estimate_table([{**again, "outcome": SHARE}])
    tables = {"claims_ledger": ledger(rise), "published_comparison": compared}
    context = ReportContext(study, tables, {}, Translator(language), None)
    table = claims_content(context)["ledger"]
    assert len(table.columns) == 8
    return [[cell.text for cell in row] for group in table.groups for row in group.rows]


def test_a_recomputed_share_stands_with_its_interval_and_a_link_to_table_and_figure(study, rise):
    share, _, _ = lines(study, rise)
    assert share[1:5] == ["9.5%", "9.5% (8.7 to 10.4)", "4,526", "regenerated"]
    assert share[5] == "\u2013"
    assert share[6].startswith("published_comparison")


def test_a_rise_says_its_test_and_in_how_many_estimates_it_is_one(study, rise):
    _, line, _ = lines(study, rise)
    assert line[5] == "not shown, p 0.200; a rise in 38 of 44 estimates"


def test_a_claim_that_nothing_judges_says_so(study, rise):
    assert lines(study, rise)[2][-1] == "no rule of the contract judges it"
    assert lines(study, rise, language="fr")[2][-1] == "aucune règle du contrat ne la juge"


def test_a_suppressed_number_does_not_reach_the_line(study, rise):
    share, _, _ = lines(study, rise, status="suppressed")
    assert share[2:4] == ["[c]", "[c]"]
