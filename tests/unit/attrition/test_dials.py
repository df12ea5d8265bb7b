"""Dials against closed forms and known truths."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition.dials import turn_dial
from increase_eval.errors import InsufficientDataError

SOLVED = 1e-8
"""Newton to 1e-11 of the totals, roots to 1e-10."""


def table(n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    x = rng.normal(size=n)
    y = 1 + x + rng.normal(size=n)
    return pd.DataFrame({"y": np.where(np.arange(n) % 3 > 0, y, np.nan), "x": x})


def test_pattern_mixture_moves_the_mean_by_the_share_missing() -> None:
    data = table()
    seen = data["y"].notna()
    slope, intercept = np.polyfit(data.loc[seen, "x"], data.loc[seen, "y"], 1)
    start = np.where(seen, data["y"], intercept + slope * data["x"]).mean()
    found = turn_dial("y ~ x", data, model="pattern-mixture", settings=[0.0, -0.6])
    assert found.curve["estimate"].tolist() == pytest.approx([start, start - 0.6 / 3], rel=1e-10)
    assert found.needed == pytest.approx(-3 * start, rel=SOLVED)
    low = found.curve["conf_low"].iloc[0]
    # The mean, moved, is as far from nought as the interval is wide.
    assert found.needed_for_doubt == pytest.approx(-3 * low, rel=SOLVED)


def test_a_binary_dial_moves_log_odds() -> None:
    data = pd.DataFrame({"y": [1.0] * 6 + [0.0] * 4 + [np.nan] * 10})
    found = turn_dial("y ~ 1", data, model="pattern-mixture", settings=[np.log(2.0)], family="binomial", target=0.5)
    # Of those missing 6/4 x 2 = 3 to 1: 0.75. In all (6 + 7.5)/20.
    assert found.curve["estimate"].tolist() == pytest.approx([0.675], rel=SOLVED)
    # One half needs 0.4 of those missing: log odds log(2/3) - log(3/2).
    assert found.needed == pytest.approx(np.log(2 / 3) - np.log(3 / 2), rel=SOLVED)


def test_selection_without_covariates_has_a_closed_form() -> None:
    y = np.array([1.0, 2.0, 4.0, 7.0])
    data = pd.DataFrame({"y": [*y, np.nan, np.nan]})
    found = turn_dial("y ~ 1", data, model="selection", settings=[0.0, 0.3], scale=2.0)
    tilt = np.exp(0.3 * y / 2)
    assert found.curve["estimate"].tolist() == pytest.approx(
        [y.mean(), (y.sum() + 2 * (tilt @ y) / tilt.sum()) / 6], rel=SOLVED
    )


def test_selection_at_nought_is_post_stratification() -> None:
    data = pd.DataFrame({"g": list("aaabbbbb"), "y": [1.0, 3.0, np.nan, 5.0, 6.0, np.nan, np.nan, np.nan]})
    found = turn_dial("y ~ g", data, model="selection", settings=[0.0])
    # Three of group a with mean 2, five of group b with mean 5.5.
    assert found.curve["estimate"].tolist() == pytest.approx([(3 * 2 + 5 * 5.5) / 8], rel=SOLVED)


def test_selection_in_a_normal_model_moves_those_missing_by_dial_times_variance() -> None:
    rng = np.random.default_rng(6)
    n, gamma = 200_000, 0.5
    x = rng.normal(size=n)
    y = 0.5 * x + rng.normal(size=n)
    missing = rng.random(n) < 1 / (1 + np.exp(-(-0.4 + 0.3 * x + gamma * y)))
    data = pd.DataFrame({"x": x, "y": np.where(missing, np.nan, y)})
    found = turn_dial("y ~ x", data, model="selection", settings=[0.0, gamma], scale=1.0, groups=np.arange(n) % 2)
    at_nought, at_truth = found.curve["estimate"]
    # The truth is nought; at nought the dial is off by what those missing lie higher, gamma x variance 1.
    error = 3 * np.sqrt(1.25 / n) + 0.004
    assert at_truth == pytest.approx(y.mean(), abs=error)
    assert at_nought == pytest.approx(y.mean() - missing.mean() * gamma, abs=0.02)


def test_nobody_missing_leaves_the_mean_at_every_setting() -> None:
    data = table().dropna()
    for model in ("pattern-mixture", "selection"):
        found = turn_dial("y ~ x", data, model=model, settings=[-1.0, 0.0, 1.0])
        assert found.curve["estimate"].tolist() == pytest.approx([data["y"].mean()] * 3, rel=1e-12)
        assert np.isnan(found.needed)
        assert found.to_frame().set_index("term").loc["needed", "status"] == "no setting leads there"


def test_doubt_is_there_already_where_the_interval_holds_the_target() -> None:
    data = table()
    found = turn_dial("y ~ x", data, model="selection", settings=[0.0], target=float(data["y"].mean()))
    assert found.needed_for_doubt == 0.0


def test_odd_tables() -> None:
    data = table()
    odd = data.set_index(np.zeros(len(data), int)).astype({"y": "Float64"})
    same = turn_dial("y ~ x", data, model="selection", settings=[0.2]).curve["estimate"].iloc[0]
    assert turn_dial("y ~ x", odd, model="selection", settings=[0.2]).curve["estimate"].iloc[0] == pytest.approx(same)
    holes = data.assign(x=data["x"].where(data.index > 4))
    assert turn_dial("y ~ x", holes, model="selection", settings=[0.0]).n_dropped == 5
    with pytest.raises(ValueError, match="no number"):
        turn_dial("y ~ x", data.assign(y="high"), model="selection", settings=[0.0])
    with pytest.raises(ValueError, match="other values than 0 and 1"):
        turn_dial("y ~ x", data, model="pattern-mixture", settings=[0.0], family="binomial")
    with pytest.raises(InsufficientDataError, match="two are needed"):
        turn_dial("y ~ x", data.assign(y=np.nan), model="selection", settings=[0.0])
    with pytest.raises(ValueError, match="model is"):
        turn_dial("y ~ x", data, model="both", settings=[0.0])
