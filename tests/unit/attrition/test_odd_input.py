"""What a stranger hands in: a clear refusal, or the same numbers in another dress."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from increase_eval.attrition import (
    anchored_nonresponse,
    calibrate_weights,
    fit_dropout_model,
    heckman,
    impute,
    impute_chained,
    inverse_probability_weights,
    lee_bounds,
    little_mcar_test,
    manski_bounds,
    weighted_model,
)
from increase_eval.comparison.engines.generalised_linear import fit_generalised
from increase_eval.errors import InsufficientDataError
from increase_eval.scoring import score_scale
from increase_eval.study import Scale

ROLES = {"outcome": "score", "subject": "id", "visit": "when", "arm": "group"}


def people() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    table = pd.DataFrame({"id": np.arange(60), "group": ["a", "b"] * 30, "x": rng.normal(size=60)})
    return table.assign(
        score=10 + table["x"] + rng.normal(size=60), answered=(rng.random(60) < 0.6).astype(int), weight=1.0
    )


def waves(names: tuple[str, str, str]) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    long = people()[["id", "group"]].merge(pd.DataFrame({"place": [0, 1, 2]}), how="cross")
    long["score"] = 10 + long["place"] * (long["group"] == "b") + rng.normal(size=len(long))
    long["score"] = long["score"].where(long["place"] * 20 <= long["id"])
    return long.assign(when=long["place"].map(dict(enumerate(names))))


@pytest.mark.parametrize(
    "call",
    [
        lambda: little_mcar_test(np.eye(3)),
        lambda: fit_dropout_model("answered ~ x", people().to_dict("list")),
        lambda: inverse_probability_weights("answered ~ x", people().to_dict("list"), subject="id"),
        lambda: calibrate_weights(people().to_dict("list"), {"group": {"a": 1, "b": 1}}),
        lambda: weighted_model("score ~ x", people().to_dict("list"), weights="weight"),
        lambda: heckman("score ~ x", "answered ~ x", people().to_dict("list")),
        lambda: impute(people().to_dict("list"), **ROLES),
        lambda: impute(waves(("T1", "T2", "T3")), **ROLES, delta={"T2": 1.0}),
        lambda: impute_chained(
            people().to_dict("list"), methods={}, draws=2, iterations=1, rng=np.random.default_rng(1)
        ),
        lambda: anchored_nonresponse(people().to_dict("list"), outcome="score", arm="group", category="answered"),
        lambda: score_scale({"q": [1]}, Scale(id="s", items=["q"], range=(1, 5), rule="single")),
    ],
)
def test_what_is_no_table_is_refused_by_its_type(call: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match=r"of the type (dict|ndarray); allowed: a pandas DataFrame"):
        call()


def test_a_column_is_given_by_its_name() -> None:
    data = people()
    with pytest.raises(ValueError, match="given as Series; allowed: the name of a column"):
        weighted_model("score ~ x", data, weights=data["weight"])  # type: ignore[arg-type]


def test_dates_are_no_covariate() -> None:
    data = people().assign(entry=pd.Timestamp("2020-01-01"))
    with pytest.raises(ValueError, match="'entry' holds dates or durations; allowed in a formula: numbers"):
        fit_dropout_model("answered ~ entry", data)


def test_a_margin_may_be_a_series_and_margins_must_be_a_mapping() -> None:
    data, totals = people(), {"a": 300.0, "b": 500.0}
    one = calibrate_weights(data, {"group": totals}).values
    other = calibrate_weights(data, {"group": pd.Series(totals)}).values
    pd.testing.assert_series_equal(one, other)
    with pytest.raises(TypeError, match="margins is of the type NoneType; allowed: a mapping"):
        calibrate_weights(data, None)  # type: ignore[arg-type]


def test_trimming_is_one_quantile() -> None:
    with pytest.raises(ValueError, match="allowed: a quantile between"):
        inverse_probability_weights("answered ~ x", people(), subject="id", trim=(0.1, 0.9))  # type: ignore[arg-type]


def test_weights_say_who_cannot_be_weighted() -> None:
    data = people()
    data.loc[:4, "x"] = np.nan
    weights = inverse_probability_weights("answered ~ x", data, subject="id")
    assert weights.notes == ("5 rows miss something of the formula and have weight 0",)
    assert (weights.values.head(5) == 0).all()


def test_bounds_refuse_series_of_different_rows() -> None:
    data = people()
    turned = data["group"].iloc[::-1]
    with pytest.raises(ValueError, match="Series of different rows"):
        lee_bounds(data["score"], turned, data["answered"])
    with pytest.raises(ValueError, match="Series of different rows"):
        manski_bounds(data["score"], turned, data["answered"], low=0, high=30)
    assert manski_bounds(data["score"], turned.tolist(), data["answered"], low=0, high=30).n_dropped == 0


def test_waves_named_by_numbers_in_text_are_in_the_order_of_the_numbers() -> None:
    plain = impute(waves(("T1", "T2", "T3")), **ROLES, strategy="jr", reference="a").analyse("score ~ group")
    tens = impute(waves(("T8", "T9", "T10")), **ROLES, strategy="jr", reference="a").analyse("score ~ group")
    assert tens["when"].drop_duplicates().tolist() == ["T8", "T9", "T10"]
    np.testing.assert_allclose(tens["estimate"], plain["estimate"], rtol=1e-10)


def test_weights_multiply_over_waves_in_the_order_of_the_numbers() -> None:
    def weights(names: tuple[str, str, str]) -> pd.Series[float]:
        data = waves(names)
        data["answered"] = data["score"].notna().astype(int)
        return inverse_probability_weights("answered ~ group", data, subject="id", wave="when").values

    np.testing.assert_allclose(weights(("T8", "T9", "T10")), weights(("T1", "T2", "T3")), rtol=1e-12)


def test_deltas_may_name_columns_by_their_part() -> None:
    data = waves(("T1", "T2", "T3"))
    own = pd.DataFrame({"when": ["T3"], "group": ["b"], "delta": [-2.0]})
    by_part = own.rename(columns={"when": "visit", "group": "arm"})
    one, other = (impute(data, **ROLES, delta=delta).analyse("score ~ group") for delta in (own, by_part))
    pd.testing.assert_frame_equal(one, other)
    with pytest.raises(ValueError, match="delta holds something that is no number"):
        impute(data, **ROLES, delta=own.assign(delta="much"))


def test_a_seed_is_no_generator() -> None:
    with pytest.raises(TypeError, match="rng is of the type int; allowed: a numpy Generator"):
        impute(waves(("T1", "T2", "T3")), **ROLES, method="bayes", draws=5, rng=3)  # type: ignore[arg-type]


def test_methods_are_a_mapping() -> None:
    with pytest.raises(TypeError, match="methods is of the type list"):
        impute_chained(people(), methods=["x"], draws=2, iterations=1, rng=np.random.default_rng(1))  # type: ignore[arg-type]


def test_totals_are_by_arm_and_category() -> None:
    totals = pd.Series([10, 20], index=["a", "b"])
    with pytest.raises(ValueError, match=r"allowed: \{\(arm, category\): people\}"):
        anchored_nonresponse(
            people(), outcome="score", arm="group", category="answered", population="all", totals=totals, scale=(10, 2)
        )


def test_a_mills_ratio_that_does_not_vary_tells_nothing() -> None:
    with pytest.raises(InsufficientDataError, match="cannot tell inverse_mills"):
        heckman("score ~ 1", "answered ~ 1", people())


def test_a_negative_two_step_variance_has_a_status() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        data = pd.DataFrame({"x": rng.normal(size=40)})
        data = data.assign(y=data["x"] + rng.normal(size=40), s=(data["x"] + rng.normal(size=40) > 0).astype(int))
        fit = heckman("y ~ x", "s ~ x", data)
        missing = bool(fit.outcome["std_error"].isna().any())
        assert missing == ("variance is negative" in fit.status)
        if missing:
            assert abs(fit.rho) > 1
            break
    else:  # pragma: no cover
        raise AssertionError("no data set of the 200 has a negative variance: the test sees nothing")


def test_an_arm_of_one_has_a_status() -> None:
    data = people()
    assert weighted_model("score ~ group", data, weights="weight").status == "ok"
    alone = weighted_model("score ~ group", data.assign(group=["z", *data["group"][1:]]), weights="weight")
    assert "one person or cluster alone" in alone.status
    assert "one person or cluster alone" in alone.to_frame()["status"].iloc[0]


def test_an_arm_in_one_cluster_has_a_status() -> None:
    data = people()
    data["site"] = np.where(data["group"] == "a", "only", data["id"].astype(str))
    fit = weighted_model("score ~ group", data, weights="weight", cluster="site")
    assert "one person or cluster alone" in fit.status
    assert "alone" in weighted_model("y ~ x", data.assign(y=1.0), weights="weight").status


def test_a_probit_keeps_its_digits_far_from_the_middle() -> None:
    # One person at x = 12 has a fitted probability of 1 to the last digit: beyond rounding, 1 - Φ carries the weight.
    data = pd.DataFrame({"x": [-1.0, -0.5, -0.2, 0.1, 0.3, -0.4, 0.5, 0.9, 12.0]})
    response = np.array([0.0, 0, 1, 0, 1, 0, 1, 1, 1])
    matrix = np.column_stack([np.ones(9), data["x"]])
    fit = fit_generalised(matrix, response, ("Intercept", "x"), link="probit")
    assert fit.fitted[-1] == 1.0
    eta = fit.linear_predictor
    weights = np.exp(2 * stats.norm.logpdf(eta) - stats.norm.logcdf(eta) - stats.norm.logsf(eta))
    np.testing.assert_allclose(fit.information, matrix.T @ (matrix * weights[:, None]), rtol=1e-12)
    near = fit_generalised(matrix[:-1], response[:-1], ("Intercept", "x"), link="probit")
    np.testing.assert_allclose(fit.coefficients, near.coefficients, rtol=1e-8)
    np.testing.assert_allclose(fit.vcov, near.vcov, rtol=1e-8)
