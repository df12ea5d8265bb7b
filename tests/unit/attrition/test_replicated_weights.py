"""Weights of replicates on arrays are those of the tables: with gaps, thin levels, aliases, separation, nobody left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import replicated_weights as module
from increase_eval.attrition.population import AskedPeople
from increase_eval.attrition.replicated_weights import replicated_weights
from increase_eval.attrition.weighting import BOTH, RAKED, only, weigh_wave

SAME = 1e-9
"""Raking converges at 1e-11 of a total."""
WAVES = ("t1", "t2", "t3")


def people(*, back: bool = True, n: int = 300) -> AskedPeople:
    """Gaps in a number and in a category, a repeated category, a rare level, three waves."""
    rng = np.random.default_rng(11)
    age = rng.integers(18, 60, n).astype(float)
    first = rng.random(n) < 1 / (1 + np.exp(0.03 * (age - 55)))
    second = first & (rng.random(n) < 0.7)
    third = first & (second | back) & (rng.random(n) < 0.6)
    level = np.where(np.arange(n) % 60 == 0, "rare", rng.choice(["a", "b", "c"], n)).astype(object)
    level[rng.random(n) < 0.08] = None
    data = pd.DataFrame(
        {
            "participant": [f"p{i}" for i in range(n)],
            "arm": rng.choice(["letter", "course"], n),
            "age": np.where(rng.random(n) < 0.1, np.nan, age),
            "level": level,
            "level_again": level,
            "constant": 1.0,
            "score_x": np.where(first, rng.normal(size=n), np.nan),
        }
    )
    register = ("age", "level", "level_again", "constant")
    kinds = frozenset({"level", "level_again"})
    return AskedPeople(
        data, np.column_stack([first, second, third]), WAVES, register, ("score_x",), register, ("score_x",), kinds, 0
    )


def compared(asked: AskedPeople, wave: str, kept: np.ndarray) -> None:
    groups = asked.grouped(np.ones(len(asked.data), dtype=bool), asked.register)
    fast = replicated_weights(asked, wave, groups).without(kept)
    slow = weigh_wave(only(asked, kept), wave, groups=groups[kept].reset_index(drop=True))
    for name in (RAKED, BOTH):
        np.testing.assert_allclose(fast[name], slow.values[name], rtol=SAME, atol=SAME)


@pytest.mark.parametrize("back", [True, False])
@pytest.mark.parametrize("wave", WAVES)
def test_a_replicate_has_the_weights_of_the_people_kept(back: bool, wave: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = people(back=back)
    kept = np.arange(len(asked.data)) % 7 != 3
    compared(asked, wave, kept)
    # And these came from the arrays: the long way is shut.
    monkeypatch.setattr(module, "weigh_wave", lambda *args, **kwargs: pytest.fail("went the long way"))
    groups = asked.grouped(np.ones(len(asked.data), dtype=bool), asked.register)
    weights = replicated_weights(asked, wave, groups).without(kept)
    assert all((values > 0).sum() > 50 for values in weights.values())


def test_a_replicate_that_separates_is_fitted_with_the_same_penalty() -> None:
    asked = people()
    answered = asked.answered.copy()
    answered[(asked.data["level"] == "c").to_numpy()] = False
    compared(replace(asked, answered=answered), "t1", np.arange(len(answered)) % 5 != 0)


def test_a_replicate_in_which_nobody_answered_has_no_weights() -> None:
    asked = people()
    kept = ~asked.at("t1")
    compared(asked, "t1", kept)
    groups = asked.grouped(np.ones(len(asked.data), dtype=bool), asked.register)
    assert not replicated_weights(asked, "t1", groups).without(kept)[RAKED].any()


def test_where_everybody_answered_the_base_is_one() -> None:
    asked = people()
    compared(asked, "t1", asked.at("t1"))
    compared(asked, "t2", asked.at("t1"))
