"""The recorded simulation of adjusted contrasts: its table is that of the methods report, and it can be run again."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
NOMINAL = 0.95


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    path = ROOT / "benchmarks" / "adjusted_simulation.py"
    spec = importlib.util.spec_from_file_location("adjusted_simulation", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def recorded(simulation) -> pd.DataFrame:
    return pd.read_csv(simulation.RESULTS)


def test_the_table_of_the_report_is_the_recorded_one(simulation, recorded) -> None:
    text = (ROOT / "reports" / "methods" / "comparison.md").read_text(encoding="utf-8")
    shown = text.split("<!-- adjusted simulation -->")[1].split("<!-- end of adjusted simulation -->")[0].strip()
    assert shown == simulation.table(recorded)
    assert f"{recorded['replicates'].iloc[0]} replicates a scenario" in text


def test_doubly_robust_means_are_unbiased_whichever_model_is_wrong(recorded) -> None:
    own = recorded[(recorded["method"] == "doubly_robust") & (recorded["scenario"] != "providers differ")]
    assert (own["largest_bias"] < 4 * own["bias_mc"]).all()


def test_a_wrong_model_shows_where_only_that_model_is_used(recorded) -> None:
    by = recorded.set_index(["scenario", "method"])["largest_bias"]
    assert by["outcome model wrong", "standardised"] > by["outcome model wrong", "doubly_robust"]
    assert by["both models right", "unadjusted"] > 3 * by["both models right", "standardised"]


def test_with_right_models_intervals_hold_the_truth_nearly_as_often_as_they_say(recorded) -> None:
    own = recorded[(recorded["scenario"] == "both models right") & (recorded["method"] != "unadjusted")]
    # sandwich errors of arms of 38 to 46 people are a little short, of inverse probability weights more so
    assert (own["coverage"] > NOMINAL - 0.05).all()


def test_no_way_of_adjusting_covers_where_providers_differ(recorded) -> None:
    own = recorded[recorded["scenario"] == "providers differ"]
    assert (own["coverage"] < NOMINAL - 0.05).all()


@pytest.mark.slow
def test_a_small_run_agrees_with_the_recorded_one(simulation, recorded) -> None:
    again = simulation.run(60, seed=7)
    both = again.merge(recorded, on=["scenario", "method"], suffixes=("", "_recorded"))
    assert len(both) == len(recorded)
    share = both["coverage_recorded"].clip(0.01, 0.99)
    assert ((both["coverage"] - share).abs() < 5 * (share * (1 - share) / 60) ** 0.5).all()
