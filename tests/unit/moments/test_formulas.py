from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.errors import InsufficientDataError
from increase_eval.moments.formulas import learn_design, parse_formula


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "y": np.arange(12.0),
            "x": np.arange(12.0) ** 2,
            "arm": ["B", "A", "C"] * 4,
            "visit": ["T1"] * 6 + ["T2"] * 6,
            "year": [2023, 2024] * 6,
            "is_new": [True, False] * 6,
        }
    )


def test_terms_and_columns_come_in_the_order_of_r(frame):
    assert learn_design("y ~ x*visit + arm*visit", frame).names == (
        "Intercept",
        "x",
        "visit[T.T2]",
        "arm[T.B]",
        "arm[T.C]",
        "x:visit[T.T2]",
        "visit[T.T2]:arm[T.B]",
        "visit[T.T2]:arm[T.C]",
    )


def test_the_matrix_is_the_product_of_the_parts(frame):
    matrix = learn_design("y ~ arm * x", frame).matrix(frame)
    is_c = (frame["arm"] == "C").to_numpy()
    np.testing.assert_array_equal(matrix[:, 0], 1.0)
    np.testing.assert_array_equal(matrix[:, 2], is_c)
    np.testing.assert_array_equal(matrix[:, 5], is_c * frame["x"])


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("y ~ 0 + arm + visit", ("arm[A]", "arm[B]", "arm[C]", "visit[T.T2]")),
        ("y ~ arm - 1", ("arm[A]", "arm[B]", "arm[C]")),
        ("y ~ C(year)", ("Intercept", "C(year)[T.2024]")),
        ("y ~ year", ("Intercept", "year")),
        ("y ~ is_new", ("Intercept", "is_new[T.True]")),
        ("y ~ 1", ("Intercept",)),
        ("y ~ visit / x", ("Intercept", "visit[T.T2]", "visit[T1]:x", "visit[T2]:x")),
        ("y ~ (arm + x)**2 - arm:x", ("Intercept", "arm[T.B]", "arm[T.C]", "x")),
    ],
)
def test_coding(frame, formula, names):
    assert learn_design(formula, frame).names == names


def test_categories_keep_their_order_and_lose_unused_levels(frame):
    arm = pd.Categorical(frame["arm"], categories=["C", "B", "Z", "A"], ordered=True)
    names = learn_design("y ~ arm", frame.assign(arm=arm)).names
    assert names == ("Intercept", "arm[T.B]", "arm[T.A]")


def test_levels_are_those_of_the_rows_that_can_be_used(frame):
    missing = frame.assign(y=frame["y"].where(frame["arm"] != "A"))
    assert learn_design("y ~ arm", missing).names == ("Intercept", "arm[T.C]")
    assert learn_design("y ~ arm", missing).usable(missing).sum() == 8


def test_what_was_learned_applies_to_new_data(frame):
    design = learn_design("y ~ arm", frame)
    new = pd.DataFrame({"arm": ["C", None, "A"]})
    matrix = design.matrix(new)
    np.testing.assert_array_equal(matrix[[0, 2]], [[1, 0, 1], [1, 0, 0]])
    assert np.isnan(matrix[1, 1:]).all()
    with pytest.raises(ValueError, match=r"1 rows with a level .* allowed: \['A', 'B', 'C'\]"):
        design.matrix(pd.DataFrame({"arm": ["D"]}))
    as_category = pd.DataFrame({"arm": pd.Categorical(["A", "C"], categories=["C", "B", "A"])})
    np.testing.assert_array_equal(design.matrix(as_category), [[1, 0, 0], [1, 0, 1]])


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ {print(1)}",
        "y ~ np.log(x)",
        "y ~ log(x)",
        "y ~ I(x)",
        "y ~ C(x, Sum)",
        "y ~ C(C(x))",
        "y ~ x[1]",
        'y ~ __import__("os")',
        "y ~ .",
        "y ~ x + 2",
        "y ~ a b",
        "y ~ x ~ z",
        "y | x",
        "log(y) ~ x",
        "y + z ~ x",
        "y ~ y",
        "y ~",
        "",
        "y ~ `a{b}`",
    ],
)
def test_anything_else_is_refused(formula):
    with pytest.raises(ValueError, match="formula"):
        parse_formula(formula)


def test_names_with_spaces_and_points():
    assert parse_formula("`my score` ~ `group a` * x.1").terms == ((), ("group a",), ("x.1",), ("group a", "x.1"))


def test_an_absent_column_and_an_empty_table_are_named(frame):
    with pytest.raises(ValueError, match=r"\['age'\] are not in the table"):
        learn_design("y ~ age", frame)
    with pytest.raises(InsufficientDataError, match="no row has all"):
        learn_design("y ~ arm", frame.assign(arm=None))
