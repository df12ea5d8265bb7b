"""The recorded simulation of contrasts of change: its table is that of the methods report, and it can be run again."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mmrm_simulation", ROOT / "benchmarks" / "mmrm_simulation.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def recorded(simulation) -> pd.DataFrame:
    return pd.read_csv(simulation.RESULTS)


def test_the_table_of_the_report_is_the_recorded_one(simulation, recorded):
    text = (ROOT / "reports" / "methods" / "mmrm.md").read_text(encoding="utf-8")
    shown = text.split("<!-- simulation -->")[1].split("<!-- end of simulation -->")[0].strip()
    assert shown == simulation.table(recorded)
    assert f"{recorded['replicates'].iloc[0]} replicates a scenario" in text


def test_without_clusters_estimates_are_unbiased_and_intervals_cover(recorded):
    plain = recorded[recorded["scenario"] == "none"]
    assert (plain["bias"].abs() < 4 * plain["bias_mc"]).all()
    model = plain[plain["analysis"] == "model, kenward-roger-linear"]
    assert ((model["coverage"] - 0.95).abs() < 4 * model["coverage_mc"]).all()


def test_with_clusters_only_errors_over_clusters_cover(recorded):
    strong = recorded[recorded["scenario"] == "neighbourhood 0.05"].groupby("analysis")["coverage"].mean()
    assert strong["CR2 by neighbourhood, satterthwaite"] > strong["model, kenward-roger-linear"]


@pytest.mark.slow
def test_a_small_run_agrees_with_the_recorded_one(simulation, recorded):
    again = simulation.run(60, seed=7)
    both = again.merge(recorded, on=["scenario", "analysis", "approach"], suffixes=("", "_recorded"))
    assert len(both) == len(recorded)
    error = (both["bias_mc"] ** 2 + both["bias_mc_recorded"] ** 2) ** 0.5
    assert ((both["bias"] - both["bias_recorded"]).abs() < 5 * error).all()
    share = both["coverage_recorded"].clip(0.01, 0.99)
    assert ((both["coverage"] - share).abs() < 5 * (share * (1 - share) / 60) ** 0.5).all()
