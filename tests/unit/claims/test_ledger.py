"""The ledger of published claims: every claim has one status, and each kind is judged by its rule."""

import numpy as np
import pandas as pd
import pytest

from increase_eval.claims.ledger import LEDGER_COLUMNS, STATUSES, claims_ledger
from increase_eval.claims.published import compare_published
from increase_eval.errors import ContractError
from increase_eval.reporting.special_tables import ledger_that_leaves
from increase_eval.results import estimate_table
from increase_eval.study.judged import Judged

LABELS = {"by_model": "baseline_free", "by_unit": "points", "by_arm": "all"}


@pytest.fixture(scope="module")
def compared(study, tables):
    return compare_published(study, study.published, tables)


@pytest.fixture(scope="module")
def rises(study):
    """Changes of every scale of every claimed rise: 0.3, p .001."""
    rules = [rule for rule in study.published.judged if rule.kind == "rise"]
    keys = dict.fromkeys((outcome, rule.since, rule.wave) for rule in rules for outcome in rule.outcomes)
    return pd.DataFrame(
        [{"outcome": o, "contrast": f"{a} -> {b}", "estimate": 0.3, "p_value": 0.001, **LABELS} for o, a, b in keys]
    )


@pytest.fixture(scope="module")
def alike(study):
    """Two one-sided tests of every contrast: p .01."""
    rules = [rule for rule in study.published.judged if rule.kind == "rise"]
    rows = [
        {"outcome": outcome, "contrast": one.id, "wave": rule.wave, "term": "equivalence", "p_value": 0.01}
        for rule in rules for outcome in rule.outcomes for one in study.analysis.contrasts
    ]  # fmt: skip
    return pd.DataFrame(rows).drop_duplicates()


@pytest.fixture
def judge(study, compared):
    def ledger(**tables):
        return claims_ledger(study, study.published, {"published_comparison": compared, **tables}).set_index("claim")

    return ledger


def rise_ids(study):
    return [claim for rule in study.published.judged if rule.kind == "rise" for claim in rule.ids]


def test_every_claim_stands_once_with_a_status(study, compared):
    table = claims_ledger(study, study.published, {"published_comparison": compared})
    assert tuple(table.columns) == LEDGER_COLUMNS
    assert table["claim"].tolist() == pd.read_csv(study.folder / "published.csv")["id"].tolist()
    assert set(table["status"]) <= set(STATUSES)


def test_figures_take_their_status_from_the_comparison(study, judge, compared):
    table = judge()
    assert set(table.loc[list(study.published.recomputed), "status"]) == {"regenerated"}
    reasons = [figure for group in study.published.not_computable for figure in group.ids]
    assert set(table.loc[reasons, "status"]) == {"not computable"}
    figure = next(iter(study.published.recomputed))
    off = compared.assign(status=compared["status"].mask(compared["outcome"] == figure, "differs"))
    assert judge(published_comparison=off).loc[figure, "status"] == "differs"


def test_a_uniform_rise_needs_every_rise_and_equivalence_everywhere(study, judge, rises, alike):
    table = judge(score_changes=rises, verdicts=alike).loc[rise_ids(study)]
    assert set(table["status"]) == {"regenerated"}
    assert set(table["verdict"]) == {"shown"}
    assert set(table["p_value"]) == {0.01}


def test_no_difference_found_is_no_uniformity(study, judge, rises, alike):
    table = judge(score_changes=rises, verdicts=alike.assign(p_value=0.3)).loc[rise_ids(study)]
    assert set(table["status"]) == {"differs"}
    assert set(table["verdict"]) == {"not shown"}
    assert table["parts_failing"].str.contains("alike in").all()
    assert not table["parts_failing"].str.contains("rises").any()


def test_a_fall_is_no_rise_however_small_its_p_value(study, judge, rises, alike):
    table = judge(score_changes=rises.assign(estimate=-0.3), verdicts=alike).loc[rise_ids(study)]
    assert set(table["status"]) == {"differs"}
    assert table["p_value"].tolist() == pytest.approx([0.9995] * len(table))


def test_without_models_a_rise_is_not_computable(study, judge):
    assert set(judge().loc[rise_ids(study), "status"]) == {"not computable"}


def test_orders_places_and_caveats(study, judge):
    table = judge()
    kinds = {claim: rule.kind for rule in study.published.judged for claim in rule.ids}
    found = {
        kind: {table.loc[claim, "status"] for claim, own in kinds.items() if own == kind} for kind in kinds.values()
    }
    assert found["order_of_figures"] == {"regenerated"}
    assert found["unit"] == {"regenerated"}
    assert found["no_control"] == {"regenerated"}
    assert found["not_identified"] == {"not identified"}
    assert found["not_separable"] == {"not computable"}


def test_an_order_the_other_way_round_differs(study, compared):
    rule = next(rule for rule in study.published.judged if rule.kind == "order_of_figures")
    turned = rule.model_copy(update={"figures": rule.figures[::-1]})
    plan = study.published.model_copy(update={"judged": (turned,)})
    table = claims_ledger(study, plan, {"published_comparison": compared}).set_index("claim")
    assert table.loc[rule.ids[0], "status"] == "differs"
    assert table.loc[rule.ids[0], "verdict"] == "not shown"


def test_a_contradiction_under_the_readings_taken_makes_its_figures_infeasible(study, judge):
    choice = study.published.counts.choices[0]
    figures = list(study.published.recomputed)[:2]
    row = {"item": "conflict", "id": "1", "statements": ", ".join(figures)}
    taken = pd.DataFrame([{**row, "option": f"{choice.id}={choice.options[0].id}"}])
    other = pd.DataFrame([{**row, "option": f"{choice.id}={choice.options[1].id}"}])
    assert set(judge(feasible_counts=taken).loc[figures, "status"]) == {"infeasible"}
    assert set(judge(feasible_counts=other).loc[figures, "status"]) == {"regenerated"}


def test_a_rise_is_counted_by_arm_under_every_way_to_treat_those_who_left(study, judge):
    """As the table of robustness is stored: by arm, with no row of everybody; both ends of bounds are one way."""
    rule = next(rule for rule in study.published.judged if rule.kind == "rise")
    ways = {"first_wave": 9.0, "mmrm": 0.4, "delta": -0.1, "weights": np.nan, "bounds_lower": -2.0, "bounds_upper": 3.0}
    rows = [
        {"outcome": rule.outcomes[0], "wave": wave, "by_arm": arm, "by_method": way, "estimate": value + shift}
        for wave in (rule.wave, "another")
        for arm, shift in zip(study.arm_ids[:2], (0.0, 0.2), strict=True)
        for way, value in ways.items()
    ]
    table = judge(robustness=estimate_table(rows, term="change", n=50))
    assert table.loc[rule.ids[0], "robustness"] == f"{rule.outcomes[0]} 3/6"


def test_numbers_of_people_stay_inside(study, compared):
    table = claims_ledger(study, study.published, {"published_comparison": compared})
    told = ledger_that_leaves(study, table)
    assert not {"estimate", "n", "conf_low", "conf_high"} & set(told.columns)
    assert len(told) == len(table)


def test_a_claim_is_judged_in_one_way(study, compared):
    figure = next(iter(study.published.recomputed))
    twice = (Judged(ids=(figure, "nowhere"), kind="no_control"),)
    plan = study.published.model_copy(update={"judged": twice})
    with pytest.raises(ContractError) as caught:
        claims_ledger(study, plan, {"published_comparison": compared})
    assert len(caught.value.problems) == 2


def test_a_kind_needs_its_fields():
    with pytest.raises(ValueError, match="a claim of kind rise needs `outcomes`, `since`, `wave`"):
        Judged(ids=("x",), kind="rise")


def test_what_cannot_be_worked_out_says_why(study, compared):
    ledger = claims_ledger(study, study.published, {"published_comparison": compared}).set_index("claim")
    group = study.published.not_computable[0]
    assert set(ledger.loc[list(group.ids), "reason"]) == {group.reason.en}
    cause = next(rule for rule in study.published.judged if rule.kind == "not_identified")
    assert set(ledger.loc[list(cause.ids), "reason"]) == {cause.reason.en}
    assert ledger.loc[ledger["status"] == "not computable", "reason"].notna().all()
    assert ledger.loc[ledger["status"] == "regenerated", "reason"].isna().all()
