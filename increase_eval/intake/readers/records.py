"""Cut text into records, whose cells may hold line breaks between quotation marks."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from increase_eval.intake.raw import UnreadableFileError

NARROWEST = 5
"""Columns. In a narrower table a line of an answer could have as many commas as a row."""


class Lines:
    """The lines of a text that comes in blocks, remembering those of the record that is being read.

    Attributes
    ----------
    current
        The lines of the record.
    """

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._bytes: bytes | None = None
        self._text = io.StringIO()
        self._left = 0
        self.current: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if not self.has_more:
            raise StopIteration
        if self._bytes is not None:
            text = self._bytes.decode("utf-8")
            self._text, self._left, self._bytes = io.StringIO(text, newline=""), len(text), None
        line = self._text.readline()
        self._left -= len(line)
        self.current.append(line)
        return line

    @property
    def is_at_end_of_block(self) -> bool:
        """Whether the next line begins another block, or there is none."""
        return not self._left and self._bytes is None

    @property
    def has_more(self) -> bool:
        """Whether there is a further line."""
        if self.is_at_end_of_block:
            self._bytes = next(self._blocks, None)
        return not self.is_at_end_of_block

    @property
    def rest_of_block(self) -> bytes:
        """Give what is left of the block, and leave it there."""
        if self._bytes is None:
            self._bytes, self._left = self._text.read().encode("utf-8"), 0
        return self._bytes

    def skip_block(self) -> None:
        """Leave out what is left of the block."""
        self._bytes, self._left = None, 0


class Records:
    """Cuts lines into records. An open quotation mark at the end is noted; what it swallowed stays in the lines.

    Attributes
    ----------
    lines, delimiter
        Where the records come from, and what parts their cells.
    number
        How many there were so far, those of the header among them.
    has_open_quote
        Whether the text ended inside a quotation mark.
    """

    def __init__(self, lines: Lines, delimiter: str, *, strict: bool = True, number: int = 0) -> None:
        self.lines = lines
        self.delimiter = delimiter
        self.number = number
        self.has_open_quote = False
        self._is_strict = strict
        self._reader = csv.reader(lines, delimiter=delimiter, strict=strict)

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        before, self.lines.current = self.lines.current, []
        try:
            record = next(self._reader)
        except StopIteration:
            self.lines.current = before
            raise
        except csv.Error as problem:
            if "unexpected end" not in str(problem):
                raise UnreadableFileError(f"row {self.number + 1} {_meaning(problem)}") from None
            self.has_open_quote = True
            raise StopIteration from None
        self.number += 1
        if self._is_strict and len(self.lines.current) > 1:
            _refuse_swallowed(self.lines.current, self.delimiter, width=len(record), row=self.number)
        return record

    def skip_block(self, count: int) -> None:
        """Leave out the records of what is left of a block, which somebody else has cut."""
        self.lines.skip_block()
        self.number += count


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
