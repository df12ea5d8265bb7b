"""How is a text made harmless before it is put into a page or a spreadsheet?

A page would run what looks like markup; a spreadsheet runs a cell that starts like a formula. Both are made into the
text that they are. Numbers are left alone, and so is text that is nothing but a number.
"""

from __future__ import annotations

import html
import re
from typing import Any

import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters from which a spreadsheet may take a cell for a formula, also in their full-width forms."""

_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?")


def escape_html(text: str) -> str:
    """Make a text safe inside an element or a quoted attribute of a page.

    Examples
    --------
    >>> escape_html('<b onclick="x">')
    '&lt;b onclick=&quot;x&quot;&gt;'
    """
    return html.escape(text, quote=True)


def escape_spreadsheet(value: Any) -> Any:
    """Put an apostrophe before a text that a spreadsheet would take for a formula.

    Parameters
    ----------
    value
        A cell. Anything but a text is given back as it is.

    Returns
    -------
    Any
        The cell, safe to write to CSV or a workbook.

    Notes
    -----
    Leading spaces are looked through, since some programs drop them on import.

    Examples
    --------
    >>> escape_spreadsheet("=HYPERLINK(A1)")
    "'=HYPERLINK(A1)"
    >>> escape_spreadsheet("-1.5"), escape_spreadsheet(-1.5), escape_spreadsheet("-1+A1")
    ('-1.5', -1.5, "'-1+A1")
    """
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return value
    return f"'{value}" if value.lstrip(" \u00a0").startswith(FORMULA_STARTS) else value


def escape_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a copy of a frame whose texts, column names and row labels are safe in a spreadsheet."""
    escaped = frame.copy()
    for place, dtype in enumerate(frame.dtypes):
        if isinstance(dtype, pd.StringDtype | pd.CategoricalDtype) or dtype.kind == "O":
            escaped.isetitem(place, frame.iloc[:, place].map(escape_spreadsheet).array)
    return escaped.rename(columns=escape_spreadsheet, index=escape_spreadsheet)
