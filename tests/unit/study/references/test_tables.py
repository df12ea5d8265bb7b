"""References in the tables of `waves/`: broken once each, one line of error each."""

import pytest

# file, what stands there, what is written instead, where the error points, what it says
BROKEN = {
    "a personal column that is mapped": (
        "study.yaml",
        "personal_columns: [email]",
        "personal_columns: [AGE]",
        "privacy.personal_columns[0]",
        "'AGE' is dropped as personal, and the column age reads it",
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
def test_says_where_a_reference_is_broken(contract, name, old, new, place, message):
    problems = contract.edit(name, old, new).problems()
    hits = [problem for problem in problems if f", {place}: " in problem and message in problem]
    assert hits, "\n".join(problems)
    assert ", line " in hits[0]
