"""A whole study: which files it needs, which nobody would read, and when its hash changes."""

import pytest

from increase_eval.study import load_study
from increase_eval.study.reading import contract_hash


@pytest.mark.parametrize("name", ["instruments.yaml", "analysis.yaml"])
def test_scales_and_plan_may_be_left_out_or_empty(contract, name):
    (contract.folder / "analysis.yaml").unlink()
    (contract.folder / name).write_text("# later\n", encoding="utf-8")
    assert contract.problems() == []
    (contract.folder / name).unlink()
    assert contract.problems() == []


def test_services_may_be_left_out(contract):
    assert "services" in load_study(contract.folder).capabilities
    (contract.folder / "service_statistics.yaml").unlink()
    assert "services" not in load_study(contract.folder).capabilities


def test_a_needed_file_that_is_empty_says_what_it_needs(contract):
    (contract.folder / "study.yaml").write_text("", encoding="utf-8")
    (problem,) = contract.problems()
    assert problem.startswith("study.yaml: the file is empty; needed: id, title, ")


def test_a_file_that_is_no_mapping_is_one_problem(contract):
    (contract.folder / "analysis.yaml").write_text("- a\n- b\n", encoding="utf-8")
    (problem,) = contract.problems()
    assert "analysis.yaml, line 1: a list of 2: a mapping is needed" in problem


def test_a_study_without_tables_is_none(contract):
    for path in (contract.folder / "waves").iterdir():
        path.unlink()
    assert any("needed: at least one file waves/*.yaml" in problem for problem in contract.problems())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "analysys.yaml",
            "analysys.yaml: nobody reads this file; allowed: study.yaml, .*did you mean 'analysis.yaml'?",
        ),
        ("waves/t4.yml", "waves/t4.yml: nobody reads this file; its name must end in .yaml"),
        ("wave/t4.yaml", "wave/: nobody reads this folder; allowed: waves/; did you mean 'waves'?"),
    ],
)
def test_files_that_nobody_reads_are_an_error(contract, name, message):
    path = contract.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("table: wave\n", encoding="utf-8")
    (problem,) = contract.problems()
    start, _, end = message.partition(".*")
    assert problem.startswith(start)
    assert problem.endswith(end)


def test_notes_and_hidden_files_are_nobodys_business(contract):
    before = contract_hash(contract.folder)
    (contract.folder / "NOTES.md").write_text("x", encoding="utf-8")
    (contract.folder / ".study.yaml.swp").write_text("x", encoding="utf-8")
    (contract.folder / "waves" / ".t1.yaml").write_text("x", encoding="utf-8")
    assert contract.problems() == []
    assert contract_hash(contract.folder) == before


@pytest.mark.parametrize("name", ["study.yaml", "waves/all.yaml", "published.csv", "example.yaml"])
def test_the_hash_sees_every_file_of_the_contract(contract, name):
    before = contract_hash(contract.folder)
    path = contract.folder / name
    path.write_text((path.read_text(encoding="utf-8") if path.exists() else "") + "\n# more\n", encoding="utf-8")
    assert contract_hash(contract.folder) != before


def test_the_hash_does_not_depend_on_where_the_study_lies(contract, tmp_path):
    before = load_study(contract.folder).contract_hash
    contract.folder.rename(tmp_path / "elsewhere")
    assert load_study(tmp_path / "elsewhere").contract_hash == before


def test_a_tab_is_a_delimiter(contract):
    contract.edit("study.yaml", "    wave_column: TIME\n", '    wave_column: TIME\n    options: {delimiter: "\\t"}\n')
    assert load_study(contract.folder).head.sources[2].options.delimiter == "\t"
