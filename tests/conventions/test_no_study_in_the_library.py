"""The library knows no particular study: no name that a contract declares stands in its code.

A name counts if it is longer than three letters and no word of the contract language itself (a field, an allowed value,
a column that the stored tables always have). It may not be a string of the code; a name that no English sentence would
hold, as it has a digit or an underscore, may not occur inside one either. Docstrings are not code.
"""

import ast
import re
from pathlib import Path

import pytest
import yaml

from increase_eval.results import ESTIMATE_COLUMNS, EXTRA_COLUMNS
from increase_eval.study.schemas import json_schemas

CONTRACTS = Path(__file__).resolve().parents[2] / "data_contracts"
SHORTEST_NAME = 4
COMMON = {
    # Tables, columns and terms that every study has, whatever a contract calls its own.
    "participant", "participants", "source_file", "source_row", "answered_on", "elapsed_days", "in_window", "arm",
    "wave", "scale", "score", "all", "site", "provider", "status", "month", "count", "row", "file", "code", "label",
    "text", "group", "mean", "total", "other", "before", "after", "course", "female", "male", "started",
}  # fmt: skip


def _declared(value, key=""):
    """Give the names that a contract declares: ids and names of columns, wherever they stand."""
    if isinstance(value, dict):
        for own, inner in value.items():
            if own in ("id", "name") and isinstance(inner, str):
                yield inner
            elif own in ("file", "item") and isinstance(inner, str):
                yield Path(inner).stem
            yield from _declared(inner, own)
    elif isinstance(value, list):
        for inner in value:
            yield from _declared(inner, key)


def _words_of_the_language(schema):
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        yield from (value for value in schema.get("enum", []) if isinstance(value, str))
        yield from [schema["const"]] if isinstance(schema.get("const"), str) else []
        for inner in schema.values():
            yield from _words_of_the_language(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _words_of_the_language(inner)


@pytest.fixture(scope="module")
def names():
    declared = {
        name
        for path in CONTRACTS.glob("*/**/*.yaml")
        for name in _declared(yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader))
    }
    known = {*_words_of_the_language(json_schemas()), *ESTIMATE_COLUMNS, *EXTRA_COLUMNS, *COMMON}
    return {name for name in declared if len(name) >= SHORTEST_NAME and name not in known}


def _strings(tree):
    """Give the strings of the code that are no docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


def _found(tree, names):
    for line, text in _strings(tree):
        words = {word for word in re.findall(r"\w+", text) if re.search(r"[0-9_]", word)}
        for name in sorted(({text} | words) & names):
            yield line, name


def test_there_are_names_to_look_for(names):
    assert len(names) > 50


def test_no_name_of_a_study_stands_in_the_library(modules, names):
    found = [f"{path}:{line}: {name}" for path, tree in modules("increase_eval") for line, name in _found(tree, names)]
    assert found == []


def test_the_rule_sees_a_name():
    tree = ast.parse(
        '"""a docstring with my_arm"""\nif arm == "garden":\n    x = "the my_arm of it"\ny = "in a garden"\n'
    )
    assert list(_found(tree, {"garden", "my_arm"})) == [(2, "garden"), (3, "my_arm")]
