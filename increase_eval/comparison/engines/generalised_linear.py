"""Generalised linear models by Newton's method, with Firth's penalty where separation leaves no maximum.

Families: gaussian (identity), binomial (logit, probit, cloglog), poisson (log). Fitted by Fisher scoring with step
halving to a relative change of 1e-12.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from increase_eval.comparison.engines.estimating_equations import EstimatingEquations
from increase_eval.comparison.engines.separation import binary_comparisons, separates
from increase_eval.errors import ConvergenceError

Floats = npt.NDArray[np.float64]
Family = Literal["gaussian", "binomial", "poisson"]
Link = Literal["identity", "logit", "probit", "cloglog", "log"]

MAX_ITERATIONS = 100
TOLERANCE = 1e-12
FIRTH_TOLERANCE = 1e-9
"""Largest last step of a linear predictor under Firth's penalty."""
LONGEST_STEP = 2.0
"""Of a linear predictor, in one step under Firth's penalty."""
SUSPICIOUS_PROBABILITY = 1e-5
"""A fitted probability nearer than this to 0 or 1 calls for a look at separation."""

CANONICAL: dict[str, Link] = {"gaussian": "identity", "binomial": "logit", "poisson": "log"}


@dataclass(frozen=True, slots=True)
class LinkFunction:
    """The inverse of a link and its derivative, as functions of the linear predictor."""

    mean: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]


def _normal_density(eta: Floats) -> Floats:
    return np.asarray(np.exp(-(eta**2) / 2) / np.sqrt(2 * np.pi))


LINKS: dict[str, LinkFunction] = {
    "identity": LinkFunction(lambda eta: eta, np.ones_like),
    "log": LinkFunction(lambda eta: np.exp(np.minimum(eta, 700)), lambda eta: np.exp(np.minimum(eta, 700))),
    "logit": LinkFunction(special.expit, lambda eta: special.expit(eta) * special.expit(-eta)),
    "probit": LinkFunction(special.ndtr, _normal_density),
    "cloglog": LinkFunction(
        lambda eta: -np.expm1(-np.exp(np.minimum(eta, 50))),
        lambda eta: np.exp(np.minimum(eta, 50) - np.exp(np.minimum(eta, 50))),
    ),
}


@dataclass(frozen=True, slots=True)
class GeneralisedFit:
    """A generalised linear model, fitted.

    Attributes
    ----------
    names
        Names of the p columns.
    matrix, response, weights
        Shapes (n, p), (n,), (n,).
    coefficients, linear_predictor, fitted
        Shapes (p,), (n,), (n,).
    information
        Expected information of the coefficients (dispersion 1), shape (p, p).
    log_likelihood
        Weighted; for gaussian at the maximum likelihood variance.
    family, link
        What was fitted.
    is_separated
        Whether the data separate, so that no maximum exists (or, after Firth's penalty, did not).
    """

    names: tuple[str, ...]
    matrix: Floats
    response: Floats
    weights: Floats
    coefficients: Floats
    linear_predictor: Floats
    fitted: Floats
    information: Floats
    log_likelihood: float
    family: str
    link: str
    is_separated: bool = False

    @property
    def vcov(self) -> Floats:
        """Inverse of the expected information, shape (p, p)."""
        return np.asarray(np.linalg.inv(self.information))

    def equations(self) -> EstimatingEquations:
        """Give the score equations: u_i = w_i x_i (y_i - μ_i) μ'/V(μ), with the expected information."""
        ratio = _slope_over_variance(self.linear_predictor, self.family, self.link)
        factor = self.weights * (self.response - self.fitted) * ratio
        return EstimatingEquations(self.matrix * factor[:, None], self.information)


def variance_function(mean: Floats, family: str) -> Floats:
    """Give V(μ): 1, μ(1 - μ) or μ, kept off nought."""
    if family == "gaussian":
        return np.ones_like(mean)
    return np.maximum(mean * (1 - mean) if family == "binomial" else mean, 1e-300)


def fit_generalised(
    matrix: Floats,
    response: Floats,
    names: Sequence[str],
    *,
    family: Family = "binomial",
    link: Link | None = None,
    weights: Floats | None = None,
    firth_if_separated: bool = False,
) -> GeneralisedFit:
    """Fit a generalised linear model of full rank.

    Raises
    ------
    ConvergenceError
        If Newton's method does not arrive, or the data separate and `firth_if_separated` is false.
    """
    link = link or CANONICAL[family]
    w = np.ones(len(response)) if weights is None else weights
    # Columns far from nought (a year of birth) would drown the last digits of a step: orthogonal ones do not.
    basis, back = _orthogonal(matrix)
    beta, converged = _newton(basis, response, w, family, link)
    eta = basis @ beta
    # Newton's method can seem to arrive where probabilities round to 0 and 1: the linear programme decides.
    mean = LINKS[link].mean(eta)
    extreme = float(np.minimum(mean, 1 - mean).min()) < SUSPICIOUS_PROBABILITY
    suspicious = family == "binomial" and (not converged or extreme)
    separated = suspicious and separates(binary_comparisons(matrix[w > 0], response[w > 0]))
    if separated and firth_if_separated:
        if link != "logit":
            raise ConvergenceError(f"the data separate, and the fall-back (Firth's penalty) is for logit, not {link}")
        beta, converged = firth_logit(basis, response, w)
    elif separated:
        raise ConvergenceError("the data separate: some rows are predicted perfectly, and no maximum exists")
    if not converged:
        raise ConvergenceError(f"the {family} model did not converge in {MAX_ITERATIONS} steps")
    return _result(
        matrix, response, w, tuple(names), np.asarray(np.linalg.solve(back, beta), dtype=float), family, link, separated
    )


def _orthogonal(matrix: Floats) -> tuple[Floats, Floats]:
    """Give orthogonal columns of root mean square 1, and the triangle that leads from coefficients to theirs."""
    basis, triangle = np.linalg.qr(matrix)
    scale = np.sqrt(len(matrix))
    return np.asarray(basis * scale), np.asarray(triangle / scale)


def _result(
    x: Floats, y: Floats, w: Floats, names: tuple[str, ...], beta: Floats, family: str, link: str, separated: bool
) -> GeneralisedFit:
    eta = x @ beta
    mu = LINKS[link].mean(eta)
    information = _information(x, eta, w, family, link)
    log_likelihood = _log_likelihood(y, eta, w, family, link)
    return GeneralisedFit(names, x, y, w, beta, eta, mu, information, log_likelihood, family, link, separated)


def _newton(x: Floats, y: Floats, w: Floats, family: str, link: str) -> tuple[Floats, bool]:
    beta = _start(x, y, w, family, link)
    value = _objective(x, y, w, beta, family, link)
    for _ in range(MAX_ITERATIONS):
        eta = x @ beta
        mu = LINKS[link].mean(eta)
        score = x.T @ (w * (y - mu) * _slope_over_variance(eta, family, link))
        try:
            step = np.linalg.solve(_information(x, eta, w, family, link), score)
        except np.linalg.LinAlgError:
            return beta, False
        if not np.isfinite(step).all():
            return beta, False
        for _ in range(40):
            trial = _objective(x, y, w, beta + step, family, link)
            # Rounding of the objective must not keep the last steps from being taken.
            if np.isfinite(trial) and trial >= value - 1e-10 * (1 + abs(value)):
                break
            step = step / 2
        beta, value = beta + step, trial
        if np.abs(x @ step).max() < TOLERANCE * (1 + np.abs(eta).max()):
            return beta, True
    return beta, False


def _start(x: Floats, y: Floats, w: Floats, family: str, link: str) -> Floats:
    if family == "gaussian":
        guess = y
    elif family == "poisson":
        guess = np.log(y + 0.5)
    else:
        shrunk = (y + 0.5) / 2
        inverse = {"logit": special.logit, "probit": special.ndtri, "cloglog": lambda p: np.log(-np.log1p(-p))}
        guess = inverse[link](shrunk)
    root = np.sqrt(w)
    return np.asarray(np.linalg.lstsq(x * root[:, None], root * guess, rcond=None)[0])


def _information(x: Floats, eta: Floats, w: Floats, family: str, link: str) -> Floats:
    working = w * LINKS[link].slope(eta) * _slope_over_variance(eta, family, link)
    return np.asarray(x.T @ (x * working[:, None]))


def _slope_over_variance(eta: Floats, family: str, link: str) -> Floats:
    """Give μ'/V(μ) from the linear predictor, where 1 - μ would lose all its digits as μ nears 1."""
    if link == CANONICAL[family]:
        return np.ones_like(eta)
    if link == "probit":
        return np.asarray(
            np.exp(-(eta**2) / 2 - np.log(2 * np.pi) / 2 - special.log_ndtr(eta) - special.log_ndtr(-eta))
        )
    hazard = np.exp(np.clip(eta, -700, 50))
    return np.asarray(hazard / -np.expm1(-hazard))


def _objective(x: Floats, y: Floats, w: Floats, beta: Floats, family: str, link: str) -> float:
    eta = x @ beta
    if family == "gaussian":
        return float(-(w @ (y - eta) ** 2) / 2)
    return _log_likelihood(y, eta, w, family, link)


def _log_likelihood(y: Floats, eta: Floats, w: Floats, family: str, link: str) -> float:
    if family == "gaussian":
        squares = max(float(w @ (y - eta) ** 2), 1e-300)
        total = float(w.sum())
        return float(-total / 2 * (np.log(2 * np.pi * squares / total) + 1))
    if family == "poisson":
        return float((w * (y * eta - LINKS["log"].mean(eta) - special.gammaln(y + 1))).sum())
    event, none = _log_probabilities(eta, link)
    return float((w * np.where(y > 0, event, none)).sum())


def _log_probabilities(eta: Floats, link: str) -> tuple[Floats, Floats]:
    """Give log Pr(1) and log Pr(0), without cancellation."""
    if link == "logit":
        return -np.logaddexp(0, -eta), -np.logaddexp(0, eta)
    if link == "probit":
        return special.log_ndtr(eta), special.log_ndtr(-eta)
    hazard = np.exp(np.minimum(eta, 50))
    return np.log(np.maximum(-np.expm1(-hazard), 1e-300)), -hazard


def firth_logit(x: Floats, y: Floats, w: Floats) -> tuple[Floats, bool]:
    """Maximise the logit likelihood with Jeffreys' prior: half the log determinant of the information is added.

    Firth's scores add h_i (½ - p_i) x_i, h the leverage; the penalised maximum is finite whatever separates. Scoring
    alone creeps where a group is tiny and its leverage near 1, so that Newton's step is taken where it climbs; a step
    that would lower the penalised likelihood is halved.
    """
    beta = np.zeros(x.shape[1])
    value = _penalised(x, y, w, beta)
    for _ in range(MAX_ITERATIONS):
        score, inverse = _firth_score(x, y, w, beta)
        step = inverse @ score
        if float(np.abs(x @ step).max()) < FIRTH_TOLERANCE:
            return beta + step, True
        newton: Floats = np.asarray(np.linalg.lstsq(_firth_curvature(x, y, w, beta), score, rcond=None)[0], np.float64)
        if newton @ score > 0:
            step = newton
        # Long steps overshoot where the likelihood is flat.
        step = step * min(1.0, LONGEST_STEP / max(float(np.abs(x @ step).max()), 1e-300))
        for _ in range(40):
            trial = _penalised(x, y, w, beta + step)
            if trial >= value - 1e-12 * (1 + abs(value)):
                break
            step = step / 2
        beta, value = beta + step, trial
    return beta, False


def _firth_score(x: Floats, y: Floats, w: Floats, beta: Floats) -> tuple[Floats, Floats]:
    """Give Firth's score and the inverse of the expected information."""
    p = special.expit(x @ beta)
    working = w * p * (1 - p)
    inverse = np.linalg.inv(x.T @ (x * working[:, None]))
    leverage = working * ((x @ inverse) * x).sum(axis=1)
    return np.asarray(x.T @ (w * (y - p) + leverage * (0.5 - p))), np.asarray(inverse)


def _firth_curvature(x: Floats, y: Floats, w: Floats, beta: Floats) -> Floats:
    """Differentiate Firth's score on both sides of a point, by steps that move predictors by a ten-thousandth."""
    rows = []
    for place, scale in enumerate(np.abs(x).max(axis=0)):
        move = np.zeros(len(beta))
        move[place] = 1e-4 / max(float(scale), 1e-300)
        up, down = (_firth_score(x, y, w, beta + sign * move)[0] for sign in (1, -1))
        rows.append((down - up) / (2 * move[place]))
    curvature = np.array(rows)
    return np.asarray((curvature + curvature.T) / 2)


def _penalised(x: Floats, y: Floats, w: Floats, beta: Floats) -> float:
    eta = x @ beta
    working = w * special.expit(eta) * special.expit(-eta)
    _, log_determinant = np.linalg.slogdet(x.T @ (x * working[:, None]))
    return float((w * np.where(y > 0, -np.logaddexp(0, -eta), -np.logaddexp(0, eta))).sum() + log_determinant / 2)
