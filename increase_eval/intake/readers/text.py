"""From bytes to text: which encoding a file has, whether its bytes can be text at all, and its lines in blocks.

A file is looked through in pieces and never held whole. Each question is a pass over it, since the answer may lie in
its last byte; a pass takes a fraction of what cutting the text into cells takes.
"""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np

from increase_eval.intake.raw import UnreadableFileError

LONGEST_LINE = 10_000_000
"""Bytes. No survey answers are that long: a longer line is a damaged file or one of another kind."""

PIECE = 1 << 22
"""Bytes that are looked at together."""

BLOCK_BYTES = 1 << 24
"""Bytes of a block from which it is given out, however few lines it has."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_RETURN, _FEED = b"\r\n"


def find_encoding(stream: BinaryIO, declared: str | None) -> str:
    """Say in which encoding the bytes are text.

    A byte order mark decides; else the encoding declared; else UTF-8 where it fits, and cp1252 (what spreadsheets in
    western Europe write) where it does not. A declared encoding that the bytes contradict is an error: it would give
    wrong letters without a word.

    Raises
    ------
    UnreadableFileError
        If the bytes are not text in that encoding, hold a NUL byte, or a line that is too long to be one.
    """
    first_problem = cache(lambda encoding: _first_problem(stream, encoding))
    found = _mark(stream)
    if declared is not None:
        is_utf8 = first_problem("utf-8") is None and not all(piece.isascii() for piece in _pieces(stream))
        encoding = _checked(declared, found, is_utf8=is_utf8)
    else:
        encoding = found or ("utf-8" if first_problem("utf-8") is None else "cp1252")
    problem = first_problem(encoding)
    if problem is not None:
        hint = "declare the `encoding` it was saved in" if declared is None else "another `encoding` is needed"
        raise UnreadableFileError(f"line {problem} is not text in {encoding}; {hint}")
    if not encoding.startswith(("utf-16", "utf-32")):
        _refuse_binary(stream)
    return encoding


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    stream.seek(0)
    while piece := stream.read(PIECE):
        yield piece


def _mark(stream: BinaryIO) -> str | None:
    stream.seek(0)
    start = stream.read(4)
    return next((encoding for mark, encoding in _MARKS if start.startswith(mark)), None)


def _checked(declared: str, found: str | None, *, is_utf8: bool) -> str:
    try:
        name = codecs.lookup(declared).name
        "".encode(declared)  # Some codecs, such as base64, are of no text.
    except LookupError:
        raise UnreadableFileError(f"`encoding` is {declared!r}, which is no known encoding") from None
    if found is not None and name in ("utf-8", "utf-8-sig", "utf-16", "utf-32", codecs.lookup(found).name):
        if codecs.lookup(found).name.removesuffix("-sig") != name.removesuffix("-sig"):
            raise UnreadableFileError(f"`encoding` is declared as {declared}, and the file begins as {found}")
        return found
    if found is not None or (is_utf8 and not name.startswith("utf-8")):
        raise UnreadableFileError(f"`encoding` is declared as {declared}, and the bytes are {found or 'utf-8'}")
    return declared


def _first_problem(stream: BinaryIO, encoding: str) -> int | None:
    """Give the number of the first line that is no text in an encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    feeds, pending = 0, b""
    try:
        for piece in _pieces(stream):
            decoder.decode(piece)
            feeds += (pending + piece).count(b"\n")
            pending = decoder.getstate()[0]
            feeds -= pending.count(b"\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as problem:
        return feeds + problem.object.count(b"\n", 0, problem.start) + 1
    except UnicodeError:
        return 1
    return None


def _refuse_binary(stream: BinaryIO) -> None:
    """Refuse a NUL byte anywhere before a line that is too long."""
    feeds = 0
    for piece in _pieces(stream):
        nul = piece.find(b"\0")
        if nul >= 0:
            line = feeds + piece.count(b"\n", 0, nul) + 1
            raise UnreadableFileError(f"line {line} has a NUL byte: the file is damaged, or is not a text file")
        feeds += piece.count(b"\n")
    feeds, since, line = 0, 0, 1
    for piece in _pieces(stream):
        marks = [place for place in (piece.find(b"\n"), piece.find(b"\r")) if place >= 0]
        if since + min(marks, default=len(piece) - 1) >= LONGEST_LINE:
            raise UnreadableFileError(
                f"line {line} is longer than {LONGEST_LINE:,} bytes: the file is damaged, or is no table"
            )
        last = max(piece.rfind(b"\n"), piece.rfind(b"\r"))
        since = len(piece) - 1 - last if marks else since + len(piece)
        line = feeds + piece.count(b"\n", 0, last + 1) + 1 if marks else line
        feeds += piece.count(b"\n")


def line_blocks(path: Path, encoding: str, *, lines: int, skip: int = 0, piece: int = PIECE) -> Iterator[bytes]:
    """Give the text of a file as UTF-8, in blocks of whole lines.

    Parameters
    ----------
    path, encoding
        The file, and what its text is in; a byte order mark is left out.
    lines
        How many lines a block has at most; it has fewer where they are longer than :data:`BLOCK_BYTES` together.
    skip
        How many bytes of the text are left out at its start.
    piece
        How many bytes are read at a time.

    Yields
    ------
    bytes
        A line ends with a line feed, a carriage return, or both; the last may end with neither.
    """
    pending, marks = b"", 0
    with path.open("rb") as stream:
        for text in _without(_as_utf8(stream, encoding, piece), skip):
            pending += text
            marks += text.count(b"\n") + text.count(b"\r")
            if marks < lines and len(pending) < BLOCK_BYTES:
                continue
            ends = _line_ends(pending)
            cuts = [0, *ends[lines - 1 :: lines].tolist()]
            if len(ends) and ends[-1] - cuts[-1] >= BLOCK_BYTES:
                cuts.append(int(ends[-1]))
            for start, end in itertools.pairwise(cuts):
                yield pending[start:end]
            pending = pending[cuts[-1] :]
            marks = pending.count(b"\n") + pending.count(b"\r")
    ends = _line_ends(pending + b"\n")
    cuts = [0, *ends[lines - 1 :: lines].tolist(), len(pending)]
    yield from (block for start, end in itertools.pairwise(cuts) if (block := pending[start:end]))


def _as_utf8(stream: BinaryIO, encoding: str, piece: int) -> Iterator[bytes]:
    is_utf8 = codecs.lookup(encoding).name in ("utf-8", "ascii")
    decoder = None if is_utf8 else codecs.getincrementaldecoder(encoding)()
    while data := stream.read(piece):
        yield data if decoder is None else decoder.decode(data).encode("utf-8")
    if decoder is not None:
        yield decoder.decode(b"", final=True).encode("utf-8")


def _without(texts: Iterator[bytes], skip: int) -> Iterator[bytes]:
    """Leave out the first bytes."""
    for text in texts:
        yield text[skip:]
        skip = max(skip - len(text), 0)


def _line_ends(text: bytes) -> np.ndarray:
    """Give where lines end, counted after the end; a return at the end of the text may be half of one."""
    if not text:
        return np.zeros(0, dtype="int64")
    codes = np.frombuffer(text, dtype="uint8")
    is_end = codes == _FEED
    if b"\r" in text:
        is_end[:-1] |= (codes[:-1] == _RETURN) & (codes[1:] != _FEED)
    return np.flatnonzero(is_end) + 1
