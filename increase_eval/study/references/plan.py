"""References in ``analysis.yaml``: outcomes, waves, arms, estimands, contrasts, scales and covariates by name."""

from __future__ import annotations

from collections.abc import Iterator

from increase_eval.study.cursor import Cursor, duplicate_ids, duplicates
from increase_eval.study.problems import Problem, shown, unknown_text
from increase_eval.study.references.names import Names


def plan_problems(names: Names) -> Iterator[Problem]:
    """Check the analysis plan against the rest of the contract."""
    plan = names.top("analysis.yaml")
    for field, what in (("estimands", "estimand"), ("contrasts", "contrast"), ("families", "family")):
        yield from duplicate_ids(plan[field], what)
    for estimand in plan["estimands"]:
        yield from _estimand_problems(names, estimand)
    for contrast in plan["contrasts"]:
        for field in ("first", "second"):
            yield from contrast[field].unknown("arm", names.arms)
        if contrast["first"].word and contrast["first"].word == contrast["second"].word:
            yield contrast["second"].problem(f"{shown(contrast['second'].value)} is compared with itself")
    for family in plan["families"]:
        for field, what in (("estimands", "estimand"), ("contrasts", "contrast")):
            known = [one["id"].word for one in plan[field] if one["id"].word]
            yield from duplicates(family[field].words(), f"the {what}")
            for _, place in family[field].words():
                yield from place.unknown(what, known)
    yield from duplicates(((m["scale"].word, m["scale"]) for m in plan["margins"] if m["scale"].word), "the margin for")
    for margin in plan["margins"]:
        yield from _margin_problems(names, margin)
    yield from duplicate_ids(plan["reference_means"], "reference mean")
    for reference in plan["reference_means"]:
        yield from reference["scale"].unknown("scale", names.scales)
    for field, what in (("covariates", "the covariate"), ("selection_variables", "the selection variable")):
        yield from duplicates(plan[field].words(), what)
        for _, column in plan[field].words():
            yield from column.unknown("column of the participants", names.participant_columns)
    yield from _value_problems(names, plan["value_for_money"])


def _margin_problems(names: Names, margin: Cursor) -> Iterator[Problem]:
    """Check that a margin is about a scale or a state variable, in a unit of its kind."""
    if names.scales is None or names.states is None:
        return
    known, about, unit = [*names.scales, *names.states], margin["scale"], margin["unit"]
    yield from about.unknown("scale or state variable", known)
    if about.word not in known:
        return
    if about.word in names.states:
        if unit.word != "share":
            yield margin.problem(f"{about.word} is a state; its margin needs `unit: share`")
        elif isinstance(margin["value"].value, (int, float)) and margin["value"].value >= 1:
            yield margin["value"].problem(f"{shown(margin['value'].value)}; allowed: a share above 0 and below 1")
    elif unit.word == "share":
        yield unit.problem(f"{shown(unit.value)}: {about.word} is a scale; allowed: points, sd")


def _value_problems(names: Names, value: Cursor) -> Iterator[Problem]:
    """Check what gains are worth: the scale, the state variable, and that prices of its year are known."""
    if not isinstance(value.value, dict):
        return
    yield from value["point_year"]["scale"].unknown("scale", names.scales)
    yield from value["sustained"].unknown("state variable", names.states)
    yield from duplicates(
        ((one["currency"].word, one["currency"]) for one in value["price_indices"] if one["currency"].word),
        "the price index of",
    )
    for index in value["price_indices"]:
        levels = index["levels"].value
        if isinstance(levels, dict) and value["price_year"].value not in levels:
            known = ", ".join(str(year) for year in levels)
            yield index["levels"].problem(f"has no level for `price_year` {value['price_year'].value}; it has: {known}")


def _estimand_problems(names: Names, estimand: Cursor) -> Iterator[Problem]:
    outcome, wave, since = estimand["outcome"], estimand["wave"], estimand["since"]
    yield from wave.unknown("wave", names.waves)
    yield from since.unknown("wave", names.waves)
    if names.scales is None or names.states is None:
        return
    known = [*names.scales, *names.states]
    if outcome.word is not None and outcome.word not in known:
        yield outcome.problem(unknown_text(outcome.value, "scale or state variable", known))
        return
    yield from _time_problems(names, estimand)
    is_state = outcome.word in names.states
    summary = estimand["summary"]
    if is_state and summary.word in ("mean", "mean_change"):
        yield summary.problem(f"{shown(summary.value)}: {outcome.word} is a state; allowed: share, risk_difference")


def _time_problems(names: Names, estimand: Cursor) -> Iterator[Problem]:
    outcome, wave, since = estimand["outcome"].word, estimand["wave"], estimand["since"]
    order = names.waves or []
    if wave.word in order and since.word in order and order.index(since.word) >= order.index(wave.word):
        yield since.problem(f"{shown(since.value)} is not before {shown(wave.value)}; allowed: an earlier wave")
    if estimand["summary"].word == "mean_change" and since.value is None:
        yield estimand.problem("a mean change needs `since`: the wave that it starts from")
    items = names.items_of(outcome) if outcome in (names.scales or {}) else set()
    if outcome in (names.states or {}):
        items = {(names.states or {})[outcome]["column"].word or ""}
    measured = names.waves_of(items)
    for place in (wave, since):
        if measured and place.word in order and place.word not in measured:
            yield place.problem(f"the wave {place.word} does not measure {outcome}; allowed: {', '.join(measured)}")
