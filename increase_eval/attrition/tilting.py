"""Weights of those observed that meet everybody's covariates, where the odds of a gap tilt with something else."""

from __future__ import annotations

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
    _, triangle = np.linalg.qr(matrix)
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
    if seen.all():
        return np.ones(tilts.shape)
    columns = told_apart(matrix[seen])
    basis, triangle = np.linalg.qr(matrix[seen][:, columns])
    basis = basis * np.sqrt(len(basis))
    missing = (matrix[~seen][:, columns] @ np.linalg.inv(triangle) * np.sqrt(len(basis))).sum(axis=0)
    gaps = float((~seen).sum())
    found = np.full(tilts.shape, np.nan)
    start = np.zeros(basis.shape[1])
    for place in range(tilts.shape[1]):
        tilt = tilts[:, place]
        highest = tilt.max()
        # So that a start of nought already has the weights of all gaps together.
        shift = tilt - highest - np.log(np.exp(tilt - highest).sum()) + np.log(gaps)
        solved = _solve(basis, missing, shift, start, gaps)
        if solved is not None:
            start = solved
            found[:, place] = 1 + np.exp(basis @ solved + shift)
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
