"""The tiny study that the tests share: its contract loads, and its raw files are what its script writes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from increase_eval.study import load_study

TINY = Path(__file__).parents[2] / "data" / "tiny"


def test_the_contract_loads():
    assert load_study(TINY).id == "tiny"


@pytest.mark.parametrize("name", ["register.csv", "wave_1.csv", "wave_2.csv", "wave_3.csv"])
def test_the_raw_files_are_what_the_script_writes(name, tmp_path):
    spec = importlib.util.spec_from_file_location("make_raw", TINY / "make_raw.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.write_raw(tmp_path)
    assert (tmp_path / name).read_bytes() == (TINY / "raw" / name).read_bytes()
