"""Amounts in which one contributor stands out are not published."""

from __future__ import annotations

import pytest

from increase_eval.reporting.disclosure import fails_p_ratio, is_dominated


@pytest.mark.parametrize(
    ("amounts", "dominated", "ratio"),
    [
        ([70, 20, 10], False, False),  # 90 of 100 is not more than 0.9; 10 / 70 = 0.14
        ([70, 21, 9], True, False),  # 91 of 100; 9 / 70 = 0.129
        ([95, 2, 2, 1], True, True),  # 97 of 100; 3 / 95 = 0.03
        ([5], True, True),  # one contributor is the total
        ([5, 5], True, True),  # two know each other
        ([0, 0], False, False),
        ([], False, False),
        ([1] * 20, False, False),
    ],
)
def test_both_rules(amounts, dominated, ratio):
    assert is_dominated(amounts) is dominated
    assert fails_p_ratio(amounts) is ratio


@pytest.mark.parametrize("amounts", [[1, -1], [1, float("nan")]])
def test_negative_and_missing_amounts_are_refused(amounts):
    with pytest.raises(ValueError, match="contributions"):
        is_dominated(amounts)
    with pytest.raises(ValueError, match="contributions"):
        fails_p_ratio(amounts)


def test_impossible_rules_are_refused():
    with pytest.raises(ValueError, match="largest"):
        is_dominated([1], largest=0)
    with pytest.raises(ValueError, match="share"):
        is_dominated([1], share=1)
    with pytest.raises(ValueError, match="p is 0"):
        fails_p_ratio([1], p=0)
