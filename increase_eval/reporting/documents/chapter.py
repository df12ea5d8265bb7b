"""What is a chapter of a report? What it needs, the stored tables and figures it uses, and how it fills its template.

A new capability brings a module with a :class:`Chapter`, a template and strings, and one line in the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from increase_eval.reporting.documents.context import ReportContext


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter of the report.

    Attributes
    ----------
    id
        Its permalink; the same in every language.
    title
        The key of its heading.
    needs
        Capabilities of a study without which the chapter only says why it is not there.
    tables
        Stored tables that it cannot be written without, once its needs are met.
    optional_tables
        Stored tables that it uses where they are.
    figures
        Ids of the figures it places.
    template
        The file in ``reports/templates``.
    content
        Gives the values that the template names.
    """

    id: str
    title: str
    template: str
    content: Callable[[ReportContext], Mapping[str, Any]]
    needs: frozenset[str] = frozenset()
    tables: tuple[str, ...] = ()
    optional_tables: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()

    def missing_capabilities(self, capabilities: frozenset[str]) -> tuple[str, ...]:
        """Give the needs that a study does not meet, in alphabetical order."""
        return tuple(sorted(self.needs - capabilities))
