"""References of the sources: broken once each, one line of error each."""

import pytest

# file, what stands there, what is written instead, where the error points, what it says
BROKEN = {
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
    "a file of participants that nobody takes": (
        "study.yaml",
        "source: people\n",
        "source: baseline_en\n",
        "sources[0].shape",
        "nobody reads this source",
    ),
}


@pytest.mark.parametrize(("name", "old", "new", "place", "message"), BROKEN.values(), ids=BROKEN)
def test_says_where_a_reference_is_broken(contract, name, old, new, place, message):
    problems = contract.edit(name, old, new).problems()
    hits = [problem for problem in problems if f", {place}: " in problem and message in problem]
    assert hits, "\n".join(problems)
    assert ", line " in hits[0]


WIDE = """
  - id: later
    files: [later.csv]
    shape: wide
    key: {column: code}
    columns_by_wave:
      c1: {t2: c1_b, t3: c1_c}
      c2: {t2: c2_b, t3: c2_c}
      h1: {t2: h1_b, t3: h1_c}
      hope_shipped: {t2: hs_b, t3: hs_c}
      job: {t2: job_b, t3: job_c}
"""


@pytest.fixture
def wide(contract):
    text = (contract.folder / "study.yaml").read_text(encoding="utf-8")
    start, end = text.index("  - id: later"), text.index("participants:\n")
    (contract.folder / "study.yaml").write_text(text[:start] + WIDE.strip("\n") + "\n" + text[end:], encoding="utf-8")
    return contract


def test_accepts_waves_side_by_side(wide):
    assert wide.problems() == []


WRONG_PLACES = {
    "an unknown column": ("c2: {t2", "c9: {t2", "sources[2].columns_by_wave.c9", "'c9' is no column of any wave"),
    "an unknown wave": ("c2_b, t3", "c2_b, t9", "sources[2].columns_by_wave.c2.t9", "'t9' is no wave"),
    "a wave that does not ask it": (
        "job: {t2",
        "job: {t1",
        "sources[2].columns_by_wave.job.t1",
        "the wave t1 does not ask",
    ),
    "a column taken twice": ("c2_c", "c1_c", "sources[2].columns_by_wave.c2.t3", "is taken by c1 in t3 already"),
    "a wave without its column": (
        "c1_b, t3: c1_c",
        "c1_b",
        "sources[2].columns_by_wave",
        "'c1' is asked in t2, t3, and nothing says which column of the files holds it in t3",
    ),
    "two waves in one column": (
        "      c1: {t2: c1_b, t3: c1_c}\n",
        "",
        "sources[2].columns_by_wave",
        "'c1' is asked in t2, t3, and nothing says which column of the files holds it in t2, t3",
    ),
    "a personal column": ("c1_b", "email", "privacy.personal_columns[0]", "and the column c1 reads it"),
}


@pytest.mark.parametrize(("old", "new", "place", "message"), WRONG_PLACES.values(), ids=WRONG_PLACES)
def test_says_where_waves_side_by_side_are_misplaced(wide, old, new, place, message):
    problems = wide.edit("study.yaml", old, new).problems()
    assert any(f", {place}: " in problem and message in problem for problem in problems), problems


def test_a_column_of_some_sources_only_is_looked_for_in_those_only(wide):
    wide.edit("waves/all.yaml", "{name: hope_shipped,", "{name: hope_shipped, sources: [baseline_en],")
    wide.edit("study.yaml", "      hope_shipped: {t2: hs_b, t3: hs_c}\n", "")
    assert wide.problems() == []
    (problem,) = wide.edit("waves/all.yaml", "[baseline_en]", "[baseline]").problems()
    assert "columns[4].sources[0]: 'baseline' is no source" in problem
