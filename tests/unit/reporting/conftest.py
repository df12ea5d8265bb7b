"""A small study with everything a report can hold, and stored tables of it in the agreed shapes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from increase_eval.results import estimate_table
from increase_eval.study.instruments import Instruments
from increase_eval.study.plan import AnalysisPlan
from increase_eval.study.study import Study, StudyHead
from increase_eval.study.tables import Table

WAVES = ("t1", "t2", "t3")
ARMS = ("usual", "new")
ANSWERED = {("t1", "usual"): 88, ("t1", "new"): 85, ("t2", "usual"): 80, ("t2", "new"): 64}
ANSWERED |= {("t3", "usual"): 61, ("t3", "new"): 45}
ENROLLED = {"usual": 102, "new": 101}


def _text(en: str, fr: str) -> dict[str, str]:
    return {"en": en, "fr": fr}


HEAD: dict[str, Any] = {
    "id": "trial",
    "title": _text("A small trial", "Un petit essai"),
    "description": _text("Does the course change how people feel?", "La formation change-t-elle ce que l'on ressent ?"),
    "provenance": "real",
    "data_date": "2024-05",
    "data_source": _text("Collected for the tests.", "Recueillies pour les tests."),
    "allocation": "not_randomised",
    "waves": [
        {"id": "t1", "label": _text("Before", "Avant"), "time": 0},
        {"id": "t2", "label": _text("After", "Après"), "time": 1},
        {"id": "t3", "label": _text("Six months", "Six mois"), "time": 6},
    ],
    "arms": [
        {"id": "usual", "label": _text("Usual service", "Service habituel")},
        {"id": "new", "label": _text("New <service> & more", "Nouveau <service> & plus")},
    ],
    "levels": [
        {
            "id": "site",
            "label": _text("Site", "Site"),
            "column": "site",
            "is_site": True,
            "units": [
                {"id": "north", "label": _text("North", "Nord")},
                {"id": "south", "label": _text("South", "Sud")},
            ],
        }
    ],
    "states": [
        {
            "id": "employment",
            "label": _text("Employment", "Emploi"),
            "column": "work",
            "states": [
                {"id": "in_work", "label": _text("In work", "En emploi"), "code": 1, "in_work": True},
                {"id": "out_of_work", "label": _text("Out of work", "Sans emploi"), "code": 2},
            ],
        }
    ],
    "sources": [{"id": "survey", "files": ["*.csv"], "shape": "long", "wave_column": "w", "wave_values": {"1": "t1"}}],
    "participants": {"source": "survey", "arm": {"column": "arm"}},
    "notes": [_text("The course closed for a month.", "La formation a fermé un mois.")],
}

SCALES: list[dict[str, Any]] = [
    {
        "id": "mood",
        "items": ["m1", "m2", "m3"],
        "range": [1, 5],
        "reversed": ["m2"],
        "rule": "sum",
        "minimum_answered": 2,
        "labels": _text("Low mood", "Humeur basse"),
        "direction": "lower_is_better",
        "shipped_score": "mood_shipped",
        "citation": "Author (2001)",
    },
    {"id": "pain", "items": ["pain_score"], "rule": "single", "delivered": True, "labels": _text("Pain", "Douleur")},
]

PARTICIPANTS: dict[str, Any] = {
    "table": "participants",
    "columns": [
        {"name": "arm", "label": _text("Arm", "Groupe"), "type": "category", "role": "arm"},
        {"name": "site", "label": _text("Site", "Site"), "type": "category", "role": "level"},
        {"name": "age", "label": _text("Age", "Âge"), "type": "integer", "range": [16, 99], "required": True},
    ],
}

AGREE = [
    {"code": 1, "label": _text("Never", "Jamais")},
    {"code": 5, "label": _text("Always; every day", "Toujours ; chaque jour")},
]

SURVEY: dict[str, Any] = {
    "table": "wave",
    "waves": list(WAVES),
    "value_sets": {"agree": AGREE},
    "columns": [
        *(
            {
                "name": name,
                "label": _text(f"Item {name}", f"Question {name}"),
                "type": "integer",
                "values": "agree",
                "range": [1, 5],
                "missing": {"refused": [-9], "not_asked": [-8]},
                "source": name.upper(),
                "aliases": {"qualtrics": f"Q_{name}"},
            }
            for name in ("m1", "m2", "m3")
        ),
        {"name": "mood_shipped", "label": _text("Shipped", "Livré"), "type": "number", "waves": ["t1"]},
        {"name": "pain_score", "label": _text("Pain, 0 to 10", "Douleur, 0 à 10"), "type": "number", "range": [0, 10]},
        {
            "name": "work",
            "label": _text("Employment", "Emploi"),
            "type": "category",
            "values": [
                {"code": 1, "label": _text("In work", "En emploi")},
                {"code": 2, "label": _text("Out of work", "Sans emploi")},
            ],
        },
    ],
}


def make_study(**changes: Any) -> Study:
    """Build the small study, with parts of its head replaced."""
    return Study(
        head=StudyHead.model_validate({**HEAD, **changes}),
        instruments=Instruments.model_validate({"scales": SCALES}),
        analysis=AnalysisPlan.model_validate({"contrasts": [{"id": "new_usual", "first": "usual", "second": "new"}]}),
        tables={"participants": Table.model_validate(PARTICIPANTS), "survey": Table.model_validate(SURVEY)},
        folder=Path("nowhere"),
        contract_hash="c0ffee" * 10 + "beef",
    )


@pytest.fixture
def study() -> Study:
    return make_study()


@pytest.fixture
def synthetic_study() -> Study:
    return make_study(provenance="synthetic")


def _share(count: int, n: int) -> dict[str, Any]:
    """A share with an interval: the bounds are made up, and hold the share."""
    share = count / n
    return {"estimate": share, "conf_low": share * 0.9, "conf_high": 1 - (1 - share) * 0.9, "n": n}


def _groups(per_arm: dict[str, int]) -> dict[str, int]:
    return {**per_arm, "all": sum(per_arm.values())}


def _flow_rows() -> list[dict[str, Any]]:
    rows = []
    enrolled = _groups(ENROLLED)
    for place, wave in enumerate(WAVES):
        answered = _groups({arm: ANSWERED[wave, arm] for arm in ARMS})
        before = _groups({arm: ANSWERED[WAVES[place - 1], arm] for arm in ARMS}) if place else {}
        for group in (*ARMS, "all"):
            common = {"wave": wave, "by_arm": group, "by_site": "all"}
            rows.append({"term": "enrolled", **common, **_share(answered[group], enrolled[group])})
            if place:
                rows.append({"term": "previous wave", **common, **_share(answered[group], before[group])})
    return rows


def _summary_rows() -> list[dict[str, Any]]:
    rows = []
    for wave in WAVES:
        counts = _groups({arm: ANSWERED[wave, arm] for arm in ARMS})
        for scale, mean in (("mood", 9.4), ("pain", 3.25)):
            for group in (*ARMS, "all"):
                common = {"outcome": scale, "wave": wave, "by_arm": group, "by_site": "all", "n": counts[group]}
                ends = {"conf_low": mean - 0.5, "conf_high": mean + 0.5}
                rows.append({**common, "term": "mean", "estimate": mean, "std_error": 0.25, **ends, "n_dropped": 12})
                rows.append({**common, "term": "sd", "estimate": 2.5, "n_dropped": 12})
    return rows


def _model_rows(*, changes: bool = False) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for place, wave in enumerate(WAVES):
        counts = _groups({arm: ANSWERED[wave, arm] for arm in ARMS})
        for scale, mean in (("mood", 9.4), ("pain", 3.25)):
            for group in (*ARMS, "all"):
                common = {"outcome": scale, "wave": wave, "by_arm": group, "n": counts[group], "n_dropped": 12}
                if not changes:
                    ends = {"estimate": mean - place, "conf_low": mean - place - 0.5, "conf_high": mean - place + 0.5}
                    rows.append({**common, "term": "mean", **ends})
                elif place:
                    pair = {**common, "term": "change", "contrast": f"t1 -> {wave}"}
                    for unit, size in (("points", 1.0), ("sd", 0.4)):
                        change = {"estimate": -place * size, "conf_low": -place * size - 0.3, "conf_high": -0.1 * size}
                        rows.append({**pair, "by_unit": unit, **change})
    return rows


def _contrast_rows() -> list[dict[str, Any]]:
    common = {
        "outcome": "mood",
        "term": "difference in change",
        "contrast": "new_usual",
        "wave": "t3",
        "by_since": "t1",
    }
    numbers = {"estimate": -0.6, "conf_low": -1.4, "conf_high": 0.2, "p_value": 0.14, "n": 106, "n_dropped": 12}
    rows = [{**common, **numbers, "by_unit": unit, "by_adjustment": "none"} for unit in ("points", "sd")]
    adjusted = {"p_value": 0.28, "conf_low": None, "conf_high": None, "by_family": "main"}
    rows.append({**rows[0], **adjusted, "by_adjustment": "holm"})
    return [{**row, "by_model": model} for model in ("baseline_free", "baseline_covariate") for row in rows]


def _state_rows() -> list[dict[str, Any]]:
    rows = []
    for wave in ("t1", "t3"):
        known = _groups({arm: ANSWERED[wave, arm] for arm in ARMS})
        working = _groups({"usual": 40, "new": 4 if wave == "t3" else 40})
        for group in (*ARMS, "all"):
            common = {"outcome": "employment", "wave": wave, "by_arm": group, "by_site": "all"}
            for state, count in (("in_work", working[group]), ("out_of_work", known[group] - working[group])):
                rows.append({**common, "term": state, **_share(count, known[group])})
    return rows


def _ledger() -> pd.DataFrame:
    line = {"file": "survey.csv", "source": "survey", "rows_read": 540, "accepted": 448, "duplicate": 0}
    return pd.DataFrame([{**line, "quarantined": 92, "values_set_missing": 14}])


def _quarantine() -> pd.DataFrame:
    rows = [("survey.csv", row, "test_rows", "row") for row in range(2, 90)]
    rows += [("survey.csv", row, "key.pattern", "row") for row in range(90, 94)]
    rows += [("survey.csv", row, "m1.range", "value") for row in range(100, 114)]
    secret = {"column": "m1", "allowed": "1 to 5", "value_hash": "SECRETHASH", "remedy": "ask"}
    return pd.DataFrame(rows, columns=["file", "row", "rule", "severity"]).assign(**secret)


def make_tables() -> dict[str, pd.DataFrame]:
    """Stored tables of the small study, in the agreed shapes."""
    patterns = {"111": 106, "110": 38, "100": 29, "001": 3, "000": 27}
    pattern_rows = [
        {"term": pattern, "by_arm": "all", "by_site": "all", "estimate": float(count), "n": 203}
        for pattern, count in patterns.items()
    ]
    retention = [("..5", 60, 70), ("5..9.25", 30, 60), ("9.25..", 16, 68)]
    return {
        "participants": pd.DataFrame({"participant": ["SECRETKEY"], "arm": ["usual"]}),
        "ledger": _ledger(),
        "quarantine": _quarantine(),
        "input_files": pd.DataFrame(
            [{"file": "survey.csv", "source": "survey", "bytes": 12345, "sha256": "ab" * 32, "format": "csv"}]
        ),
        "drift": pd.DataFrame(
            [{"column": "m1", "first": "t1", "second": "t2", "kind": "labels", "difference": "SECRETLABEL"}]
        ),
        "response_flow": estimate_table(_flow_rows(), outcome="responded", method="Wilson interval"),
        "response_patterns": estimate_table(pattern_rows, outcome="pattern", method="count"),
        "retention_by_baseline": estimate_table(
            [{"term": term, "wave": "t3", **_share(count, n)} for term, count, n in retention], outcome="mood"
        ),
        "score_summary": estimate_table(_summary_rows(), method="t interval"),
        "score_means": estimate_table(
            [
                *_model_rows(),
                {"outcome": "mood", "term": "pooled sd", "wave": "t1", "by_arm": "all", "estimate": 2.5, "n": 173},
            ],
            by_model="baseline_free",
            method="MMRM",
            status="estimated",
        ),
        "score_changes": estimate_table(
            _model_rows(changes=True), by_model="baseline_free", method="MMRM", status="estimated"
        ),
        "score_contrasts": estimate_table(_contrast_rows(), method="MMRM", status="estimated"),
        "scoring_agreement": estimate_table([{"outcome": "mood", "estimate": 200.0, "n": 200, "n_dropped": 3}]),
        "state_shares": estimate_table(_state_rows(), method="Wilson interval"),
    }


def make_measurement() -> dict[str, pd.DataFrame]:
    """How well the one scale with items measures: alpha at each wave, and its three items at the first."""
    alphas = [
        {"wave": wave, "by_arm": "all", "estimate": alpha, "conf_low": alpha - 0.05, "conf_high": alpha + 0.04, "n": n}
        for wave, alpha, n in (("t1", 0.81, 160), ("t2", 0.84, 130), ("t3", 0.79, 96))
    ]
    reliability = estimate_table(alphas, outcome="mood", term="alpha", by_language="all", status="computed")
    described = {"scale": "mood", "wave": "t1", "mean": 3.1, "sd": 1.2, "skewness": 0.1, "alpha_if_deleted": 0.75}
    items = [
        {**described, "item": item, "n": 170, "n_missing": missing, "share_missing": missing / (170 + missing)}
        | {"floor": floor / 170, "ceiling": 0.2, "item_rest": 0.55}
        for item, missing, floor in (("m1", 3, 34), ("m2", 12, 4), ("m3", 0, 0))
    ]
    return {"reliability": reliability, "item_table": pd.DataFrame(items)}


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    return make_tables() | make_measurement()


@pytest.fixture(name="make_study")
def make_study_fixture() -> Any:
    return make_study
