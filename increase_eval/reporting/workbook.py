"""How does a table become an Excel workbook that is the same to the byte every time, and runs nothing?"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import xlsxwriter

CREATED = datetime(2000, 1, 1)
"""The creation date that every workbook carries: a true clock would change its bytes."""

_FORBIDDEN_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
_WIDEST = 60


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: a name, the heads of its columns, and its rows (texts, numbers, dates, or None)."""

    name: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Any]]


def workbook_bytes(sheets: Sequence[Sheet], *, title: str, note: str = "") -> bytes:
    """Write sheets into one workbook.

    Parameters
    ----------
    sheets
        In order. Names are cut to the 31 characters that Excel allows and made different where they meet.
    title
        The title in the properties of the file.
    note
        A line for the properties of the file and the head of every printed sheet, such as that the data are synthetic.

    Returns
    -------
    bytes
        The file. Texts are written as texts, whatever they look like; heads stay in view; dates are dates.
    """
    buffer = io.BytesIO()
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    workbook = xlsxwriter.Workbook(buffer, plain)
    workbook.set_properties({"title": title, "comments": note, "created": CREATED})
    bold = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    date = workbook.add_format({"num_format": "yyyy-mm-dd"})
    for name, sheet in zip(_sheet_names(sheets), sheets, strict=True):
        page = workbook.add_worksheet(name)
        page.set_header(f"&L{_header(title)}&R{_header(note)}")
        page.freeze_panes(1, 0)
        for place, head in enumerate(sheet.heads):
            page.write_string(0, place, head, bold)
        for line, row in enumerate(sheet.rows, start=1):
            for place, value in enumerate(row):
                _write(page, line, place, value, date)
        for place, width in enumerate(_widths(sheet)):
            page.set_column(place, place, width)
        if sheet.rows:
            page.autofilter(0, 0, len(sheet.rows), len(sheet.heads) - 1)
    workbook.close()
    return buffer.getvalue()


def _write(page: Any, line: int, place: int, value: Any, date: Any) -> None:
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return
    if isinstance(value, bool):
        page.write_boolean(line, place, value)
    elif isinstance(value, int | float):
        page.write_number(line, place, value)
    elif isinstance(value, datetime):
        page.write_datetime(line, place, value, date)
    else:
        page.write_string(line, place, str(value))


def _widths(sheet: Sheet) -> list[int]:
    columns = zip(sheet.heads, *[[str(value) for value in row] for row in sheet.rows[:200]], strict=True)
    return [min(_WIDEST, max(map(len, column)) + 2) for column in columns]


def _sheet_names(sheets: Sequence[Sheet]) -> list[str]:
    names: list[str] = []
    for sheet in sheets:
        name = cut = sheet.name.translate(_FORBIDDEN_IN_NAMES).strip()[:31] or "-"
        count = 2
        while name.casefold() in {other.casefold() for other in names}:
            suffix = f" ({count})"
            name, count = cut[: 31 - len(suffix)] + suffix, count + 1
        names.append(name)
    return names


def _header(text: str) -> str:
    """Fit a text for a printed head, where `&` starts a code and 255 characters are all there is."""
    return text.replace("&", "&&")[:110]
