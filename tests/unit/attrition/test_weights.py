"""Weights: limits, contradictions, several waves, refusals, and what must hold exactly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from increase_eval.attrition import calibrate_weights, inverse_probability_weights, weighted_model
from increase_eval.errors import ConvergenceError, InsufficientDataError


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(21)
    frame = pd.DataFrame({"id": range(300), "arm": rng.choice(list("ab"), 300), "x": rng.normal(size=300)})
    answered = (rng.uniform(size=300) < 1 / (1 + np.exp(-0.8 * frame["x"]))).astype(int)
    return frame.assign(answered=answered, sex=rng.choice(["f", "m"], 300), y=frame["x"] + rng.normal(size=300))


def test_nobody_leaves_and_every_weight_is_one(data) -> None:
    weights = inverse_probability_weights("answered ~ x", data.assign(answered=1), subject="id")
    assert (weights.values == 1).all()
    assert weights.effective_sample_size == 300


def test_everybody_leaving_is_an_error(data) -> None:
    with pytest.raises(InsufficientDataError, match="nobody answered"):
        inverse_probability_weights("answered ~ x", data.assign(answered=0), subject="id")


def test_weights_by_group_are_one_over_the_share(data) -> None:
    weights = inverse_probability_weights("answered ~ arm", data, subject="id", stabilised=False).values
    shares = data.groupby("arm")["answered"].mean()
    expected = np.where(data["answered"] == 1, 1 / data["arm"].map(shares), 0)
    assert weights.to_numpy() == pytest.approx(expected, rel=1e-8)
    assert weights.sum() == pytest.approx(300, rel=1e-8)


def test_weighting_balances_those_who_answered(data) -> None:
    balance = inverse_probability_weights("answered ~ x", data, subject="id").balance.set_index("term")
    assert abs(balance.loc["x", "after"]) < abs(balance.loc["x", "before"]) / 3


def test_numerators_by_arm(data) -> None:
    weights = inverse_probability_weights("answered ~ arm", data, subject="id", arm="arm").values
    assert weights[data["answered"] == 1].to_numpy() == pytest.approx(np.ones(data["answered"].sum()), rel=1e-8)


def long(patterns: dict[str, int]) -> pd.DataFrame:
    rows, person = [], 0
    for pattern, count in patterns.items():
        for number in range(count):
            rows += [
                {"id": person, "wave": f"t{wave + 1}", "answered": int(bit), "g": "ab"[number % 2]}
                for wave, bit in enumerate(pattern)
            ]
            person += 1
    return pd.DataFrame(rows)


def test_weights_of_waves_multiply() -> None:
    frame = long({"111": 6, "110": 6, "100": 12})
    weights = inverse_probability_weights("answered ~ 1", frame, subject="id", wave="wave", stabilised=False)
    found = frame.assign(w=weights.values)[frame["answered"] == 1].groupby("wave")["w"].unique()
    # 24 of 24, then 12 of 24, then 6 of those 12
    assert [values.tolist() for values in found] == [[1.0], [pytest.approx(2.0)], [pytest.approx(4.0)]]
    assert frame.assign(w=weights.values).groupby("wave")["w"].sum().to_numpy() == pytest.approx([24, 24, 24])


def test_waves_agree_with_models_fitted_one_by_one(data) -> None:
    rng = np.random.default_rng(2)
    second = data.assign(wave="t2", answered=data["answered"] * (rng.uniform(size=300) < 0.6))
    both = pd.concat([data.assign(wave="t1"), second], ignore_index=True)
    weights = inverse_probability_weights(
        "answered ~ x + arm", both, subject="id", wave="wave", stabilised=False
    ).values
    product = np.ones(300)
    for frame, at_risk in ((data, np.ones(300, bool)), (second, (data["answered"] == 1).to_numpy())):
        design = np.column_stack([np.ones(300), frame["x"], frame["arm"] == "b"]).astype(float)[at_risk]
        fit = sm.Logit(frame.loc[at_risk, "answered"].to_numpy(), design).fit(disp=0, tol=1e-13)
        product[at_risk] *= frame.loc[at_risk, "answered"].to_numpy() / fit.predict()
        product[~at_risk] = 0
    assert weights.to_numpy()[300:] == pytest.approx(product, rel=1e-7)


def test_coming_back_is_refused() -> None:
    with pytest.raises(ValueError, match="monotone"):
        inverse_probability_weights("answered ~ 1", long({"111": 5, "101": 2, "100": 3}), subject="id", wave="wave")


def test_who_misses_a_predictor_gets_no_weight_then_and_later(data) -> None:
    both = pd.concat([data.assign(wave="t1", answered=1), data.assign(wave="t2")], ignore_index=True)
    both.loc[5, "x"] = np.nan
    weights = inverse_probability_weights("answered ~ x", both, subject="id", wave="wave")
    assert weights.n_dropped == 2
    assert weights.values[[5, 305]].tolist() == [0, 0]


def test_a_wave_that_a_participant_lacks_is_refused() -> None:
    frame = long({"11": 5, "10": 5}).drop(index=1)
    with pytest.raises(ValueError, match="no row"):
        inverse_probability_weights("answered ~ 1", frame, subject="id", wave="wave")


def test_separation_falls_back_and_says_so(data) -> None:
    always = data.assign(answered=data["answered"] | (data["sex"] == "f"))
    weights = inverse_probability_weights("answered ~ sex", always, subject="id")
    assert any("Firth" in note for note in weights.notes)
    assert np.isfinite(weights.values).all()


def test_refusals_of_response_weights(data) -> None:
    with pytest.raises(ValueError, match="twice"):
        inverse_probability_weights("answered ~ x", pd.concat([data, data]), subject="id")
    with pytest.raises(ValueError, match="trim"):
        inverse_probability_weights("answered ~ x", data, subject="id", trim=0.1)
    with pytest.raises(ValueError, match="leave it out"):
        inverse_probability_weights("answered ~ wave", data.assign(wave=1), subject="id", wave="wave")
    with pytest.raises(ValueError, match="0 and 1"):
        inverse_probability_weights("y ~ x", data, subject="id")


def test_equal_weights_give_robust_least_squares(data) -> None:
    fit = weighted_model("y ~ arm + x", data.assign(w=7.0), weights="w")
    design = sm.add_constant(np.column_stack([data["arm"] == "b", data["x"]]).astype(float))
    expected = sm.OLS(data["y"].to_numpy(), design).fit(cov_type="HC0")
    assert fit.coefficients["estimate"].to_numpy() == pytest.approx(expected.params, rel=1e-9)
    assert fit.vcov == pytest.approx(expected.cov_params() * 300 / 299, rel=1e-8)


def test_weighted_logit_agrees_with_statsmodels(data) -> None:
    weighted = data.assign(w=np.arange(300) % 3 + 1)
    fit = weighted_model("answered ~ x", weighted, weights="w", family="binomial")
    design = sm.add_constant(data["x"].to_numpy())
    expected = sm.GLM(
        data["answered"].to_numpy(), design, sm.families.Binomial(), freq_weights=weighted["w"].to_numpy()
    )
    assert fit.coefficients["estimate"].to_numpy() == pytest.approx(expected.fit(tol=1e-13).params, rel=1e-8)


def test_weights_of_nought_and_missing_rows_are_dropped(data) -> None:
    weighted = data.assign(
        w=np.where(data["id"] < 10, 0.0, 1.0), y=data["y"].mask(data["id"] == 20), site=data["id"] % 30
    )
    fit = weighted_model("y ~ x", weighted, weights="w", cluster="site")
    assert (fit.n, fit.n_dropped, fit.n_clusters, fit.df) == (289, 11, 30, 28)
    with pytest.raises(ValueError, match="negative"):
        weighted_model("y ~ x", data.assign(w=-1.0), weights="w")


def test_counting_the_estimation_agrees_with_the_jackknife(data) -> None:
    def analyse(frame):
        weights = inverse_probability_weights("answered ~ x", frame, subject="id", stabilised=False)
        return weighted_model("y ~ 1", frame.assign(w=weights.values), weights="w", estimated=weights)

    kept = data.iloc[:150]
    found = [analyse(kept.drop(index=row)).coefficients.loc["Intercept", "estimate"] for row in kept.index]
    # the jackknife is larger by terms of order 1/n: about 75 answered, for three parameters
    assert np.sqrt(analyse(kept).vcov[0, 0]) == pytest.approx(np.sqrt(149 * np.var(found)), rel=0.08)


def stacked_variance(equations, theta) -> np.ndarray:
    """Differentiate stacked estimating equations numerically: theta -> (people, parameters)."""
    columns = []
    for j in range(len(theta)):
        step = np.zeros(len(theta))
        step[j] = 1e-6
        columns.append((equations(theta + step) - equations(theta - step)).sum(axis=0) / 2e-6)
    inverse = np.linalg.inv(-np.array(columns).T)
    scores = equations(theta)
    n = len(scores)
    return n / (n - 1) * inverse @ scores.T @ scores @ inverse.T


def test_counting_the_estimation_is_the_sandwich_of_the_stacked_equations(data) -> None:
    weights = inverse_probability_weights("answered ~ x", data, subject="id", stabilised=False)
    fit = weighted_model("y ~ arm", data.assign(w=weights.values), weights="w", estimated=weights)
    z = np.column_stack([np.ones(300), data["x"]])
    x = np.column_stack([np.ones(300), data["arm"] == "b"]).astype(float)
    answered, y = data["answered"].to_numpy(), data["y"].to_numpy()

    def equations(theta):
        p = 1 / (1 + np.exp(-z @ theta[:2]))
        return np.column_stack([(answered - p)[:, None] * z, (answered / p * (y - x @ theta[2:]))[:, None] * x])

    gamma = sm.Logit(answered, z).fit(disp=0, tol=1e-14).params
    theta = np.concatenate([gamma, fit.coefficients["estimate"]])
    # 1e-5: the check differentiates numerically
    assert fit.vcov == pytest.approx(stacked_variance(equations, theta)[2:, 2:], rel=1e-5)
    fixed = weighted_model("y ~ arm", data.assign(w=weights.values), weights="w").vcov
    assert np.trace(fit.vcov) != pytest.approx(np.trace(fixed), rel=1e-3)


def test_estimated_weights_by_group_are_post_stratification(data) -> None:
    weights = inverse_probability_weights("answered ~ arm", data, subject="id", stabilised=False)
    fit = weighted_model("y ~ 1", data.assign(w=weights.values), weights="w", estimated=weights)
    shares, variance = data["arm"].value_counts(normalize=True), 0.0
    means = data[data["answered"] == 1].groupby("arm")["y"].mean()
    centre = shares @ means[shares.index]
    for arm, share in shares.items():
        own = data.loc[(data["answered"] == 1) & (data["arm"] == arm), "y"]
        variance += share**2 * own.var(ddof=0) / len(own) + share * (means[arm] - centre) ** 2 / 300
    assert fit.coefficients.loc["Intercept", "estimate"] == pytest.approx(centre, rel=1e-9)
    assert fit.vcov[0, 0] == pytest.approx(variance * 300 / 299, rel=1e-8)


def test_estimated_weights_of_several_waves_are_the_stacked_sandwich() -> None:
    rng = np.random.default_rng(14)
    x = rng.normal(size=160)
    y = x + rng.normal(size=160)
    first = (rng.uniform(size=160) < 1 / (1 + np.exp(-0.5 - x))).astype(int)
    second = first * (rng.uniform(size=160) < 1 / (1 + np.exp(-0.5 + 0.5 * x)))
    waves = [pd.DataFrame({"id": range(160), "x": x, "wave": w, "answered": a}) for w, a in ((1, first), (2, second))]
    frame = pd.concat(waves, ignore_index=True)
    frame["y"] = np.where((frame["wave"] == 2) & (frame["answered"] == 1), np.tile(y, 2), np.nan)
    weights = inverse_probability_weights("answered ~ x", frame, subject="id", wave="wave", stabilised=False)
    fit = weighted_model("y ~ 1", frame.assign(w=weights.values), weights="w", estimated=weights)
    z = np.column_stack([np.ones(160), x])

    def equations(theta):
        p1, p2 = (1 / (1 + np.exp(-z @ theta[at])) for at in (slice(0, 2), slice(2, 4)))
        mean = second / (p1 * p2) * (y - theta[4])
        return np.column_stack([(first - p1)[:, None] * z, (first * (second - p2))[:, None] * z, mean])

    one = sm.Logit(first, z).fit(disp=0, tol=1e-14).params
    two = sm.Logit(second[first == 1], z[first == 1]).fit(disp=0, tol=1e-14).params
    theta = np.array([*one, *two, fit.coefficients.loc["Intercept", "estimate"]])
    assert fit.vcov[0, 0] == pytest.approx(stacked_variance(equations, theta)[4, 4], rel=1e-5)


def test_weights_that_are_not_those_of_the_column_are_refused(data) -> None:
    weights = inverse_probability_weights("answered ~ x", data, subject="id")
    with pytest.raises(ValueError, match="proportion"):
        weighted_model("y ~ x", data.assign(w=weights.values**2), weights="w", estimated=weights)
    calibrated = calibrate_weights(data, MARGINS)
    with pytest.raises(ValueError, match="response models"):
        weighted_model("y ~ x", data.assign(w=calibrated.values), weights="w", estimated=calibrated)


def test_whether_answered_may_be_a_nullable_boolean(data) -> None:
    plain = inverse_probability_weights("answered ~ x", data, subject="id").values
    nullable = inverse_probability_weights("answered ~ x", data.astype({"answered": "boolean"}), subject="id").values
    assert nullable.to_numpy() == pytest.approx(plain.to_numpy(), rel=1e-12)


MARGINS = {"sex": {"f": 500, "m": 500}, "arm": {"a": 700, "b": 300}}


@pytest.mark.parametrize(
    "options", [{}, {"method": "linear"}, {"method": "logit", "bounds": (0.2, 9.0)}, {"method": "entropy"}]
)
def test_totals_are_met_exactly(data, options) -> None:
    weights = calibrate_weights(data.assign(d=3.0), MARGINS, base="d", **options).values
    for column, totals in MARGINS.items():
        assert weights.groupby(data[column]).sum().to_dict() == pytest.approx(totals, rel=1e-9)


def test_raking_is_iterative_proportional_fitting(data) -> None:
    w = np.ones(300)
    for _ in range(200):
        for column, totals in MARGINS.items():
            sums = pd.Series(w).groupby(data[column]).transform("sum")
            w = (w * data[column].map(totals) / sums).to_numpy()
    assert calibrate_weights(data, MARGINS).values.to_numpy() == pytest.approx(w, rel=1e-8)


def test_the_order_of_margins_and_of_rows_does_not_matter(data) -> None:
    turned = dict(reversed(MARGINS.items()))
    shuffled = data.sample(frac=1, random_state=4)
    found = calibrate_weights(shuffled, turned).values.reindex(data.index)
    assert found.to_numpy() == pytest.approx(calibrate_weights(data, MARGINS).values.to_numpy(), rel=1e-8)


def test_post_strata_of_two_columns(data) -> None:
    cells = {("f", "a"): 10.0, ("f", "b"): 20.0, ("m", "a"): 30.0, ("m", "b"): 40.0}
    weights = calibrate_weights(data, {("sex", "arm"): cells}, method="poststratify")
    sums = weights.values.groupby([data["sex"], data["arm"]]).sum()
    assert sums.to_dict() == pytest.approx(cells, rel=1e-12)


def test_bounds_are_kept(data) -> None:
    weights = calibrate_weights(data, {**MARGINS, "x": 150.0}, method="logit", bounds=(0.3, 8.0)).values
    assert weights.min() >= 0.3
    assert weights.max() <= 8.0
    with pytest.raises(ConvergenceError, match="missed"):
        calibrate_weights(data, MARGINS, method="logit", bounds=(0.9, 1.1))


def test_margins_that_contradict_each_other_are_refused(data) -> None:
    with pytest.raises(ValueError, match="contradict"):
        calibrate_weights(data, {"sex": {"f": 500, "m": 500}, "arm": {"a": 700, "b": 400}})


def test_an_empty_cell_and_a_level_without_total_are_refused(data) -> None:
    with pytest.raises(InsufficientDataError, match="arm=c"):
        calibrate_weights(data, {"arm": {"a": 5, "b": 5, "c": 5}})
    with pytest.raises(ValueError, match="no total for m"):
        calibrate_weights(data, {"sex": {"f": 10}})


def test_a_total_of_nought_takes_the_weight_away(data) -> None:
    weights = calibrate_weights(data, {"sex": {"f": 10, "m": 0}}).values
    assert (weights[data["sex"] == "m"] == 0).all()
    assert weights.sum() == pytest.approx(10)


def test_margins_that_no_weights_can_meet_are_named(data) -> None:
    with pytest.raises(ConvergenceError, match="x"):
        calibrate_weights(data, {"sex": {"f": 10, "m": 10}, "x": 500.0})


def test_missing_margins_get_no_weight(data) -> None:
    gaps = data.assign(sex=data["sex"].mask(data["id"] == 3))
    weights = calibrate_weights(gaps, MARGINS)
    assert weights.values[3] == 0
    assert weights.n_dropped == 1


def test_negative_weights_are_noted(data) -> None:
    weights = calibrate_weights(data, {"sex": {"f": 150, "m": 150}, "x": 280.0}, method="linear")
    assert weights.values.min() < 0
    assert "negative" in weights.notes[0]


def test_refusals_of_calibration(data) -> None:
    with pytest.raises(ValueError, match="bounds"):
        calibrate_weights(data, MARGINS, method="logit")
    with pytest.raises(ValueError, match="one margin"):
        calibrate_weights(data, MARGINS, method="poststratify")
    with pytest.raises(ValueError, match="not in the table"):
        calibrate_weights(data, {"country": {"here": 1}})
    with pytest.raises(ValueError, match="no number"):
        calibrate_weights(data, {"sex": 10.0})
    with pytest.raises(ValueError, match="no margins"):
        calibrate_weights(data, {})
    with pytest.raises(ValueError, match="no arms"):
        calibrate_weights(data, MARGINS).means("y")
