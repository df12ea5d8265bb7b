"""Moments by missingness pattern: what normal-theory statistics need of the rows, and nothing more.

Counts, sums and cross-products of every pattern of missing columns, by any grouping. They add up over parts of the
data, a person can be taken out again, a weight multiplies; whatever is computed from them costs the same for a thousand
people as for a million. What they cannot give: medians, ranks, shares above a threshold, and errors that are robust by
person (fourth moments); those need rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from increase_eval.moments import storage
from increase_eval.moments.accumulate import (
    BoolArray,
    FloatArray,
    IntArray,
    accumulate,
    compact,
    group_codes,
    numeric_values,
    pattern_codes,
    provisional_centre,
)

if TYPE_CHECKING:
    from increase_eval.moments.normal import NormalFit


@dataclass(frozen=True, slots=True, eq=False)
class PatternMoments:
    """Counts, sums and cross-products by missingness pattern and group.

    Attributes
    ----------
    columns
        Names of the ``q`` columns.
    by
        Names of the grouping columns.
    groups
        DataFrame, one row per cell, with the columns ``by``: the group of each of the ``K`` cells.
    patterns
        (K, q) booleans, True where observed.
    people
        (K,) rows counted, whatever their weight.
    weights
        (K,) their total weight; equal to ``people`` until :meth:`scale` is used.
    sums
        (K, q) weighted sums of value minus centre; 0 in columns that the pattern misses.
    cross
        (K, q, q) weighted cross-products of values minus centre.
    centre
        (q,) the provisional centre, which travels with the moments.

    Notes
    -----
    With centre c, the moments of a cell are ``n = sum w``, ``s = sum w (x - c)``, ``C = sum w (x - c)(x - c)'``. Moving
    the centre by d = c - c' gives ``s + n d`` and ``C + s d' + d s' + n d d'``, so moments with different centres add.

    Examples
    --------
    >>> wide = pd.DataFrame({"t1": [1.0, 2.0, 3.0, 6.0], "t2": [2.0, 4.0, 5.0, None]})
    >>> moments = PatternMoments.from_frame(wide, ["t1", "t2"])
    >>> moments.n, moments.patterns.tolist()
    (4.0, [[True, True], [True, False]])
    """

    columns: tuple[str, ...]
    by: tuple[str, ...]
    groups: pd.DataFrame
    patterns: BoolArray
    people: IntArray
    weights: FloatArray
    sums: FloatArray
    cross: FloatArray
    centre: FloatArray

    @classmethod
    def from_frame(
        cls,
        wide: pd.DataFrame,
        columns: Sequence[str],
        *,
        by: Sequence[str] | str = (),
        centre: FloatArray | None = None,
    ) -> PatternMoments:
        """Take the moments of a table with one row a participant.

        Parameters
        ----------
        wide
            One row a participant; NaN is missing.
        columns
            Numeric columns whose moments are taken.
        by
            Columns that group the rows; missing groups are refused.
        centre
            The provisional centre; by default the mean of what is observed.

        Raises
        ------
        ValueError
            If a column is absent, named twice, not numeric or infinite, or a group is missing.
        """
        columns, by = tuple(columns), _names(by)
        if len(set(columns)) != len(columns) or not columns:
            raise ValueError(f"columns must be given once each, and at least one; got {list(columns)}")
        values = numeric_values(wide, columns)
        about = provisional_centre(values) if centre is None else np.array(centre, dtype=np.float64)
        if about.shape != (len(columns),) or not np.isfinite(about).all():
            raise ValueError(f"centre must be {len(columns)} finite numbers, one a column")
        cells = accumulate(values, group_codes(wide, by), about)
        groups = wide[list(by)].iloc[cells.first_rows].reset_index(drop=True)
        weights = cells.people.astype(np.float64)
        return cls(columns, by, groups, cells.patterns, cells.people, weights, cells.sums, cells.cross, about)

    @classmethod
    def from_batches(
        cls, batches: Iterable[Any], columns: Sequence[str], *, by: Sequence[str] | str = ()
    ) -> PatternMoments:
        """Take the moments of batches, one after the other, never holding more than one.

        Parameters
        ----------
        batches
            Tables with one row a participant: data frames, or Arrow record batches or tables.
        columns, by
            As in :meth:`from_frame`.

        Raises
        ------
        ValueError
            As in :meth:`from_frame`, or if there is no batch.
        """
        total: PatternMoments | None = None
        wanted = [*dict.fromkeys([*columns, *_names(by)])]
        for batch in batches:
            frame = batch if isinstance(batch, pd.DataFrame) else batch.select(wanted).to_pandas()
            part = cls.from_frame(frame, columns, by=by)
            total = part if total is None else total + part
        if total is None:
            raise ValueError("no batch was given")
        return total

    @property
    def n(self) -> float:
        """Total weight: the number of people unless weights were given."""
        return float(self.weights.sum())

    def about(self, centre: FloatArray) -> PatternMoments:
        """Express the same moments about another centre."""
        shift = np.where(self.patterns, self.centre - centre, 0.0)
        between = self.sums[:, :, None] * shift[:, None, :]
        moved = self.cross + between + between.swapaxes(1, 2)
        moved += self.weights[:, None, None] * shift[:, :, None] * shift[:, None, :]
        sums = self.sums + self.weights[:, None] * shift
        return replace(self, sums=sums, cross=moved, centre=np.array(centre, dtype=np.float64))

    def __add__(self, other: PatternMoments) -> PatternMoments:
        """Moments of both parts together; exact up to rounding, whatever the split."""
        self._check_same_shape(other)
        return self._merge(other, sign=1)

    def __sub__(self, other: PatternMoments) -> PatternMoments:
        """Moments without a part; a cell that loses its last person is dropped, so that no rounding dust stays."""
        self._check_same_shape(other)
        return self._merge(other, sign=-1)

    def scale(self, weight: float) -> PatternMoments:
        """Multiply counts, sums and cross-products by a weight; the number of people stays."""
        if not np.isfinite(weight) or weight < 0:
            raise ValueError(f"weight must be a finite number that is not negative; got {weight}")
        return replace(self, weights=self.weights * weight, sums=self.sums * weight, cross=self.cross * weight)

    def select(self, **groups: Any) -> PatternMoments:
        """Keep the cells of some groups: ``select(site="abri")``, or ``select(site=["abri", "cercle"])``."""
        keep = np.ones(len(self.groups), dtype=bool)
        for name, wanted in groups.items():
            self._check_group(name)
            values = [wanted] if isinstance(wanted, str) or not isinstance(wanted, Iterable) else list(wanted)
            hit = self.groups[name].isin(values).to_numpy(dtype=bool)
            if not hit.any():
                have = ", ".join(map(str, self.groups[name].drop_duplicates()))
                raise ValueError(f"no {name} is among {values}; there are: {have}")
            keep &= hit
        return self.keep_cells(np.flatnonzero(keep))

    def collapse(self, *by: str) -> PatternMoments:
        """Add up over one or more grouping columns; over all of them if none is named."""
        for name in by:
            self._check_group(name)
        kept = tuple(name for name in self.by if by and name not in by)
        return replace(self, by=kept, groups=self.groups[list(kept)])._regroup()

    def fit_normal(self, tolerance: float = 1e-12) -> NormalFit:
        """Estimate mean and covariance by maximum likelihood from all patterns (see :func:`.normal.fit_normal`)."""
        from increase_eval.moments.normal import fit_normal

        return fit_normal(self, tolerance=tolerance)

    def to_parquet(self, path: str | Path) -> None:
        """Write the moments to a Parquet file, one row a cell, without loss."""
        storage.write(self, Path(path))

    @classmethod
    def read_parquet(cls, path: str | Path) -> PatternMoments:
        """Read moments that :meth:`to_parquet` wrote."""
        return cls(**storage.read(Path(path)))

    def _merge(self, other: PatternMoments, *, sign: int) -> PatternMoments:
        # A column that one part never observed says nothing about where its centre is.
        centre = np.where(self.patterns.any(axis=0), self.centre, other.centre)
        one, two = self.about(centre), other.about(centre)
        joined = PatternMoments(
            self.columns,
            self.by,
            _stack_groups(one.groups, two.groups),
            np.concatenate([one.patterns, two.patterns]),
            np.concatenate([one.people, sign * two.people]),
            np.concatenate([one.weights, sign * two.weights]),
            np.concatenate([one.sums, sign * two.sums]),
            np.concatenate([one.cross, sign * two.cross]),
            centre,
        )._regroup()
        if (joined.people < 0).any():
            raise ValueError("more people would be taken out of a pattern than are in it")
        return joined.keep_cells(np.flatnonzero(joined.people > 0)) if sign < 0 else joined

    def _regroup(self) -> PatternMoments:
        """Add up cells that have the same group and pattern."""
        codes = group_codes(self.groups, self.by) if self.by else np.zeros(len(self.people), dtype=np.int64)
        patterns = pattern_codes(self.patterns)
        cells = compact(codes * (int(patterns.max(initial=0)) + 1) + patterns)
        first = np.unique(cells, return_index=True)[1]
        total = self.keep_cells(first)
        arrays = {name: np.zeros_like(getattr(total, name)) for name in ("people", "weights", "sums", "cross")}
        for name, array in arrays.items():
            np.add.at(array, cells, getattr(self, name))
        return replace(total, **arrays)

    def keep_cells(self, rows: IntArray) -> PatternMoments:
        """Keep some cells, by number."""
        arrays = {name: getattr(self, name)[rows] for name in ("patterns", "people", "weights", "sums", "cross")}
        return replace(self, groups=self.groups.iloc[rows].reset_index(drop=True), **arrays)

    def _check_group(self, name: str) -> None:
        if name not in self.by:
            raise ValueError(f"{name!r} is not a grouping of these moments; they are by {list(self.by)}")

    def _check_same_shape(self, other: PatternMoments) -> None:
        if not isinstance(other, PatternMoments):
            raise TypeError(f"moments combine with moments only, not with {type(other).__name__}")
        if self.columns != other.columns or self.by != other.by:
            raise ValueError(
                f"moments of {list(self.columns)} by {list(self.by)} do not combine "
                f"with those of {list(other.columns)} by {list(other.by)}"
            )


def _names(by: Sequence[str] | str) -> tuple[str, ...]:
    return (by,) if isinstance(by, str) else tuple(by)


def _stack_groups(one: pd.DataFrame, two: pd.DataFrame) -> pd.DataFrame:
    if not len(one.columns):
        return pd.DataFrame(index=range(len(one) + len(two)))
    # Categories of two parts may differ; plain values do not.
    plain = [part.astype({c: object for c in part.columns if part[c].dtype == "category"}) for part in (one, two)]
    return pd.concat(plain, ignore_index=True)
