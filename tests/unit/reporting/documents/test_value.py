"""The chapter on value for money: what it needs, and what it says in place of a number that there is not."""

import pandas as pd
import pytest

from increase_eval.reporting.documents.value import VALUE, _cost_interval, _share_cell, _share_interval
from increase_eval.reporting.tables import CellWriter
from increase_eval.reporting.translations import Translator


class Context:
    language = "en"
    text = Translator("en")
    cells = CellWriter("en")


def row(**values):
    return {"estimate": float("nan"), "conf_low": float("nan"), "conf_high": float("nan"), "status": pd.NA} | values


def test_the_chapter_needs_costs_and_a_plan_for_them():
    assert VALUE.missing_capabilities(frozenset({"costs"})) == ("value_for_money",)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"status": "no gain to set against the cost"}, "no gain"),
        ({"estimate": 0.481}, "48"),
        ({"estimate": 2.5, "status": "no upper limit: the gain may be nought"}, "250"),
    ],
)
def test_a_share_is_shown_or_said(values, shown):
    assert _share_cell(Context, row(**values)).text == shown


def test_a_share_without_an_upper_limit_is_from_its_lower_limit_on():
    assert _share_interval(Context, row(estimate=2.5, conf_low=0.48)).text == "48% or more"
    assert _share_interval(Context, row(estimate=0.5, conf_low=0.4, conf_high=0.62)).text == "40 to 62"
    assert _share_interval(Context, row()).mark == "absent"


def test_a_complete_count_has_no_interval():
    assert _cost_interval(Context, row(estimate=100.0)).mark == "absent"
    assert _cost_interval(Context, row(estimate=100.0, conf_low=90.0, conf_high=1200.0)).text == "90 to 1,200"
