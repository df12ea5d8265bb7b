"""How do figures and tables get their numbers? In the order in which the page places them, and never by hand.

A template places an exhibit by ``table(...)`` or ``figure(id)`` and speaks of one by ``ref(...)``, before or after it
is placed: what is written then is filled in at the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

import jinja2
from markupsafe import Markup, escape

from increase_eval.reporting.documents.capabilities import reasons
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.figures import FIGURES, render
from increase_eval.reporting.pages import data_link
from increase_eval.reporting.tables import DisplayTable, published_csv

_REFERENCE = re.compile("\ue000([a-z0-9-]+)\ue001")  # private-use signs, which no text of ours has
_WHERE = re.compile("\ue002(asset|figure):([a-z0-9_]+)\ue003")


def where_it_stands(kind: Literal["asset", "figure"], own_id: str) -> str:
    """Give what becomes a link to the first table made from a stored table, or to a figure; nothing where none is.

    It can stand in any text of a page, such as a cell; Exhibits.resolve_references fills it in.
    """
    return f"\ue002{kind}:{own_id}\ue003"


class Exhibits:
    """The figures and tables of one page, counted as they are placed."""

    def __init__(self, context: ReportContext) -> None:
        self._context = context
        self._counts = {"table": 0, "figure": 0}
        self._numbered: dict[str, str] = {}
        self._made_from: dict[str, str] = {}

    def template_functions(self, environment: jinja2.Environment) -> dict[str, Callable[..., Markup]]:
        """Give the functions that templates place exhibits with."""
        template = environment.get_template("exhibit.html.j2")

        def place(kind: str, values: dict[str, Any]) -> Markup:
            return Markup(getattr(template.module, kind)(**values))

        return {
            "table": lambda table, is_folded=False: place("table", {**self._table(table), "is_folded": is_folded}),
            "figure": lambda figure_id: self._figure(figure_id, place),
            "ref": self._reference,
        }

    def resolve_references(self, page: str) -> str:
        """Put the numbers of exhibits where the text speaks of them.

        Raises
        ------
        ValueError
            If the text speaks of an exhibit that the page does not have.
        """

        def link(match: re.Match[str]) -> str:
            anchor = match.group(1)
            if anchor not in self._numbered:
                raise ValueError(f"the text speaks of {anchor!r}, which is not on the page")
            return f'<a href="#{anchor}">{escape(self._numbered[anchor])}</a>'

        return _WHERE.sub(self._where, _REFERENCE.sub(link, page))

    def _where(self, match: re.Match[str]) -> str:
        kind, own_id = match.groups()
        anchor = self._made_from.get(own_id) if kind == "asset" else _anchor("figure", own_id)
        if anchor is None or anchor not in self._numbered:
            return ""
        return f' (<a href="#{anchor}">{escape(self._numbered[anchor])}</a>)'

    def _reference(self, kind: str, own_id: str) -> Markup:
        return Markup(f"\ue000{_anchor(kind, own_id)}\ue001")

    def _number(self, kind: str, own_id: str) -> tuple[str, str]:
        anchor = _anchor(kind, own_id)
        if anchor in self._numbered:
            raise ValueError(f"the page has {anchor!r} twice")
        self._counts[kind] += 1
        key = "common.table_number" if kind == "table" else "common.figure_number"
        self._numbered[anchor] = self._context.text(key, number=self._counts[kind])
        return anchor, self._numbered[anchor]

    def _table(self, table: DisplayTable) -> dict[str, Any]:
        anchor, number = self._number("table", table.id)
        self._made_from.setdefault(table.asset, anchor)
        return {
            "table": table,
            "anchor": anchor,
            "number": number,
            "link": data_link(published_csv(table.data), "text/csv"),
            "is_synthetic": self._context.study.is_synthetic,
            "threshold": self._context.study.head.privacy.threshold,
        }

    def _figure(self, figure_id: str, place: Callable[[str, dict[str, Any]], Markup]) -> Markup:
        drawing = self._context.figures.get(figure_id)
        if drawing is None:
            lacking = FIGURES[figure_id].needs - self._context.study.capabilities
            words = reasons(lacking, self._context.text) or self._context.text("common.not_drawn")
            return place("no_figure", {"reasons": words})
        anchor, number = self._number("figure", figure_id)
        values = {
            "drawing": drawing,
            "figure_id": figure_id,
            "anchor": anchor,
            "number": number,
            "image": data_link(render(drawing, "svg"), "image/svg+xml"),
            "link": data_link(published_csv(drawing.data), "text/csv"),
            "is_synthetic": self._context.study.is_synthetic,
        }
        return place("figure", values)


def _anchor(kind: str, own_id: str) -> str:
    return f"{kind}-{own_id}".replace("_", "-").lower()
