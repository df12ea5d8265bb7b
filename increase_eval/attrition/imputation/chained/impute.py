"""Impute column by column, each from the others: fully conditional specification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from increase_eval.attrition.imputation.base import RUBIN, Progress
from increase_eval.attrition.imputation.chained.chain import Chain, run_chain
from increase_eval.attrition.imputation.chained.convergence import chain_table, r_hat_table
from increase_eval.attrition.imputation.chained.plan import Plan, is_constant, read_plan
from increase_eval.attrition.imputation.chained.result import ChainedImputations


def impute_chained(
    data: pd.DataFrame,
    *,
    methods: Mapping[str, str],
    predictors: Mapping[str, Sequence[str]] | None = None,
    draws: int,
    iterations: int,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> ChainedImputations:
    """Fill in gaps column by column, each from the others: what would have been answered, were it missing at random?

    Parameters
    ----------
    data
        One row a person, with gaps in any column that has a method.
    methods
        Column to ``pmm`` (numbers; predictive mean matching, five donors), ``norm`` (numbers; normal regression),
        ``logit`` (two levels), ``multinomial``, or ``ordered`` (levels in order: of an ordered category, else sorted).
        Names of R's mice are taken too: ``logreg``, ``polyreg``, ``polr``. Numbers may be treated as levels. A column
        without gaps may have one; it is left as it is.
    predictors
        Column to the columns it is imputed from, or products such as ``"arm:base"``; those not named here are imputed
        from all other columns.
    draws
        Completed tables, each from a chain of its own; 1 or more (2 for an analysis).
    iterations
        Rounds through all columns in each chain.
    rng
        Source of randomness. Each draw has a generator spawned from it, so that draw 3 is the same whether 5 or 50 are
        asked for.
    progress
        Called with the number of draws done and wanted, after each.

    Returns
    -------
    Imputations
        ``completed(draw)``, ``datasets``, ``values``, ``analyse(formula)``, ``chains`` (means and variances by
        iteration) and ``r_hat``.

    Raises
    ------
    ValueError
        For an unknown method, one that does not fit its column, an absent column, or a predictor that misses values
        and has no method.
    TypeError
        If rng is no Generator, or predictors of a column are one text.
    InsufficientDataError
        If a column has no value at all, or fewer values than coefficients (``norm``, ``pmm``).
    ConvergenceError
        If the model of a column with levels does not converge.

    Notes
    -----
    Columns are visited in ascending order of how many values they miss, ties as in the table. A chain starts from
    values drawn from those observed. Each visit draws the parameters of a regression of the observed values on the
    current values of the predictors, then the missing values given these (van Buuren 2018, algorithm 4.3):

    - ``norm``: sigma*^2 = RSS/g, g chi-squared on n - p df; b* ~ N(b, sigma*^2 (X'X)^-1); y = x'b* + sigma* z.
    - ``pmm``: the observed value of one of the five whose x'b is nearest to x'b*, each as likely.
    - ``logit``, ``multinomial``, ``ordered``: b* ~ N(b, I^-1), b the maximum of the likelihood with light rows added
      (White, Daniel and Royston 2010), which exists under separation too; thresholds are drawn until they increase.

    Numbers predict linearly, levels by indicators of all but the first. Predictors that are sums of others are left out
    of an equation, and a column whose observed values are all the same gets that value; ``notes`` says so. Level
    numbers that nobody has are never imputed. With levels, and more coefficients than values, the light rows decide.

    References
    ----------
    Rubin DB (1987). Multiple Imputation for Nonresponse in Surveys. doi:10.1002/9780470316696
    van Buuren S (2018). Flexible Imputation of Missing Data, second edition. doi:10.1201/9780429492259
    White IR, Daniel R, Royston P (2010). Avoiding bias due to perfect prediction. doi:10.1016/j.csda.2010.04.005

    Checked against
    ---------------
    ``mi_mice_norm_fourarm_m200`` and ``mice_mixed`` (R mice 3.15.0).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> people = pd.DataFrame({"base": rng.normal(size=80), "job": rng.random(80) < 0.5})
    >>> people["score"] = 50 + 5 * people["base"] + rng.normal(size=80)
    >>> people.loc[:19, "score"] = np.nan
    >>> filled = impute_chained(people, methods={"score": "pmm"}, draws=5, iterations=3, rng=rng)
    >>> filled.n_imputed, list(filled.analyse("score ~ base").columns[:4])
    (20, ['term', 'estimate', 'std_error', 'df'])
    """
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng is {type(rng).__name__}; allowed: a numpy Generator")
    if draws < 1 or iterations < 1:
        raise ValueError(f"draws is {draws} and iterations {iterations}; allowed: 1 or more of both")
    plan = read_plan(data, methods, predictors)
    chains = []
    for number, own in enumerate(rng.spawn(draws)):
        chains.append(run_chain(plan, iterations, own))
        if progress is not None:
            progress(number + 1, draws)
    targets = [equation.target for equation in plan.equations]
    with_levels = [one.name for one in targets if one.name in chains[0].shares]
    return ChainedImputations(
        method="chained equations",
        n_subjects=len(data),
        n_imputed=sum(len(one.missing) for one in targets),
        n_draws=draws,
        variance=RUBIN,
        description=_describe(plan, draws, iterations),
        chains=chain_table(chains),
        r_hat=r_hat_table(chains),
        notes=_notes(plan, chains),
        table=data.copy(),
        plan=plan,
        imputed={one.name: np.stack([chain.values[one.name][one.missing] for chain in chains]) for one in targets},
        shares={name: np.stack([chain.shares[name] for chain in chains]) for name in with_levels},
        uniforms={name: np.stack([chain.uniforms[name] for chain in chains]) for name in with_levels},
    )


def _describe(plan: Plan, draws: int, iterations: int) -> str:
    listed = ", ".join(f"{one.target.name} by {one.target.method}" for one in plan.equations) or "nothing to impute"
    return f"chained equations ({listed}), {draws} draws of {iterations} iterations"


def _notes(plan: Plan, chains: Sequence[Chain]) -> tuple[str, ...]:
    notes = [
        f"{one.target.name}: all who have a value have the same, so everybody gets it"
        for one in plan.equations
        if is_constant(one.target)
    ]
    dropped = sorted(set().union(*(chain.dropped for chain in chains)))
    return (*notes, *(f"{name}: predictors that are sums of others were left out" for name in dropped))
