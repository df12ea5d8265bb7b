"""Read one sheet of a workbook.

Row numbers are those that the spreadsheet shows. A formula counts as the value stored with it; one that has none, as
some programs write it, would read as a blank cell and is an error. A cell that shows an error (#DIV/0!) stays so.
"""

from __future__ import annotations

import re
import zipfile
from datetime import time, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import python_calamine

from increase_eval.intake.raw import RawFile, RawTable, UnreadableFileError, check_header, in_slices
from increase_eval.study.sources import ReadOptions

_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
_CELL = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
_REFERENCE = re.compile(rb'\br="([A-Z]+)(\d+)"')
_VALUE = re.compile(rb"<v>([^<]+)</v>|<is>")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_SHOWN = 5


def open_file(path: Path, options: ReadOptions) -> RawFile:
    """Read the sheet that the options name, or the only one."""
    with path.open("rb") as stream:
        if stream.read(len(_OLE)) == _OLE:
            raise UnreadableFileError(
                "the workbook is protected by a password, or is of the old .xls kind; save it as .xlsx without one"
            )
    try:
        workbook = python_calamine.load_workbook(str(path))
        sheet = _choose_sheet(workbook, options.sheet)
        cells = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, python_calamine.ZipError, python_calamine.XmlError, OSError) as problem:
        kind = type(problem).__name__.removesuffix("Error").lower() or "error"
        raise UnreadableFileError(f"the workbook cannot be read: it is damaged, or no .xlsx ({kind})") from None
    if not cells:
        raise UnreadableFileError(f"sheet {sheet!r} is empty")
    names = check_header(["" if cell == "" else _header_text(cell) for cell in cells[0]])
    formulas, shown = _formulas_and_errors(path, sheet)
    body = [[None if cell == "" else _plain(cell) for cell in row] for row in cells[1:]]
    for row, column, text in shown:
        if 2 <= row <= len(body) + 1 and column < len(names):
            body[row - 2][column] = text
    while body and all(cell is None for cell in body[-1]):
        body.pop()
    columns = zip(names, zip(*body, strict=True), strict=False) if body else ((name, ()) for name in names)
    table = RawTable(
        frame=pd.DataFrame({name: _column(list(cells)) for name, cells in columns}, columns=names),
        rows=np.arange(2, len(body) + 2, dtype="int64"),
        format="xlsx",
        decimal=options.decimal,
        notes={"formulas": formulas} if formulas else {},
    )
    return in_slices(table)


def _choose_sheet(workbook: Any, wanted: str | None) -> str:
    names = list(workbook.sheet_names)
    if wanted is None:
        shown = python_calamine.SheetVisibleEnum.Visible
        visible = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible == shown]
        if len(visible) != 1:
            raise UnreadableFileError(f"the workbook has the sheets {', '.join(visible)}; declare which in `sheet`")
        return str(visible[0])
    if wanted not in names:
        near = get_close_matches(wanted, names, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UnreadableFileError(f"there is no sheet {wanted!r}; the workbook has {', '.join(names)}{hint}")
    return wanted


def _header_text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _plain(cell: Any) -> Any:
    """Durations and times of day have no type of their own in a contract: they are text."""
    if isinstance(cell, str):
        return cell if cell.strip() else None
    return str(cell) if isinstance(cell, time | timedelta) else cell


def _column(cells: list[Any]) -> pd.Series:
    """Give cells the narrowest dtype that changes none of them."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {float}:
        return pd.Series(cells, dtype="float64")
    if kinds == {str}:
        return pd.Series(cells, dtype="str")
    return pd.Series(cells, dtype="object")


def _formulas_and_errors(path: Path, sheet: str) -> tuple[int, list[tuple[int, int, str]]]:
    """Count the formulas of a sheet and find its error cells, which the reader gives back as blanks."""
    try:
        with zipfile.ZipFile(path) as archive:
            xml = archive.read(_sheet_part(archive, sheet))
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, StopIteration):
        return 0, []
    if b"<f" not in xml and b't="e"' not in xml:
        return 0, []
    formulas, errors, empty = 0, [], []
    for attributes, content in _CELL.findall(xml):
        is_formula, is_error = b"<f" in content, b't="e"' in attributes
        if not (is_formula or is_error):
            continue
        reference, value = _REFERENCE.search(attributes), _VALUE.search(content)
        formulas += is_formula
        if reference is None:
            continue
        if is_error and value is not None and value.group(1):
            errors.append((int(reference.group(2)), _column_index(reference.group(1)), value.group(1).decode()))
        elif is_formula and value is None and b't="str"' not in attributes:
            empty.append((reference.group(1) + reference.group(2)).decode())
    if empty:
        raise UnreadableFileError(
            f"{len(empty)} cells hold a formula without a stored value ({', '.join(empty[:_SHOWN])}"
            f"{', ...' if len(empty) > _SHOWN else ''}); open the workbook in a spreadsheet program and save it"
        )
    return formulas, errors


def _sheet_part(archive: zipfile.ZipFile, sheet: str) -> str:
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    sheets = {node.get("name"): node.get(_RELATION) for node in book.iter() if node.tag.endswith("}sheet")}
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    target = str(next(node.get("Target") for node in relations if node.get("Id") == sheets[sheet]))
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _column_index(letters: bytes) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + (letter - ord("A") + 1)
    return index - 1
