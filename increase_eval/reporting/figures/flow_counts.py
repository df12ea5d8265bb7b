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
        Who answered, as a number and as a share of those enrolled.
    left
        Who answered the wave before and not this one; at the first wave, who was enrolled and did not answer it.
    came_back
        Who answered this wave and not the one before.
    """

    answered: int | None
    share: float | None
    left: int | None
    came_back: int | None


@dataclass(frozen=True, slots=True)
class Column:
    """One group of participants: how many were enrolled, and its steps in the order of the waves."""

    group: str
    enrolled: int | None
    steps: tuple[Step, ...]


def read_columns(flow: pd.DataFrame, groups: Sequence[str], waves: Sequence[str]) -> tuple[Column, ...]:
    """Read the numbers of a flow diagram from the protected table of responses."""
    found = {(row["by_arm"], row["wave"], row["term"]): row for row in flow.to_dict("records")}
    columns = []
    for group in groups:
        steps: list[Step] = []
        enrolled = None
        for wave in waves:
            n, answered, share = _row(found.get((group, wave, ENROLLED)))
            base, both, _ = _row(found.get((group, wave, PREVIOUS)))
            enrolled = n if enrolled is None else enrolled
            if not steps:
                steps.append(Step(answered, share, _less(n, answered), None))
            else:
                steps.append(Step(answered, share, _less(base, both), _less(answered, both)))
        columns.append(Column(group, enrolled, tuple(steps)))
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
