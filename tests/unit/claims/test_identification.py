"""What a design can tell apart: small designs whose answer is plain, and random ones against the full design matrix."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from increase_eval.claims import Assumption, Attribution, check_identification
from increase_eval.claims.identification.graph import factor_graph, is_estimable

IDENTIFIED, ASSUMED, NOT_SEPARABLE, NOT_ESTIMABLE = (
    "identified", "identified under assumption", "not separable", "not estimable",
)  # fmt: skip


def people(columns, cells, each=4):
    """Give `each` people in every cell; a cell is written as one letter a column."""
    return pd.DataFrame([list(cell) for cell in cells.split() for _ in range(each)], columns=columns.split())


def label(design, contrast="b - a", **options):
    factors = [column for column in design if column != "arm"]
    return check_identification(design, arm="arm", factors=factors, **options).attribution(contrast)


@pytest.mark.parametrize(
    ("columns", "cells", "options", "expected"),
    [
        ("arm site", "ax bx ay by", {"randomised": "person"}, "identified"),
        ("arm site", "ax bx ay by", {}, "identified under assumption: unconfounded"),
        ("arm site", "ax by", {"randomised": "person"}, "not separable: site"),
        ("arm site", "ax by", {}, "not separable: site"),
        ("arm site", "aw ax by bz", {}, "identified under assumption: unconfounded, exchangeable(site)"),
        ("arm site", "aw ax by bz", {"randomised": "site"}, "identified"),
        ("arm site", "ax by", {"randomised": "site"}, "not separable: site"),
        ("arm site", "aw ax by", {"randomised": "site"}, "not separable: site"),
        ("arm site", "ax bx ay", {}, "identified under assumption: unconfounded, additive(site)"),
        ("arm country", "ae be", {}, "identified under assumption: unconfounded"),
        ("arm country language", "aee bff", {}, "not separable: country, language"),
        ("arm provider country", "ape aqe brf bsf", {}, "not separable: country"),
        ("arm provider area country", "apke bqhe brhe", {}, "not separable: provider, area"),
        ("arm quarter", "a1 b1 a2 b2 a3", {"ordered": ["quarter"]},
         "identified under assumption: unconfounded, additive(quarter)"),
        ("arm quarter", "a1 a2 b3 b4", {"ordered": ["quarter"]}, "not separable: quarter"),
        ("arm quarter", "a1 b2 a3 b4", {"ordered": ["quarter"]},
         "identified under assumption: unconfounded, exchangeable(quarter)"),
        ("arm site", "ax cx cy by", {}, "identified under assumption: unconfounded, indirect(site)"),
        ("arm site", "ax by", {"contrasts": [("a", "c")]}, "not estimable"),
        ("arm", "a b", {"randomised": "person"}, "identified"),
        ("arm", "a b", {}, "identified under assumption: unconfounded"),
    ],
)  # fmt: skip
def test_plain_designs(columns, cells, options, expected):
    contrast = "c - a" if "contrasts" in options else "b - a"
    assert str(label(people(columns, cells), contrast, **options)) == expected


def test_joint_aliasing_names_the_fewest_factors():
    # The arm is u + v - 1 on a path of cells, so that arm, u and v add up to no rank for the arm; w is crossed.
    cells = [("a", "1", "1"), ("b", "1", "2"), ("b", "2", "1")]
    design = pd.DataFrame(
        [(*cell, w) for cell in cells for w in "xy" for _ in range(3)], columns=["arm", "u", "v", "w"]
    )
    assert str(label(design)) == "not separable: u, v"
    assert label(design[["arm", "u", "w"]]).label == ASSUMED


def test_chance_may_leave_an_arm_out_of_a_small_level_and_not_out_of_a_large_one():
    crossed = people("arm site", "ax bx", each=50)
    small = pd.concat([crossed, people("arm site", "ay", each=2)])
    large = pd.concat([crossed, people("arm site", "ay", each=30)])
    assert str(label(small, randomised="person")) == IDENTIFIED
    assert str(label(large, randomised="person")) == "identified under assumption: additive(site)"


def test_many_small_sessions_do_not_spoil_random_allocation():
    design = pd.DataFrame({"arm": ["a", "b"] * 20, "session": [f"s{at}" for at in range(40)]})
    assert str(label(design, randomised="person")) == IDENTIFIED
    assert str(label(design)) == "identified under assumption: unconfounded, exchangeable(session)"


def test_what_is_not_known_in_an_arm_cannot_be_compared():
    design = people("arm origin", "ax ay b? b?").replace("?", None)
    assert str(label(design)) == "identified under assumption: unconfounded, unknown(origin)"


def test_an_arm_absent_from_a_country_is_compared_in_the_other():
    design = people("arm country", "ae af be bf ce")
    result = check_identification(design, arm="arm", factors=["country"])
    assert str(result.attribution("b - a")) == "identified under assumption: unconfounded"
    assert str(result.attribution("c - a")) == "identified under assumption: unconfounded, additive(country)"


def test_the_frame_has_one_row_a_contrast_and_factor():
    frame = check_identification(people("arm site", "ax by"), arm="arm", factors=["site"]).to_frame()
    assert frame["factor"].tolist() == ["all", "site"]
    assert frame["label"].tolist() == [NOT_SEPARABLE] * 2
    assert frame.loc[0, "needs"] == "site"
    assert frame.loc[1, ["levels_first", "levels_second", "levels_shared"]].tolist() == [1, 1, 0]


def test_the_graph_names_how_factors_lie_in_each_other():
    graph = factor_graph(people("arm site country", "axe aye bze bwf"), ["arm", "site", "country"])
    found = graph.set_index(["factor", "other"])["relation"].to_dict()
    assert found[("site", "arm")] == "nested"
    assert found[("arm", "site")] == "contains"
    assert found[("country", "arm")] == "partly crossed"


def test_people_without_an_arm_are_dropped_and_counted():
    design = pd.concat([people("arm site", "ax bx"), pd.DataFrame({"arm": [None], "site": ["x"]})])
    assert check_identification(design, arm="arm", factors=["site"]).n_dropped == 1


def test_a_factor_that_two_arms_share_counts_where_it_varies_in_the_arm_that_links_them():
    result = check_identification(people("arm f g", "a1x b1y c1x c2y"), arm="arm", factors=["f", "g"])
    assert str(result.attribution("b - a")) == f"{NOT_SEPARABLE}: f, g"
    apart = check_identification(people("arm f g", "a1x b1y c1x c1y c2y"), arm="arm", factors=["f", "g"])
    assert apart.attribution("b - a").label == ASSUMED


designs = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("1234"), st.sampled_from("xy")), min_size=2, max_size=9
).map(lambda rows: pd.DataFrame(rows, columns=["arm", "f", "g"]))


@settings(max_examples=80)
@given(designs)
def test_linked_factors_are_those_that_leave_rank(design):
    if not {"a", "b"} <= set(design["arm"]):
        return
    result = check_identification(design, arm="arm", factors=["f", "g"], contrasts=[("a", "b")])
    linked = [one.factor for one in result.contrasts[0].factors if one.relation not in ("nested", "aliased", "empty")]
    for one in result.contrasts[0].factors:
        cells = design[["arm", one.factor]].drop_duplicates()
        assert (one.factor in linked) == is_estimable(cells, "arm", [one.factor], "a", "b")
    if len(linked) == 2 and result.attribution("b - a").label == ASSUMED:
        assert is_estimable(design.drop_duplicates(), "arm", ["f", "g"], "a", "b")


@st.composite
def hierarchies(draw):
    """Sites in providers, providers with one arm or several, areas over both, quarters that arms share or do not."""
    arms = draw(st.integers(2, 4))
    providers = draw(st.lists(st.integers(0, arms - 1), min_size=2, max_size=6))
    mixed = draw(st.lists(st.booleans(), min_size=len(providers), max_size=len(providers)))
    areas = draw(st.lists(st.integers(0, 2), min_size=len(providers), max_size=len(providers)))
    quarters = draw(st.lists(st.sets(st.integers(1, 4), min_size=1, max_size=3), min_size=arms, max_size=arms))
    rows = []
    for place, arm in enumerate(providers):
        for site in range(draw(st.integers(1, 3))):
            for own in {arm, (arm + 1) % arms} if mixed[place] else {arm}:
                for quarter in quarters[own]:
                    name = "abcd"[own]
                    rows.append((name, f"s{place}{site}", f"p{place}", f"x{areas[place]}", f"q{quarter}"))
    return pd.DataFrame(rows, columns=["arm", "site", "provider", "area", "quarter"])


def in_row_space(cells, factors):
    """Whether b - a can be told in arm + factors: the contrast against a basis of the design's row space, by SVD."""
    columns = [pd.get_dummies(cells[name], dtype=float, prefix=name) for name in ("arm", *factors)]
    design = pd.concat(columns, axis=1)
    contrast = np.array([(name == "arm_b") - (name == "arm_a") for name in design.columns], dtype=float)
    _, sizes, basis = np.linalg.svd(design.to_numpy(), full_matrices=False)
    basis = basis[sizes > 1e-9 * sizes.max()]
    return bool(np.abs(contrast - basis.T @ (basis @ contrast)).max() < 1e-8)


@settings(max_examples=150)
@given(hierarchies())
def test_nested_and_crossed_hierarchies_agree_with_the_row_space(design):
    if not {"a", "b"} <= set(design["arm"]):
        return
    factors = ["site", "provider", "area", "quarter"]
    result = check_identification(design, arm="arm", factors=factors, contrasts=[("a", "b")], ordered=["quarter"])
    checks, found = result.contrasts[0].factors, result.attribution("b - a")
    for one in checks:
        is_told = one.relation in ("constant", "overlapping", "partly overlapping", "indirect")
        assert is_told == in_row_space(design, [one.factor])
    linked = [one.factor for one in checks if one.relation in ("overlapping", "partly overlapping", "indirect")]
    if found.label == NOT_SEPARABLE:
        # What is named, all together, leaves nothing to tell the arms by.
        assert not in_row_space(design, found.factors)
    else:
        assert found.label == ASSUMED
        assert in_row_space(design, linked)
        named = {one.factor for one in found.assumptions if one.kind == "exchangeable"}
        assert named == {one.factor for one in checks if one.relation == "nested"}


@settings(max_examples=40)
@given(designs, st.permutations(list("1234")), st.randoms(use_true_random=False))
def test_names_of_levels_and_order_of_rows_do_not_matter(design, renamed, random):
    if not {"a", "b"} <= set(design["arm"]):
        return
    order = list(range(len(design)))
    random.shuffle(order)
    other = design.iloc[order].assign(f=lambda d: d["f"].map(dict(zip("1234", renamed, strict=True))))
    one, two = (
        check_identification(data, arm="arm", factors=["f", "g"], contrasts=[("a", "b")]) for data in (design, other)
    )
    assert one.attribution("b - a") == two.attribution("b - a")


@settings(max_examples=40)
@given(designs)
def test_both_directions_of_a_contrast_have_one_attribution(design):
    if not {"a", "b"} <= set(design["arm"]):
        return
    result = check_identification(design, arm="arm", factors=["f", "g"], contrasts=[("a", "b"), ("b", "a")])
    assert result.attribution("b - a") == result.attribution("a - b")


def test_more_people_in_every_cell_change_nothing_without_random_allocation():
    rng = np.random.default_rng(5)
    design = pd.DataFrame({"arm": rng.choice(list("ab"), 8), "f": rng.choice(list("123"), 8)})
    assert label(design) == label(pd.concat([design] * 5))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"factors": ["nowhere"]}, "columns .'nowhere'. are not in the data"),
        ({"factors": ["arm"]}, "is the arm and cannot be a factor"),
        ({"contrasts": [("a", "a")]}, "compare an arm with itself"),
        ({"randomised": "class"}, "randomised is 'class'; allowed: person, site"),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        check_identification(people("arm site", "ax bx"), **{"arm": "arm", "factors": ["site"], **options})


def test_an_attribution_says_what_it_rests_on():
    with pytest.raises(ValueError, match="assumptions for"):
        Attribution("identified under assumption")
    with pytest.raises(ValueError, match="factors for"):
        Attribution("identified", factors=("site",))
    assert str(Attribution("identified under assumption", (Assumption("unconfounded"),))).endswith("unconfounded")


def test_a_contrast_that_was_not_checked_is_refused():
    result = check_identification(people("arm", "a b"), arm="arm", factors=[])
    with pytest.raises(ValueError, match="was not checked; allowed"):
        result.attribution("c - a")
