"""The fit against the likelihood written out person by person, with nothing of the library but the design matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import fractional_matrix_power

from increase_eval.comparison import MmrmFit, fit_mmrm
from increase_eval.moments.formulas import learn_design

STRUCTURES = ["us", "toep", "toeph", "ar1", "ar1h", "cs", "csh", "ad", "adh"]
FORMULAS = [
    "y ~ arm * visit",
    "y ~ age + arm * visit",
    "y ~ age * visit + arm * visit",
    "y ~ age * arm * visit",
    "y ~ stress * mode + arm + visit",  # a number and a factor that change from visit to visit
    "y ~ 0 + arm:visit + age",
    "y ~ arm * age + stress:visit",
    "y ~ age * stress + arm * visit",
]


def long_data(seed: int, *, n: int = 70, m: int | None = None, arms: int = 2) -> pd.DataFrame:
    """People with non-monotone gaps, covariates far from zero, and correlated errors."""
    rng = np.random.default_rng(seed)
    m = int(rng.integers(2, 6)) if m is None else m
    factor = np.tril(rng.normal(size=(m, m))) * 0.6 + np.eye(m) * 2.0
    person = pd.DataFrame({"id": rng.permutation(n) * 7, "arm": rng.choice(list("ABCD")[:arms], n)})
    person["age"], person["site"] = rng.normal(45, 12, n), rng.integers(0, 9, n)
    errors = rng.normal(size=(n, m)) @ factor.T
    rows = person.loc[np.repeat(np.arange(n), m)].reset_index(drop=True)
    rows["visit"] = np.tile([f"T{t + 1}" for t in range(m)], n)
    rows["stress"] = rng.normal(3, 1, len(rows))
    rows["mode"] = rng.choice(["paper", "web"], len(rows))
    rows["w"] = rng.uniform(0.5, 2.0, len(rows))
    rows["y"] = 30 + 0.1 * rows["age"] + (rows["arm"] == "B") * np.tile(np.arange(m), n) + errors.ravel()
    rows.loc[rng.random(len(rows)) < 0.25, "y"] = np.nan
    return rows.sample(frac=1, random_state=seed).reset_index(drop=True)


@dataclass
class Brute:
    """Everything as N by N matrices."""

    X: np.ndarray
    y: np.ndarray
    visit: np.ndarray
    person: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, fit: MmrmFit, formula: str, data: pd.DataFrame, weights: str | None = None) -> Brute:
        design = learn_design(formula, data, categorical=["visit"])
        used = data[design.usable(data)].sort_values(["id", "visit"])
        X = pd.DataFrame(design.matrix(used), columns=design.names)[list(fit.coefficients.index)].to_numpy()
        levels = sorted(used["visit"].unique())
        w = np.ones(len(used)) if weights is None else used[weights].to_numpy()
        return cls(X, used["y"].to_numpy(), used["visit"].map(levels.index).to_numpy(), used["id"].to_numpy(), w)

    def V(self, sigma: np.ndarray) -> np.ndarray:
        same = self.person[:, None] == self.person
        return np.where(same, sigma[self.visit[:, None], self.visit], 0.0) / np.sqrt(
            np.outer(self.weights, self.weights)
        )

    def fit(self, sigma: np.ndarray, reml: bool = True) -> tuple[float, np.ndarray, np.ndarray]:
        inverse = np.linalg.inv(self.V(sigma))
        A = self.X.T @ inverse @ self.X
        beta = np.linalg.solve(A, self.X.T @ inverse @ self.y)
        r = self.y - self.X @ beta
        n, p = self.X.shape
        value = (n - p * reml) * np.log(2 * np.pi) + np.linalg.slogdet(self.V(sigma))[1] + r @ inverse @ r
        if reml:
            value += np.linalg.slogdet(A)[1]
        return -0.5 * value, beta, np.linalg.inv(A)


def nearby(structure: str, sigma: np.ndarray, rng: np.random.Generator, size: float) -> np.ndarray:
    """Another covariance of the same structure, a little away."""
    m = len(sigma)
    deviations = np.sqrt(np.diag(sigma))
    rho = sigma / np.outer(deviations, deviations)
    heterogeneous = structure.endswith("h") or structure == "us"
    deviations = deviations * np.exp(size * rng.normal(size=m if heterogeneous else 1))
    if structure == "us":
        change = size * rng.normal(size=(m, m))
        rho = rho + np.tril(change, -1) + np.tril(change, -1).T
    lag = np.abs(np.subtract.outer(np.arange(m), np.arange(m)))
    if structure in ("cs", "csh"):
        rho = np.where(lag == 0, 1.0, rho[1, 0] + size * rng.normal())
    if structure in ("ar1", "ar1h"):
        rho = (rho[1, 0] + size * rng.normal()) ** lag.astype(float)
    if structure in ("toep", "toeph"):
        rho = np.concatenate([[1.0], rho[1:, 0] + size * rng.normal(size=m - 1)])[lag]
    if structure in ("ad", "adh"):
        steps = np.diag(rho, 1) + size * rng.normal(size=m - 1)
        rho = np.array([[np.prod(steps[min(a, b) : max(a, b)]) for a in range(m)] for b in range(m)])
    return rho * np.outer(deviations, deviations)


@pytest.mark.parametrize("seed", range(50))
def test_likelihood_coefficients_and_maximum(seed):
    structure, formula = STRUCTURES[seed % 9], FORMULAS[seed % 8]
    reml, weights = seed % 5 != 0, "w" if seed % 4 == 0 else None
    data = long_data(seed, arms=2 + seed % 2)
    fit = fit_mmrm(
        formula, data, subject="id", visit="visit", covariance=structure, reml=reml, weights=weights, df="satterthwaite"
    )
    assert fit.status.startswith("converged")
    brute, sigma = Brute.of(fit, formula, data, weights), fit.covariance.to_numpy()
    value, beta, vcov = brute.fit(sigma, reml)
    assert fit.log_likelihood == pytest.approx(value, rel=1e-10)
    np.testing.assert_allclose(fit.coefficients["estimate"], beta, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(fit.vcov, vcov, rtol=1e-7, atol=1e-9)
    rng = np.random.default_rng(seed)
    for _ in range(4):
        other = nearby(structure, sigma, rng, 0.01)
        assert brute.fit(other, reml)[0] < value


@pytest.mark.parametrize("seed", [3, 8])
def test_satterthwaite_df_from_numerical_derivatives(seed):
    data = long_data(seed, m=3)
    fit = fit_mmrm(FORMULAS[1], data, subject="id", visit="visit", df="satterthwaite")
    brute, sigma = Brute.of(fit, FORMULAS[1], data), fit.covariance.to_numpy()
    a, b = np.tril_indices(3)

    def at(entries: np.ndarray) -> np.ndarray:
        full = np.zeros((3, 3))
        full[a, b] = full[b, a] = entries
        return full

    entries, k = sigma[a, b], len(a)
    h = 3e-4 * np.abs(np.diag(sigma)).mean()
    steps = h * np.eye(k)
    hessian, gradient = np.zeros((k, k)), np.zeros((k, len(fit.coefficients)))
    for i in range(k):
        up, down = (brute.fit(at(entries + s * steps[i]))[2] for s in (1, -1))
        gradient[i] = np.diag(up - down) / (2 * h)
        for j in range(k):
            corners = [
                brute.fit(at(entries + s * steps[i] + t * steps[j]))[0] * s * t for s in (1, -1) for t in (1, -1)
            ]
            hessian[i, j] = -sum(corners) / (4 * h * h)
    variance = np.einsum("ip,ij,jp->p", gradient, np.linalg.inv(hessian), gradient)
    df = 2 * np.diag(fit.vcov) ** 2 / variance
    np.testing.assert_allclose(fit.coefficients["df"], df, rtol=2e-4)


def test_kenward_roger_linear_written_out():
    data = long_data(11, m=3)
    formula = FORMULAS[1]
    plain = fit_mmrm(formula, data, subject="id", visit="visit", df="satterthwaite")
    fit = fit_mmrm(formula, data, subject="id", visit="visit")
    brute, sigma = Brute.of(fit, formula, data), fit.covariance.to_numpy()
    W = np.linalg.inv(brute.V(sigma))
    X, phi = brute.X, plain.vcov.to_numpy()
    P, Q = {}, {}
    pairs = list(zip(*np.tril_indices(3), strict=True))
    D = {}
    for a, b in pairs:
        unit = np.zeros((3, 3))
        unit[a, b] = unit[b, a] = 1.0
        D[a, b] = brute.V(unit)
        P[a, b] = -X.T @ W @ D[a, b] @ W @ X
    omega = plain.inference.known.entries * plain.layout.scaling.response_scale**4
    middle = np.zeros_like(phi)
    for i, e in enumerate(pairs):
        for j, f in enumerate(pairs):
            Q[e, f] = X.T @ W @ D[e] @ W @ D[f] @ W @ X
            middle += omega[i, j] * (Q[e, f] - P[e] @ phi @ P[f])
    np.testing.assert_allclose(fit.vcov, phi + 2 * phi @ middle @ phi, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("cluster", [None, "site"])
@pytest.mark.parametrize(
    ("kind", "power"), [("empirical", 0.0), ("empirical-bias-reduced", -0.5), ("empirical-jackknife", -1.0)]
)
def test_empirical_errors_and_their_df_with_n_by_n_matrices(kind, power, cluster):
    data, formula = long_data(21, m=3), FORMULAS[4]
    fit = fit_mmrm(formula, data, subject="id", visit="visit", standard_errors=kind, cluster=cluster)
    brute = Brute.of(fit, formula, data)
    _, beta, M = brute.fit(fit.covariance.to_numpy())
    people = [np.flatnonzero(brute.person == i) for i in pd.unique(brute.person)]
    root = np.linalg.inv(np.linalg.cholesky(brute.V(fit.covariance.to_numpy())))
    X, r = root @ brute.X, root @ (brute.y - brute.X @ beta)
    if cluster:
        site = data.drop_duplicates("id").set_index("id")["site"]
        of_row = site.loc[brute.person].to_numpy()
        people = [np.flatnonzero(of_row == s) for s in pd.unique(of_row)]
    H = X @ M @ X.T
    adjust = [fractional_matrix_power(np.eye(len(c)) - H[np.ix_(c, c)], power).real for c in people]
    scores = np.array([X[c].T @ a @ r[c] for c, a in zip(people, adjust, strict=True)])
    np.testing.assert_allclose(fit.vcov, M @ scores.T @ scores @ M, rtol=1e-7, atol=1e-12)
    for k in (0, len(beta) - 1):
        columns = [(np.eye(len(X)) - H)[:, c] @ a @ X[c] @ M[:, k] for c, a in zip(people, adjust, strict=True)]
        G = np.array(columns) @ np.array(columns).T
        assert fit.coefficients["df"].iloc[k] == pytest.approx(np.trace(G) ** 2 / (G**2).sum(), rel=1e-7)


def test_one_covariance_a_group_is_the_sum_of_two_likelihoods():
    data = long_data(5, m=3, n=120)
    together = fit_mmrm("y ~ arm * visit", data, subject="id", visit="visit", covariance_by="arm", df="satterthwaite")
    apart = [
        fit_mmrm("y ~ visit", part, subject="id", visit="visit", df="satterthwaite") for _, part in data.groupby("arm")
    ]
    assert together.log_likelihood == pytest.approx(sum(fit.log_likelihood for fit in apart), rel=1e-10)
    for fit, matrix in zip(apart, together.covariance.values(), strict=True):
        np.testing.assert_allclose(fit.covariance, matrix, rtol=1e-6)
