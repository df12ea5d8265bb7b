"""The published counts that the calibrated cohort satisfies: ``respondent_counts.csv`` of a contract."""

from __future__ import annotations

import pandas as pd

from increase_eval.errors import ContractError
from increase_eval.study.study import Study
from increase_eval.synthetic.calibrated import ArmCounts

COUNTS_FILE = "respondent_counts.csv"


def read_counts(study: Study) -> dict[str, ArmCounts]:
    """Read the counts that the calibrated cohort satisfies, from ``respondent_counts.csv`` of the contract.

    The file has one row a wave and arm, and rows with arm ``all``: respondents, people moved into either state of work
    by the second wave, into each of the two by the third, and other changes (given for ``all`` only).
    """
    path = study.folder / COUNTS_FILE
    if not path.is_file():
        raise ContractError(f"{path} is missing: a calibrated cohort needs the counts it is to satisfy")
    table = pd.read_csv(path).fillna(0).set_index(["wave", "approach"])
    first, second, third = (wave.upper() for wave in study.wave_ids[:3])
    respondents = {key: int(count) for key, count in table["respondents"].items()}
    moved, employed, own, other = (
        {key: int(count) for key, count in table[column].items()}
        for column in ("into_either", "into_employment", "into_self_employment", "other_change")
    )
    # Other changes are published for all arms together: the largest arm carries them.
    largest = max(study.arm_ids, key=lambda arm: respondents[first, arm])
    counts = {}
    for arm in study.arm_ids:
        sizes = [respondents[wave, arm] for wave in (first, second, third)]
        others = other[second, "all"] if arm == largest else 0
        at_second, at_third = moved[second, arm], employed[third, arm] + own[third, arm]
        counts[arm] = ArmCounts(
            sizes[0],
            (sizes[0] - sizes[1], sizes[1] - at_second - others, at_second, others),
            (sizes[0] - sizes[2], sizes[2] - at_third, employed[third, arm], own[third, arm]),
        )
    return counts
