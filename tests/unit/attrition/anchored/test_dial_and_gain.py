"""How far the dial is turned, and whether the anchor earns its place."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import anchored_nonresponse, dial_range, fit_dropout_model
from increase_eval.errors import InsufficientDataError


def people(slope=-0.7, seed=1, n=3000):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {"arm": ["a", "b", "c"] * (n // 3), "weak": rng.normal(3, 2, n), "strong": rng.normal(0, 5, n)}
    )
    table["seen"] = rng.random(n) > 1 / (1 + np.exp(-(0.8 + slope * table["strong"] / 5)))
    return table


def test_the_range_is_twice_the_largest_slope_per_standard_deviation():
    table = people()
    found = dial_range(table, observed="seen", scores=["weak", "strong"], arm="arm")
    z = (table["strong"] - table["strong"].mean()) / table["strong"].std()
    model = fit_dropout_model("left ~ z + arm", table.assign(z=z, left=1 - table["seen"].astype(float)))
    slope = model.coefficients.loc["z", "estimate"]
    assert found.score == "strong"
    assert found.largest == pytest.approx(abs(slope), rel=1e-10)
    assert found.ends == (pytest.approx(-2 * abs(slope)), pytest.approx(2 * abs(slope)))
    assert found.grid(5) == pytest.approx([-2 * abs(slope), -abs(slope), 0, abs(slope), 2 * abs(slope)])


def test_a_score_that_separates_falls_back_and_says_so():
    table = people(n=60)
    table["strong"] += np.sign(table["strong"]) * 2
    table["seen"] = table["strong"] > 0
    found = dial_range(table, observed="seen", scores=["strong", "weak"], arm="arm")
    assert "Firth" in found.slopes.loc["strong", "status"]
    assert np.isfinite(found.largest)


def test_what_has_no_range():
    table = people(n=60)
    with pytest.raises(InsufficientDataError, match="no first score"):
        dial_range(table.assign(weak=1.0), observed="seen", scores=["weak"], arm="arm")
    with pytest.raises(InsufficientDataError, match="no first score"):
        dial_range(table.assign(seen=True), observed="seen", scores=["weak"], arm="arm")
    with pytest.raises(ValueError, match="no first score is named"):
        dial_range(table, observed="seen", scores=[], arm="arm")


@pytest.mark.parametrize(("effect", "verdict"), [(2.5, "helps"), (0.0, "does not help")])
def test_the_anchor_helps_where_it_tells_of_the_outcome(effect, verdict):
    rng, n = np.random.default_rng(8), 6000
    table = pd.DataFrame({"arm": "a", "job": rng.choice(["yes", "no"], n), "y1": rng.normal(0, 1, n)})
    table["y3"] = 0.5 * table["y1"] + effect * (table["job"] == "yes") + rng.normal(0, 0.8, n)
    table.loc[rng.random(n) > 0.3, "y3"] = np.nan
    found = anchored_nonresponse(table, outcome="y3", arm="arm", category="job", baseline="y1", gamma=[-0.5, 0.0, 0.5])
    row = found.gain.loc["a"]
    assert row["verdict"] == verdict
    # In the normal model the leverage is the residual variance times the share missing: .64, and 1.5625 more without.
    if effect:
        assert row["cut"] == pytest.approx(1 - 0.64 / (0.64 + effect**2 / 4), abs=0.06)
    else:
        assert abs(row["cut"]) < 0.02
        assert found.notes == ("the anchor does not help in a",)
