"""The anchored estimate's parametric twin: a model for repeated measures, moved by an amount that the dial implies.

Where answers are normal given arm, category and first score, tilting them by exp(gamma s) moves their mean by gamma
times their variance over the standard deviation at the start, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.comparison.repeated import MmrmFit, fit_mmrm
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.accumulate import FloatArray
from increase_eval.moments.levels import ordered_levels


@dataclass(frozen=True, slots=True, eq=False)
class AnchoredTwin:
    """Means at the last visit by arm, from a model for repeated measures and a dial.

    Attributes
    ----------
    estimates
        Index the arm; ``gamma``, ``delta`` (points added to each mean that was not observed), ``at_random`` (the mean
        without it), ``estimate``, ``n``, ``n_observed``.
    deltas
        The visit column, the arm column and ``delta``: what :func:`.impute` takes as its delta.
    residual_variance
        Variance at the last visit given arm, category and the score at the first.
    scale
        Standard deviation at the first visit of those who have a score there.
    covariates
        Terms that :func:`.impute` takes for the same model.
    fit
        The model.
    """

    estimates: pd.DataFrame
    deltas: pd.DataFrame
    residual_variance: float
    scale: float
    covariates: tuple[str, ...]
    fit: MmrmFit


def anchored_twin(
    data: pd.DataFrame,
    *,
    outcome: str,
    subject: str,
    visit: str,
    arm: str,
    category: str,
    gamma: float | Mapping[Any, float],
) -> AnchoredTwin:
    """Estimate means of everybody from a model for repeated measures and a dial: what if answers are normal?

    Parameters
    ----------
    data
        Long: one row a subject and visit, every visit of every subject, the outcome missing where it was not given.
        Everybody has the first visit, which is the first score.
    outcome, subject, visit, arm, category
        Columns; arm and category are constant within subjects and known of everybody.
    gamma
        The dial, as in :func:`.anchored_nonresponse`: a number, or one by arm.

    Returns
    -------
    AnchoredTwin
        `estimates`; `deltas` and `covariates`, with which :func:`.impute` gives the same means, and their errors.

    Raises
    ------
    ValueError
        If a column is absent, or the dial is missing for an arm or no number.
    InsufficientDataError
        If somebody lacks the first visit, or the model cannot be fitted.

    Notes
    -----
    Model: outcome ~ arm * visit + category * visit, unstructured covariance S by REML. A mean that was not observed is
    x'b + S_to S_oo^-1 (y_o - x_o'b) + delta_a, with delta_a = gamma_a (S_tt - S_t1²/S_11)/SD.

    References
    ----------
    Scharfstein DO, Rotnitzky A, Robins JM (1999). doi:10.1080/01621459.1999.10473862.

    Checked against
    ---------------
    :func:`.impute` with deltas (1e-8), ``tests/unit/attrition/anchored/test_twin.py``.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> people = pd.DataFrame({"id": range(80), "arm": ["a", "b"] * 40, "job": ["yes", "no", "no", "yes"] * 20})
    >>> long = people.merge(pd.DataFrame({"visit": ["T1", "T3"]}), how="cross")
    >>> long["score"] = rng.normal(5, 1, size=len(long))
    >>> long.loc[(long["visit"] == "T3") & (long["id"] > 50), "score"] = np.nan
    >>> twin = anchored_twin(
    ...     long, outcome="score", subject="id", visit="visit", arm="arm", category="job", gamma=-0.5)
    >>> bool((twin.estimates["estimate"] < twin.estimates["at_random"]).all())
    True
    """
    absent = [name for name in (outcome, subject, visit, arm, category) if name not in data.columns]
    if absent:
        raise ValueError(f"columns {absent} are not in the table; it has: {', '.join(map(str, data.columns))}")
    table, visits, arms = _arranged(data, subject, visit, arm)
    dials = _dials(gamma, arms)
    covariates = (f"{_quoted(category)} * {_quoted(visit)}",)
    formula = f"{_quoted(outcome)} ~ {_quoted(arm)} * {_quoted(visit)} + {covariates[0]}"
    y = table[outcome].to_numpy(dtype=float, na_value=np.nan).reshape(-1, len(visits))
    if np.isnan(y[:, 0]).any():
        raise InsufficientDataError("somebody has no score at the first visit, which the twin takes for known")
    fit = fit_mmrm(formula, table, subject=subject, visit=visit)
    assert isinstance(fit.covariance, pd.DataFrame)
    sigma = fit.covariance.to_numpy(dtype=float)
    design = fit.layout.design.matrix(table)[:, fit.columns.kept].reshape(*y.shape, -1)
    estimated = fit.coefficients["estimate"].dropna().to_numpy(dtype=float)
    last = _completed(y, design @ estimated, sigma)
    variance = float(sigma[-1, -1] - sigma[-1, 0] ** 2 / sigma[0, 0])
    scale = float(y[:, 0].std(ddof=1))
    codes = table[arm].iloc[:: len(visits)].to_numpy(dtype=object)
    missing = np.isnan(y[:, -1])
    rows = []
    for one in arms:
        own = codes == one
        delta = dials[one] * variance / scale
        at_random, share = float(last[own].mean()), float(missing[own].mean())
        counts = {"n": int(own.sum()), "n_observed": int((own & ~missing).sum())}
        estimate = at_random + share * delta
        rows.append({"gamma": dials[one], "delta": delta, "at_random": at_random, "estimate": estimate, **counts})
    estimates = pd.DataFrame(rows, index=pd.Index(list(arms), name="arm"))
    deltas = pd.DataFrame({visit: visits[-1], arm: list(arms), "delta": estimates["delta"].to_numpy()})
    return AnchoredTwin(estimates, deltas, variance, scale, covariates, fit)


def _arranged(
    data: pd.DataFrame, subject: str, visit: str, arm: str
) -> tuple[pd.DataFrame, tuple[Any, ...], tuple[Any, ...]]:
    """Put every visit of every subject in order."""
    everybody = np.ones(len(data), dtype=bool)
    visits, arms = ordered_levels(data[visit], everybody), ordered_levels(data[arm], everybody)
    place = pd.Index(list(visits), dtype=object).get_indexer(pd.Index(data[visit].astype(object)))
    order = np.lexsort((place, pd.factorize(data[subject])[0]))
    counts = data.groupby(subject, sort=False, observed=True)[visit].nunique()
    if not counts.eq(len(visits)).all() or len(data) != len(counts) * len(visits):
        raise ValueError("every subject needs each visit in one row, the outcome missing where it was not given")
    table = data.iloc[order]
    kinds = {visit: pd.Categorical(table[visit], list(visits)), arm: pd.Categorical(table[arm], list(arms))}
    return table.assign(**kinds), visits, arms


def _dials(gamma: float | Mapping[Any, float], arms: tuple[Any, ...]) -> dict[Any, float]:
    given = gamma if isinstance(gamma, Mapping) else dict.fromkeys(arms, gamma)
    dials = {arm: float(given[arm]) for arm in arms if arm in given}
    if len(dials) < len(arms) or not np.isfinite(list(dials.values())).all():
        raise ValueError(f"gamma is {gamma!r}; allowed: a finite number, or one for each arm")
    return dials


def _completed(y: FloatArray, means: FloatArray, sigma: FloatArray) -> FloatArray:
    """Give the last visit, by its conditional mean where it was not observed: (n,)."""
    last = y[:, -1].copy()
    for person in np.flatnonzero(np.isnan(last)):
        seen = np.flatnonzero(~np.isnan(y[person]))
        slopes = np.linalg.solve(sigma[np.ix_(seen, seen)], sigma[seen, -1])
        last[person] = means[person, -1] + slopes @ (y[person, seen] - means[person, seen])
    return np.asarray(last)


def _quoted(name: str) -> str:
    return name if name.isidentifier() else f"`{name}`"
