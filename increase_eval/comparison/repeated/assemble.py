"""From people to moments, and from moments to a model: cells, columns that can be estimated, units of the results."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from increase_eval.comparison.repeated.layout import Layout
from increase_eval.comparison.repeated.likelihood import MomentModel, Sums, gather
from increase_eval.comparison.repeated.scaling import Scaling
from increase_eval.comparison.repeated.structures import Structure
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.accumulate import BoolArray, FloatArray, IntArray
from increase_eval.moments.pattern import PatternMoments

ALIAS_TOLERANCE = 1e-10
"""A column whose squared length, apart from earlier columns, is a smaller share of its own is aliased."""

GROUP, UNIT = "covariance_group", "unit"


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Which columns are estimated, and the way back to the units of the data.

    Attributes
    ----------
    kept, aliased
        Column numbers that are estimated, and those that are sums of earlier ones.
    combination
        (kept, aliased) in original units: aliased columns as combinations of kept ones.
    back
        (kept, kept) scaled coefficients to original units, before the outcome's own scale.
    log_determinant
        Of the transform of the kept columns.
    """

    kept: IntArray
    aliased: IntArray
    combination: FloatArray
    back: FloatArray
    log_determinant: float

    def shift(self, scaling: Scaling) -> FloatArray:
        """(kept,) what the centre of the outcome adds to the coefficients."""
        ones = scaling.constant[self.kept] + self.combination @ scaling.constant[self.aliased]
        return np.asarray(ones * scaling.response_centre)

    def estimable(self, matrix: FloatArray) -> BoolArray:
        """Tell which linear functions of all coefficients (r, P) the data determine."""
        difference = matrix[:, self.aliased] - matrix[:, self.kept] @ self.combination
        size = 1.0 + np.abs(matrix).max(axis=1, keepdims=True, initial=0.0)
        return np.asarray((np.abs(difference) <= 1e-6 * size).all(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Moments arranged for the model: cells are pairs of covariance group and visit pattern.

    Attributes
    ----------
    group, seen
        (O,) covariance group and (O, m) visits of each cell.
    sums
        People and cross-products by unit (B, O) and (B, O, F, F); one unit for the whole.
    """

    group: IntArray
    seen: BoolArray
    sums: Sums

    def total(self) -> Sums:
        """All units together."""
        return Sums(self.sums.people.sum(axis=0, keepdims=True), self.sums.cross.sum(axis=0, keepdims=True))


def take_moments(layout: Layout, units: IntArray | None = None) -> PatternMoments:
    """Moments of the features by visit pattern, covariance group and unit."""
    names = [f"f{k}" for k in range(layout.features.shape[1])]
    frame = pd.DataFrame(layout.features, columns=names, copy=False)
    frame[GROUP] = layout.groups
    frame[UNIT] = 0 if units is None else units
    return PatternMoments.from_frame(frame, names, by=(GROUP, UNIT), centre=np.zeros(len(names)))


def arrange(moments: PatternMoments, m: int) -> Cells:
    """Arrange moments by unit and cell."""
    seen = moments.patterns[:, -m:]
    group = moments.groups[GROUP].to_numpy(dtype=np.int64)
    unit = moments.groups[UNIT].to_numpy(dtype=np.int64)
    keys = np.column_stack([group, seen])
    cells, of_row = np.unique(keys, axis=0, return_inverse=True)
    f, count = len(moments.columns), int(unit.max(initial=0)) + 1
    people, cross = np.zeros((count, len(cells))), np.zeros((count, len(cells), f, f))
    # Several rows of one unit and cell differ in what is missing besides visits; they add up.
    np.add.at(people, (unit, of_row), moments.people)
    np.add.at(cross, (unit, of_row), moments.cross)
    return Cells(cells[:, 0].astype(np.int64), cells[:, 1:].astype(bool), Sums(people, cross))


def gather_identity(rows: FloatArray, seen: BoolArray, sums: Sums) -> FloatArray:
    """[X, y]'[X, y] of every replicate, (B, P + 1, P + 1)."""
    m = seen.shape[1]
    identity = np.zeros((1, len(seen), 1, m, m))
    identity[0, :, 0, np.arange(m), np.arange(m)] = seen.T
    return np.asarray(gather(rows, sums, np.broadcast_to(identity, (len(sums.people), *identity.shape[1:])))[:, 0])


def choose_columns(products: FloatArray, scaling: Scaling, drop: IntArray) -> Columns:
    """Keep the columns that are not sums of earlier ones.

    Parameters
    ----------
    products
        (P, P) cross-products of the scaled design.
    scaling
        How the design was scaled.
    drop
        Columns that are left out in any case (a constrained baseline).
    """
    candidates = np.setdiff1d(np.arange(len(products)), drop)
    independent = independent_columns(products[np.ix_(candidates, candidates)])
    kept, aliased = candidates[independent], candidates[~independent]
    if not kept.size:
        raise InsufficientDataError("no column of the design varies, so nothing can be estimated")
    combination = np.asarray(np.linalg.solve(products[np.ix_(kept, kept)], products[np.ix_(kept, aliased)]))
    T = scaling.transform
    forward = T[np.ix_(kept, kept)] + combination @ T[np.ix_(aliased, kept)]
    original = np.linalg.solve(forward, T[np.ix_(kept, aliased)] + combination @ T[np.ix_(aliased, aliased)])
    back = np.asarray(np.linalg.inv(forward), dtype=np.float64)
    return Columns(kept, aliased, np.asarray(original, dtype=np.float64), back, float(np.linalg.slogdet(forward)[1]))


def independent_columns(products: FloatArray) -> BoolArray:
    """Tell which columns of a Gram matrix are not combinations of earlier ones (a Cholesky sweep in order)."""
    length = np.sqrt(np.diag(products))
    left = products / np.maximum(np.outer(length, length), 1e-300)
    kept = np.zeros(len(products), dtype=bool)
    for j in range(len(products)):
        if length[j] == 0 or left[j, j] <= ALIAS_TOLERANCE:
            continue
        kept[j] = True
        left = left - np.outer(left[:, j], left[j]) / left[j, j]
    return kept


def build_model(layout: Layout, cells: Cells, columns: Columns, structure: Structure, *, reml: bool) -> MomentModel:
    """Put structure, cells and kept columns together."""
    rows = layout.map[:, [*columns.kept, layout.map.shape[1] - 1]]
    groups = len(layout.group_levels)
    return MomentModel(structure, groups, cells.group, cells.seen, np.ascontiguousarray(rows), reml)
