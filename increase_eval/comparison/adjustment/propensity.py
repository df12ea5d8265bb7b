"""How would the arms compare in one common population? Weights from the probability of being in each arm.

Overlap weights compare the arms where all of them are to be found; inverse probability weights over everybody; matching
weights in between. They correct for what the model holds and for nothing else: a column that an arm never varies in
(country, where approaches are nested in countries) has no place in it, since no weight can make such arms comparable.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.adjustment.adjusted_means import AdjustedMeans
from increase_eval.comparison.adjustment.positivity import keep_shared_columns
from increase_eval.comparison.adjustment.weights import (
    Weights,
    effective_size,
    explosion,
    largest_share,
    standardised_difference,
)
from increase_eval.comparison.engines.estimating_equations import EstimatingEquations
from increase_eval.comparison.engines.frames import ModelFrame, column_weights, model_frame, outcome_levels
from increase_eval.comparison.engines.multinomial import MultinomialFit, fit_multinomial, indicators
from increase_eval.errors import InsufficientDataError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
WeightKind = Literal["overlap", "ipw", "matching"]
SMALL_PROBABILITY = 0.01
TIMES_OTHERS = ", times weights taken as fixed"


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
    rows, size
        Where the rows used stand in the data, and how many rows the data have.
    left_out
        Columns that could not be adjusted for.
    is_weighted
        Whether people came with weights of their own, which these multiply.
    """

    frame: ModelFrame
    fit: MultinomialFit
    arms: tuple[Any, ...]
    kind: WeightKind
    rows: npt.NDArray[np.int64]
    size: int
    left_out: tuple[str, ...]
    is_weighted: bool = False

    def weights(self) -> Floats:
        """Give w = h / e_own, times the weights that people came with, shape (n,)."""
        own = self.fit.probabilities[np.arange(len(self.fit.codes)), self.fit.codes]
        return np.asarray(self.frame.weights * tilt(self.fit.probabilities, self.kind) / own)

    @property
    def method(self) -> str:
        """What the weights are, and whether they multiply others."""
        return f"{self.kind} weights{TIMES_OTHERS if self.is_weighted else ''}"

    def adjusted(self, outcome: str, *, confidence: float) -> AdjustedMeans:
        """Give weighted means of all arms with their joint variance; see :meth:`Weights.adjusted`."""
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
        influence = equations.after(self.fit.equations(), self._moves(gaps)).influence()
        return AdjustedMeans(
            arm=str(self.frame.response.name), arms=self.arms, outcome=outcome, method=self.method,
            estimates=np.asarray(means), vcov=influence.T @ influence, sizes=sizes, n=len(y),
            n_dropped=self.size - int(known.sum()), influence=influence, rows=self.rows,
            codes=np.where(known, self.fit.codes, -1), left_out=self.left_out, confidence=confidence,
        )  # fmt: skip

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


def overlap_weights(
    formula: str, data: pd.DataFrame, *, kind: WeightKind = "overlap", weights: str | None = None
) -> Weights:
    """How are people to be weighted for the arms to compare in one common population?

    Parameters
    ----------
    formula
        The arm on the left, what people bring along on the right: ``"arm ~ age + wellbeing_t1 + sex"``.
    data
        One row per person. Rows with something missing, or with a level that some arm lacks, get no weight and are
        counted.
    kind
        ``overlap`` (people who could be in any arm), ``ipw`` (everybody) or ``matching`` (the arm that is rarest for
        each).
    weights
        A column of design or response weights: the propensities are fitted with them, and `values` are these times
        them. Rows without one, or of weight 0, get no weight. Errors take them as fixed.

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
    A column with levels that some arm lacks (the country, where approaches are nested in countries) is left out and
    named in `left_out` and `notes`; see :func:`~increase_eval.comparison.adjustment.positivity.keep_shared_columns`.
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
    weighted = column_weights(data, weights) > 0
    people = data.loc[weighted]
    shared = keep_shared_columns(formula, people)
    frame = model_frame(shared.formula, people.loc[shared.rows], weights=weights)
    arms, codes = outcome_levels(frame.response)
    rows = np.flatnonzero(weighted)[np.flatnonzero(shared.rows)[frame.rows]]
    fit = fit_multinomial(frame.matrix, codes, arms, frame.weights)
    propensity = Propensity(frame, fit, arms, kind, rows, len(data), shared.left_out, weights is not None)
    used = propensity.weights()
    spread = np.zeros(len(data))
    spread[rows] = used
    is_small = propensity.fit.probabilities.min() < SMALL_PROBABILITY
    small = (f"some people have an arm's probability under {SMALL_PROBABILITY:g}",) if is_small else ()
    return Weights(
        values=pd.Series(spread, index=data.index, name="weight"),
        effective_sample_size=effective_size(used),
        largest=largest_share(used),
        balance=_balance(propensity, used),
        overlap=_overlap(propensity, used),
        method=propensity.method,
        n_dropped=len(data) - len(rows),
        notes=(*shared.notes, *small, *_explosions(arms, codes, used)),
        left_out=shared.left_out,
        propensity=propensity,
    )


def _explosions(arms: Sequence[Any], codes: Ints, weights: Floats) -> Iterator[str]:
    """Note arm by arm where one person carries the arm."""
    for number, arm in enumerate(arms):
        yield from explosion(weights[codes == number], whom=f"people of arm {arm}")


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
    base = frame.weights
    sides = {"all": (base, base * tilt(propensity.fit.probabilities, propensity.kind))}
    sides |= {str(arm): (own[:, k] * base, own[:, k] * weights) for k, arm in enumerate(propensity.arms)}
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
