"""How many stayed: the share of those who answered the first wave that answered each later one, and who came back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.reporting.documents.attrition.section import Section
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.documents.results import total_rows
from increase_eval.reporting.tables import is_suppressed, records, single

FIRST = "first wave"


def staying_content(context: ReportContext) -> dict[str, Any]:
    """Give what the section says."""
    return {"sentences": [*_arm_sentences(context), *_pattern_sentences(context)]}


def _arm_sentences(context: ReportContext) -> Iterator[str]:
    """Say which share of those of the first wave answered the last, in everybody and arm by arm."""
    waves, flow = context.study.wave_ids, context.tables["response_flow"]
    shares = flow[(flow["term"] == FIRST) & (flow["wave"] == waves[-1])]
    everybody = single(total_rows(shares))
    if everybody is None or is_suppressed(everybody) or pd.isna(everybody["estimate"]):
        return
    first, last = context.wave(waves[0]), context.wave(waves[-1])
    yield context.text("attrition.stayed", first=first, last=last, share=context.share_in_words(everybody))
    own = total_rows(shares, except_for="by_arm")
    told = [
        context.text("attrition.arm_share", arm=context.arm(arm), share=context.share_in_words(row))
        for arm in (context.study.arm_ids if "by_arm" in own and len(context.study.arm_ids) > 1 else ())
        if (row := single(own, by_arm=arm)) is not None
    ]
    if told:
        yield context.text("attrition.stayed_by_arm", shares=context.listed(told))


def _pattern_sentences(context: ReportContext) -> Iterator[str]:
    """Say whether anybody came back after missing a wave: it decides which corrections can be made."""
    table = context.table("response_patterns")
    if table is None:
        return
    back = [row for row in records(total_rows(table)) if not is_monotone(str(row["term"]))]
    shown = sum(int(row["estimate"]) for row in back if pd.notna(row["estimate"]))
    if not shown and not any(map(is_suppressed, back)):
        yield context.text("attrition.monotone")
    elif any(map(is_suppressed, back)):
        words = {"least": context.count(shown)} if shown else {}
        yield context.text("attrition.not_monotone_hidden" if shown else "attrition.not_monotone_few", **words)
    else:
        yield context.text.plural("attrition.not_monotone", shown, number=context.count(shown))


def is_monotone(pattern: str) -> bool:
    """Whether nobody of a pattern such as ``110`` answers a wave after missing one.

    Examples
    --------
    >>> is_monotone("110"), is_monotone("101")
    (True, False)
    """
    return "01" not in pattern


STAYING = Section(
    id="staying",
    title="attrition.staying_title",
    template="attrition_staying.html.j2",
    content=staying_content,
    needs=frozenset({"repeated"}),
    tables=("response_flow",),
    optional_tables=("response_patterns",),
    figures=("staying",),
)
