"""Put the parts of a figure together: sheet, words and data."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import matplotlib
import pandas as pd

from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.drawing import Drawing
from increase_eval.reporting.figures.sheet import Key, Sheet
from increase_eval.reporting.figures.words import Words


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
        alt=" ".join(_ended(part) for part in (words.flag, kind, title, *described[:1]) if part),
        long_description=" ".join(map(_ended, (title, *described))),
        data=data.reset_index(drop=True),
        table=table,
        threshold=words.study.head.privacy.threshold,
    )


def _ended(sentence: str) -> str:
    """End a sentence as one, where it has no mark of its own: titles have none, and are read out before others."""
    return sentence if sentence.rstrip("»”\u202f ").endswith((".", "!", "?", ":", "…")) else f"{sentence}."
