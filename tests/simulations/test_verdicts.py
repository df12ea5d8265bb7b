"""The recorded simulation of verdicts: its table is that of the methods report, and it can be run again."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verdicts_simulation", ROOT / "benchmarks" / "verdicts_simulation.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def recorded(simulation) -> pd.DataFrame:
    return pd.read_csv(simulation.RESULTS)


def test_the_table_of_the_report_is_the_recorded_one(simulation, recorded):
    text = (ROOT / "reports" / "methods" / "verdicts.md").read_text(encoding="utf-8")
    shown = text.split("<!-- simulation -->")[1].split("<!-- end of simulation -->")[0].strip()
    assert shown == simulation.table(recorded)
    assert f"{recorded['replicates'].iloc[0]} replicates a scenario" in text


def test_without_clusters_no_family_is_false_more_often_than_alpha(simulation, recorded):
    plain = recorded[recorded["icc"] == 0]
    error = (simulation.ALPHA * (1 - simulation.ALPHA) / plain["replicates"]) ** 0.5
    assert (plain["any_false"] < simulation.ALPHA + 3 * error).all()


def test_errors_over_neighbourhoods_hold_the_rate_that_the_model_s_lose(recorded):
    worst = recorded[(recorded["clusters"] == "neighbourhood") & (recorded["icc"] == 0.05)]
    rates = worst.groupby("errors")["any_false"].max()
    assert rates["CR2 by neighbourhood"] < 0.1 < rates["model"]


def test_the_shares_of_a_family_add_up(simulation, recorded):
    total = recorded[list(simulation.VERDICT_COLUMNS)].sum(axis="columns")
    assert total.sub(1).abs().max() < 1e-4  # six digits are recorded


@pytest.mark.slow
def test_a_small_run_agrees_with_the_recorded_one(simulation, recorded):
    again = simulation.run(40, seed=7)
    keys = ["clusters", "icc", "ahead", "errors", "margin"]
    both = again.merge(recorded, on=keys, suffixes=("", "_recorded"))
    assert len(both) == len(recorded)
    share = both["any_false_recorded"].clip(0.02, 0.98)
    error = (share * (1 - share) * (1 / 40 + 1 / 200)) ** 0.5
    assert ((both["any_false"] - share).abs() < 5 * error).all()
