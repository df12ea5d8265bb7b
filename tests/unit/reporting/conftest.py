"""A small study with everything a report can hold, and stored tables of it in the agreed shapes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from increase_eval.study.instruments import Instruments
from increase_eval.study.plan import AnalysisPlan
from increase_eval.study.study import Study, StudyHead
from increase_eval.study.tables import Table

WAVES = ("t1", "t2", "t3")
ARMS = ("usual", "new")
ANSWERED = {("t1", "usual"): 100, ("t1", "new"): 98, ("t2", "usual"): 80, ("t2", "new"): 64}
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
        analysis=AnalysisPlan(),
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
