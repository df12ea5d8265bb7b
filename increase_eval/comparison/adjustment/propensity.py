"""How would the arms compare in one common population? Weights from the probability of being in each arm.

Overlap weights compare the arms where all of them are to be found; inverse probability weights over everybody; matching
weights in between. They correct for what the model holds and for nothing else: a column that an arm never varies in
(country, where approaches are nested in countries) has no place in it, since no weight can make such arms comparable.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.adjustment.weights import (
    Weights,
    effective_size,
    largest_share,
    standardised_difference,
)
from increase_eval.comparison.engines.estimating_equations import EstimatingEquations
from increase_eval.comparison.engines.frames import ModelFrame, model_frame, outcome_levels
from increase_eval.comparison.engines.linear import inference_table
from increase_eval.comparison.engines.multinomial import MultinomialFit, fit_multinomial, indicators
from increase_eval.errors import InsufficientDataError

Floats = npt.NDArray[np.float64]
WeightKind = Literal["overlap", "ipw", "matching"]
SMALL_PROBABILITY = 0.01


@dataclass(frozen=True, slots=True)
class Propensity:
    """Probabilities of the arms, and the weights made from them.

    Attributes
    ----------
    frame, fit
        Rows, design and multinomial logit of the arm.
    arms
        The arms, the base first.
    kind
        ``overlap``, ``ipw`` or ``matching``.
    """

    frame: ModelFrame
    fit: MultinomialFit
    arms: tuple[Any, ...]
    kind: WeightKind

    def weights(self) -> Floats:
        """Give w = h / e_own, shape (n,)."""
        own = self.fit.probabilities[np.arange(len(self.fit.codes)), self.fit.codes]
        return np.asarray(tilt(self.fit.probabilities, self.kind) / own)

    def means(self, outcome: str, *, confidence: float) -> pd.DataFrame:
        """Give weighted means by arm; see :meth:`Weights.means`."""
        means, vcov, sizes = self._estimates(outcome)
        errors = np.sqrt(np.diag(vcov))
        table = inference_table(pd.RangeIndex(len(means)), means, errors, np.inf, confidence)
        table = table.drop(columns=["df", "statistic", "p_value"]).assign(n=sizes)
        table.insert(0, str(self.frame.response.name), list(self.arms))
        return table

    def contrasts(self, outcome: str, *, confidence: float) -> pd.DataFrame:
        """Give differences of weighted means; see :meth:`Weights.contrasts`."""
        means, vcov, sizes = self._estimates(outcome)
        pairs = list(combinations(range(len(means)), 2))
        functions = np.array([np.eye(len(means))[j] - np.eye(len(means))[i] for i, j in pairs])
        errors = np.sqrt(np.diag(functions @ vcov @ functions.T))
        table = inference_table(pd.RangeIndex(len(pairs)), functions @ means, errors, np.inf, confidence)
        table = table.drop(columns="df").assign(n=[int(sizes[i] + sizes[j]) for i, j in pairs])
        table.insert(0, "contrast", [f"{self.arms[j]} - {self.arms[i]}" for i, j in pairs])
        return table

    def _estimates(self, outcome: str) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
        """Give means by arm and their variance, the propensities' estimation counted."""
        y = self._outcome(outcome)
        known = ~np.isnan(y)
        hits = indicators(self.fit.codes, len(self.arms)) * known[:, None]
        sizes = hits.sum(axis=0).astype(np.int64)
        if (sizes < 2).any():
            few = [str(arm) for arm, size in zip(self.arms, sizes, strict=True) if size < 2]
            raise InsufficientDataError(f"fewer than two people have {outcome!r} in: {', '.join(few)}")
        weighted = hits * self.weights()[:, None]
        values = np.where(known, y, 0.0)
        means = values @ weighted / weighted.sum(axis=0)
        gaps = weighted * (values[:, None] - means)
        equations = EstimatingEquations(gaps, np.diag(weighted.sum(axis=0)))
        stacked = equations.after(self.fit.equations(), self._moves(gaps))
        return np.asarray(means), stacked.sandwich(), sizes

    def _moves(self, gaps: Floats) -> Floats:
        """Give how the means' equations move with the multinomial's parameters, shape (arms, (arms - 1) p).

        d log w_i / d eta_j is the slope of log h less that of log e_own, ((own = j) - e_j).
        """
        p = self.fit.probabilities
        own = indicators(self.fit.codes, p.shape[1])
        slopes = tilt_slopes(p, self.kind) - (own - p)
        blocks = [(gaps * slopes[:, [j]]).T @ self.fit.matrix for j in range(1, p.shape[1])]
        return np.concatenate(blocks, axis=1)

    def _outcome(self, outcome: str) -> Floats:
        if outcome not in self.frame.data.columns:
            raise ValueError(f"{outcome!r} is not in the table; it has: {', '.join(map(str, self.frame.data.columns))}")
        try:
            return np.asarray(self.frame.data[outcome].to_numpy(dtype=float, na_value=np.nan))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{outcome!r} holds something that is no number") from error


def overlap_weights(formula: str, data: pd.DataFrame, *, kind: WeightKind = "overlap") -> Weights:
    """How are people to be weighted for the arms to compare in one common population?

    Parameters
    ----------
    formula
        The arm on the left, what people bring along on the right: ``"arm ~ age + wellbeing_t1 + sex"``.
    data
        One row per person. Rows with something missing get no weight and are counted.
    kind
        ``overlap`` (people who could be in any arm), ``ipw`` (everybody) or ``matching`` (the arm that is rarest for
        each).

    Returns
    -------
    Weights
        `values`, `effective_sample_size`, `largest`, `balance`, `overlap`, `means(outcome)`, `contrasts(outcome)`.

    Raises
    ------
    ValueError
        If the formula cannot be read, a column is absent or the kind is unknown.
    InsufficientDataError
        If there are fewer than two arms, or columns are not independent.
    ConvergenceError
        If the columns tell some arm perfectly: the arms do not overlap, and no weight compares them.

    Notes
    -----
    With e_k the multinomial logit's probability of arm k and h the tilt: w = h / e_own; overlap h = 1/Σ(1/e_k), ipw
    h = 1, matching h = min e_k. Errors of `means` stack the equations of logit and means (the influence of the
    estimated propensities is counted). Balance is the difference of weighted means over the square root of the mean of
    the arms' variances, unweighted, for every pair of arms and for each arm against everybody (``all``).

    References
    ----------
    Li F, Li F (2019). Propensity score weighting for causal inference with multiple treatments.
    doi:10.1214/19-AOAS1282. Li L, Greene T (2013), matching weights. doi:10.1515/ijb-2012-0030.

    Checked against R (by hand, and PSweight) in ``tests/golden/comparison/overlap_weights_three_groups.json``.

    Examples
    --------
    >>> data = pd.DataFrame({"arm": list("aabbabab"), "x": [1.0, 2, 2, 3, 1, 2, 3, 1], "y": range(8)})
    >>> weights = overlap_weights("arm ~ x", data)
    >>> weights.means("y")["arm"].tolist()
    ['a', 'b']
    """
    if kind not in get_args(WeightKind):
        raise ValueError(f"kind is {kind!r}; allowed: {', '.join(get_args(WeightKind))}")
    frame = model_frame(formula, data)
    arms, codes = outcome_levels(frame.response)
    propensity = Propensity(frame, fit_multinomial(frame.matrix, codes, arms), arms, kind)
    used = propensity.weights()
    values = pd.Series(0.0, index=data.index, name="weight")
    values[frame.rows] = used
    p = propensity.fit.probabilities
    notes = (
        () if p.min() >= SMALL_PROBABILITY else (f"some people have an arm's probability under {SMALL_PROBABILITY:g}",)
    )
    return Weights(
        values=values,
        effective_sample_size=effective_size(used),
        largest=largest_share(used),
        balance=_balance(propensity, used),
        overlap=_overlap(propensity, used),
        method=f"{kind} weights",
        n_dropped=frame.n_dropped,
        notes=notes,
        propensity=propensity,
    )


def tilt(p: Floats, kind: WeightKind) -> Floats:
    """Give h, the share of each person that the target population keeps."""
    if kind == "ipw":
        return np.ones(len(p))
    return np.asarray(1 / (1 / p).sum(axis=1) if kind == "overlap" else p.min(axis=1))


def tilt_slopes(p: Floats, kind: WeightKind) -> Floats:
    """Give d log h / d eta_j, shape (n, arms): h Σ_k ((k = j) - e_j)/e_k for overlap."""
    if kind == "ipw":
        return np.zeros_like(p)
    if kind == "overlap":
        share = tilt(p, kind)[:, None] / p
        return np.asarray(share - p)
    smallest = indicators(p.argmin(axis=1).astype(np.int64), p.shape[1])
    return np.asarray(smallest - p)


def _balance(propensity: Propensity, weights: Floats) -> pd.DataFrame:
    frame, codes = propensity.frame, propensity.fit.codes
    names = [name for name in frame.names if name != "Intercept"]
    matrix = frame.matrix[:, [name != "Intercept" for name in frame.names]]
    own = indicators(codes, len(propensity.arms))
    spread = np.array([matrix[codes == arm].var(axis=0) for arm in range(len(propensity.arms))])
    scale = np.sqrt(spread.mean(axis=0))
    everybody = np.ones(len(codes))
    sides = {"all": (everybody, tilt(propensity.fit.probabilities, propensity.kind))}
    sides |= {str(arm): (own[:, k], own[:, k] * weights) for k, arm in enumerate(propensity.arms)}
    rows = []
    for one, other in combinations(sides, 2):
        before, after = (
            standardised_difference(matrix, names, sides[other][at], sides[one][at], scale) for at in (0, 1)
        )
        rows.append(pd.DataFrame({"contrast": f"{other} - {one}", "before": before, "after": after}).reset_index())
    return pd.concat(rows, ignore_index=True)


def _overlap(propensity: Propensity, weights: Floats) -> pd.DataFrame:
    rows = []
    for k, arm in enumerate(propensity.arms):
        own = propensity.fit.codes == k
        probability = propensity.fit.probabilities[:, k]
        rows.append(
            {
                "arm": str(arm),
                "n": int(own.sum()),
                "effective_sample_size": effective_size(weights[own]),
                "largest": largest_share(weights[own]),
                "lowest_probability": float(probability.min()),
                "highest_probability": float(probability.max()),
            }
        )
    return pd.DataFrame(rows).set_index("arm")
