"""The scales: how each is scored, whether the scores agree with those shipped, and how they are spread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.documents.results import total_rows
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, plain_rows, records
from increase_eval.study.instruments import Scale

SCORING_WORDS: Mapping[str, str] = {
    "sum": "scales.rule_sum",
    "mean": "scales.rule_mean",
    "prorated": "scales.rule_prorated",
    "0-100": "scales.rule_0_100",
    "single": "scales.rule_single",
    "norm_weighted": "scales.rule_norm_weighted",
}


def scales_content(context: ReportContext) -> dict[str, Any]:
    """Give what the chapter on the scales says."""
    agreement = _agreement_table(context)
    return {
        "rules": _rules_table(context),
        "agreement": agreement,
        "agreement_sentence": _agreement_sentence(context) if agreement else None,
        "no_agreement": None if agreement else _no_agreement(context),
    }


def _rules_table(context: ReportContext) -> DisplayTable:
    text, scales = context.text, context.study.scales
    rows = [_rule_row(context, scale) for scale in scales]
    heads = ["scale", "items", "rule", "minimum", "range", "direction", "waves"]
    return DisplayTable(
        id="scoring_rules",
        title=text("scales.rules_table_title"),
        subtitle=text("scales.rules_subtitle"),
        columns=(
            TableColumn(text("common.scale"), "head"),
            TableColumn(text("scales.items_head")),
            TableColumn(text("scales.rule_head"), "text"),
            TableColumn(text("scales.minimum_head"), unit=text("scales.unit_items")),
            TableColumn(text("scales.range_head"), "text", unit=text("common.unit_points")),
            TableColumn(text("scales.direction_head"), "text"),
            TableColumn(text("scales.waves_head"), "text"),
        ),
        groups=plain_rows(rows),
        notes=tuple(_citations(context)),
        asset="instruments.yaml",
        data=pd.DataFrame(rows, columns=heads),
    )


def _rule_row(context: ReportContext, scale: Scale) -> list[str]:
    text, limits, waves = context.text, context.score_range(scale), context.study.scale_waves(scale)
    is_everywhere = waves == context.study.wave_ids
    return [
        context.scale(scale),
        "–" if scale.delivered else str(len(scale.items)),
        text("scales.delivered") if scale.delivered else text(SCORING_WORDS[scale.rule]),
        "–" if scale.delivered else str(scale.required_count),
        "–" if limits is None else text("scales.from_to", low=context.limit(limits[0]), high=context.limit(limits[1])),
        text("common.lower_is_better" if scale.direction == "lower_is_better" else "common.higher_is_better"),
        text("scales.every_wave") if is_everywhere else context.listed(context.wave(wave) for wave in waves),
    ]


def _citations(context: ReportContext) -> Iterator[str]:
    """Give the source of each scale once, with the scales that share it."""
    sources: dict[str, list[str]] = {}
    for scale in context.study.scales:
        if scale.citation:
            sources.setdefault(scale.citation, []).append(context.scale(scale))
    for citation, scales in sources.items():
        yield context.text("scales.citation", scales=", ".join(scales), citation=citation)


def _agreement_rows(context: ReportContext) -> pd.DataFrame | None:
    table = context.table("scoring_agreement")
    return None if table is None else total_rows(table)


def _agreement_table(context: ReportContext) -> DisplayTable | None:
    table = _agreement_rows(context)
    if table is None or table.empty:
        return None
    text, names = context.text, {scale.id: context.scale(scale) for scale in context.study.scales}
    rows = tuple(
        (
            Cell(names.get(row["outcome"], row["outcome"])),
            context.cells.n(row),
            context.cells.estimate_count(row),
            context.cells.count(row["n"] - row["estimate"]),
            context.cells.count(row.get("n_dropped")),
        )
        for row in records(table)
    )
    unit = text("scales.unit_rows")
    return DisplayTable(
        id="scoring_agreement",
        title=text("scales.agreement_table_title"),
        subtitle=text("scales.agreement_subtitle"),
        columns=(
            TableColumn(text("common.scale"), "head"),
            TableColumn(text("scales.compared_head"), unit=unit),
            TableColumn(text("scales.agreeing_head"), unit=unit),
            TableColumn(text("scales.differing_head"), unit=unit),
            TableColumn(text("scales.uncompared_head"), unit=unit),
        ),
        groups=(RowGroup(None, rows),),
        notes=(text("scales.agreement_note"),),
        asset="scoring_agreement",
        data=table,
    )


def _agreement_sentence(context: ReportContext) -> str:
    table = _agreement_rows(context)
    if table is None:
        return ""
    compared, agreeing = int(table["n"].sum()), int(table["estimate"].sum())
    if compared == agreeing:
        return context.text.plural("scales.all_agree", len(table), compared=context.count(compared), scales=len(table))
    return context.text(
        "scales.some_differ",
        compared=context.count(compared),
        agreeing=context.count(agreeing),
        differing=context.count(compared - agreeing),
    )


def _no_agreement(context: ReportContext) -> str:
    if "items" not in context.study.capabilities:
        return context.text("scales.no_agreement", reason=context.text("common.without_items"))
    return context.text("scales.no_agreement", reason=context.text("scales.nothing_shipped"))


SCALES = Chapter(
    id="scales",
    title="scales.title",
    template="scales.html.j2",
    content=scales_content,
    needs=frozenset({"scales"}),
    optional_tables=("scoring_agreement", "score_distribution"),
    figures=("distributions",),
)
