"""What is a figure, once drawn? The picture, the words around it, and exactly the numbers in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from increase_eval.reporting.disclosure import MODEL_TABLES, nesting_of, protect_models, protect_tables
from increase_eval.reporting.figures.style import WidthName, drawn_as_wide_as
from increase_eval.study import Study


@dataclass(frozen=True, slots=True)
class Pictures:
    """What a figure looks like, made before: format -> the bytes of the picture."""

    made: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Drawing:
    """One figure in one language.

    Attributes
    ----------
    id
        The figure's id in the registry.
    language
        ``"en"`` or ``"fr"``.
    figure
        The picture, with title, subtitle and caption inside it, or what was made of it before.
    title
        What is seen, in a sentence.
    subtitle
        Measure, unit, waves, who.
    caption
        Interval, method, what was suppressed, source and date of the data.
    alt
        What kind of chart, what it shows, the numbers that matter.
    long_description
        Every number of the figure in words.
    data
        The rows that are drawn, protected: an estimate table.
    table
        The name of the table that the rows come from.
    threshold
        The smallest count above 0 that may be shown.
    """

    id: str
    language: str
    figure: Figure | Pictures
    title: str
    subtitle: str
    caption: str
    alt: str
    long_description: str
    data: pd.DataFrame
    table: str
    threshold: int

    def __post_init__(self) -> None:
        for name in ("title", "subtitle", "caption", "alt", "long_description"):
            if not getattr(self, name).strip():
                raise ValueError(f"figure {self.id!r} has no {name}: nobody could read it without")


@dataclass(frozen=True, slots=True)
class FigureSpec:
    """One kind of figure.

    Attributes
    ----------
    id
        Its name in files and links.
    needs
        What a study must be able to do, of :attr:`increase_eval.study.Study.capabilities`.
    tables
        Names of the tables it is drawn from, the drawn one first.
    paint
        Draws it from protected tables.
    page_only
        Why it cannot be read in a column; empty where it can.
    """

    id: str
    needs: frozenset[str]
    tables: tuple[str, ...]
    paint: Callable[[Study, Mapping[str, pd.DataFrame], str], Drawing]
    page_only: str = ""

    def draw(
        self, study: Study, tables: Mapping[str, pd.DataFrame], language: str, *, width: WidthName = "page"
    ) -> Drawing:
        """Draw the figure of a study.

        Parameters
        ----------
        study
            The study.
        tables
            Name -> estimate table; at least those in `tables`. They are protected here, all together, whether or not
            they were before.
        language
            ``"en"`` or ``"fr"``.
        width
            ``"page"`` (170 mm) or ``"column"`` (85 mm). Whether a figure can be read in a column says
            :func:`~increase_eval.reporting.figures.legibility.faults`.

        Returns
        -------
        Drawing
            The figure.

        Raises
        ------
        ValueError
            If a table is not there, or the study cannot do what the figure needs.
        """
        absent = [name for name in self.tables if name not in tables]
        if absent:
            raise ValueError(
                f"figure {self.id!r} is drawn from {', '.join(self.tables)}; not given: {', '.join(absent)}"
            )
        unable = sorted(self.needs - study.capabilities)
        if unable:
            raise ValueError(f"figure {self.id!r} needs {', '.join(unable)}, which study {study.id!r} does not have")
        own = {name: tables[name] for name in self.tables}
        threshold = study.head.privacy.threshold
        models = {name: table for name, table in own.items() if name in MODEL_TABLES}
        counts = {name: table for name, table in own.items() if name not in MODEL_TABLES}
        safe = protect_tables(counts, threshold=threshold, nesting=nesting_of(study)) if counts else {}
        safe |= protect_models(models, safe, threshold=threshold, arms=study.arm_ids, waves=study.wave_ids)
        if width == "column" and self.page_only:
            raise ValueError(f"figure {self.id!r} is drawn at page width only: {self.page_only}")
        with drawn_as_wide_as(width):
            return self.paint(study, safe, language)
