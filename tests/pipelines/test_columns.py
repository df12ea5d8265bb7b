"""Figures as wide as a column: written beside the others in both languages, or refused with a reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from increase_eval.places import Places
from increase_eval.reporting.figures import FIGURES
from increase_eval.results import estimate_table
from increase_eval.storage import write_table
from increase_eval.study import load_study
from pipelines import columns
from pipelines.names import SAFE, stored_path

CONTRACT = Path(__file__).resolve().parents[2] / "data_contracts" / "increase_vs"


@pytest.fixture(scope="module")
def study():
    return load_study(CONTRACT)


@pytest.fixture
def places(tmp_path, study):
    made = Places(tmp_path)
    common = {"outcome": "life_satisfaction", "wave": "t3", "n": 160, "method": "m", "contrast": "integrated_parallel"}
    borders = [
        {"by_delta_first": f"{one:g}", "by_verdict": "increase", "estimate": one + 1.0} for one in np.linspace(-6, 6, 9)
    ]
    points = [
        {"by_arm": "parallel", "by_direction": "above", "by_unit": unit, "estimate": size, "verdict": "unclear"}
        for unit, size in (("points", 1.0), ("sd", 0.5))
    ]
    tables = {
        "tipping_contours": estimate_table(borders, **common, term="contour", status="estimated"),
        "tipping_points": estimate_table(points, **common, term="tipping delta", status="estimated"),
    }
    for name, table in tables.items():
        path = stored_path(made, study.id, f"{SAFE}{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_table(table, path, {})
    return made


def test_a_figure_is_written_in_both_languages_and_those_of_earlier_runs_are_gone(study, places):
    old = places.reports(study.id) / "figures" / "flow.column.en.svg"
    old.parent.mkdir(parents=True)
    old.write_text("old")
    made = columns.write_column_figures(study, places)
    names = {path.name for path in made.files}
    assert names == {
        f"tipping.column.{language}.{end}" for language in ("en", "fr") for end in ("svg", "png", "pdf", "csv")
    }
    assert made.refused == {}
    assert not old.exists()


@pytest.mark.parametrize("reason", ["its boxes do not fit", ""])
def test_a_figure_that_cannot_be_read_is_refused_with_its_reason(study, places, monkeypatch, reason):
    monkeypatch.setitem(FIGURES, "tipping", replace(FIGURES["tipping"], page_only=reason))
    monkeypatch.setattr(
        columns, "faults", lambda drawing: ("'x' would be clipped",) if drawing.language == "fr" else ()
    )
    made = columns.write_column_figures(study, places)
    assert made.files == ()
    assert made.refused == {"tipping": reason or "'x' would be clipped (fr)"}
