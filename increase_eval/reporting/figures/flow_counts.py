"""The numbers of a flow diagram: who answered each wave, who left since the wave before, and who came back."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

ENROLLED = "enrolled"
PREVIOUS = "previous wave"


@dataclass(frozen=True, slots=True)
class Step:
    """One wave of one group. A number is None where it is suppressed.

    Attributes
    ----------
    answered, share
        Who answered, as a number; and the share who did of those enrolled, or of those who reached the base.
    left
        Who answered the wave before and not this one; at the first wave, who was enrolled, or reached the base, and did
        not answer it.
    came_back
        Who answered this wave and not the one before; at the first wave, who had not reached the base.
    """

    answered: int | None
    share: float | None
    left: int | None
    came_back: int | None


@dataclass(frozen=True, slots=True)
class Column:
    """One group of participants: how many were enrolled and reached the base, and its steps in order."""

    group: str
    enrolled: int | None
    steps: tuple[Step, ...]
    reached: int | None = None

    @property
    def not_reached(self) -> int | None:
        """Who was enrolled and did not reach the base."""
        return _less(self.enrolled, self.reached)


def read_columns(
    flow: pd.DataFrame, groups: Sequence[str], waves: Sequence[str], *, base: str | None = None
) -> tuple[Column, ...]:
    """Read the numbers of a flow diagram from the protected table of responses.

    Parameters
    ----------
    flow
        ``response_flow``, protected.
    groups, waves
        The arms, ``all`` among them, and the waves in order.
    base
        The denominator of the shares, where it is another than everybody enrolled.
    """
    found = {(row["by_arm"], row["wave"], row["term"]): row for row in flow.to_dict("records")}
    columns = []
    for group in groups:
        steps: list[Step] = []
        enrolled = reached = None
        for wave in waves:
            n, answered, share = _row(found.get((group, wave, ENROLLED)))
            reached, within, of_base = _row(found.get((group, wave, base or ENROLLED)))
            before, both, _ = _row(found.get((group, wave, PREVIOUS)))
            enrolled = n if enrolled is None else enrolled
            share = share if base is None else of_base
            if not steps:
                back = None if base is None else _less(answered, within)
                steps.append(Step(answered, share, _less(reached, within), back))
            else:
                steps.append(Step(answered, share, _less(before, both), _less(answered, both)))
        columns.append(Column(group, enrolled, tuple(steps), None if base is None else reached))
    return tuple(columns)


def _row(row: Mapping[Hashable, Any] | None) -> tuple[int | None, int | None, float | None]:
    """Give n, the count and the share of a row, each None where it is not shown; of nobody, nobody answered."""
    if row is None or pd.isna(row["n"]):
        return None, None, None
    n = int(row["n"])
    if n == 0:
        return 0, 0, None
    if pd.isna(row["estimate"]):
        return n, None, None
    return n, round(float(row["estimate"]) * n), float(row["estimate"])


def _less(whole: int | None, part: int | None) -> int | None:
    return None if whole is None or part is None else whole - part
