"""Read delimited text: by record, not by line, so that an answer may hold a line break.

The delimiter and the encoding are found out unless declared. A record with more or fewer cells than the header has
is kept out and counted; one that ends inside a quotation mark ends the file early and is treated by how much it
swallowed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from increase_eval.intake.raw import BrokenRow, RawTable, UnreadableFileError, check_header
from increase_eval.intake.readers.plain import PlainRows, read_plain
from increase_eval.intake.readers.text import find_encoding
from increase_eval.study.sources import ReadOptions

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_RECORDS = 25
_CHUNK = 50_000
NARROWEST = 5
"""Columns. In a narrower table a line of an answer could have as many commas as a row."""


def read(path: Path, options: ReadOptions) -> RawTable:
    """Read a file with one row of column names."""
    return read_records(path, options, header_rows=1)


def read_records(path: Path, options: ReadOptions, *, header_rows: int) -> RawTable:
    """Read a file whose first `header_rows` records are no data; the first names the columns."""
    data = path.read_bytes()
    if data.startswith(b"PK\x03\x04"):
        raise UnreadableFileError("this is a workbook under another name; let its name end in .xlsx")
    encoding = find_encoding(data, options.encoding)
    delimiter = options.delimiter or find_delimiter(data, encoding)
    lines = _Lines(data, encoding)
    records = _records(lines, delimiter)
    header = [list(record) for record in islice(records, header_rows)]
    if lines.has_open_quote:
        raise UnreadableFileError(f"a quotation mark that opens in row {len(header) + 1} is never closed")
    if not header or not any(any(record) for record in header):
        raise UnreadableFileError("the file is empty: it has no column names")
    names = check_header(header[0])
    body: _Body | PlainRows | None = read_plain(data, lines.taken, names, encoding, delimiter, header_rows + 1)
    if body is None:
        body = _Body(len(names), first_row=header_rows + 1)
        body.take(records)
        body.judge_end(lines)
    columns = {name: pd.array(column, dtype="str") for name, column in zip(names, body.columns(), strict=True)}
    return RawTable(
        frame=pd.DataFrame(columns).iloc[: body.row_count],
        rows=np.asarray(body.numbers[: body.row_count], dtype="int64"),
        format="csv",
        encoding=encoding,
        decimal=options.decimal,
        variable_labels=dict(zip(names, header[1], strict=False)) if len(header) > 1 else {},
        broken=tuple(body.broken),
    )


def find_delimiter(data: bytes, encoding: str) -> str:
    """Give the delimiter that cuts the first records into the most columns, all alike."""
    best, best_score = DELIMITERS[0], (0.0, 0)
    for delimiter in DELIMITERS:
        records = _records(_Lines(data, encoding), delimiter, strict=False)
        counts = [len(record) for record in islice(records, _SAMPLE_RECORDS)]
        counts = [count for count in counts if count]
        if not counts or counts[0] < 2:
            continue
        score = (sum(count == counts[0] for count in counts) / len(counts), counts[0])
        if score > best_score:
            best, best_score = delimiter, score
    return best


class _Lines:
    """The lines of a text, remembering those of the record that is being read."""

    def __init__(self, data: bytes, encoding: str) -> None:
        self._text = io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="")
        self.current: list[str] = []
        self.taken = 0
        self.has_open_quote = False

    def __iter__(self) -> Iterator[str]:
        for line in self._text:
            self.taken += 1
            self.current.append(line)
            yield line


def _records(lines: _Lines, delimiter: str, *, strict: bool = True) -> Iterator[list[str]]:
    """Cut lines into records. An open quotation mark at the end is noted; what it swallowed stays in the lines."""
    reader = csv.reader(lines, delimiter=delimiter, strict=strict)
    last: list[str] = []
    number = 0
    try:
        for record in reader:
            number += 1
            last = lines.current
            lines.current = []
            if strict and len(last) > 1:
                _refuse_swallowed(last, delimiter, width=len(record), row=number)
            yield record
    except csv.Error as problem:
        if "unexpected end" not in str(problem):
            raise UnreadableFileError(f"row {number + 1} {_meaning(problem)}") from None
        lines.has_open_quote = True
    else:
        lines.current = last


def _refuse_swallowed(lines: list[str], delimiter: str, *, width: int, row: int) -> None:
    """Tell an answer with line breaks from rows that an open quotation mark has swallowed: each of these is a row."""
    if width >= NARROWEST and all(line.count(delimiter) >= width - 1 for line in lines):
        raise UnreadableFileError(
            f"row {row} runs over {len(lines)} lines, each of which looks like a row of its own: "
            "a quotation mark is missing or one too many"
        )


def _meaning(problem: csv.Error) -> str:
    if "field larger" in str(problem):
        limit = f"{csv.field_size_limit():,}"
        return f"has a cell of more than {limit} characters: a quotation mark that opens there is never closed"
    if "expected after" in str(problem):
        return "has a quotation mark inside a cell: one is missing or one too many, there or in the lines that follow"
    return f"cannot be cut into columns ({problem})"


class _Body:
    """The rows below the header, cut into columns a chunk at a time, so that memory holds text and not lists."""

    def __init__(self, width: int, *, first_row: int) -> None:
        self.width = width
        self.numbers: list[int] = []
        self.broken: list[BrokenRow] = []
        self.blank_lines: set[int] = set()
        self.spanning: list[int] = []
        self.row_count = 0
        self._next = first_row
        self._chunks: list[list[pa.Array]] = [[] for _ in range(width)]

    def take(self, records: Iterator[list[str]]) -> None:
        """Read all records."""
        while chunk := list(islice(records, _CHUNK)):
            whole = [fitted for record in chunk if (fitted := self._fit(record)) is not None]
            for target, cells in zip(self._chunks, zip(*whole, strict=True), strict=False):
                target.append(_blank_to_null(pa.array(cells, type=pa.large_string())))
        self.row_count = len(self.numbers)

    def _fit(self, record: list[str]) -> list[str] | None:
        """Give a record the width of the header; blank cells past its end are no harm, a blank line is a blank row."""
        row = self._next
        self._next += 1
        if len(record) != self.width:
            if not record:
                self.blank_lines.add(row)
                record = [""] * self.width
            elif len(record) > self.width and not any(cell.strip() for cell in record[self.width :]):
                record = record[: self.width]
            else:
                self.broken.append(BrokenRow(row, "ragged_row"))
                if any("\n" in cell or "\r" in cell for cell in record):
                    self.spanning.append(row)
                return None
        self.numbers.append(row)
        return record

    def judge_end(self, lines: _Lines) -> None:
        """Tell a file that was cut off from one that is ragged, and leave out blank lines at its end."""
        if lines.has_open_quote:
            if len(lines.current) > 1:
                raise UnreadableFileError(
                    f"a quotation mark that opens in row {self._next} is never closed, and swallows the "
                    f"{len(lines.current) - 1} lines after it"
                )
            self.broken.append(BrokenRow(self._next, "truncated_row"))
        elif self.broken and self.broken[-1].row == self._next - 1 and not lines.current[-1].endswith(("\n", "\r")):
            self.broken[-1] = BrokenRow(self.broken[-1].row, "truncated_row")
            self.spanning = [row for row in self.spanning if row != self.broken[-1].row]
        if self.spanning:
            # Rows would be lost inside it without a word, and the ledger would balance all the same.
            raise UnreadableFileError(
                f"row {self.spanning[0]} runs over several lines and has not as many cells as the header: "
                "a quotation mark is missing or one too many"
            )
        after_break = self.broken[-1].row if self.broken else 0
        while self.row_count and after_break < self.numbers[self.row_count - 1] in self.blank_lines:
            self.row_count -= 1

    def columns(self) -> list[pa.ChunkedArray]:
        """Give the columns, each of all the rows taken."""
        return [pa.chunked_array(chunk, type=pa.large_string()) for chunk in self._chunks]


def _blank_to_null(cells: pa.Array) -> pa.Array:
    blank = pc.equal(pc.binary_length(cells), 0)
    return pc.if_else(blank, pa.scalar(None, pa.large_string()), cells) if pc.any(blank).as_py() else cells
