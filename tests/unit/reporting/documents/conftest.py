"""A report of the small study, with pictures of the test's own."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from matplotlib.figure import Figure

from increase_eval.reporting.documents import CHAPTERS, Stamp, build_report
from increase_eval.reporting.figures import Drawing
from increase_eval.study.study import Study


@pytest.fixture
def pictures() -> dict[str, Drawing]:
    """A drawing for every figure that a chapter places: the words matter here, not the picture."""
    words = {"title": "Most <answered>", "subtitle": "Shares", "caption": "Wilson intervals", "alt": "Bars of shares"}
    data = pd.DataFrame({"wave": ["t1"], "estimate": [0.5], "n": [20]})
    return {
        figure: Drawing(
            id=figure,
            language="en",
            figure=Figure(figsize=(2, 1)),
            long_description="Before: 173 of 203.",
            data=data,
            table="response_flow",
            threshold=10,
            **words,
        )
        for chapter in CHAPTERS
        for figure in chapter.figures
    }


_PAGES: dict[tuple[str, str], str] = {}


@pytest.fixture
def write(tables: dict[str, pd.DataFrame], pictures: dict[str, Drawing]) -> Callable[..., str]:
    """Write a report; the pages of unchanged tables are written once for all tests."""

    def build(study: Study, *, language: str = "en", afresh: bool = False, **changes: pd.DataFrame | None) -> str:
        key = (study.model_dump_json(), language)
        if not changes and not afresh and key in _PAGES:
            return _PAGES[key]
        given = {name: table for name, table in {**tables, **changes}.items() if table is not None}
        page = build_report(study, given, pictures, language=language, stamp=Stamp("1.2.3", "3.11", {"pandas": "3"}))
        if not changes:
            _PAGES[key] = page
        return page

    return build
