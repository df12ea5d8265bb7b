"""How does each participant score on a scale? From item codes to a score, by the rule that the contract declares."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.extensions import ExtensionArray

from increase_eval.scoring.codes import FloatArray, item_codes
from increase_eval.study import Scale

SCORED = "scored"
TOO_FEW = "too few answered"
NOT_ASKED = "not asked"
SCORE_COLUMNS = ("score", "items_answered", "items_expected", "status")


def score_scale(items: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    r"""How does each participant score on one scale?

    Parameters
    ----------
    items
        One row per participant, with the items of the scale as columns (codes, not labels); other columns are left
        alone. Missing answers are missing values. An item without a column was not asked. For ``norm_weighted`` the
        columns are the scores of the component scales.
    scale
        The items, their range, which are reversed or recoded, the rule, and how many must be answered.

    Returns
    -------
    DataFrame
        Index of `items`; columns ``score`` (float, missing unless scored), ``items_answered`` and ``items_expected``
        (counts; expected are the items asked) and ``status``: ``scored``, ``too few answered`` or ``not asked``.

    Raises
    ------
    DataError
        If an item holds something that is no number, is not finite or out of range, or its column stands twice. All
        such problems are named at once: item, rule, what is allowed, and rows counted from 1; never the answer.
    ValueError
        If a recode names one code twice.

    Notes
    -----
    With :math:`x_{ij}` the code of participant i on item j after recoding and reversing (reversed: low + high - x),
    :math:`A_i` the items that i answered, k the number of items of the scale and :math:`l_j, h_j` the range of item j,

    - ``sum``: :math:`\sum_{A_i} x_{ij}`; a missing item counts nothing;
    - ``mean``: :math:`\sum_{A_i} x_{ij} / |A_i|`;
    - ``prorated``: k times the mean, that is the sum with missing items at the person's own mean;
    - ``0-100``: :math:`100 \sum_{A_i} (x_{ij} - l_j) / \sum_{A_i} (h_j - l_j)`;
    - ``single``: the one item;
    - ``norm_weighted``: :math:`c + s \sum_{A_i} w_j (x_{ij} - m_j) / d_j`, with weight w, norm mean m and norm
      standard deviation d of each component, centre c and spread s; a missing component counts as its norm mean, which
      only happens where `minimum_answered` is set below the number of components.

    Missing items: a score is given to those who answered at least `minimum_answered` items, which is all k items where
    nothing is declared. Items that were not asked count neither as answered nor as expected, and k stays that of the
    scale, so that a wave that left out an item is prorated to the same metric and needs the same number of answers.

    Recoding: a code that a map names becomes its value; a code that no map names stays as it is, and the range is
    checked after that. Where several conditional recodes apply, the first in the contract that names the code is used.
    ``1``, ``1.0`` and ``"1"`` are the same code.

    References
    ----------
    Ware & Sherbourne (1992), "The MOS 36-item short-form health survey (SF-36)", DOI 10.1097/00005650-199206000-00002
    (0-100 scores, scored where half of the items are answered).

    Checked against the reference case ``scoring_bfi_A_half_rule`` (mean, prorated and 0-100 with a reversed item), and
    against the scores that a public trial delivers with its items.

    Examples
    --------
    >>> scale = Scale(id="wellbeing", items=["w1", "w2", "w3"], range=(1, 5), reversed=["w3"], minimum_answered=2)
    >>> answers = pd.DataFrame({"w1": [4, 2, None], "w2": [5, None, None], "w3": [1, 4, 3]})
    >>> print(score_scale(answers, scale))
          score  items_answered  items_expected            status
    0  4.666667               3               3            scored
    1  2.000000               2               3            scored
    2       NaN               1               3  too few answered
    """
    codes = item_codes(items, scale)
    answered = np.zeros(len(items), dtype=np.int64)
    for code in codes.values():
        answered += ~np.isnan(code)
    enough = answered >= scale.required_count
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.where(enough, _combined(codes, answered, scale), np.nan) if codes else np.full(len(items), np.nan)
    return pd.DataFrame(
        {
            "score": score,
            "items_answered": answered,
            "items_expected": np.full(len(items), len(codes), dtype=np.int64),
            "status": _status(enough, asked=bool(codes)),
        },
        index=items.index,
    )


def _combined(codes: Mapping[str, FloatArray], answered: npt.NDArray[np.int64], scale: Scale) -> FloatArray:
    """Combine the codes of the asked items; without any answer the value has no meaning."""
    if scale.rule == "norm_weighted":
        norms = scale.norms
        return scale.centre + scale.spread * _total(
            norms[item].weight * (code - norms[item].mean) / norms[item].sd for item, code in codes.items()
        )
    if scale.rule == "0-100":
        return _percentage(codes, scale)
    total = _total(codes.values())
    if scale.rule in ("sum", "single"):
        return total
    mean = total / answered
    return mean * len(scale.items) if scale.rule == "prorated" else mean


def _percentage(codes: Mapping[str, FloatArray], scale: Scale) -> FloatArray:
    limits = {item: limit for item in codes if (limit := scale.range_of(item)) is not None}
    gained = _total(code - limits[item][0] for item, code in codes.items())
    possible = _total(
        np.where(np.isnan(code), np.nan, limits[item][1] - limits[item][0]) for item, code in codes.items()
    )
    return 100.0 * gained / possible


def _total(parts: Iterable[FloatArray]) -> FloatArray:
    """Add arrays in the order of the scale, whatever that of the frame is; missing values count nothing."""
    return functools.reduce(np.add, (np.nan_to_num(part, nan=0.0) for part in parts))


def _status(enough: npt.NDArray[np.bool_], *, asked: bool) -> ExtensionArray:
    words = pd.array([SCORED, TOO_FEW, NOT_ASKED], dtype="str")
    which = np.where(enough, 0, 1) if asked else np.full(len(enough), 2)
    return words.take(which)
