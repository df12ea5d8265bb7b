"""What disclosure control does, drawn as small tables: ``?`` is suppressed. The threshold is 10 throughout."""

from __future__ import annotations

import pandas as pd
import pytest

from increase_eval.errors import DisclosureError
from increase_eval.reporting.disclosure import protect, protect_counts, protect_tables, require_protected
from increase_eval.results import estimate_table


def _rows(drawn: str) -> list[list[str]]:
    return [line.split() for line in drawn.strip().splitlines()]


def _counts(drawn: str, by: list[str]) -> pd.DataFrame:
    return pd.DataFrame([[*row[:-1], int(row[-1])] for row in _rows(drawn)], columns=[*by, "count"])


def _shown(protected: pd.DataFrame, column: str = "count") -> list[str]:
    return ["?" if suppressed else f"{value:g}" for value, suppressed in zip(
        protected[column], (protected["status"] == "suppressed").fillna(False), strict=True
    )]  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ("a 12 | b 30 | all 42", "12 30 42"),  # nothing is small
        ("a 0 | b 30 | all 30", "0 30 30"),  # 0 is shown
        ("a 3 | b 30 | all 33", "? ? 33"),  # the other part would give it away
        ("a 3 | b 12 | c 30 | all 45", "? ? 30 45"),  # the smallest other part is lost
        ("a 3 | b 0 | c 30 | all 33", "? 0 ? 33"),  # 0 protects nobody
        ("a 3 | b 4 | c 30 | all 37", "? ? ? 37"),  # 37 - 30 would be 7 people
        ("a 6 | b 7 | c 30 | all 43", "? ? 30 43"),  # 13 people together are enough
        ("a 3 | b 0 | all 3", "? 0 ?"),  # a small total, too
        ("a 3 | b 30", "? 30"),  # no total, nothing to work out
        ("a 9 | b 10 | all 19", "? ? 19"),
        ("a 30 | b 30 | all 63", "? 30 63"),  # 3 people are in no part: their number must not follow
    ],
)
def test_a_small_count_is_hidden_with_what_would_give_it_away(counts, shown):
    table = _counts(counts.replace("|", "\n"), ["arm"])
    assert _shown(protect_counts(table, by=["arm"], threshold=10)) == shown.split()


def test_a_cross_table_hides_a_square():
    table = _counts(
        """
        a   x   3
        a   y   20
        a   all 23
        b   x   40
        b   y   50
        b   all 90
        all x   43
        all y   70
        all all 113
        """,
        ["arm", "wave"],
    )
    protected = protect_counts(table, by=["arm", "wave"], threshold=10)
    assert _shown(protected) == ["?", "?", "23", "?", "?", "90", "43", "70", "113"]


def test_a_published_count_stays_and_is_not_used_as_cover():
    table = _counts("a 3 \n b 12 \n c 30 \n all 45", ["arm"]).assign(public=[True, False, False, False])
    protected = protect_counts(table, by=["arm"], threshold=10, already_public="public")
    assert _shown(protected) == ["3", "12", "30", "45"]
    table["public"] = [False, True, False, False]
    assert _shown(protect_counts(table, by=["arm"], threshold=10, already_public="public")) == ["?", "12", "?", "45"]


def test_published_counts_that_give_another_away_are_refused():
    table = _counts("a 3 \n b 12 \n all 15", ["arm"]).assign(public=[False, True, True])
    with pytest.raises(DisclosureError, match="already public"):
        protect_counts(table, by=["arm"], threshold=10, already_public="public")


def _shares(drawn: str, **constants: str) -> pd.DataFrame:
    rows = [
        {"by_arm": arm, "wave": wave, "term": term, "estimate": int(count) / int(n) if n != "0" else None, "n": int(n)}
        for arm, wave, term, count, n in _rows(drawn)
    ]
    return estimate_table(rows, std_error=0.01, conf_low=0.1, conf_high=0.9, df=5.0, **constants)


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        ("a w1 in_work 20 50", "0.4"),
        ("a w1 in_work 3 50", "?"),  # three people
        ("a w1 in_work 47 50", "?"),  # all but three
        ("a w1 in_work 0 50", "0"),
        ("a w1 in_work 50 50", "1"),
        ("a w1 in_work 4 8", "?"),  # of eight
        ("a w1 in_work 0 0", "nan"),  # nobody: nothing to hide
    ],
)
def test_a_share_is_hidden_with_a_small_numerator_or_complement(rows, shown):
    protected = protect(_shares(rows), threshold=10, measure="share")
    assert _shown(protected, "estimate") == [shown]


def test_a_hidden_row_loses_every_number_but_a_harmless_n():
    protected = protect(_shares("a w1 in_work 3 50 \n a w2 in_work 2 8"), threshold=10, measure="share")
    numbers = protected[["estimate", "std_error", "df", "conf_low", "conf_high", "statistic", "p_value"]]
    assert numbers.isna().all(axis=None)
    assert protected["n"].tolist() == [50, pd.NA]


def test_states_that_make_a_whole_are_hidden_together():
    table = _shares(
        """
        a w1 in_work  3  50
        a w1 training 12 50
        a w1 neither  35 50
        """,
        outcome="work",
    )
    assert _shown(protect(table, threshold=10, measure="share"), "estimate") == ["?", "?", "0.7"]


def test_a_mean_of_few_people_takes_a_second_arm_with_it():
    rows = [("a", 4), ("b", 12), ("c", 40), ("all", 56)]
    table = estimate_table(
        [
            {"by_arm": arm, "term": term, "estimate": 5.0, "std_error": 1.0, "n": n}
            for arm, n in rows
            for term in ("mean", "sd")
        ],
        outcome="cesd",
        wave="w1",
    )
    protected = protect(table, threshold=10, measure="amount")
    assert _shown(protected, "estimate") == ["?", "?", "?", "?", "5", "5", "5", "5"]
    assert protected["n"].tolist() == [pd.NA] * 4 + [40, 40, 56, 56]


def test_a_small_number_of_incomplete_answers_is_removed_and_its_row_stays():
    table = estimate_table([{"term": "mean", "estimate": 5.0, "n": 90, "n_dropped": 4}])
    protected = protect(table, threshold=10, measure="amount")
    assert protected["estimate"].tolist() == [5.0]
    assert protected["n_dropped"].isna().all()


def _flow(counts: dict[str, tuple[int, int, int]]) -> pd.DataFrame:
    """Per arm: enrolled, answered the second wave, answered both (everybody answered the first)."""
    rows = []
    for arm, (enrolled, second, both) in counts.items():
        rows += [
            (arm, "w1", "enrolled", enrolled, enrolled),
            (arm, "w2", "enrolled", second, enrolled),
            (arm, "w3", "enrolled", both + 20, enrolled),
            (arm, "w3", "previous wave", both, second),
        ]
    return estimate_table(
        [{"by_arm": a, "wave": w, "term": t, "estimate": c / n, "n": n} for a, w, t, c, n in rows], outcome="responded"
    )


def test_who_was_lost_is_hidden_also_as_the_next_denominator():
    # 97 of 100 answered the second wave: the 3 lost must not follow from the third wave's base of 97.
    protected = protect_tables({"response_flow": _flow({"a": (100, 97, 60)})}, threshold=10)["response_flow"]
    assert _shown(protected, "estimate") == ["1", "?", "0.8", "?"]
    assert protected["n"].tolist() == [100, 100, 100, pd.NA]


def test_who_came_back_after_a_gap_is_hidden():
    # 64 answered the third wave, 60 of them the second too: 4 came back, though no cell says so.
    table = _flow({"a": (100, 80, 60)})
    table.loc[2, "estimate"] = 0.64
    protected = protect_tables({"response_flow": table}, threshold=10)["response_flow"]
    assert _shown(protected, "estimate")[2:].count("?") >= 1


def test_who_did_not_reach_a_base_is_hidden():
    # 100 enrolled and 96 completed: the 4 between must not follow from the two denominators.
    rows = [("enrolled", 50, 100), ("completed", 50, 96)]
    flow = estimate_table(
        [{"wave": "w1", "term": term, "estimate": count / n, "n": n} for term, count, n in rows], outcome="responded"
    )
    protected = protect_tables({"response_flow": flow}, threshold=10)["response_flow"]
    assert protected["n"].isna().any()


def test_who_answered_without_reaching_a_base_is_hidden():
    # 60 of the enrolled answered, 56 of them completed: 4 answered and did not complete.
    rows = [("enrolled", 60, 200), ("completed", 56, 150)]
    flow = estimate_table(
        [{"wave": "w1", "term": term, "estimate": count / n, "n": n} for term, count, n in rows], outcome="responded"
    )
    assert _shown(protect_tables({"response_flow": flow}, threshold=10)["response_flow"], "estimate").count("?") >= 1


def test_equal_counts_of_a_flow_are_shown():
    rows = [("enrolled", 60, 200), ("completed", 60, 150)]
    flow = estimate_table(
        [{"wave": "w1", "term": term, "estimate": count / n, "n": n} for term, count, n in rows], outcome="responded"
    )
    assert _shown(protect_tables({"response_flow": flow}, threshold=10)["response_flow"], "estimate") == ["0.3", "0.4"]


def test_patterns_are_hidden_in_the_light_of_the_flow():
    flow = estimate_table(
        [{"wave": w, "term": "enrolled", "estimate": c / 100, "n": 100} for w, c in (("w1", 100), ("w2", 45))],
        outcome="responded",
        by_arm="a",
    )
    patterns = estimate_table(
        [{"term": t, "estimate": c, "n": 100} for t, c in (("11", 45), ("10", 55))], outcome="pattern", by_arm="a"
    )
    shown = protect_tables({"response_flow": flow, "response_patterns": patterns}, threshold=10)
    assert _shown(shown["response_patterns"], "estimate") == ["45", "55"]
    flow.loc[1, "estimate"], patterns["estimate"] = 0.95, [95.0, 5.0]
    shown = protect_tables({"response_flow": flow, "response_patterns": patterns}, threshold=10)
    assert _shown(shown["response_patterns"], "estimate") == ["?", "?"]
    assert _shown(shown["response_flow"], "estimate") == ["1", "?"]


def test_who_was_lost_from_a_state_is_hidden():
    # 40 in work at the first wave, 36 of them seen at the second: 4 were lost.
    shares = _shares("a w1 in_work 40 100 \n a w1 neither 60 100", outcome="work")
    moves = estimate_table(
        [
            {"term": t, "estimate": c / 36, "n": 36, "contrast": "w1 -> w2", "by_arm": "a", "by_from": "in_work"}
            for t, c in (("in_work", 20), ("neither", 16))
        ],
        outcome="work",
    )
    shown = protect_tables({"state_shares": shares, "state_transitions": moves}, threshold=10)
    hidden = [*_shown(shown["state_shares"], "estimate"), *_shown(shown["state_transitions"], "estimate")]
    assert hidden in (["?", "?", "0.555556", "0.444444"], ["0.4", "0.6", "?", "?"])


def test_a_site_does_not_follow_from_its_arm():
    rows = [
        ("all", "all", 110),
        ("x", "all", 60),
        ("y", "all", 50),
        ("all", "x1", 56),
        ("all", "x2", 4),
        ("all", "y1", 50),
    ]
    constants = {"outcome": "cesd", "term": "mean", "estimate": 5.0}
    table = estimate_table([{**constants, "by_arm": arm, "by_site": site, "n": n} for arm, site, n in rows])
    nesting = {("by_arm", "x"): [("by_site", "x1"), ("by_site", "x2")], ("by_arm", "y"): [("by_site", "y1")]}
    alone = protect(table, threshold=10)
    assert _shown(alone, "estimate") == ["5", "5", "5", "5", "?", "?"]  # y1 is y: in the light of the arms not enough
    together = protect_tables({"score_summary": table}, threshold=10, nesting=nesting)["score_summary"]
    assert _shown(together, "estimate") == ["5", "5", "5", "?", "?", "5"]


def test_counts_of_arithmetic_checks_are_no_counts_of_people():
    table = estimate_table([{"outcome": "cesd", "term": "agreeing rows", "estimate": 98, "n": 100}])
    assert _shown(protect_tables({"scoring_agreement": table}, threshold=10)["scoring_agreement"].assign(
        status=""), "estimate") == ["98"]  # fmt: skip


def test_the_gate_lets_protected_tables_pass_and_stops_the_rest():
    table = _shares("a w1 in_work 3 50 \n b w1 in_work 20 60 \n all w1 in_work 23 110")
    protected = protect(table, threshold=10)
    require_protected(protected, threshold=10)
    with pytest.raises(DisclosureError, match="fewer than 10"):
        require_protected(table, threshold=10)
    with pytest.raises(DisclosureError, match="still carry numbers"):
        require_protected(table.assign(status=["suppressed", "suppressed", ""]), threshold=10)
    lone = protected.assign(status=["suppressed", pd.NA, pd.NA])
    lone.loc[1, ["estimate", "conf_low"]] = [20 / 60, 0.2]
    with pytest.raises(DisclosureError, match="worked out from its total over by_arm"):
        require_protected(lone, threshold=10)
    with pytest.raises(DisclosureError, match="single people"):
        require_protected(table.assign(participant="x"), threshold=10)
    with pytest.raises(DisclosureError, match="n_dropped"):
        require_protected(protected.assign(n_dropped=pd.array([pd.NA, pd.NA, 4], dtype="Int64")), threshold=10)


def test_an_estimate_without_n_cannot_be_protected():
    with pytest.raises(DisclosureError, match="without n"):
        protect(estimate_table([{"term": "mean", "estimate": 5.0}]), threshold=10)


def test_a_share_that_counts_nobody_exactly_is_refused_as_a_share():
    with pytest.raises(DisclosureError, match="whole number"):
        protect(estimate_table([{"term": "weighted", "estimate": 0.333, "n": 50}]), threshold=10, measure="share")
    assert protect(estimate_table([{"estimate": 0.333, "n": 50}]), threshold=10)["estimate"].tolist() == [0.333]


@pytest.mark.parametrize("threshold", [0, -3])
def test_a_threshold_below_one_is_refused(threshold):
    with pytest.raises(ValueError, match="threshold"):
        protect(estimate_table([{"estimate": 1.0, "n": 50}]), threshold=threshold)
    with pytest.raises(ValueError, match="threshold"):
        protect_counts(_counts("a 3", ["arm"]), by=["arm"], threshold=threshold)


def test_nothing_that_comes_in_is_changed():
    table = _shares("a w1 in_work 3 50 \n b w1 in_work 20 60 \n all w1 in_work 23 110")
    before = table.copy()
    protect(table, threshold=10)
    pd.testing.assert_frame_equal(table, before)
