"""Chained equations against R (mice): normal regressions, and every other kind of column.

Both sides draw. Estimates may differ by four Monte Carlo errors of their difference, as the reference says; its 5 % on
errors and 0.05 on the fraction of missing information are widened to four Monte Carlo errors where these are larger.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import impute_chained, pool

FOLDER = Path(__file__).parent
FOUR_ERRORS = 4.0
DRAWS = 100


def monte_carlo_of_fmi(fmi: float, draws: int) -> float:
    """Error of a fraction of missing information f: that of B/T, with B chi-squared on draws - 1 df."""
    return fmi * (1 - fmi) * np.sqrt(2 / (draws - 1))


def compare(found: pd.DataFrame, expected, *, draws: int) -> None:
    assert len(found) == len(np.atleast_1d(expected["estimate"]))
    for at, (_, row) in enumerate(found.iterrows()):
        theirs = {key: np.atleast_1d(expected[key])[at] for key in ("estimate", "se", "fmi", "mc_se_of_estimate")}
        spread = np.hypot(row["monte_carlo_error"], theirs["mc_se_of_estimate"])
        assert abs(row["estimate"] - theirs["estimate"]) < FOUR_ERRORS * spread, row["term"]
        wide = np.hypot(*(monte_carlo_of_fmi(row["fmi"], m) for m in (draws, 200)))
        assert abs(row["fmi"] - theirs["fmi"]) < max(0.05, FOUR_ERRORS * wide), row["term"]
        # T = U/(1 - lambda): a relative error of T is that of lambda over 1 - lambda; of its root, half of it.
        loose = max(0.05, FOUR_ERRORS * wide / (1 - row["fmi"]) / 2)
        assert abs(row["std_error"] / theirs["se"] - 1) < loose, row["term"]


def test_normal_regressions(case, fourarm) -> None:
    data = fourarm[["arm", "base", "y_T1", "y_T2", "y_T3", "y_T4"]]
    methods = {f"y_T{wave}": "norm" for wave in (1, 2, 3, 4)}
    filled = impute_chained(data, methods=methods, draws=200, iterations=10, rng=np.random.default_rng(20))
    expected = case("mi_mice_norm_fourarm_m200")
    table = filled.analyse("y_T4 ~ base + arm").set_index("term")
    table = table.loc[["Intercept", "base", "arm[T.B]", "arm[T.C]", "arm[T.D]"]].reset_index()
    compare(table, expected, draws=200)
    # The degrees of freedom follow from the fraction of missing information.
    np.testing.assert_allclose(table["df"], expected["df"], rtol=0.15)


@pytest.fixture(scope="module")
def mixed():
    """The simulated table with a gap in a quarter of four columns of four kinds, imputed 100 times."""
    data = pd.read_csv(FOLDER / "data_sim_mixed.csv").astype({"bin": "Int64", "ord": "Int64"})
    methods = {"num": "pmm", "bin": "logreg", "cat": "polyreg", "ord": "polr"}
    return impute_chained(data, methods=methods, draws=DRAWS, iterations=5, rng=np.random.default_rng(20))


def shares(filled, column: str, level) -> pd.DataFrame:
    """Share of a level, pooled as a mean."""
    found = [float((one[column] == level).mean()) for one in filled.datasets]
    n = filled.n_subjects
    pooled = pool(found, [share * (1 - share) / (n - 1) for share in found], df_complete=n - 1)
    row = {"term": level, "estimate": pooled.estimate, "std_error": pooled.std_error, "fmi": pooled.fmi}
    return pd.DataFrame([{**row, "monte_carlo_error": pooled.monte_carlo_error}])


def test_predictive_means_and_logits(case, mixed) -> None:
    numbers = case("mice_mixed")
    compare(mixed.analyse("num ~ x + z + bin + cat"), numbers["num_on_others"], draws=DRAWS)
    compare(mixed.analyse("bin ~ x + z", family="binomial"), numbers["bin_on_others"], draws=DRAWS)


def test_multinomial_and_ordered_logits(case, mixed) -> None:
    numbers = case("mice_mixed")
    for level, expected in numbers["ord_shares"].items():
        compare(shares(mixed, "ord", int(level)), expected, draws=DRAWS)
    compare(mixed.analyse("ord ~ x + bin"), numbers["ord_slope"], draws=DRAWS)
    for level, expected in numbers["cat_shares"].items():
        compare(shares(mixed, "cat", level), expected, draws=DRAWS)
