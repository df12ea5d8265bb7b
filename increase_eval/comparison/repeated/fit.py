"""Fit a mixed model for repeated measures from moments by pattern of visits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.arguments import require_text
from increase_eval.comparison.engines.powers import with_powers
from increase_eval.comparison.repeated.assemble import Columns, arrange, choose_columns, gather_identity, take_moments
from increase_eval.comparison.repeated.baseline import constrained_columns, with_baseline
from increase_eval.comparison.repeated.batches import Batches, lay_out_batches
from increase_eval.comparison.repeated.inference import Inference, choose_df, infer
from increase_eval.comparison.repeated.layout import Layout, Roles, lay_out
from increase_eval.comparison.repeated.likelihood import sigmas
from increase_eval.comparison.repeated.result import MmrmFit
from increase_eval.comparison.repeated.solve import Solution, solve
from increase_eval.comparison.repeated.structures import STRUCTURES, make_structure
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.pattern import PatternMoments
from increase_eval.moments.waves import with_ordered_waves


def fit_mmrm(
    formula: str,
    data: pd.DataFrame | Batches,
    *,
    subject: str,
    visit: str,
    covariance: str = "us",
    covariance_by: str | None = None,
    weights: str | None = None,
    reml: bool = True,
    df: str | None = None,
    standard_errors: str = "model",
    cluster: str | None = None,
    baseline: str | None = None,
) -> MmrmFit:
    """Fit a mixed model for repeated measures: what are the means by arm and visit, whoever is missing at random?

    Parameters
    ----------
    formula
        As in R or formulaic, for instance ``"score ~ age * visit + arm * visit"``; the visit is always categorical.
        ``I(age**2)`` is a power of a number (where one table is given).
    data
        Long: one row a subject and visit. Rows without outcome or covariate are left out, one by one. Also a list of
        such tables, or a function that gives an iterator of them each time it is called: batches of whole subjects
        that are never in memory together (refits and empirical errors then have no rows to work on).
    subject, visit
        Columns of the subject and of the visit (categories in their order, others sorted, numbers in text as numbers).
    covariance
        Over visits: ``us`` unstructured, ``toep``/``toeph`` Toeplitz, ``ar1``/``ar1h`` autoregressive, ``cs``/``csh``
        compound symmetry, ``ad``/``adh`` ante-dependence; those with ``h`` have a variance a visit.
    covariance_by
        Column, constant within subjects: one covariance for each of its values.
    weights
        Column of precision weights: the residual covariance of a row is divided by its weight. They are *not* survey
        weights: they say how exact a row is, not how many people it stands for.
    reml
        Restricted maximum likelihood, or maximum likelihood.
    df
        ``kenward-roger-linear``, ``kenward-roger``, ``satterthwaite``, ``between-within`` or ``residual``. By default
        the first for REML with model-based errors, and ``satterthwaite`` otherwise.
    standard_errors
        ``model``; ``empirical`` (CR0), ``empirical-bias-reduced`` (CR2) or ``empirical-jackknife`` (CR3).
    cluster
        Column, constant within subjects: empirical errors over these clusters instead of subjects. What one cluster
        alone determines (an arm with one provider) has no error, nor has what has fewer than 4 degrees of freedom;
        ``refusals`` and the ``status`` of means and contrasts say so.
    baseline
        How the first visit enters when it is an outcome. ``None`` takes the formula as it is; ``free`` as well, but
        requires a factor crossed with the visit (changes are compared); ``constrained`` gives all arms one mean at the
        first visit, where the arm is the first factor of the formula crossed with the visit (for randomised arms
        only); ``covariate`` takes the first visit out of the outcomes and adds ``<outcome>_baseline * visit``.

    Returns
    -------
    MmrmFit
        Coefficients, covariance, likelihood; methods for means, contrasts, changes, tests and refits.

    Raises
    ------
    ValueError
        For a bad argument, an absent column, a pair of ``df`` and ``standard_errors`` that cannot go together, or a
        column that must be constant within subjects and is not.
    DataError
        If a subject has two rows for a visit.
    InsufficientDataError
        If a visit has nobody, two visits have nobody in common (unstructured), a group has one person only with
        ``covariance_by``, or no variance is left.
    ConvergenceError
        If neither the structure asked for nor a fall-back converges. The fall-backs are a second start, then
        heterogeneous Toeplitz, then heterogeneous compound symmetry; ``status`` and ``method`` say which was used.

    Notes
    -----
    y_i = X_i beta + e_i with e_i ~ N(0, Sigma_i), Sigma_i the rows and columns of Sigma for the visits that person i
    has. The restricted log-likelihood is

        -(N - p)/2 log 2 pi - 1/2 sum log |Sigma_i| - 1/2 log |X' V^-1 X| - 1/2 r' V^-1 r,

    without + 1/2 log |X'X|, maximised by Newton's method with observed second derivatives. All of it reads moments by
    pattern of visits only, so its cost does not grow with the number of people after one pass over the rows. Missing
    outcomes are assumed missing at random given what the model contains. Degrees of freedom: Satterthwaite and
    Kenward-Roger use the inverse of the observed information; ``kenward-roger`` keeps the second derivatives of Sigma
    in R mmrm's parameters, ``kenward-roger-linear`` drops them. Columns that are sums of earlier ones are dropped and
    named in ``aliased``. Outcome and covariates are centred and scaled inside.

    References
    ----------
    Mallinckrodt, C. H., et al. (2008). Recommendations for the primary analysis of continuous endpoints in longitudinal
    clinical trials. Drug Information Journal, 42, 303-319. doi:10.1177/009286150804200402
    Kenward, M. G., & Roger, J. H. (1997). Biometrics, 53, 983-997. doi:10.2307/2533558
    Bell, R. M., & McCaffrey, D. F. (2002). Bias reduction in standard errors for linear regression with multi-stage
    samples. Survey Methodology, 28, 169-181.

    Checked against
    ---------------
    ``mmrm_fev_unstructured``, ``mmrm_fev_other_structures``, ``mmrm_fev_baseline_weighted``, ``mmrm_fev_cs_vs_lme4``
    and ``mmrm_sim_fourarm`` (R mmrm 0.3.15), statsmodels MixedLM, and the likelihood written out person by person.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> people = pd.DataFrame({"id": range(60), "arm": ["A", "B"] * 30, "level": rng.normal(size=60)})
    >>> long = people.merge(pd.DataFrame({"visit": ["T1", "T2", "T3"]}), how="cross")
    >>> long["score"] = 50 + 5 * long["level"] + rng.normal(size=len(long))
    >>> fit = fit_mmrm("score ~ arm * visit", long, subject="id", visit="visit")
    >>> fit.status, fit.n_subjects, list(fit.means("arm", by="visit").columns[:4])
    ('converged', 60, ['arm', 'visit', 'estimate', 'std_error'])
    """
    if covariance not in STRUCTURES:
        make_structure(covariance, 2)
    df_method = choose_df(df, standard_errors, cluster, reml=reml)
    roles = Roles(subject, visit, covariance_by, weights, cluster)
    layout, moments, n_people = _read(formula, data, roles, baseline, standard_errors)
    cells = arrange(moments, layout.m)
    drop = constrained_columns(layout.design, visit) if baseline == "constrained" else np.zeros(0, dtype=np.int64)
    products = gather_identity(layout.map, cells.seen, cells.total())[0, :-1, :-1]
    columns = choose_columns(products, layout.scaling, drop)
    if layout.n_obs <= len(columns.kept):
        raise InsufficientDataError(f"{layout.n_obs} usable rows cannot carry {len(columns.kept)} coefficients")
    found = solve(layout, cells, columns, covariance, reml=reml)
    inference = infer(layout, cells, columns, found, df_method, standard_errors)
    method = _method(found, df_method, standard_errors, roles, baseline)
    return MmrmFit(
        **_numbers(layout, columns, found, inference),
        n_obs=layout.n_obs,
        n_subjects=layout.n_subjects,
        n_dropped=n_people - layout.n_subjects,
        n_rows_dropped=layout.n_rows - layout.n_obs,
        status=found.status,
        aliased=tuple(layout.design.names[j] for j in columns.aliased),
        method=method,
        layout=layout,
        cells=cells,
        columns=columns,
        solution=found,
        inference=inference,
    )


def _read(
    formula: str, data: pd.DataFrame | Batches, roles: Roles, baseline: str | None, standard_errors: str
) -> tuple[Layout, PatternMoments, int]:
    """Lay out one table, or batches; with the moments, and the number of people with or without a usable row."""
    if roles.subject == roles.visit:
        raise ValueError(f"subject and visit are the same column {roles.subject!r}")
    if isinstance(data, pd.DataFrame):
        _check_roles(roles, data)
        # A shallow copy: what is done to the table later does not reach a fit that still refers to it.
        rows = with_ordered_waves(data.copy(deep=False), roles.visit)
        written, rows = with_baseline(*with_powers(require_text(formula), rows), roles, baseline)
        layout = lay_out(written, rows, roles)
        return layout, take_moments(layout), int(data[roles.subject].nunique())
    if not callable(data) and (not isinstance(data, Iterable) or isinstance(data, Iterator)):
        raise TypeError(
            "data must be a DataFrame, a list of tables, or a function that gives an iterator of tables; "
            f"got {type(data).__name__}, which cannot be gone through twice"
        )
    if standard_errors != "model" or baseline == "covariate":
        raise ValueError("empirical errors and baseline='covariate' need the rows together; give one DataFrame")
    with_baseline(formula, pd.DataFrame(), roles, baseline)
    layout, moments = lay_out_batches(formula, data, roles)
    return layout, moments, layout.n_people


def _check_roles(roles: Roles, data: pd.DataFrame) -> None:
    absent = [name for name in (roles.subject, roles.visit) if name not in data.columns]
    if absent:
        raise ValueError(f"columns {absent} are not in the table; it has {list(data.columns)}")


def _numbers(layout: Layout, columns: Columns, found: Solution, inference: Inference) -> dict[str, Any]:
    """Results in the units of the data, with their names."""
    n_obs, n, p = layout.n_obs, layout.n_subjects, found.model.p
    scale = layout.scaling.response_scale
    # Undo the scaling: the outcome's in every row, the design's in |X' V^-1 X|.
    log_likelihood = -float(found.at.value[0]) - n_obs * np.log(scale) + layout.half_log_weights
    if found.model.reml:
        log_likelihood += p * np.log(scale) - columns.log_determinant
    names = pd.Index([layout.design.names[j] for j in columns.kept], name="term")
    table = inference.table(np.eye(p)).set_index(names)
    visits = [str(visit) if not isinstance(visit, str | int | float) else visit for visit in layout.visits]
    matrices = sigmas(found.model, found.theta)[0] * scale**2
    named = [pd.DataFrame(matrix, index=visits, columns=visits) for matrix in matrices]
    by_group = layout.roles.covariance_by is not None
    k = found.model.n_theta
    return {
        "coefficients": table,
        "vcov": pd.DataFrame(inference.vcov, index=names, columns=names),
        "covariance": dict(zip(layout.group_levels, named, strict=True)) if by_group else named[0],
        "log_likelihood": float(log_likelihood),
        "aic": float(2 * k - 2 * log_likelihood),
        "bic": float(np.log(n) * k - 2 * log_likelihood),
    }


def _method(found: Solution, df_method: str, standard_errors: str, roles: Roles, baseline: str | None) -> str:
    words = [
        "MMRM",
        f"{STRUCTURES[found.model.structure.code]} covariance"
        + (f" by {roles.covariance_by}" if roles.covariance_by else ""),
        "REML" if found.model.reml else "ML",
        f"{df_method} df",
        f"{standard_errors} standard errors" + (f" over {roles.cluster}" if roles.cluster else ""),
    ]
    if baseline:
        words.append(f"baseline {baseline}")
    if roles.weights:
        words.append("precision weights")
    if found.status != "converged":
        words.append(found.status)
    return ", ".join(words)
