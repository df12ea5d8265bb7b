"""Hypotheses that are given as a matrix: which coefficient is each column, and does each row say something new?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]


def named_columns(table: pd.DataFrame, names: Sequence[str]) -> Floats:
    """Give a table of linear functions with its columns in the order of the coefficients, 0 where one is not named."""
    strange = [str(column) for column in table.columns if column not in names]
    if strange or not table.columns.is_unique:
        raise ValueError(f"columns {strange} are no coefficients, or one stands twice; allowed: {', '.join(names)}")
    return np.asarray(table.reindex(columns=list(names), fill_value=0.0).to_numpy(dtype=float, na_value=np.nan))


def linear_functions(matrix: Any, p: int) -> Floats:
    """Give a matrix of linear functions of `p` coefficients as floats, shape (q, p).

    Raises
    ------
    ValueError
        If it has another number of columns, a missing value, or a row of zeros.
    """
    try:
        functions = np.atleast_2d(np.asarray(matrix, dtype=float))
    except (TypeError, ValueError) as error:
        raise ValueError("a hypothesis is names of terms, or a matrix of numbers") from error
    shaped = functions.ndim == 2 and functions.shape[1] == p
    if not shaped or not np.isfinite(functions).all() or not functions.any(axis=1).all():
        raise ValueError(f"a matrix needs {p} finite columns, one a coefficient, and no row of zeros")
    return functions


def full_rank_functions(matrix: Any, p: int) -> Floats:
    """Give what :func:`linear_functions` gives, refusing rows that follow from others."""
    functions = linear_functions(matrix, p)
    if np.linalg.matrix_rank(functions) < len(functions):
        raise ValueError(f"the {len(functions)} rows of the matrix are not independent; leave those out that follow")
    return functions
