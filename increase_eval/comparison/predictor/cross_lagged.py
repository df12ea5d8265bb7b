"""Do two measures go together because people differ, or because one moves when the other has moved?

The random-intercept cross-lagged panel model: each measure is a stable part of the person plus a part that moves, and
the moving parts depend on both at the wave before. Paths differ from interval to interval. Fitted to all who answered
any wave, by full-information maximum likelihood from moments by missingness pattern. A path says what goes before what
within persons, not what brings it about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from increase_eval.comparison.predictor.cross_lagged_model import (
    PAIR,
    STEP,
    Floats,
    Number,
    PatternData,
    log_likelihood,
    maximise,
    observed_information,
    refuse_heywood,
    starting_point,
)
from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.moments import PatternMoments
from increase_eval.results import estimate_table

FEWEST_PEOPLE = 200
"""People with both measures at two waves or more; with fewer, intercepts and lags cannot be told apart in practice."""
FEWEST_WAVES = 3


@dataclass(frozen=True, slots=True, eq=False)
class CrossLagged:
    """A fitted model of two measures over T waves.

    Attributes
    ----------
    coefficients
        Index ``term``: ``x -> y, t1 to t2`` for each path (in the units of the measures), ``between: x with y`` (the
        correlation of the stable parts), ``between share: x`` (the share of the first wave's variance that is stable);
        columns estimate, std_error, statistic, p_value, conf_low, conf_high.
    vcov
        Of all parameters: means, stable covariance, first covariance, paths and residual covariances of each interval.
    log_likelihood
        Of the observed values.
    chi_square, df, p_value
        Against the saturated model.
    n, n_lagged
        People with any value; those with both measures at two waves or more.
    confidence
        Of the intervals.
    """

    coefficients: pd.DataFrame
    vcov: Floats
    log_likelihood: float
    chi_square: float
    df: int
    p_value: float
    n: int
    n_lagged: int
    confidence: float

    def to_frame(self) -> pd.DataFrame:
        """Give the paths and the stable parts as an estimate table."""
        method = "random-intercept cross-lagged panel model, full-information maximum likelihood"
        return estimate_table(self.coefficients.reset_index(), n=self.n, method=method)


def fit_cross_lagged(
    wide: pd.DataFrame,
    first: Sequence[str],
    second: Sequence[str],
    *,
    waves: Sequence[str] | None = None,
    names: tuple[str, str] = ("x", "y"),
    confidence: float = 0.95,
) -> CrossLagged:
    r"""Which of two measures goes before the other within persons, and how do they go together between persons?

    Parameters
    ----------
    wide
        One row a participant; missing values are missing at random given the others.
    first, second
        The columns of either measure, one a wave, in order; three waves or more.
    waves
        What the waves are called in terms; default ``1, 2, ...``.
    names
        What the measures are called in terms.
    confidence
        Of the intervals.

    Returns
    -------
    CrossLagged
        Paths, the correlation of the stable parts, and the fit against the saturated model.

    Raises
    ------
    ValueError
        If there are fewer than three waves, or different numbers of columns.
    InsufficientDataError
        If fewer than 200 people have both measures at two waves, or a covariance cannot be estimated.
    ConvergenceError
        If no maximum is found, or it lies at a negative variance (a Heywood case): then nothing of it can be trusted.

    Notes
    -----
    x_it = mu_xt + B_i + w_it for both measures, w_i1 ~ N(0, Q_1), w_it = A_t w_i,t-1 + e_it, e_it ~ N(0, Q_t), stable
    parts (B_xi, B_yi) ~ N(0, Phi), all independent of each other. Means are free. With W_t the covariance of w_t,
    W_1 = Q_1 and W_t = A_t W_t-1 A_t' + Q_t, the covariance of waves s < t is Phi + A_t ... A_s+1 W_s. Three waves
    leave one degree of freedom. Variances are free to go negative, so that a Heywood case is seen and refused. Errors
    are from the observed information; those of the share and the correlation by the delta method.

    References
    ----------
    Hamaker, E. L., Kuiper, R. M., & Grasman, R. P. P. P. (2015). A critique of the cross-lagged panel model.
    Psychological Methods, 20, 102-116. doi:10.1037/a0038889

    Checked against
    ---------------
    lavaan's FIML on simulated data with dropout (``tests/golden/comparison/cross_lagged.json``).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> stable = rng.normal(size=(600, 1))
    >>> x, y = (stable + rng.normal(size=(600, 3)) for _ in range(2))
    >>> wide = pd.DataFrame(np.hstack([x, y]), columns=["x1", "x2", "x3", "y1", "y2", "y3"])
    >>> fit = fit_cross_lagged(wide, ["x1", "x2", "x3"], ["y1", "y2", "y3"])
    >>> fit.df, "x -> y, 1 to 2" in fit.coefficients.index
    (1, True)
    """
    count = len(first)
    if len(second) != count or count < FEWEST_WAVES:
        raise ValueError(f"{count} and {len(second)} columns; allowed: the same number for both, three or more")
    labels = [str(wave) for wave in waves] if waves is not None else [str(t + 1) for t in range(count)]
    if len(labels) != count:
        raise ValueError(f"{len(labels)} names of waves for {count} waves")
    lagged = int(((wide[list(first)].notna().to_numpy() & wide[list(second)].notna().to_numpy()).sum(axis=1) > 1).sum())
    if lagged < FEWEST_PEOPLE:
        raise InsufficientDataError(
            f"{lagged} people have both measures at two waves or more; the model is refused under {FEWEST_PEOPLE}"
        )
    columns = [column for pair in zip(first, second, strict=True) for column in pair]
    moments = PatternMoments.from_frame(wide, columns)
    saturated = moments.fit_normal()
    observed = saturated.covariance.to_numpy(dtype="float64")
    # One unit a measure, the same at all waves: its stable part counts alike in each.
    units = np.sqrt(np.diag(observed).reshape(count, PAIR).mean(axis=0))
    scale = np.asarray(np.tile(units, count), dtype=np.float64)
    data = PatternData.of(moments, np.asarray(saturated.mean, dtype=np.float64), scale)
    point = maximise(data, starting_point(observed / np.outer(scale, scale), count), count)
    information = observed_information(data, point, count)
    refuse_heywood(point, count)
    try:
        covariance: Floats = np.asarray(np.linalg.inv(information), dtype="float64")
        np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        raise ConvergenceError(
            "the information is singular: the paths cannot be told apart from the stable parts"
        ) from None
    reached = log_likelihood(data, point, count) - data.constant
    q = len(columns)
    df = q * (q + 3) // 2 - len(point)
    chi_square = max(2 * (saturated.log_likelihood - reached), 0.0)
    return CrossLagged(
        coefficients=_coefficients(point, covariance, scale, labels, names, confidence),
        vcov=covariance,
        log_likelihood=reached,
        chi_square=chi_square,
        df=df,
        p_value=float(stats.chi2.sf(chi_square, df)),
        n=int(saturated.n),
        n_lagged=lagged,
        confidence=confidence,
    )


# -- what is told ------------------------------------------------------------------------------------------------------


def _coefficients(
    point: Floats, covariance: Floats, scale: Floats, waves: Sequence[str], names: tuple[str, str], confidence: float
) -> pd.DataFrame:
    count, size = len(waves), PAIR * len(waves)
    rows: dict[str, tuple[float, float]] = {}
    for t in range(1, count):
        start = size + 6 + 7 * (t - 1)
        for to in range(PAIR):
            for of in range(PAIR):
                place = start + PAIR * to + of
                unit = scale[PAIR * t + to] / scale[PAIR * (t - 1) + of]
                term = f"{names[of]} -> {names[to]}, {waves[t - 1]} to {waves[t]}"
                rows[term] = (unit * point[place], unit * np.sqrt(covariance[place, place]))
    between = {f"between: {names[0]} with {names[1]}": _stable_correlation}
    between |= {f"between share: {name}": partial(_stable_share, which=which) for which, name in enumerate(names)}
    for term, value in between.items():
        slope = np.array([_complex_slope(value, point, place, count) for place in range(point.size)])
        rows[term] = (float(value(point, count)), float(np.sqrt(slope @ covariance @ slope)))
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "std_error"]).rename_axis("term")
    z = stats.norm.ppf((1 + confidence) / 2)
    statistic = table["estimate"] / table["std_error"]
    return table.assign(
        statistic=statistic,
        p_value=2 * stats.norm.sf(statistic.abs()),
        conf_low=table["estimate"] - z * table["std_error"],
        conf_high=table["estimate"] + z * table["std_error"],
    )


def _stable_correlation(point: npt.NDArray[Number], waves: int) -> Number:
    first, both, second = point[PAIR * waves : PAIR * waves + 3]
    ratio: Number = both / np.sqrt(first * second)
    return ratio


def _stable_share(point: npt.NDArray[Number], waves: int, *, which: int) -> Number:
    size, at = PAIR * waves, 2 * which
    share: Number = point[size + at] / (point[size + at] + point[size + 3 + at])
    return share


def _complex_slope(value: Callable[..., Any], point: Floats, place: int, waves: int) -> float:
    moved = point.astype(np.complex128)
    moved[place] += 1j * STEP
    return float(np.imag(value(moved, waves)) / STEP)
