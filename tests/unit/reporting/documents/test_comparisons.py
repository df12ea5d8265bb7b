"""Means, changes and comparisons as readers see them: which numbers stand where, and what is said of assumptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from increase_eval.reporting.documents import Stamp
from increase_eval.reporting.documents.comparisons import comparisons_content
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.documents.effects import change_table, mean_table, smallest_effect
from increase_eval.reporting.tables import DisplayTable
from increase_eval.reporting.translations import Translator
from increase_eval.results import estimate_table
from increase_eval.study.study import Study


@pytest.fixture
def context_of(tables: dict[str, pd.DataFrame]) -> Callable[..., ReportContext]:
    def make(study: Study, language: str = "en", **changes: pd.DataFrame) -> ReportContext:
        stamp = Stamp("1.2.3", "3.11", {"pandas": "3"})
        return ReportContext(study, {**tables, **changes}, {}, Translator(language), stamp)

    return make


def rows_of(table: DisplayTable) -> list[list[str]]:
    return [[group.head or "", *(cell.text for cell in row)] for group in table.groups for row in group.rows]


def with_plan(study: Study, **plan: Any) -> Study:
    return study.model_copy(update={"analysis": study.analysis.model_copy(update=plan)})


def test_means_stand_by_wave_and_arm_with_n_and_those_not_used(study, context_of):
    table = mean_table(context_of(study), study.scale("mood"))
    assert rows_of(table)[0] == ["Before", "Usual service", "88", "12", "9.40", "8.90 to 9.90", "2.50"]
    assert [row[1] for row in rows_of(table)[:3]] == ["Usual service", "New <service> & more", "All"]


def test_changes_stand_in_points_and_standard_deviations(study, context_of):
    table = change_table(context_of(study), study.scale("mood"))
    assert table is not None
    assert rows_of(table)[3] == [
        "Before to Six months", "Usual service", "61", "12", "−2.00", "−2.30 to −0.10", "–", "−0.80", "−1.10 to −0.04",
    ]  # fmt: skip


@pytest.mark.parametrize(("unit", "words"), [("points", "0.50"), ("sd", "1.25")])
def test_the_smallest_effect_is_told_in_points(study, context_of, unit, words):
    # Half a standard deviation of 2.5 points is 1.25 points.
    effect = {"value": 0.5, "unit": unit, "source": "Made up"}
    scale = type(study.scale("mood")).model_validate({**study.scale("mood").model_dump(), "smallest_effect": effect})
    assert smallest_effect(context_of(study), scale).text == words


def test_a_comparison_has_its_adjusted_p_value_beside_it_under_both_assumptions(study, context_of):
    content = comparisons_content(context_of(study))
    (part,) = content["parts"]
    rows = rows_of(part["table"])
    assert [row[0] for row in rows] == ["Changes", "Same start"]
    assert rows[0][1:] == [
        "New <service> & more less Usual service", "Six months", "106 (12)", "−0.60", "−1.40 to 0.20", "–",
        "−0.60", "−1.40 to 0.20", "0.140", "0.280",
    ]  # fmt: skip
    said = " ".join(content["assumptions"])
    assert "parallel change" in said and "unmeasured confounding" in said and "Lord’s paradox" in said


def test_chance_allocation_has_no_paradox(make_study, context_of):
    content = comparisons_content(context_of(make_study(allocation="randomised")))
    assert "Lord" not in " ".join(content["assumptions"])


def test_families_are_named_with_their_rule(study, context_of):
    family = {"id": "f", "label": {"en": "Mood", "fr": "Humeur"}, "estimands": ["x"], "adjustment": "romano_wolf"}
    planned = with_plan(
        study, families=(type(study.analysis).model_fields["families"].annotation.__args__[0](**family),)
    )
    (words,) = comparisons_content(context_of(planned))["families"]
    assert words.startswith("Mood: Holm, which holds under any dependence")


def test_a_withheld_comparison_shows_no_number(study, context_of, tables):
    hidden = tables["score_contrasts"].assign(status="suppressed", n=pd.NA, n_dropped=pd.NA)
    hidden[["estimate", "conf_low", "conf_high", "p_value"]] = float("nan")
    (part,) = comparisons_content(context_of(study, score_contrasts=hidden))["parts"]
    assert set(rows_of(part["table"])[0][3:]) == {"[c]", "–"}


def test_sensitivity_sets_what_there_is_side_by_side(study, context_of):
    common = {
        "outcome": "mood",
        "term": "difference in change",
        "contrast": "new_usual",
        "wave": "t3",
        "by_since": "t1",
    }
    rows = [
        {"by_analysis": "model", "estimate": -0.6, "conf_low": -1.4, "conf_high": 0.2, "n": 106},
        {"by_analysis": "complete cases", "estimate": -0.5, "conf_low": -2.0, "conf_high": 1.0},
        {"by_analysis": "without one unit", "by_without": "north", "estimate": -0.9},
        {"by_analysis": "without one unit", "by_without": "south", "estimate": 0.1},
    ]
    table = estimate_table([{**common, **row} for row in rows], by_since="t1", method="MMRM", status="estimated")
    content = comparisons_content(context_of(study, score_sensitivity=table))
    sensitivity = content["sensitivity"]
    assert [column.head for column in sensitivity.columns][4:] == [
        "Difference", "95% interval", "Complete cases", "Interval, complete", "Leaving one unit out",
    ]  # fmt: skip
    assert rows_of(sensitivity)[0][3:] == ["106", "−0.60", "−1.40 to 0.20", "−0.50", "−2.00 to 1.00", "−0.90 to 0.10"]


def test_correlations_are_told_of_the_first_wave_and_of_changes(study, context_of):
    rows = [
        {"wave": wave, "contrast": pair, "term": term, "estimate": value, "conf_low": value - 1, "conf_high": value + 1}
        for wave, pair in (("t1", None), ("t2", None), ("t3", "t1 -> t3"))
        for term, value in (("intraclass correlation", 0.021), ("design effect", 1.4), ("clusters", 12.0))
    ]
    table = estimate_table(rows, outcome="mood", by_level="site", n=106, method="anova", status="estimated")
    components = comparisons_content(context_of(study, variance_components=table))["components"]
    assert [row[2] for row in rows_of(components)] == ["Before", "Change to Six months"]
    assert rows_of(components)[0][3:7] == ["12", "106", "0.021", "−0.979 to 1.021"]


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "declares no contrast between arms"), ("fr", "ne déclare aucun contraste entre groupes")],
)
def test_a_plan_without_contrasts_says_so(study, write, language, words):
    assert words in write(with_plan(study, contrasts=()), language=language, score_contrasts=None)
