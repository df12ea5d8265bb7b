"""What is said about a value of the wrong shape: one line a place, however many types were tried."""

import pytest

SHAPES = {
    "a misspelt key": (
        "instruments.yaml",
        "minimum_answered: 2",
        "minimum_answerd: 2",
        "scales[0].minimum_answerd",
        "did you mean 'minimum_answered'?",
    ),
    "a French text is missing": (
        "instruments.yaml",
        "{en: Calm, fr: Calme}",
        "{en: Calm}",
        "scales[0].labels.fr",
        "the French text `fr` is missing where the English is there ('Calm')",
    ),
    "an English text is missing": (
        "instruments.yaml",
        "{en: Calm, fr: Calme}",
        "{fr: Calme}",
        "scales[0].labels.en",
        "the English text `en` is missing where the French is there ('Calme')",
    ),
    "an empty text": (
        "instruments.yaml",
        "{en: Calm, fr: Calme}",
        "{en: Calm, fr: ' '}",
        "scales[0].labels.fr",
        "is too short",
    ),
    "a text without languages": (
        "instruments.yaml",
        "{en: Calm, fr: Calme}",
        "Calm",
        "scales[0].labels",
        "'Calm': a mapping is needed, with the keys en, fr",
    ),
    "a word that is not allowed": (
        "instruments.yaml",
        "rule: single",
        "rule: singel",
        "scales[1].rule",
        "did you mean 'single'?",
    ),
    "the start of a word": (
        "study.yaml",
        "allocation: not_randomised",
        "allocation: not_random",
        "allocation",
        "did you mean 'not_randomised'?",
    ),
    "no list": ("instruments.yaml", "items: [h1]", "items: h1", "scales[1].items", "'h1' is not a list"),
    "an empty list": ("instruments.yaml", "items: [h1]", "items: []", "scales[1].items", "at least 1 elements needed"),
    "no number": (
        "instruments.yaml",
        "minimum_answered: 2",
        "minimum_answered: two",
        "scales[0].minimum_answered",
        "'two' is not a whole number",
    ),
    "too many answers needed": (
        "instruments.yaml",
        "minimum_answered: 2",
        "minimum_answered: 4",
        "scales[0].minimum_answered",
        "allowed: 1 to 3",
    ),
    "no answer needed": (
        "instruments.yaml",
        "minimum_answered: 2",
        "minimum_answered: 0",
        "scales[0].minimum_answered",
        "allowed: at least 1",
    ),
    "a range upside down": (
        "instruments.yaml",
        "range: [1, 5]",
        "range: [5, 1]",
        "scales[0].range",
        "the lowest code comes first",
    ),
    "half a range": (
        "instruments.yaml",
        "range: [1, 5]",
        "range: [1]",
        "scales[0].range[1]",
        "a value is missing here",
    ),
    "an infinite number": (
        "instruments.yaml",
        "mean: 3",
        "mean: 1.0e+999",
        "scales[2].norms.calm.mean",
        "not infinite",
    ),
    "true as a code": ("instruments.yaml", "{yes: 1,", "{true: 1,", "scales[1].recode.h1[true]", "put true in quotes"),
    "a list as a code": (
        "study.yaml",
        "values: [test]",
        "values: [[test]]",
        "quarantine[0].values[0]",
        "a list of 1 is no code",
    ),
    "neither labels nor a name of some": (
        "waves/all.yaml",
        "range: [1, 5], values: agree",
        "range: [1, 5], values: 5.5",
        "columns[0].values",
        "5.5 is not a list or a text",
    ),
    "a label inside a union": (
        "waves/all.yaml",
        "{en: Employed, fr: En emploi}",
        "{en: Employed}",
        "columns[5].values[0].label.fr",
        "French",
    ),
    "a needed key": (
        "waves/all.yaml",
        "    type: category\n    waves",
        "    waves",
        "columns[5].type",
        "`type` is missing",
    ),
    "no date": (
        "study.yaml",
        "start: 2024-01-01",
        "start: 01/01/2024",
        "periods[0].start",
        "'01/01/2024' is not a date such as",
    ),
    "a bad id": ("study.yaml", "id: tests,", "id: Test rows,", "quarantine[0].id", "an id: lower-case letters"),
    "an unknown reason": (
        "waves/all.yaml",
        "missing: {refused: [-9]}",
        "missing: {refusal: [-9]}",
        "columns[0].missing.refusal",
        "did you mean 'refused'?",
    ),
    "an empty value": (
        "study.yaml",
        "threshold: 10",
        "threshold:",
        "privacy.threshold",
        "an empty value is not a whole number",
    ),
    "a number for a word": (
        "study.yaml",
        "platform: alpha",
        "platform: 1.5",
        "sources[1].platform",
        "1.5 is not a text; put it in quotes",
    ),
    "a shape without what it needs": ("study.yaml", "    wave_column: TIME\n", "", "sources[2]", "needs `wave_column`"),
    "what a shape has no use for": (
        "study.yaml",
        "    wave: t1\n",
        "    wave: t1\n    wave_column: x\n",
        "sources[1].wave_column",
        "has no `wave_column`",
    ),
    "a range for words": (
        "waves/all.yaml",
        "type: category\n    waves",
        "type: category\n    range: [1, 2]\n    waves",
        "columns[5].range",
        "this one is category",
    ),
    "an error rate of one": (
        "analysis.yaml",
        "contrasts: [bulbs_seeds]}",
        "contrasts: [bulbs_seeds], error_rate: 1}",
        "families[0].error_rate",
        "allowed: less than 1",
    ),
    "a recode outside the range": (
        "instruments.yaml",
        "reversed: [c2]",
        "recode: {c1: {1: 9}}",
        "scales[0].recode.c1[1]",
        "9 lies outside the range of 'c1'",
    ),
}


@pytest.mark.parametrize(("name", "old", "new", "place", "message"), SHAPES.values(), ids=SHAPES)
def test_says_what_was_allowed(contract, name, old, new, place, message):
    contract.edit(name, old, new)
    problems = contract.problems()
    hits = [problem for problem in problems if f", {place}: " in problem]
    assert len(hits) == 1, "\n".join(problems)
    assert message in hits[0]
    assert ", line " in hits[0]


def test_findings_are_said_together_with_wrong_fields(contract):
    contract.edit("instruments.yaml", "- id: calm\n", "- id: Calm\n")
    contract.edit("instruments.yaml", "reversed: [c2]", "reversed: [c2, c7]")
    text = "\n".join(contract.problems())
    assert "scales[0].id" in text
    assert "scales[0].reversed[1]: 'c7' is no item" in text


def test_what_follows_from_a_wrong_field_is_not_said_again(contract):
    contract.edit("instruments.yaml", "range: [1, 5]", "range: [1, x]")
    (problem,) = contract.problems()
    assert "scales[0].range[1]: 'x' is not a number" in problem


def test_yes_and_no_are_understood_where_true_or_false_is_wanted(contract):
    contract.edit("study.yaml", "in_work: true", "in_work: no")
    contract.edit("study.yaml", "is_site: true", "is_site: yes")
    assert contract.problems() == []
