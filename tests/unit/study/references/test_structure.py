"""References in `study.yaml`, apart from its sources: broken once each, one line of error each."""

import pytest

# file, what stands there, what is written instead, where the error points, what it says
BROKEN = {
    "a wave stands twice": (
        "study.yaml",
        "{id: t3, label: {en: Later",
        "{id: t2, label: {en: Later",
        "waves[2].id",
        "wave 't2' is declared twice; first in study.yaml, line 12",
    ),
    "waves out of order": (
        "study.yaml",
        "time: 9,",
        "time: 2,",
        "waves[2].time",
        "2 is not after 3",
    ),
    "a window that starts at a later wave": (
        "study.yaml",
        "since: t2, to_days",
        "since: t4, to_days",
        "waves[2].window.since",
        "'t4' is no start of a window; allowed: entry, completion, t1, t2",
    ),
    "a window that ends before it begins": (
        "study.yaml",
        "from_days: 60, to_days: 120",
        "from_days: 60, to_days: 20",
        "waves[1].window.to_days",
        "day 20",
    ),
    "an unknown control arm": (
        "study.yaml",
        "control_arm: seeds",
        "control_arm: seed",
        "control_arm",
        "did you mean 'seeds'?",
    ),
    "an alias that is read as two arms": (
        "study.yaml",
        "aliases: [2, blub]",
        "aliases: [2, SEEDS]",
        "arms[1].aliases[1]",
        "'SEEDS' is read as two arms: seeds and bulbs",
    ),
    "an unknown unit as parent": (
        "study.yaml",
        "parent: bert}",
        "parent: berta}",
        "levels[0].units[1].parent",
        "'berta' is no unit of the level provider; allowed: anna, bert; did you mean 'bert'?",
    ),
    "a site with an unknown arm": (
        "study.yaml",
        "arm: bulbs, attributes",
        "arm: bulb, attributes",
        "levels[1].units[1].arm",
        "'bulb' is no arm; allowed: seeds, bulbs; did you mean 'bulbs'?",
    ),
    "a level nested in itself": (
        "study.yaml",
        "nested_in: provider",
        "nested_in: plot",
        "levels[0].nested_in",
        "allowed: provider",
    ),
    "a parent without nesting": (
        "study.yaml",
        "    nested_in: provider\n",
        "",
        "levels[0].units[0].parent",
        "the level has no `nested_in`",
    ),
    "a level without its column": (
        "study.yaml",
        "column: plot",
        "column: plots",
        "levels[0].column",
        "did you mean 'plot'?",
    ),
    "two levels that are the site": (
        "study.yaml",
        "    column: provider\n",
        "    column: provider\n    is_site: true\n",
        "levels[1].is_site",
        "'plot' is the site already",
    ),
    "a unit that stands twice": (
        "study.yaml",
        "{id: south, label: {en: South, fr: Sud}",
        "{id: north, label: {en: South, fr: Sud}",
        "levels[0].units[1].id",
        "unit 'north' is declared twice",
    ),
    "a state column that no wave has": (
        "study.yaml",
        "column: job",
        "column: jobs",
        "states[0].column",
        "did you mean 'job'?",
    ),
    "a state code that the column does not have": (
        "study.yaml",
        "code: 2}",
        "code: 3}",
        "states[0].states[1].code",
        "3 is no code of the column job; allowed: 1, 2",
    ),
    "a code that belongs to no state": (
        "study.yaml",
        "code: 2}",
        "code: 3}",
        "states[0].states",
        "codes 2 of the column job belong to no state",
    ),
    "an unknown source of participants": (
        "study.yaml",
        "source: people\n",
        "source: peeple\n",
        "participants.source",
        "did you mean 'people'?",
    ),
    "a long source of participants without a wave": (
        "study.yaml",
        "source: people\n",
        "source: later\n",
        "participants",
        "`wave` is needed",
    ),
    "an arm read from an unknown level": (
        "study.yaml",
        "arm: {level: provider}",
        "arm: {level: providers}",
        "participants.arm.level",
        "did you mean 'provider'?",
    ),
    "an arm read from nowhere": (
        "study.yaml",
        "arm: {level: provider}",
        "arm: {}",
        "participants.arm",
        "`column` or `level` is needed",
    ),
    "an arm read from two places": (
        "study.yaml",
        "arm: {level: provider}",
        "arm: {level: provider, column: age}",
        "participants.arm",
        "not from both",
    ),
    "an arm read from a unit without one": (
        "study.yaml",
        ", arm: bulbs, attributes",
        ", attributes",
        "levels[1].units[1]",
        "has no `arm`",
    ),
    "an entry date that is no date": (
        "study.yaml",
        "entry_date: entered",
        "entry_date: age",
        "participants.entry_date",
        "an entry date is a date",
    ),
    "a rule for an unknown source": (
        "study.yaml",
        "sources: [later]}",
        "sources: [latest]}",
        "quarantine[0].sources[0]",
        "did you mean 'later'?",
    ),
    "a period that ends before it starts": (
        "study.yaml",
        "end: 2024-02-01",
        "end: 2023-02-01",
        "periods[0].end",
        "2023-02-01 is before the start",
    ),
    "a period of an unknown attribute": (
        "study.yaml",
        "where: {country: england}",
        "where: {nation: england}",
        "periods[0].where.nation",
        "'nation' is no attribute of any unit; allowed: country",
    ),
}


@pytest.mark.parametrize(("name", "old", "new", "place", "message"), BROKEN.values(), ids=BROKEN)
def test_says_where_a_reference_is_broken(contract, name, old, new, place, message):
    problems = contract.edit(name, old, new).problems()
    hits = [problem for problem in problems if f", {place}: " in problem and message in problem]
    assert hits, "\n".join(problems)
    assert ", line " in hits[0]


def test_a_unit_has_the_arm_of_the_unit_it_lies_in(contract):
    assert contract.edit("study.yaml", "arm: {level: provider}", "arm: {level: plot}").problems() == []
    problems = contract.edit("study.yaml", ", arm: bulbs, attributes", ", attributes").problems()
    assert any(
        "levels[0].units[1]: " in problem and "nor has a unit that it lies in" in problem for problem in problems
    )
