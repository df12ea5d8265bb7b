"""Which columns can no weight adjust for, because some arm never has some of their levels?

Where approaches are nested in countries, the country tells the arm: nobody in one arm is comparable to somebody in
another one, and a propensity model that holds the country has no maximum. Such a column is left out, and named. Where
only a few people have a level that an arm lacks, they are left out instead of the column: the comparison is then of
those who could have been in any arm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.errors import ConvergenceError
from increase_eval.moments.formulas import ParsedFormula, parse_formula, usable_rows
from increase_eval.moments.levels import refuse_disguised

Booleans = npt.NDArray[np.bool_]

FEW_PEOPLE = 0.05
"""Up to this share of the people may be left out so that a column can stay."""


@dataclass(frozen=True, slots=True)
class SharedColumns:
    """What of a propensity model's columns all arms share.

    Attributes
    ----------
    formula
        The formula without the columns that no weight can adjust for.
    rows
        Shape (n,): False for people with a level that some arm lacks.
    left_out
        The columns without which the model does.
    notes
        What a reader must know, a sentence each.
    """

    formula: str
    rows: Booleans
    left_out: tuple[str, ...]
    notes: tuple[str, ...]


def keep_shared_columns(formula: str, data: pd.DataFrame) -> SharedColumns:
    """Which columns of a propensity model, and which people, have somebody to be compared with in every arm?

    Parameters
    ----------
    formula
        The arm on the left, the columns on the right.
    data
        One row per person.

    Returns
    -------
    SharedColumns
        `formula`, `rows`, `left_out`, `notes`.

    Raises
    ------
    ValueError
        If the formula cannot be read or a column is absent.
    ConvergenceError
        If no column is left, since each tells the arms apart.

    Notes
    -----
    Looked at are text, categories, booleans, ``C(name)`` and numbers with two values. A level without anybody in some
    arm is not shared. People with such levels are left out while they are at most :data:`FEW_PEOPLE` of all and two
    levels remain; else the column is. A number that tells the arms apart is not looked for: the model then separates.

    Examples
    --------
    >>> data = pd.DataFrame({"arm": list("aabb"), "country": list("ffgg"), "sex": list("mfmf")})
    >>> keep_shared_columns("arm ~ country + sex", data).left_out
    ('country',)
    """
    parsed = parse_formula(formula)
    needed = [*parsed.variables, *filter(None, [parsed.response])]
    usable = usable_rows(data, needed)
    rows = np.ones(len(data), dtype=bool)
    left_out: list[str] = []
    few: list[str] = []
    settled = parsed.response is None
    while not settled:
        settled = True
        for name in _factors(parsed, data):
            if name in left_out:
                continue
            strange = _not_shared(data[name], data[str(parsed.response)], usable & rows)
            if not strange.any():
                continue
            settled = False
            remaining = data[name][usable & rows & ~strange].nunique()
            if (strange | ~rows)[usable].mean() <= FEW_PEOPLE and remaining > 1:
                rows &= ~strange
                few.append(name)
            else:
                left_out.append(name)
    return SharedColumns(_without(parsed, left_out, formula), rows, tuple(left_out), tuple(_notes(left_out, few)))


def _factors(parsed: ParsedFormula, data: pd.DataFrame) -> Iterator[str]:
    for name in parsed.variables:
        column = data[name]
        is_number = pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)
        if not is_number and name not in parsed.categorical:
            refuse_disguised(column, column.notna().to_numpy(dtype=bool))
        if not is_number or name in parsed.categorical or column.nunique() == 2:
            yield name


def _not_shared(column: pd.Series[Any], arm: pd.Series[Any], rows: Booleans) -> Booleans:
    """Say of every row whether it has a level that some arm lacks."""
    levels, names = pd.factorize(column)
    arms, arm_names = pd.factorize(arm.where(pd.Series(rows, index=arm.index)))
    inside = rows & (levels >= 0) & (arms >= 0)
    counts = np.zeros((len(names), len(arm_names)), dtype=np.int64)
    np.add.at(counts, (levels[inside], arms[inside]), 1)
    lacking = (counts == 0).any(axis=1) & (counts > 0).any(axis=1)
    return np.asarray(inside & lacking[levels], dtype=bool)


def _without(parsed: ParsedFormula, left_out: list[str], formula: str) -> str:
    """Write the formula again without the terms of some columns; as it was where nothing is left out."""
    if not left_out:
        return formula
    kept = [term for term in parsed.terms if not set(term) & set(left_out)]
    if not any(kept):
        raise ConvergenceError(
            f"nothing is left to adjust for: {', '.join(left_out)} separate the arms, since each has levels that some "
            "arm lacks"
        )
    written = [":".join(_written(name, parsed) for name in term) if term else "1" for term in kept]
    return f"`{parsed.response}` ~ {'' if () in kept else '0 + '}{' + '.join(written)}"


def _written(name: str, parsed: ParsedFormula) -> str:
    return f"C(`{name}`)" if name in parsed.categorical else f"`{name}`"


def _notes(left_out: list[str], few: list[str]) -> Iterator[str]:
    for name in left_out:
        yield f"{name} is left out: some arm has nobody at some of its levels, and no weight can adjust for it"
    for name in dict.fromkeys(few):
        yield f"people with a level of {name} that some arm lacks have no weight"
