"""What leaves: important tables keep their numbers, finer ones give way, and nothing tells a small count."""

from __future__ import annotations

import pandas as pd
import pytest

from increase_eval.reporting.disclosure import MODEL_TABLES, require_protected
from increase_eval.reporting.leaving import is_estimate_table, stored_nesting, tables_that_leave, told_transitions
from increase_eval.results import estimate_table
from increase_eval.study.study import Study


def suppressed(table: pd.DataFrame) -> list[bool]:
    return (table["status"] == "suppressed").fillna(False).tolist()


def test_every_table_passes_the_gate_and_tables_of_people_are_passed_over(study: Study, tables) -> None:
    safe = tables_that_leave(study, tables)
    assert set(safe) == {name for name, table in tables.items() if is_estimate_table(table)}
    for name, table in safe.items():
        require_protected(table, threshold=10, name=name)


def test_the_response_flow_keeps_what_a_finer_table_would_have_cost_it(study: Study) -> None:
    flow = estimate_table(
        [
            {"term": "enrolled", "wave": wave, "by_arm": "all", "estimate": count / 100, "n": 100}
            for wave, count in (("t1", 80), ("t2", 60), ("t3", 50))
        ],
        outcome="responded",
    )
    # 80 answered t1: 77 with one pattern and 3 with another. The patterns give way, the flow does not.
    patterns = {"100": 17, "110": 13, "111": 47, "101": 3, "010": 0, "001": 0, "011": 0, "000": 20}
    counts = [{"term": term, "by_arm": "all", "estimate": float(count), "n": 100} for term, count in patterns.items()]
    safe = tables_that_leave(study, {"response_patterns": estimate_table(counts), "response_flow": flow})
    assert list(safe) == ["response_patterns", "response_flow"]
    assert suppressed(safe["response_flow"]) == [False, False, False]
    hidden = dict(zip(safe["response_patterns"]["term"], suppressed(safe["response_patterns"]), strict=True))
    assert hidden["101"]
    assert sum(hidden.values()) >= 2


def test_only_moves_of_everybody_between_neighbouring_waves_and_ends_are_told(study: Study) -> None:
    rows = [
        {"contrast": contrast, "by_arm": arm, "by_from": left, "term": "in_work"}
        for contrast in ("t1 -> t2", "t2 -> t3", "t1 -> t3", "t3 -> t1")
        for arm in ("all", "new")
        for left in ("all", "in_work")
    ]
    told = told_transitions(study, estimate_table(rows))
    assert told["contrast"].tolist() == ["t1 -> t2", "t2 -> t3", "t1 -> t3"]
    assert set(told["by_arm"]) == {"all"} and set(told["by_from"]) == {"in_work"}


@pytest.mark.parametrize(("columns", "expected"), [(["participant", "score"], False), (["estimate"], False)])
def test_a_table_is_of_estimates_only_with_the_whole_shape(columns: list[str], expected: bool) -> None:
    assert is_estimate_table(pd.DataFrame(columns=columns)) is expected
    assert is_estimate_table(estimate_table([]))


def test_an_arm_gives_away_none_of_its_sites_whatever_the_level_is_called(make_study) -> None:
    names = {"north": "usual", "south": "usual", "west": "new"}
    units = [{"id": unit, "label": {"en": unit, "fr": unit}, "arm": arm} for unit, arm in names.items()]
    level = {"id": "district", "label": {"en": "District", "fr": "Quartier"}, "column": "home_district"}
    study = make_study(levels=[{**level, "is_site": True, "units": units}])
    assert stored_nesting(study)["by_arm", "usual"] == (("by_site", "north"), ("by_site", "south"))
    means = [("usual", "all", 40), ("all", "north", 37), ("all", "south", 3), ("new", "all", 50), ("all", "west", 50)]
    rows = [
        {"outcome": "mood", "term": "mean", "wave": "t1", "by_arm": arm, "by_site": site, "estimate": 9.4, "n": n}
        for arm, site, n in [*means, ("all", "all", 90)]
    ]
    safe = tables_that_leave(study, {"score_summary": estimate_table(rows)})["score_summary"]
    # The arm less its large site would be the small one.
    assert safe["n"].isna().tolist()[:3].count(True) >= 2
    assert pd.isna(safe["n"].iloc[2])


def test_a_declared_table_of_models_leaves_and_follows_the_counts(study: Study, monkeypatch) -> None:
    monkeypatch.setitem(MODEL_TABLES, "adjusted_means", "amount")
    cells = [("usual", 4), ("new", 60), ("all", 64)]
    means = [{"by_arm": arm, "by_site": "all", "estimate": 3.2, "n": n} for arm, n in cells]
    summary = estimate_table(means, outcome="mood", term="mean", wave="t3")
    contrast = {"by_arm": "all", "contrast": "new - usual", "estimate": 0.4, "n": 90, "wave": "t3"}
    adjusted = estimate_table([contrast, {**contrast, "wave": "t1"}], outcome="mood")
    safe = tables_that_leave(study, {"adjusted_means": adjusted, "score_summary": summary})
    assert suppressed(safe["adjusted_means"]) == [True, False]
    assert safe["adjusted_means"]["n"].isna().tolist() == [True, False]
    assert list(safe) == ["adjusted_means", "score_summary"]
