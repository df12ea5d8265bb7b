"""The solver against plain enumeration: on small systems nothing is lost, and nothing is let through."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from increase_eval.claims import Count, Figure, Relation, Share, feasible_counts, printed
from increase_eval.claims.feasible.integer import search, solve
from increase_eval.claims.feasible.rows import rows_of

TOP = 4
NAMES = ("a", "b", "c")
SPACE = tuple(product(range(TOP + 1), repeat=3))

parts = st.lists(st.sampled_from(NAMES), min_size=1, max_size=2).map(tuple)
shares = st.builds(
    lambda at, part, among, percent: Share(f"share {at}", part, among, printed(str(percent), percent=True)),
    st.integers(0, 10**9), parts, parts, st.integers(0, 110),
)  # fmt: skip
relations = st.builds(
    lambda at, left, sign, right, constant: Relation(f"relation {at}", left, sign, right, constant),
    st.integers(0, 10**9), parts, st.sampled_from(["<=", "=", ">="]), parts, st.integers(-3, 3),
)  # fmt: skip
figures = st.builds(
    lambda at, part, kind, value: Figure(f"figure {at}", part, printed(value, kind=kind)),
    st.integers(0, 10**9), parts, st.sampled_from(["exact", "at_least", "more_than", "at_most", "under"]),
    st.integers(0, 8),
)  # fmt: skip
systems = st.lists(st.one_of(shares, relations, figures), min_size=1, max_size=4, unique_by=lambda one: one.id)


def lies_within(number, value):
    low = value.low is None or number > value.low or (number == value.low and not value.low_open)
    high = value.high is None or number < value.high or (number == value.high and not value.high_open)
    return low and high


def is_true(statement, values):
    def total(names):
        return sum(values[name] for name in names)

    if isinstance(statement, Relation):
        left, right = total(statement.left), total(statement.right) + statement.constant
        return {"<=": left <= right, "=": left == right, ">=": left >= right}[statement.sign]
    if isinstance(statement, Share):
        among = total(statement.among)
        return among > 0 and lies_within(Fraction(total(statement.part), among), statement.value)
    return lies_within(Fraction(total(statement.part)), statement.value)


def enumerated(statements):
    points = (dict(zip(NAMES, point, strict=True)) for point in SPACE)
    return [point for point in points if all(is_true(one, point) for one in statements)]


@settings(max_examples=40)
@given(systems)
def test_the_feasible_set_is_what_enumeration_finds(statements):
    found = enumerated(statements)
    result = feasible_counts([Count(name, 0, TOP) for name in NAMES], statements)
    assert result.is_feasible == bool(found)
    if found:
        for name in NAMES:
            assert result.values(name) == tuple(sorted({point[name] for point in found}))
        table = result.solutions(*NAMES)
        assert [tuple(row) for row in table.to_numpy()] == sorted(tuple(point[n] for n in NAMES) for point in found)


@settings(max_examples=40)
@given(systems)
def test_a_conflict_is_a_contradiction_and_no_part_of_it_is(statements):
    result = feasible_counts([Count(name, 0, TOP) for name in NAMES], statements)
    for conflict in result.conflicts:
        own = [one for one in statements if one.id in conflict.statements]
        assert not enumerated(own)
        assert all(enumerated([one for one in own if one.id != name]) for name in conflict.statements)


@settings(max_examples=60)
@given(systems, st.sampled_from(NAMES), st.sampled_from([1, -1]))
def test_the_exact_search_and_the_solver_agree(statements, name, sign):
    position = {one: at for at, one in enumerate(NAMES)}
    rows = [row for one in statements for row in rows_of(one, position)]
    at, ends = position[name], ([0] * 3, [TOP] * 3)
    one, other = (way(rows, *ends, count=at, sign=sign) for way in (solve, search))
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert one[at] == other[at]
        assert all(row.holds(other) for row in rows)


@settings(max_examples=100)
@given(st.integers(0, 200), st.integers(1, 200), st.integers(0, 2), st.sampled_from(["up", "even"]))
def test_a_rounded_share_lies_in_the_interval_of_its_print_and_in_no_other(part, among, digits, half):
    step = Decimal(1).scaleb(-digits)
    way = {"up": ROUND_HALF_UP, "even": ROUND_HALF_EVEN}[half]
    # 200ths and coarser have a finite decimal or are no halves, so that 40 digits decide every rounding.
    value = (Decimal(100 * part) / Decimal(among)).quantize(step, rounding=way)
    share = Fraction(part, among)
    assert lies_within(share, printed(str(value), percent=True, half=half))
    assert lies_within(share, printed(str(value), percent=True, half="usual"))
    for other in (value - step, value + step):
        if other >= 0:
            assert not lies_within(share, printed(str(other), percent=True, half=half))


@settings(max_examples=50)
@given(st.integers(0, 200), st.integers(1, 200), st.integers(0, 2))
def test_a_truncated_share_lies_in_the_interval_of_its_print(part, among, digits):
    value = (Decimal(100 * part) / Decimal(among)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_DOWN)
    assert lies_within(Fraction(part, among), printed(str(value), percent=True, kind="truncated"))
