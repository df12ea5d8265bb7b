"""What all imputations have in common: completed tables, and an analysis that counts the imputing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

JACKKNIFE, RUBIN = "jackknife", "rubin"

Progress = Callable[[int, int], None]
"""Told how many draws are done, and how many are wanted."""


@dataclass(frozen=True, slots=True, eq=False)
class Imputations(ABC):
    """Completed tables.

    Attributes
    ----------
    method
        How values were imputed.
    n_subjects, n_imputed, n_draws
        People (or rows), values that were imputed, and completed tables.
    variance
        ``jackknife``: repeated-sampling errors. ``rubin``: information-anchored errors.
    description
        One line that says what was done.
    """

    method: str
    n_subjects: int
    n_imputed: int
    n_draws: int
    variance: str
    description: str

    @abstractmethod
    def completed(self, draw: int = 0) -> pd.DataFrame:
        """Give a completed table."""

    @abstractmethod
    def analyse(self, formula: str, *, confidence: float = 0.95) -> pd.DataFrame:
        """Regress on the completed tables, and pool."""

    @property
    def datasets(self) -> tuple[pd.DataFrame, ...]:
        """All completed tables, in the order of the draws."""
        return tuple(self.completed(draw) for draw in range(self.n_draws))

    def check_draw(self, draw: int) -> None:
        """Refuse a draw that is not there.

        Raises
        ------
        ValueError
            If there is no such draw.
        """
        if not 0 <= draw < self.n_draws:
            raise ValueError(f"draw is {draw}; allowed: 0 to {self.n_draws - 1}")
