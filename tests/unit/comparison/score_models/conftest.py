"""Studies of any number of arms and waves with sites inside providers, and scores drawn for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from increase_eval.study.instruments import Instruments
from increase_eval.study.plan import AnalysisPlan
from increase_eval.study.study import Study, StudyHead


def words(text: str) -> dict[str, str]:
    return {"en": text, "fr": text}


def make_study(
    arms: Sequence[str] = ("a", "b", "c"), waves: Sequence[str] = ("t1", "t2", "t3"), plan: Any = None, **head: Any
) -> Study:
    contents = {
        "id": "made",
        "title": words("Made"),
        "description": words("Made for tests."),
        "provenance": "synthetic",
        "data_date": "2024",
        "data_source": words("Random numbers."),
        "allocation": "not_randomised",
        "waves": [{"id": wave, "label": words(wave), "time": place} for place, wave in enumerate(waves)],
        "arms": [{"id": arm, "label": words(arm)} for arm in arms],
        "levels": [
            {"id": "site", "label": words("Site"), "column": "site", "nested_in": "provider", "is_site": True},
            {"id": "provider", "label": words("Provider"), "column": "provider"},
        ],
        "sources": [{"id": "s", "files": ["*.csv"], "shape": "long", "wave_column": "w", "wave_values": {"1": "t1"}}],
        "participants": {"source": "s", "arm": {"column": "arm"}},
    }
    scales = [{"id": "mood", "items": ["m"], "rule": "single", "labels": words("Mood")}]
    contrasts = [{"id": f"{b}_{a}", "first": a, "second": b} for i, a in enumerate(arms) for b in arms[i + 1 :]]
    return Study(
        head=StudyHead.model_validate({**contents, **head}),
        instruments=Instruments.model_validate({"scales": scales}),
        analysis=AnalysisPlan.model_validate({"contrasts": contrasts, **(plan or {})}),
        tables={},
        folder=Path("nowhere"),
        contract_hash="0",
    )


def draw(study: Study, people: int = 180, *, gaps: float = 0.2, seed: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw scores that rise with age and by wave, with two providers of three sites in every arm."""
    rng = np.random.default_rng(seed)
    arms, waves = study.arm_ids, study.wave_ids
    participants = pd.DataFrame({"participant": [f"p{i}" for i in range(people)], "arm": np.resize(arms, people)})
    number = np.arange(people) // len(arms)
    participants["provider"] = participants["arm"] + (number % 2).astype(str)
    participants["site"] = participants["provider"] + "_" + (number // 2 % 3).astype(str)
    participants["age"] = rng.normal(40.0, 10.0, people).round(1)
    participants["sex"] = rng.choice(["f", "m"], people)
    trait = rng.normal(0, 2, people) + 0.05 * participants["age"].to_numpy()
    parts = []
    for place, wave in enumerate(waves):
        score = 10 + trait + place * (1 + 0.02 * participants["age"]) + rng.normal(0, 1.5, people)
        part = participants[["participant"]].assign(wave=wave, scale="mood", score=score, status="scored")
        parts.append(part[(rng.random(people) > gaps) | (place == 0)])
    return pd.concat(parts, ignore_index=True), participants


@pytest.fixture(scope="session")
def study_of() -> Callable[..., Study]:
    return make_study


@pytest.fixture(scope="session")
def drawn() -> Callable[..., tuple[pd.DataFrame, pd.DataFrame]]:
    return draw


def pick(table: pd.DataFrame, **wanted: Any) -> pd.DataFrame:
    """Give the rows with some values; None is missing."""
    for column, value in wanted.items():
        table = table[table[column].isna() if value is None else (table[column] == value).fillna(False)]
    return table


@pytest.fixture(scope="session")
def rows_with() -> Callable[..., pd.DataFrame]:
    return pick
