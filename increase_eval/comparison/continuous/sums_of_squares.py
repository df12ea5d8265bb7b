"""Which terms of a linear model matter? Sums of squares of type I, II and III."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from increase_eval.comparison.engines.frames import ModelFrame
from increase_eval.comparison.engines.linear import LinearFit, fit_linear
from increase_eval.moments.formulas import Design

Floats = npt.NDArray[np.float64]

RESIDUALS = "Residuals"


def term_table(frame: ModelFrame, fit: LinearFit, ss_type: int) -> pd.DataFrame:
    """Test every term of a linear model.

    Returns
    -------
    DataFrame
        Index ``term``, ending with ``Residuals``; ``sum_sq, df, statistic, p_value``.
    """
    rows = list(_squares(frame, fit, ss_type))
    table = pd.DataFrame(rows, columns=["term", "sum_sq", "df"]).set_index("term")
    statistic = table["sum_sq"] / table["df"] / fit.sigma2
    p_value = stats.f.sf(statistic, table["df"], fit.df_residual)
    table = table.assign(statistic=statistic, p_value=p_value)
    table.loc[RESIDUALS] = [fit.residual_squares, fit.df_residual, np.nan, np.nan]
    return table.astype({"df": int})


def _squares(frame: ModelFrame, fit: LinearFit, ss_type: int) -> Iterator[tuple[str, float, int]]:
    terms = list(dict.fromkeys(column.term for column in frame.design.columns))
    columns = {t: np.array([column.term == t for column in frame.design.columns]) for t in terms}
    if ss_type == 3:
        centred = sum_to_zero(frame.design, frame.data)
        full = fit_linear(centred, fit.response, fit.names)
        for term in terms:
            own = columns[term]
            block = np.linalg.solve(full.inverse[np.ix_(own, own)], full.coefficients[own])
            yield _name(term), float(full.coefficients[own] @ block), int(own.sum())
        return
    before: list[tuple[str, ...]] = [()] if () in columns else []
    for term in terms:
        if term == ():
            continue
        others = before if ss_type == 1 else [t for t in terms if t != term and not set(term) <= set(t)]
        reduced = _residual_squares(fit, [columns[t] for t in others])
        with_term = _residual_squares(fit, [columns[t] for t in [*others, term]])
        before.append(term)
        yield _name(term), reduced - with_term, int(columns[term].sum())


def _name(term: tuple[str, ...]) -> str:
    return ":".join(term) or "Intercept"


def _residual_squares(fit: LinearFit, masks: Sequence[npt.NDArray[np.bool_]]) -> float:
    if not masks:
        return float(fit.response @ fit.response)
    chosen = fit.matrix[:, np.logical_or.reduce(masks)]
    return fit_linear(chosen, fit.response, [""] * chosen.shape[1]).residual_squares


def sum_to_zero(design: Design, data: pd.DataFrame) -> Floats:
    """Give the design matrix with sum-to-zero contrasts wherever the design has contrasts with the first level."""
    coded: dict[tuple[tuple[str, ...], str], set[int | None]] = {}
    for column in design.columns:
        for name, level in column.parts:
            coded.setdefault((column.term, name), set()).add(level)
    indicators: dict[tuple[str, int], Floats] = {}
    for name, variable in design.variables.items():
        if variable.levels is not None:
            codes = variable.codes(data)
            indicators |= {(name, level): (codes == level).astype(float) for level in range(len(variable.levels))}
    matrix = np.ones((len(data), len(design.columns)))
    for j, column in enumerate(design.columns):
        for name, level in column.parts:
            variable = design.variables[name]
            if level is None or variable.levels is None:
                matrix[:, j] *= variable.numbers(data)
            elif 0 in coded[column.term, name]:
                matrix[:, j] *= indicators[name, level]
            else:
                matrix[:, j] *= indicators[name, level - 1] - indicators[name, len(variable.levels) - 1]
    return matrix
