"""Questions asked one after the other while ever more is hidden get the answers of programmes begun anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from increase_eval.reporting.disclosure.programme import Programme
from increase_eval.reporting.disclosure.system import CountSystem

BY_SIMPLEX = 1e-7
"""What both solvers hold equations and bounds to."""

tables = st.tuples(st.integers(2, 4), st.integers(2, 4)).flatmap(
    lambda shape: st.lists(
        st.lists(st.integers(0, 30), min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0]
    )
)


def _system(counts: list[list[int]]) -> CountSystem:
    """Give a table with the totals of its rows and columns, without the total of all."""
    system, across, down = CountSystem(), np.array(counts).sum(axis=1), np.array(counts).sum(axis=0)
    cells = [[system.cell((i, j), value) for j, value in enumerate(row)] for i, row in enumerate(counts)]
    for i, row in enumerate(cells):
        system.add_up(system.cell(("row", i), int(across[i])), row)
    for j, column in enumerate(zip(*cells, strict=True)):
        system.add_up(system.cell(("column", j), int(down[j])), column)
    return system


def _anew(system: CountSystem, hidden: set[int], cell: int) -> list[float]:
    """Solve for the lowest and highest value of a cell from nothing, with every cell a variable."""
    size = len(system.values)
    matrix = np.zeros((len(system.equations), size))
    for row, equation in enumerate(system.equations):
        np.add.at(matrix[row], [equation.total, *equation.parts], [-1.0, *[1.0] * len(equation.parts)])
    most = 10 * (max(system.values) + 1)
    bounds = [(system.least(c), most) if c in hidden else (v, v) for c, v in enumerate(system.values)]
    goal = np.eye(size)[cell]
    return [sign * linprog(sign * goal, A_eq=matrix, b_eq=np.zeros(len(matrix)), bounds=bounds).fun for sign in (1, -1)]


@settings(max_examples=30)
@given(tables, st.randoms(use_true_random=False))
def test_a_programme_that_goes_on_answers_as_one_begun_anew(counts, random):
    system = _system(counts)
    if not system.equations:
        return
    programme, hidden = Programme(system, system.links()), set()
    order = random.sample(range(len(system.values)), len(system.values))
    for cell in order:
        hidden.add(cell)
        programme.hide(hidden)
        if random.random() < 0.5:  # what was asked before must not show in what is asked next
            some = random.sample(sorted(hidden), min(3, len(hidden)))
            at = np.array([system.values[c] for c in some], dtype=float)
            programme.pushed(some, np.array([random.random() < 0.5 for _ in some]), at - 2, at + 2)
        asked = random.choice(sorted(hidden))
        found = [point[asked] for point in programme.ends(asked)]
        assert found == pytest.approx(_anew(system, hidden, asked), abs=BY_SIMPLEX)


@settings(max_examples=30)
@given(tables, st.randoms(use_true_random=False))
def test_pushed_counts_agree_with_what_is_published(counts, random):
    system = _system(counts)
    programme, values = Programme(system, system.links()), np.array(system.values, dtype=float)
    hidden = set(random.sample(range(len(values)), len(values) // 2))
    programme.hide(hidden)
    some = random.sample(sorted(hidden), min(4, len(hidden)))
    is_up = np.array([random.random() < 0.5 for _ in some], dtype=bool)
    point = programme.pushed(some, is_up, values[some] - 3, values[some] + 3)
    shown = [cell for cell in range(len(values)) if cell not in hidden]
    assert point[shown] == pytest.approx(values[shown], abs=BY_SIMPLEX)
    for equation in system.equations:
        assert point[list(equation.parts)].sum() == pytest.approx(point[equation.total], abs=BY_SIMPLEX * 10)
    assert all(point[cell] >= system.least(cell) - BY_SIMPLEX for cell in hidden)
    assert (point[some][is_up] <= values[some][is_up] + 3 + BY_SIMPLEX).all()
    assert (point[some][~is_up] >= values[some][~is_up] - 3 - BY_SIMPLEX).all()
