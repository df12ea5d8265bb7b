"""What lies in what is read from the contract."""

from __future__ import annotations

from types import SimpleNamespace

from increase_eval.reporting.disclosure import nesting_of
from increase_eval.study.structure import Level

TEXT = {"en": "x", "fr": "x"}


def _level(**parts) -> Level:
    return Level.model_validate({"label": TEXT, **parts})


def test_sites_lie_in_providers_and_arms_are_made_of_the_finest():
    levels = (
        _level(
            id="area",
            column="area",
            nested_in="provider",
            units=[
                {"id": "a1", "label": TEXT, "parent": "p1"},
                {"id": "a2", "label": TEXT, "parent": "p1"},
                {"id": "a3", "label": TEXT, "parent": "p2"},
                {"id": "a4", "label": TEXT},
            ],
        ),
        _level(
            id="provider",
            column="prov",
            units=[{"id": "p1", "label": TEXT, "arm": "new"}, {"id": "p2", "label": TEXT, "arm": "usual"}],
        ),
        _level(id="course", column="course", units=[{"id": "c1", "label": TEXT}]),
    )
    study = SimpleNamespace(head=SimpleNamespace(levels=levels))
    assert nesting_of(study) == {
        ("by_prov", "p1"): [("by_area", "a1"), ("by_area", "a2")],
        ("by_prov", "p2"): [("by_area", "a3")],
        ("by_arm", "new"): [("by_area", "a1"), ("by_area", "a2")],
        ("by_arm", "usual"): [("by_area", "a3")],
    }


def test_a_study_without_levels_has_none():
    assert nesting_of(SimpleNamespace(head=SimpleNamespace(levels=()))) == {}
