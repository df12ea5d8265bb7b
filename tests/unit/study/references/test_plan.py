"""References in `analysis.yaml`: broken once each, one line of error each."""

import pytest

# file, what stands there, what is written instead, where the error points, what it says
BROKEN = {
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
    "a change without a start": (
        "analysis.yaml",
        "    since: t1\n",
        "",
        "estimands[0]",
        "needs `since`",
    ),
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
    "a margin of states that is no share": (
        "analysis.yaml",
        "scale: calm_inner",
        "scale: work",
        "margins[0]",
        "work is a state; its margin needs `unit: share`",
    ),
    "a margin of a scale that is a share": (
        "analysis.yaml",
        "scale: calm_inner",
        "unit: share, scale: calm_inner",
        "margins[0].unit",
        "calm_inner is a scale; allowed: points, sd",
    ),
    "an unknown covariate": (
        "analysis.yaml",
        "covariates: [age]",
        "covariates: [ages]",
        "covariates[0]",
        "did you mean 'age'?",
    ),
}


@pytest.mark.parametrize(("name", "old", "new", "place", "message"), BROKEN.values(), ids=BROKEN)
def test_says_where_a_reference_is_broken(contract, name, old, new, place, message):
    problems = contract.edit(name, old, new).problems()
    hits = [problem for problem in problems if f", {place}: " in problem and message in problem]
    assert hits, "\n".join(problems)
    assert ", line " in hits[0]
