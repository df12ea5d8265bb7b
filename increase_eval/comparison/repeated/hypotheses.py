"""What is tested: hypotheses in words or matrices, and p values adjusted for how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from increase_eval.comparison.continuous.multiplicity import adjust_p_values
from increase_eval.comparison.engines.linear_functions import linear_functions, named_columns
from increase_eval.moments.accumulate import FloatArray
from increase_eval.moments.formulas import Column
from increase_eval.results import estimate_table

ADJUSTMENTS = ("none", "holm", "tukey", "hochberg", "fdr_bh")


@dataclass(frozen=True, slots=True)
class FTest:
    """An F test of several linear functions at once.

    Attributes
    ----------
    statistic
        The F statistic (scaled, for Kenward-Roger).
    numerator_df, df
        Numerator and denominator degrees of freedom.
    p_value
        Upper tail.
    terms
        What was tested.
    status
        ``estimated``, or why the test is refused (errors over too few clusters).
    """

    statistic: float
    numerator_df: int
    df: float
    p_value: float
    terms: str
    status: str = "estimated"

    def to_frame(self) -> pd.DataFrame:
        """One row of an estimate table; ``df`` is the denominator's, ``contrast`` names the numerator's."""
        row = {"term": self.terms, "contrast": f"{self.numerator_df} linear functions = 0", "statistic": self.statistic}
        return estimate_table([{**row, "df": self.df, "p_value": self.p_value}], method="F test", status=self.status)


def hypothesis(terms: Any, columns: Sequence[Column]) -> tuple[FloatArray, str]:
    """Write a hypothesis as linear functions of the estimated coefficients, and as words.

    Parameters
    ----------
    terms
        Names of terms or coefficients, or a matrix with one column a coefficient (those of a DataFrame by name).
    columns
        The columns that are estimated.
    """
    p = len(columns)
    if isinstance(terms, pd.DataFrame):
        terms = named_columns(terms, [column.name for column in columns])
    if not isinstance(terms, str) and not all(isinstance(term, str) for term in terms):
        matrix = linear_functions(terms, p)
        return matrix, f"{len(matrix)} linear functions"
    wanted = [terms] if isinstance(terms, str) else list(terms)
    rows: list[int] = []
    for name in wanted:
        factors = {_plain(part) for part in name.split(":")}
        found = [k for k, column in enumerate(columns) if column.name == name or {*column.term} == factors]
        if not found:
            have = sorted({":".join(column.term) for column in columns if column.term})
            raise ValueError(f"{name!r} is not a term that was estimated; allowed: {have} or a coefficient")
        rows += found
    if not rows:
        raise ValueError("no term is named, so there is nothing to test")
    return np.eye(p)[list(dict.fromkeys(rows))], " + ".join(wanted)


def _plain(part: str) -> str:
    """Give the name of a factor, also where it is written as in the formula: ``C(arm)`` or in backticks."""
    name = part.strip()
    return (name[2:-1] if name.startswith("C(") and name.endswith(")") else name).strip().strip("`")


def independent_rows(functions: FloatArray) -> FloatArray:
    """Drop the rows of a hypothesis that follow from earlier ones."""
    scaled = functions / np.sqrt((functions**2).sum(axis=1, keepdims=True))
    kept: list[int] = []
    for row in range(len(functions)):
        if np.linalg.matrix_rank(scaled[[*kept, row]], tol=1e-9) == len(kept) + 1:
            kept.append(row)
    return functions[kept]


def adjusted(table: pd.DataFrame, n_levels: int, kind: str, adjust: str) -> pd.DataFrame:
    """Adjust p values, and intervals for Tukey, within each family of contrasts between ``n_levels`` levels."""
    if adjust not in ADJUSTMENTS:
        raise ValueError(f"adjust {adjust!r} is not known; allowed: {', '.join(ADJUSTMENTS)}")
    if adjust == "tukey" and kind != "pairwise":
        raise ValueError("adjust='tukey' is for kind='pairwise'; use holm or hochberg with a reference")
    if adjust == "none" or not len(table):
        return table
    result = table.copy()
    df = result["df"].to_numpy()
    if adjust == "tukey":
        reach = stats.studentized_range.ppf(0.95, n_levels, df) / np.sqrt(2.0) * result["std_error"]
        spread = np.sqrt(2.0) * result["statistic"].abs().to_numpy()
        result["p_value"] = stats.studentized_range.sf(spread, n_levels, df)
        return result.assign(conf_low=result["estimate"] - reach, conf_high=result["estimate"] + reach)
    size = n_levels * (n_levels - 1) // 2 if kind == "pairwise" else n_levels - 1
    values = result["p_value"].to_numpy()
    families = [adjust_p_values(values[start : start + size], adjust) for start in range(0, len(values), size)]  # type: ignore[arg-type]
    return result.assign(p_value=np.concatenate(families))
