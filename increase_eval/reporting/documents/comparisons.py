"""How changes of the arms compare: every declared contrast, what it hangs on, and how alike people of one unit are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.documents.effects import (
    CONSTRAINED,
    COVARIATE,
    FREE,
    POINTS,
    SD,
    SD_DIGITS,
    change_digits,
    effect_cells,
    pair_in_words,
    smallest_effect_note,
)
from increase_eval.reporting.documents.headline import headline_outcomes
from increase_eval.reporting.numbers import MISSING, format_interval
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, records, single
from increase_eval.study.instruments import Scale
from increase_eval.study.plan import Contrast

MODELS = (FREE, COVARIATE, CONSTRAINED)
ROLES = ("outcome", "satisfaction", "predictor", "component")
PLAIN = "none"
COMPLETE, SITES, WITHOUT = "complete cases", "clustered by site", "without one unit"
OTHER_ANALYSES: Mapping[str, tuple[str, ...]] = {
    SITES: ("clustered_head",),
    COMPLETE: ("complete_head", "complete_interval_head"),
    WITHOUT: ("without_head",),
}
"""What is set beside the model, where a study has it: analysis -> the heads of its columns."""


def comparisons_content(context: ReportContext) -> dict[str, Any]:
    """Give what the chapter says: assumptions, the comparisons of every scale, what they hang on, clustering."""
    table = context.table("score_contrasts")
    return {
        "assumptions": list(_assumptions(context, table)) if table is not None else [],
        "families": list(_families(context)) if table is not None else [],
        "parts": list(_parts(context, table)) if table is not None else [],
        "sensitivity": _sensitivity_table(context),
        "components": _components_table(context),
    }


def _assumptions(context: ReportContext, table: pd.DataFrame) -> Iterator[str]:
    """Say what each way for the first wave to enter supposes, for those that this study has."""
    present = set(table["by_model"].dropna())
    yield from (context.text(f"comparisons.{model}") for model in MODELS if model in present)
    if "randomised" not in context.study.capabilities and COVARIATE in present:
        yield context.text("comparisons.can_disagree")


def _families(context: ReportContext) -> Iterator[str]:
    for family in context.study.analysis.families:
        name = context.words(family.label)
        yield context.text(
            "comparisons.family", family=name, rule=context.text(f"comparisons.rule_{family.adjustment}")
        )


def _parts(context: ReportContext, table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    headline, _ = headline_outcomes(context.study)
    for scale in sorted(context.study.scales, key=lambda scale: ROLES.index(scale.role)):
        own = table[(table["outcome"] == scale.id).fillna(False)]
        if len(own):
            shown = _contrast_table(context, own, scale)
            yield {"title": context.scale(scale), "table": shown, "is_detail": scale not in headline}


def _contrast_table(context: ReportContext, table: pd.DataFrame, scale: Scale) -> DisplayTable:
    text, points, sd = context.text, context.text("common.unit_points"), context.text("common.sd")
    interval = text("common.interval", confidence=context.confidence)
    groups = []
    for model in MODELS:
        rows = tuple(_contrast_rows(context, table[table["by_model"] == model], scale))
        if rows:
            groups.append(RowGroup(text(f"comparisons.{model}_head"), rows))
    return DisplayTable(
        id=f"comparisons-{scale.id}",
        title=text("comparisons.table_title", scale=context.scale(scale)),
        subtitle=text("comparisons.subtitle", wave=context.wave(first_wave(context, scale.id)))
        if table["by_since"].notna().any()
        else text("comparisons.subtitle_means"),
        columns=(
            TableColumn(text("comparisons.model_head"), "head"),
            TableColumn(text("comparisons.contrast_head"), "head"),
            TableColumn(text("comparisons.what_head"), "text"),
            TableColumn(text("comparisons.n_head"), unit=text("common.unit_people")),
            TableColumn(text("comparisons.difference_head"), unit=points),
            TableColumn(interval, unit=points),
            TableColumn(text("comparisons.smallest_head"), unit=points),
            TableColumn(text("comparisons.difference_head"), unit=sd),
            TableColumn(interval, unit=sd),
            TableColumn(text("comparisons.p_head")),
            TableColumn(text("comparisons.adjusted_head")),
        ),
        groups=tuple(groups),
        notes=(text("comparisons.n_note"), smallest_effect_note(context, scale)),
        asset="score_contrasts",
        data=table,
    )


def _contrast_rows(context: ReportContext, table: pd.DataFrame, scale: Scale) -> Iterator[tuple[Cell, ...]]:
    plain = table[(table["by_adjustment"] == PLAIN) & (table["by_unit"] == POINTS)]
    for row in records(plain):
        same = _same_question(table, row)
        in_sd = single(same, by_unit=SD, by_adjustment=PLAIN)
        adjusted = same[(same["by_adjustment"] != PLAIN).fillna(False)]
        yield (
            Cell(contrast_in_words(context, row["contrast"])),
            Cell(what_in_words(context, row)),
            context.cells.n_and_dropped(row),
            *effect_cells(context, scale, row, in_sd or row),
            context.cells.p_value(row),
            _largest(context, adjusted),
        )


def _same_question(table: pd.DataFrame, row: Mapping[str, Any]) -> pd.DataFrame:
    """Keep the rows that ask the same of the same arms and waves."""
    keys = {name: _plain(row[name]) for name in ("term", "contrast", "wave", "by_since")}
    kept = pd.Series(True, index=table.index)
    for name, value in keys.items():
        kept &= table[name].fillna("") == value
    return table[kept]


def _largest(context: ReportContext, adjusted: pd.DataFrame) -> Cell:
    """Write the adjusted p value; the largest, where a contrast stands in several families."""
    known = sorted(records(adjusted), key=lambda row: -1.0 if pd.isna(row["p_value"]) else row["p_value"])
    return context.cells.p_value(known[-1]) if known else Cell(MISSING, "absent")


def contrast_in_words(context: ReportContext, contrast_id: str) -> str:
    """Say which arm less which a contrast of the plan is."""
    contrast = next((one for one in context.study.analysis.contrasts if one.id == contrast_id), None)
    if not isinstance(contrast, Contrast):
        return contrast_id
    return context.text("comparisons.less", second=context.arm(contrast.second), first=context.arm(contrast.first))


def what_in_words(context: ReportContext, row: dict[str, Any]) -> str:
    """Say at which wave arms are compared: in the change from the first wave, from another one, or in their means."""
    since = _plain(row["by_since"])
    if not since:
        return context.text("comparisons.at_wave", wave=context.wave(row["wave"]))
    if since == first_wave(context, row["outcome"]):
        return context.wave(row["wave"])
    return pair_in_words(context, f"{since} -> {row['wave']}")


def first_wave(context: ReportContext, scale_id: str) -> str:
    """Give the first wave that asked a scale."""
    asked = context.study.scale_waves(context.study.scale(scale_id))
    return asked[0] if asked else context.study.wave_ids[0]


def _plain(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


# -- what they hang on ---------------------------------------------------------------------------------------------


def _sensitivity_table(context: ReportContext) -> DisplayTable | None:
    table = context.table("score_sensitivity")
    if table is None:
        return None
    text = context.text
    others = tuple(analysis for analysis in OTHER_ANALYSES if (table["by_analysis"] == analysis).any())
    groups = []
    for scale in context.study.scales:
        own = table[(table["outcome"] == scale.id).fillna(False)]
        rows = tuple(_sensitivity_rows(context, own, scale, others))
        if rows:
            groups.append(RowGroup(context.scale(scale), rows))
    heads = [
        text("comparisons.difference_head"),
        text("common.interval", confidence=context.confidence),
        *(text(f"comparisons.{head}") for analysis in others for head in OTHER_ANALYSES[analysis]),
    ]
    return DisplayTable(
        id="sensitivity",
        title=text("comparisons.sensitivity_title"),
        subtitle=text("comparisons.sensitivity_subtitle"),
        columns=(
            TableColumn(text("common.scale"), "head"),
            TableColumn(text("comparisons.contrast_head"), "head"),
            TableColumn(text("comparisons.what_head"), "text"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            *(TableColumn(head, unit=text("common.unit_points")) for head in heads),
        ),
        groups=tuple(groups),
        notes=tuple(text(f"comparisons.{analysis.split()[0]}_note") for analysis in others),
        asset="score_sensitivity",
        data=table,
    )


def _sensitivity_rows(
    context: ReportContext, table: pd.DataFrame, scale: Scale, others: Sequence[str]
) -> Iterator[tuple[Cell, ...]]:
    cells, digits = context.cells, change_digits(context, scale)
    for row in records(table[(table["by_analysis"] == "model").fillna(False)]):
        same = _same_question(table, row)
        names = Cell(contrast_in_words(context, row["contrast"])), Cell(what_in_words(context, row))
        beside = [
            cell
            for analysis in others
            for cell in _beside(context, same[(same["by_analysis"] == analysis).fillna(False)], analysis, digits)
        ]
        yield (*names, cells.n(row), cells.signed(row, digits), cells.interval(row, digits), *beside)


def _beside(context: ReportContext, own: pd.DataFrame, analysis: str, digits: int) -> Iterator[Cell]:
    """Give the cells of one other analysis."""
    if analysis == WITHOUT:
        yield _range(context, own, digits)
        return
    row = single(own)
    if row is None:
        yield from (Cell(MISSING, "absent") for _ in OTHER_ANALYSES[analysis])
        return
    if analysis == COMPLETE:
        yield context.cells.signed(row, digits)
    yield context.cells.interval(row, digits)


def _range(context: ReportContext, without: pd.DataFrame, digits: int) -> Cell:
    """Write between which differences leaving one unit out moves the estimate."""
    known = without["estimate"].dropna()
    if known.empty:
        return Cell(MISSING, "absent")
    return Cell(format_interval(known.min(), known.max(), digits, context.language, in_table=True))


# -- how alike people of one unit are ------------------------------------------------------------------------------


def _components_table(context: ReportContext) -> DisplayTable | None:
    table = context.table("variance_components")
    if table is None:
        return None
    text = context.text
    interval = text("common.interval", confidence=context.confidence)
    outcomes = [scale for scale in context.study.scales if scale.role == "outcome"] or list(context.study.scales)
    groups = []
    for scale in outcomes:
        own = table[(table["outcome"] == scale.id).fillna(False)]
        rows = tuple(row for level in context.study.head.levels for row in _component_rows(context, own, level.id))
        if rows:
            groups.append(RowGroup(context.scale(scale), rows))
    return DisplayTable(
        id="components",
        title=text("comparisons.components_title"),
        subtitle=text("comparisons.components_subtitle"),
        columns=(
            TableColumn(text("common.scale"), "head"),
            TableColumn(text("comparisons.level_head"), "head"),
            TableColumn(text("comparisons.of_head"), "text"),
            TableColumn(text("comparisons.clusters_head")),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("comparisons.icc_head")),
            TableColumn(interval),
            TableColumn(text("comparisons.design_head")),
            TableColumn(interval),
        ),
        groups=tuple(groups),
        notes=(text("comparisons.components_note"),),
        asset="variance_components",
        data=table,
    )


def _component_rows(context: ReportContext, table: pd.DataFrame, level_id: str) -> Iterator[tuple[Cell, ...]]:
    """Give a level's correlations at the first wave, and in the changes."""
    own = table[(table["by_level"] == level_id).fillna(False)]
    if own.empty:
        return
    level = next(level for level in context.study.head.levels if level.id == level_id)
    first = next(wave for wave in context.study.wave_ids if (own["wave"] == wave).any())
    cells = context.cells
    for row in records(own[(own["term"] == "intraclass correlation").fillna(False)]):
        pair = _plain(row["contrast"])
        if not pair and row["wave"] != first:
            continue
        same = own[(own["wave"] == row["wave"]) & (own["contrast"].fillna("") == pair)]
        effect, clusters = (single(same, term=term) for term in ("design effect", "clusters"))
        yield (
            Cell(context.words(level.label)),
            Cell(
                context.text("comparisons.change_to", wave=context.wave(row["wave"])) if pair else context.wave(first)
            ),
            cells.estimate(clusters or {**row, "estimate": None}, 0),
            cells.n(row),
            cells.estimate(row, 3),
            cells.interval(row, 3),
            cells.estimate(effect or {**row, "estimate": None}, SD_DIGITS),
            cells.interval(effect or {**row, "conf_low": None, "conf_high": None}, SD_DIGITS),
        )


COMPARISONS = Chapter(
    id="comparisons",
    title="comparisons.title",
    template="comparisons.html.j2",
    content=comparisons_content,
    needs=frozenset({"scales"}),
    optional_tables=("score_contrasts", "score_means", "score_sensitivity", "variance_components"),
)
