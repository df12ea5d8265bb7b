"""Limits: what the design cannot say, whatever the numbers are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.documents.results import total_rows
from increase_eval.reporting.tables import is_suppressed, records

COMPLETE = 1.0


def limits_content(context: ReportContext) -> dict[str, Any]:
    """Give the limits of the design, then what the contract notes about these data."""
    substitutes = [
        context.text(
            "limits.substitute",
            scale=context.scale(scale),
            why=context.words(scale.substitute_for),
        )
        for scale in context.study.scales
        if scale.substitute_for
    ]
    return {
        "limits": design_limits(context),
        "substitutes": substitutes,
        "notes": [context.words(note) for note in context.study.head.notes],
    }


def design_limits(context: ReportContext) -> list[str]:
    """Say what this design cannot say, the gravest first."""
    return list(_limits(context))


def _limits(context: ReportContext) -> Iterator[str]:
    text, able = context.text, context.study.capabilities
    if context.study.is_synthetic:
        yield text("limits.synthetic")
    if "control_arm" not in able:
        yield text("limits.no_control")
    if len(context.study.arm_ids) > 1:
        yield text("limits.randomised") if "randomised" in able else text("limits.not_randomised")
    response = response_kind(context)
    if "repeated" not in able:
        yield text("limits.one_wave")
    elif response == "complete":
        yield text("limits.complete_cases")
    elif response == "incomplete":
        yield text("limits.dropout_models" if "scales" in able else "limits.dropout")
    yield text("limits.descriptive")
    if "scales" in able and all(scale.delivered for scale in context.study.scales):
        yield text("limits.delivered")
    elif any(scale.delivered for scale in context.study.scales):
        names = context.listed(context.scale(scale) for scale in context.study.scales if scale.delivered)
        yield text("limits.some_delivered", scales=names)
    if "sites" not in able:
        yield text("limits.no_sites")
    if context.study.head.privacy.threshold > 1:
        yield text("limits.suppression")


def response_kind(context: ReportContext) -> str:
    """Say whether everybody answered every wave (``complete``), not (``incomplete``), or that it cannot be told."""
    flow = context.table("response_flow")
    if flow is None:
        return "unknown"
    shares = records(total_rows(flow[flow["term"] == "enrolled"]))
    if any(is_suppressed(row) for row in shares):
        return "incomplete"
    return "complete" if all(row["estimate"] == COMPLETE for row in shares) else "incomplete"


LIMITS = Chapter(
    id="limits",
    title="limits.title",
    template="limits.html.j2",
    content=limits_content,
    optional_tables=("response_flow",),
)
