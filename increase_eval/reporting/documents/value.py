"""What it cost, and what would have to be true for it to have been worth that: the chapter on value for money."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from increase_eval.attrition.robustness.table import METHODS
from increase_eval.claims.money.costs import ARMS
from increase_eval.reporting import numbers
from increase_eval.reporting.documents.attrition.survival import method_name
from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.context import TOTAL, ReportContext
from increase_eval.reporting.documents.services import service_level, services_of, step_name
from increase_eval.reporting.tables import Cell, DisplayTable, RowGroup, TableColumn, is_suppressed, records, single
from increase_eval.study.costs import ExchangeRate
from increase_eval.study.value import PointYear, PriceIndex, ValueForMoney

AS_SPENT = "as spent"
SUSTAINED = "sustained"
WORTHS = ("low", "central", "high")
SHARE_HEADS = ("value.share_low_head", "value.share_central_head", "value.share_high_head")
NO_NUMBER = {
    "no gain to set against the cost": "value.no_gain",
    "no upper limit: the gain may be nought": "value.no_limit",
}

SCENARIOS = {
    "baseline_free": "value.scenario_baseline_free",
    "baseline_covariate": "value.scenario_baseline_covariate",
    "baseline_constrained": "value.scenario_baseline_constrained",
}


def value_content(context: ReportContext) -> dict[str, Any]:
    """Give what the chapter on value for money says."""
    plan = _plan(context)
    valued = context.table("wellbeing_value")
    return {
        "sentences": list(_sentences(context, plan)),
        "costs": _costs_table(context, plan),
        "units": _units_table(context, plan),
        "valued_intro": _valued_intro(context, plan) if plan.point_year is not None else [],
        "valued": _valued_table(context, plan.point_year, valued)
        if valued is not None and plan.point_year is not None
        else None,
        "sources": list(_sources(context, plan)),
    }


def _plan(context: ReportContext) -> ValueForMoney:
    plan = context.study.analysis.value_for_money
    if plan is None:
        raise ValueError(f"study {context.study.id!r} has no plan for value for money")
    return plan


def _level_column(context: ReportContext) -> str:
    return f"by_{service_level(context).column}"


def _money(context: ReportContext, value: Any) -> str:
    """Write an amount: whole units of its currency, and tens from ten thousand on would be false exactness."""
    return numbers.MISSING if pd.isna(value) else numbers.format_number(value, 0, context.language)


def _sentences(context: ReportContext, plan: ValueForMoney) -> Iterator[str]:
    table = context.tables["unit_costs"]
    whole = {"by_arm": TOTAL, _level_column(context): TOTAL}
    spent = single(table, term="total", by_price_year=AS_SPENT, **whole)
    real = single(table, term="total", by_price_year=str(plan.price_year), **whole)
    if spent and real and pd.notna(spent["estimate"]) and pd.notna(real["estimate"]):
        yield context.text(
            "value.total",
            currency=str(spent["by_currency"]),
            spent=_money(context, spent["estimate"]),
            real=_money(context, real["estimate"]),
            year=str(plan.price_year),
        )
    if context.study.is_synthetic:
        yield context.text("value.synthetic")


def _costs_table(context: ReportContext, plan: ValueForMoney) -> DisplayTable:
    text, own = context.text, _in_plan_year(context, plan)
    own = own[own[_level_column(context)] == TOTAL]
    terms = [term for term in dict.fromkeys(own["term"]) if term != "total"]
    together = [ARMS] if (own["by_arm"] == ARMS).any() else []
    arms = [arm for arm in (*context.study.arm_ids, *together, TOTAL) if (own["by_arm"] == arm).any()]
    found = {term: [single(own, term=term, by_arm=arm) for arm in arms] for term in terms}
    rows = [(Cell(_term(context, term)), *(_cost_cell(context, row) for row in cells)) for term, cells in found.items()]
    if SUSTAINED in found:
        interval = text("common.interval", confidence=context.confidence)
        rows.append((Cell(interval), *(_cost_interval(context, row) for row in found[SUSTAINED])))
    heads = [TableColumn(_arm(context, arm), unit=_currency(own, "by_arm", arm)) for arm in arms]
    notes = [*([text("value.sustained_note")] if SUSTAINED in terms else []), *_without_arm(context, own)]
    notes += _approximate(context, plan)
    return DisplayTable(
        id="unit_costs",
        title=text("value.costs_table_title"),
        subtitle=text("value.costs_subtitle", year=str(plan.price_year)),
        columns=(TableColumn(text("value.reached_head"), "head"), *heads),
        groups=(RowGroup(None, tuple(rows)),),
        notes=tuple(notes),
        asset="unit_costs",
        data=own,
    )


def _arm(context: ReportContext, arm: str) -> str:
    return context.text("value.arms_together") if arm == ARMS else context.arm(arm)


def _without_arm(context: ReportContext, own: pd.DataFrame) -> Iterator[str]:
    """Say how many of everybody who got to the last step belong to units without an arm, where some do."""
    reached = [step.id for step in services_of(context).steps if step.id == context.study.head.waves[-1].among_step]
    for step in reached:
        counts = {arm: single(own, term=step, by_arm=arm) for arm in (TOTAL, ARMS)}
        n = [row["n"] for row in counts.values() if row is not None and pd.notna(row["n"])]
        if len(n) == len(counts):
            yield context.text(
                "value.without_arm",
                all=context.count(n[0]),
                step=step_name(context, step),
                without=context.count(n[0] - n[1]),
                together=context.count(n[1]),
            )


def _units_table(context: ReportContext, plan: ValueForMoney) -> DisplayTable:
    text, column, level = context.text, _level_column(context), service_level(context)
    own = _in_plan_year(context, plan)
    own = own[own[column] != TOTAL]
    steps = [step.id for step in services_of(context).steps if step.id in set(own["term"])]
    units = [unit.id for unit in level.units if (own[column] == unit.id).any()]
    rows = tuple(
        (
            Cell(context.unit(level.id, unit)),
            Cell(_currency(own, column, unit)),
            *(_cost_cell(context, single(own[own[column] == unit], term=step)) for step in steps),
        )
        for unit in units
    )
    return DisplayTable(
        id="unit_costs_by_unit",
        title=text("value.units_table_title", level=context.words(level.label).lower()),
        subtitle=text("value.costs_subtitle", year=str(plan.price_year)),
        columns=(
            TableColumn(context.words(level.label), "head"),
            TableColumn(text("value.currency_head"), "text"),
            *(TableColumn(step_name(context, step)) for step in steps),
        ),
        groups=(RowGroup(None, rows),),
        notes=tuple(_approximate(context, plan)),
        asset="unit_costs",
        data=own,
    )


def _in_plan_year(context: ReportContext, plan: ValueForMoney) -> pd.DataFrame:
    table = context.tables["unit_costs"]
    own: pd.DataFrame = table[table["by_price_year"] == str(plan.price_year)]
    return own


def _term(context: ReportContext, term: str) -> str:
    return context.text("value.sustained") if term == SUSTAINED else step_name(context, term)


def _currency(table: pd.DataFrame, column: str, group: str) -> str:
    return str(table.loc[table[column] == group, "by_currency"].iloc[0])


def _cost_cell(context: ReportContext, row: dict[str, Any] | None) -> Cell:
    if row is None or (pd.isna(row["estimate"]) and not is_suppressed(row)):
        return Cell(numbers.MISSING, "absent")
    return context.cells.estimate(row, 0)


def _cost_interval(context: ReportContext, row: dict[str, Any] | None) -> Cell:
    if row is None or (pd.isna(row["conf_low"]) and not is_suppressed(row)):
        return Cell(numbers.MISSING, "absent")
    return context.cells.interval(row, 0)


def _valued_intro(context: ReportContext, plan: ValueForMoney) -> list[str]:
    worth = plan.point_year
    if worth is None:
        return []
    scale = context.scale(context.study.scale(worth.scale))
    told = context.text(
        "value.worth",
        scale=scale,
        **{name: _money(context, value) for name, value in _worths(worth).items()},
        currency=worth.currency,
        year=str(worth.price_year),
    )
    wave = context.wave(context.study.wave_ids[-1])
    years = numbers.format_number(plan.persistence_years, 1, context.language)
    lasting = plan.persistence_years > 0
    persistence = (
        context.text("value.persistence", years=years, wave=wave)
        if lasting
        else context.text("value.no_persistence", wave=wave)
    )
    return [told, f"{persistence} {context.text('value.no_employment')}", context.text("value.break_even")]


def _worths(worth: PointYear) -> dict[str, float]:
    return {"low": worth.low, "central": worth.amount, "high": worth.high}


def _valued_table(context: ReportContext, worth: PointYear, table: pd.DataFrame) -> DisplayTable:
    text = context.text
    groups = []
    for scenario in dict.fromkeys(table["by_scenario"]):
        own = table[table["by_scenario"] == scenario]
        arms = [arm for arm in context.arms if (own["by_arm"] == arm).any()]
        rows = tuple(_valued_row(context, own[own["by_arm"] == arm], arm) for arm in arms)
        groups.append(RowGroup(scenario_name(context, str(scenario)), rows))
    return DisplayTable(
        id="wellbeing_value",
        title=text("value.valued_table_title", scale=context.scale(context.study.scale(worth.scale))),
        subtitle=text("value.valued_subtitle"),
        columns=(
            TableColumn(text("value.scenario_head"), "head"),
            TableColumn(text("common.arm"), "head"),
            TableColumn(text("common.n"), unit=text("common.unit_people")),
            TableColumn(text("value.point_years_head")),
            TableColumn(text("common.interval", confidence=context.confidence)),
            *(TableColumn(text(head), unit=text("common.unit_share")) for head in SHARE_HEADS),
            TableColumn(text("common.interval", confidence=context.confidence), unit=text("common.unit_share")),
        ),
        groups=tuple(groups),
        notes=(text("value.valued_note"), *_valued_for(context), *_approximate(context, _plan(context))),
        asset="wellbeing_value",
        data=table,
    )


def _valued_for(context: ReportContext) -> Iterator[str]:
    """Say whom the gain of all together is counted for, where some of them belong to no arm."""
    plan = _plan(context)
    own = _in_plan_year(context, plan)
    own = own[own[_level_column(context)] == TOTAL]
    if any(True for _ in _without_arm(context, own)):
        yield context.text("value.valued_without_arm")


def scenario_name(context: ReportContext, scenario: str) -> str:
    """Give the words for how those who left are treated; a name without words of its own stays as it is."""
    if scenario in SCENARIOS:
        return context.text(SCENARIOS[scenario])
    if scenario in METHODS:
        assumes = context.text(f"robustness.assumes_{scenario}")
        return context.text("value.scenario_method", method=method_name(context, scenario), assumes=assumes)
    return scenario


def _valued_row(context: ReportContext, table: pd.DataFrame, arm: str) -> tuple[Cell, ...]:
    cells, absent = context.cells, Cell(numbers.MISSING, "absent")
    gain = single(table, term="point_years")
    shares = {row["by_worth"]: row for row in records(table[table["term"] == "break_even_share"])}
    central = shares.get("central")
    return (
        Cell(context.arm(arm)),
        cells.n(gain) if gain else absent,
        cells.estimate(gain, 0) if gain else absent,
        cells.interval(gain, 0) if gain else absent,
        *(_share_cell(context, shares.get(name)) for name in WORTHS),
        _share_interval(context, central),
    )


def _share_cell(context: ReportContext, row: dict[str, Any] | None) -> Cell:
    if row is None:
        return Cell(numbers.MISSING, "absent")
    if pd.isna(row["estimate"]) and row["status"] in NO_NUMBER:
        return Cell(context.text(NO_NUMBER[row["status"]]))
    return context.cells.percent(row, digits=0)


def _share_interval(context: ReportContext, row: dict[str, Any] | None) -> Cell:
    if row is None or is_suppressed(row) or pd.isna(row["conf_low"]):
        return Cell(numbers.MISSING, "absent")
    if pd.isna(row["conf_high"]):
        low = numbers.format_percent(row["conf_low"], context.language)
        return Cell(context.text("value.from_on", low=low))
    return context.cells.percent_interval(row, digits=0)


def _sources(context: ReportContext, plan: ValueForMoney) -> Iterator[str]:
    if plan.point_year is not None:
        yield context.words(plan.point_year.source)
    for one in _prices_and_rates(context, plan):
        mark = f" ({context.text('value.approximate')})" if one.is_approximate else ""
        yield f"{context.words(one.source)}{mark}"


def _prices_and_rates(context: ReportContext, plan: ValueForMoney) -> list[PriceIndex | ExchangeRate]:
    return [*plan.price_indices, *plan.purchasing_power, *services_of(context).exchange_rates]


def _approximate(context: ReportContext, plan: ValueForMoney) -> Iterator[str]:
    """Say that amounts rest on approximate levels of prices or rates, where the contract says so."""
    if any(one.is_approximate for one in _prices_and_rates(context, plan)):
        yield context.text("value.sources_approximate")


VALUE = Chapter(
    id="value",
    title="value.title",
    template="value.html.j2",
    content=value_content,
    needs=frozenset({"value_for_money"}),
    tables=("unit_costs",),
    optional_tables=("wellbeing_value",),
)
