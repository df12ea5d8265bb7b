"""What is published about contracts is what the models say."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from increase_eval.study import load_study
from increase_eval.study.documents import read_document
from increase_eval.study.reading import MODELS
from increase_eval.study.schemas import (
    FIELDS_BEGIN,
    field_tables,
    json_schemas,
    publish,
    readme_with_tables,
    schema_text,
    type_text,
)
from increase_eval.study.tables import Table

ROOT = Path(__file__).resolve().parents[3]
CONTRACTS = ROOT / "data_contracts"
GARDEN = Path(__file__).parent / "contract"
REMEDY = "run `make schemas`"


@pytest.mark.parametrize("name", json_schemas())
def test_published_schemas_are_current(name):
    published = (CONTRACTS / "schemas" / name).read_text(encoding="utf-8")
    assert published == schema_text(json_schemas()[name]), REMEDY


def test_no_other_schema_is_published():
    assert {path.name for path in (CONTRACTS / "schemas").iterdir()} == set(json_schemas())


def test_readme_holds_the_current_tables():
    text = (CONTRACTS / "README.md").read_text(encoding="utf-8")
    assert readme_with_tables(text) == text, REMEDY


def test_readme_without_marks_is_refused():
    with pytest.raises(ValueError, match="fields: begin"):
        readme_with_tables("# Contracts")


def test_publish_writes_schemas_and_tables(tmp_path):
    (tmp_path / "README.md").write_text(
        f"before\n{FIELDS_BEGIN}\nout of date\n<!-- fields: end -->\nafter", encoding="utf-8"
    )
    written = publish(tmp_path)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "out of date" not in text
    assert text.startswith("before")
    assert text.endswith("after")
    assert {path.suffix for path in written} == {".json", ".md"}


def test_every_field_is_described():
    described = re.findall(r"^\| `\w+` \|.*\|$", field_tables(), flags=re.MULTILINE)
    assert len(described) > 120
    assert [row for row in described if row.endswith("|  |")] == []


def _files(folder):
    named = [(folder / name, name) for name in MODELS if (folder / name).is_file()]
    return named + [(path, "waves") for path in sorted((folder / "waves").glob("*.yaml"))]


@pytest.mark.parametrize("path,name", _files(GARDEN), ids=lambda value: getattr(value, "name", value))
def test_a_contract_that_loads_fits_its_schema(path, name):
    schema = json_schemas()[f"{name.removesuffix('.yaml')}.schema.json"]
    # An editor sees the keys of a mapping as words, as JSON has no others.
    value = json.loads(json.dumps(read_document(path, name).value))
    jsonschema.Draft202012Validator(schema).validate(value)


def test_the_schema_refuses_what_the_loader_refuses():
    validator = jsonschema.Draft202012Validator(json_schemas()["study.schema.json"])
    head = read_document(GARDEN / "study.yaml", "study.yaml").value
    assert any("wavs" in error.message for error in validator.iter_errors({**head, "wavs": []}))


def test_types_are_said_in_words():
    assert type_text(Table.model_fields["columns"].annotation) == "list of [Column](#column)"


def test_the_example_of_the_readme_loads(tmp_path):
    text = (CONTRACTS / "README.md").read_text(encoding="utf-8")
    for name, body in re.findall(r"```yaml\n# (\S+)\n(.*?)```", text, flags=re.DOTALL):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(body, encoding="utf-8")
    study = load_study(tmp_path)
    assert study.wave_ids == ("t1", "t2")
    assert study.scale_waves(study.scale("calm")) == ("t1", "t2")


def test_the_readme_names_every_file_of_a_contract():
    text = (CONTRACTS / "README.md").read_text(encoding="utf-8").split("## A small example")[0]
    for name in MODELS:
        assert f"`{name}`" in text
