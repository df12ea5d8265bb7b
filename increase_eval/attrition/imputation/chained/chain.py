"""One chain of fully conditional specification: start from values drawn at random, then visit each column in turn."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from increase_eval.attrition.imputation.chained.categorical import (
    Observed,
    augment,
    draw_levels,
    draw_parameters,
    probabilities,
    start_of,
)
from increase_eval.attrition.imputation.chained.linear import draw_regression, independent_rows, nearest_donors
from increase_eval.attrition.imputation.chained.plan import Equation, Plan, is_constant, visits
from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.moments.accumulate import FloatArray, IntArray


@dataclass(slots=True, eq=False)
class Chain:
    """The state of a chain, and what it leaves.

    Attributes
    ----------
    values
        Column to its values (n,), in the units of the equations.
    means, variances
        Column to the mean and the variance of its imputed values, iteration by iteration, in the units of the data.
    shares, uniforms
        Column with levels to the probabilities (missing, K) its last values were drawn from, and the numbers that
        decided.
    dropped
        Columns whose equation once had predictors that were sums of others.
    """

    values: dict[str, FloatArray]
    means: dict[str, list[float]] = field(default_factory=dict)
    variances: dict[str, list[float]] = field(default_factory=dict)
    shares: dict[str, FloatArray] = field(default_factory=dict)
    uniforms: dict[str, FloatArray] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    starts: dict[str, FloatArray] = field(default_factory=dict)
    blocks: dict[str, FloatArray] = field(default_factory=dict)

    def put(self, equation: Equation, missing: IntArray, drawn: FloatArray) -> None:
        """Write imputed values, and keep their mean and variance."""
        target = equation.target
        self.values[target.name][missing] = drawn
        self.blocks[target.name] = target.encode(self.values[target.name])
        known = target.original(drawn)
        self.means.setdefault(target.name, []).append(float(known.mean()))
        self.variances.setdefault(target.name, []).append(float(known.var(ddof=1)) if len(known) > 1 else np.nan)


def run_chain(plan: Plan, iterations: int, rng: np.random.Generator) -> Chain:
    """Run one chain to its end.

    Raises
    ------
    InsufficientDataError
        If a column has too few values for its predictors.
    ConvergenceError
        If the model of a column with levels does not converge.
    """
    chain = Chain({name: variable.values.copy() for name, variable in plan.variables.items()})
    for equation, observed, missing in visits(plan):
        target = equation.target
        chain.values[target.name][missing] = rng.choice(target.values[observed], len(missing))
    chain.blocks = {name: plan.variables[name].encode(values) for name, values in chain.values.items()}
    for _ in range(iterations):
        for equation, observed, missing in visits(plan):
            chain.put(equation, missing, _visit(equation, chain, observed, missing, rng))
    return chain


def _visit(
    equation: Equation, chain: Chain, observed: IntArray, missing: IntArray, rng: np.random.Generator
) -> FloatArray:
    target = equation.target
    known = target.values[observed]
    if is_constant(target):
        if target.levels is not None:
            chain.shares[target.name] = np.ones((len(missing), 1))
            chain.uniforms[target.name] = np.full(len(missing), 0.5)
        return np.full(len(missing), known[0])
    x = equation.predictors(chain.blocks)
    seen, gone = x[:, observed], x[:, missing]
    kept = independent_rows(seen)
    if not kept.all():
        chain.dropped.add(target.name)
        seen, gone = seen[kept], gone[kept]
    if target.method in ("norm", "pmm"):
        return _number(target.name, target.method, known, seen, gone, rng)
    return _level(equation, chain, known.astype(np.int64), seen, gone, rng)


def _number(
    name: str, method: str, known: FloatArray, seen: FloatArray, gone: FloatArray, rng: np.random.Generator
) -> FloatArray:
    if len(known) <= len(seen):
        raise InsufficientDataError(
            f"column {name!r} has {len(known)} values, which cannot carry {len(seen)} coefficients; "
            "name fewer predictors"
        )
    found = draw_regression(seen, known, rng)
    if method == "norm":
        return np.asarray(found.drawn @ gone + found.spread * rng.standard_normal(gone.shape[1]))
    return np.asarray(known[nearest_donors(found.best @ seen, found.drawn @ gone, rng)])


def _level(
    equation: Equation, chain: Chain, codes: IntArray, seen: FloatArray, gone: FloatArray, rng: np.random.Generator
) -> FloatArray:
    target = equation.target
    levels = len(target.levels or ())
    method = "logit" if levels == 2 else target.method
    if method == "pmm":
        found = draw_regression(seen, codes.astype(np.float64), rng)
        return np.asarray(codes[nearest_donors(found.best @ seen, found.drawn @ gone, rng)], dtype=np.float64)
    data = augment(seen, codes, levels)
    start = chain.starts.get(target.name)
    fresh = start_of(method, data, levels)
    start = fresh if start is None or start.shape != fresh.shape else start
    best, drawn = _drawn(target.name, method, data, levels, (start, fresh), rng)
    chain.starts[target.name] = best
    shares = probabilities(method, drawn, gone, levels)
    uniforms = np.asarray(rng.random(gone.shape[1]))
    chain.shares[target.name], chain.uniforms[target.name] = shares, uniforms
    return draw_levels(shares, uniforms).astype(np.float64)


def _drawn(
    name: str,
    method: str,
    data: Observed,
    levels: int,
    starts: tuple[FloatArray, FloatArray],
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Fit from where the last round arrived, and draw; where that start is too far off, from no effects."""
    for number, start in enumerate(starts):
        try:
            return draw_parameters(method, data, levels, start, rng)
        except (ConvergenceError, np.linalg.LinAlgError) as error:
            if number or start is starts[1]:
                raise ConvergenceError(f"column {name!r}: {error}") from error
    raise AssertionError("one start or the other ends the loop")
