"""Codes for missing are found however the file writes numbers; a workbook under another name is told from text."""

import numpy as np
import pandas as pd
import pytest

from increase_eval.errors import DataError
from increase_eval.intake.raw import RawTable
from increase_eval.intake.readers import read_file
from increase_eval.intake.values import ColumnReader
from increase_eval.study.tables import Column


@pytest.mark.parametrize(("written", "decimal"), [("-99", "."), ("-99.0", "."), ("-99,0", ","), ("-99", ",")])
def test_a_missing_code_is_found_with_either_decimal_mark(written, decimal):
    column = Column.model_validate(
        {"name": "mood", "label": {"en": "Mood", "fr": "Humeur"}, "type": "integer", "missing": {"refused": [-99]}}
    )
    cells = pd.Series(["3", written, "4"])
    raw = RawTable(frame=pd.DataFrame({"mood": cells}), rows=np.arange(2, 5), format="csv")
    read = ColumnReader.of(column, ()).read(raw, "mood", np.arange(3), decimal=decimal, values_by=None)
    assert pd.Series(read.values).isna().tolist() == [False, True, False]
    assert (np.asarray(read.reasons) > 0).tolist() == [False, True, False]
    assert not np.asarray(read.failed).any()


def test_a_workbook_named_csv_is_told(tmp_path):
    pd.DataFrame({"a": [1]}).to_excel(tmp_path / "answers.xlsx", engine="xlsxwriter", index=False)
    (tmp_path / "answers.xlsx").rename(tmp_path / "answers.csv")
    with pytest.raises(DataError, match=r"end in \.xlsx"):
        read_file(tmp_path / "answers.csv")
