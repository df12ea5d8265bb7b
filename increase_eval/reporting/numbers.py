"""How is a number written for a reader? The only place where anything is rounded.

English writes 1,234.5, 12% and *1.2 to 3.4*; French writes 1 234,5, 12 % and *de 1,2 à 3,4*, in cells of tables
*[1,2 ; 3,4]*, with narrow no-break spaces. Halves are rounded away from zero on the number as it is printed in full,
so that a reader who rounds the published data by hand finds the same digits. Missing numbers have a mark of their own,
and none is minus zero.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pandas as pd

NARROW_NO_BREAK = "\u202f"
NO_BREAK = "\u00a0"
MINUS = "\u2212"
MISSING = "\u2013"
"""What stands where there is no number: an en dash, never an empty place."""

SMALLEST_P = 0.001
"""Below this a p value is written as less than it."""

_MOST_DIGITS = 4
"""How far a percentage next to 0 or 100 is followed."""

_DECIMAL_MARK = {"en": ".", "fr": ","}
_GROUP_MARK = {"en": ",", "fr": NARROW_NO_BREAK}
_PERCENT = {"en": "%", "fr": f"{NARROW_NO_BREAK}%"}


def format_number(value: Any, digits: int, language: str) -> str:
    r"""Write a number with so many digits after the decimal mark.

    Parameters
    ----------
    value
        The number; missing ones give an en dash.
    digits
        Digits after the decimal mark, 0 or more.
    language
        ``"en"`` or ``"fr"``.

    Returns
    -------
    str
        The number in the manner of the language.

    Raises
    ------
    ValueError
        If the language is another one, or `digits` is negative.

    Examples
    --------
    >>> format_number(1234.55, 1, "en")
    '1,234.6'
    >>> format_number(1234.55, 1, "fr")
    '1\u202f234,6'
    """
    _check(language)
    if digits < 0:
        raise ValueError(f"digits is {digits}; allowed: 0 or more")
    if pd.isna(value):
        return MISSING
    if math.isinf(value):
        return f"{MINUS if value < 0 else ''}∞"
    rounded = _rounded(_exact(value), digits)
    sign = MINUS if rounded < 0 else ""
    whole, _, decimals = f"{abs(rounded):,f}".partition(".")
    whole = whole.replace(",", _GROUP_MARK[language])
    return f"{sign}{whole}{_DECIMAL_MARK[language]}{decimals}" if decimals else f"{sign}{whole}"


def format_count(value: Any, language: str) -> str:
    """Write a whole number.

    Examples
    --------
    >>> format_count(12345, "en")
    '12,345'
    """
    return format_number(value, 0, language)


def format_signed(value: Any, digits: int, language: str) -> str:
    """Write a change, with its sign; 0 has none.

    Examples
    --------
    >>> format_signed(1.25, 1, "en"), format_signed(-0.04, 1, "en")
    ('+1.3', '0.0')
    """
    text = format_number(value, digits, language)
    is_zero = not any(figure in text for figure in "123456789∞")
    return text if pd.isna(value) or value < 0 or is_zero else f"+{text}"


def format_percent(share: Any, language: str, *, digits: int = 0) -> str:
    r"""Write a share between 0 and 1 as a percentage.

    Notes
    -----
    A share that is neither 0 nor 1 is not written as either: 99.7 % is written with one digit more, however few
    are asked for.

    Examples
    --------
    >>> format_percent(0.125, "en"), format_percent(0.125, "fr", digits=1)
    ('13%', '12,5\u202f%')
    >>> format_percent(0.997, "en")
    '99.7%'
    """
    if pd.isna(share):
        return format_number(share, digits, language)
    while digits < _MOST_DIGITS and 0 < share < 1 and _rounded(100 * _exact(share), digits) in (0, 100):
        digits += 1
    return format_number(100 * _exact(share), digits, language) + _PERCENT[language]


def format_points(difference: Any, digits: int, language: str) -> str:
    """Write a difference of shares in percentage points, with its sign and without a unit.

    Examples
    --------
    >>> format_points(0.5125, 1, "en"), format_points(-0.0214, 1, "en")
    ('+51.3', '−2.1')
    """
    return format_signed(difference if pd.isna(difference) else 100 * _exact(difference), digits, language)


def format_p(value: Any, language: str) -> str:
    r"""Write a p value with three digits, and less than 0.001 as such.

    Raises
    ------
    ValueError
        If the value is not between 0 and 1.

    Examples
    --------
    >>> format_p(0.0004, "en"), format_p(0.0004, "fr"), format_p(0.0416, "en")
    ('<\xa00.001', '<\xa00,001', '0.042')
    """
    if pd.isna(value):
        return format_number(value, 3, language)
    if not 0 <= value <= 1:
        raise ValueError(f"a p value is {value}; allowed: 0 to 1")
    if value < SMALLEST_P:
        return f"<{NO_BREAK}{format_number(SMALLEST_P, 3, language)}"
    if value > 1 - SMALLEST_P:
        return f">{NO_BREAK}{format_number(1 - SMALLEST_P, 3, language)}"
    return format_number(value, 3, language)


def format_interval(low: Any, high: Any, digits: int, language: str, *, in_table: bool = False) -> str:
    r"""Write an interval in words, which no minus sign can spoil.

    Parameters
    ----------
    low, high
        The ends; where one is missing, an en dash stands for both.
    digits
        Digits after the decimal mark, 0 or more.
    language
        ``"en"`` or ``"fr"``.
    in_table
        Whether it stands in a cell, where room is short: French then has brackets in place of its two words, English
        has the one short word that it has everywhere.

    Returns
    -------
    str
        The interval in the manner of the language.

    Raises
    ------
    ValueError
        If the language is another one, or `digits` is negative.

    Examples
    --------
    >>> format_interval(-1.25, 3.4, 1, "en"), format_interval(1.2, 3.4, 1, "fr")
    ('−1.3 to 3.4', 'de 1,2 à 3,4')
    >>> format_interval(1.2, 3.4, 1, "fr", in_table=True)
    '[1,2\u202f;\u202f3,4]'
    """
    ends = format_number(low, digits, language), format_number(high, digits, language)
    return _between(*ends, language, in_table=in_table)


def format_percent_interval(low: Any, high: Any, language: str, *, digits: int = 0, in_table: bool = False) -> str:
    """Write an interval of shares as percentages.

    Examples
    --------
    >>> format_percent_interval(0.1, 0.25, "en")
    '10% to 25%'
    """
    ends = format_percent(low, language, digits=digits), format_percent(high, language, digits=digits)
    return _between(*ends, language, in_table=in_table)


def _between(low: str, high: str, language: str, *, in_table: bool) -> str:
    _check(language)
    if MISSING in (low, high):
        return MISSING
    if language == "en":
        return f"{low} to {high}"
    return f"[{low}{NARROW_NO_BREAK};{NARROW_NO_BREAK}{high}]" if in_table else f"de {low} à {high}"


def beside(value: str, interval: str) -> str:
    """Set an interval beside its estimate in one cell: in brackets, and in no second pair where it has its own.

    Examples
    --------
    >>> beside("2.0", "1.2 to 3.4"), beside("2,0", "[1,2 ; 3,4]")
    ('2.0 (1.2 to 3.4)', '2,0 [1,2 ; 3,4]')
    """
    return f"{value} {interval}" if interval.startswith("[") else f"{value} ({interval})"


def digits_for_range(low: float, high: float) -> int:
    """Say how many digits a mean on a scale deserves: about a thousandth of the scale's range.

    Raises
    ------
    ValueError
        If the range is empty.

    Notes
    -----
    A range of 500 or more has none, one of 20 or more has one, one of 2 or more has two, a narrower one three.

    Examples
    --------
    >>> digits_for_range(0, 60), digits_for_range(1, 5), digits_for_range(0, 1)
    (1, 2, 3)
    """
    width = high - low
    if not width > 0:
        raise ValueError(f"the range runs from {low:g} to {high:g}; allowed: a highest value above the lowest")
    return 0 if width >= 500 else 1 if width >= 20 else 2 if width >= 2 else 3


def _exact(value: Any) -> Decimal:
    """Give the number as it is printed in full."""
    return (
        value if isinstance(value, Decimal) else Decimal(int(value) if isinstance(value, int) else repr(float(value)))
    )


def _rounded(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def _check(language: str) -> None:
    if language not in _DECIMAL_MARK:
        raise ValueError(f"language is {language!r}; allowed: 'en', 'fr'")
