"""What a family of contrasts allows to say: the table of verdicts, and the same as an estimate table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from increase_eval.claims.identification.attribution import Attribution
from increase_eval.results import estimate_table

DIFFERENT = "different"
EQUIVALENT = "equivalent"
SMALLER = "different but smaller than matters"
INCONCLUSIVE = "inconclusive"
NOT_ESTIMABLE = "not estimable"
VERDICTS = (DIFFERENT, EQUIVALENT, SMALLER, INCONCLUSIVE, NOT_ESTIMABLE)

DIFFERENCE_TERM, EQUIVALENCE_TERM = "difference", "equivalence"
P_TERMS = {"holm": "p_holm", "hochberg": "p_hochberg", "romano_wolf": "p_romano_wolf"}
VALUE_TERMS = {
    "margin": "margin",
    "minimum_detectable": "minimum_detectable",
    "smallest_margin": "smallest_margin",
}


EFFECT_TERM = "design_effect"
HELD, APPLIED, BOTH, NONE = "in the standard error", "applied", "in the standard error and applied", "no clustering"


def _where_held(row: Mapping[str, Any]) -> str:
    """Say whether the standard error holds the design effect, or what could be seen was widened by it."""
    held, applied = row["held_effect"] != 1, row["design_effect"] != 1
    return {(True, True): BOTH, (True, False): HELD, (False, True): APPLIED, (False, False): NONE}[held, applied]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What may be said of the contrasts of a family.

    Attributes
    ----------
    table
        One row a contrast: what came with the estimates; conf_low, conf_high (confidence 1 - alpha/K);
        equivalence_low, equivalence_high (1 - 2 alpha/K); statistic, p_value (of one contrast by itself),
        p_equivalence (two one-sided tests), p_holm, p_hochberg, p_romano_wolf; margin; minimum_detectable,
        smallest_margin; design_effect (applied to both), held_effect (what the standard error holds); verdict (one of
        :data:`VERDICTS`), attribution (a label, or missing).
    alpha, family_size, adjustment, exploratory, power
        As they were given; `family_size` is K.
    attributions
        Contrast -> its attribution with assumptions and factors.
    """

    table: pd.DataFrame
    alpha: float
    family_size: int
    adjustment: str
    exploratory: bool
    power: float
    attributions: Mapping[str, Attribution]

    def to_frame(self) -> pd.DataFrame:
        """Give an estimate table: several rows a contrast, told apart by `term`.

        ``difference`` has the interval of 1 - alpha/K, the p value and the verdict, ``equivalence`` the interval of
        1 - 2 alpha/K and the p value of two one-sided tests; ``holm``, ``hochberg``, ``romano_wolf`` p values;
        ``margin``, ``minimum_detectable``, ``smallest_margin``, ``design_effect`` a value as `estimate`; the design
        effect is that of clustering in all, whether the standard error holds it or it was applied: `method` says which.
        `status` of the first is the attribution.
        """
        rows = [
            part for row in self.table.to_dict("records") for part in self._rows({str(k): v for k, v in row.items()})
        ]
        return estimate_table(rows)

    def _rows(self, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        names = ("outcome", "contrast", "wave", "n")
        head = {name: value for name, value in row.items() if name in names or name.startswith("by_")}
        shared = {name: row.get(name) for name in ("estimate", "std_error", "df")}
        k, alpha = self.family_size, self.alpha
        said = {"verdict": row["verdict"], "status": row["attribution"]}
        yield {
            **head,
            **shared,
            **said,
            "term": DIFFERENCE_TERM,
            "statistic": row["statistic"],
            "p_value": row["p_value"],
            "conf_low": row["conf_low"],
            "conf_high": row["conf_high"],
            "n_dropped": row.get("n_dropped"),
            "method": f"interval of 1 - {alpha:g}/{k}" if self.adjustment != "fdr_bh" else f"FDR {alpha:g} of {k}",
        }
        yield {
            **head,
            **shared,
            "term": EQUIVALENCE_TERM,
            "p_value": row["p_equivalence"],
            "conf_low": row["equivalence_low"],
            "conf_high": row["equivalence_high"],
            "method": f"interval of 1 - 2 x {alpha:g}/{k}",
        }
        for term, name in P_TERMS.items():
            if pd.notna(row[name]):
                yield {**head, "term": term, "p_value": row[name], "method": f"adjusted for {k}"}
        effect = row["design_effect"] * row["held_effect"]
        planned = f"alpha {alpha:g}, power {self.power:g}, K {k}, design effect {effect:.3g}"
        for term, name in VALUE_TERMS.items():
            if pd.notna(row[name]):
                method = "declared" if term == "margin" else planned
                yield {**head, "term": term, "estimate": row[name], "method": method}
        if pd.notna(effect):
            yield {**head, "term": EFFECT_TERM, "estimate": effect, "method": _where_held(row)}
