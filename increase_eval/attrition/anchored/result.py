"""Estimates under a dial for not answering, and what two dials do to a difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.attrition.anchored.anchors import Anchors
from increase_eval.attrition.anchored.contrast import AnchoredContrast, Arm, anchored_contrast
from increase_eval.attrition.anchored.dial import DialRange
from increase_eval.attrition.anchored.equations import ESTIMATED, ArmProblem
from increase_eval.attrition.anchored.gain import anchor_gain
from increase_eval.attrition.anchored.population import People
from increase_eval.attrition.anchored.together import combined, everybody
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class AnchoredNonresponse:
    """Means by arm under each dial, anchored on what is known of everybody.

    Attributes
    ----------
    estimates
        One row an arm and dial: ``arm, gamma, estimate, std_error, df, conf_low, conf_high, anchor_low, anchor_high``
        (lowest and highest end of the intervals over everything that was declared of bridge and dates; else the
        interval), ``n`` (people the mean is about), ``n_observed, effective_sample_size, largest_share, status``.
    weights
        Index as the data, one column a dial: how many people each who answered stands for; nought for the others, and
        where the arm has no such dial.
    default
        The default range of the dial and the models behind it, or None where dials were given.
    quantity, population, outcome
        As asked for.
    scale
        Standard deviation of the first score, the dial's unit.
    n_dropped
        People of the population who lack arm, category or history, and those who answered and lack the first score.
    """

    estimates: pd.DataFrame
    weights: pd.DataFrame
    default: DialRange | None
    quantity: str
    population: str
    outcome: str
    confidence: float
    scale: float
    n_dropped: int
    arms: tuple[Any, ...]
    own: tuple[Arm, ...] = field(repr=False)
    without: tuple[ArmProblem, ...] = field(repr=False)

    @classmethod
    def of(
        cls,
        people: People,
        problems: tuple[ArmProblem, ...],
        dials: Mapping[Any, tuple[float, ...]],
        entry: Mapping[Any, float],
        anchors: Anchors,
        *,
        is_sample: bool,
        bias_correction: bool,
        is_share: bool,
        confidence: float,
        quantity: str,
        population: str,
        outcome: str,
        index: pd.Index,
        default: DialRange | None,
        without: tuple[ArmProblem, ...],
    ) -> AnchoredNonresponse:
        """Estimate every arm at every dial of its own."""
        arms = tuple(
            Arm(
                label,
                number,
                problems[number],
                dials[label],
                entry[label],
                anchors,
                people,
                is_sample,
                bias_correction,
                is_share,
            )
            for number, label in enumerate(people.arms)
        )
        rows: list[dict[str, Any]] = []
        weights: dict[float, Floats] = {}
        for arm in arms:
            for gamma in arm.dials:
                found = arm.at(gamma)
                rows.append({"arm": arm.label, "gamma": gamma, **arm.row(gamma, found, confidence)})
                own = weights.setdefault(gamma, np.zeros(len(index)))
                own[arm.problem.rows] = found.weights
        table = pd.DataFrame(weights, index=index)[sorted(weights)]
        return cls(
            pd.DataFrame(rows), table, default, quantity, population, outcome, confidence,
            people.scale, people.n_dropped, people.arms, arms, without,
        )  # fmt: skip

    @property
    def gain(self) -> pd.DataFrame:
        """Say by arm whether the anchor helps; see :func:`.anchor_gain`."""
        return anchor_gain(self.own, self.without)

    @property
    def notes(self) -> tuple[str, ...]:
        """Say what a reader must know: arms without a number, and where the anchor does not help."""
        return _notes(self.own, self.gain)

    def at(self, arm: Any, gamma: float) -> pd.Series[Any]:
        """Give the row of `estimates` of one arm at any dial.

        Raises
        ------
        ValueError
            If there is no such arm.
        """
        own = self._arm(arm)
        return pd.Series({"arm": arm, "gamma": gamma, **own.row(gamma, own.at(gamma), self.confidence)})

    def contrast(self, first: Any, second: Any, *, margin: float | None = None, steps: int = 41) -> AnchoredContrast:
        """Give the difference of two arms, second less first, under a dial for each.

        Parameters
        ----------
        first, second
            Two arms.
        margin
            Half the width of the region that counts as equivalent; empty: there is none.
        steps
            Dials of each arm, from the lowest to the highest of its grid; an odd number.

        Raises
        ------
        ValueError
            If an arm is not known, both are the same, or an arm has one dial only.
        """
        if first == second:
            raise ValueError(f"a contrast needs two arms; both are {first!r}")
        return anchored_contrast(
            self._arm(first), self._arm(second), margin=margin, steps=steps, confidence=self.confidence
        )

    def everybody(self, gamma: float) -> pd.Series[Any]:
        """Give the mean of all arms together, each by its share of the people, with one dial for all; see `together`.

        Parameters
        ----------
        gamma
            The dial of every arm.

        Returns
        -------
        Series
            ``gamma, estimate, std_error, df, conf_low, conf_high, n, n_observed, status``.
        """
        return everybody(self.own, gamma, self.confidence)

    def difference(self, first: Any, second: Any, gamma: float) -> pd.Series[Any]:
        """Give the difference of two arms, second less first, with one dial for both; the index of :meth:`everybody`.

        Raises
        ------
        ValueError
            If an arm is not known, or both are the same.
        """
        if first == second:
            raise ValueError(f"a difference needs two arms; both are {first!r}")
        return combined((self._arm(first), self._arm(second)), np.array([-1.0, 1.0]), gamma, self.confidence)

    def to_frame(self) -> pd.DataFrame:
        """Give the estimates as an estimate table, one row an arm and dial; ``n`` are those who answered."""
        rows = self.estimates.rename(columns={"arm": "by_arm", "gamma": "by_gamma"})
        rows = rows.drop(columns=["anchor_low", "anchor_high", "n", "effective_sample_size", "largest_share"])
        rows = rows.rename(columns={"n_observed": "n"})
        term = "mean" if self.quantity == "level" else "change"
        return estimate_table(
            rows, outcome=self.outcome, term=term, n_dropped=self.n_dropped, method=f"anchored, {self.population}"
        )

    def _arm(self, label: Any) -> Arm:
        for arm in self.own:
            if arm.label == label:
                return arm
        raise ValueError(f"there is no arm {label!r}; there are: {', '.join(map(str, self.arms))}")


def _notes(arms: Sequence[Arm], gain: pd.DataFrame) -> tuple[str, ...]:
    lost = [f"{arm.label}: {arm.problem.status}" for arm in arms if arm.problem.status != ESTIMATED]
    idle = [str(arm) for arm in gain.index[gain["verdict"] == "does not help"]]
    return (*lost, *([f"the anchor does not help in {', '.join(idle)}"] if idle else []))
