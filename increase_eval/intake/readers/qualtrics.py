"""Read a Qualtrics export: three header rows (names, question texts, import ids), data from row 4 on."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from increase_eval.intake.raw import RawFile, RawTable, UnreadableFileError
from increase_eval.intake.readers.delimited import DELIMITERS, open_records
from increase_eval.intake.readers.text import find_encoding
from increase_eval.study.sources import ReadOptions

HEADER_ROWS = 3
_IMPORT_ID = '{"importid"'
_SAMPLE_BYTES = 4_000_000


def open_file(path: Path, options: ReadOptions) -> RawFile:
    """Open an export; question texts become the variable labels."""
    if not looks_like_one(path, options):
        raise UnreadableFileError(
            'row 3 does not hold import ids ({"ImportId": ...}), which every Qualtrics export does; '
            "declare `format: csv` if it has one header row"
        )
    file = open_records(path, options, header_rows=HEADER_ROWS)

    def parts(rows: int) -> Iterator[RawTable]:
        return (dataclasses.replace(part, format="qualtrics") for part in file.parts(rows))

    return RawFile(dataclasses.replace(file.head, format="qualtrics"), parts)


def looks_like_one(path: Path, options: ReadOptions) -> bool:
    """Say whether the third record of a delimited file begins as the import ids of Qualtrics do."""
    with path.open("rb") as stream:
        sample = stream.read(_SAMPLE_BYTES)
    if _IMPORT_ID.encode() not in sample.replace(b"\0", b"").replace(b'""', b'"').lower():
        return False
    text = sample.decode(
        find_encoding(io.BytesIO(sample), None) if options.encoding is None else options.encoding, "replace"
    )
    for delimiter in [options.delimiter] if options.delimiter else DELIMITERS:
        try:
            head = list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), HEADER_ROWS))
        except csv.Error:
            continue
        if len(head) == HEADER_ROWS and head[2] and head[2][0].strip().lower().startswith(_IMPORT_ID):
            return True
    return False
