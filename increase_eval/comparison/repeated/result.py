"""A fitted model for repeated measures: coefficients, means, contrasts, changes, tests and refits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from increase_eval.comparison.repeated.assemble import Cells, Columns, take_moments
from increase_eval.comparison.repeated.hypotheses import FTest, adjusted, hypothesis, independent_rows
from increase_eval.comparison.repeated.inference import Inference
from increase_eval.comparison.repeated.layout import Layout
from increase_eval.comparison.repeated.likelihood import Sums
from increase_eval.comparison.repeated.margins import Grid, difference_grid, level_pairs, mean_grid
from increase_eval.comparison.repeated.refits import (
    Refits,
    batch_size,
    check_units,
    draw_clusters,
    refit,
    strata_of,
    unit_moments,
)
from increase_eval.comparison.repeated.solve import Solution
from increase_eval.moments.accumulate import FloatArray, IntArray
from increase_eval.results import estimate_table


@dataclass(frozen=True, slots=True, eq=False)
class MmrmFit:
    """A mixed model for repeated measures, fitted.

    Attributes
    ----------
    coefficients
        DataFrame indexed by ``term``: estimate, std_error, df, statistic, p_value, conf_low, conf_high (95%).
    vcov
        DataFrame, terms by terms: the covariance that the standard errors come from.
    covariance
        DataFrame, visits by visits; with ``covariance_by`` a dictionary of them, one a group.
    log_likelihood, aic, bic
        AIC counts covariance parameters only, BIC takes the logarithm of the number of subjects.
    n_obs, n_subjects
        Rows and subjects used.
    n_dropped
        Subjects in the table without any usable row (``n_rows_dropped`` counts rows).
    status
        ``converged``, or which fall-back was used.
    aliased
        Columns that were dropped because they are sums of earlier ones.
    method
        One line that says what was done, fall-backs included.
    """

    coefficients: pd.DataFrame
    vcov: pd.DataFrame
    covariance: pd.DataFrame | dict[Any, pd.DataFrame]
    log_likelihood: float
    aic: float
    bic: float
    n_obs: int
    n_subjects: int
    n_dropped: int
    n_rows_dropped: int
    status: str
    aliased: tuple[str, ...]
    method: str
    layout: Layout = field(repr=False)
    cells: Cells = field(repr=False)
    columns: Columns = field(repr=False)
    solution: Solution = field(repr=False)
    inference: Inference = field(repr=False)

    def means(
        self,
        factor: str | Sequence[str],
        *,
        by: str | Sequence[str] | None = None,
        weights: str = "equal",
        at: Mapping[str, Any] | pd.Series[Any] | None = None,
    ) -> pd.DataFrame:
        """Estimate marginal means (least-squares means).

        Parameters
        ----------
        factor, by
            Factors of the formula; a mean for each combination of their levels, those of ``factor`` varying fastest.
        weights
            ``equal`` or ``proportional``: how other factors are averaged over (each level the same, or by their joint
            share among the rows used).
        at
            Values at which covariates are held, by default their mean over the rows used; also levels of factors.

        Returns
        -------
        DataFrame
            The factors, then estimate, std_error, df, statistic, p_value, conf_low, conf_high and status
            (``estimated`` or ``not estimable``: the mean needs a column that the data do not determine).
        """
        return self.estimates(self._mean_grid(factor, by, weights=weights, at=at))

    def contrasts(
        self,
        factor: str,
        *,
        by: str | Sequence[str] | None = None,
        kind: str = "pairwise",
        reference: Any = None,
        adjust: str = "none",
        weights: str = "equal",
        at: Mapping[str, Any] | pd.Series[Any] | None = None,
    ) -> pd.DataFrame:
        """Estimate differences between the levels of a factor, later level minus earlier.

        Parameters
        ----------
        factor, by, weights, at
            As for :meth:`means`.
        kind
            ``pairwise``, or ``reference``: each level minus one.
        reference
            That level; the first by default.
        adjust
            For the number of contrasts within each combination of ``by``: ``holm``, ``hochberg`` and ``fdr_bh`` adjust
            p values; ``tukey`` adjusts p values and intervals by the studentised range, for pairwise contrasts.

        Returns
        -------
        DataFrame
            contrast, the ``by`` factors, then the columns of :meth:`means`.
        """
        grid = self._contrast_grid(factor, by, kind, reference, weights=weights, at=at)
        return adjusted(self.estimates(grid), len(self.layout.design.variables[factor].levels or ()), kind, adjust)

    def change(
        self,
        from_visit: Any,
        to_visit: Any,
        *,
        by: str | Sequence[str] | None = None,
        weights: str = "equal",
        at: Mapping[str, Any] | pd.Series[Any] | None = None,
    ) -> pd.DataFrame:
        """Estimate the within-person change between two visits, on the model's scale.

        Returns
        -------
        DataFrame
            contrast (``to - from``), the ``by`` factors, then the columns of :meth:`means`.
        """
        return self.estimates(self._change_grid(from_visit, to_visit, by, weights=weights, at=at))

    def test(self, terms: str | Sequence[str] | FloatArray | Sequence[Sequence[float]]) -> FTest:
        """Test that terms, or linear functions of the coefficients, are all zero.

        Parameters
        ----------
        terms
            Names of terms of the formula (``"arm:visit"``, in any order of factors) or of coefficients; or a matrix
            with one column for each row of ``coefficients``.

        Raises
        ------
        ValueError
            If a name is neither a term nor a coefficient, or the matrix has the wrong number of columns.
        """
        estimated = [self.layout.design.columns[j] for j in self.columns.kept]
        functions, words = hypothesis(terms, estimated)
        refused = [words for words in self.inference.refusals(functions) if words]
        if refused:
            return FTest(np.nan, len(independent_rows(functions)), np.nan, np.nan, words, refused[0])
        found = self.inference.f_test(independent_rows(functions))
        p_value = float(stats.f.sf(found.statistic, found.numerator_df, found.df))
        return FTest(float(found.statistic), found.numerator_df, float(found.df), p_value, words, "estimated")

    def to_frame(self) -> pd.DataFrame:
        """Coefficients in the shape of every estimate table."""
        rows = self.coefficients.reset_index()
        constants = {"outcome": self.layout.scaling.response, "n": self.n_subjects, "n_dropped": self.n_dropped}
        rows["status"] = self.refusals.replace("", self.status).to_numpy()
        return estimate_table(rows, **constants, method=self.method)

    @property
    def refusals(self) -> pd.Series[str]:
        """Why a coefficient has no error, by term: empty where it has one.

        Empirical errors are refused for what rests on one subject or cluster alone, and over clusters where there are
        fewer than 4 degrees of freedom; such a row has its estimate, and its df where they are the reason.
        """
        words = self.inference.refusals(np.eye(len(self.coefficients)))
        return pd.Series(words, index=self.coefficients.index, name="refusal", dtype="str")

    def jackknife(self, by: str | None = None) -> Refits:
        """Refit without each subject, or without each unit of the column ``by``."""
        return self._leave_out("jackknife", by or self.layout.roles.subject)

    def leave_one_out(self, by: str) -> Refits:
        """Refit without each unit of the column ``by``, to see what hangs on one of them."""
        return self._leave_out("leave one out", by)

    def cluster_bootstrap(
        self, by: str, *, within: str | None = None, draws: int = 1000, rng: np.random.Generator
    ) -> Refits:
        """Refit to clusters drawn with replacement.

        Parameters
        ----------
        by
            Column of the clusters, constant within subjects.
        within
            Column of the strata inside which clusters are drawn, constant within clusters.
        draws
            Number of draws.
        rng
            Source of randomness.
        """
        codes, names = self._units(by)
        strata = np.zeros(len(names), dtype=np.int64)
        if within is not None:
            strata = strata_of(codes, self.layout.constant(within), within, by)
        # Multinomial counts weight the moments of clusters: no draw touches a row.
        counts = draw_clusters(strata, draws, rng)
        units = unit_moments(take_moments(self.layout, codes), self.solution.model, names).dense(len(self.cells.group))
        cross = units.cross.reshape(len(names), -1)
        size = batch_size(self.solution.model)

        def batches() -> Iterator[Sums]:
            for start in range(0, draws, size):
                some = counts[start : start + size]
                people = some @ units.people
                yield Sums(people, (some @ cross).reshape(len(some), *units.cross.shape[1:]))

        index = pd.RangeIndex(draws, name="draw")
        return refit("bootstrap", self.layout, self.columns, self.solution, batches(), index)

    def functions(self, table: str, *arguments: Any, **options: Any) -> tuple[pd.DataFrame, FloatArray]:
        """Labels and linear functions behind ``means``, ``contrasts`` or ``change``, for use with :class:`.Refits`.

        Returns
        -------
        tuple
            The labels (one row each) and a matrix with one column for each row of ``coefficients``.
        """
        makers: dict[str, Callable[..., Grid]] = {
            "means": self._mean_grid,
            "contrasts": self._contrast_grid,
            "change": self._change_grid,
        }
        if table not in makers:
            raise ValueError(f"{table!r} is not known; allowed: {', '.join(makers)}")
        grid = makers[table](*arguments, **options)
        return grid.labels, np.asarray(grid.functions[:, self.columns.kept])

    def _mean_grid(self, factor: Any, by: Any = None, **average: Any) -> Grid:
        return mean_grid(self.layout, [*_listed(factor), *_listed(by)], **average)

    def _contrast_grid(
        self, factor: str, by: Any = None, kind: str = "pairwise", reference: Any = None, **average: Any
    ) -> Grid:
        grid = mean_grid(self.layout, [factor, *_listed(by)], **average)
        levels = self.layout.design.variables[factor].levels or ()
        return difference_grid(grid, factor, level_pairs(levels, kind, reference), levels)

    def _change_grid(self, from_visit: Any, to_visit: Any, by: Any = None, **average: Any) -> Grid:
        visits, visit = self.layout.visits, self.layout.roles.visit
        if from_visit == to_visit:
            raise ValueError(f"a change needs two visits; both are {from_visit!r}")
        for one in (from_visit, to_visit):
            if one not in visits:
                raise ValueError(f"visit {one!r} is not an outcome of this model; allowed: {[str(v) for v in visits]}")
        grid = mean_grid(self.layout, [visit, *_listed(by)], **average)
        return difference_grid(grid, visit, [(visits.index(from_visit), visits.index(to_visit))], visits)

    def estimates(self, grid: Grid) -> pd.DataFrame:
        """Estimate linear functions of all coefficients, such as sums and differences of those behind the means.

        Parameters
        ----------
        grid
            Labels, and functions with one column for each column of the design, estimated or not.

        Returns
        -------
        DataFrame
            The labels, then the columns of :meth:`means`.
        """
        estimable = self.columns.estimable(grid.functions)
        functions = grid.functions[:, self.columns.kept]
        table = self.inference.table(functions)
        table.loc[~estimable, :] = np.nan
        refused = np.array([words or "estimated" for words in self.inference.refusals(functions)], dtype=object)
        table["status"] = pd.array(np.where(estimable, refused, "not estimable"), dtype="str")
        return pd.concat([grid.labels.reset_index(drop=True), table], axis=1)

    def _units(self, by: str) -> tuple[IntArray, tuple[Any, ...]]:
        codes, names = pd.factorize(self.layout.constant(by))
        check_units(tuple(names), by)
        return codes.astype(np.int64), tuple(names)

    def _leave_out(self, kind: str, by: str) -> Refits:
        codes, names = self._units(by)
        units = unit_moments(take_moments(self.layout, codes), self.solution.model, names)
        total, size = self.cells.total(), batch_size(self.solution.model)
        every = np.arange(len(names))
        batches = (units.without(total, every[start : start + size]) for start in range(0, len(names), size))
        index = pd.Index(names, name=by)
        return refit(kind, self.layout, self.columns, self.solution, batches, index)


def _listed(names: str | Sequence[str] | None) -> list[str]:
    return [] if names is None else [names] if isinstance(names, str) else list(names)
