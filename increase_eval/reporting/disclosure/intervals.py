"""What can an outsider say about a withheld count? An interval, found by integer linear programming.

The outsider knows what is published, which cells add up to which, that people come in whole numbers, and that 0 is
always shown, so that a withheld count is at least 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from increase_eval.reporting.disclosure.system import CountSystem, Equation


def feasible_intervals(system: CountSystem, hidden: set[int], wanted: Iterable[int]) -> dict[int, tuple[int, int]]:
    r"""Give the interval that an outsider can work out for each withheld cell.

    Parameters
    ----------
    system
        The cells and equations.
    hidden
        The cells that are not published.
    wanted
        The cells asked about, all of them hidden.

    Returns
    -------
    dict
        Cell -> lowest and highest value that agrees with everything published. A cell without an upper bound gets one
        far above every count of the system.

    Notes
    -----
    Minimise and maximise :math:`x_c` over whole :math:`x \ge 1` (0 where the count is 0: an outsider knows less, never
    more) with :math:`A x = b`, where :math:`A` holds the equations and :math:`b` what is published of them.
    """
    result = {}
    for component in components(system, hidden):
        for cell in sorted(set(wanted) & set(component)):
            place = component.index(cell)
            ends = [round(point[place]) for point in _extreme_points(system, component, cell)]
            result[cell] = (ends[0], ends[1])
    return result


def narrow_cell(system: CountSystem, component: Sequence[int], *, small: set[int], width: int) -> int | None:
    """Give a small count of a component that is known to within less than `width`, or None where there is none."""
    low = high = np.array([system.values[cell] for cell in component])
    for place, cell in sorted(enumerate(component), key=lambda pair: system.values[pair[1]]):
        if cell not in small or high[place] - low[place] >= width:
            continue
        for point in _extreme_points(system, component, cell):
            # Every solution is something the outsider must reckon with, for all cells at once: few need solving.
            low, high = np.minimum(low, point), np.maximum(high, point)
        if high[place] - low[place] < width:
            return cell
    return None


def components(system: CountSystem, hidden: set[int]) -> list[tuple[int, ...]]:
    """Part the hidden cells into groups that no equation joins."""
    group = {cell: {cell} for cell in hidden}
    for equation in system.equations:
        joined = [group[cell] for cell in equation.cells if cell in hidden]
        if len(joined) > 1:
            merged = set().union(*joined)
            group |= dict.fromkeys(merged, merged)
    return sorted({tuple(sorted(members)) for members in group.values()})


def _extreme_points(system: CountSystem, component: Sequence[int], cell: int) -> list[NDArray[np.float64]]:
    place = {own: i for i, own in enumerate(component)}
    touched = [equation for equation in system.equations if any(own in place for own in equation.cells)]
    sides = [_published_side(system, equation, place) for equation in touched]
    low = np.array([min(1, system.values[own]) for own in component], dtype=float)
    bounds = Bounds(low, np.full(len(component), 10.0 * (max(system.values) + 1)))
    right = np.array([known for _, known in sides])
    constraints = [LinearConstraint(np.array([row for row, _ in sides]), right, right)] if sides else []
    points = []
    for sign in (1.0, -1.0):
        objective = np.zeros(len(component))
        objective[place[cell]] = sign
        solved = milp(objective, constraints=constraints, bounds=bounds, integrality=np.ones(len(component)))
        if solved.x is None:  # the true counts solve it, so that this is a fault of ours
            raise RuntimeError(f"no counts agree with what is published: {solved.message}")
        points.append(np.round(solved.x))
    return points


def _published_side(
    system: CountSystem, equation: Equation, place: dict[int, int]
) -> tuple[NDArray[np.float64], float]:
    row, known = np.zeros(len(place)), 0
    for cell, sign in ((equation.total, -1), *((part, 1) for part in equation.parts)):
        if cell in place:
            row[place[cell]] += sign
        else:
            known += sign * system.values[cell]
    return row, -float(known)
