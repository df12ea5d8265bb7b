"""What would a score predict if it were measured without error? Regression calibration of a logit.

A score with reliability below 1 predicts less than the trait behind it. The score is replaced by what is expected of
the trait given the score and the other covariates; errors are those of refitting everything to people drawn anew. The
words are of prediction: nothing here says what brings the outcome about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.engines.frames import model_frame
from increase_eval.comparison.engines.generalised_linear import GeneralisedFit, firth_logit, fit_generalised
from increase_eval.comparison.predictor.profile import firth_profile_interval
from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]

SEPARATED = "separated: Firth's penalised likelihood, profile interval"
MOST_FAILED = 0.05
"""If more draws than this cannot be fitted, there is no bootstrap error."""


@dataclass(frozen=True, slots=True)
class CalibratedPrediction:
    """The coefficient of a score in a logit, as measured and as it would be without error.

    Attributes
    ----------
    naive, naive_error, naive_low, naive_high
        Log odds ratio per point of the score as measured, with its interval: profile limits where the data separate.
    estimate, std_error, conf_low, conf_high
        The same per point of the trait; the error by bootstrap.
    attenuation
        The share of the score's variance given the covariates that is the trait's; the naive coefficient is about
        this share of the other.
    reliability
        What was taken.
    n, n_events, n_dropped, draws
        Rows used, those with the outcome, rows that miss something; bootstrap draws that were fitted.
    status
        ``ok``, or that the data separate.
    """

    naive: float
    naive_error: float
    naive_low: float
    naive_high: float
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    attenuation: float
    reliability: float
    n: int
    n_events: int
    n_dropped: int
    draws: int
    status: str

    def to_frame(self) -> pd.DataFrame:
        """Give the coefficient as measured and as calibrated, as an estimate table."""
        return estimate_table(self.rows())

    def rows(self) -> list[dict[str, Any]]:
        """Give the two coefficients as rows of an estimate table."""
        shared = {"n": self.n, "n_dropped": self.n_dropped, "status": self.status}
        fields = ("estimate", "std_error", "conf_low", "conf_high")
        naive = dict(zip(fields, (self.naive, self.naive_error, self.naive_low, self.naive_high), strict=True))
        calibrated = dict(zip(fields, (self.estimate, self.std_error, self.conf_low, self.conf_high), strict=True))
        return [
            {"term": "as measured", **naive, **shared, "method": "logit"},
            {"term": "without error", **calibrated, **shared, "method": "logit, regression calibration, bootstrap"},
        ]


def calibrated_prediction(
    data: pd.DataFrame,
    *,
    outcome: str,
    score: str,
    covariates: Sequence[str] = (),
    reliability: float,
    draws: int = 200,
    rng: np.random.Generator,
    confidence: float = 0.95,
) -> CalibratedPrediction:
    r"""How much do the odds of an outcome rise with a score, and with the trait that the score measures?

    Parameters
    ----------
    data
        One row a participant. Rows that miss something are left out and counted.
    outcome
        Column of 0 and 1, or of truth values.
    score
        The score.
    covariates
        Further columns; those of text or categories enter as levels.
    reliability
        Of the score in the whole group, above 0 and at most 1: omega, say.
    draws
        Bootstrap draws of people for the calibrated error.
    rng
        The random numbers.
    confidence
        Of the intervals.

    Returns
    -------
    CalibratedPrediction
        Log odds ratios a point.

    Raises
    ------
    InsufficientDataError
        If an outcome never or always happens, or error alone would make more than the score's variance given the
        covariates.
    ConvergenceError
        If too many draws cannot be fitted.
    ValueError
        If `reliability` lies outside (0, 1], or the outcome holds other values.

    Notes
    -----
    With X = T + e, Var e = (1 - rho) Var X, the trait is expected at mu(Z) + lambda (X - mu(Z)), mu(Z) the regression
    of X on the covariates Z, s^2 its residual variance and lambda = (s^2 - Var e) / s^2. Put in place of X in the logit
    it gives beta_T = beta_X / lambda exactly, and other coefficients move with it. Calibration is exact in linear
    models, and in logits nearly so where beta_T^2 Var(T | X) is small (Carroll and others, 2006, chapter 4). Each draw
    refits both regressions, the logit with Firth's penalty, which has a maximum for every draw; the reliability is
    held. Where the data themselves separate, the penalty is used for them too, and the interval of the naive
    coefficient is that of the profile.

    References
    ----------
    Rosner, B., Willett, W. C., & Spiegelman, D. (1989). Correction of logistic regression relative risk estimates for
    systematic within-person measurement error. Statistics in Medicine, 8, 1051-1069. doi:10.1002/sim.4780080905
    Carroll, R. J., Ruppert, D., Stefanski, L. A., & Crainiceanu, C. M. (2006). Measurement Error in Nonlinear Models.
    doi:10.1201/9781420010138

    Checked against
    ---------------
    statsmodels' Logit for the naive coefficient, the identity above, and simulated traits
    (``tests/unit/comparison/predictor/test_calibration.py``).

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> x = rng.normal(size=400)
    >>> y = (rng.random(400) < 1 / (1 + np.exp(-x))).astype(int)
    >>> found = calibrated_prediction(
    ...     pd.DataFrame({"y": y, "x": x}), outcome="y", score="x", reliability=0.8, draws=20, rng=rng
    ... )
    >>> round(float(found.attenuation), 9), bool(found.estimate > found.naive)
    (0.8, True)
    """
    if not 0 < reliability <= 1:
        raise ValueError(f"reliability is {reliability}; allowed: above 0, at most 1")
    values = set(data[outcome].dropna().unique())
    if not values <= {0, 1}:
        raise ValueError(f"column {outcome!r} holds other values than 0 and 1")
    formula = " + ".join([f"`{outcome}` ~ `{score}`", *(f"`{column}`" for column in covariates)])
    numbers = data.assign(**{outcome: data[outcome].astype("float64"), score: data[score].astype("float64")})
    frame = model_frame(formula, numbers)
    response = frame.response.to_numpy(dtype="float64")
    if not 0 < response.sum() < len(response):
        raise InsufficientDataError(
            f"of {len(response)} people {int(response.sum())} have the outcome: it does not vary"
        )
    place = next(p for p, name in enumerate(frame.names) if name.strip("`") == score)
    error_variance = (1 - reliability) * float(np.var(frame.matrix[:, place], ddof=1))
    fit = fit_generalised(frame.matrix, response, frame.names, firth_if_separated=True)
    share = _attenuation(frame.matrix, place, error_variance)
    drawn = _draws(frame.matrix, response, place, reliability, draws, rng)
    z = normal_quantile(confidence)
    naive, naive_error, low, high = _naive(fit, place, z, confidence)
    estimate, error = naive / share, float(np.std(drawn, ddof=1)) if len(drawn) > 1 else np.nan
    return CalibratedPrediction(
        naive=naive,
        naive_error=naive_error,
        naive_low=low,
        naive_high=high,
        estimate=estimate,
        std_error=error,
        conf_low=estimate - z * error,
        conf_high=estimate + z * error,
        attenuation=share,
        reliability=reliability,
        n=len(response),
        n_events=int(response.sum()),
        n_dropped=frame.n_dropped,
        draws=len(drawn),
        status=SEPARATED if fit.is_separated else "ok",
    )


def _naive(fit: GeneralisedFit, place: int, z: float, confidence: float) -> tuple[float, float, float, float]:
    value, error = float(fit.coefficients[place]), float(np.sqrt(fit.vcov[place, place]))
    if fit.is_separated:
        return value, error, *firth_profile_interval(fit.matrix, fit.response, place, confidence=confidence)
    return value, error, value - z * error, value + z * error


def _attenuation(matrix: Floats, place: int, error_variance: float) -> float:
    """Give lambda: the trait's share of what is left of the score given the covariates."""
    others = np.delete(matrix, place, axis=1)
    score = matrix[:, place]
    residual = score - others @ np.linalg.lstsq(others, score, rcond=None)[0]
    left = float(residual @ residual) / (len(score) - np.linalg.matrix_rank(others))
    if left <= error_variance:
        raise InsufficientDataError(
            "the covariates leave less variance of the score than error alone makes: with this reliability nothing of "
            "the trait is left to predict with"
        )
    return float((left - error_variance) / left)


def _draws(
    matrix: Floats, response: Floats, place: int, reliability: float, draws: int, rng: np.random.Generator
) -> Floats:
    """Give the calibrated coefficient in each draw of people; columns that a draw does not vary in are left out."""
    # Centred and scaled, so that years beside dummies cost no precision; the score's own unit is put back at the end.
    varying = np.ptp(matrix, axis=0) > 0
    centre, unit = np.where(varying, matrix.mean(axis=0), 0.0), np.where(varying, matrix.std(axis=0), 1.0)
    matrix = (matrix - centre) / unit
    found = []
    for _ in range(draws):
        rows = rng.integers(len(response), size=len(response))
        own, outcome = matrix[rows], response[rows]
        keep = (np.ptp(own, axis=0) > 0) | ~varying
        error_variance = (1 - reliability) * float(np.var(own[:, place], ddof=1))
        if not keep[place] or not 0 < outcome.sum() < len(outcome):
            continue
        at = int(keep[:place].sum())
        try:
            share = _attenuation(own[:, keep], at, error_variance)
            beta, converged = firth_logit(own[:, keep], outcome, np.ones(len(outcome)))
        except (InsufficientDataError, np.linalg.LinAlgError):
            continue
        if converged:
            found.append(float(beta[at]) / share / unit[place])
    if draws and len(found) < (1 - MOST_FAILED) * draws:
        raise ConvergenceError(f"{draws - len(found)} of {draws} bootstrap draws could not be fitted")
    return np.array(found)
