"""The chapter on attrition: every section, the reasons against them, and a study whose attrition is unknown."""

from __future__ import annotations

import base64
import re

import pandas as pd
import pytest

from increase_eval.reporting.documents import Stamp, build_report
from increase_eval.reporting.documents.attrition import ATTRITION, SECTIONS
from increase_eval.reporting.documents.attrition.staying import is_monotone
from increase_eval.results import estimate_table

STAMP = Stamp("1.2.3", "3.11", {"pandas": "3"})
WEIGHTINGS = ("none", "ipw", "raked", "ipw + raked")


def of_leavers(study) -> dict[str, pd.DataFrame]:
    """Tables of who left, by hand: one scale, two later waves."""
    scale, waves = study.scales[0].id, study.wave_ids
    ends = {"std_error": 0.1, "conf_low": -0.4, "conf_high": 0.9, "n": 120, "status": "ok"}
    differences = [
        {"outcome": "arm", "term": "new + usual", "wave": wave, "by_among": "first wave", "estimate": 0.25, **ends}
        for wave in waves[1:]
    ]
    tests = [
        {
            "outcome": "stayed", "term": term, "wave": waves[1], "by_among": "first wave", "statistic": 12.3, "df": 4,
            "p_value": 0.015, "n": 120, "status": "ok",
        }
        for term in ("selective attrition", "differential attrition")
    ]  # fmt: skip
    by_wave = {"wave": waves[1], "by_model": "wave by wave"}
    left = {"outcome": "stayed", "term": "selective attrition", "wave": waves[0], "n": 120, "status": "nobody left"}
    model = [
        {"outcome": "left", "term": "arm[T.new]", "estimate": 0.7, **by_wave, **ends},
        {"outcome": "fit", "term": "auc", **by_wave, **ends, "estimate": 0.61},
    ]
    indicators = [
        {"outcome": "responded", "term": term, "wave": wave, "by_category": "all", "estimate": value, **ends}
        for wave in waves
        for term, value in (("largest_bias", 0.12), ("s_rho", 0.05), ("r_indicator", 0.9), ("lowest_possible", 0.4))
    ]
    partial = [
        {"outcome": "arm", "term": term, "wave": waves[-1], "by_category": level, "estimate": 0.031, **ends}
        for level in ("all", "new", "usual")
        for term in ("unconditional", "conditional")
    ]
    cost = [
        {"outcome": "weights", "term": term, "wave": waves[-1], "by_weights": name, "estimate": value, "n": 120}
        for name in WEIGHTINGS
        for term, value in (("effective_sample_size", 101.4), ("largest_weight", 3.456))
    ]
    changes = [
        {
            "outcome": scale,
            "term": "change",
            "wave": waves[-1],
            "by_arm": arm,
            "by_weights": name,
            "estimate": 1.5,
            **ends,
        }
        for arm in ("all", *study.arm_ids)
        for name in WEIGHTINGS
    ]
    bounds = [
        {
            "outcome": scale, "term": term, "wave": waves[-1], "by_measure": "change", "by_among": "first wave",
            "by_arm": "all", "estimate": value, "method": "Manski", **ends,
        }
        for term, value in (("lower", -3.0), ("upper", 5.0))
    ]  # fmt: skip
    dials = [
        {"outcome": scale, "term": term, "wave": waves[-1], "by_arm": "all", "by_dial": dial, "estimate": value, **ends}
        for dial in ("pattern-mixture", "selection")
        for term, value in (("0", 1.5), ("needed", -2.25), ("needed_for_doubt", -1.2))
    ]
    little = [{"outcome": scale, "term": "missing completely at random", "by_arm": "all", "statistic": 9.1, "df": 5,
               "p_value": 0.1, "n": 120, "status": "ok"}]  # fmt: skip
    rows = {
        "leaver_differences": [*differences, *tests, left],
        "dropout_model": model,
        "mcar": little,
        "representativeness": [*indicators, *partial],
        "weight_diagnostics": cost,
        "weighted_changes": changes,
        "bounds": bounds,
        "dials": dials,
    }
    return {name: estimate_table(pd.DataFrame(own)) for name, own in rows.items()}


def page(study, tables, pictures, language: str = "en") -> str:
    return build_report(study, tables, pictures, language=language, stamp=STAMP, chapters=(ATTRITION,))


def test_without_its_tables_a_section_says_so(study, tables, pictures) -> None:
    text = page(study, tables, pictures)
    for section in SECTIONS:
        assert f'id="attrition-{section.id}"' in text
    assert text.count("was not computed in this run") >= 4
    assert "No method can tell what somebody who did not answer would have said" in text


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_section_tells_its_tables(study, tables, pictures, language) -> None:
    text = page(study, {**tables, **of_leavers(study)}, pictures, language)
    for anchor in (
        "table-leaver-differences", "table-attrition-tests", "table-dropout-model", "table-mcar",
        "table-representativeness", "table-partial-indicators", "table-weight-diagnostics", "table-bounds",
        "table-dials", f"table-weighted-{study.scales[0].id}",
    ):  # fmt: skip
        assert f'id="{anchor.replace("_", "-")}"' in text, anchor
    assert not re.search(r"\bnan\b|<NA>|\{[a-z_]+\}", text)
    point = "." if language == "en" else ","
    assert f"2{point}25" in text  # what the dial needs, in words and in the table
    assert f"2{point}01" in text  # exp(0.7), an odds ratio
    assert f"0{point}12" in text and f"0{point}90" in text


def test_the_largest_weight_leaves_with_two_digits(study, tables, pictures) -> None:
    text = page(study, {**tables, **of_leavers(study)}, pictures)
    parts = re.findall(r"data:text/csv;base64,([A-Za-z0-9+/=]+)", text)
    data = [base64.b64decode(part).decode("utf-8-sig") for part in parts]
    own = next(part for part in data if "largest_weight" in part)
    assert "3.5" in own and "3.456" not in own


@pytest.mark.parametrize(("language", "words"), [("en", "complete cases as released"), ("fr", "cas complets tels que")])
def test_of_complete_cases_attrition_is_unknown(study, tables, pictures, language, words) -> None:
    head = study.head.model_copy(
        update={"participants": study.head.participants.model_copy(update={"coverage": "complete_cases"})}
    )
    text = page(study.model_copy(update={"head": head}), {**tables, **of_leavers(study)}, pictures, language)
    assert words in text
    assert "attrition-who-left" not in text


def test_patterns_that_are_monotone() -> None:
    found = {pattern: is_monotone(pattern) for pattern in ("000", "100", "110", "111", "101", "010", "001")}
    assert [pattern for pattern, told in found.items() if told] == ["000", "100", "110", "111"]
