"""What reliability may be asked of: tables, matrices, odd types, and what is refused by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.scoring import cronbach_alpha, intraclass_correlation, reliable_change, retest_reliability


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    trait = rng.normal(size=80)
    return pd.DataFrame({f"i{k}": np.round(3 + trait + rng.normal(size=80)) for k in range(4)})


def test_a_matrix_is_a_table_without_names(answers):
    table, matrix = cronbach_alpha(answers), cronbach_alpha(answers.to_numpy())
    assert matrix.estimate == pytest.approx(table.estimate, rel=1e-14)
    assert intraclass_correlation(answers.to_numpy())["estimate"].tolist() == pytest.approx(
        intraclass_correlation(answers)["estimate"].tolist(), rel=1e-14
    )


@pytest.mark.parametrize("dtype", ["object", "category", "Int64", "float32", "double[pyarrow]"])
def test_numbers_of_any_type_are_numbers(answers, dtype):
    assert cronbach_alpha(answers.astype(dtype)).estimate == pytest.approx(cronbach_alpha(answers).estimate, rel=1e-12)


def test_what_cannot_be_paired_is_refused(answers):
    with pytest.raises(ValueError, match="people by items; got 1 dimensions"):
        cronbach_alpha(answers["i0"].to_numpy())
    with pytest.raises(TypeError, match="participants for index"):
        reliable_change([1.0, 2.0], [2.0, 3.0], reliability=0.8)
    with pytest.raises(TypeError, match="participants for index"):
        retest_reliability([1.0, 2.0], pd.Series([2.0, 3.0]))
