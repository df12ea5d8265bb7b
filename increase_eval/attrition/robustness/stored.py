"""What other stored tables say of a headline: repeated measures, imputations, and non-response anchored on counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from increase_eval.attrition.headlines import ASKED, COUNTED, DIFFERENCES, FIRST_WAVE, Group, Headline
from increase_eval.attrition.robustness.scale_methods import Row, nothing, row

NUMBERS = ("estimate", "std_error", "df", "conf_low", "conf_high")
STRATEGIES: Mapping[str, str] = {
    "imputation": "mar", "delta": "delta", "return_to_baseline": "return-to-baseline",
    "jump_to_reference": "jr", "copy_reference": "cr", "copy_increments": "cir",
}  # fmt: skip
NEED_REFERENCE = ("jump_to_reference", "copy_reference", "copy_increments")
NOT_IMPUTED = "not imputed"


def modelled(
    headline: Headline, score_changes: pd.DataFrame | None, score_contrasts: pd.DataFrame | None
) -> Iterator[Row]:
    """Read changes, and their differences, off the model with the first wave as an outcome."""
    first = headline.study.wave_ids[0]
    for table, is_contrast in ((score_changes, False), (score_contrasts, True)):
        if table is None or headline.is_state:
            continue
        own = table[
            (table["outcome"] == headline.id) & (table["by_model"] == "baseline_free") & (table["by_unit"] == "points")
        ]
        if is_contrast:
            own = own[(own["by_adjustment"] == "none") & (own["by_since"] == first)]
            own = own[own["term"] == DIFFERENCES[headline.term]]
        for wave in headline.waves:
            for group in (one for one in headline.groups if (one.contrast is not None) == is_contrast):
                chosen = own["contrast"] == (group.contrast if is_contrast else f"{first} -> {wave}")
                chosen &= own["wave"] == wave if is_contrast else own["by_arm"] == group.by_arm
                yield from _read(own[chosen], headline, "mmrm", group, wave)


def anchored(headline: Headline, anchored_changes: pd.DataFrame | None) -> Iterator[Row]:
    """Read the ends and the middle of the dial off the anchored estimates, in those with a first wave."""
    if anchored_changes is None:
        return
    own = anchored_changes[
        (anchored_changes["outcome"] == headline.id)
        & anchored_changes["term"].isin([headline.term, DIFFERENCES[headline.term]])
        & anchored_changes["by_gamma_entry"].fillna("").eq("")
        & anchored_changes["by_gamma"].fillna("").ne("")
    ]
    for wave in headline.waves:
        for group in headline.groups:
            rows = _of_group(own, group, wave)
            dials = rows["by_gamma"].astype(float)
            if dials.empty:
                continue
            places = {"anchored_low": dials.idxmin(), "anchored": dials.abs().idxmin(), "anchored_high": dials.idxmax()}
            for name, place in places.items():
                yield from _read(rows.loc[[place]], headline, name, group, wave)


def imputed(headline: Headline, imputed_changes: pd.DataFrame | None) -> Iterator[Row]:
    """Read changes under imputation, and what else may be assumed of those who left, off the stored imputations."""
    control = headline.study.head.control_arm
    plan = headline.study.analysis.covariates
    known = [name for name in plan if name in headline.people and headline.people[name].notna().any()]
    complete = headline.people[known].notna().all(axis="columns").to_numpy(dtype=bool)
    own = None if imputed_changes is None else imputed_changes[imputed_changes["outcome"] == headline.id]
    for name, strategy in STRATEGIES.items():
        if name in NEED_REFERENCE and control not in headline.arms:
            continue
        if own is None or own.empty:
            yield from nothing(headline, name, NOT_IMPUTED)
            continue
        of_strategy = own[own["by_strategy"] == strategy]
        for wave in headline.waves:
            used = complete & ~np.isnan(headline.values[wave])
            for group in headline.groups:
                chosen = _of_group(of_strategy, group, wave)
                if chosen.empty:
                    yield row(headline, name, group, wave, status=NOT_IMPUTED, **group.counts(used))
                for found in _read(chosen, headline, name, group, wave):
                    # The table counts everybody it has, imputed or not.
                    yield {**found, **group.counts(used)}


def imputed_shares(headline: Headline, imputed_states: pd.DataFrame | None) -> Iterator[Row]:
    """Read shares under imputation off the stored imputations of states; delta too, and weighted to everybody asked."""
    methods = {"imputation": ("mar", headline.population), "delta": ("delta", headline.population)}
    methods["imputation_weights"] = ("mar", ASKED)
    own = None
    if imputed_states is not None:
        own = imputed_states[(imputed_states["outcome"] == headline.id) & (imputed_states["by_state"] == COUNTED)]
    for name, (strategy, population) in methods.items():
        if own is None or own.empty:
            yield from nothing(headline, name, NOT_IMPUTED)
            continue
        chosen = own[(own["by_strategy"] == strategy) & (own["by_population"] == population)]
        for wave in headline.waves:
            for group in headline.groups:
                rows = _of_group(chosen, group, wave)
                if rows.empty:
                    counts = group.counts(~np.isnan(headline.values[wave]))
                    yield row(headline, name, group, wave, status=NOT_IMPUTED, **counts, by_population=population)
                for found in _read(rows, headline, name, group, wave):
                    yield {**found, "by_population": population}


def _of_group(table: pd.DataFrame, group: Group, wave: str) -> pd.DataFrame:
    """Give the rows of a group at a wave: a comparison by the plan's id, an arm by its own."""
    is_difference = table["term"].isin(list(DIFFERENCES.values()))
    chosen = table["wave"] == wave
    if group.contrast is not None:
        return table[chosen & is_difference & (table["contrast"] == group.contrast)]
    return table[chosen & ~is_difference & (table["by_arm"] == group.by_arm)]


def _read(rows: pd.DataFrame, headline: Headline, method: str, group: Group, wave: str) -> Iterator[Row]:
    for found in rows.to_dict("records"):
        values = {name: found[name] for name in NUMBERS}
        if pd.isna(found["estimate"]):
            values = dict.fromkeys(NUMBERS, np.nan)
        n = 0 if pd.isna(found["n"]) else int(found["n"])
        counts = {"n": n, "n_dropped": max(int(group.who.sum()) - n, 0)}
        told = {"status": found["status"], "method": found["method"], "by_population": FIRST_WAVE}
        yield row(headline, method, group, wave, **values, **counts, **told)
