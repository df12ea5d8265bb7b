"""What is a section of the chapter on attrition? What it needs, and how it fills its part of the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from increase_eval.reporting.documents.capabilities import reasons

if TYPE_CHECKING:
    from increase_eval.reporting.documents.context import ReportContext


@dataclass(frozen=True, slots=True)
class Section:
    """One section.

    Attributes
    ----------
    id
        Its permalink within the page, after ``attrition-``.
    title
        The key of its heading.
    template
        The file in ``reports/templates``; it finds what `content` gives under the name ``v``.
    content
        Gives those values.
    needs
        Capabilities of a study without which the section only says why it is not there.
    tables
        Stored tables without which the section only says that they were not computed.
    optional_tables
        Stored tables that it uses where they are.
    figures
        Ids of the figures it places.
    with_complete_cases
        Whether the section is there for a study that released complete cases only.
    """

    id: str
    title: str
    template: str
    content: Callable[[ReportContext], Mapping[str, Any]]
    needs: frozenset[str] = frozenset()
    tables: tuple[str, ...] = ()
    optional_tables: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    with_complete_cases: bool = False

    def reason_against(self, context: ReportContext) -> str:
        """Say why a study cannot have this section; empty where it can."""
        lacking = self.needs - context.study.capabilities
        if lacking:
            return reasons(lacking, context.text)
        absent = [name for name in self.tables if context.table(name) is None]
        return context.text("common.not_computed") if absent else ""

    def fill(self, context: ReportContext) -> dict[str, Any]:
        """Give what the chapter's template places: heading, and either values or the reason against them."""
        reason = self.reason_against(context)
        return {
            "id": f"attrition-{self.id}",
            "title": context.text(self.title),
            "template": self.template,
            "values": None if reason else self.content(context),
            "reason": reason,
        }
