"""Read an SPSS file with its value labels and the codes it declares as user-missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
from pyreadstat import PyreadstatError, ReadstatError

from increase_eval.intake.raw import RawFile, RawTable, UnreadableFileError, check_header, in_slices
from increase_eval.study.sources import ReadOptions


def open_file(path: Path, options: ReadOptions) -> RawFile:
    """Read a ``.sav`` or ``.zsav`` file; row 2 is the first case, as in an exported sheet."""
    try:
        frame, meta = pyreadstat.read_sav(str(path), user_missing=True, encoding=options.encoding)
    except (ReadstatError, PyreadstatError, UnicodeDecodeError, ValueError, OverflowError) as problem:
        raise UnreadableFileError(f"it is no whole SPSS file: {reason_of(problem)}") from None
    names = check_header([str(name) for name in frame.columns])
    table = RawTable(
        frame=blank_text_to_missing(frame.set_axis(names, axis=1)),
        rows=np.arange(2, len(frame) + 2, dtype="int64"),
        format="spss",
        encoding=meta.file_encoding,
        value_labels={name: dict(labels) for name, labels in meta.variable_value_labels.items()},
        missing_ranges={
            name: tuple((part["lo"], part["hi"]) for part in parts if not isinstance(part["lo"], str))
            for name, parts in meta.missing_ranges.items()
        },
        missing_codes={
            name: tuple(part["lo"].strip() for part in parts if isinstance(part["lo"], str))
            for name, parts in meta.missing_ranges.items()
        },
        variable_labels={name: label for name, label in meta.column_names_to_labels.items() if label},
    )
    return in_slices(table)


def blank_text_to_missing(frame: pd.DataFrame) -> pd.DataFrame:
    """Make blank text missing: these formats cannot tell the two apart."""
    texts = {
        str(name): column.where(column.isna() | (column.str.strip() != ""))
        for name, column in frame.items()
        if isinstance(column.dtype, pd.StringDtype)
    }
    return frame.assign(**texts) if texts else frame


def reason_of(problem: Exception) -> str:
    """Say why a statistics file cannot be read, in words that hold nothing of its cells."""
    if isinstance(problem, ReadstatError):
        return str(problem)[:1].lower() + str(problem)[1:]
    return "its text is not in the encoding it should have"
