"""References from one part of a contract to another: all that are broken are said at once, with their lines."""


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
