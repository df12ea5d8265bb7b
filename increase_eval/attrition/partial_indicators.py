"""Which characteristics carry the variation in the chance of answering? Partial R-indicators."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]


def partial_indicators(labels: pd.DataFrame, people: Floats, propensity: Floats) -> pd.DataFrame:
    """Give unconditional and conditional partial indicators of every covariate and category.

    Parameters
    ----------
    labels
        Distinct combinations of the covariates, shape (c, q).
    people, propensity
        How many have each combination, and their chance of answering, shape (c,).

    Returns
    -------
    DataFrame
        ``variable``, ``category`` (missing for the variable), ``n``, ``unconditional``, ``conditional``.

    Notes
    -----
    As :func:`increase_eval.attrition.representativeness` has them.

    References
    ----------
    Schouten B, Shlomo N, Skinner C (2011). Journal of Official Statistics 27, 231-253.

    Checked against sums written out person by person in ``tests/unit/attrition/test_representativeness.py``.

    Examples
    --------
    >>> labels = pd.DataFrame({"sex": ["f", "m"]})
    >>> table = partial_indicators(labels, np.array([50.0, 50.0]), np.array([0.6, 0.4]))
    >>> print(table["unconditional"].round(4).tolist())
    [0.1, 0.0707, -0.0707]
    """
    total, covariates = people.sum(), list(labels.columns)
    mean = people @ propensity / total
    rows: list[dict[str, Any]] = []
    for name in covariates:
        others = [other for other in covariates if other != name]
        within = labels.groupby(others, sort=False).ngroup().to_numpy() if others else np.zeros(len(people), int)
        sizes = np.bincount(within, weights=people)
        centre = np.bincount(within, weights=people * propensity) / sizes
        inside = people * (propensity - centre[within]) ** 2
        own: list[dict[str, Any]] = []
        for category in sorted(labels[name].unique()):
            members = (labels[name] == category).to_numpy(dtype=bool)
            n = float(people[members].sum())
            gap = float(people[members] @ propensity[members] / n - mean)
            own.append(
                {
                    "variable": name,
                    "category": category,
                    "n": int(n),
                    "unconditional": float(np.sqrt(n / total)) * gap,
                    "conditional": float(np.sqrt(inside[members].sum() / total)),
                }
            )
        rows.append(
            {
                "variable": name,
                "category": None,
                "n": int(total),
                "unconditional": float(np.sqrt(sum(row["unconditional"] ** 2 for row in own))),
                "conditional": float(np.sqrt(inside.sum() / total)),
            }
        )
        rows += own
    return pd.DataFrame(rows, columns=["variable", "category", "n", "unconditional", "conditional"])
