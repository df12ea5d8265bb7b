"""From a formula and a table to the arrays of a model, saying which rows were used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.arguments import require_text
from increase_eval.comparison.engines.powers import with_powers
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.formulas import Design, learn_design, parse_formula
from increase_eval.moments.levels import ordered_levels
from increase_eval.moments.tables import check_column_names, check_one_column_a_name, check_table

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

_RANK_TOLERANCE = 1e-9
"""Relative size under which what is left of a column, the others taken out, counts as nothing."""


@dataclass(frozen=True, slots=True)
class ModelFrame:
    """The arrays of a model.

    Attributes
    ----------
    design
        The learned design, to be applied to other tables.
    matrix
        Shape (n, p), the rows used.
    response
        The column on the left-hand side, of the rows used.
    rows
        Booleans over the rows of the data: which were used.
    data
        The rows used.
    weights
        Shape (n,): ones where none were given.
    """

    design: Design
    matrix: Floats
    response: pd.Series[Any]
    rows: Booleans
    data: pd.DataFrame
    weights: Floats

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of `matrix`."""
        return self.design.names

    @property
    def n_dropped(self) -> int:
        """Rows that miss something the model needs."""
        return int((~self.rows).sum())

    def numbers(self) -> Floats:
        """Give the response as floats, refusing what is no number."""
        values = self.response
        if pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_numeric_dtype(values.dtype):
            numbers = values.to_numpy(dtype=float)
            if np.isfinite(numbers).all():
                return np.asarray(numbers)
        raise ValueError(
            f"column {values.name!r} on the left-hand side is no finite number; its type is {values.dtype}"
        )

    def events(self) -> Floats:
        """Give the response as 0 and 1, refusing anything else."""
        numbers = self.numbers()
        if not np.isin(numbers, (0.0, 1.0)).all():
            raise ValueError(f"column {self.response.name!r} on the left-hand side has other values than 0 and 1")
        return numbers


def model_frame(
    formula: str, data: pd.DataFrame, *, weights: str | None = None, also: Sequence[str | None] = ()
) -> ModelFrame:
    """Read a formula and a table into the arrays of a model.

    Parameters
    ----------
    formula
        With a response on the left-hand side; ``I(name**2)`` is a power of a number.
    data
        One row an observation. Rows that miss a variable, the weight, or a column of `also` are left out, and rows
        with the weight 0.
    weights
        The column with non-negative weights.
    also
        Other columns that a row must have (clusters, subjects, times); None is passed over.

    Raises
    ------
    ValueError
        If a column is absent, the formula has no response, or a weight is negative or infinite.
    InsufficientDataError
        If no row can be used, or the columns of the design are not independent (they are named).
    """
    check_table(data)
    check_one_column_a_name(data)
    check_column_names([weights, *also])
    formula, data = with_powers(require_text(formula), data)
    parsed = parse_formula(formula)
    if parsed.response is None:
        raise ValueError(f"formula {formula!r} has no left-hand side; write `outcome ~ ...`")
    needed = [column for column in dict.fromkeys([parsed.response, *parsed.variables, weights, *also]) if column]
    absent = [column for column in needed if column not in data.columns]
    if absent:
        raise ValueError(f"columns {absent} are not in the table; it has: {', '.join(map(str, data.columns))}")
    rows = data[needed].notna().all(axis=1).to_numpy(dtype=bool)
    values = np.ones(len(data))
    if weights is not None:
        values = read_weights(data[weights])
        rows = rows & (values > 0)
    used = data.loc[rows]
    if used.empty:
        raise InsufficientDataError(f"no row has all of: {', '.join(needed)}")
    design = learn_design(parsed, used)
    matrix = design.matrix(used)
    refuse_dependent_columns(matrix, design.names)
    return ModelFrame(design, matrix, used[parsed.response], rows, used, values[rows])


def column_weights(data: pd.DataFrame, weights: str | None) -> Floats:
    """Give everybody's weight by the name of its column: 1 without one, 0 where it is missing."""
    if weights is None:
        return np.ones(len(data))
    if weights not in data.columns:
        raise ValueError(f"{weights!r} is not in the table; it has: {', '.join(map(str, data.columns))}")
    return np.nan_to_num(read_weights(data[weights]))


def read_weights(column: pd.Series[Any]) -> Floats:
    """Give a column of weights as floats, NaN where missing, refusing negative and infinite ones."""
    try:
        values = column.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"weights {column.name!r} hold something that is no number") from error
    if (values < 0).any() or np.isinf(values).any():
        raise ValueError(f"weights {column.name!r} have a negative or infinite value; allowed: finite, from 0")
    return np.asarray(values, dtype=float)


def refuse_dependent_columns(matrix: Floats, names: Sequence[str]) -> None:
    """Refuse a design in which a column is a combination of those before it, naming such columns."""
    rows, columns = matrix.shape
    scale = np.linalg.norm(matrix, axis=0)
    remains = np.zeros(columns)
    basis = np.zeros((rows, 0))
    for j in range(columns):
        rest = matrix[:, j] / (scale[j] or 1.0)
        for _ in range(2):  # twice is enough for orthogonality to rounding
            rest = rest - basis @ (basis.T @ rest)
        remains[j] = np.linalg.norm(rest)
        if remains[j] > _RANK_TOLERANCE:
            basis = np.column_stack([basis, rest / remains[j]])
    aliased = [name for name, left in zip(names, remains, strict=True) if left <= _RANK_TOLERANCE]
    if aliased:
        raise InsufficientDataError(
            f"the data cannot tell {', '.join(aliased)} from the other columns of the design: "
            "a level or combination has nobody in it, or one column is made from others"
        )


def outcome_levels(response: pd.Series[Any]) -> tuple[tuple[Any, ...], npt.NDArray[np.int64]]:
    """Give the levels of a categorical response in order (categories as declared, others sorted), and each row's."""
    levels = ordered_levels(response, np.ones(len(response), dtype=bool))
    codes = pd.Index(list(levels)).get_indexer(pd.Index(response.to_numpy(dtype=object)))
    return levels, np.asarray(codes, dtype=np.int64)


def refuse_lone_levels(frame: ModelFrame, clusters: npt.NDArray[np.int64]) -> None:
    """Refuse errors by cluster where a level of a factor that is constant within clusters has one cluster only.

    Such a level's effect is fitted to its cluster exactly, and what is left of it says nothing of how clusters differ.
    """
    for variable in frame.design.variables.values():
        if variable.levels is None:
            continue
        pairs = np.unique(np.column_stack([clusters, variable.codes(frame.data)]), axis=0)
        counts = np.bincount(pairs[:, 1], minlength=len(variable.levels))
        if len(pairs) == int(clusters.max()) + 1 and counts.min() < 2 and len(variable.levels) > 1:
            level = variable.levels[int(counts.argmin())]
            raise InsufficientDataError(
                f"errors by cluster need two clusters with {variable.name} {level!s}; there is one"
            )


def read_clusters(column: pd.Series[Any]) -> npt.NDArray[np.int64]:
    """Give the number of each row's cluster, counted from 0 in order of appearance."""
    codes, _ = pd.factorize(column)
    if (codes < 0).any():
        raise ValueError(f"clusters {column.name!r} are missing in {int((codes < 0).sum())} rows")
    return np.asarray(codes, dtype=np.int64)
