"""Methods: one short note for each thing that was done in this study, and for no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import ReportContext


@dataclass(frozen=True, slots=True)
class MethodNote:
    """One note: its heading, its paragraphs, and the stored table without which there is nothing to note."""

    title: str
    paragraphs: tuple[str, ...]
    table: str | None = None


NOTES: tuple[MethodNote, ...] = (
    MethodNote("methods.intake_title", ("methods.intake_rows", "methods.intake_missing")),
    MethodNote("methods.scores_title", ("methods.scores",), "score_summary"),
    MethodNote("methods.response_title", ("methods.response",), "response_flow"),
    MethodNote("methods.retention_title", ("methods.retention",), "retention_by_baseline"),
    MethodNote("methods.models_title", ("methods.models", "methods.effects"), "score_means"),
    MethodNote("methods.states_title", ("methods.states",), "state_shares"),
    MethodNote("methods.disclosure_title", ("methods.disclosure",)),
)


def methods_content(context: ReportContext) -> dict[str, Any]:
    """Give the notes on what was done in this study."""
    return {"notes": list(_notes(context))}


def _notes(context: ReportContext) -> Iterator[dict[str, Any]]:
    values: dict[str, dict[str, object]] = {
        "methods.disclosure": {"threshold": context.study.head.privacy.threshold},
        "methods.models": {"confidence": context.confidence},
        "methods.response": {"confidence": context.confidence},
        "methods.states": {"confidence": context.confidence},
    }
    for note in NOTES:
        if note.table is None or context.table(note.table) is not None:
            paragraphs = [context.text(key, **values.get(key, {})) for key in note.paragraphs]
            yield {"title": context.text(note.title), "paragraphs": paragraphs}


METHODS = Chapter(id="methods", title="methods.title", template="methods.html.j2", content=methods_content)
