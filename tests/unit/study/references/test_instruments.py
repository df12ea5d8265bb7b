"""References in `instruments.yaml`: broken once each, one line of error each."""

import pytest

# file, what stands there, what is written instead, where the error points, what it says
BROKEN = {
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
}


@pytest.mark.parametrize(("name", "old", "new", "place", "message"), BROKEN.values(), ids=BROKEN)
def test_says_where_a_reference_is_broken(contract, name, old, new, place, message):
    problems = contract.edit(name, old, new).problems()
    hits = [problem for problem in problems if f", {place}: " in problem and message in problem]
    assert hits, "\n".join(problems)
    assert ", line " in hits[0]
