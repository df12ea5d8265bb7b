"""Read delimited text: by record, not by line, so that an answer may hold a line break.

The delimiter and the encoding are found out unless declared. The text is cut block by block: a block that is regular
is cut by Arrow, any other record by record, so that one odd answer costs the speed of its block alone. A record with
more or fewer cells than the header has is kept out and counted; one that ends inside a quotation mark ends the file
early and is treated by how much it swallowed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from increase_eval.intake.raw import BrokenRow, RawFile, RawTable, UnreadableFileError, check_header
from increase_eval.intake.readers.plain import cut_plain
from increase_eval.intake.readers.records import Lines, Records
from increase_eval.intake.readers.text import find_encoding, line_blocks
from increase_eval.study.sources import ReadOptions

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_RECORDS = 25
_SAMPLE_BYTES = 1 << 16


def open_file(path: Path, options: ReadOptions) -> RawFile:
    """Open a file with one row of column names."""
    return open_records(path, options, header_rows=1)


def open_records(path: Path, options: ReadOptions, *, header_rows: int) -> RawFile:
    """Open a file whose first `header_rows` records are no data; the first names the columns."""
    with path.open("rb") as stream:
        if stream.read(4) == b"PK\x03\x04":
            raise UnreadableFileError("this is a workbook under another name; let its name end in .xlsx")
        encoding = find_encoding(stream, options.encoding)
    delimiter = options.delimiter or find_delimiter(path, encoding)
    sample = line_blocks(path, encoding, lines=_SAMPLE_RECORDS, piece=_SAMPLE_BYTES)
    header, size = _take_header(Records(Lines(sample), delimiter), header_rows)
    names = check_header(header[0])
    head = RawTable(
        frame=_frame(names, [pa.chunked_array([], type=pa.large_string())] * len(names)),
        rows=np.zeros(0, dtype="int64"),
        format="csv",
        encoding=encoding,
        decimal=options.decimal,
        variable_labels=dict(zip(names, header[1], strict=False)) if len(header) > 1 else {},
    )

    def parts(rows: int) -> Iterator[RawTable]:
        body = line_blocks(path, encoding, lines=rows, skip=size)
        return _parts(head, Records(Lines(body), delimiter, number=len(header)), header_rows + 1)

    return RawFile(head, parts)


def _take_header(records: Records, header_rows: int) -> tuple[list[list[str]], int]:
    """Give the records of the header, and how many bytes they take."""
    header: list[list[str]] = []
    size = 0
    for record in islice(records, header_rows):
        header.append(record)
        size += sum(len(line.encode("utf-8")) for line in records.lines.current)
    if records.has_open_quote:
        raise UnreadableFileError(f"a quotation mark that opens in row {len(header) + 1} is never closed")
    if not header or not any(any(record) for record in header):
        raise UnreadableFileError("the file is empty: it has no column names")
    return header, size


def find_delimiter(path: Path, encoding: str) -> str:
    """Give the delimiter that cuts the first records into the most columns, all alike."""
    best, best_score = DELIMITERS[0], (0.0, 0)
    for delimiter in DELIMITERS:
        sample = line_blocks(path, encoding, lines=_SAMPLE_RECORDS, piece=_SAMPLE_BYTES)
        records = Records(Lines(sample), delimiter, strict=False)
        counts = [len(record) for record in islice(records, _SAMPLE_RECORDS)]
        counts = [count for count in counts if count]
        if not counts or counts[0] < 2:
            continue
        score = (sum(count == counts[0] for count in counts) / len(counts), counts[0])
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _parts(head: RawTable, records: Records, first_row: int) -> Iterator[RawTable]:
    """Cut the rows below the header, a part for each block of lines."""
    names = list(head.frame.columns)
    body = _Body(len(names), first_row=first_row)
    while records.lines.has_more:
        table = cut_plain(records.lines.rest_of_block, names, records.delimiter)
        if table is None:
            body.take(records)
        else:
            records.skip_block(table.num_rows)
            body.take_plain(table)
        yield body.part(head)
    body.judge_end(records)
    yield body.part(head)


def _frame(names: list[str], columns: list[pa.ChunkedArray]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.array(column, dtype="str") for name, column in zip(names, columns, strict=True)})


class _Body:
    """The rows below the header, cut into columns.

    What the end of the file decides is held back until there is a further record: blank lines at the end are no rows,
    and a last record with too few cells is one that was cut off.
    """

    def __init__(self, width: int, *, first_row: int) -> None:
        self.width = width
        self._next = first_row
        self._blank_lines: list[int] = []
        self._ragged: BrokenRow | None = None
        self._is_spanning = False
        self._first_spanning: int | None = None
        self._clear()

    def _clear(self) -> None:
        self._numbers: list[np.ndarray] = []
        self._cells: list[list[pa.ChunkedArray | pa.Array]] = [[] for _ in range(self.width)]
        self._records: list[list[str]] = []
        self._record_numbers: list[int] = []
        self._broken: list[BrokenRow] = []

    def take(self, records: Records) -> None:
        """Read records to the end of the block, or of the record that goes beyond it."""
        for record in records:
            self._take_record(record)
            if records.lines.is_at_end_of_block:
                break

    def take_plain(self, table: pa.Table) -> None:
        """Take rows that are cut already; none is broken or blank."""
        self._release()
        self._pack()
        self._numbers.append(np.arange(self._next, self._next + table.num_rows, dtype="int64"))
        self._next += table.num_rows
        for target, column in zip(self._cells, table.columns, strict=True):
            target += column.chunks

    def _take_record(self, record: list[str]) -> None:
        """Give a record the width of the header; blank cells past its end are no harm, a blank line is a blank row."""
        row = self._next
        self._next += 1
        if not record:
            self._release_ragged()
            self._blank_lines.append(row)
            return
        self._release()
        if len(record) == self.width:
            self._keep(row, record)
        elif len(record) > self.width and not any(cell.strip() for cell in record[self.width :]):
            self._keep(row, record[: self.width])
        else:
            self._ragged = BrokenRow(row, "ragged_row")
            self._is_spanning = any("\n" in cell or "\r" in cell for cell in record)

    def _keep(self, row: int, record: list[str]) -> None:
        self._record_numbers.append(row)
        self._records.append(record)

    def _release(self) -> None:
        """Take what was held back, now that it is not the end of the file."""
        for row in self._blank_lines:
            self._keep(row, [""] * self.width)
        self._blank_lines = []
        self._release_ragged()

    def _release_ragged(self) -> None:
        if self._ragged is not None:
            self._broken.append(self._ragged)
            if self._is_spanning and self._first_spanning is None:
                self._first_spanning = self._ragged.row
            self._ragged = None

    def judge_end(self, records: Records) -> None:
        """Tell a file that was cut off from one that is ragged, and leave out blank lines at its end."""
        lines = records.lines.current
        if records.has_open_quote:
            if len(lines) > 1:
                raise UnreadableFileError(
                    f"a quotation mark that opens in row {self._next} is never closed, and swallows the "
                    f"{len(lines) - 1} lines after it"
                )
            self._release()
            self._broken.append(BrokenRow(self._next, "truncated_row"))
        elif self._ragged is not None and not lines[-1].endswith(("\n", "\r")):
            self._broken.append(BrokenRow(self._ragged.row, "truncated_row"))
        elif self._ragged is not None:
            self._release()
        if self._first_spanning is not None:
            # Rows would be lost inside it without a word, and the ledger would balance all the same.
            raise UnreadableFileError(
                f"row {self._first_spanning} runs over several lines and has not as many cells as the header: "
                "a quotation mark is missing or one too many"
            )

    def part(self, head: RawTable) -> RawTable:
        """Give the rows taken since the last part."""
        self._pack()
        columns = [pa.chunked_array(cells, type=pa.large_string()) for cells in self._cells]
        numbers = np.concatenate([np.zeros(0, dtype="int64"), *self._numbers])
        table = dataclasses.replace(
            head, frame=_frame(list(head.frame.columns), columns), rows=numbers, broken=tuple(self._broken)
        )
        self._clear()
        return table

    def _pack(self) -> None:
        """Put the records taken so far into columns."""
        if self._records:
            self._numbers.append(np.array(self._record_numbers, dtype="int64"))
            for target, cells in zip(self._cells, zip(*self._records, strict=True), strict=True):
                target.append(_blank_to_null(pa.array(cells, type=pa.large_string())))
            self._records, self._record_numbers = [], []


def _blank_to_null(cells: pa.Array) -> pa.Array:
    blank = pc.equal(pc.binary_length(cells), 0)
    return pc.if_else(blank, pa.scalar(None, pa.large_string()), cells) if pc.any(blank).as_py() else cells
