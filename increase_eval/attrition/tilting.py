"""Weights of those observed that meet everybody's covariates, where the odds of a gap tilt with something else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

MAX_ITERATIONS = 60
HIGHEST = 100.0
"""A log odds beyond which a weight says that there is no solution."""
TOLERANCE = 1e-10
"""Largest miss of a total, relative to the people not observed."""


def told_apart(matrix: Floats) -> Booleans:
    """Say which columns are no combination of those before them."""
    triangle: Floats = np.asarray(np.linalg.qr(matrix, mode="r"))
    return _independent(matrix, triangle)


def _independent(matrix: Floats, triangle: Floats) -> Booleans:
    scale = np.linalg.norm(matrix, axis=0)
    return np.asarray(np.abs(np.diag(triangle)) > 1e-9 * np.maximum(scale, 1e-300))


def tilted_weights(matrix: Floats, seen: Booleans, tilts: Floats) -> Floats:
    """Solve Σ_seen (1 + exp(x'b + tilt)) x = Σ x for every column of `tilts`, a convex problem.

    Parameters
    ----------
    matrix
        Design of everybody, shape (n, p), with a constant among its columns.
    seen
        Who is observed, shape (n,).
    tilts
        What the log odds of a gap tilt by, of those observed, shape (observed, k).

    Returns
    -------
    array
        Weights of those observed, shape (observed, k); NaN in a column for which there is no solution.
    """
    return Tilting.of(matrix, seen).weights(tilts)


@dataclass(frozen=True, slots=True)
class Tilting:
    """What stays the same of :func:`tilted_weights` whatever the tilt, for those who ask for many.

    Attributes
    ----------
    basis
        Those observed in directions at right angles, shape (observed, directions).
    missing
        What those not observed add up to in these directions, shape (directions,).
    gaps
        How many are not observed.
    """

    basis: Floats
    missing: Floats
    gaps: float

    @classmethod
    def of(cls, matrix: Floats, seen: Booleans) -> Tilting:
        """Prepare a design and who of it is observed."""
        observed = matrix[seen]
        basis, triangle = np.linalg.qr(observed)
        columns = _independent(observed, triangle)
        if not columns.all():
            basis, triangle = np.linalg.qr(observed[:, columns])
        scale = np.sqrt(len(basis))
        missing = (matrix[~seen][:, columns] @ np.linalg.inv(triangle) * scale).sum(axis=0)
        return cls(basis * scale, missing, float((~seen).sum()))

    def weights(self, tilts: Floats) -> Floats:
        """Solve for every column of `tilts`, each from where the one before ended."""
        if not self.gaps:
            return np.ones(tilts.shape)
        found = np.full(tilts.shape, np.nan)
        start = np.zeros(self.basis.shape[1])
        for place in range(tilts.shape[1]):
            tilt = tilts[:, place]
            highest = tilt.max()
            # So that a start of nought already has the weights of all gaps together.
            shift = tilt - highest - np.log(np.exp(tilt - highest).sum()) + np.log(self.gaps)
            solved = _solve(self.basis, self.missing, shift, start, self.gaps)
            if solved is not None:
                start = solved
                found[:, place] = 1 + np.exp(self.basis @ solved + shift)
        return found


def _solve(basis: Floats, missing: Floats, shift: Floats, start: Floats, gaps: float) -> Floats | None:
    """Minimise Σ exp(x'b + shift) - missing'b by Newton's method with halved steps."""
    b, now = start, _value(basis, missing, shift, start)
    if not np.isfinite(now):
        b = np.zeros_like(start)
        now = _value(basis, missing, shift, b)
    for _ in range(MAX_ITERATIONS):
        excess = np.exp(np.minimum(basis @ b + shift, HIGHEST))
        gradient = basis.T @ excess - missing
        if np.abs(gradient).max() <= TOLERANCE * gaps * max(1.0, float(np.abs(basis).max())):
            return b
        try:
            step = np.linalg.solve(basis.T @ (basis * excess[:, None]), gradient)
        except np.linalg.LinAlgError:
            return None
        for _ in range(60):
            trial = _value(basis, missing, shift, b - step)
            if trial <= now + 1e-13 * (1 + abs(now)):
                break
            step = step / 2
        else:
            return None
        b, now = b - step, trial
        if np.abs(basis @ b).max() > HIGHEST:
            return None
    return None


def _value(basis: Floats, missing: Floats, shift: Floats, at: Floats) -> float:
    return float(np.exp(np.minimum(basis @ at + shift, HIGHEST)).sum() - missing @ at)
