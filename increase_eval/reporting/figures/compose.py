"""Put the parts of a figure together: sheet, words and data."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import matplotlib
import pandas as pd

from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.drawing import Drawing
from increase_eval.reporting.figures.sheet import Key, Sheet
from increase_eval.reporting.figures.words import Words
from increase_eval.reporting.translations import NARROW_NO_BREAK, NO_BREAK

_TIGHT = re.compile(r"(?<=[^\s])[;:](?=\s)")
"""A mark of the lists in words that stands close, as English has it."""


def compose(
    words: Words,
    *,
    figure_id: str,
    table: str,
    data: pd.DataFrame,
    title: str,
    subtitle: str,
    caption: str,
    keys: Sequence[Key],
    height: float,
    put: Callable[[Sheet], None],
    described: Sequence[str],
) -> Drawing:
    """Make a figure of its parts.

    Parameters
    ----------
    words
        The words of the study.
    figure_id, table, data
        What the figure is called, the table its rows come from, and the rows.
    title, subtitle, caption, keys
        What stands around the body.
    height
        Of the body, in millimetres.
    put
        Draws the body on the sheet.
    described
        The figure in words, one sentence a series; the first goes into the alt text.
    """
    with matplotlib.rc_context(st.STYLE):
        sheet = Sheet(title, subtitle, caption, height, keys, words.flag)
        put(sheet)
    kind = words.text(f"figures.{figure_id}_kind")
    return Drawing(
        id=figure_id,
        language=words.language,
        figure=sheet.figure,
        title=title,
        subtitle=subtitle,
        caption=caption,
        alt=_read_out((words.flag, kind, title, *described[:1]), words.language),
        long_description=_read_out((title, *described), words.language),
        data=data.reset_index(drop=True),
        table=table,
        threshold=words.study.head.privacy.threshold,
    )


def _read_out(sentences: Sequence[str], language: str) -> str:
    """Set sentences one after the other: titles have no mark at their end, and French parts marks from words."""
    text = " ".join(_ended(sentence) for sentence in sentences if sentence)
    if language != "fr":
        return text
    return _TIGHT.sub(lambda mark: f"{NO_BREAK if mark[0] == ':' else NARROW_NO_BREAK}{mark[0]}", text)


def _ended(sentence: str) -> str:
    is_ended = sentence.rstrip(f"»”{NARROW_NO_BREAK} ").endswith((".", "!", "?", ":", "…"))
    return sentence if is_ended else f"{sentence}."
