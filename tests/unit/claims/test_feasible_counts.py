"""Counts behind printed shares: small systems whose answer is plain, and what is refused."""

from fractions import Fraction

import pytest

from increase_eval.claims import Count, Figure, Relation, Share, feasible_counts, printed


def percent(text, **options):
    return printed(text, percent=True, **options)


def share(name, part, among, text, **options):
    return Share(name, (part,), (among,), percent(text), **options)


def test_a_quarter_printed_without_decimals():
    # 25 % of n <= 5: 1 of 4 (25 %); 1 of 5 is 20 %, 1 of 3 is 33 %.
    result = feasible_counts([Count("n", 1, 5), Count("x")], [share("s", "x", "n", "25")])
    assert result.values("n") == (4,)
    assert result.counts.set_index("count").loc["x", "status"] == "fixed"


def half_up(name, part, text):
    return Share(name, (part,), ("n",), percent(text, half="up"))


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        (("28", "20"), (25, 40, 46, 50, 54, 60, 61)),
        (("15", "22"), (27, 41, 46, 54, 55, 59, 60)),
    ],
)
def test_two_shares_of_one_group_leave_few_sizes(shares, expected):
    counts = [Count("n", 1, 61), Count("x"), Count("y")]
    result = feasible_counts(counts, [half_up("a", "x", shares[0]), half_up("b", "y", shares[1])])
    assert result.values("n", high=expected[-1]) == expected


def test_rounding_half_to_even_can_allow_one_size_more():
    # 9 of 40 is 22.5 %, and 22 is the even one.
    counts = [Count("n", 1, 45), Count("x"), Count("y")]
    result = feasible_counts(counts, [share("a", "x", "n", "15"), share("b", "y", "n", "22")])
    assert result.values("n") == (27, 40, 41)


def test_one_decimal_names_the_smallest_group():
    # 8/21 = 38.095 %, 16/42 and 24/63 likewise; nothing below 21 rounds to 38.1 %.
    result = feasible_counts([Count("n"), Count("x")], [share("s", "x", "n", "38.1")])
    assert result.values("n", high=63)[0] == 21
    assert {21, 42, 63} <= set(result.values("n", high=63))
    row = result.counts.set_index("count").loc["n"]
    assert row["low"] == 21
    assert row["status"] == "unbounded"


def test_a_share_of_a_target_that_is_not_the_printed_count():
    # 76.5 % of 5,300 is 4,054.5: 77 % needs 4,055 people, and 4,000 rounded to hundreds is at most 4,050.
    counts = [Count("target"), Count("reached")]
    statements = [
        Figure("target", ("target",), printed("5,300", kind="exact"), "profile"),
        Figure("reached", ("reached",), printed("4,000", step=100), "profile", {"means": "rounded"}),
        Figure("reached", ("reached",), printed("4,000", kind="truncated", step=100), "profile", {"means": "cut"}),
        share("share", "reached", "target", "77", source="profile"),
    ]
    result = feasible_counts(counts, statements)
    readings = result.readings.set_index("option")
    assert readings["status"].to_dict() == {"rounded": "impossible", "cut": "possible"}
    assert set(readings.loc["rounded", "statements"].split(", ")) == {"target", "reached", "share"}
    assert result.counts.set_index("count").loc["reached", ["low", "high"]].tolist() == [4055, 4099]
    (conflict,) = result.conflicts
    assert conflict.sources == ("profile",)
    assert conflict.options == {"means": "rounded"}


def test_contradictions_between_documents_name_both():
    statements = [
        Figure("one", ("n",), printed(["over", "40"][1], kind="more_than"), "first"),
        Figure("two", ("n",), printed("40", kind="at_most"), "second"),
    ]
    result = feasible_counts([Count("n")], statements)
    assert not result.is_feasible
    assert result.counts.loc[0, "status"] == "contradiction"
    assert result.conflicts[0].sources == ("first", "second")
    assert result.conflicts[0].mended_by == ("one", "two")


def test_conflicts_share_no_statement_and_all_are_found():
    statements = [
        Figure("a", ("n",), printed(3, kind="exact")),
        Figure("b", ("n",), printed(4, kind="exact")),
        Figure("c", ("m",), printed(5, kind="at_least")),
        Figure("d", ("m",), printed(5, kind="under")),
    ]
    found = {conflict.statements for conflict in feasible_counts([Count("n"), Count("m")], statements).conflicts}
    assert found == {("a", "b"), ("c", "d")}


def test_a_reading_that_needs_another_says_so():
    statements = [
        Figure("whole", ("n",), printed(10, kind="exact")),
        Relation("all", ("a", "b"), "=", ("n",), under={"whole": "yes"}),
        Relation("some", ("a", "b"), "<=", ("n",), under={"whole": "no"}),
        Figure("few", ("a",), printed(2, kind="exact"), under={"a": "few"}),
        Figure("many", ("a",), printed(9, kind="exact"), under={"a": "many"}),
        Figure("b", ("b",), printed(1, kind="exact")),
    ]
    result = feasible_counts([Count("n"), Count("a"), Count("b")], statements)
    readings = result.readings.set_index(["choice", "option"])
    assert readings.loc[("a", "few"), "only_with"] == "whole=no"
    assert readings.loc[("whole", "yes"), "only_with"] == "a=many"
    assert result.counts_under({"whole": "yes"}).set_index("count").loc["a", "values"] == "9"
    assert result.counts.set_index("count").loc["a", "values"] == "2, 9"
    with pytest.raises(ValueError, match="not known; allowed"):
        result.counts_under({"whole": "perhaps"})


def test_joint_values_are_fewer_than_the_values_of_each():
    statements = [Relation("sum", ("a", "b"), "=", (), 3)]
    result = feasible_counts([Count("a", 0, 3), Count("b", 0, 3)], statements)
    assert result.solutions("a", "b").to_numpy().tolist() == [[0, 3], [1, 2], [2, 1], [3, 0]]
    assert result.allows(a=1, b=2)
    assert not result.allows(a=1, b=1)
    with pytest.raises(ValueError, match="more than 3 combinations"):
        result.solutions("a", "b", most=3)


def test_counts_that_share_only_a_printed_total_are_solved_apart():
    statements = [
        Figure("n", ("n",), printed(100, kind="exact")),
        *(share(f"s{at}", f"x{at}", "n", "50") for at in range(3)),
    ]
    result = feasible_counts([Count("n"), *(Count(f"x{at}") for at in range(3))], statements)
    assert len(result.parts) == 4
    assert result.solutions("n", "x0", "x1").to_numpy().tolist() == [[100, 50, 50]]
    assert not result.allows(n=99)


@pytest.mark.parametrize(
    ("text", "options", "low", "high", "open_ends"),
    [
        ("17", {}, "33/200", "7/40", (False, True)),
        ("17", {"half": "even"}, "33/200", "7/40", (True, True)),
        ("18", {"half": "even"}, "7/40", "37/200", (False, False)),
        ("18", {}, "7/40", "37/200", (False, False)),
        ("18", {"half": "up"}, "7/40", "37/200", (False, True)),
        ("17", {"half": "any"}, "33/200", "7/40", (False, False)),
        ("9.5", {}, "189/2000", "191/2000", (False, True)),
        ("9.55", {"half": "up"}, "1909/20000", "1911/20000", (False, True)),
        ("77", {"kind": "truncated"}, "77/100", "78/100", (False, True)),
        ("-1.5", {"half": "up"}, "-31/2000", "-29/2000", (True, False)),
    ],
)  # fmt: skip
def test_halves_go_where_the_convention_sends_them(text, options, low, high, open_ends):
    value = percent(text, **options)
    assert (value.low, value.high) == (Fraction(low), Fraction(high))
    assert (value.low_open, value.high_open) == open_ends


def test_a_half_decides_a_reading():
    # 14 of 80 is 17.5 %: printed as 18 by both usual rules, so that 17 % has no count of 80.
    counts = [Count("n", 80, 80), Count("x")]
    assert not feasible_counts(counts, [share("s", "x", "n", "17")]).is_feasible
    lenient = [Share("s", ("x",), ("n",), percent("17", half="any"))]
    assert feasible_counts(counts, lenient).values("x") == (14,)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("at_least", (5, 6)), ("more_than", (6,)), ("at_most", (3, 4, 5)), ("under", (3, 4)), ("exact", (5,))],
)
def test_bounds_in_words(kind, expected):
    assert feasible_counts([Count("n", 3, 6)], [Figure("f", ("n",), printed(5, kind=kind))]).values("n") == expected


def test_somebody_is_in_every_denominator():
    result = feasible_counts([Count("n", 0, 3), Count("x", 0, 3)], [share("s", "x", "n", "0")])
    assert result.values("n") == (1, 2, 3)


@pytest.mark.parametrize(
    ("counts", "statements", "message"),
    [
        ([Count("n"), Count("n")], [], "given twice"),
        ([Count("n", 3, 2)], [], "bounds that leave nothing"),
        ([Count("n")], [Figure("f", ("m",), printed(1))], r"names \['m'\]; allowed: n"),
        ([Count("n")], [Figure("f", (), printed(1))], "no count"),
        ([Count("n")], [Figure("f", ("n",), printed(1)), Figure("f", ("n",), printed(2))], "stands twice"),
    ],
)
def test_unsound_systems_are_refused(counts, statements, message):
    with pytest.raises(ValueError, match=message):
        feasible_counts(counts, statements)


@pytest.mark.parametrize(
    ("count", "statement", "message"),
    [
        (Count("b", 0, 9), Share("s", "ab", ("a",), printed("50", percent=True)), "part is text"),  # type: ignore[arg-type]
        (Count("b", 0, 9), Share("s", ("b",), "a", printed("50", percent=True)), "among is text"),  # type: ignore[arg-type]
        (Count("b", 0, 9), Share("s", ("b",), ("a",), "50"), "what printed"),  # type: ignore[arg-type]
        (Count("b", 0, 9), Relation("r", ("b",), "<", ("a",)), "allowed: <=, =, >="),  # type: ignore[arg-type]
        (Count("b", 0, 9), Relation("r", ("b",), "<=", ("a",), 0.5), "a whole number"),  # type: ignore[arg-type]
        (Count("b", 0.5, 9), Relation("r", ("b",), "<=", ("a",)), "no whole number"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_count_statement_or_value_is_refused(count, statement, message):
    with pytest.raises((TypeError, ValueError), match=message):
        feasible_counts([Count("a", 0, 9), count], [statement])


def test_too_many_readings_are_refused():
    statements = [
        Figure(f"{choice}{option}", ("n",), printed(1), under={choice: option}) for choice in "abc" for option in "xy"
    ]
    with pytest.raises(ValueError, match="make 8 readings; allowed: 7"):
        feasible_counts([Count("n")], statements, most_readings=7)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: printed("many"), "is no number"),
        (lambda: printed("9,5", percent=True), "a comma parts thousands"),
        (lambda: printed("12,34,567"), "a comma parts thousands"),
        (lambda: printed("nan"), "is no number"),
        (lambda: printed("5", kind="about"), "kind is 'about'; allowed: rounded"),
        (lambda: printed("5", half="down"), "half is 'down'; allowed: usual"),
        (lambda: printed("5", step=0), "step is 0; allowed"),
    ],
)
def test_what_cannot_be_printed(call, message):
    with pytest.raises(ValueError, match=message):
        call()
