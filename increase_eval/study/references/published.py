"""References in ``published.yaml``: what figures are worked out from has to be there, or it would count as zero."""

from __future__ import annotations

from collections.abc import Iterator

from increase_eval.study.cursor import Cursor, duplicates
from increase_eval.study.problems import Problem
from increase_eval.study.references.codes import codes_of, spelling
from increase_eval.study.references.names import Names

CURRENCY_KIND = "cost_total"


def published_problems(names: Names) -> Iterator[Problem]:
    """Check the recipes of published figures against the rest of the contract."""
    plan = names.top("published.yaml")
    if not plan.document.is_readable:
        return
    for _, recipe in plan["recomputed"].entries():
        yield from _recipe_problems(names, recipe)
    listed = [pair for group in plan["not_computable"] for pair in group["ids"].words()]
    yield from duplicates([(name, place) for name, place in plan["recomputed"].entries()] + listed, "the figure")


def _recipe_problems(names: Names, recipe: Cursor) -> Iterator[Problem]:
    services = names.top("service_statistics.yaml")
    steps = [step["id"].word for step in services["steps"] if step["id"].word]
    targets = [target["id"].word for target in services["targets"] if target["id"].word]
    for field, what, known in (
        ("level", "level", names.levels),
        ("among", "step", steps),
        ("target", "target", targets),
        ("column", "column of the participants", names.participant_columns),
        ("wave", "wave", names.waves),
        ("since", "wave", names.waves),
        ("arm", "arm", names.arms),
        ("variable", "state variable", names.states),
    ):
        yield from recipe[field].unknown(what, known)
    for _, step in recipe["steps"].words():
        yield from step.unknown("step", steps)
    yield from _state_problems(names, recipe)
    yield from _unit_problems(names, recipe, services)
    yield from _code_problems(names, recipe)
    if recipe["kind"].word == CURRENCY_KIND and not (services["cost_source"].value or services["costs"].value):
        yield recipe["kind"].problem("service_statistics.yaml has no costs to add up")


def _state_problems(names: Names, recipe: Cursor) -> Iterator[Problem]:
    variable = (names.states or {}).get(recipe["variable"].word or "")
    if variable is not None:
        known = [state["id"].word for state in variable["states"] if state["id"].word]
        for _, state in recipe["states"].words():
            yield from state.unknown(f"state of {recipe['variable'].word}", known)


def _unit_problems(names: Names, recipe: Cursor, services: Cursor) -> Iterator[Problem]:
    """Check unit and attributes against the level that is named, or else the one that the service counts by."""
    name = recipe["level"].word or services["level"].word or ""
    level = (names.levels or {}).get(name)
    if level is None:
        return
    yield from recipe["unit"].unknown(f"unit of {name}", [unit["id"].word or "" for unit in level["units"]])
    for attribute, place in recipe["where"].entries():
        values = dict.fromkeys(unit["attributes"][attribute].word or "" for unit in level["units"])
        yield from place.unknown(f"value of the attribute {attribute}", [value for value in values if value])


def _code_problems(names: Names, recipe: Cursor) -> Iterator[Problem]:
    column = (names.participant_columns or {}).get(recipe["column"].word or "")
    codes = [spelling(code) for code in codes_of(names, column).values()] if column is not None else []
    for code in recipe["codes"]:
        if codes and spelling(code.value) not in codes:
            allowed = ", ".join(one for one in codes if one)
            yield code.problem(f"{code.value!r} is no code of {recipe['column'].word}; allowed: {allowed}")
