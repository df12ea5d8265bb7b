"""From bytes to text: which encoding a file has, and whether its bytes can be text at all."""

from __future__ import annotations

import codecs

from increase_eval.intake.raw import UnreadableFileError

LONGEST_LINE = 10_000_000
"""Bytes. No survey answers are that long: a longer line is a damaged file or one of another kind."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def find_encoding(data: bytes, declared: str | None) -> str:
    """Say in which encoding the bytes are text.

    A byte order mark decides; else the encoding declared; else UTF-8 where it fits, and cp1252 (what spreadsheets in
    western Europe write) where it does not. A declared encoding that the bytes contradict is an error: it would give
    wrong letters without a word.

    Raises
    ------
    UnreadableFileError
        If the bytes are not text in that encoding, hold a NUL byte, or a line that is too long to be one.
    """
    found = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)
    if declared is not None:
        encoding = _checked(data, declared, found)
    else:
        encoding = found or ("utf-8" if _decodes(data, "utf-8") else "cp1252")
    problem = _first_problem(data, encoding)
    if problem is not None:
        hint = "declare the `encoding` it was saved in" if declared is None else "another `encoding` is needed"
        raise UnreadableFileError(f"line {problem} is not text in {encoding}; {hint}")
    if not encoding.startswith(("utf-16", "utf-32")):
        _refuse_binary(data)
    return encoding


def _checked(data: bytes, declared: str, found: str | None) -> str:
    try:
        name = codecs.lookup(declared).name
    except LookupError:
        raise UnreadableFileError(f"`encoding` is {declared!r}, which is no known encoding") from None
    if found is not None and name in ("utf-8", "utf-8-sig", "utf-16", "utf-32", codecs.lookup(found).name):
        if codecs.lookup(found).name.removesuffix("-sig") != name.removesuffix("-sig"):
            raise UnreadableFileError(f"`encoding` is declared as {declared}, and the file begins as {found}")
        return found
    is_utf8 = not data.isascii() and _decodes(data, "utf-8")
    if found is not None or (is_utf8 and not name.startswith("utf-8")):
        raise UnreadableFileError(f"`encoding` is declared as {declared}, and the bytes are {found or 'utf-8'}")
    return declared


def _decodes(data: bytes, encoding: str) -> bool:
    return _first_problem(data, encoding) is None


def _first_problem(data: bytes, encoding: str) -> int | None:
    try:
        data.decode(encoding)
    except UnicodeDecodeError as problem:
        return data.count(b"\n", 0, problem.start) + 1
    except UnicodeError:
        return 1
    return None


def _refuse_binary(data: bytes) -> None:
    nul = data.find(b"\0")
    if nul >= 0:
        line = data.count(b"\n", 0, nul) + 1
        raise UnreadableFileError(f"line {line} has a NUL byte: the file is damaged, or is not a text file")
    start = 0
    while len(data) - start > LONGEST_LINE:
        end = max(data.rfind(mark, start, start + LONGEST_LINE) for mark in (b"\n", b"\r"))
        if end < 0:
            line = data.count(b"\n", 0, start) + 1
            raise UnreadableFileError(
                f"line {line} is longer than {LONGEST_LINE:,} bytes: the file is damaged, or is no table"
            )
        start = end + 1
