"""Input that other people send: labels that repeat, tables with states missing, levels too rare for a bootstrap."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from increase_eval.comparison import (
    ancova,
    baseline_characteristics,
    cluster_robust,
    cramers_v,
    marginal_homogeneity,
    mediation,
)
from increase_eval.errors import InsufficientDataError


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(12)
    frame = pd.DataFrame({"site": rng.integers(0, 10, 200), "x": rng.normal(size=200)})
    frame["event"] = (rng.random(200) < 1 / (1 + np.exp(-frame["x"]))).astype(int)
    return frame.assign(y=frame["x"] + rng.normal(size=10)[frame["site"]] + rng.normal(size=200))


def test_clusters_go_by_position_where_the_labels_of_rows_repeat(data) -> None:
    twice = data.set_axis(list(range(100)) * 2)
    # labels 0 to 99 are all there, and would match every row of the second half with the clusters of the first
    found = cluster_robust(ancova("y ~ x", twice), pd.Series(data["site"].to_numpy()))
    assert found.vcov == pytest.approx(cluster_robust(ancova("y ~ x", data), data["site"]).vcov, rel=1e-12)
    with pytest.raises(ValueError, match="the model used"):
        cluster_robust(ancova("y ~ x", twice.assign(x=twice["x"].where(twice["x"] < 1))), data["site"])


@pytest.mark.parametrize(("family", "fit"), [("Binomial", smf.logit), ("Poisson", smf.poisson)])
def test_discrete_models_of_statsmodels_are_their_generalised_linear_models(data, family, fit) -> None:
    discrete = fit("event ~ x", data).fit(disp=0, tol=1e-13, method="newton")
    linear = smf.glm("event ~ x", data, family=getattr(sm.families, family)()).fit(tol=1e-13)
    one, other = cluster_robust(discrete, data["site"]), cluster_robust(linear, data["site"])
    assert one.vcov == pytest.approx(other.vcov, rel=1e-6)
    assert one.coefficients["df"].to_numpy() == pytest.approx(other.coefficients["df"].to_numpy(), rel=1e-6)


def test_a_cross_table_without_a_state_that_nobody_was_in_gets_its_noughts_back() -> None:
    before, after = pd.Series(list("aabbcc")), pd.Series(list("abbaab"))
    table = pd.crosstab(before, after)
    assert table.shape == (3, 2)
    found = marginal_homogeneity(table)
    full = marginal_homogeneity(pd.DataFrame([[1, 1, 0], [1, 1, 0], [1, 1, 0]], list("abc"), list("abc")))
    assert found.stuart_maxwell == full.stuart_maxwell
    assert found.states == ("a", "b", "c")
    assert marginal_homogeneity(table.T).bowker.statistic == full.bowker.statistic
    with pytest.raises(ValueError, match="same states"):
        marginal_homogeneity(pd.DataFrame([[1, 2], [3, 4]], ["a", "b"], ["b", "c"]))


def test_a_corrected_v_is_never_above_one() -> None:
    assert cramers_v([[1, 0], [0, 2]]) == 1.0


def test_a_bootstrap_draw_without_a_level_is_drawn_again_or_refused(data) -> None:
    few = data.assign(t=(data.index < 4).astype(int))
    ask = {"treatment": "t", "mediator": "x", "method": "bootstrap", "draws": 300}
    found = mediation("y ~ t + x", "x ~ t", few, **ask, rng=np.random.default_rng(1))
    assert np.isfinite([found.indirect.conf_low, found.indirect.conf_high]).all()
    lone = data.assign(t=(data.index < 1).astype(int))
    with pytest.raises(InsufficientDataError, match="too few people"):
        mediation("y ~ t + x", "x ~ t", lone, **ask, rng=np.random.default_rng(1))


def test_an_outcome_that_is_fitted_exactly_has_no_test(data) -> None:
    for y in (np.ones(200), 2 * data["x"] + 1):
        with pytest.raises(InsufficientDataError, match="fitted exactly"):
            ancova("y ~ x", data.assign(y=y))


def test_a_characteristic_that_one_country_did_not_ask_is_missing_nowhere() -> None:
    people = pd.DataFrame(
        {"participant": list("pqrs"), "arm": ["a", "a", "b", "b"], "minority": ["yes", None, None, None]}
    )
    reasons = pd.DataFrame(
        {"participant": ["r", "s", "q"], "column": "minority", "reason": ["not_asked"] * 2 + ["left"]}
    )
    table = baseline_characteristics(people, columns=["minority"], missing_reasons=reasons).set_index("by_arm")
    assert table["n"].to_dict() == {"a": 1, "b": 0, "all": 1}
    assert table["n_dropped"].to_dict() == {"a": 1, "b": 0, "all": 1}
    assert table["status"].to_dict() == {"a": "ok", "b": "not asked", "all": "ok"}
    before = baseline_characteristics(people, columns=["minority"]).set_index("by_arm")
    assert before["n_dropped"].to_dict() == {"a": 1, "b": 2, "all": 3}
