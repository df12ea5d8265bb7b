"""Do the data separate, so that a logit has no maximum? Settled exactly, by linear programming.

Outcomes separate where some direction b of the parameters never makes an observed outcome less likely and makes some of
them more likely: r'b >= 0 for every comparison r of an observed outcome with another one, and r'b > 0 for one of them.
The likelihood then rises for ever along b. References: Albert A, Anderson JA (1984), doi:10.1093/biomet/71.1.1;
Konis K (2007), Linear programming algorithms for detecting separated data in binary logistic regression models.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import optimize

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_ABOVE_NOUGHT = 1e-7
"""The solver's own feasibility tolerance; directions are scaled to at most 1."""


def separates(comparisons: Floats) -> bool:
    """Say whether a direction b exists with r'b >= 0 for every row r, and above nought for one."""
    rows = comparisons / np.maximum(np.abs(comparisons).max(axis=0), 1e-300)
    distinct = np.unique(rows, axis=0)
    bounds = [(-1.0, 1.0)] * distinct.shape[1]
    found = optimize.linprog(-distinct.sum(axis=0), A_ub=-distinct, b_ub=np.zeros(len(distinct)), bounds=bounds)
    return bool(found.success and np.max(distinct @ found.x) > _ABOVE_NOUGHT)


def binary_comparisons(matrix: Floats, response: Floats) -> Floats:
    """Give the rows of :func:`separates` for a response of 0 and 1."""
    return np.asarray(matrix * np.where(response > 0, 1.0, -1.0)[:, None])


def multinomial_comparisons(matrix: Floats, codes: Ints, outcomes: int) -> Floats:
    """Give the rows of :func:`separates` for outcomes counted from 0, the first being the base."""
    n, p = matrix.shape
    blocks = []
    for other in range(outcomes):
        rows = np.zeros((n, outcomes, p))
        rows[np.arange(n), codes] += matrix
        rows[:, other] -= matrix
        blocks.append(rows[codes != other, 1:].reshape(-1, (outcomes - 1) * p))
    return np.concatenate(blocks)
