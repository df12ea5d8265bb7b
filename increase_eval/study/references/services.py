"""References in ``service_statistics.yaml``: the level, its units, and the steps that are counted."""

from __future__ import annotations

from collections.abc import Iterator

from increase_eval.study.cursor import Cursor, duplicate_ids, duplicates
from increase_eval.study.problems import Problem, allowed_text, shown, unknown_text
from increase_eval.study.references.names import Names
from increase_eval.study.references.sources import file_problems

_COST_COLUMNS = (
    "unit_column",
    "category_column",
    "year_column",
    "amount_column",
    "currency_column",
    "price_year_column",
)


def service_problems(names: Names) -> Iterator[Problem]:
    """Check the service's own records against the levels and their units."""
    top = names.top("service_statistics.yaml")
    if not top.document.is_readable:
        return
    yield from top["level"].unknown("level", names.levels)
    yield from duplicate_ids(top["steps"], "step")
    yield from duplicate_ids(top["targets"], "target")
    steps = [step["id"].word for step in top["steps"] if step["id"].word]
    yield from _source_problems(top["source"], steps)
    level = (names.levels or {}).get(top["level"].word or "")
    units = [unit["id"].word for unit in level["units"] if unit["id"].word] if level is not None else None
    yield from _cost_problems(top, units)
    for target in top["targets"]:
        yield from duplicates(target["steps"].words(), "the step")
        for _, step in target["steps"].words():
            yield from step.unknown("step", steps)


def _cost_problems(top: Cursor, units: list[str] | None) -> Iterator[Problem]:
    """Check costs, listed or in files: their units and categories, and that each column of the files has one use."""
    yield from duplicate_ids(top["cost_categories"], "cost category")
    categories = [one["id"].word for one in top["cost_categories"] if one["id"].word]
    for cost in top["costs"]:
        yield from cost["unit"].unknown(f"unit of the level {top['level'].word}", units)
        yield from cost["category"].unknown("cost category", categories)
    for rate in top["exchange_rates"]:
        if rate["currency"].word and rate["currency"].word == rate["per"].word:
            yield rate["per"].problem(f"{rate['per'].word!r} is worth 1 of itself; allowed: another currency")
    source = top["cost_source"]
    if not isinstance(source.value, dict):
        return
    yield from file_problems(source)
    columns = [source[field] for field in _COST_COLUMNS if source[field].word]
    yield from _taken_twice([(column.word or "", column) for column in columns])


def _source_problems(source: Cursor, steps: list[str]) -> Iterator[Problem]:
    if not isinstance(source.value, dict):
        return
    yield from file_problems(source)
    by_sheet = source["sheet_per_unit"].value in (True, "true", "yes", "on")
    if by_sheet and source["unit_column"].word:
        yield source["unit_column"].problem("each sheet is one unit, so no column names the unit")
    if not by_sheet and source["unit_column"].value is None:
        yield source.problem("`unit_column` is needed, or `sheet_per_unit: true` where each sheet is one unit")
    if by_sheet and source["options"]["sheet"].word:
        yield source["options"]["sheet"].problem("each sheet is one unit, so no single sheet is read")
    columns = source["step_columns"]
    for step, place in columns.entries():
        if step not in steps:
            yield place.problem(unknown_text(step, "step", steps))
    missing = [step for step in steps if step not in [name for name, _ in columns.entries()]]
    if missing and isinstance(columns.value, dict):
        yield columns.problem(f"the steps {', '.join(missing)} have no column; {allowed_text(steps)}")
    named = [(place.word or "", place) for _, place in columns.entries() if place.word]
    others = [
        (source[field].word or "", source[field]) for field in ("unit_column", "month_column") if source[field].word
    ]
    yield from _taken_twice([*others, *named])


def _taken_twice(columns: list[tuple[str, Cursor]]) -> Iterator[Problem]:
    first: dict[str, Cursor] = {}
    for word, place in columns:
        if word in first:
            yield place.problem(f"the column {shown(word)} of the files is taken already, in {first[word].where()}")
        first.setdefault(word, place)
