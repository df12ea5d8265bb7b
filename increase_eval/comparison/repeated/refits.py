"""Refit a model to changed data without going back to the rows: jackknife, bootstrap over clusters, leave one out.

Every replicate is a sum, or a difference, of moments by unit. Many are fitted at once by one batched Newton iteration
that starts from the original solution.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from increase_eval.arguments import require_generator
from increase_eval.comparison.repeated.assemble import ALIAS_TOLERANCE, GROUP, UNIT, Columns, gather_identity
from increase_eval.comparison.repeated.layout import Layout
from increase_eval.comparison.repeated.likelihood import MomentModel, Sums, profile
from increase_eval.comparison.repeated.newton import FLOATS_AT_ONCE, minimise_near
from increase_eval.comparison.repeated.solve import Solution
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.accumulate import FloatArray, IntArray
from increase_eval.moments.pattern import PatternMoments
from increase_eval.results import estimate_table

ESTIMATED, NOT_ESTIMABLE, NOT_CONVERGED = "estimated", "not estimable", "not converged"


@dataclass(frozen=True, slots=True, eq=False)
class Refits:
    """Coefficients of every replicate.

    Attributes
    ----------
    kind
        ``jackknife``, ``bootstrap`` or ``leave one out``.
    coefficients
        DataFrame, one row a replicate (the unit left out, or the number of the draw), one column a term; missing where
        the replicate is not estimable.
    status
        Series: ``estimated``, ``not estimable`` (an arm, a visit or a pair of visits is lost) or ``not converged``.
    original
        Coefficients of the fit to all data.
    """

    kind: str
    coefficients: pd.DataFrame
    status: pd.Series[str]
    original: pd.Series[float]

    @property
    def n_not_estimable(self) -> int:
        """Number of replicates without an estimate."""
        return int((self.status != ESTIMATED).sum())

    @property
    def std_error(self) -> pd.Series[float]:
        """Standard error of each coefficient."""
        return pd.Series(self._errors(np.eye(len(self.original))), index=self.original.index)

    def table(self, functions: FloatArray) -> pd.DataFrame:
        """Estimate, std_error, conf_low, conf_high of linear functions (r, p) of the coefficients.

        Notes
        -----
        Jackknife: sqrt((G - 1) / G sum (b_g - mean)^2) over the G units, t interval with G - 1 df; missing when any
        replicate is not estimable, since the others do not stand for it. Bootstrap: standard deviation and percentiles
        of the estimable draws; ``n_not_estimable`` says how many are left out. Leave one out: the range.
        """
        estimate = functions @ self.original.to_numpy()
        error, (low, high) = self._errors(functions), self._limits(functions, estimate)
        columns = {"estimate": estimate, "std_error": error, "conf_low": low, "conf_high": high}
        return pd.DataFrame({**columns, "n_not_estimable": self.n_not_estimable})

    def to_frame(self) -> pd.DataFrame:
        """Coefficients in the shape of every estimate table; leaving one out gives one row a unit and term."""
        n = int((self.status == ESTIMATED).sum())
        summary = "all replicates estimated" if not self.n_not_estimable else f"{self.n_not_estimable} not estimable"
        if self.kind != "leave one out":
            rows = self.table(np.eye(len(self.original))).drop(columns="n_not_estimable")
            method = f"MMRM refits from moments, {self.kind}"
            return estimate_table(rows.assign(term=list(self.original.index)), n=n, method=method, status=summary)
        unit = f"by_{self.coefficients.index.name}"
        long = self.coefficients.rename_axis(unit).reset_index().melt(unit, var_name="term", value_name="estimate")
        status = self.status.rename_axis(unit).rename("status").reset_index()
        rows = long.merge(status, on=unit, how="left", validate="many_to_one")
        return estimate_table(rows, method="MMRM refits from moments, without one unit")

    def _values(self, functions: FloatArray) -> FloatArray:
        """Functions of the estimable replicates, (replicates, r)."""
        used = (self.status == ESTIMATED).to_numpy(dtype=bool)
        return np.asarray(self.coefficients.to_numpy()[used] @ functions.T)

    def _errors(self, functions: FloatArray) -> FloatArray:
        values = self._values(functions)
        if self.kind == "bootstrap" and len(values) > 1:
            return np.asarray(values.std(axis=0, ddof=1))
        if self.kind == "jackknife" and self.n_not_estimable == 0 and len(values) > 1:
            return np.asarray(values.std(axis=0) * np.sqrt(len(values) - 1.0))
        return np.full(len(functions), np.nan)

    def _limits(self, functions: FloatArray, estimate: FloatArray) -> tuple[FloatArray, FloatArray]:
        values = self._values(functions)
        if self.kind == "jackknife":
            half = stats.t.ppf(0.975, max(len(values) - 1, 1)) * self._errors(functions)
            return estimate - half, estimate + half
        if not len(values):
            nothing = np.full(len(functions), np.nan)
            return nothing, nothing
        if self.kind == "bootstrap":
            low, high = np.quantile(values, [0.025, 0.975], axis=0)
            return np.asarray(low), np.asarray(high)
        return np.asarray(values.min(axis=0)), np.asarray(values.max(axis=0))


@dataclass(frozen=True, slots=True, eq=False)
class UnitMoments:
    """Moments by unit, sparse: one entry for each unit and cell that has people.

    Attributes
    ----------
    unit, cell
        (K,) unit and cell number of each entry.
    people, cross
        (K,) and (K, F, F).
    names
        Names of the units, in the order of their numbers.
    """

    unit: IntArray
    cell: IntArray
    people: FloatArray
    cross: FloatArray
    names: tuple[Any, ...]

    def without(self, total: Sums, units: IntArray) -> Sums:
        """Everything but one unit, for each of ``units``; cells that lose their last person are emptied."""
        people = np.repeat(total.people, len(units), axis=0)
        cross = np.repeat(total.cross, len(units), axis=0)
        place = np.full(len(self.names), -1)
        place[units] = np.arange(len(units))
        entries = np.flatnonzero(place[self.unit] >= 0)
        where = (place[self.unit[entries]], self.cell[entries])
        people[where] -= self.people[entries]
        cross[where] -= self.cross[entries]
        cross[people <= 0.5] = 0.0  # no rounding dust where nobody is left
        return Sums(people, cross)

    def dense(self, cells: int) -> Sums:
        """(U, O) and (U, O, F, F)."""
        f = self.cross.shape[-1]
        people, cross = np.zeros((len(self.names), cells)), np.zeros((len(self.names), cells, f, f))
        people[self.unit, self.cell] = self.people
        cross[self.unit, self.cell] = self.cross
        return Sums(people, cross)


def unit_moments(moments: PatternMoments, model: MomentModel, names: tuple[Any, ...]) -> UnitMoments:
    """Arrange moments by unit for refits."""
    keys = {(int(g), tuple(s)): k for k, (g, s) in enumerate(zip(model.group, model.seen.tolist(), strict=True))}
    seen = moments.patterns[:, -model.m :].tolist()
    cell = np.array([keys[int(g), tuple(s)] for g, s in zip(moments.groups[GROUP], seen, strict=True)], dtype=np.int64)
    unit = moments.groups[UNIT].to_numpy(dtype=np.int64)
    return UnitMoments(unit, cell, moments.people.astype(np.float64), moments.cross, names)


def person_moments(layout: Layout, model: MomentModel) -> UnitMoments:
    """Take the moments of each person, who is in one cell: the products of the person's own features."""
    known, n = np.nan_to_num(layout.features), layout.n_subjects
    keys = {(int(g), tuple(s)): k for k, (g, s) in enumerate(zip(model.group, model.seen.tolist(), strict=True))}
    of_person = zip(layout.groups, layout.seen.tolist(), strict=True)
    cell = np.array([keys[int(group), tuple(seen)] for group, seen in of_person], dtype=np.int64)
    return UnitMoments(np.arange(n), cell, np.ones(n), known[:, :, None] * known[:, None, :], tuple(range(n)))


def refit(
    kind: str, layout: Layout, columns: Columns, found: Solution, batches: Iterator[Sums], index: pd.Index[Any]
) -> Refits:
    """Fit every replicate and put the coefficients together, in the units of the data."""
    estimates, status = [], []
    for sums in batches:
        fitted = fit_batch(found, sums)
        estimates.append(fitted.beta)
        status.append(fitted.status)
    back = columns.back * layout.scaling.response_scale
    scaled = np.concatenate(estimates)
    original = back @ found.at.beta[0]
    values = scaled @ back.T
    shift = columns.shift(layout.scaling)
    terms = pd.Index([layout.design.names[j] for j in columns.kept], name="term")
    return Refits(
        kind,
        pd.DataFrame(values + shift, index=index, columns=terms),
        pd.Series(np.concatenate(status), index=index, name="status", dtype="str"),
        pd.Series(original + shift, index=terms, name="estimate"),
    )


def batch_size(model: MomentModel) -> int:
    """Give the number of replicates that fit into the working arrays."""
    per_replicate = model.rows.shape[0] ** 2 * 2 + len(model.group) * model.rows.shape[0] ** 2 // model.m**2
    return int(max(1, min(512, FLOATS_AT_ONCE // per_replicate)))


class FittedBatch(NamedTuple):
    """Replicates fitted together, in scaled units."""

    beta: FloatArray  # (B, p) coefficients, missing where not estimated
    theta: FloatArray  # (B, k) covariance parameters, the original fit's where not estimated
    status: list[str]


def fit_batch(found: Solution, sums: Sums) -> FittedBatch:
    """Fit some replicates at once, from the original solution."""
    model = found.model
    beta = np.full((len(sums.people), model.p), np.nan)
    theta = np.repeat(found.theta, len(beta), axis=0)
    able = np.flatnonzero(_estimable(model, sums))
    status = np.full(len(beta), NOT_ESTIMABLE, dtype=object)
    if able.size:
        data = sums.take(able)
        optimum = minimise_near(model, data, found.theta[0], found.slopes.observed[0])
        done = np.flatnonzero(optimum.converged)
        status[able] = NOT_CONVERGED
        status[able[done]] = ESTIMATED
        if done.size:
            theta[able[done]] = optimum.theta[done]
            beta[able[done]] = profile(model, data.take(done), optimum.theta[done], with_value=False).beta
    return FittedBatch(beta, theta, status.tolist())


def _estimable(model: MomentModel, sums: Sums) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell which replicates keep full rank, and what their covariance needs."""
    products = gather_identity(model.rows, model.seen, sums)[:, : model.p, : model.p]
    length = np.sqrt(np.einsum("bpp->bp", products))
    whole = (length > 0).all(axis=1)
    scaled = products / np.maximum(length[:, :, None] * length[:, None, :], 1e-300)
    scaled[~whole] = 0.0
    whole &= np.linalg.eigvalsh(scaled)[:, 0] > ALIAS_TOLERANCE
    both = (model.seen[:, :, None] & model.seen[:, None, :]).astype(np.float64)
    for group in range(model.n_groups):
        cells = model.group == group
        pairs = np.einsum("bo,ost->bst", sums.people[:, cells], both[cells])
        needed = pairs if model.structure.code == "us" else np.einsum("bss->bs", pairs)
        whole &= (needed.reshape(len(pairs), -1) > 0.5).all(axis=1)
    n_obs = (sums.people * model.seen.sum(axis=1)).sum(axis=1)
    return np.asarray(whole & (n_obs > model.p))


def draw_clusters(strata: IntArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Draw clusters with replacement within strata: how often each is drawn, (draws, clusters)."""
    if draws < 1:
        raise ValueError(f"draws must be 1 or more; got {draws}")
    require_generator(rng)
    counts = np.zeros((draws, len(strata)))
    for stratum in np.unique(strata):
        inside = np.flatnonzero(strata == stratum)
        counts[:, inside] = rng.multinomial(len(inside), np.full(len(inside), 1.0 / len(inside)), size=draws)
    return counts


def strata_of(codes: IntArray, within: pd.Series[Any], name: str, by: str) -> IntArray:
    """Give the stratum of each unit, refused where it changes within one."""
    stratum = within.factorize()[0]
    first = np.zeros(int(codes.max()) + 1, dtype=np.int64)
    first[codes[::-1]] = stratum[::-1]
    if (first[codes] != stratum).any():
        raise ValueError(f"column {name!r} changes within units of {by!r}; it must be constant within each")
    return first


def check_units(names: tuple[Any, ...], by: str) -> None:
    """Refuse to leave out the only unit."""
    if len(names) < 2:
        raise InsufficientDataError(f"column {by!r} has one value only; a refit without it has no data")
