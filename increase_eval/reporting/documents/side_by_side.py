"""The arms side by side: differences as they are and adjusted, how alike their people are, and the providers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.comparison.arms.adjusted_contrasts import JOINED
from increase_eval.comparison.arms.people import RARE_LEVEL
from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import TOTAL, ReportContext
from increase_eval.reporting.documents.providers import exchangeability_table, ranks_table, without_table
from increase_eval.reporting.figures.balance import column_name
from increase_eval.reporting.figures.words import Words
from increase_eval.reporting.numbers import MISSING, beside, format_count
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, is_suppressed, records

SHOWN = ("unadjusted", "standardised", "overlap", "doubly_robust")
BY_SITE = "standardised_by_site"
WEIGHTED = ("standardised", "standardised_weighted", "doubly_robust", "doubly_robust_weighted")
"""Ways of the table of weighted comparisons: each without response weights, then with them."""


def side_by_side_content(context: ReportContext) -> dict[str, Any]:
    """Give what the chapter on the arms side by side says."""
    words = Words.of(context.study, context.language)
    balance = context.table("arm_balance")
    left_out = (
        [] if balance is None else list(dict.fromkeys(balance.loc[balance["contrast"] == TOTAL, "term"].dropna()))
    )
    return {
        "is_randomised": "randomised" in context.study.capabilities,
        "covariates": context.listed([column_name(name, words) for name in context.study.analysis.covariates]),
        "left_out": context.listed([column_name(name, words) for name in left_out]),
        "parts": list(_difference_tables(context)),
        "weighted": _weighted_table(context),
        "has_balance": balance is not None,
        "weights": _weights_table(context),
        "has_units": context.table("exchangeability") is not None,
        "exchangeability": exchangeability_table(context),
        "ranks": ranks_table(context),
        "without": without_table(context),
    }


def outcome_in_words(context: ReportContext, outcome: str) -> str:
    """Name an outcome: a scale, or a state variable."""
    scale = next((scale for scale in context.study.scales if scale.id == outcome), None)
    if scale is not None:
        return context.scale(scale)
    variable = next((v for v in context.study.head.states if v.id == outcome), None)
    return outcome if variable is None else context.words(variable.label)


def contrast_in_words(context: ReportContext, contrast: str) -> str:
    """Name a comparison of two arms, stored as ``b - a`` or ``b / a``."""
    for sign in (" - ", " / "):
        later, found, earlier = contrast.partition(sign)
        if found:
            return context.text("arms.less", later=context.arm(later), earlier=context.arm(earlier))
    return context.text("arms.all_arms")


def _difference_tables(context: ReportContext) -> Iterator[DisplayTable]:
    table, text = context.table("adjusted_contrasts"), context.text
    if table is None:
        return
    differences = table[table["term"] == "difference"]
    has_sites = bool((differences["by_method"] == BY_SITE).any())
    interval = text("common.interval", confidence=context.confidence)
    for outcome in dict.fromkeys(differences["outcome"].dropna()):
        own = differences[differences["outcome"] == outcome]
        is_share = _is_share(context, outcome)
        ways = [TableColumn(text(f"arms.way_{way}"), unit=_unit(context, is_share)) for way in SHOWN]
        sites = [TableColumn(text("arms.by_site"), unit=interval)] if has_sites else []
        yield DisplayTable(
            id=f"adjusted-{outcome}",
            title=text("arms.table_title", outcome=outcome_in_words(context, outcome)),
            subtitle=text(
                "arms.table_subtitle_share" if is_share else "arms.table_subtitle", confidence=context.confidence
            ),
            columns=(
                TableColumn(text("common.wave"), "head"),
                TableColumn(text("arms.pair_head"), "head"),
                TableColumn(text("common.n"), unit=text("common.unit_people")),
                *ways,
                *sites,
            ),
            groups=tuple(
                RowGroup(context.wave(wave), tuple(_rows(context, own[own["wave"] == wave], outcome, SHOWN, has_sites)))
                for wave in context.study.wave_ids
                if (own["wave"] == wave).any()
            ),
            notes=(
                text("arms.people_errors"),
                *_joined_notes(context, table[table["outcome"] == outcome]),
                *([text("arms.sites_note")] if has_sites else []),
            ),
            asset="adjusted_contrasts",
            data=own,
        )


def _weighted_table(context: ReportContext) -> DisplayTable | None:
    """Show the differences at the last wave with and without weights for who answered; None where there are none."""
    table, text = context.table("adjusted_contrasts"), context.text
    if table is None:
        return None
    last = max(dict.fromkeys(table["wave"].dropna()), key=context.study.wave_ids.index)
    own = table[(table["term"] == "difference") & (table["wave"] == last) & table["by_method"].isin(WEIGHTED)]
    told = own[own["by_method"].str.endswith("weighted") & own["estimate"].notna()]
    groups = tuple(
        RowGroup(
            f"{outcome_in_words(context, outcome)} ({_unit(context, _is_share(context, outcome))})",
            tuple(_rows(context, own[own["outcome"] == outcome], outcome, WEIGHTED, has_sites=False)),
        )
        for outcome in dict.fromkeys(told["outcome"])
    )
    if not groups:
        return None
    return DisplayTable(
        id="adjusted-weighted",
        title=text("arms.weighted_title", wave=context.wave(str(last))),
        subtitle=text("arms.weighted_subtitle", confidence=context.confidence),
        columns=(
            TableColumn(text("arms.outcome_head"), "head"),
            TableColumn(text("arms.pair_head"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            *(TableColumn(text(f"arms.way_{way}")) for way in WEIGHTED),
        ),
        groups=groups,
        notes=(text("arms.weighted_note"), text("arms.people_errors")),
        asset="adjusted_contrasts",
        data=own,
    )


def _joined_notes(context: ReportContext, table: pd.DataFrame) -> Iterator[str]:
    """Name the rare levels of covariates that were joined, wave by wave."""
    words, told = Words.of(context.study, context.language), []
    for row in records(table[table["term"] == JOINED]):
        levels, found, to = str(row["status"]).partition(" joined to ")
        if found:
            name = str(row["contrast"])
            told.append(
                context.text(
                    "arms.joined_level",
                    column=column_name(name, words),
                    wave=context.wave(str(row["wave"])),
                    levels=", ".join(_level(words, name, level) for level in levels.split(", ")),
                    to=_level(words, name, to),
                )
            )
    if told:
        yield context.text("arms.joined_note", least=context.count(RARE_LEVEL), levels=context.listed(told))


def _level(words: Words, name: str, level: str) -> str:
    column = next((one for one in words.study.participant_columns if one.name == name), None)
    if column is None:
        return level
    values = words.study.table_of(column).values_of(column)
    codes = (level, _whole(level))
    return next((words.words(one.label) for one in values if str(one.code) in codes), level)


def _whole(level: str) -> str:
    """Write a code that was read as a number as the contract writes it."""
    return level.removesuffix(".0")


def _is_share(context: ReportContext, outcome: str) -> bool:
    return any(variable.id == outcome for variable in context.study.head.states)


def _unit(context: ReportContext, is_share: bool) -> str:
    return context.text("arms.unit_percent_points" if is_share else "common.unit_points")


def _rows(
    context: ReportContext, table: pd.DataFrame, outcome: str, shown: tuple[str, ...], has_sites: bool
) -> Iterator[tuple[Cell, ...]]:
    for contrast in dict.fromkeys(table["contrast"].dropna()):
        found = {row["by_method"]: row for row in records(table[table["contrast"] == contrast])}
        known = next((row for row in found.values() if pd.notna(row["n"])), None)
        n = context.cells.n(known) if known else Cell(MISSING, "absent")
        cells = [difference_cell(context, found.get(way), outcome) for way in shown]
        sites = [interval_cell(context, found.get(BY_SITE), outcome)] if has_sites else []
        yield Cell(contrast_in_words(context, contrast)), n, *cells, *sites


def difference_cell(context: ReportContext, row: Any, outcome: str) -> Cell:
    """Write a difference with its interval in one cell."""
    if row is None or (pd.isna(row["estimate"]) and not is_suppressed(row)):
        return Cell(MISSING, "absent")
    cells = context.cells
    if _is_share(context, outcome):
        value, interval = cells.signed_percent(row), cells.percent_interval(row)
    else:
        value, interval = cells.signed(row, _digits(context, outcome)), cells.interval(row, _digits(context, outcome))
    return value if value.mark or interval.mark else Cell(beside(value.text, interval.text))


def interval_cell(context: ReportContext, row: Any, outcome: str) -> Cell:
    """Write the interval of a difference alone."""
    if row is None or (pd.isna(row["conf_low"]) and not is_suppressed(row)):
        return Cell(MISSING, "absent")
    cells = context.cells
    return (
        cells.percent_interval(row) if _is_share(context, outcome) else cells.interval(row, _digits(context, outcome))
    )


def _digits(context: ReportContext, outcome: str) -> int:
    scale = next((scale for scale in context.study.scales if scale.id == outcome), None)
    return 2 if scale is None else max(2, context.digits(scale))


def _weights_table(context: ReportContext) -> DisplayTable | None:
    table, text = context.table("propensity_overlap"), context.text
    if table is None:
        return None
    own = table[table["term"] == "effective_n"]
    groups = []
    for wave in context.study.wave_ids:
        rows = tuple(_weight_rows(context, own[own["by_answered"] == wave]))
        if rows:
            groups.append(RowGroup(context.wave(wave), rows))
    if not groups:
        return None
    return DisplayTable(
        id="effective-n",
        title=text("arms.weights_title"),
        subtitle=text("arms.weights_subtitle"),
        columns=(
            TableColumn(text("common.wave"), "head"),
            TableColumn(text("common.arm"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("arms.stage_overlap"), unit=text("common.unit_people")),
            TableColumn(text("arms.stage_inverse_probability"), unit=text("common.unit_people")),
        ),
        groups=tuple(groups),
        asset="propensity_overlap",
        data=own,
    )


def _weight_rows(context: ReportContext, table: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
    for arm in context.study.arm_ids:
        found = {row["by_stage"]: row for row in records(table[table["by_arm"] == arm])}
        if not found:
            continue
        first = next(iter(found.values()))
        sizes = [_rounded(context, found.get(stage)) for stage in ("overlap", "inverse_probability")]
        yield Cell(context.arm(arm)), context.cells.n(first), *sizes


def _rounded(context: ReportContext, row: Any) -> Cell:
    if row is None or pd.isna(row["estimate"]):
        return context.cells.estimate_count(row) if row is not None else Cell(MISSING, "absent")
    return Cell(format_count(round(row["estimate"]), context.language))


SIDE_BY_SIDE = Chapter(
    id="side-by-side",
    title="arms.title",
    template="side_by_side.html.j2",
    content=side_by_side_content,
    needs=frozenset({"arms"}),
    optional_tables=(
        "adjusted_contrasts",
        "arm_balance",
        "propensity_overlap",
        "exchangeability",
        "provider_ranks",
        "leave_one_provider_out",
    ),
    figures=("adjusted", "arm_balance", "overlap"),
)
