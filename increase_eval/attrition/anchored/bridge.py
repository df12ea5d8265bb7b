"""The service's categories are not the survey's states: how the two go together, and how far that may be off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.errors import InsufficientDataError

Floats = npt.NDArray[np.float64]
SUM = 1e-9
"""How far the probabilities of a state may be from adding up to 1."""
MOST_CORNERS = 4096
"""Most combinations of ends of ranges that are worked out."""


@dataclass(frozen=True, slots=True, eq=False)
class Bridge:
    """Pr(service category | survey state): rows are states, columns categories, each row adds up to 1.

    Attributes
    ----------
    matrix
        The probabilities.
    low, high
        Declared ranges of them, or None.
    counts
        People behind each row, where it was counted from linked people; a declared row has no sampling error.
    """

    matrix: pd.DataFrame
    low: pd.DataFrame | None = None
    high: pd.DataFrame | None = None
    counts: pd.Series[Any] | None = None

    def __post_init__(self) -> None:
        """Refuse what are no probabilities, or ranges that do not hold them."""
        p = self.matrix.to_numpy(dtype=float)
        if not (np.isfinite(p).all() and (p >= 0).all() and np.abs(p.sum(axis=1) - 1).max(initial=0) <= SUM):
            raise ValueError("the rows of a bridge are probabilities that add up to 1")
        if (self.low is None) != (self.high is None):
            raise ValueError("a bridge has both ends of its ranges, or neither")
        if self.low is not None and self.high is not None:
            low, high = (one.reindex_like(self.matrix).to_numpy(dtype=float) for one in (self.low, self.high))
            if not ((low >= 0) & (low <= p + SUM) & (p <= high + SUM) & (high <= 1 + SUM)).all():
                raise ValueError("each range of a bridge lies in 0 to 1 and holds its probability, in the same cells")

    @property
    def states(self) -> tuple[Any, ...]:
        """The survey's states."""
        return tuple(self.matrix.index)

    @property
    def categories(self) -> tuple[Any, ...]:
        """The service's categories."""
        return tuple(self.matrix.columns)

    def at(self, matrix: Floats) -> Bridge:
        """Give a bridge with other probabilities and no ranges."""
        return Bridge(pd.DataFrame(matrix, index=self.matrix.index, columns=self.matrix.columns))

    def corners(self) -> Iterator[Bridge]:
        """Give the bridges at all corners of the declared ranges; nothing where there are none.

        Raises
        ------
        ValueError
            If there are more than 4,096.
        """
        if self.low is None or self.high is None:
            return
        low, high = (one.reindex_like(self.matrix).to_numpy(dtype=float) for one in (self.low, self.high))
        rows = [_row_corners(*ends) for ends in zip(low, high, strict=True)]
        count = int(np.prod([len(row) for row in rows]))
        if count > MOST_CORNERS:
            raise ValueError(f"the ranges of the bridge have {count} corners; allowed: at most {MOST_CORNERS}")
        for chosen in product(*rows):
            yield self.at(np.array(chosen))


def _row_corners(low: Floats, high: Floats) -> list[Floats]:
    """Give the corners of {low <= p <= high, sum p = 1}: all but one probability at an end, that one the rest."""
    found: list[Floats] = []
    for free in range(len(low)):
        others = [at for at in range(len(low)) if at != free]
        for ends in product(*[(low[at], high[at]) for at in others]):
            p = np.empty(len(low))
            p[others] = ends
            p[free] = 1 - sum(ends)
            if low[free] - SUM <= p[free] <= high[free] + SUM and not any(np.allclose(p, one) for one in found):
                found.append(np.clip(p, 0.0, 1.0))
    return found


def bridge_from_linked(state: Any, category: Any) -> Bridge:
    """Count how survey states and service categories go together among people whose two records are linked.

    Parameters
    ----------
    state, category
        One value a person each; people without either are left out.

    Returns
    -------
    Bridge
        With the counts behind each row, so that errors can count them.

    Raises
    ------
    ValueError
        If lengths differ.
    InsufficientDataError
        If nobody has both.

    Notes
    -----
    p_zg = n_zg / n_z, a multinomial a state.

    Examples
    --------
    >>> bridge = bridge_from_linked(["work", "work", "none", "none"], ["job", "none", "none", "none"])
    >>> bridge.matrix.loc["work"].to_dict()
    {'job': 0.5, 'none': 0.5}
    """
    one, other = (pd.Series(values).reset_index(drop=True) for values in (state, category))
    if len(one) != len(other):
        raise ValueError(f"state and category have {len(one)} and {len(other)} rows")
    table = pd.crosstab(one, other)
    if table.empty:
        raise InsufficientDataError("nobody has a survey state and a service category")
    counts = table.sum(axis=1)
    return Bridge(table.div(counts, axis=0), counts=counts)


def shifted_totals(totals: Mapping[tuple[Any, Any], float], share: float, base: Any) -> dict[tuple[Any, Any], float]:
    """Move a share of every category's total back to the base category: what had not happened yet at the wave."""
    moved: dict[tuple[Any, Any], float] = {}
    for (arm, category), value in totals.items():
        moved[arm, category] = value * (1 - share) if category != base else value
    for arm in dict.fromkeys(key[0] for key in totals):
        others = sum(value for (one, category), value in totals.items() if one == arm and category != base)
        moved[arm, base] = moved.get((arm, base), 0.0) + share * others
    return moved
