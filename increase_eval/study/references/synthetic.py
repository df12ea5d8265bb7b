"""References in ``synthetic.yaml``: steps, columns, units, scales, waves, arms, states and codes of the rest.

A name that nobody has would make a cohort without it, silently; so each is an error here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isclose

from increase_eval.study.cursor import Cursor, duplicates, is_number
from increase_eval.study.problems import Problem, unknown_text
from increase_eval.study.references.codes import codes_of, spelling
from increase_eval.study.references.names import Names


def synthetic_problems(names: Names) -> Iterator[Problem]:
    """Check how a cohort is drawn against the contract that it is drawn for."""
    plan = names.top("synthetic.yaml")
    if plan.document.is_readable and isinstance(plan.value, dict):
        known = _Known(names, plan)
        for check in (_pathway, _people, _places, _traits, _employment, _response, _columns, _platforms, _costs):
            yield from check(plan, known)
        yield from _shares(plan)


@dataclass(frozen=True)
class _Known:
    """What names may be used in the plan; None where it cannot be known."""

    names: Names
    plan: Cursor

    @cached_property
    def services(self) -> Cursor:
        """The top of ``service_statistics.yaml``."""
        return self.names.top("service_statistics.yaml")

    def steps(self, kind: str | None = None) -> list[str]:
        """Give the steps of the service, all or of one kind."""
        every = [(step["id"].word, step["kind"].word or "funnel") for step in self.services["steps"]]
        return [word for word, own in every if word and kind in (None, own)]

    @cached_property
    def units(self) -> list[str] | None:
        """The units of the level that people are spread over."""
        level = (self.names.levels or {}).get(self.plan["unit_level"].word or "")
        return [unit["id"].word for unit in level["units"] if unit["id"].word] if level is not None else None

    def attribute(self, name: str) -> list[str] | None:
        """Give the values that an attribute has among the units, such as the countries."""
        level = (self.names.levels or {}).get(self.plan["unit_level"].word or "")
        if level is None:
            return None
        values = (unit["attributes"][name].word for unit in level["units"])
        return list(dict.fromkeys(value for value in values if value))

    @cached_property
    def traits(self) -> list[str]:
        """The scales that have a trait."""
        return [name for name, _ in self.plan["traits"].entries()]

    @cached_property
    def states(self) -> list[str] | None:
        """The states of the variable whose chain is drawn."""
        variable = (self.names.states or {}).get(self.plan["employment"]["variable"].word or "")
        return [one["id"].word for one in variable["states"] if one["id"].word] if variable is not None else None

    def codes(self, column: Cursor | None) -> list[str] | None:
        """Give the codes of a column and those that stand for missing, as they are spelt; None without any."""
        if column is None:
            return None
        declared = [*codes_of(self.names, column).values()]
        absent = [code.value for _, codes in column["missing"].entries() for code in codes]
        return [spelt for code in (*declared, *absent) if (spelt := spelling(code))] if declared else None


def _keys(mapping: Cursor, what: str, allowed: Iterable[str] | None) -> Iterator[Problem]:
    """Say which keys of a mapping are no such thing."""
    if allowed is None:
        return
    known = list(allowed)
    for key, place in mapping.entries():
        if key not in known:
            yield place.problem(unknown_text(key, what, known))


def _words(several: Cursor, what: str, allowed: Iterable[str] | None) -> Iterator[Problem]:
    known = None if allowed is None else list(allowed)
    for _, place in several.words():
        yield from place.unknown(what, known)


def _pathway(plan: Cursor, known: _Known) -> Iterator[Problem]:
    columns = known.names.participant_columns
    funnel = [step["step"].word for step in plan["funnel"] if step["step"].word]
    yield from duplicates(((step["step"].word or "", step["step"]) for step in plan["funnel"]), "the step")
    for step in plan["funnel"]:
        yield from step["step"].unknown("step of the pathway", known.steps("funnel"))
        yield from step["column"].unknown("column of the participants", columns)
    for field in ("started_step", "completed_step"):
        yield from plan[field].unknown("step of the funnel", funnel)
    for outcome in plan["outcomes"]:
        yield from outcome["step"].unknown("outcome of the service", known.steps("outcome"))
        yield from outcome["column"].unknown("column of the participants", columns)
        for _, counts in outcome["by_date"].entries():
            yield from _keys(counts, "country", known.attribute("country"))
    yield from _words(plan["recorded_as"], "outcome of the service", known.steps("outcome"))


def _people(plan: Cursor, known: _Known) -> Iterator[Problem]:
    columns = known.names.participant_columns
    for field in ("birth_year_column", "course_column", "trainer_column"):
        yield from plan[field].unknown("column of the participants", columns)
    yield from _keys(plan["trainers"], "country", known.attribute("country"))
    yield from duplicates(((one["column"].word or "", one["column"]) for one in plan["choices"]), "the column")
    for choice in plan["choices"]:
        yield from choice["column"].unknown("column of the participants", columns)
        codes = known.codes((columns or {}).get(choice["column"].word or ""))
        yield from _keys(choice["shares"], "code of the column", codes)
        yield from _keys(choice["by_unit"], "unit", known.units)
        for _, shares in choice["by_unit"].entries():
            yield from _keys(shares, "code of the column", codes)
        for attribute, place in choice["not_asked_where"].entries():
            yield from place.unknown(f"value of the attribute {attribute}", known.attribute(attribute))


def _places(plan: Cursor, known: _Known) -> Iterator[Problem]:
    yield from plan["unit_level"].unknown("level", known.names.levels)
    yield from _keys(plan["unit_shares"], "unit", known.units)
    yield from _keys(plan["intraclass_correlation"], "level", known.names.levels)


def _traits(plan: Cursor, known: _Known) -> Iterator[Problem]:
    names, waves, arms = known.names, known.names.waves, known.names.arms
    yield from _keys(plan["traits"], "scale", names.scales)
    for _, trait in plan["traits"].entries():
        yield from _keys(trait["change"], "wave", waves)
        yield from _keys(trait["change_by_arm"], "arm", arms)
        for _, change in trait["change_by_arm"].entries():
            yield from _keys(change, "wave", waves)
    yield from _keys(plan["spread_by_arm"], "arm", arms)
    for field in ("selection_scales", "shocked_scales", "response_scales"):
        yield from _words(plan[field], "scale with a trait", known.traits)
    items = sorted({item for scale in known.traits for item in names.items_of(scale)})
    languages = [place.word for _, place in plan["language_by_country"].entries() if place.word]
    for shift in plan["shifts"]:
        yield from shift["item"].unknown("item of a scale with a trait", items)
        yield from shift["language"].unknown("language of a country", languages)


def _employment(plan: Cursor, known: _Known) -> Iterator[Problem]:
    chain = plan["employment"]
    yield from chain["variable"].unknown("state variable", known.names.states)
    yield from chain["driver"].unknown("scale with a trait", known.traits)
    yield from _keys(chain["initial"], "state", known.states)
    yield from _keys(chain["into"], "wave", known.names.waves)
    for _, by_arm in chain["into"].entries():
        yield from _keys(by_arm, "arm", known.names.arms)
        for _, states in by_arm.entries():
            yield from _keys(states, "state", known.states)
    yield from _keys(plan["side_business"], "state", known.states)


def _response(plan: Cursor, known: _Known) -> Iterator[Problem]:
    response = plan["response"]
    yield from _keys(response["rates"], "wave", known.names.waves)
    for _, by_arm in response["rates"].entries():
        yield from _keys(by_arm, "arm", known.names.arms)
    yield from _keys(response["dial"], "arm", known.names.arms)
    yield from _keys(plan["elapsed_days"], "wave", known.names.waves)


def _columns(plan: Cursor, known: _Known) -> Iterator[Problem]:
    of_waves = known.names.any_wave_column
    yield from _keys(plan["stated"], "column of the waves", of_waves)
    for _, place in plan["stated"].entries():
        yield from place.unknown("column of the participants", known.names.participant_columns)
    yield from _words(plan["always_answered"], "column of the waves", of_waves)
    for field in ("mode_column", "language_column", "side_business_column"):
        yield from plan[field].unknown("column of the waves", of_waves)
    by_name: Mapping[str, Cursor] = of_waves or {}
    yield from _keys(plan["modes"], "code of the column", known.codes(by_name.get(plan["mode_column"].word or "")))
    codes = known.codes(by_name.get(plan["language_column"].word or ""))
    yield from _keys(plan["language_by_country"], "country", known.attribute("country"))
    for _, place in plan["language_by_country"].entries():
        yield from place.unknown("code of the column of languages", codes)


def _platforms(plan: Cursor, known: _Known) -> Iterator[Problem]:
    sources = (known.names.sources or {}).values()
    platforms = list(dict.fromkeys(source["platform"].word for source in sources if source["platform"].word))
    yield from _keys(plan["platforms"], "platform of a source", platforms)
    for _, platform in plan["platforms"].entries():
        yield from platform["country"].unknown("country", known.attribute("country"))
        yield from _words(platform["labels_in"], "wave", known.names.waves)


def _costs(plan: Cursor, known: _Known) -> Iterator[Problem]:
    costs = plan["costs"]
    if not isinstance(costs.value, dict):
        return
    categories = [one["id"].word for one in known.services["cost_categories"] if one["id"].word]
    yield from _keys(costs["categories"], "cost category", categories)
    yield from _keys(costs["currency_by_country"], "country", known.attribute("country"))
    own = costs["currency"].word
    rates = [rate["currency"].word for rate in known.services["exchange_rates"] if rate["per"].word == own]
    worth = [currency for currency in (own, *rates) if currency]
    for _, place in costs["currency_by_country"].entries():
        yield from place.unknown(f"currency with a rate per {own}", worth)


def _shares(plan: Cursor) -> Iterator[Problem]:
    """Check that shares of one whole add up to it."""
    wholes = [plan["unit_shares"], plan["modes"], plan["employment"]["initial"]]
    wholes += [plan["costs"]["categories"], plan["costs"]["years"]]
    for choice in plan["choices"]:
        wholes += [choice["shares"], *(shares for _, shares in choice["by_unit"].entries())]
    for whole in wholes:
        values = [place.value for _, place in whole.entries()]
        if values and all(is_number(value) for value in values) and not isclose(sum(values), 1.0, abs_tol=1e-9):
            yield whole.problem(f"the shares add up to {sum(values):g}; allowed: 1")
