"""What must hold of comparisons whatever the data: order, exchange of groups, units."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from increase_eval.comparison import (
    cramers_v,
    effect_size,
    equivalence_test,
    marginal_homogeneity,
    proportion_interval,
    two_proportions,
)

FEW = settings(max_examples=40)
numbers = st.lists(st.integers(-50, 50), min_size=3, max_size=12)
tables = st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=3, max_size=3)


@FEW
@given(
    st.integers(1, 400), st.data(), st.sampled_from(["wilson", "clopper-pearson", "jeffreys", "agresti-coull", "wald"])
)
def test_failures_mirror_successes(n, data, method) -> None:
    x = data.draw(st.integers(0, n))
    one, other = proportion_interval(x, n, method=method), proportion_interval(n - x, n, method=method)
    assert (one.conf_low, one.conf_high) == pytest.approx((1 - other.conf_high, 1 - other.conf_low), abs=1e-10)


@FEW
@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_exchanging_groups_turns_the_difference_round(n1, n2, data) -> None:
    x1, x2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    one, other = two_proportions(x1, n1, x2, n2), two_proportions(x2, n2, x1, n1)
    assert one.difference.estimate == pytest.approx(-other.difference.estimate, abs=1e-12)
    assert one.difference.conf_low == pytest.approx(-other.difference.conf_high, abs=1e-12)
    assert one.difference.conf_low <= one.difference.estimate <= one.difference.conf_high
    assert one.fisher.p_value == pytest.approx(other.fisher.p_value, rel=1e-9)


@FEW
@given(numbers, numbers, st.sampled_from(["hedges", "cohen", "cliff"]), st.floats(0.1, 100), st.floats(-1000, 1000))
def test_effect_sizes_have_no_unit_and_turn_round(a, b, kind, scale, shift) -> None:
    a, b = np.array(a, float), np.array(b, float)
    assume(np.ptp(a) > 0 and np.ptp(b) > 0)
    effect = effect_size(a, b, kind=kind)
    moved = effect_size(np.round(a * 8) / 8 * scale + shift, np.round(b * 8) / 8 * scale + shift, kind=kind)
    turned = effect_size(b, a, kind=kind)
    assert moved.estimate == pytest.approx(effect.estimate, rel=1e-6, abs=1e-9)
    assert (turned.conf_low, turned.conf_high) == pytest.approx(
        (-effect.conf_high, -effect.conf_low), rel=1e-6, abs=1e-9
    )


@FEW
@given(numbers, numbers, st.floats(0.1, 50))
def test_equivalence_is_symmetric_in_symmetric_margins(a, b, margin) -> None:
    assume(np.ptp(a) > 0)
    one, other = (equivalence_test(x, y, low=-margin, high=margin) for x, y in ((a, b), (b, a)))
    assert one.p_value == pytest.approx(other.p_value, rel=1e-9)


@FEW
@given(tables, st.permutations(range(3)))
def test_names_of_states_do_not_matter(table, order) -> None:
    table = np.array(table)
    assume(table.sum() > 0)
    one, other = marginal_homogeneity(table), marginal_homogeneity(table[np.ix_(order, order)])
    for name in ("stuart_maxwell", "bowker"):
        assert getattr(one, name).statistic == pytest.approx(getattr(other, name).statistic, rel=1e-8, abs=1e-10)
        assert getattr(one, name).df == getattr(other, name).df
    turned = marginal_homogeneity(table.T)
    assert turned.stuart_maxwell.statistic == pytest.approx(one.stuart_maxwell.statistic, rel=1e-8, abs=1e-10)


@FEW
@given(tables, st.permutations(range(3)))
def test_cramers_v_does_not_depend_on_order_and_stays_within_one(table, order) -> None:
    table = np.array(table)
    assume((table.sum(axis=0) > 0).sum() > 1 and (table.sum(axis=1) > 0).sum() > 1)
    plain = cramers_v(table, bias_correction=False)
    assert 0 <= plain <= 1 + 1e-12
    assert cramers_v(table.T[order], bias_correction=False) == pytest.approx(plain, rel=1e-9, abs=1e-12)
