"""What could answers under a key that nobody has do to the shares that are retained? Three readings, side by side.

Such rows stay in quarantine until a person says whose they are. This says how far retention rests on that: as it is
counted, if each row were a further respondent, and if the proposed links were confirmed. It links nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.attrition.flow import Booleans, base_members, response_matrix, share_row
from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.descriptive.groups import require_columns, unique_keys
from increase_eval.results import estimate_table

AS_COUNTED = "as counted"
EACH_FURTHER = "each a further respondent"
LINKS_CONFIRMED = "proposed links confirmed"
READINGS = (AS_COUNTED, EACH_FURTHER, LINKS_CONFIRMED)

ROW_COLUMNS = ("file", "row", "wave", "person", "answered", "candidate", "agreeing")


def unresolved_links(
    responses: pd.DataFrame,
    unresolved: pd.DataFrame,
    *,
    waves: Sequence[str],
    participants: pd.DataFrame | None = None,
    bases: Mapping[str, str] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Say how far the shares that are retained rest on rows under a key that nobody has.

    Parameters
    ----------
    responses
        One row per participant and wave: ``participant``, ``wave``, ``responded``.
    unresolved
        One row per unresolved row, wave and candidate, as intake gives them: ``file``, ``row``, ``wave``, ``person``
        (rows with the same are one stranger's; missing: unlike any other), ``answered``, ``candidate`` (a participant,
        or missing), ``agreeing`` (how many declared columns speak for the candidate).
    waves
        The waves in order.
    participants, bases
        Further denominators, as in :func:`~increase_eval.attrition.response_flow`: one row per participant, and name ->
        the column that says who is in it.
    confidence
        Coverage of the Wilson intervals.

    Returns
    -------
    DataFrame
        An estimate table: ``outcome="responded"``, ``term`` the denominator (``enrolled``, the names of `bases`, and
        after the first wave ``first wave``), ``contrast`` the reading (:data:`READINGS`), ``wave``, the share with its
        interval, ``n`` the denominator, ``n_dropped`` the unresolved rows with an answer that the reading leaves out.

    Raises
    ------
    ValueError
        If a column or wave is absent, a participant stands twice in a wave, a candidate is no participant, or there
        are bases and no participants.

    Notes
    -----
    With E people enrolled, r_w of them in wave w, b_w of them in wave w and in the first, and k_w strangers with an
    answer in wave w:

    - *as counted*: r_w of E, and b_w of r_1; of a base of B people c_w of B, with c_w of them in wave w;
    - *each a further respondent*: min(r_w + k_w, E) of E, min(c_w + k_w, B) of B, and min(b_w + k_w, m) of
      m = min(r_1 + k_1, E): the highest count that the rows allow where nobody counts twice;
    - *proposed links confirmed*: r_w, b_w and c_w with the candidates of the rows. A row has its only candidate, or the
      only one in whom most columns agree; where several tie it stays unresolved.

    Rows without any answer count in no reading, as they would not in the response flow. The intervals speak of
    sampling only: that the readings differ is another uncertainty, which no interval holds.

    Checked against hand counts in ``tests/spec/attrition/test_unresolved_links.py``.

    Examples
    --------
    >>> responses = pd.DataFrame({"participant": list("pqr"), "wave": "t1", "responded": [True, False, False]})
    >>> rows = pd.DataFrame({"file": ["a.csv"], "row": [7], "wave": ["t1"], "person": ["x"], "answered": [True],
    ...                      "candidate": ["p"], "agreeing": [2]})
    >>> table = unresolved_links(responses, rows, waves=["t1"])
    >>> print(table[["contrast", "estimate", "n"]].round(2).to_string(index=False))
                     contrast  estimate  n
                   as counted      0.33  3
    each a further respondent      0.67  3
     proposed links confirmed      0.33  3
    """
    normal_quantile(confidence)
    require_columns(unresolved, ROW_COLUMNS, "unresolved")
    require_columns(responses, ("participant", "wave", "responded"), "responses")
    if bases and participants is None:
        raise ValueError(f"bases {sorted(bases)} need participants")
    people = participants if participants is not None else responses[["participant"]].drop_duplicates()
    keys, members = unique_keys(people), base_members(people, bases)
    counted = response_matrix(responses, keys, waves)
    strange = sorted(set(unresolved["wave"].dropna()) - set(waves))
    if strange:
        raise ValueError(f"unresolved rows are of waves {strange}; allowed: {', '.join(waves)}")
    rows = unresolved[unresolved["answered"].astype(bool)]
    linked, linked_rows = _linked(counted, keys, rows, waves)
    all_rows = _rows_by_wave(rows, waves)
    strangers = np.array([_strangers(rows[rows["wave"] == wave]) for wave in waves], dtype=int)
    nobody = np.zeros(len(waves), dtype=int)
    table = [
        *_reading(AS_COUNTED, counted, members, nobody, all_rows, waves, confidence),
        *_reading(EACH_FURTHER, counted, members, strangers, nobody, waves, confidence),
        *_reading(LINKS_CONFIRMED, linked, members, nobody, all_rows - linked_rows, waves, confidence),
    ]
    return estimate_table(table, outcome="responded", method="Wilson interval")


def _reading(
    name: str,
    answered: Booleans,
    bases: Mapping[str, Booleans],
    further: np.ndarray,
    dropped: np.ndarray,
    waves: Sequence[str],
    confidence: float,
) -> Iterator[dict[str, Any]]:
    """Give the shares of one reading, by wave; `further` respondents are people who are not among those counted."""
    enrolled = len(answered)
    first = min(int(answered[:, :1].sum()) + int(further[0]), enrolled)
    for index, wave in enumerate(waves):
        of_first = int((answered[:, index] & answered[:, 0]).sum())
        within = {term: (int(answered[own, index].sum()), int(own.sum())) for term, own in bases.items()}
        counts = {"enrolled": (int(answered[:, index].sum()), enrolled), **within, "first wave": (of_first, first)}
        for term, (count, n) in counts.items():
            if index or term != "first wave":
                share = share_row(min(count + int(further[index]), n), n, confidence)
                yield {"term": term, "contrast": name, "wave": wave, **share, "n_dropped": int(dropped[index])}


def _strangers(rows: pd.DataFrame) -> int:
    """Count the people behind rows: rows with the same unknown key are one, rows without any are one each."""
    every = rows.drop_duplicates(["file", "row"])
    return int(every["person"].nunique() + every["person"].isna().sum())


def _rows_by_wave(rows: pd.DataFrame, waves: Sequence[str]) -> np.ndarray:
    sizes = rows.drop_duplicates(["file", "row", "wave"]).groupby("wave").size()
    return sizes.reindex(list(waves), fill_value=0).to_numpy(dtype=int)


def _linked(counted: Booleans, keys: pd.Index, rows: pd.DataFrame, waves: Sequence[str]) -> tuple[Booleans, np.ndarray]:
    """Add the candidates of rows that have one, or one in whom more agrees; and count these rows by wave."""
    named = rows[rows["candidate"].notna()]
    best = named.groupby(["file", "row", "wave"])["agreeing"].transform("max")
    best_named = named[named["agreeing"] == best]
    chosen = best_named[~best_named.duplicated(["file", "row", "wave"], keep=False)]
    at = keys.get_indexer(pd.Index(chosen["candidate"]))
    if (at < 0).any():
        raise ValueError(f"{int((at < 0).sum())} candidates are not in responses; a candidate is a participant")
    linked = counted.copy()
    linked[at, pd.Index(list(waves)).get_indexer(pd.Index(chosen["wave"]))] = True
    return linked, _rows_by_wave(chosen, waves)
