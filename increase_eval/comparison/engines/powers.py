"""Powers of a number in a formula: ``I(age**2)`` becomes a column of its own before the formula is read.

The formula language knows names, products and factors, and no arithmetic. Powers are the one piece of arithmetic that
models ask for; they are found by their exact shape, so that still nothing of a formula is ever run.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

_POWER = re.compile(r"(?<!`)\bI\(\s*(?P<name>[^\W\d]\w*(?:\.\w+)*)\s*(?:\*\*|\^)\s*(?P<power>[1-9])\s*\)")
_DERIVED = re.compile(r"I\((?P<name>[^\W\d]\w*(?:\.\w+)*)\*\*(?P<power>[1-9])\)")


def with_powers(formula: str, data: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """Give the formula with every ``I(name**power)`` as a name of its own, and the table with those columns.

    Raises
    ------
    ValueError
        If the column is absent or no number.

    Examples
    --------
    >>> formula, table = with_powers("y ~ x + I(x^2)", pd.DataFrame({"y": [1.0], "x": [3.0]}))
    >>> formula, table.columns.tolist(), float(table["I(x**2)"].iloc[0])
    ('y ~ x + `I(x**2)`', ['y', 'x', 'I(x**2)'], 9.0)
    """
    columns = {}
    for found in _POWER.finditer(formula):
        name, power = found["name"], int(found["power"])
        if name not in data.columns:
            raise ValueError(f"columns {[name]} are not in the table; it has: {', '.join(map(str, data.columns))}")
        try:
            values = data[name].to_numpy(dtype=float, na_value=np.nan)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{found.group()!r} is a power of column {name!r}, which is no number") from error
        columns[f"I({name}**{power})"] = values**power
    if not columns:
        return formula, data
    return _POWER.sub(lambda found: f"`I({found['name']}**{found['power']})`", formula), data.assign(**columns)


def source_of(name: str) -> tuple[str, int] | None:
    """Give the column and power that a derived column's name says, or None."""
    found = _DERIVED.fullmatch(name)
    return (found["name"], int(found["power"])) if found else None
