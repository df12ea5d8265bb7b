"""One type for every weight: its values, how much information it leaves, and what it balances."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.engines.estimating_equations import EstimatingEquations
from increase_eval.results import estimate_table

if TYPE_CHECKING:
    from increase_eval.comparison.adjustment.adjusted_means import AdjustedMeans
    from increase_eval.comparison.adjustment.propensity import Propensity

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WeightStep:
    """One model that weights were made from, so that errors can count its estimation.

    Attributes
    ----------
    rows
        Shape (N,): the rows of the data that the model was fitted to.
    equations
        The model's score equations, on those rows.
    slopes
        Shape (N, q): the derivative of every row's log weight by the model's parameters.
    fitted
        The probabilities that the model gives those rows; None where it is no model of a probability.
    """

    rows: npt.NDArray[np.bool_]
    equations: EstimatingEquations
    slopes: Floats
    fitted: Floats | None = None


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of the rows of a table.

    Attributes
    ----------
    values
        On the index of the data; 0 for a row that has no part (not answered, or something missing).
    effective_sample_size
        (Σw)² / Σw², over the rows with a weight.
    largest
        The largest weight over the mean of those above 0.
    balance
        One row per column of the design (and pair of groups, where there are groups): ``term``, standardised
        differences ``before`` and ``after``.
    overlap
        One row per group: ``n``, ``effective_sample_size``, ``largest``, and the range of the propensities or response
        probabilities (``lowest_probability``, ``highest_probability``).
    method
        What the weights are.
    n_dropped
        Rows without a weight because something was missing.
    notes
        What a reader must know: separation, trimming, a fall-back, weights that explode (see :func:`explosion`).
    left_out
        Columns that no weight can adjust for, since some arm lacks some of their levels.
    propensity, steps, units
        The models behind the weights, and the participant of each row: what errors need to count the weights'
        estimation.
    """

    values: pd.Series[Any]
    effective_sample_size: float
    largest: float
    balance: pd.DataFrame
    overlap: pd.DataFrame
    method: str
    n_dropped: int
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    propensity: Propensity | None = field(default=None, repr=False)
    steps: tuple[WeightStep, ...] = field(default=(), repr=False)
    units: npt.NDArray[np.int64] | None = field(default=None, repr=False)

    def means(self, outcome: str, *, confidence: float = 0.95) -> pd.DataFrame:
        """Give the weighted mean of an outcome by arm, with errors that count the estimated propensities.

        Returns
        -------
        DataFrame
            The arm's column, ``estimate, std_error, conf_low, conf_high, n``.

        Raises
        ------
        ValueError
            If these are not weights from propensities of arms.
        """
        return self.adjusted(outcome, confidence=confidence).means()

    def contrasts(self, outcome: str, *, confidence: float = 0.95) -> pd.DataFrame:
        """Give the differences of weighted means of all pairs of arms, with errors that count the propensities.

        Returns
        -------
        DataFrame
            ``contrast`` ("b - a"), ``estimate, std_error, statistic, p_value, conf_low, conf_high, n``.
        """
        return self.adjusted(outcome, confidence=confidence).contrasts().drop(columns=["df", "status"])

    def adjusted(self, outcome: str, *, confidence: float = 0.95) -> AdjustedMeans:
        """Give the weighted means of all arms with their joint variance, for ratios and for errors by cluster.

        Raises
        ------
        TypeError
            If the outcome is not named.
        ValueError
            If these are not weights from propensities of arms.
        """
        if not isinstance(outcome, str):
            raise TypeError(f"the outcome is a {type(outcome).__name__}; allowed: the name of a column of the table")
        if self.propensity is None:
            raise ValueError(
                f"weights of the kind {self.method!r} have no arms: means by arm come from overlap_weights"
            )
        return self.propensity.adjusted(outcome, confidence=confidence)

    def to_frame(self) -> pd.DataFrame:
        """Give effective sample size and largest weight as an estimate table."""
        rows = [
            {"term": "effective_sample_size", "estimate": self.effective_sample_size},
            {"term": "largest_weight", "estimate": self.largest},
        ]
        n = int((self.values > 0).sum())
        return estimate_table(rows, outcome="weights", n=n, n_dropped=self.n_dropped, method=self.method)


def effective_size(values: Floats) -> float:
    """Give Kish's effective sample size, nought where there is no weight."""
    squares = float((values**2).sum())
    return float(values.sum()) ** 2 / squares if squares > 0 else 0.0


def largest_share(values: Floats) -> float:
    """Give the largest weight over the mean of those above nought, missing where there is none."""
    used = values[values > 0]
    return float(used.max() / used.mean()) if len(used) else np.nan


MOST_SHARE = 0.5
"""Share of the weight that one person may carry: beyond it an estimate is that person's answer."""
LEAST_EFFECTIVE = 0.1
"""Effective sample size over the people with a weight: below it a few of them carry all."""


def explosion(values: Floats, *, whom: str = "people") -> tuple[str, ...]:
    """Note where one person, or a few, carry the weight of all: nothing is refused or cut, but it must be said.

    Parameters
    ----------
    values
        The weights.
    whom
        Of whom they are, for the note.

    Notes
    -----
    Of fewer than four people the share that one may carry is twice an equal one.

    Examples
    --------
    >>> explosion(np.array([1.0, 1.0, 1.0, 17.0]))
    ('weights explode: one of 4 people carries 85 % of the weight',)
    """
    used = np.abs(values[values != 0])
    if len(used) < 2:
        return ()
    share, effective = float(used.max() / used.sum()), effective_size(used)
    if share > max(MOST_SHARE, 2 / len(used)):
        return (f"weights explode: one of {len(used)} {whom} carries {100 * share:.0f} % of the weight",)
    if effective < LEAST_EFFECTIVE * len(used):
        return (f"weights explode: {len(used)} {whom} are worth {effective:.1f}",)
    return ()


def standardised_difference(
    matrix: Floats, names: list[str], one: Floats, other: Floats, scale: Floats
) -> pd.Series[float]:
    """Give the differences of two weighted means of every column over the columns' `scale`."""
    gap = one @ matrix / one.sum() - other @ matrix / other.sum()
    return pd.Series(np.divide(gap, scale, out=np.zeros_like(gap), where=scale > 0), index=pd.Index(names, name="term"))
