"""Data augmentation from moments: the posterior where it is known, and the augmentation person by person."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import impute
from increase_eval.attrition.imputation.bayes import _augment, bayes_parameters
from increase_eval.comparison.repeated import fit_mmrm
from increase_eval.errors import InsufficientDataError

FIVE_ERRORS = 5.0
ROLES = {"outcome": "y", "subject": "id", "visit": "visit", "arm": "arm"}


def trial(n: int = 60, seed: int = 2, gone: float = 0.3) -> pd.DataFrame:
    """Two arms, three visits; each visit but the first is missing with the chance ``gone``."""
    rng = np.random.default_rng(seed)
    people = pd.DataFrame({"id": np.arange(n), "arm": np.where(np.arange(n) % 2, "new", "old")})
    long = people.merge(pd.DataFrame({"visit": [1, 2, 3]}), how="cross")
    long["y"] = 1e4 + 3 * (np.repeat(rng.normal(size=n), 3) + rng.normal(size=3 * n) + long["visit"])
    long.loc[(rng.random(3 * n) < gone) & (long["visit"] > 1), "y"] = np.nan
    return long


def test_posterior_of_complete_data() -> None:
    # Means of arm and visit are normal about the sample's; the covariance is inverse Wishart on n - p df.
    data = trial(gone=0.0)
    fit = fit_mmrm("y ~ 0 + arm:visit", data, subject="id", visit="visit")
    draws, r_hat = bayes_parameters(fit, 2000, np.random.default_rng(3))
    wide = data.pivot_table(index=["arm", "id"], columns="visit", values="y")
    residual = wide - wide.groupby("arm").transform("mean")
    products = residual.T @ residual
    n, m, arms = len(wide), 3, 2
    expected = products / (n - arms - m - 1)
    spread = draws.sigma.std(axis=0)
    assert (np.abs(draws.sigma.mean(axis=0) - expected) < FIVE_ERRORS * spread / np.sqrt(2000)).all(axis=None)
    # Var of an inverse Wishart's diagonal on v df: 2 s^2/((v - m - 1)^2 (v - m - 3)).
    v = n - arms
    wanted = np.sqrt(2 * np.diag(products) ** 2 / ((v - m - 1) ** 2 * (v - m - 3)))
    np.testing.assert_allclose(np.diag(spread), wanted, rtol=0.12)  # five errors: the tail is heavy
    names = fit.coefficients.index
    means = wide.groupby("arm").mean()
    for at, name in enumerate(names):
        arm, visit = name.replace("arm[", "").replace("visit[", "").replace("]", "").split(":")
        arm, visit = arm.removeprefix("T."), visit.removeprefix("T.")
        drawn = draws.beta[:, at]
        assert abs(drawn.mean() - means.loc[arm, int(visit)]) < FIVE_ERRORS * drawn.std() / np.sqrt(2000)
        error = np.sqrt(expected.loc[int(visit), int(visit)] / (n / 2))
        assert drawn.std() == pytest.approx(error, rel=FIVE_ERRORS / np.sqrt(4000))
    assert r_hat < 1.05


@pytest.mark.parametrize("n", [1, 2, 9])
def test_cross_products_are_those_of_people_drawn_one_by_one(n) -> None:
    # Two observed visits and two missing ones; with one person the observed products have rank one.
    rng = np.random.default_rng(4)
    root = rng.normal(size=(4, 4)) + 2 * np.eye(4)
    sigma, seen = root @ root.T, rng.normal(size=(n, 2))
    o, gone, runs = np.array([0, 2]), np.array([1, 3]), 20_000
    R = np.broadcast_to(seen.T @ seen, (runs, 2, 2))
    cross, inner = _augment(R, np.broadcast_to(sigma, (runs, 4, 4)), o, gone, n, rng)
    slopes = np.linalg.solve(sigma[np.ix_(o, o)], sigma[np.ix_(o, gone)]).T
    left = sigma[np.ix_(gone, gone)] - slopes @ sigma[np.ix_(o, gone)]
    drawn = seen @ slopes.T + rng.multivariate_normal(np.zeros(2), left, size=(runs, n))
    ours = np.concatenate([cross.reshape(runs, -1), inner.reshape(runs, -1)], axis=1)
    with_seen, among = np.einsum("rnk,no->rko", drawn, seen), np.einsum("rnk,rnl->rkl", drawn, drawn)
    theirs = np.concatenate([with_seen.reshape(runs, -1), among.reshape(runs, -1)], axis=1)
    error = np.hypot(ours.std(axis=0), theirs.std(axis=0)) / np.sqrt(runs)
    assert (np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) < FIVE_ERRORS * error).all()
    # Second moments, by the spread of each and of their sum.
    for one, other in ((ours, theirs), (ours.sum(axis=1)[:, None], theirs.sum(axis=1)[:, None])):
        np.testing.assert_allclose(one.std(axis=0), other.std(axis=0), rtol=0.08)


def test_close_to_approximate_bayes_with_gaps() -> None:
    data = trial(120)
    found = {}
    for method in ("approximate-bayes", "bayes"):
        filled = impute(data, **ROLES, method=method, draws=300, rng=np.random.default_rng(5))
        found[method] = filled.analyse("y ~ arm").query("term == 'arm[T.new]'").set_index("visit")
    one, other = found["bayes"], found["approximate-bayes"]
    assert (np.abs(one["estimate"] - other["estimate"]) < 0.15 * other["std_error"]).all()
    np.testing.assert_allclose(one["std_error"], other["std_error"], rtol=0.08)
    assert (one["variance"] == "rubin").all()


def test_reproducible_and_labelled() -> None:
    data = trial()
    told: list[tuple[int, int]] = []
    options = {"method": "bayes", "draws": 4}
    one = impute(data, **ROLES, **options, rng=np.random.default_rng(1), progress=lambda *seen: told.append(seen))
    again = impute(data, **ROLES, **options, rng=np.random.default_rng(1))
    pd.testing.assert_frame_equal(one.values, again.values)
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert "bayes, 4 draws" in one.description
    assert one.r_hat == again.r_hat
    assert len(one.datasets) == 4
    with pytest.raises(ValueError, match="bayes needs rng"):
        impute(data, **ROLES, method="bayes", draws=4)
    with pytest.raises(InsufficientDataError, match="too few to draw"):
        impute(trial(8, gone=0.0), **ROLES, method="bayes", draws=4, rng=np.random.default_rng(1))
