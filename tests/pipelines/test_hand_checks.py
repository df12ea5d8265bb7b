"""Each check passes on a good frame and finds what is wrong with a bad one, with its count."""

from __future__ import annotations

import dagster as dg
import pandas as pd
import pytest

from increase_eval.places import Places
from increase_eval.results import estimate_table
from increase_eval.storage import open_study_tables
from increase_eval.study import Study
from pipelines import hand_checks as by_hand
from pipelines.assets import study_assets
from pipelines.checks import Check, FailedCheckError, Finding, run_checks
from pipelines.contract_checks import contract_checks
from pipelines.documents import Documents, page_stands_alone
from pipelines.names import score_ranges
from pipelines.progress import Progress, listening


@pytest.fixture
def good(ran: Places) -> dict[str, pd.DataFrame]:
    """Every table of the tiny study, as it was stored."""
    return dict(open_study_tables(ran, "tiny").items())


def found(check: Check, tables: dict[str, pd.DataFrame], **changed: pd.DataFrame) -> list[tuple[str, int, str]]:
    return [(one.what, one.count, one.where) for one in check.find({**tables, **changed})]


def change(frame: pd.DataFrame, column: str, value: object, row: int = 0) -> pd.DataFrame:
    bad = frame.copy()
    bad.loc[bad.index[row], column] = value
    return bad


def test_the_ledger_must_balance(good: dict[str, pd.DataFrame]) -> None:
    check = by_hand.ledger_balances()
    assert found(check, good) == []
    bad = change(good["ledger"], "accepted", good["ledger"]["accepted"].iloc[0] - 3)
    file = bad["file"].iloc[0]
    assert found(check, good, ledger=bad) == [("rows read and not accounted for, or counted twice", 3, file)]


def test_the_ledger_must_count_what_stands_in_quarantine(good: dict[str, pd.DataFrame]) -> None:
    check = by_hand.quarantine_is_counted()
    assert found(check, good) == []
    rows = good["quarantine"]
    first = rows.index[rows["severity"].eq("row")][0]
    assert [(count, where) for _, count, where in found(check, good, quarantine=rows.drop(first))] == [
        (int(rows["severity"].eq("row").sum()) - 1, rows.loc[first, "file"])
    ]


def test_an_arm_without_anybody_is_a_warning(study: Study, good: dict[str, pd.DataFrame]) -> None:
    check = by_hand.every_arm_is_there(study)
    assert not check.blocking
    assert found(check, good) == []
    people = good["participants"]
    assert found(check, good, participants=people[people["arm"] != "coach"]) == [
        ("participants in an arm of the contract", 0, "coach")
    ]


def test_a_stranger_is_found(good: dict[str, pd.DataFrame]) -> None:
    check = by_hand.nobody_is_a_stranger("wave_t1")
    assert found(check, good) == []
    bad = change(good["wave_t1"], "participant", "0000000000000000")
    assert found(check, good, wave_t1=bad) == [("rows of somebody who is not among the participants", 1, "")]


def test_every_participant_must_have_one_row_a_wave(study: Study, good: dict[str, pd.DataFrame]) -> None:
    check = by_hand.every_pair_is_there("responses", study.wave_ids)
    rows = good["responses"]
    assert found(check, good) == []
    assert found(check, good, responses=rows.iloc[2:]) == [("participants of a wave without a row", 2, "")]
    assert found(check, good, responses=pd.concat([rows, rows.head(1)])) == [
        ("participants of a wave with two rows", 1, "")
    ]
    stray = pd.concat([rows, rows.head(1).assign(wave="t9")])
    assert found(check, good, responses=stray) == [("rows of no participant or wave of the study", 1, "")]


def test_retained_and_lost_must_make_enrolled(good: dict[str, pd.DataFrame]) -> None:
    check = by_hand.retained_and_lost_make_enrolled()
    counts = good["response_counts"]
    assert found(check, good) == []
    off = change(counts, "lost", counts["lost"].iloc[0] + 1)
    assert ("groups and waves in which retained + lost is not enrolled", 1, "") in found(
        check, good, response_counts=off
    )
    fewer = good["participants"].iloc[1:]
    assert found(check, good, participants=fewer) == [("waves whose enrolled are not all participants", 3, "")]


def test_arms_must_add_up_to_the_total(good: dict[str, pd.DataFrame]) -> None:
    counts = good["response_counts"]
    arm = counts.index[counts["by_arm"].eq("coach")][0]
    moved = counts.copy()
    moved.loc[arm, ["retained", "lost"]] = [counts.loc[arm, "retained"] + 1, counts.loc[arm, "lost"] - 1]
    assert found(by_hand.retained_and_lost_make_enrolled(), good, response_counts=moved) == [
        ("waves whose arms do not add up to the total", 1, "")
    ]


def test_patterns_must_add_up(good: dict[str, pd.DataFrame]) -> None:
    check = by_hand.patterns_add_up()
    assert found(check, good) == []
    bad = change(good["response_patterns"], "estimate", good["response_patterns"]["estimate"].iloc[0] + 1)
    assert found(check, good, response_patterns=bad) == [
        ("groups whose patterns do not add up to everybody enrolled", 1, "")
    ]


def test_scores_out_of_range_are_counted_by_scale(study: Study, good: dict[str, pd.DataFrame]) -> None:
    check = by_hand.scores_are_in_range(score_ranges(study))
    scores = good["scores"]
    assert found(check, good) == []
    bad = scores.assign(score=scores["score"].mask(scores["scale"].eq("wellbeing") & scores["score"].notna(), 5.1))
    count = int((scores["scale"].eq("wellbeing") & scores["score"].notna()).sum())
    assert found(check, good, scores=bad) == [("scores outside 1 to 5", count, "wellbeing")]


def test_every_scale_with_declared_items_has_a_range_to_hold_its_scores_to(study: Study) -> None:
    assert set(score_ranges(study)) == {scale.id for scale in study.scales}


def test_a_score_must_agree_with_its_status(good: dict[str, pd.DataFrame]) -> None:
    check = by_hand.scores_have_a_status()
    scores = good["scores"]
    assert found(check, good) == []
    scored = int(scores["status"].eq("scored").to_numpy().argmax())
    assert found(check, good, scores=change(scores, "score", None, scored)) == [
        ("rows called scored without a score", 1, "")
    ]
    assert found(check, good, scores=change(scores, "status", "too few answered", scored)) == [
        ("scores in rows that are not called scored", 1, "")
    ]
    assert found(check, good, scores=change(scores, "items_answered", 99)) == [
        ("rows with more items answered than expected", 1, "")
    ]
    assert found(check, good, scores=pd.concat([scores, scores.head(2)])) == [
        ("participants with two scores for one wave and scale", 2, "")
    ]


def test_scores_that_differ_from_the_delivered_ones_are_a_warning() -> None:
    check = by_hand.shipped_scores_agree()
    assert not check.blocking
    rows = [{"outcome": "a", "estimate": 10, "n": 10}, {"outcome": "b", "estimate": 7, "n": 10}]
    table = estimate_table(rows, term="agreeing rows")
    assert found(check, {"scoring_agreement": table}) == [("rows whose score differs from the delivered one", 3, "b")]


def test_a_state_of_no_contract_is_found(study: Study, good: dict[str, pd.DataFrame]) -> None:
    check = by_hand.states_are_known(study)
    assert found(check, good) == []
    bad = change(good["states"], "state", "on the moon")
    assert found(check, good, states=bad) == [("states that the contract does not name", 1, "work")]


def test_an_estimate_must_lie_in_its_interval_and_stand_on_somebody(good: dict[str, pd.DataFrame]) -> None:
    check = by_hand.intervals_hold_their_estimates("state_shares")
    shares = good["state_shares"]
    assert found(check, good) == []
    row = int(shares["n"].gt(0).to_numpy().argmax())
    assert found(check, good, state_shares=change(shares, "conf_high", -0.1, row)) == [
        ("estimates outside their own interval", 1, "")
    ]
    assert found(check, good, state_shares=change(shares, "n", 0, row)) == [("estimates on nobody", 1, "")]


def test_a_share_above_one_is_found(good: dict[str, pd.DataFrame]) -> None:
    check = by_hand.shares_are_shares("response_flow")
    assert found(check, good) == []
    assert found(check, good, response_flow=change(good["response_flow"], "estimate", 1.2)) == [
        ("shares below 0 or above 1", 1, "")
    ]


@pytest.mark.parametrize(
    ("table", "column", "value", "rule"),
    [
        ("wave_t1", "w1", 9, "w1.values"),
        ("wave_t1", "c1", 99, "c1.range"),
        ("participants", "age", 200, "age.range"),
        ("participants", "place", "nowhere", "place.values"),
        ("participants", "participant", "Ada Lovelace", "participant.participant"),
    ],
)
def test_the_contract_is_asked_again_before_a_table_is_stored(
    study: Study, good: dict[str, pd.DataFrame], table: str, column: str, value: object, rule: str
) -> None:
    check = next(check for check in contract_checks(study) if check.table == table)
    assert check.blocking
    assert found(check, good) == []
    bad = change(change(good[table], column, value, 0), column, value, 1)
    [(what, count, where), *rest] = [one for one in found(check, good, **{table: bad}) if one[0].startswith(rule[:2])]
    assert what.startswith(rule.split(".", maxsplit=1)[0])
    assert count == 2
    assert str(value) not in what + where
    assert "row" in where or table == "participants"
    assert all(str(value) not in str(one) for one in rest)


def test_a_missing_contracted_column_is_found(study: Study, good: dict[str, pd.DataFrame]) -> None:
    check = next(check for check in contract_checks(study) if check.table == "wave_t1")
    assert "column_absent" in str(found(check, good, wave_t1=good["wave_t1"].drop(columns="w1")))


def test_a_page_that_asks_for_something_elsewhere_is_found() -> None:
    check = page_stands_alone("report_en")
    alone = b'<a href="https://example.org">link</a><img src="data:image/png;base64,xx"><style>a{color:red}</style>'
    assert check.find({"report_en": Documents({"report.en.html": alone})}) == []
    for asks in (
        b'<script src="https://cdn/x.js">',
        b"<link rel=x href='//cdn/x.css'>",
        b"<p style='b:url(http://x)'>",
    ):
        assert check.find({"report_en": Documents({"report.en.html": alone + asks})}) == [
            Finding("parts that come from elsewhere", 1, "report.en.html")
        ]


def test_all_findings_of_all_checks_are_given_before_a_blocking_one_stops() -> None:
    def finds(*findings: Finding):
        return lambda _frames: list(findings)

    checks = [
        Check("first", "t", "holds", finds(Finding("bad rows", 2), Finding("worse rows", 1, "here"))),
        Check("second", "t", "holds", finds()),
        Check("third", "t", "holds", finds(Finding("odd rows", 4)), blocking=False),
    ]
    told: list[Progress] = []
    results: list[dg.AssetCheckResult] = []
    with listening(told.append), pytest.raises(FailedCheckError) as caught:
        results.extend(run_checks("tiny", checks, {}))
    checked = [(one.passed, one.blocking) for one in told if one.event == "checked"]
    assert checked == [(False, True), (True, True), (False, False)]
    assert caught.value.problems == ("t, first: bad rows: 2", "t, first: worse rows: 1 (here)")


def test_the_checks_that_are_tested_here_are_in_the_graph(study: Study) -> None:
    names = {spec.name for asset in study_assets(study) for spec in asset.check_specs}
    assert names >= {
        "contract",
        "every_arm_is_there",
        "every_pair_is_there",
        "intervals_hold_their_estimates",
        "ledger_balances",
        "nobody_is_a_stranger",
        "page_stands_alone",
        "patterns_add_up",
        "quarantine_is_counted",
        "retained_and_lost_make_enrolled",
        "scores_are_in_range",
        "scores_have_a_status",
        "shares_are_shares",
        "states_are_known",
    }
