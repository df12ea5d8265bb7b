"""Whatever is written in a contract, the answer is a study or a list of problems; never another error."""

import random
import shutil
from pathlib import Path

import pytest
import yaml

from increase_eval.errors import ContractError
from increase_eval.study import load_study

GARDEN = Path(__file__).parent / "contract"
FILES = [
    "study.yaml",
    "instruments.yaml",
    "analysis.yaml",
    "service_statistics.yaml",
    "waves/all.yaml",
    "waves/participants.yaml",
]
WRONG = [
    None,
    True,
    -1,
    0,
    2.5,
    "",
    "x",
    "t1",
    "calm",
    [],
    {},
    [1],
    [None],
    ["c1", "c1"],
    {"a": 1},
    {1: 2},
    {"en": "x"},
    [[1, 2]],
]


def _places(value, path=()):
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in children:
        yield from _places(inner, (*path, key))


def _replaced(value, path, new):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _replaced(value[path[0]], path[1:], new)
    return copy


@pytest.mark.parametrize("name", FILES)
def test_any_value_in_any_place_is_a_study_or_a_list_of_problems(tmp_path, name):
    shutil.copytree(GARDEN, tmp_path / "garden")
    path = tmp_path / "garden" / name
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    chance = random.Random(name)
    cases = [(place, new) for place in _places(value) for new in WRONG]
    refused = 0
    for place, new in chance.sample(cases, 40):
        path.write_text(
            yaml.safe_dump(_replaced(value, place, new), allow_unicode=True, sort_keys=False), encoding="utf-8"
        )
        try:
            load_study(tmp_path / "garden")
        except ContractError as error:
            refused += 1
            assert all(problem.startswith(tuple("abcdefghijklmnopqrstuvwxyz")) for problem in error.problems)
    assert refused > 20
