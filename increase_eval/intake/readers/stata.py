"""Read a Stata file with its value labels and its extended missing values (.a to .z)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
from pyreadstat import PyreadstatError, ReadstatError

from increase_eval.intake.raw import RawFile, RawTable, UnreadableFileError, check_header, in_slices
from increase_eval.intake.readers.spss import blank_text_to_missing, reason_of
from increase_eval.study.sources import ReadOptions


def open_file(path: Path, options: ReadOptions) -> RawFile:
    """Read a ``.dta`` file; extended missing values become the text that Stata prints, such as ``.a``."""
    try:
        frame, meta = pyreadstat.read_dta(str(path), user_missing=True, encoding=options.encoding)
    except (ReadstatError, PyreadstatError, UnicodeDecodeError, ValueError, OverflowError) as problem:
        raise UnreadableFileError(f"it is no whole Stata file: {reason_of(problem)}") from None
    names = check_header([str(name) for name in frame.columns])
    frame = frame.set_axis(names, axis=1)
    extended = {name: codes for name, codes in meta.missing_user_values.items() if codes}
    dotted = {name: _with_dots(frame[name], set(codes)) for name, codes in extended.items()}
    table = RawTable(
        frame=blank_text_to_missing(frame.assign(**dotted)),
        rows=np.arange(2, len(frame) + 2, dtype="int64"),
        format="stata",
        encoding=meta.file_encoding,
        value_labels={
            name: {_dotted(code, extended.get(name, ())): label for code, label in labels.items()}
            for name, labels in meta.variable_value_labels.items()
        },
        missing_codes={name: tuple(f".{code}" for code in codes) for name, codes in extended.items()},
        variable_labels={name: label for name, label in meta.column_names_to_labels.items() if label},
    )
    return in_slices(table)


def _with_dots(column: pd.Series, codes: set[str]) -> pd.Series:
    return column.astype(object).map(lambda cell: f".{cell}" if isinstance(cell, str) and cell in codes else cell)


def _dotted(code: object, codes: tuple[str, ...] | list[str]) -> object:
    return f".{code}" if isinstance(code, str) and code in codes else code
