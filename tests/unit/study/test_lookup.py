"""Where a study is found, by name and by path."""

import os
import shutil
from pathlib import Path

import pytest

from increase_eval.errors import ContractError
from increase_eval.study import find_studies, load_study, lookup
from increase_eval.study.lookup import contract_folders

GARDEN = Path(__file__).parent / "contract"
CHECKOUT = Path(__file__).resolve().parents[3] / "data_contracts"


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A folder of contracts of one's own, with the study `garden`."""
    shutil.copytree(GARDEN, tmp_path / "own" / "garden")
    monkeypatch.setenv("INCREASE_EVAL_CONTRACTS", str(tmp_path / "own"))
    return tmp_path / "own"


def test_finds_studies_of_ones_own_and_of_the_checkout(own):
    found = find_studies()
    assert found["garden"] == own / "garden"
    assert {folder.parent for name, folder in found.items() if name != "garden"} <= {CHECKOUT}
    assert list(found) == sorted(found)


def test_schemas_are_no_study():
    assert (CHECKOUT / "schemas").is_dir()
    assert "schemas" not in find_studies()


def test_the_first_of_several_folders_wins(own, tmp_path, monkeypatch):
    shutil.copytree(GARDEN, tmp_path / "other" / "garden")
    shutil.copytree(GARDEN, tmp_path / "other" / "meadow")
    monkeypatch.setenv("INCREASE_EVAL_CONTRACTS", os.pathsep.join([str(tmp_path / "other"), "", str(own)]))
    assert contract_folders()[:2] == (tmp_path / "other", own)
    assert find_studies()["garden"] == tmp_path / "other" / "garden"
    assert "meadow" in find_studies()


def test_a_study_of_ones_own_replaces_one_that_is_shipped(own):
    shipped = next(path.name for path in sorted(CHECKOUT.iterdir()) if (path / "study.yaml").is_file())
    shutil.copytree(CHECKOUT / shipped, own / shipped)
    assert find_studies()[shipped] == own / shipped


def test_a_folder_that_is_not_there_is_an_error(monkeypatch):
    monkeypatch.setenv("INCREASE_EVAL_CONTRACTS", "/no/such/folder")
    with pytest.raises(ContractError, match="/no/such/folder is not a folder"):
        find_studies()


def test_loads_by_name_by_folder_and_by_its_file(own):
    assert load_study("garden").folder == own / "garden"
    assert load_study(own / "garden").id == "garden"
    assert load_study(str(own / "garden")).id == "garden"
    assert load_study(own / "garden" / "study.yaml").id == "garden"


def test_a_name_is_a_name_first_and_a_path_second(own, tmp_path, monkeypatch):
    shutil.copytree(GARDEN, tmp_path / "here" / "garden")
    shutil.copytree(GARDEN, tmp_path / "here" / "only_here")
    monkeypatch.chdir(tmp_path / "here")
    assert load_study("garden").folder == own / "garden"
    assert load_study("only_here").folder.resolve() == tmp_path / "here" / "only_here"
    assert load_study(Path("garden")).folder == Path("garden")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("gardn", "there is no study 'gardn'; studies: .*did you mean 'garden'"),
        ("", "the name of the study is empty"),
        ("no/such/folder", "there is no folder no/such/folder"),
        (Path("garden"), "there is no folder garden"),
    ],
)
def test_says_what_there_is_where_a_study_is_not(own, asked, message):
    with pytest.raises(ContractError, match=message):
        load_study(asked)


def test_says_that_a_folder_is_no_study(tmp_path):
    (tmp_path / "studdy.yaml").write_text("id: x\n", encoding="utf-8")
    with pytest.raises(ContractError, match=r"has no study\.yaml, so it is no study; did you mean 'studdy\.yaml'"):
        load_study(tmp_path)


def test_a_study_called_by_name_has_that_name(own):
    (own / "garden").rename(own / "meadow")
    with pytest.raises(ContractError, match="'garden' is not the name of the study's folder; allowed: meadow"):
        load_study("meadow")
    assert load_study(own / "meadow").id == "garden"


def test_an_installed_library_finds_the_studies_it_ships_with(tmp_path, monkeypatch):
    monkeypatch.setattr(lookup, "_PACKAGE", tmp_path / "site-packages" / "increase_eval")
    shipped = tmp_path / "site-packages" / "increase_eval" / "_bundled" / "data_contracts"
    shutil.copytree(GARDEN, shipped / "garden")
    (tmp_path / "site-packages" / "data_contracts").mkdir()  # of somebody else: no checkout lies around it
    assert contract_folders() == (shipped,)
    assert load_study("garden").folder == shipped / "garden"


def test_a_study_below_the_current_folder_is_pointed_out(tmp_path, monkeypatch):
    shutil.copytree(GARDEN, tmp_path / "data_contracts" / "orchard")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ContractError, match=r"but there is a folder data_contracts.orchard: give that"):
        lookup.locate_study("orchard")
