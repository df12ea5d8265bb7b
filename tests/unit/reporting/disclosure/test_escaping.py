"""Texts are made harmless before they reach a page or a spreadsheet."""

from __future__ import annotations

import pandas as pd
import pytest

from increase_eval.reporting.disclosure import escape_frame, escape_html, escape_spreadsheet


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+cmd", "-2+A1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u00a0=1", "＝1+1", "-", "=cmd|' /C x'!A0"],
)
def test_formulas_become_texts(text):
    assert escape_spreadsheet(text) == "'" + text


@pytest.mark.parametrize("value", ["plain", "a=1", "", "-1.5", "+3", "1e-5", "-2,5", 5, -1.5, None, True])
def test_all_else_stays(value):
    assert escape_spreadsheet(value) is value


def test_frames_are_escaped_everywhere_and_not_changed():
    frame = pd.DataFrame(
        {"=a": ["=x", "y"], "number": [-1.0, 2.0], "kind": pd.Categorical(["@z", "w"]), "mixed": ["+m", 3]},
        index=["-row", "row"],
    )
    escaped = escape_frame(frame)
    assert escaped.columns.tolist() == ["'=a", "number", "kind", "mixed"]
    assert escaped.index.tolist() == ["'-row", "row"]
    assert escaped.iloc[0].tolist() == ["'=x", -1.0, "'@z", "'+m"]
    assert frame.columns.tolist()[0] == "=a"
    assert frame.iloc[0, 0] == "=x"


def test_markup_becomes_text():
    assert escape_html("<script>alert('x') & \"y\"") == "&lt;script&gt;alert(&#x27;x&#x27;) &amp; &quot;y&quot;"
