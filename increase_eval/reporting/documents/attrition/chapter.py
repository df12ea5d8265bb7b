"""Who left, what that may have done to the results, and how far they hold: the chapter, made of its sections."""

from __future__ import annotations

from typing import Any

from increase_eval.reporting.documents.attrition.anchored import ANCHORED
from increase_eval.reporting.documents.attrition.in_short import in_short
from increase_eval.reporting.documents.attrition.robustness import ROBUSTNESS
from increase_eval.reporting.documents.attrition.section import Section
from increase_eval.reporting.documents.attrition.standing import STANDING
from increase_eval.reporting.documents.attrition.staying import STAYING
from increase_eval.reporting.documents.attrition.tipping import TIPPING_SECTION
from increase_eval.reporting.documents.attrition.unresolved import UNRESOLVED
from increase_eval.reporting.documents.attrition.weighting import WEIGHTING
from increase_eval.reporting.documents.attrition.who_left import WHO_LEFT
from increase_eval.reporting.documents.attrition.worst_cases import WORST_CASES
from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import ReportContext

SECTIONS: tuple[Section, ...] = (
    # Who left.
    STAYING,
    UNRESOLVED,
    WHO_LEFT,
    STANDING,
    # What may be corrected for: weights; then imputation.
    WEIGHTING,
    # What cannot: bounds and dials; then tipping points; then non-response anchored on the service's counts.
    WORST_CASES,
    TIPPING_SECTION,
    ANCHORED,
    # What holds: the robustness of every headline, last.
    ROBUSTNESS,
)
"""In the order of the page; a new section goes to the end of its group."""


def attrition_content(context: ReportContext) -> dict[str, Any]:
    """Give what the chapter says: its sections, or that attrition is unknown."""
    is_unknown = context.study.head.participants.coverage == "complete_cases"
    chosen = [section for section in SECTIONS if section.with_complete_cases or not is_unknown]
    sections = [section.fill(context) for section in chosen]
    return {
        "is_unknown": is_unknown,
        "is_randomised": "randomised" in context.study.capabilities,
        "enrolled": context.count(_people(context)),
        "in_short": list(in_short(sections)),
        "sections": sections,
    }


def _people(context: ReportContext) -> Any:
    flow = context.tables["response_flow"]
    return flow.loc[flow["term"] == "enrolled", "n"].max()


ATTRITION = Chapter(
    id="attrition",
    title="attrition.title",
    template="attrition.html.j2",
    content=attrition_content,
    tables=("response_flow",),
    optional_tables=tuple(
        dict.fromkeys(name for section in SECTIONS for name in (*section.tables, *section.optional_tables))
    ),
    figures=tuple(dict.fromkeys(figure for section in SECTIONS for figure in section.figures)),
)
