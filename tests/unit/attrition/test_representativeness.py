"""Indicators of representativeness against sums written out, closed forms and a simulation of their bias."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import representativeness
from increase_eval.errors import InsufficientDataError

CLOSED = 1e-9
"""A converged logit (steps to 1e-12) against sums of the same probabilities."""


def people(counts: dict[tuple[str, str], tuple[int, int]]) -> pd.DataFrame:
    """Give people by two characteristics: so many who answered, so many who did not."""
    rows = [
        {"sex": sex, "age": age, "t2": int(place < answered)}
        for (sex, age), (answered, missed) in counts.items()
        for place in range(answered + missed)
    ]
    return pd.DataFrame(rows)


DATA = people({("f", "old"): (30, 20), ("f", "young"): (20, 40), ("m", "old"): (25, 25), ("m", "young"): (5, 35)})


def test_a_saturated_model_has_a_closed_form() -> None:
    data = DATA.assign(cell=DATA["sex"] + DATA["age"])
    found = representativeness(data, answered="t2", covariates=["cell"])
    # N_c = 50, 60, 50, 40 and p_c = .6, 1/3, .5, .125; the mean is 80/200.
    n, p = np.array([50, 60, 50, 40]), np.array([0.6, 1 / 3, 0.5, 0.125])
    variance = n @ (p - 0.4) ** 2 / 200
    # Estimating four shares adds p(1-p)/N_c to each, weighted N_c/N, less the variance of their mean.
    added = (p * (1 - p)).sum() / 200 - n @ (p * (1 - p)) / 200**2
    assert found.response_share == pytest.approx(0.4)
    assert found.s_rho_unadjusted == pytest.approx(np.sqrt(variance), rel=CLOSED)
    assert found.s_rho == pytest.approx(np.sqrt(variance - added), rel=CLOSED)
    assert found.largest_bias == pytest.approx(found.s_rho / 0.4, rel=CLOSED)
    assert found.r_indicator == pytest.approx(1 - 2 * found.s_rho, rel=CLOSED)
    assert found.lowest_possible == pytest.approx(1 - 2 * np.sqrt(0.24))


def test_partial_indicators_are_sums_person_by_person() -> None:
    found = representativeness(DATA, answered="t2", covariates=["sex", "age"])
    # The main-effects logit, by a plain Newton on the rows.
    x = np.column_stack([np.ones(len(DATA)), DATA["sex"] == "m", DATA["age"] == "young"]).astype(float)
    y, b = DATA["t2"].to_numpy(float), np.zeros(3)
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ b))
        b = b + np.linalg.solve(x.T @ (x * (p * (1 - p))[:, None]), x.T @ (y - p))
    p = 1 / (1 + np.exp(-x @ b))
    rho = pd.Series(p)
    for name, other in (("sex", "age"), ("age", "sex")):
        own = found.partial[found.partial["variable"] == name].fillna({"category": "all"}).set_index("category")
        means = rho.groupby(DATA[name]).transform("mean")
        assert own.loc["all", "unconditional"] == pytest.approx(np.sqrt(((means - p.mean()) ** 2).mean()), rel=CLOSED)
        within = (rho - rho.groupby(DATA[other]).transform("mean")) ** 2
        assert own.loc["all", "conditional"] == pytest.approx(np.sqrt(within.mean()), rel=CLOSED)
        for category in DATA[name].unique():
            inside = (DATA[name] == category).to_numpy()
            gap = np.sqrt(inside.mean()) * (p[inside].mean() - p.mean())
            assert own.loc[category, "unconditional"] == pytest.approx(gap, rel=CLOSED)
            assert own.loc[category, "conditional"] == pytest.approx(
                np.sqrt(within[inside].sum() / len(DATA)), rel=CLOSED
            )


def test_the_adjustment_takes_off_what_estimating_adds() -> None:
    """The closed form above, which the function meets, is unbiased to first order: 20,000 draws."""
    true, n = np.array([0.2, 0.3, 0.45, 0.25]), np.array([60, 40, 50, 70])
    shares = np.random.default_rng(5).binomial(n, true, size=(20_000, 4)) / n
    means, noise = shares @ n / n.sum(), shares * (1 - shares)
    plain = (shares - means[:, None]) ** 2 @ n / n.sum()
    adjusted = plain - noise.sum(axis=1) / n.sum() + noise @ n / n.sum() ** 2
    wanted = n @ (true - n @ true / n.sum()) ** 2 / n.sum()
    taken_off = (plain - adjusted).mean()
    error = adjusted.std(ddof=1) / np.sqrt(20_000)
    assert plain.mean() - wanted > 0.9 * taken_off
    assert abs(adjusted.mean() - wanted) < 0.05 * taken_off + 3 * error


@pytest.mark.parametrize(("share", "floor"), [(0.064, 0.5105), (0.5, 0.0), (0.1, 0.4)])
def test_r_cannot_fall_below_its_floor(share: float, floor: float) -> None:
    n = 1000
    answered = np.arange(n) < round(share * n)
    # Whoever answered is told by the covariate alone: the worst there is, but for one person on each side.
    group = np.where(answered, "in", "out")
    group[0], group[-1] = "out", "in"
    found = representativeness(pd.DataFrame({"g": group, "a": answered}), answered="a", covariates=["g"])
    assert found.lowest_possible == pytest.approx(floor, abs=5e-5)
    assert found.lowest_possible < found.r_indicator_unadjusted < found.lowest_possible + 0.05


def test_everybody_answered() -> None:
    found = representativeness(
        DATA.assign(t2=1), answered="t2", covariates=["sex"], draws=5, rng=np.random.default_rng(1)
    )
    assert (found.s_rho, found.largest_bias, found.r_indicator, found.lowest_possible) == (0.0, 0.0, 1.0, 1.0)
    assert found.intervals.empty
    assert found.status == "ok"


def test_nobody_answered_is_refused() -> None:
    with pytest.raises(InsufficientDataError, match="nobody answered"):
        representativeness(DATA.assign(t2=0), answered="t2", covariates=["sex"])


def test_a_category_that_nobody_answered_from_separates() -> None:
    data = people({("f", "old"): (30, 20), ("m", "old"): (0, 15)})
    found = representativeness(data, answered="t2", covariates=["sex"])
    assert found.status.startswith("separated")
    assert found.s_rho_unadjusted > 0.2


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(11)
    true, n = np.array([0.2, 0.35, 0.5]), np.array([150, 150, 150])
    cells = np.repeat(list("abc"), n)
    wanted = np.sqrt(n @ (true - true.mean()) ** 2 / n.sum())
    hits = 0
    for _ in range(40):
        data = pd.DataFrame({"cell": cells, "t2": rng.random(n.sum()) < np.repeat(true, n)})
        found = representativeness(data, answered="t2", covariates=["cell"], draws=80, rng=rng)
        hits += found.intervals.loc["s_rho", "conf_low"] <= wanted <= found.intervals.loc["s_rho", "conf_high"]
    # Binomial(40, .95): 33 or fewer has a chance of one in two hundred.
    assert hits > 33


@pytest.mark.parametrize("dtype", ["bool", "int64", "Int64", "boolean", "float64"])
def test_the_response_may_be_any_kind_of_truth_value(dtype: str) -> None:
    found = representativeness(DATA.astype({"t2": dtype}), answered="t2", covariates=["sex"])
    assert found.response_share == pytest.approx(0.4)


def test_odd_tables() -> None:
    odd = DATA.rename(columns={"sex": 0, "age": 1}).set_index(np.zeros(len(DATA), int))
    same = representativeness(DATA, answered="t2", covariates=["sex", "age"])
    assert representativeness(odd, answered="t2", covariates=[0, 1]).s_rho == pytest.approx(same.s_rho, rel=CLOSED)
    holes = DATA.assign(sex=DATA["sex"].where(DATA.index > 9))
    assert representativeness(holes, answered="t2", covariates=["sex", "age"]).n_dropped == 10
    with pytest.raises(ValueError, match="neither true nor false"):
        representativeness(DATA.assign(t2="yes"), answered="t2", covariates=["sex"])
    with pytest.raises(ValueError, match="is missing somewhere"):
        representativeness(DATA.assign(t2=DATA["t2"].where(DATA.index > 9)), answered="t2", covariates=["sex"])


def test_the_estimate_table_has_its_rows() -> None:
    table = representativeness(DATA, answered="t2", covariates=["sex", "age"]).to_frame()
    assert table.loc[table["outcome"] == "responded", "term"].tolist() == [
        "largest_bias", "s_rho", "r_indicator", "lowest_possible"
    ]  # fmt: skip
    assert set(table.loc[table["outcome"] == "sex", "by_category"]) == {"all", "f", "m"}
