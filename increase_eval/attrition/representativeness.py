"""Do those who answered stand for all who were asked? R-indicators: how much the chance of answering varies.

The first number to read is S/rho, the spread of the response propensities over the share who answered: no mean of an
answer can lie further than that many of its standard deviations from the truth, as far as the covariates go. The
R-indicator 1 - 2 S comes second, since it cannot be low where few answer. Both speak of the covariates given and of
nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.attrition.partial_indicators import partial_indicators
from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.descriptive.groups import to_booleans
from increase_eval.comparison.engines.frames import refuse_dependent_columns
from increase_eval.comparison.engines.generalised_linear import fit_generalised
from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.moments.formulas import learn_design, parse_formula
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

OK = "ok"
SEPARATED = "separated: Firth's penalised likelihood"
NOT_SEEN = "variation no larger than chance"


@dataclass(frozen=True, slots=True)
class Representativeness:
    """How much the chance of answering varies over the people asked.

    Attributes
    ----------
    response_share
        The share who answered, rho.
    largest_bias
        S/rho, adjusted: the largest standardised bias.
    s_rho, s_rho_unadjusted
        The standard deviation of the propensities, adjusted for what estimating them adds, and as estimated.
    r_indicator, r_indicator_unadjusted
        1 - 2 S.
    lowest_possible
        The lowest R that this response share allows, 1 - 2 root of rho (1 - rho).
    intervals
        Index ``largest_bias, s_rho, r_indicator``; ``std_error``, ``conf_low``, ``conf_high``; empty without draws.
    partial
        One row per variable and one per category: ``variable``, ``category`` (missing for the variable), ``n``,
        ``unconditional`` (of a category with its sign: below nought, under-represented), ``conditional``.
    n, n_dropped
        People used, and those missing a covariate.
    status
        ``ok``; that the data separate; or that the propensities vary no more than chance alone would make them.
    """

    response_share: float
    largest_bias: float
    s_rho: float
    s_rho_unadjusted: float
    r_indicator: float
    r_indicator_unadjusted: float
    lowest_possible: float
    intervals: pd.DataFrame
    partial: pd.DataFrame
    n: int
    n_dropped: int
    status: str

    def to_frame(self) -> pd.DataFrame:
        """Give indicators and partial indicators as an estimate table.

        Terms ``largest_bias``, ``s_rho``, ``r_indicator``, ``lowest_possible`` (outcome ``responded``); and per
        covariate (outcome) ``unconditional`` and ``conditional``, with ``by_category`` the category or ``all``.
        """
        whole = {"outcome": "responded", "by_category": "all", "n": self.n, "n_dropped": self.n_dropped}
        named = {name: getattr(self, name) for name in ("largest_bias", "s_rho", "r_indicator", "lowest_possible")}
        rows: list[dict[str, Any]] = [
            {"term": term, "estimate": value, **self._interval(term), **whole, "status": self.status}
            for term, value in named.items()
        ]
        for part in self.partial.to_dict("records"):
            category = "all" if pd.isna(part["category"]) else str(part["category"])
            about = {"outcome": part["variable"], "by_category": category, "n": part["n"], "status": self.status}
            rows += [{"term": term, "estimate": part[term], **about} for term in ("unconditional", "conditional")]
        return estimate_table(rows, method="logit of main effects; bias-adjusted; bootstrap interval")

    def _interval(self, term: str) -> dict[str, float]:
        if term not in self.intervals.index:
            return {}
        return dict(zip(self.intervals.columns, self.intervals.loc[[term]].to_numpy(dtype=float)[0], strict=True))


def representativeness(
    data: pd.DataFrame,
    *,
    answered: str,
    covariates: Sequence[str],
    draws: int = 0,
    rng: np.random.Generator | None = None,
    confidence: float = 0.95,
) -> Representativeness:
    """Do those who answered stand for all who were asked, as far as some covariates tell?

    Parameters
    ----------
    data
        One row per person asked.
    answered
        The column with true or 1 where the person answered.
    covariates
        Columns of categories, taken as main effects. Numbers are categories as well: group them first, the same way
        at every wave. Rows that miss one are left out and counted.
    draws
        Bootstrap draws of people behind the intervals; nought: no intervals.
    rng
        Where the draws come from; needed with `draws`.
    confidence
        Coverage of the intervals.

    Returns
    -------
    Representativeness
        `largest_bias`, `s_rho`, `r_indicator`, `lowest_possible`, `partial`, `intervals`.

    Raises
    ------
    ValueError
        If a column is absent, `answered` is neither true nor false somewhere, or `draws` come without `rng`.
    InsufficientDataError
        If nobody answered, or covariates cannot be told apart.

    Notes
    -----
    With propensities p_i from a logit, S² = mean of (p_i - mean p)². What estimating them adds to S² is, to first
    order, the mean variance of the p_i less the variance of their mean, Σ z_i'J⁻¹z_i / N - z̄'J⁻¹z̄, z_i = p_i(1 - p_i)
    x_i and J the information; it is taken off, and S is nought (with a status) where it exceeds S². The published tools
    leave the second term out, which is at most rho(1 - rho)/N. R = 1 - 2 S; since S is at most the root of
    rho(1 - rho), R is at least 1 - 2 root of rho(1 - rho): 0.51 where 6.4 % answer, whoever they are. Where everybody
    answered S is nought and R is 1.

    Partial indicators, unadjusted, as their authors have them: unconditional, the root of Σ_k N_k/N (p̄_k - p̄)² over
    the categories of a variable, and root of N_k/N times (p̄_k - p̄) for one of them; conditional, the root of
    Σ (p_i - p̄_c)² / N within the cells c of all other covariates, over everybody and over a category.

    Each draw takes people with replacement, refits the logit and adjusts again; the spread that the draws estimate is
    the unadjusted one, so that intervals come from their distances to it, on the scale of squares (basic bootstrap),
    laid around the adjusted square, or around nought where that is below it.

    References
    ----------
    Schouten B, Cobben F, Bethlehem J (2009). Survey Methodology 35, 101-113. Shlomo N, Skinner C, Schouten B (2012).
    doi:10.1016/j.jspi.2011.07.008. Schouten B, Shlomo N, Skinner C (2011). Journal of Official Statistics 27, 231-253.

    Checked against sums written out person by person, a saturated model's closed form and a simulation of the bias in
    ``tests/unit/attrition/test_representativeness.py``.

    Examples
    --------
    >>> people = pd.DataFrame({"sex": ["f"] * 40 + ["m"] * 40, "t2": [1] * 30 + [0] * 10 + [1] * 10 + [0] * 30})
    >>> found = representativeness(people, answered="t2", covariates=["sex"])
    >>> print(round(found.response_share, 2), round(found.s_rho_unadjusted, 4), round(found.r_indicator_unadjusted, 4))
    0.5 0.25 0.5
    """
    if not covariates:
        raise ValueError("no covariates: representativeness is about something known of everybody")
    if draws and rng is None:
        raise ValueError("draws need `rng`")
    normal_quantile(confidence)
    absent = [column for column in (answered, *covariates) if column not in data.columns]
    if absent:
        raise ValueError(f"columns {absent} are not in the table; it has: {', '.join(map(str, data.columns))}")
    known = data[list(covariates)].notna().all(axis=1).to_numpy(dtype=bool)
    cells = _read_cells(data.loc[known], answered, covariates)
    if not cells.events.sum():
        raise InsufficientDataError("nobody answered: there is nobody to stand for all who were asked")
    fit = _fit(cells.matrix, cells.people, cells.events)
    share = float(cells.events.sum() / cells.people.sum())
    drawn = _draw(cells, draws, rng) if draws and rng is not None and share < 1 else np.empty((0, 2))
    # In the world of the draws the truth is what was estimated without adjustment.
    truth = fit.unadjusted**2 * np.array([1 / share**2, 1.0])
    own = fit.spread**2 * np.array([1 / share**2, 1.0])
    return Representativeness(
        response_share=share,
        largest_bias=fit.spread / share,
        s_rho=fit.spread,
        s_rho_unadjusted=fit.unadjusted,
        r_indicator=1 - 2 * fit.spread,
        r_indicator_unadjusted=1 - 2 * fit.unadjusted,
        lowest_possible=1 - 2 * float(np.sqrt(share * (1 - share))),
        intervals=_intervals(drawn, own, truth, confidence),
        partial=partial_indicators(cells.labels, cells.people, fit.propensity),
        n=int(cells.people.sum()),
        n_dropped=int((~known).sum()),
        status=SEPARATED if fit.is_separated else NOT_SEEN if fit.spread == 0 and share < 1 else OK,
    )


@dataclass(frozen=True, slots=True)
class _Cells:
    """Distinct combinations of the covariates: design (c, p), people and answers (c,), and the categories (c, q)."""

    matrix: Floats
    people: Floats
    events: Floats
    labels: pd.DataFrame


@dataclass(frozen=True, slots=True)
class _Spread:
    """Propensities of the cells, and the spread of people's; `variance` is the adjusted one, below nought or not."""

    propensity: Floats
    variance: float
    unadjusted: float
    is_separated: bool

    @property
    def spread(self) -> float:
        return float(np.sqrt(max(self.variance, 0.0)))


def _read_cells(data: pd.DataFrame, answered: str, covariates: Sequence[str]) -> _Cells:
    if data.empty:
        raise InsufficientDataError("no row has all covariates")
    if data[answered].isna().any():
        raise ValueError(f"`{answered}` is missing somewhere; allowed: true or false")
    events = to_booleans(data[answered], answered).astype(float)
    labels = data[list(covariates)].astype("string").reset_index(drop=True)
    labels.columns = covariates = [str(name) for name in covariates]
    numbers = labels.groupby(list(covariates), sort=True).ngroup().to_numpy()
    first = pd.Series(np.arange(len(labels))).groupby(numbers).first().to_numpy()
    distinct = labels.iloc[first].reset_index(drop=True)
    # Names of our own: those of the data may be anything, numbers included.
    varying = [name for name in covariates if len(distinct[name].unique()) > 1]
    design_data = distinct[varying].set_axis([f"x{place}" for place in range(len(varying))], axis=1)
    design = learn_design(parse_formula("~ " + (" + ".join(design_data.columns) or "1")), design_data)
    matrix = design.matrix(design_data) if varying else np.ones((len(distinct), 1))
    _refuse_dependent(matrix, design.names, varying)
    people = np.bincount(numbers, minlength=len(distinct)).astype(float)
    answers = np.asarray(np.bincount(numbers, weights=events, minlength=len(distinct)), dtype=float)
    return _Cells(matrix, people, answers, distinct)


def _refuse_dependent(matrix: Floats, names: Sequence[str], varying: Sequence[str]) -> None:
    told = [_named(name, varying) for name in names] or ["Intercept"]
    refuse_dependent_columns(matrix, told[: matrix.shape[1]])


def _named(name: str, varying: Sequence[str]) -> str:
    """Give a column of the design the name of its covariate again."""
    column, found, level = name.partition("[")
    return f"{varying[int(column[1:])]}{found}{level}" if found else name


def _fit(matrix: Floats, people: Floats, events: Floats) -> _Spread:
    """Fit the logit to cells, and give the spread of the propensities, adjusted and not."""
    total = people.sum()
    share = events.sum() / total
    if share == 1:
        return _Spread(np.ones(len(people)), 0.0, 0.0, False)
    # A cell stands once with its answers and once with its gaps.
    doubled = np.vstack([matrix, matrix])
    response = np.repeat([1.0, 0.0], len(people))
    weights = np.concatenate([events, people - events])
    used = weights > 0
    names = [f"column {number}" for number in range(matrix.shape[1])]
    fit = fit_generalised(doubled[used], response[used], names, weights=weights[used], firth_if_separated=True)
    eta = matrix @ fit.coefficients
    propensity = 1 / (1 + np.exp(-eta))
    slope = (propensity * (1 - propensity))[:, None] * matrix
    inverse = np.linalg.inv(matrix.T @ (people[:, None] * slope))
    centre = people @ propensity / total
    variance = float(people @ (propensity - centre) ** 2 / total)
    mean_slope = people @ slope / total
    added = float(people @ ((slope @ inverse) * slope).sum(axis=1) / total - mean_slope @ inverse @ mean_slope)
    return _Spread(propensity, variance - added, float(np.sqrt(variance)), fit.is_separated)


def _draw(cells: _Cells, draws: int, rng: np.random.Generator) -> Floats:
    """Give the squares of S/rho and S, adjusted, of every draw of people."""
    total = int(cells.people.sum())
    chances = np.concatenate([cells.events, cells.people - cells.events]) / total
    found = np.full((draws, 2), np.nan)
    for number in range(draws):
        drawn = rng.multinomial(total, chances).astype(float)
        events, missed = np.split(drawn, 2)
        people = events + missed
        share = events.sum() / total
        if not 0 < share < 1:
            found[number] = (0.0, 0.0) if share else (np.nan, np.nan)
            continue
        inside = people > 0
        columns = np.r_[True, np.ptp(cells.matrix[inside], axis=0)[1:] > 0]
        try:
            variance = _fit(cells.matrix[inside][:, columns], people[inside], events[inside]).variance
        except (ConvergenceError, np.linalg.LinAlgError):  # a draw in which a category is too thin
            continue
        found[number] = variance / share**2, variance
    return np.asarray(found[~np.isnan(found).any(axis=1)])


def _intervals(drawn: Floats, own: Floats, truth: Floats, confidence: float) -> pd.DataFrame:
    """Turn the draws' distances from their own truth into intervals of S/rho, S and R."""
    columns = ["std_error", "conf_low", "conf_high"]
    if len(drawn) < 2:
        return pd.DataFrame(columns=columns, dtype=float)
    tails = [(1 + confidence) / 2, (1 - confidence) / 2]
    limits = np.sqrt(np.maximum(own - np.quantile(drawn - truth, tails, axis=0), 0.0))
    errors = np.sqrt(np.maximum(drawn, 0.0)).std(axis=0, ddof=1)
    rows = {
        "largest_bias": [errors[0], *limits[:, 0]],
        "s_rho": [errors[1], *limits[:, 1]],
        "r_indicator": [2 * errors[1], *(1 - 2 * limits[::-1, 1])],
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).astype(float)
