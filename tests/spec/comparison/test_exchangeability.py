"""Which p values can a handful of units give? Small layouts, counted by hand."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison import exchangeability_check, leave_one_out
from increase_eval.errors import InsufficientDataError
from increase_eval.results import estimate_table


@pytest.mark.parametrize(
    ("arms", "arrangements", "smallest"),
    [
        ("abb", 3, 1 / 3),  # one against two
        ("aabb", 6, 2 / 6),  # two against two: the names of the arms can be exchanged
        ("abbccd", 180, 4 / 180),  # 6! / (1! 2! 2! 1!), both pairs of like arms can exchange names
        ("aaabbb", 20, 2 / 20),
        ("aabbb", 10, 1 / 10),
        ("abc", 6, 1.0),
    ],
)
def test_arrangements_and_the_smallest_attainable_p_value(arms, arrangements, smallest) -> None:
    found = exchangeability_check([2.0**k for k in range(len(arms))], list(arms))
    assert found.arrangements == arrangements
    if smallest == 1.0:
        assert np.isnan(found.p_value)
        assert found.status.startswith("refused")
    else:
        assert found.smallest_p_value == pytest.approx(smallest)
        assert found.p_value >= found.smallest_p_value - 1e-12


def test_the_most_extreme_arrangement_attains_the_smallest_p_value() -> None:
    found = exchangeability_check([0.0, 5.0, 5.1, 9.0, 9.1, 30.0], list("abbccd"))
    assert found.p_value == pytest.approx(found.smallest_p_value)


def test_the_p_value_is_the_share_of_relabellings_at_least_as_large() -> None:
    y, arms = np.array([1.0, 4.0, 2.0, 7.0, 3.0]), np.array(list("aabbb"))

    def gap(labels: np.ndarray) -> float:
        return abs(y[labels == "b"].mean() - y[labels == "a"].mean())

    every = [gap(np.array(labels)) for labels in permutations(arms)]
    expected = np.mean([value >= gap(arms) - 1e-9 for value in every])
    found = exchangeability_check(y, arms)
    assert found.p_value == pytest.approx(expected)
    assert found.statistic == pytest.approx(y[2:].mean() - y[:2].mean())


def test_ties_count_and_equal_units_give_one() -> None:
    assert exchangeability_check([1.0, 1.0, 1.0], list("abb")).p_value == 1


def test_many_units_are_drawn_and_cannot_give_nought() -> None:
    y, arms = np.r_[np.zeros(12), np.ones(12)], ["a"] * 12 + ["b"] * 12
    found = exchangeability_check(y, arms, draws=499, rng=np.random.default_rng(1))
    assert not found.is_enumerated
    assert found.p_value == found.smallest_p_value == 1 / 500
    with pytest.raises(ValueError, match="rng"):
        exchangeability_check(y, arms)


def test_the_table_names_both_p_values_and_input_is_checked() -> None:
    table = exchangeability_check([1.0, 2.0, 4.0], list("abb")).to_frame()
    assert table["term"].tolist() == ["statistic", "smallest p value"]
    assert table.loc[1, "estimate"] == pytest.approx(1 / 3)
    with pytest.raises(InsufficientDataError, match="two arms"):
        exchangeability_check([1.0, 2.0], list("aa"))
    with pytest.raises(ValueError, match="one finite value"):
        exchangeability_check([1.0, np.nan], list("ab"))


def test_leaving_out_the_only_provider_of_an_arm_makes_its_contrasts_not_estimable() -> None:
    data = pd.DataFrame({"y": [1.0, 2, 3, 4, 5, 6], "arm": list("aabbbb"), "site": list("ppqqrr")})

    def gap(part: pd.DataFrame) -> pd.DataFrame:
        means = part.groupby("arm")["y"].mean()
        if len(means) < 2:
            raise InsufficientDataError("one arm")
        return estimate_table([{"contrast": "b - a", "estimate": means["b"] - means["a"], "n": len(part)}], term="mean")

    found = leave_one_out(data, unit="site", estimate=gap).set_index("by_left_out")
    assert found["estimate"].to_dict() == pytest.approx({"all": 3.0, "p": np.nan, "q": 4.0, "r": 2.0}, nan_ok=True)
    assert found["status"].to_dict() == {"all": "ok", "p": "not estimable", "q": "ok", "r": "ok"}
    assert found.loc["p", "contrast"] == "b - a"
    with pytest.raises(ValueError, match="not in the table"):
        leave_one_out(data, unit="provider", estimate=gap)
