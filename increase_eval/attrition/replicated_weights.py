"""Which weights would a wave get, had some people not been asked? The weights of replicates, on codes and arrays.

What :func:`increase_eval.attrition.weighting.weigh_wave` makes of the people who are kept, without its tables: columns
are read into arrays once, and every replicate fits the response models and meets the register's margins anew. Where a
replicate cannot be weighted in this way it is weighed in the long one, which says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.attrition.calibration_solver import solve_calibration
from increase_eval.attrition.margins import Margins, Part
from increase_eval.attrition.population import LEAST_UNKNOWN, AskedPeople, independent_of
from increase_eval.attrition.weighting import BOTH, LEAST_IN_LEVEL, RAKED, only, step_waves, weigh_wave
from increase_eval.comparison.engines.generalised_linear import fit_generalised
from increase_eval.errors import ConvergenceError, InsufficientDataError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ReplicatedWeights:
    """Everybody asked, read into arrays, ready to be weighted without some of them.

    Attributes
    ----------
    people, wave, groups
        Everybody asked, the wave, and the register's columns as categories (None where it declares no covariate).
    numbers
        Column that is a number -> its values, NaN where missing, shape (people,).
    codes
        Column that is a category, and the arm -> the number of each person's level, -1 where missing.
    cells
        The arm and the register's columns as categories: the number of each person's level, shape (people,).
    """

    people: AskedPeople
    wave: str
    groups: pd.DataFrame | None
    numbers: Mapping[str, Floats]
    codes: Mapping[str, Ints]
    cells: Mapping[str, Ints]

    def without(self, kept: Booleans) -> dict[str, Floats]:
        """Give the calibrated weights of those who are kept, by name of the weighting; nought for who did not answer.

        A weighting that cannot be made has weights of nought.
        """
        if self.groups is None:
            return self._weighed_again(kept)
        answers = self.people.answered[kept]
        chain = step_waves(self.people.waves, answers, self.wave)
        steps = [answers[:, self.people.waves.index(step)] for step in chain]
        answered = np.logical_and.reduce(steps)
        try:
            base = self._response_weights(kept, steps)
            return {
                RAKED: self._calibrated(kept, answered, answered.astype(float)),
                BOTH: self._calibrated(kept, answered, base),
            }
        except (_PeculiarError, InsufficientDataError, ConvergenceError):
            return self._weighed_again(kept)

    def _weighed_again(self, kept: Booleans) -> dict[str, Floats]:
        groups = None if self.groups is None else self.groups[kept].reset_index(drop=True)
        again = weigh_wave(only(self.people, kept), self.wave, groups=groups)
        return {name: again.values[name] for name in (RAKED, BOTH)}

    def _response_weights(self, kept: Booleans, steps: Sequence[Booleans]) -> Floats:
        """Multiply, over the steps, the share who answered over the probability of answering."""
        weights = np.ones(int(kept.sum()))
        at_risk = np.ones(len(weights), dtype=bool)
        for number, step in enumerate(steps):
            event = step[at_risk].astype(float)
            if not event.any():
                raise _PeculiarError
            if not event.all():
                columns = [*self.people.register, *(self.people.baseline if number else ())]
                matrix = self._design(np.flatnonzero(kept)[at_risk], columns)
                names = [str(place) for place in range(matrix.shape[1])]
                chance = fit_generalised(matrix, event, names, firth_if_separated=True).fitted
                weights[at_risk] *= event.mean() / chance
            at_risk = at_risk & step
        return np.where(at_risk, weights, 0.0)

    def _design(self, rows: npt.NDArray[np.intp], columns: Sequence[str]) -> Floats:
        """Give the design of :meth:`AskedPeople.filled` and the arm, by the same rules, shape (rows, terms)."""
        arm = _dummies(self.codes["arm"][rows])
        matrix = [np.ones((len(rows), 1)), arm]
        basis = independent_of(np.zeros((len(rows), 0)), arm)
        for name in columns:
            filled, missing = self._filled(name, rows)
            if filled is None:
                continue
            parts = [filled, missing.astype(float)[:, None]] if missing.sum() >= LEAST_UNKNOWN else [filled]
            for part in parts:
                is_number = part is not filled or name in self.numbers
                wider = independent_of(basis, part - part.mean(axis=0) if is_number else part)
                if wider is not None:
                    basis = wider
                    matrix.append(part)
        return np.column_stack(matrix)

    def _filled(self, name: str, rows: npt.NDArray[np.intp]) -> tuple[Floats | None, Booleans]:
        """Give a column with the mean or the most frequent level in its gaps; None where it does not vary."""
        if name in self.numbers:
            values = self.numbers[name][rows]
            missing = np.isnan(values)
            known = values[~missing]
            if not len(known) or known.min() == known.max():
                return None, missing
            return np.where(missing, known.mean(), values)[:, None], missing
        codes = self.codes[name][rows]
        missing = codes < 0
        counts = np.bincount(codes[~missing])
        if (counts > 0).sum() < 2:
            return None, missing
        return _dummies(np.where(missing, counts.argmax(), codes)), missing

    def _calibrated(self, kept: Booleans, answered: Booleans, base: Floats) -> Floats:
        """Rake base weights to the counts of everybody kept, thin levels joined as for the weights themselves."""
        used = base > 0
        parts, totals, terms = [], [], []
        for name, cells in self.cells.items():
            codes = _joined(cells[kept], answered)
            counts = np.bincount(codes)
            if len(counts) < 2 and name != "arm":
                continue
            parts.append(Part(codes[used], len(counts)))
            totals.append(counts)
            terms += [f"{name}={level}" for level in range(len(counts))]
        margins = Margins(tuple(terms), tuple(parts), np.concatenate(totals).astype(float), np.ones(used.sum(), bool))
        distinct, at = margins.cells()
        margins.refuse_empty(distinct)
        sums = np.asarray(np.bincount(at, weights=base[used]), dtype=float)
        ratio = solve_calibration(distinct, sums, margins.totals, terms, "rake", None, margins.is_numeric)
        weights = np.zeros(len(base))
        weights[used] = base[used] * ratio[at]
        return weights


class _PeculiarError(Exception):
    """A replicate with a peculiarity that only the tables settle."""


def replicated_weights(people: AskedPeople, wave: str, groups: pd.DataFrame | None) -> ReplicatedWeights:
    """Read everybody asked into arrays, to be weighted again without some of them.

    Parameters
    ----------
    people, wave
        Everybody asked, and the wave.
    groups
        The register's columns as categories, one row a person; None where it declares no covariate.
    """
    columns = dict.fromkeys((*people.register, *people.baseline))
    numbers = {name: people.data[name].to_numpy(dtype=float) for name in columns if name not in people.categorical}
    codes = {name: _codes(people.data[name]) for name in ("arm", *columns) if name not in numbers}
    register = {} if groups is None else {name: _codes(groups[name]) for name in people.register}
    return ReplicatedWeights(people, wave, groups, numbers, codes, {"arm": codes["arm"], **register})


def _codes(column: pd.Series[Any]) -> Ints:
    return np.asarray(pd.factorize(column, sort=True)[0], dtype=np.int64)


def _dummies(codes: Ints) -> Floats:
    """Give one column a level that is there, but the first."""
    present = np.unique(codes)
    return np.asarray(codes[:, None] == present[None, 1:], dtype=float)


def _joined(codes: Ints, answered: Booleans) -> Ints:
    """Join levels in which few answered to the most frequent level that is kept, and count levels from 0 anew."""
    size = int(codes.max()) + 1
    everybody, inside = np.bincount(codes, minlength=size), np.bincount(codes[answered], minlength=size)
    kept = (inside >= LEAST_IN_LEVEL) & (everybody > 0)
    thin = ~kept & (everybody > 0)
    if thin.any() and kept.any():
        largest = np.flatnonzero(kept & (everybody == everybody[kept].max()))
        if len(largest) > 1:
            raise _PeculiarError
        codes = np.where(thin[codes], largest[0], codes)
    return np.asarray(np.unique(codes, return_inverse=True)[1], dtype=np.int64)
