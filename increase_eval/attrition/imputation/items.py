"""Within a partly answered scale, impute the items and score again; a wave without any answer is left to the scale.

Items of a wave have much to say about one another, and little is missing of somebody who answered some: so they are
imputed by chained equations. Who answered none has nothing but other waves to go by, and a hundred items on a few
hundred people are too many for that: such scores are imputed as scores, by :func:`impute`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from increase_eval.attrition.imputation.base import Progress
from increase_eval.attrition.imputation.chained import impute_chained
from increase_eval.scoring import score_scale
from increase_eval.study import Scale


def impute_items(
    items: pd.DataFrame,
    scale: Scale,
    *,
    predictors: pd.DataFrame | None = None,
    draws: int,
    iterations: int,
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Impute items left blank, and score again: what is the score of those who answered a part of a scale?

    Parameters
    ----------
    items
        One row per participant of one wave, with the items of the scale as columns (codes); other columns do not count.
    scale
        The scale, made from items.
    predictors
        Further columns on the same index that the items are imputed from, complete, such as arm and language.
    draws, iterations, rng, progress
        As for :func:`impute_chained`.

    Returns
    -------
    DataFrame
        Index of `items`; ``items_imputed`` (how many), then ``draw_1`` and on: the score in each draw, the same in all
        where every item was answered, missing where none was.

    Raises
    ------
    ValueError
        If the scale is made from other scales or delivered as a score, an index does not fit, or a predictor has gaps.
    InsufficientDataError
        If nobody answered one of the items.
    DataError
        If an item holds a code that is not allowed.

    Notes
    -----
    Predictive mean matching: an imputed item is a code that somebody gave, so that the score stays within the scale's
    range. The models are fitted to those who answered an item at all.

    References
    ----------
    Eekhout I, et al. (2014). Missing data in a multi-item instrument were best handled by multiple imputation at the
    item score level. doi:10.1016/j.jclinepi.2013.09.009

    Checked against ``score_scale`` of complete answers in ``tests/unit/attrition/imputation/test_items.py``.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> scale = Scale(id="mood", items=("a", "b", "c"), range=(1, 5))
    >>> answers = pd.DataFrame({name: rng.integers(1, 6, 40).astype(float) for name in scale.items})
    >>> answers.loc[3, "b"] = np.nan
    >>> answers.loc[4] = np.nan
    >>> found = impute_items(answers, scale, draws=2, iterations=2, rng=rng)
    >>> found.loc[[3, 4], "items_imputed"].tolist(), found["draw_1"].notna().loc[[3, 4]].tolist()
    ([1, 0], [True, False])
    """
    names = [name for name in scale.items if name in items.columns]
    if scale.rule == "norm_weighted" or scale.delivered or not names:
        raise ValueError(f"scale {scale.id!r} has no items of its own in this table, so none can be imputed")
    codes = items[names].apply(pd.to_numeric).astype("float64")
    some = codes.notna().any(axis=1)
    table = codes[some]
    if predictors is not None:
        if not predictors.index.equals(items.index):
            raise ValueError("predictors have another index than the items")
        if predictors.isna().any(axis=None):
            raise ValueError(f"predictors {list(predictors.columns[predictors.isna().any()])} have gaps")
        table = table.join(predictors[some])
    filled = impute_chained(
        table, methods=dict.fromkeys(names, "pmm"), draws=draws, iterations=iterations, rng=rng, progress=progress
    )
    scores = {
        f"draw_{number + 1}": score_scale(one[names], scale)["score"] for number, one in enumerate(filled.datasets)
    }
    found = pd.DataFrame(scores, index=table.index).reindex(items.index)
    found.insert(0, "items_imputed", (codes.isna().sum(axis=1) * some).astype("int64"))
    return found
