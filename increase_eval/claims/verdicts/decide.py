"""What may be said of each contrast of a family? Verdicts read from simultaneous intervals, with what could be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from increase_eval.claims.identification.attribution import Attribution
from increase_eval.claims.verdicts.adjusted import (
    benjamini_hochberg,
    hochberg,
    holm,
    null_statistics,
    romano_wolf,
)
from increase_eval.claims.verdicts.planning import minimum_detectable, smallest_margin
from increase_eval.claims.verdicts.result import (
    DIFFERENT,
    EQUIVALENT,
    INCONCLUSIVE,
    NOT_ESTIMABLE,
    SMALLER,
    Verdicts,
)

Floats = npt.NDArray[np.float64]
Adjustment: TypeAlias = Literal["bonferroni", "holm", "hochberg", "romano_wolf", "fdr_bh"]


@dataclass(frozen=True, slots=True)
class _Family:
    """The estimates of a family as arrays, and what it shares."""

    estimate: Floats
    error: Floats
    df: Floats
    margin: Floats
    alpha: float
    size: int


def decide(
    estimates: pd.DataFrame,
    *,
    margin: float | Sequence[float | None] | None,
    alpha: float = 0.05,
    family_size: int | None = None,
    attribution: Mapping[str, Attribution] | None = None,
    adjustment: Adjustment = "holm",
    exploratory: bool = False,
    power: float = 0.8,
    design_effect: float | Sequence[float] = 1.0,
    held_effect: float | Sequence[float] = 1.0,
    covariance: npt.ArrayLike | None = None,
    null_draws: npt.ArrayLike | None = None,
    draws: int = 10_000,
    rng: np.random.Generator | None = None,
) -> Verdicts:
    """Say of each contrast of a family what may be said of it.

    Parameters
    ----------
    estimates
        One row a contrast: estimate, std_error, df (missing: normal), and, carried along, outcome, contrast, wave, n.
    margin
        The smallest difference that matters, one for all or one a row; None: equivalence cannot be shown.
    alpha, family_size
        The error rate that so many contrasts share; the size is the number of rows, unless more were declared.
    attribution
        Contrast -> to what it can be put down, from :func:`~increase_eval.claims.check_identification`.
    adjustment
        Of the family. ``fdr_bh`` makes it exploratory.
    exploratory
        Whether it is reported without a claim.
    power
        For what could be seen, see :func:`minimum_detectable`.
    design_effect
        What the variances are multiplied by in what could be seen, for clustering that the standard errors do not hold;
        one for all or one a row.
    held_effect
        By how much clustering makes the variances larger already: stated with what could be seen, and not applied.
    covariance
        Of all estimates together, for Romano-Wolf p values.
    null_draws
        Studentised and centred draws of a bootstrap, shape (draws, rows), in place of `covariance`.
    draws, rng
        How many draws Romano-Wolf takes from `covariance`, and from where.

    Returns
    -------
    Verdicts
        `table` with both intervals, p values, statistical and attribution label, and what could be seen at which
        design effect.

    Raises
    ------
    ValueError
        If columns lack, a rate or margin is no rate or margin, the family is smaller than its rows, or a joint
        distribution is asked for without a generator or of the wrong shape.

    Notes
    -----
    With K contrasts, *different*: the interval of confidence 1 - alpha/K leaves out nought. *Equivalent*: that of
    1 - 2 alpha/K lies within plus and minus m. *Different but smaller than matters*: both. *Inconclusive*: neither.
    *Not estimable*: no estimate or no finite standard error above nought. Of the two hypotheses, no difference and a
    difference as large as m, one at most is true of a contrast; each is wrongly rejected with probability alpha/K at
    most, so that any false verdict in the family has probability alpha at most. Verdicts are read from the intervals
    alone; Holm, Hochberg and Romano-Wolf p values stand beside. Under ``fdr_bh`` intervals have confidence
    1 - R alpha/K, R the number of Benjamini-Hochberg discoveries (Benjamini and Yekutieli 2005), so that they leave
    out nought just for these; equivalence is never said.

    References
    ----------
    Schuirmann DJ (1987). doi:10.1007/BF01068419. Goeman JJ, Solari A, Stijnen T (2010). Three-sided hypothesis testing.
    doi:10.1002/sim.4002. Holm S (1979). https://www.jstor.org/stable/4615733. Hochberg Y (1988).
    doi:10.1093/biomet/75.4.800. Benjamini Y, Yekutieli D (2005). doi:10.1198/016214504000001907.

    Checked against statsmodels' ``multipletests``, and by simulation (``reports/methods/verdicts.md``).

    Examples
    --------
    >>> rows = [("a", 3.0, 0.5), ("b", 0.1, 0.5), ("c", 0.8, 0.9)]
    >>> estimates = pd.DataFrame(rows, columns=["contrast", "estimate", "std_error"])
    >>> print(*decide(estimates, margin=2.0).table["verdict"], sep=", ")
    different, equivalent, inconclusive
    """
    own = _family(estimates, margin, alpha, family_size)
    _require_options(adjustment, power)
    applied, held = (_effects(one, len(own.estimate)) for one in (design_effect, held_effect))
    raw = 2 * stats.t.sf(np.abs(own.estimate / own.error), own.df)
    is_exploratory = exploratory or adjustment == "fdr_bh"
    rate = alpha / own.size
    if adjustment == "fdr_bh":
        found = int((benjamini_hochberg(_padded(raw, own.size))[: len(raw)] <= alpha).sum())
        rate = max(found, 1) * alpha / own.size
    table = _carried(estimates).assign(
        **_intervals(own, rate),
        statistic=own.estimate / own.error,
        p_value=raw,
        p_equivalence=_equivalence_p(own),
        p_holm=holm(_padded(raw, own.size))[: len(raw)],
        p_hochberg=hochberg(_padded(raw, own.size))[: len(raw)],
        # Draws err by a little: what is adjusted is never below what was not.
        p_romano_wolf=np.maximum(_romano_wolf(own, covariance, null_draws, draws, rng), raw),
        margin=own.margin,
        minimum_detectable=_seen(own, minimum_detectable, power, applied),
        smallest_margin=_seen(own, smallest_margin, power, applied),
        design_effect=np.where(np.isnan(own.estimate), np.nan, applied),
        held_effect=np.where(np.isnan(own.estimate), np.nan, held),
    )
    table["verdict"] = _verdicts(table, may_be_equivalent=adjustment != "fdr_bh")
    contrasts = table["contrast"] if "contrast" in table else [None] * len(table)
    table["attribution"] = [_label(contrast, attribution or {}) for contrast in contrasts]
    return Verdicts(table, alpha, own.size, adjustment, is_exploratory, power, dict(attribution or {}))


def _family(
    estimates: pd.DataFrame, margin: float | Sequence[float | None] | None, alpha: float, family_size: int | None
) -> _Family:
    lacking = [name for name in ("estimate", "std_error") if name not in estimates]
    if lacking:
        raise ValueError(
            f"columns {lacking} are not in the estimates; it has: {', '.join(map(str, estimates.columns))}"
        )
    size = len(estimates) if family_size is None else family_size
    if size < len(estimates):
        raise ValueError(f"family_size is {family_size}; allowed: at least the {len(estimates)} rows")
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha is {alpha!r}; allowed: a rate above 0 and below 0.5")
    values = _floats(estimates["estimate"])
    error = _floats(estimates["std_error"])
    df = _floats(estimates["df"]) if "df" in estimates else np.full(len(values), np.inf)
    df = np.where(np.isnan(df), np.inf, df)
    usable = np.isfinite(values) & np.isfinite(error) & (error > 0) & (df > 0)
    margins = _margins(margin, len(values))
    return _Family(np.where(usable, values, np.nan), np.where(usable, error, np.nan), df, margins, alpha, max(size, 1))


def _margins(margin: float | Sequence[float | None] | None, rows: int) -> Floats:
    if margin is None or np.isscalar(margin):
        given: Sequence[Any] = [margin] * rows
    else:
        given = list(margin)  # type: ignore[arg-type]
    if len(given) != rows:
        raise ValueError(f"margin has {len(given)} values; allowed: one, or one for each of the {rows} rows")
    margins = np.array([np.nan if one is None or pd.isna(one) else float(one) for one in given])
    if (margins <= 0).any() or np.isinf(margins).any():
        raise ValueError(f"margin is {margin!r}; allowed: finite numbers above 0, or None")
    return margins


def _require_options(adjustment: str, power: float) -> None:
    if adjustment not in get_args(Adjustment):
        raise ValueError(f"adjustment is {adjustment!r}; allowed: {', '.join(get_args(Adjustment))}")
    if not 0.5 <= power < 1:
        raise ValueError(f"power is {power!r}; allowed: from 0.5 to below 1")


def _effects(given: float | Sequence[float], rows: int) -> Floats:
    """Give one design effect a row."""
    effects = np.asarray(given, dtype=float)
    if effects.ndim > 1 or (effects.ndim == 1 and len(effects) != rows):
        raise ValueError(f"design effects have the shape {effects.shape}; allowed: one, or one for each of {rows} rows")
    if not np.isfinite(effects).all() or (effects <= 0).any():
        raise ValueError(f"design_effect is {given!r}; allowed: a number above 0")
    return np.broadcast_to(effects, (rows,)).copy()


def _intervals(own: _Family, rate: float) -> dict[str, Floats]:
    """Give the ends of the interval that shows a difference, and of the one that shows equivalence."""
    wide = own.error * stats.t.ppf(1 - rate / 2, own.df)
    narrow = own.error * stats.t.ppf(1 - rate, own.df)
    return {
        "conf_low": own.estimate - wide,
        "conf_high": own.estimate + wide,
        "equivalence_low": own.estimate - narrow,
        "equivalence_high": own.estimate + narrow,
    }


def _equivalence_p(own: _Family) -> Floats:
    """Give the larger p value of the two one-sided tests against a difference as large as the margin."""
    below = stats.t.sf((own.estimate + own.margin) / own.error, own.df)
    above = stats.t.cdf((own.estimate - own.margin) / own.error, own.df)
    return np.asarray(np.maximum(below, above))


def _verdicts(table: pd.DataFrame, *, may_be_equivalent: bool) -> list[str]:
    differs = (table["conf_low"] > 0) | (table["conf_high"] < 0)
    within = (table["equivalence_low"] > -table["margin"]) & (table["equivalence_high"] < table["margin"])
    within &= may_be_equivalent
    words = {(True, True): SMALLER, (True, False): DIFFERENT, (False, True): EQUIVALENT, (False, False): INCONCLUSIVE}
    return [
        NOT_ESTIMABLE if pd.isna(low) else words[bool(one), bool(other)]
        for low, one, other in zip(table["conf_low"], differs, within, strict=True)
    ]


def _romano_wolf(
    own: _Family,
    covariance: npt.ArrayLike | None,
    null_draws: npt.ArrayLike | None,
    draws: int,
    rng: np.random.Generator | None,
) -> Floats:
    rows = len(own.estimate)
    if covariance is None and null_draws is None:
        return np.full(rows, np.nan)
    if null_draws is not None:
        drawn = np.asarray(null_draws, dtype=float)
    else:
        if rng is None:
            raise ValueError("Romano-Wolf p values from a covariance need a generator: rng")
        matrix = np.asarray(covariance, dtype=float)
        if matrix.shape != (rows, rows):
            raise ValueError(f"covariance has the shape {matrix.shape}; allowed: ({rows}, {rows})")
        drawn = null_statistics(matrix, own.df, draws=draws, rng=rng)
    if drawn.ndim != 2 or drawn.shape[1] != rows:
        raise ValueError(f"null_draws has the shape {drawn.shape}; allowed: (draws, {rows})")
    return romano_wolf(own.estimate / own.error, drawn)


def _seen(own: _Family, what: Any, power: float, design_effect: Floats) -> Floats:
    found: Floats = what(
        own.error, own.df, alpha=own.alpha, family_size=own.size, power=power, design_effect=design_effect
    )
    return found


def _label(contrast: Any, attribution: Mapping[str, Attribution]) -> str | None:
    known = attribution.get(contrast)
    return None if known is None else known.label


def _carried(estimates: pd.DataFrame) -> pd.DataFrame:
    """Keep what says which contrast a row is, and how many people it rests on."""
    names = ("outcome", "term", "contrast", "wave", "estimate", "std_error", "df", "n", "n_dropped")
    kept = [name for name in estimates if name in names or str(name).startswith("by_")]
    return estimates[kept].reset_index(drop=True)


def _padded(p_values: Floats, size: int) -> Floats:
    """Let contrasts that were declared and have no row count as such."""
    return np.concatenate([p_values, np.full(size - len(p_values), np.nan)])


def _floats(column: pd.Series) -> Floats:
    return np.asarray(column.astype("Float64").to_numpy(dtype=float, na_value=np.nan))
