"""The recorded simulations of anchored non-response and of every method: their tables are those of the reports."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import anchored_nonresponse, impute
from increase_eval.study import load_study
from increase_eval.synthetic.process import simulate_process

ROOT = Path(__file__).resolve().parents[2]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def anchored() -> ModuleType:
    return load("anchored_simulation")


@pytest.fixture(scope="module")
def robustness() -> ModuleType:
    return load("robustness_simulation")


@pytest.mark.parametrize("page", ["anchored", "robustness"])
def test_the_tables_of_the_report_are_the_recorded_ones(page):
    simulation = load(f"{page}_simulation")
    recorded = pd.read_csv(simulation.RESULTS)
    text = (ROOT / "reports" / "methods" / f"{page}.md").read_text(encoding="utf-8")
    for title, write in simulation.TABLES.items():
        shown = text.split(f"<!-- {title} -->")[1].split(f"<!-- end of {title} -->")[0].strip()
        assert shown == write(recorded), title


@pytest.mark.parametrize(
    ("name", "page"),
    [("shipped_distance", "robustness"), ("robustness_shares", "robustness"), ("anchored_bias", "anchored")],
)
def test_other_tables_are_the_recorded_ones(name, page):
    recording = load(name)
    recorded = pd.read_csv(recording.RESULTS)
    text = (ROOT / "reports" / "methods" / f"{page}.md").read_text(encoding="utf-8")
    for title, write in recording.TABLES.items():
        shown = text.split(f"<!-- {title} -->")[1].split(f"<!-- end of {title} -->")[0].strip()
        assert shown == write(recorded), title


def test_with_the_bias_taken_off_anchored_means_are_right_and_intervals_cover():
    recorded = pd.read_csv(load("anchored_bias").RESULTS)
    assert (recorded["replicates"] == 2000).all()
    assert (recorded["coverage"].between(0.93, 0.97)).all()
    own = recorded[recorded["corrected"]]
    # Of twelve settings one in twenty lies beyond two Monte Carlo errors by chance; none lies far beyond.
    apart = own["bias"].abs() / own["bias_mc"]
    assert (apart < 2).sum() >= 11
    assert (apart < 3).all()
    plain = recorded[~recorded["corrected"]].reset_index(drop=True)
    assert (own["rmse"].to_numpy() < 1.02 * plain["rmse"]).all()


def test_distances_are_those_of_estimates_from_the_truth_of_the_same_people():
    """Three rows by hand: a change, a share of two states together, and what has no distance."""
    recording, study = load("shipped_distance"), load_study(ROOT / "data_contracts" / "increase_vs")
    truth = pd.DataFrame(
        [
            ("change", "life_satisfaction", "t2", "parallel", 0.5),
            ("share", "employment.employee", "t2", "parallel", 0.2),
            ("share", "employment.self_employed", "t2", "parallel", 0.1),
            ("share", "employment.other", "t2", "parallel", 0.7),
        ],
        columns=["quantity", "outcome", "wave", "arm", "value"],
    )
    rows = [
        ("life_satisfaction", "change", "mmrm", "first wave", 0.8, 0.2),
        ("employment", "share", "imputation", "first wave", 0.25, 0.1),
        ("employment", "share", "imputation_weights", "everybody asked", 0.25, 0.1),
        ("life_satisfaction", "change", "bounds_lower", "first wave", -3.0, np.nan),
    ]
    columns = ["outcome", "term", "by_method", "by_population", "estimate", "std_error"]
    stored = pd.DataFrame(rows, columns=columns).assign(wave="t2", by_arm="parallel")
    found = recording.distances(study, stored, truth)
    # (0.8 - 0.5) / 0.2, and (0.25 - 0.3) / 0.1.
    assert found["distance"].tolist() == [1.5, -0.5]


def test_the_reports_say_how_often_it_was_simulated(anchored, robustness):
    said = (ROOT / "reports" / "methods" / "anchored.md").read_text(encoding="utf-8")
    for count in pd.read_csv(anchored.RESULTS)["replicates"].unique():
        assert f"{count:,}" in said
    said = (ROOT / "reports" / "methods" / "robustness.md").read_text(encoding="utf-8")
    (count,) = pd.read_csv(robustness.RESULTS)["replicates"].unique()
    assert re.search(rf"\b{count} cohorts\b", said)


def in_model(anchored) -> pd.DataFrame:
    recorded = pd.read_csv(anchored.RESULTS)
    own = recorded[(recorded["mechanism"] == "normal") & (recorded["method"] == "anchored")]
    return own[own["arm"] == "large"]


def test_at_the_true_dial_intervals_cover_and_the_bias_is_of_order_one_over_n(anchored):
    own = in_model(anchored)
    own = own[np.isclose(own["gamma"], own["true_dial"])]
    at_random = own[own["true_dial"] == 0]
    assert (at_random["bias"].abs() < 2 * at_random["bias_mc"]).all()
    # Away from nought the mean leans towards that at dial nought; with 1,500 answers hardly.
    assert (own["bias"].abs() < 0.005).all()
    small = pd.read_csv(anchored.RESULTS).query("mechanism == 'normal' and method == 'anchored' and arm == 'small'")
    small = small[np.isclose(small["gamma"], small["true_dial"])]
    assert (small["bias"].abs() < 0.025).all()
    slack = 2 * own["coverage_mc"]
    assert ((own["coverage"] > 0.93 - slack) & (own["coverage"] < 0.97 + slack)).all()


def test_at_a_wrong_dial_the_bias_is_the_formula(anchored):
    own = in_model(anchored)
    own = own[own["count"] == "complete"]
    # The formula is of the population's share of answers; the rest is Monte Carlo and the bias of order 1/n.
    spare = 4 * own["bias_mc"] + 0.02 * own["expected_bias"].abs()
    assert ((own["bias"] - own["expected_bias"]).abs() < spare).all()


@pytest.mark.slow
def test_the_simulation_uses_the_functions_behind_the_public_one(anchored):
    people = anchored.simulate(np.random.default_rng(1), "normal", "strong", -0.4)
    rows = pd.DataFrame(anchored.analyse(people, -0.4))
    for count in ("complete", "sample"):
        found = anchored_nonresponse(
            people,
            outcome="seen",
            arm="arm",
            baseline="y1",
            category="category",
            gamma=-0.4,
            scale=(0.0, 1.0),
            count=count,
        ).estimates.set_index("arm")
        own = rows[(rows["count"] == count) & (rows["gamma"] == -0.4) & (rows["method"] == "anchored")].set_index("arm")
        for column in ("estimate", "std_error", "conf_low"):
            assert own[column].to_numpy() == pytest.approx(found[column][own.index].to_numpy(), rel=1e-9)


@pytest.mark.slow
def test_the_closed_form_of_return_to_baseline_is_the_imputation(robustness):
    study = load_study(ROOT / "data_contracts" / "increase_vs")
    rng = np.random.default_rng(5)
    cohort = simulate_process(study, study.cohort, robustness.PEOPLE, rng)
    people = robustness.lay_out(study, cohort, cohort.answered, rng)
    values, _ = robustness.return_to_baseline(people.assign(d=people["t3"] - people["t1"]))
    long = people.melt(["id", "arm"], ["t1", "t3"], "wave", "y")
    filled = impute(long, outcome="y", subject="id", visit="wave", arm="arm", strategy="return-to-baseline")
    done = filled.completed()
    last = done[done["wave"] == "t3"].groupby("arm", observed=True)["y"].mean()
    assert values == pytest.approx((last - people.groupby("arm", observed=True)["t1"].mean()).to_numpy(), abs=1e-8)


@pytest.mark.slow
def test_a_small_run_agrees_with_the_recorded_one(robustness):
    study = load_study(ROOT / "data_contracts" / "increase_vs")
    found = pd.concat([robustness.replicate(study, 10_000 + number) for number in range(6)])
    again = robustness.summarise(found)
    keys = ["mechanism", "dial", "method", "quantity"]
    both = again.merge(pd.read_csv(robustness.RESULTS), on=keys, suffixes=("", "_recorded")).dropna(subset="bias")
    error = np.hypot(both["bias_mc"], both["bias_mc_recorded"])
    # Six cohorts know their own spread badly: t on five degrees of freedom.
    assert ((both["bias"] - both["bias_recorded"]).abs() < 8 * error).mean() > 0.97
