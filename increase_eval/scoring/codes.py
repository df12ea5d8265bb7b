"""From the columns of a table to the codes that a scale adds up: read, recoded, checked, reversed.

The order is fixed: columns are read as numbers, codes are recoded (`recode_when` where its condition holds, `recode`
else, both on the codes as answered), then checked against the range, then reversed. Everything that is wrong is said at
once, by item, rule and row, and never with the answer or the participant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.errors import DataError
from increase_eval.moments.tables import check_table
from increase_eval.study import RecodeWhen, Scale

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

ROWS_NAMED = 5
"""How many rows a message names before it only counts them."""


@dataclass(frozen=True, slots=True)
class Answers:
    """One column as it was answered.

    Attributes
    ----------
    numbers
        (n,) the codes; NaN where missing, and where the answer is not a number.
    odd
        (m,) positions of the answers that are not numbers.
    words
        (m,) these answers where they are words, None where they are something else.
    """

    numbers: FloatArray
    odd: npt.NDArray[np.intp]
    words: npt.NDArray[np.object_]

    def equal(self, code: float | str) -> BoolArray:
        """Say where the answer is a code; ``1``, ``1.0`` and ``"1"`` are the same code."""
        number = as_number(code)
        if number is not None:
            return np.equal(self.numbers, number)
        mask = np.zeros(len(self.numbers), dtype=bool)
        mask[self.odd[self.words == str(code).strip()]] = True
        return mask

    @property
    def missing(self) -> BoolArray:
        """Where there is no answer."""
        mask = np.isnan(self.numbers)
        mask[self.odd] = False
        return mask


def as_number(code: float | str) -> float | None:
    """Give the number that a code is or is written as, and None for a word."""
    try:
        number = float(code)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def item_codes(items: pd.DataFrame, scale: Scale) -> dict[str, FloatArray]:
    """Give the codes of the items that were asked, ready to be combined.

    Parameters
    ----------
    items
        One row per participant; other columns are left alone.
    scale
        The scale whose items are wanted.

    Returns
    -------
    dict of str to array of shape (n,)
        Asked item -> codes after recoding and reversing, NaN where missing, in the order of the scale.

    Raises
    ------
    DataError
        If a column stands twice, or holds something that is no number, not finite, or out of range.
    """
    check_table(items, "items")
    twice = [item for item in _columns_needed(scale) if (items.columns == item).sum() > 1]
    if twice:
        raise DataError(f"scale {scale.id!r} cannot be scored", [f"column {item!r} stands twice" for item in twice])
    asked = [item for item in scale.items if item in items.columns]
    raw = {item: read_answers(items[item]) for item in _columns_needed(scale) if item in items.columns}
    codes: dict[str, FloatArray] = {}
    problems: list[str] = []
    for item in asked:
        recoded, named = _recoded(item, raw, scale)
        problems += _problems(item, raw[item], recoded, named, scale)
        codes[item] = _reversed(recoded, scale.range_of(item)) if item in scale.reversed else recoded
    if problems:
        raise DataError(f"scale {scale.id!r} cannot be scored", problems)
    return codes


def _columns_needed(scale: Scale) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*scale.items, *(rule.when_item for rule in scale.recode_when)]))


def read_answers(column: pd.Series[Any]) -> Answers:
    """Read one column of any type as numbers, and remember what is none."""
    if pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_any_real_numeric_dtype(column.dtype):
        numbers = column.to_numpy(dtype="float64", na_value=np.nan)
        return Answers(numbers, np.empty(0, dtype=np.intp), np.empty(0, dtype=object))
    values = column.astype(object)
    given = values.notna().to_numpy()
    # Dates and complex numbers would pass pd.to_numeric, as nanoseconds and with a part dropped in silence.
    kinds = (bool, int, float, str, Decimal, np.bool_, np.integer, np.floating)
    numeric = given & np.fromiter((isinstance(one, kinds) for one in values), bool, len(values))
    numbers = np.full(len(values), np.nan)
    numbers[numeric] = pd.to_numeric(values[numeric], errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    odd = np.flatnonzero(given & np.isnan(numbers))
    words = np.array([one.strip() if isinstance(one, str) else None for one in values.iloc[odd]], dtype=object)
    return Answers(numbers, odd, words)


def _recoded(item: str, raw: Mapping[str, Answers], scale: Scale) -> tuple[FloatArray, BoolArray]:
    """Recode one item; also say where a recode named the code, so that words left over can be found."""
    answers = raw[item]
    recoded = answers.numbers.copy()
    open_ = np.ones(len(recoded), dtype=bool)
    rules = [(rule.recode, _holds(rule, raw, len(recoded))) for rule in scale.recode_when if rule.item == item]
    rules += [(scale.recode[item], np.ones(len(recoded), dtype=bool))] if item in scale.recode else []
    for mapping, holds in rules:
        _check_keys(item, mapping)
        # A code that a conditional rule does not name falls through to the next rule.
        for code, value in mapping.items():
            mask = answers.equal(code) & open_ & holds
            recoded[mask] = value
            open_ &= ~mask
    return recoded, ~open_


def _holds(rule: RecodeWhen, raw: Mapping[str, Answers], count: int) -> BoolArray:
    """Say where a condition holds; a column that was not asked was not answered by anybody."""
    other = raw.get(rule.when_item)
    if other is None:
        return np.full(count, not rule.when_values)
    if not rule.when_values:
        return other.missing
    holds = np.zeros(count, dtype=bool)
    for code in rule.when_values:
        holds |= other.equal(code)
    return holds


def _check_keys(item: str, mapping: Mapping[Any, float]) -> None:
    seen: dict[object, object] = {}
    for code in mapping:
        number = as_number(code)
        key: object = str(code).strip() if number is None else number
        if key in seen:
            raise ValueError(f"the recode of item {item!r} names one code twice: {seen[key]!r} and {code!r}")
        seen[key] = code


def _problems(item: str, answers: Answers, recoded: FloatArray, named: BoolArray, scale: Scale) -> Iterator[str]:
    left_over = answers.odd[~named[answers.odd]]
    if len(left_over):
        yield f"item {item!r}: not a number; allowed: {_allowed(item, scale)}; {_rows(left_over)}"
    infinite = np.flatnonzero(np.isinf(recoded))
    if len(infinite):
        yield f"item {item!r}: not finite; allowed: {_allowed(item, scale)}; {_rows(infinite)}"
    limits = scale.range_of(item)
    if limits is None:
        return
    outside = np.flatnonzero(np.isfinite(recoded) & ((recoded < limits[0]) | (recoded > limits[1])))
    if len(outside):
        yield f"item {item!r}: out of range; allowed: {_allowed(item, scale)}; {_rows(outside)}"


def _allowed(item: str, scale: Scale) -> str:
    limits = scale.range_of(item)
    after = " after recoding" if item in scale.recode or any(rule.item == item for rule in scale.recode_when) else ""
    return f"{limits[0]:g} to {limits[1]:g}{after}" if limits else f"numbers{after}"


def _rows(positions: npt.NDArray[np.intp]) -> str:
    """Name rows by their place in the table, from 1: an index may hold the keys of participants."""
    first = ", ".join(str(position + 1) for position in positions[:ROWS_NAMED])
    more = f" and {len(positions) - ROWS_NAMED} more" if len(positions) > ROWS_NAMED else ""
    return f"row{'s' if len(positions) > 1 else ''} {first}{more} of the table"


def _reversed(codes: FloatArray, limits: tuple[float, float] | None) -> FloatArray:
    assert limits is not None, "a contract gives every reversed item a range"
    return (limits[0] + limits[1]) - codes
