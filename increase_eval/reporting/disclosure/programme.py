"""Which counts agree with everything that is published, and how low or high can one of them be?

A linear programme with a column a cell and a row an equation. A cell that is shown is held at its count. Hiding one
more only gives it room, so that what solved the programme before still does, and the next question is a few steps from
the last answer: thousands of questions are asked of one publication.

scipy's function begins each programme anew; HiGHS, the solver beneath it, goes on from the last answer where it is
spoken to directly.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from increase_eval.reporting.disclosure.system import CountSystem, Links

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_PRIMAL = 4
"""HiGHS's number of the primal simplex method: what changes between questions is the objective."""


class Programme:
    """The linear programme of one publication; which cells are withheld is told as one goes, and only ever more."""

    def __init__(self, system: CountSystem, links: Links) -> None:
        self._values = np.array(system.values, dtype=float)
        self._least = np.array([system.least(cell) for cell in range(len(self._values))], dtype=float)
        self._ceiling = 10.0 * (max(system.values, default=0) + 1)
        self._hidden: set[int] = set()
        self._asked: NDArray[np.int32] = np.empty(0, dtype=np.int32)
        self._solver = _solver(links, self._values)

    def hide(self, cells: Collection[int]) -> None:
        """Say which cells nobody sees; those that were hidden before stay hidden."""
        new = np.array(sorted(set(cells) - self._hidden), dtype=np.int32)
        self._hidden.update(new.tolist())
        if len(new):
            self._solver.changeColsBounds(len(new), new, self._least[new], np.full(len(new), self._ceiling))

    def ends(self, cell: int) -> Iterator[Floats]:
        """Give counts that agree with what is published, one a cell: with this one as low and as high as can be."""
        for sign in (1.0, -1.0):
            yield self._least_of([cell], np.array([sign]))

    def pushed(self, cells: Sequence[int], is_up: Bools, low: Floats, high: Floats) -> Floats:
        """Give counts that agree with what is published in which these cells, together, are as high (low) as can be.

        None goes above its `high` or below its `low`, so that none is pushed at the cost of others; the true counts lie
        between.
        """
        at = np.array(cells, dtype=np.int32)
        lower = np.where(is_up, self._least[at], np.maximum(low, self._least[at]))
        upper = np.where(is_up, high, self._ceiling)
        self._solver.changeColsBounds(len(at), at, lower, upper)
        point = self._least_of(cells, np.where(is_up, -1.0, 1.0))
        self._solver.changeColsBounds(len(at), at, self._least[at], np.full(len(at), self._ceiling))
        return point

    def _least_of(self, cells: Sequence[int], price: Floats) -> Floats:
        self._solver.changeColsCost(len(self._asked), self._asked, np.zeros(len(self._asked)))
        self._asked = np.array(cells, dtype=np.int32)
        self._solver.changeColsCost(len(self._asked), self._asked, price)
        self._solver.run()
        status = self._solver.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:  # the true counts solve it, so that this is a fault of ours
            said = self._solver.modelStatusToString(status)
            raise RuntimeError(f"no counts agree with what is published: {said}")
        return np.array(self._solver.getSolution().col_value, dtype=float)


def _solver(links: Links, values: Floats) -> highspy.Highs:
    """Make a solver of the equations in which every cell is shown."""
    signed = [
        (row, cell, sign)
        for row, equation in enumerate(links.equations)
        for cell, sign in ((equation.total, -1.0), *((part, 1.0) for part in equation.parts))
    ]
    rows, cells, signs = (np.array(own) for own in zip(*signed, strict=True)) if signed else (np.empty(0, int),) * 3
    matrix = coo_array((signs.astype(float), (rows, cells)), shape=(len(links.equations), len(values))).tocsc()
    problem = highspy.HighsLp()
    problem.num_row_, problem.num_col_ = matrix.shape
    problem.a_matrix_.num_row_, problem.a_matrix_.num_col_ = matrix.shape
    problem.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    problem.a_matrix_.start_, problem.a_matrix_.index_ = matrix.indptr, matrix.indices
    problem.a_matrix_.value_ = matrix.data
    problem.col_cost_ = np.zeros(len(values))
    problem.col_lower_ = problem.col_upper_ = values
    problem.row_lower_ = problem.row_upper_ = np.zeros(len(links.equations))
    solver = highspy.Highs()
    for option, value in (("output_flag", False), ("threads", 1), ("presolve", "off"), ("simplex_strategy", _PRIMAL)):
        solver.setOptionValue(option, value)
    if solver.passModel(problem) == highspy.HighsStatus.kError:
        raise RuntimeError("the equations of what is published make no linear programme")
    return solver
