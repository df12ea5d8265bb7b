"""Find the deltas nearest to nought at which a conclusion changes."""

from __future__ import annotations

import numpy as np

from increase_eval.attrition.tipping.conclusion import Conclusion
from increase_eval.attrition.tipping.response import DialResponse, Response
from increase_eval.moments.accumulate import FloatArray

HALVINGS = 60


def tips(response: Response, conclusion: Conclusion, deltas: FloatArray) -> FloatArray:
    """Give every delta in the range at which the conclusion changes, in order.

    Parameters
    ----------
    response
        What one delta does.
    conclusion
        What is concluded.
    deltas
        Sorted; the range, and the grid where no formula gives the changes.

    Notes
    -----
    Where formulas give the places at which a clause may change, the conclusion is looked at between these, and the grid
    does not matter. Elsewhere changes between points of the grid are halved down to rounding.
    """
    places = exact_places(response, conclusion, deltas)
    return _between(response, conclusion, deltas) if places is None else places


def exact_places(response: Response, conclusion: Conclusion, deltas: FloatArray) -> FloatArray | None:
    """Give the changes by formula, or None where a clause has none."""
    if not conclusion.clauses:
        return None
    candidates = []
    for clause in conclusion.clauses:
        found = response.roots(clause)
        if found is None:
            return None
        candidates.append(found)
    low, high = deltas[0], deltas[-1]
    inside = np.unique(np.concatenate(candidates))
    inside = inside[(inside >= low) & (inside <= high)]
    if not inside.size:
        return np.asarray(inside, dtype=np.float64)
    ends = np.concatenate([[low - 1.0], inside, [high + 1.0]])
    state = [holds(response, conclusion, middle) for middle in (ends[1:] + ends[:-1]) / 2]
    return np.asarray(inside[np.array(state[1:]) != np.array(state[:-1])], dtype=np.float64)


def _between(response: Response, conclusion: Conclusion, deltas: FloatArray) -> FloatArray:
    state = [holds(response, conclusion, delta) for delta in deltas]
    found = []
    for at in np.flatnonzero(np.array(state[1:]) != np.array(state[:-1])):
        low, high = float(deltas[at]), float(deltas[at + 1])
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if holds(response, conclusion, middle) == state[at]:
                low = middle
            else:
                high = middle
        found.append((low + high) / 2)
    return np.array(found, dtype=np.float64)


def holds(response: Response, conclusion: Conclusion, *deltas: float) -> bool:
    """Tell whether the conclusion holds at these deltas."""
    return conclusion.holds(response.at(np.array(deltas)))


def contour_points(response: DialResponse, conclusion: Conclusion, first: FloatArray, second: FloatArray) -> FloatArray:
    """Give the points (r, 2) at which the conclusion changes, along each value of one delta, from both sides.

    The changes in the second delta are found at each value of the first on its grid.
    """
    points = [(one, other) for one in first for other in tips(response.fix(float(one)), conclusion, second)]
    return np.array(points, dtype=np.float64).reshape(-1, 2)
