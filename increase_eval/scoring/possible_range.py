"""Between which two numbers must a score of a scale lie? From the scale's own rule, without any data.

Left out: scores that cannot occur between the two ends, and items without a declared range, for which there is none.
"""

from __future__ import annotations

from collections.abc import Mapping

from increase_eval.study.instruments import Scale

Range = tuple[float, float]


def possible_range(scale: Scale, others: Mapping[str, Scale] | None = None) -> Range | None:
    """Between which two numbers must a score of this scale lie?

    Parameters
    ----------
    scale
        The scale.
    others
        Id -> scale, for rule ``norm_weighted``, whose items are the scores of other scales.

    Returns
    -------
    tuple or None
        The lowest and highest possible score; None where the contract gives no range of an item.

    Notes
    -----
    With items i of range [a_i, b_i], k of them and at least m answered, the lowest score is, by rule: the m smallest
    a_i and any further negative ones added up (``sum``); the mean of the m smallest a_i (``mean``), k times that
    (``prorated``); 0 (``0-100``); a_1 (``single``). The highest is the same from above. For ``norm_weighted`` it is
    centre + spread x the sum of weight x (c - mean) / sd with every component c at the end that makes it lowest.

    Examples
    --------
    >>> possible_range(Scale(id="low_mood", items=("a", "b", "c"), range=(0, 3), rule="sum", minimum_answered=2))
    (0.0, 9.0)
    """
    if scale.rule == "0-100" and not scale.delivered:
        return (0.0, 100.0)
    if scale.rule == "norm_weighted" and not scale.delivered:
        return _norm_weighted(scale, others or {})
    ranges = [scale.range_of(item) for item in scale.items]
    known = [pair for pair in ranges if pair is not None]
    if len(known) < len(ranges):
        return None
    low = _lowest(scale, sorted(float(low) for low, _ in known))
    high = -_lowest(scale, sorted(-float(high) for _, high in known))
    return (low, high)


def _lowest(scale: Scale, ends: list[float]) -> float:
    """Give the lowest score that answers at these ends can give; ends are in ascending order."""
    answered = ends[: scale.required_count]
    if scale.rule == "sum" and not scale.delivered:
        return sum(answered) + sum(end for end in ends[scale.required_count :] if end < 0)
    mean = sum(answered) / len(answered)
    return mean * len(ends) if scale.rule == "prorated" and not scale.delivered else mean


def _norm_weighted(scale: Scale, others: Mapping[str, Scale]) -> Range | None:
    low = high = scale.centre
    for item, norm in scale.norms.items():
        pair = possible_range(others[item], others) if item in others else scale.range_of(item)
        if pair is None:
            return None
        ends = [scale.spread * norm.weight * (end - norm.mean) / norm.sd for end in pair]
        low, high = low + min(ends), high + max(ends)
    return (low, high)
