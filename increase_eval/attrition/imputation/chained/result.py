"""What chained equations leave: completed tables, how the chains went, and analyses pooled by Rubin's rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from increase_eval.attrition.imputation.base import Imputations
from increase_eval.attrition.imputation.chained.plan import Plan
from increase_eval.attrition.pooling import Pooled, pool
from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.engines.generalised_linear import fit_generalised
from increase_eval.comparison.engines.linear import fit_linear, inference_table
from increase_eval.comparison.repeated.assemble import independent_columns
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.accumulate import FloatArray
from increase_eval.moments.formulas import ParsedFormula, learn_design, parse_formula

AnalysisFamily = Literal["gaussian", "binomial"]


@dataclass(frozen=True, slots=True, eq=False)
class ChainedImputations(Imputations):
    """Completed tables from chained equations.

    Attributes
    ----------
    chains
        DataFrame: column, draw, iteration, mean, variance of the imputed values (of level numbers where a column has
        levels).
    r_hat
        DataFrame: column, of_mean, of_variance: how far chains still differ, near 1 where they do not.
    notes
        Fall-backs that were used.
    imputed
        Column to (draws, missing) values: numbers in units of the equations, or level numbers.
    shares, uniforms
        Column with levels to the probabilities (draws, missing, K) behind its values, and (draws, missing) numbers
        that decided.
    """

    chains: pd.DataFrame
    r_hat: pd.DataFrame
    notes: tuple[str, ...]
    table: pd.DataFrame = field(repr=False)
    plan: Plan = field(repr=False)
    imputed: dict[str, FloatArray] = field(repr=False)
    shares: dict[str, FloatArray] = field(repr=False)
    uniforms: dict[str, FloatArray] = field(repr=False)

    @property
    def values(self) -> pd.DataFrame:
        """One row an imputed value: column, row (label of the index), then one column a draw."""
        parts = []
        for name in self.imputed:
            gone = self.plan.variables[name].missing
            draws: dict[Any, Any] = {
                draw: self._column(name, draw).iloc[gone].to_numpy(dtype=object) for draw in range(self.n_draws)
            }
            parts.append(pd.DataFrame(draws).assign(column=name, row=self.table.index[gone]))
        if not parts:
            return pd.DataFrame(columns=["column", "row", *range(self.n_draws)])
        return pd.concat(parts, ignore_index=True)[["column", "row", *range(self.n_draws)]]

    def completed(self, draw: int = 0) -> pd.DataFrame:
        """Give a completed table: rows, index, columns and types as they came.

        Parameters
        ----------
        draw
            Number of the draw, from 0.

        Raises
        ------
        ValueError
            If there is no such draw.
        """
        self.check_draw(draw)
        return self.table.assign(**{name: self._column(name, draw) for name in self.imputed})

    def _column(self, name: str, draw: int) -> pd.Series[Any]:
        return self.plan.variables[name].completed(self.imputed[name][draw])

    def analyse(self, formula: str, *, confidence: float = 0.95, family: AnalysisFamily = "gaussian") -> pd.DataFrame:
        """Regress on each completed table and pool: what do the data say once gaps are filled in?

        Parameters
        ----------
        formula
            Such as ``"score ~ arm + base"``.
        confidence
            Coverage of the intervals.
        family
            ``gaussian``: least squares. ``binomial``: a logit of an outcome of two levels, or 0 and 1.

        Returns
        -------
        DataFrame
            One row a term: term, estimate, std_error, df, statistic, p_value, conf_low, conf_high, fmi,
            monte_carlo_error, n (rows used), n_imputed (of them with an imputed outcome), variance (``rubin``), status.

        Raises
        ------
        ValueError
            If the formula has no outcome, names an absent column, or has a term that an imputation model lacked.
        InsufficientDataError
            If columns are not independent, there are too few rows, or there is one draw only.

        Notes
        -----
        Rubin's rules with Barnard and Rubin's df for n - p complete-data df. Rows that miss a column which was not
        imputed are left out. A term is lacked if an imputed column of the formula was imputed without it: the outcome
        from every term, and a covariate from the outcome and every other term (of an interaction with it, from the
        outcome times the rest).

        References
        ----------
        Rubin DB (1987). Multiple Imputation for Nonresponse in Surveys. doi:10.1002/9780470316696
        Meng XL (1994). Multiple-imputation inferences with uncongenial sources of input. doi:10.1214/ss/1177010269

        Checked against
        ---------------
        ``mi_mice_norm_fourarm_m200`` (R mice 3.15.0).
        """
        normal_quantile(confidence)
        parsed = parse_formula(formula)
        self.check_contained(parsed, formula)
        found = [self._fit(parsed, draw, family) for draw in range(self.n_draws)]
        names, used = found[0][2], found[0][3]
        q, u = np.array([one[0] for one in found]), np.array([one[1] for one in found])
        free = int(used.sum()) - len(names)
        pooled: list[Pooled] = [pool(q[:, k], u[:, k], df_complete=free) for k in range(len(names))]
        numbers = np.array([[one.estimate, one.std_error, one.df, one.fmi, one.monte_carlo_error] for one in pooled]).T
        estimate, error, df = numbers[:3]
        table = inference_table(pd.Index(names, name="term"), estimate, error, df, confidence).reset_index()
        gone = ~self.plan.variables[parsed.response or ""].seen if parsed.response in self.imputed else ~used
        return table.assign(
            fmi=numbers[3],
            monte_carlo_error=numbers[4],
            n=int(used.sum()),
            n_imputed=int((gone & used).sum()),
            variance=self.variance,
            status="estimated",
        )

    def check_contained(self, parsed: ParsedFormula, formula: str) -> None:
        """Refuse an analysis with a term that an imputation model lacked.

        Raises
        ------
        ValueError
            If there is no outcome, a column is absent, or a term was lacked.
        """
        if parsed.response is None:
            raise ValueError(f"formula {formula!r} has no outcome on its left-hand side")
        names = [parsed.response, *parsed.variables]
        absent = [name for name in names if name not in self.table.columns]
        if absent:
            raise ValueError(f"columns {absent} are not in the table; it has {list(self.table.columns)}")
        lacked = []
        for name in names:
            if name in self.imputed:
                has = self.plan.contains(name)
                lacked += [(name, ":".join(sorted(term))) for term in needed(parsed, name) if term not in has]
        if lacked:
            words = "; ".join(f"{term!r} was not in the model of {name!r}" for name, term in lacked)
            raise ValueError(
                f"the imputation lacked terms of the analysis {formula!r}: {words}. Impute again with them"
            )

    def _fit(self, parsed: ParsedFormula, draw: int, family: str) -> tuple[FloatArray, FloatArray, Any, Any]:
        rows = self.completed(draw)
        response = str(parsed.response)
        design = learn_design(parsed, rows)
        used = design.usable(rows)
        x, y = design.matrix(rows[used]), response_numbers(rows[response][used])
        if len(x) <= x.shape[1]:
            raise InsufficientDataError(f"{len(x)} rows cannot carry {x.shape[1]} coefficients")
        length = np.linalg.norm(x, axis=0)
        scaled = x / np.where(length > 0, length, 1.0)
        kept = independent_columns(scaled.T @ scaled)
        if not kept.all():
            lost = [name for name, keep in zip(design.names, kept, strict=True) if not keep]
            raise InsufficientDataError(f"the columns {lost} are sums of the others, so they have no coefficient")
        if family == "gaussian":
            linear = fit_linear(x, y, design.names)
            return linear.coefficients, np.diag(linear.vcov), design.names, used
        if family != "binomial" or not np.isin(y, (0.0, 1.0)).all():
            raise ValueError(f"family is {family!r}; allowed: gaussian, or binomial for an outcome of two levels")
        fitted = fit_generalised(x, y, design.names, family="binomial")
        return fitted.coefficients, np.diag(fitted.vcov), design.names, used


def needed(parsed: ParsedFormula, name: str) -> list[frozenset[str]]:
    """Give the terms that the imputation model of a column must have for an analysis to be contained in it."""
    terms = [frozenset(term) for term in parsed.terms if term]
    if name == parsed.response:
        return terms
    outcome = frozenset([str(parsed.response)])
    others = [term for term in terms if name not in term]
    return list(dict.fromkeys([outcome, *others, *(outcome | (term - {name}) for term in terms if name in term)]))


def response_numbers(column: pd.Series[Any]) -> FloatArray:
    """Give an outcome as numbers; of two levels, 1 is the second.

    Raises
    ------
    ValueError
        If it has categories, and not two.
    """
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return np.asarray(column.to_numpy(dtype=np.float64))
    codes, levels = pd.factorize(column.astype(object), sort=True)
    if isinstance(column.dtype, pd.CategoricalDtype):
        levels = pd.Index([level for level in column.cat.categories if (column == level).any()])
        codes = pd.Index(levels, dtype=object).get_indexer(pd.Index(column.astype(object)))
    if len(levels) > 2:
        raise ValueError(f"outcome {column.name!r} has {len(levels)} levels; allowed: two, or numbers")
    return codes.astype(np.float64)
