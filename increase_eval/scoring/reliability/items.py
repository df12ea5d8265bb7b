"""How does each item of a scale behave? Missing answers, spread, floor and ceiling, and how it goes with the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from increase_eval.errors import InsufficientDataError
from increase_eval.scoring.codes import FloatArray, item_codes, read_answers
from increase_eval.scoring.reliability.alpha import cronbach_alpha
from increase_eval.study import Scale

DESCRIPTIVE = ("n", "n_missing", "share_missing", "mean", "sd", "skewness", "floor", "ceiling")
TOGETHER = ("item_rest", "alpha_if_deleted")


def item_table(items: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    r"""How does each item of a scale behave?

    Parameters
    ----------
    items
        One row per participant, with the items as columns, as they were answered.
    scale
        Says how the items are recoded, checked and reversed: everything here is in the direction of the score.

    Returns
    -------
    DataFrame
        One row per item asked, in the order of the scale: ``item, n, n_missing, share_missing, mean, sd, skewness,
        floor, ceiling, item_rest, alpha_if_deleted``. ``floor`` and ``ceiling`` are the shares of answers at the lowest
        and the highest code of the range, missing where the item has none. The last two rest on people who answered all
        items, and are missing where those are too few or do not vary.

    Raises
    ------
    DataError
        As :func:`score_scale` does.

    Notes
    -----
    Skewness is :math:`m_3 / m_2^{3/2}` with central moments of divisor n. Each item rests on everybody who answered it.

    Checked against ``tests/golden/scoring/reliability_bfi_agreeableness.json`` (R).

    Examples
    --------
    >>> scale = Scale(id="s", items=["a", "b"], range=(1, 5), reversed=["b"])
    >>> table = item_table(pd.DataFrame({"a": [1, 2, 5, None], "b": [5, 4, 1, 1]}), scale)
    >>> print(table[["item", "n", "mean", "floor", "ceiling", "item_rest"]].round(2).to_string(index=False))
    item  n  mean  floor  ceiling  item_rest
       a  3  2.67   0.33     0.33        1.0
       b  4  3.25   0.25     0.50        1.0
    """
    codes = item_codes(items, scale)
    rows = [{"item": item, **_one_item(code, scale.range_of(item))} for item, code in codes.items()]
    table = pd.DataFrame(rows, columns=["item", *DESCRIPTIVE])
    together = _together(codes)
    for column in TOGETHER:
        table[column] = [together.get((item, column), np.nan) for item in codes]
    counts = {"item": "str", "n": "int64", "n_missing": "int64"}
    return table.astype(dict.fromkeys(table.columns, "float64") | counts)


def item_distribution(items: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    """How often was each code answered?

    Parameters
    ----------
    items, scale
        As in :func:`item_table`; here codes are counted as they were answered, before recoding and reversing.

    Returns
    -------
    DataFrame
        One row per item asked and code that occurs: ``item, code, count, share``; whole numbers are written without
        a decimal point. Items are in the order of the scale, codes in theirs, words last.

    Raises
    ------
    DataError
        As :func:`score_scale` does.

    Notes
    -----
    Shares are of those who answered the item. Codes that nobody answered have no row.

    Examples
    --------
    >>> scale = Scale(id="s", items=["a"], range=(1, 5), rule="single")
    >>> print(item_distribution(pd.DataFrame({"a": [1, 4, 4, None]}), scale).round(2).to_string(index=False))
    item code  count  share
       a    1      1   0.33
       a    4      2   0.67
    """
    item_codes(items, scale)
    rows: list[dict[str, Any]] = []
    for item in scale.items:
        if item not in items.columns:
            continue
        answers = read_answers(items[item])
        numbers, counts = np.unique(answers.numbers[~np.isnan(answers.numbers)], return_counts=True)
        words = pd.Series(answers.words, dtype=object).value_counts().sort_index()
        found = [(f"{number:g}", int(count)) for number, count in zip(numbers, counts, strict=True)]
        found += [(str(word), int(count)) for word, count in words.items()]
        total = sum(count for _, count in found)
        rows += [{"item": item, "code": code, "count": count, "share": count / total} for code, count in found]
    types = {"item": "str", "code": "str", "count": "int64", "share": "float64"}
    return pd.DataFrame(rows, columns=list(types)).astype(types)


def _one_item(code: FloatArray, limits: tuple[float, float] | None) -> dict[str, float]:
    answered = code[~np.isnan(code)]
    n, n_missing = len(answered), len(code) - len(answered)
    share_missing = n_missing / len(code) if len(code) else np.nan
    row: dict[str, float] = {"n": n, "n_missing": n_missing, "share_missing": share_missing}
    if not n:
        return row
    away = answered - answered.mean()
    second = float((away**2).mean())
    row |= {"mean": float(answered.mean()), "sd": float(answered.std(ddof=1)) if n > 1 else np.nan}
    row |= {"skewness": float((away**3).mean()) / second**1.5 if second > 0 else np.nan}
    if limits is not None:
        row |= {"floor": float((answered == limits[0]).mean()), "ceiling": float((answered == limits[1]).mean())}
    return row


def _together(codes: dict[str, FloatArray]) -> dict[tuple[str, str], float]:
    """Look at items beside each other, where there are people enough."""
    if len(codes) < 2:
        return {}
    try:
        alpha = cronbach_alpha(pd.DataFrame(codes))
    except InsufficientDataError:
        return {}
    deleted = alpha.if_deleted["estimate"]
    return {(item, "item_rest"): float(alpha.item_rest[item]) for item in codes} | {
        (item, "alpha_if_deleted"): float(deleted[item]) for item in codes
    }
