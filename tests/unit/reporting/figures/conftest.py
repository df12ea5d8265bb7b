"""Studies of any number of arms and waves, and the tables that figures are drawn from, made by the library itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition.baseline_retention import retention_by_baseline
from increase_eval.attrition.flow import response_flow
from increase_eval.comparison.descriptive.score_distribution import score_distribution
from increase_eval.comparison.descriptive.score_summary import summarise_scores
from increase_eval.comparison.descriptive.states import state_shares
from increase_eval.comparison.score_models import score_model_tables
from increase_eval.study.instruments import Instruments
from increase_eval.study.plan import AnalysisPlan
from increase_eval.study.study import Study, StudyHead

Case = tuple[Study, Mapping[str, pd.DataFrame]]
LONG = "Accompagnement renforcé en collectif et en ligne"
STATES = ("working", "training", "neither")


def text(en: str, fr: str) -> dict[str, str]:
    return {"en": en, "fr": fr}


def make_study(arms: int, waves: int, scales: int = 2, **changes: Any) -> Study:
    times = [0, 1, *range(6, 6 * waves, 6)][:waves]  # the second wave comes right after the first
    head = {
        "id": "made",
        "title": text("Made", "Fait"),
        "description": text("Made for tests.", "Fait pour les tests."),
        "provenance": "real",
        "data_date": "2024",
        "data_source": text("Nobody's answers.", "Réponses de personne."),
        "allocation": "not_randomised",
        "waves": [
            {"id": f"t{i}", "label": text(f"{t} months after", f"{t} mois après la fin"), "time": t}
            for i, t in enumerate(times)
        ],
        "arms": [{"id": f"a{i}", "label": text(f"Approach {i + 1}", f"{LONG} {i + 1}")} for i in range(arms)],
        "states": [
            {
                "id": "work",
                "label": text("Work", "Emploi"),
                "column": "work",
                "states": [{"id": s, "label": text(s.title(), s.title()), "code": s} for s in STATES],
            }
        ],
        "sources": [{"id": "s", "files": ["*.csv"], "shape": "long", "wave_column": "w", "wave_values": {"1": "t0"}}],
        "participants": {"source": "s", "arm": {"column": "arm"}},
        **changes,
    }
    instruments = [
        {
            "id": f"scale{i}",
            "items": [f"i{i}"],
            "range": [0, 40],
            "rule": "single",
            "labels": text(f"Wellbeing {i}", f"Bien-être et satisfaction dans la vie {i}"),
            "smallest_effect": {"value": 0.5, "unit": "sd", "source": "A convention"},
        }
        for i in range(scales)
    ]
    return Study(
        head=StudyHead.model_validate(head),
        instruments=Instruments.model_validate({"scales": instruments}),
        analysis=AnalysisPlan(),
        tables={},
        folder=Path("nowhere"),
        contract_hash="0",
    )


def make_tables(study: Study, people: int, *, keep: float = 0.7, empty_arm: str = "", unscored: str = "") -> dict:
    """Draw answers, scores and states, and describe them by the library."""
    rng = np.random.default_rng(7)
    arms = [arm for arm in study.arm_ids if arm != empty_arm]
    participants = pd.DataFrame({"participant": [f"p{i}" for i in range(people)], "arm": rng.choice(arms, size=people)})
    responses = pd.DataFrame(
        [
            {"participant": p, "wave": wave, "responded": bool(i == 0 or rng.random() < keep)}
            for p in participants["participant"]
            for i, wave in enumerate(study.wave_ids)
        ]
    )
    answered = responses[responses["responded"]]
    scores = pd.concat(
        [
            answered[["participant", "wave"]].assign(
                scale=scale.id,
                score=np.nan if scale.id == unscored else rng.integers(0, 41, size=len(answered)).astype(float),
                status="scored",
            )
            for scale in study.scales
        ]
    )
    states = answered[["participant", "wave"]].assign(
        variable="work", state=rng.choice(STATES, size=len(answered), p=[0.45, 0.1, 0.45])
    )
    waves, levels = study.wave_ids, {"arm": study.arm_ids}
    scales = [scale.id for scale in study.scales]
    return {
        "response_flow": response_flow(responses, participants, waves=waves, levels=levels).shares,
        "score_summary": summarise_scores(scores, participants, waves=waves, levels=levels),
        "score_means": score_model_tables(study, scores, participants).means,
        "score_distribution": score_distribution(
            scores, participants, waves=waves, ranges=dict.fromkeys(scales, (0, 40))
        ),
        "retention_by_baseline": retention_by_baseline(scores, responses, waves=waves, scales=scales),
        "state_shares": state_shares(states, participants, waves=waves, variables={"work": STATES}, levels=levels),
    }


@pytest.fixture(scope="session")
def study_of() -> Callable[..., Study]:
    return make_study


@pytest.fixture(scope="session")
def case() -> Callable[..., Case]:
    made: dict[Any, Case] = {}

    def make(arms: int, waves: int, people: int = 900, **options: Any) -> Case:
        key = (arms, waves, people, *sorted(options.items()))
        if key not in made:
            study = make_study(arms, waves, provenance=options.pop("provenance", "real"))
            made[key] = study, make_tables(study, people, **options)
        return made[key]

    return make
