"""Read delimited text without quotation marks, many times faster than record by record.

Without a quotation mark every line is a record and every delimiter ends a cell, so that Arrow cuts the text exactly as
the careful reader would. As soon as anything is out of the ordinary (a mark, a line with more or fewer cells, a blank
line, mixed line ends, a cell of extreme length) nothing is given back, and the careful reader judges the file.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from increase_eval.intake.raw import BrokenRow

_BLOCK = 1 << 24
_ENCODINGS = {"utf-8": "utf8", "utf-8-sig": "utf8", "ascii": "utf8", "cp1252": "cp1252", "latin-1": "latin-1"}
"""Encodings in which delimiters and line ends are the bytes that they are in ASCII, as Arrow calls them."""


@dataclass(frozen=True, slots=True)
class PlainRows:
    """The rows below a header, cut into columns; none is broken.

    Attributes
    ----------
    table
        Shape (rows, columns): text, blank cells missing.
    first_row
        The number of the first row, as a spreadsheet shows it.
    """

    table: pa.Table
    first_row: int
    broken: tuple[BrokenRow, ...] = ()

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return int(self.table.num_rows)

    @property
    def numbers(self) -> np.ndarray:
        """Shape (rows,): the number of each row."""
        return np.arange(self.first_row, self.first_row + self.row_count)

    def columns(self) -> list[pa.ChunkedArray]:
        """Give the columns, each of all the rows."""
        return list(self.table.columns)


def read_plain(
    data: bytes, header_lines: int, names: Sequence[str], encoding: str, delimiter: str, first_row: int
) -> PlainRows | None:
    """Cut the rows below the header into columns.

    Parameters
    ----------
    data
        The bytes of the file.
    header_lines
        How many of its lines the header takes.
    names
        The columns; each name once.
    encoding, delimiter
        What the text is in, and what parts its cells.
    first_row
        The number of the first row below the header.

    Returns
    -------
    PlainRows or None
        None where the careful reader has to look.
    """
    if encoding not in _ENCODINGS or len(names) < 2 or not _ends_alike(data):
        return None
    start = _end_of_lines(data, header_lines)
    if start >= len(data) or data.find(b'"', start) >= 0 or _has_blank_line(data, start):
        return None
    try:
        table = pacsv.read_csv(
            pa.py_buffer(memoryview(data)[start:]),
            read_options=pacsv.ReadOptions(column_names=list(names), block_size=_BLOCK, encoding=_ENCODINGS[encoding]),
            parse_options=pacsv.ParseOptions(delimiter=delimiter, quote_char=False, ignore_empty_lines=False),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()), null_values=[""], strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid:
        return None
    return None if any(map(_is_too_long, table.columns)) else PlainRows(table, first_row)


def _ends_alike(data: bytes) -> bool:
    """Whether every line ends in the same way; a lone carriage return would end a line as well."""
    returns = data.count(b"\r")
    return not returns or returns == data.count(b"\r\n") == data.count(b"\n")


def _has_blank_line(data: bytes, start: int) -> bool:
    """Whether a line is blank; at the end of the file it would be no row."""
    return data[start : start + 1] in (b"\n", b"\r") or any(data.find(two, start) >= 0 for two in (b"\n\n", b"\n\r\n"))


def _end_of_lines(data: bytes, count: int) -> int:
    end = 0
    for _ in range(count):
        end = data.find(b"\n", end) + 1
        if not end:
            return len(data)
    return end


def _is_too_long(column: pa.ChunkedArray) -> bool:
    longest = pc.max(pc.binary_length(column)).as_py()
    return longest is not None and longest > csv.field_size_limit()
