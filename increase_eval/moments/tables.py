"""Is what was given a table, and are the roles in it names of columns? Everything else is refused in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd


def check_table(data: Any, role: str = "data") -> None:
    """Refuse what is no DataFrame.

    Raises
    ------
    TypeError
        If it is anything else, such as a dict of columns or a matrix.
    """
    if not isinstance(data, pd.DataFrame):
        raise TypeError(f"{role} is of the type {type(data).__name__}; allowed: a pandas DataFrame")


def check_one_column_a_name(data: pd.DataFrame) -> None:
    """Refuse a table in which a name means two columns.

    Raises
    ------
    ValueError
        If two columns have the same name.
    """
    if not data.columns.is_unique:
        twice = dict.fromkeys(map(str, data.columns[data.columns.duplicated()]))
        raise ValueError(f"the table has two columns of the same name: {', '.join(twice)}")


def check_column_names(names: Iterable[Any]) -> None:
    """Refuse what cannot be a column's name, such as the column itself.

    Raises
    ------
    ValueError
        If one is a Series, an array, a list or a result.
    """
    for name in names:
        try:
            hash(name)
        except TypeError:
            raise ValueError(
                f"a column is given as {type(name).__name__}; allowed: the name of a column of the table"
            ) from None
