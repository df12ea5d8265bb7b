"""Responses of shares of states to deltas on the log odds scale, from chained equations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import linalg

from increase_eval.attrition.imputation.chained.categorical import draw_levels
from increase_eval.attrition.imputation.chained.result import ChainedImputations
from increase_eval.attrition.tipping.conclusion import Clause, Conclusion, Numbers
from increase_eval.attrition.tipping.continuous import weights_of
from increase_eval.attrition.tipping.response import numbers_of
from increase_eval.comparison.engines.generalised_linear import fit_generalised
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.accumulate import BoolArray, FloatArray
from increase_eval.moments.formulas import learn_design, parse_formula


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """One completed table.

    Attributes
    ----------
    matrix, q
        (n, k) design of the rows used, and the same orthonormal.
    function
        (n,) the estimate as a function of the outcome.
    in_states
        (n,) whether each row is in the states that count.
    """

    matrix: FloatArray
    q: FloatArray
    function: FloatArray
    in_states: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class LevelResponse:
    """How a share moves when the log odds of the states move for those imputed.

    Attributes
    ----------
    draws
        The completed tables.
    shares, uniforms
        (D, missing, K) probabilities behind the imputed levels, and (D, missing) what decided.
    counted
        (K,) which levels count.
    dials
        (missing, dials) who is moved by what.
    rows
        (missing,) place among the rows used, -1 for those not used.
    weights, family, confidence
        Of the conclusion.
    first
        The first delta, where it is held.
    """

    draws: tuple[Draw, ...]
    shares: FloatArray
    uniforms: FloatArray
    counted: BoolArray
    dials: FloatArray
    rows: FloatArray
    weights: FloatArray
    family: str
    confidence: float
    first: float | None = None
    known: dict[tuple[float, ...], Numbers] = field(default_factory=dict)

    def at(self, deltas: FloatArray) -> Numbers:
        """Draw the imputed levels again with moved odds and the same random numbers, analyse and pool."""
        x = tuple(float(one) for one in np.atleast_1d(deltas))
        x = x if self.first is None else (self.first, *x)
        if x not in self.known:
            found = [self._one(number, self.dials @ np.array(x)) for number in range(len(self.draws))]
            q, u = np.array(found).T
            free = len(self.draws[0].matrix) - self.draws[0].matrix.shape[1]
            self.known[x] = numbers_of(
                float(q.mean()), float(u.mean()), float(q.var(ddof=1)), len(q), float(free), self.confidence
            )
        return self.known[x]

    def _one(self, number: int, moved: FloatArray) -> tuple[float, float]:
        """Estimate, and its variance, from one completed table."""
        draw = self.draws[number]
        tilted = self.shares[number] * np.exp(moved[:, None] * self.counted)
        levels = draw_levels(tilted / tilted.sum(axis=1, keepdims=True), self.uniforms[number])
        y, there = draw.in_states.copy(), self.rows >= 0
        y[self.rows[there].astype(np.int64)] = self.counted[levels[there]]
        if self.family == "binomial":
            fitted = fit_generalised(draw.matrix, y, [str(k) for k in range(draw.matrix.shape[1])], family="binomial")
            return float(fitted.coefficients @ self.weights), float(self.weights @ fitted.vcov @ self.weights)
        rest = y - draw.q @ (draw.q.T @ y)
        free = len(y) - draw.matrix.shape[1]
        return float(draw.function @ y), float(rest @ rest) / free * float(draw.function @ draw.function)

    def roots(self, clause: Clause) -> None:
        """Give no formula: levels are drawn."""

    def fix(self, first: float) -> LevelResponse:
        """Hold the first of two deltas."""
        return LevelResponse(
            self.draws, self.shares, self.uniforms, self.counted, self.dials, self.rows, self.weights, self.family,
            self.confidence, first, self.known,
        )  # fmt: skip


def of_levels(
    imputations: ChainedImputations, formula: str, conclusion: Conclusion, moved: FloatArray
) -> LevelResponse:
    """Respond in the analysis of an outcome with levels.

    Parameters
    ----------
    imputations
        From chained equations, the outcome by ``logit``, ``multinomial`` or ``ordered``.
    formula, conclusion
        The analysis, and what is concluded from it.
    moved
        (n, dials) who is moved by what.

    Raises
    ------
    ValueError
        If states are not levels of the outcome, or none are named and there are more than two.
    InsufficientDataError
        If there is one draw, or too few rows.
    """
    parsed = parse_formula(formula)
    imputations.check_contained(parsed, formula)
    outcome = str(parsed.response)
    target = imputations.plan.variables[outcome]
    counted = _counted(target.levels or (), conclusion.states, outcome)
    states = [level for level, one in zip(target.levels or (), counted, strict=True) if one]
    if imputations.n_draws < 2:
        raise InsufficientDataError("pooling needs two draws or more; there is one")
    draws, weights, used = [], np.zeros(0), np.zeros(0, dtype=bool)
    for rows in imputations.datasets:
        design = learn_design(parsed, rows)
        used = design.usable(rows)
        weights = weights_of(conclusion.term, design.names)
        matrix = design.matrix(rows[used])
        if len(matrix) <= matrix.shape[1]:
            raise InsufficientDataError(f"{len(matrix)} rows cannot carry {matrix.shape[1]} coefficients")
        q, r = linalg.qr(matrix, mode="economic")
        function = q @ linalg.solve_triangular(r, weights, trans="T")
        inside = np.asarray(rows[outcome][used].isin(states).to_numpy(), dtype=np.float64)
        draws.append(Draw(matrix, q, function, inside))
    place = np.where(used, np.cumsum(used) - 1, -1)[target.missing]
    return LevelResponse(
        tuple(draws), imputations.shares[outcome], imputations.uniforms[outcome], counted, moved[target.missing], place,
        weights, conclusion.family, conclusion.confidence,
    )  # fmt: skip


def _counted(levels: tuple[Any, ...], states: tuple[Any, ...], outcome: str) -> BoolArray:
    if not states and len(levels) != 2:
        raise ValueError(f"outcome {outcome!r} has {len(levels)} levels, and the conclusion names no states")
    wanted = states or levels[1:]
    strange = [str(state) for state in wanted if state not in levels]
    if strange:
        raise ValueError(f"states {strange} are no levels of {outcome!r}; allowed: {[str(level) for level in levels]}")
    return np.array([level in wanted for level in levels])
