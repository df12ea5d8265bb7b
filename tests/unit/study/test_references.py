"""Every reference from one part of a contract to another: broken once each, one line of error each."""

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
    "waves out of order": ("study.yaml", "time: 9,", "time: 2,", "waves[2].time", "2 is not after 3"),
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
    "a source of an unknown wave": (
        "study.yaml",
        "wave: t1\n",
        "wave: t0\n",
        "sources[1].wave",
        "'t0' is no wave; allowed: t1, t2, t3",
    ),
    "a wave that no source holds": (
        "study.yaml",
        "third: t3",
        "third: t2",
        "waves[2].id",
        "no source holds the wave 't3'",
    ),
    "a value that stands for an unknown wave": (
        "study.yaml",
        "third: t3",
        "third: t33",
        "sources[2].wave_values.third",
        "did you mean 't3'?",
    ),
    "a pattern that is no regular expression": (
        "study.yaml",
        "[A-Z]{2}[0-9]+",
        "[A-Z",
        "sources[0].key.pattern",
        "is no regular expression: unterminated",
    ),
    "a long source without a key": (
        "study.yaml",
        "third: t3}\n    key: {column: code}",
        "third: t3}",
        "sources[2]",
        "needs `key` with a `column`",
    ),
    "a constant for a column that is not there": (
        "study.yaml",
        "constants: {language",
        "constants: {langage",
        "sources[1].constants.langage",
        "did you mean 'language'?",
    ),
    "a pattern that leaves the raw folder": (
        "study.yaml",
        "files: [later.csv]",
        "files: [../later.csv]",
        "sources[2].files[0]",
        "leaves the study's raw",
    ),
    "an unknown source of participants": (
        "study.yaml",
        "source: people\n",
        "source: peeple\n",
        "participants.source",
        "did you mean 'people'?",
    ),
    "a file of participants that nobody takes": (
        "study.yaml",
        "source: people\n",
        "source: baseline_en\n",
        "sources[0].shape",
        "nobody reads this source",
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
        "arm: {level: provider}",
        "arm: {level: plot}",
        "levels[0].units[0]",
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
    "a personal column that is mapped": (
        "study.yaml",
        "personal_columns: [email]",
        "personal_columns: [AGE]",
        "privacy.personal_columns[0]",
        "'AGE' is dropped as personal, and the column age reads it",
    ),
    "an item in no wave": (
        "instruments.yaml",
        "items: [h1]",
        "items: [h2]",
        "scales[1].items[0]",
        "'h2' is no column of any wave",
    ),
    "an item twice in a scale": (
        "instruments.yaml",
        "items: [c1, c2, c3]",
        "items: [c1, c2, c3, c1]",
        "scales[0].items[3]",
        "item 'c1' stands twice in the scale",
    ),
    "a reversed item that is no item": (
        "instruments.yaml",
        "reversed: [c2]",
        "reversed: [c4]",
        "scales[0].reversed[0]",
        "'c4' is no item of the scale; allowed: c1, c2, c3",
    ),
    "a scale that stands twice": (
        "instruments.yaml",
        "- id: hope",
        "- id: calm_inner",
        "scales[1].id",
        "scale 'calm_inner' is declared twice",
    ),
    "a component that is no scale": (
        "instruments.yaml",
        "items: [calm, hope]",
        "items: [calm, hop]",
        "scales[2].items[1]",
        "did you mean 'hope'?",
    ),
    "a shipped score that is no column": (
        "instruments.yaml",
        "shipped_score: hope_shipped",
        "shipped_score: hope_ship",
        "scales[1].shipped_score",
        "did you mean 'hope_shipped'?",
    ),
    "a recoded code that the item does not have": (
        "instruments.yaml",
        "recode: {h1: {yes: 1, no: 0}}",
        "recode: {h1: {yes: 1, no: 0, nein: 0}}",
        "scales[1].recode.h1.nein",
        "'nein' is no code of h1; allowed: no, yes",
    ),
    "an item whose codes are words": (
        "instruments.yaml",
        "    recode: {h1: {yes: 1, no: 0}}\n",
        "",
        "scales[1].items[0]",
        "('no', 'yes')",
    ),
    "an item that can lie outside the scale": (
        "instruments.yaml",
        "range: [1, 5]",
        "range: [1, 4]",
        "scales[0].items[0]",
        "allows 1 to 5 (waves/all.yaml",
    ),
    "a reversed item with another range": (
        "instruments.yaml",
        "range: [1, 5]",
        "range: [0, 5]",
        "scales[0].items[1]",
        "the two must agree",
    ),
    "an outcome that is no scale": (
        "analysis.yaml",
        "outcome: calm\n",
        "outcome: calmer\n",
        "estimands[0].outcome",
        "did you mean 'calm'?",
    ),
    "a change that starts after it ends": (
        "analysis.yaml",
        "since: t1",
        "since: t3",
        "estimands[0].since",
        "'t3' is not before 't3'",
    ),
    "a change without a start": ("analysis.yaml", "    since: t1\n", "", "estimands[0]", "needs `since`"),
    "a wave that does not measure the outcome": (
        "analysis.yaml",
        "wave: t2",
        "wave: t1",
        "estimands[1].wave",
        "does not measure work; allowed: t2, t3",
    ),
    "a mean of states": (
        "analysis.yaml",
        "summary: share",
        "summary: mean",
        "estimands[1].summary",
        "allowed: share, risk_difference",
    ),
    "a contrast of an unknown arm": (
        "analysis.yaml",
        "second: bulbs",
        "second: blubs",
        "contrasts[0].second",
        "did you mean 'bulbs'?",
    ),
    "a contrast of an arm with itself": (
        "analysis.yaml",
        "second: bulbs",
        "second: seeds",
        "contrasts[0].second",
        "compared with itself",
    ),
    "a family of an unknown estimand": (
        "analysis.yaml",
        "[calm_change]",
        "[calm_chance]",
        "families[0].estimands[0]",
        "did you mean 'calm_change'?",
    ),
    "a family of an unknown contrast": (
        "analysis.yaml",
        "[bulbs_seeds]",
        "[seeds_bulbs]",
        "families[0].contrasts[0]",
        "is no contrast",
    ),
    "a margin for a scale that is not there": (
        "analysis.yaml",
        "scale: calm_inner",
        "scale: calm_iner",
        "margins[0].scale",
        "did you mean 'calm_inner'?",
    ),
    "an unknown covariate": (
        "analysis.yaml",
        "covariates: [age]",
        "covariates: [ages]",
        "covariates[0]",
        "did you mean 'age'?",
    ),
    "services kept by an unknown level": (
        "service_statistics.yaml",
        "level: provider",
        "level: providers",
        "level",
        "did you mean 'provider'?",
    ),
    "a cost of an unknown unit": (
        "service_statistics.yaml",
        "unit: anna",
        "unit: ana",
        "costs[0].unit",
        "did you mean 'anna'?",
    ),
    "a target of an unknown step": (
        "service_statistics.yaml",
        "steps: [engaged]",
        "steps: [engage]",
        "targets[0].steps[0]",
        "did you mean 'engaged'?",
    ),
    "a step without a column": (
        "service_statistics.yaml",
        ", started: Started}",
        "}",
        "source.step_columns",
        "the steps started have no column",
    ),
    "a column counted twice": (
        "service_statistics.yaml",
        "started: Started",
        "started: Engaged",
        "source.step_columns.started",
        "taken already",
    ),
    "a table of an unknown wave": (
        "waves/all.yaml",
        "waves: [t1, t2, t3]",
        "waves: [t1, t2, t3, t4]",
        "waves[3]",
        "'t4' is no wave",
    ),
    "a column of a wave outside its table": (
        "waves/all.yaml",
        "waves: [t1, t3]",
        "waves: [t1, t9]",
        "columns[2].waves[1]",
        "'t9' is no wave of this table",
    ),
    "an unknown value set": (
        "waves/all.yaml",
        "range: [1, 5], values: agree",
        "range: [1, 5], values: agre",
        "columns[0].values",
        "did you mean 'agree'?",
    ),
    "an alias for an unknown platform": (
        "waves/all.yaml",
        "aliases: {alpha: Q2}",
        "aliases: {alpa: Q2}",
        "columns[1].aliases.alpa",
        "'alpa' is no platform of any source; allowed: alpha",
    ),
    "a column defined twice for one wave": (
        "waves/all.yaml",
        "{name: hope_shipped,",
        "{name: job,",
        "columns[5].name",
        "defined twice for the wave t2",
    ),
    "two columns that read the same column of the files": (
        "waves/all.yaml",
        "{name: hope_shipped,",
        "{name: hope_shipped, source: c3,",
        "columns[4]",
        "'hope_shipped' reads the column 'c3' of the files, and so does 'c3'",
    ),
    "a code that stands twice": (
        "waves/all.yaml",
        "{code: 2, label: {en: Without",
        "{code: 1, label: {en: Without",
        "columns[5].values[1].code",
        "code 1 stands twice",
    ),
    "an alias that is read as two codes": (
        "waves/all.yaml",
        "aliases: [nev.]",
        "aliases: [Always]",
        "value_sets.agree[1].label.en",
        "'Always' is read as two codes: 1 and 5",
    ),
    "a labelled code outside the range": (
        "waves/all.yaml",
        "- {code: 5, label",
        "- {code: 6, label",
        "columns[0].values",
        "allowed: 1 to 5",
    ),
    "a code that is missing as well": (
        "waves/all.yaml",
        "missing: {refused: [-9]}",
        "missing: {refused: [5]}",
        "columns[0].missing.refused[0]",
        "5 is a code with a label and stands for missing (refused) as well",
    ),
    "an ignored column that is mapped": (
        "waves/all.yaml",
        "columns: [comments]",
        "columns: [comments, job]",
        "ignored[0].columns[1]",
        "the column job reads it",
    ),
    "a column that the stored table has of itself": (
        "waves/all.yaml",
        "{name: hope_shipped,",
        "{name: source_row,",
        "columns[4].name",
        "has of itself",
    ),
}


@pytest.mark.parametrize(("name", "old", "new", "place", "message"), BROKEN.values(), ids=BROKEN)
def test_says_where_a_reference_is_broken(contract, line_of, name, old, new, place, message):
    contract.edit(name, old, new)
    problems = contract.problems()
    hits = [problem for problem in problems if f", {place}: " in problem and message in problem]
    assert hits, "\n".join(problems)
    assert ", line " in hits[0]


def test_accepts_the_contract_as_it_is(contract):
    assert contract.problems() == []


def test_gives_the_line_of_the_value(contract, line_of):
    contract.edit("instruments.yaml", "items: [h1]", "items:\n      - h2")
    line = line_of(contract.folder / "instruments.yaml", "- h2")
    assert f"instruments.yaml, line {line}, scales[1].items[0]: " in "\n".join(contract.problems())


def test_says_everything_at_once_over_all_files(contract):
    contract.edit("study.yaml", "control_arm: seeds", "control_arm: seed")
    contract.edit("study.yaml", "time_unit: months", "time_unit: moons")
    contract.edit("instruments.yaml", "reversed: [c2]", "reversed: [c9]\n    ruel: mean")
    contract.edit("analysis.yaml", "covariates: [age]", "covariates: [aeg]")
    contract.edit("waves/all.yaml", "{en: Calm 1, fr: Calme 1}", "{en: Calm 1}")
    text = "\n".join(contract.problems())
    for part in ("control_arm", "time_unit", "reversed[0]", "ruel", "covariates[0]", "label.fr"):
        assert part in text


def test_says_nothing_about_references_into_a_file_that_cannot_be_read(contract):
    contract.edit("study.yaml", "waves:\n", "waves: [\n")
    problems = contract.problems()
    assert len(problems) == 1
    assert "study.yaml" in problems[0]
