"""References in `service_statistics.yaml`: broken once each, one line of error each."""

import pytest

# file, what stands there, what is written instead, where the error points, what it says
BROKEN = {
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
}


@pytest.mark.parametrize(("name", "old", "new", "place", "message"), BROKEN.values(), ids=BROKEN)
def test_says_where_a_reference_is_broken(contract, name, old, new, place, message):
    problems = contract.edit(name, old, new).problems()
    hits = [problem for problem in problems if f", {place}: " in problem and message in problem]
    assert hits, "\n".join(problems)
    assert ", line " in hits[0]
