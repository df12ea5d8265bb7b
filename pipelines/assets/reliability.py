"""How well the scales measure: consistency, retests, reliable change, and item by item."""

import dagster as dg
import pandas as pd

from increase_eval.scoring.reliability import item_tables, reliability_table, reliable_change_table, retest_table
from increase_eval.study import Study
from pipelines.claims_checks import (
    changes_make_a_whole,
    coefficients_are_between,
    everything_has_a_status,
    item_shares_are_shares,
)
from pipelines.hand_checks import intervals_hold_their_estimates, shares_are_shares
from pipelines.names import by_wave, wave_tables
from pipelines.table_assets import table_asset


def reliability_assets(study: Study) -> list[dg.AssetsDefinition]:
    """Build what the study has answers for: items for consistency, two waves for retests and change."""
    able = study.capabilities
    items = [_reliability(study), _items(study)] if "items" in able else []
    retests = [_retest(study)] if {"scales", "repeated"} <= able else []
    change = [_change(study)] if {"items", "repeated"} <= able else []
    return [*items, *retests, *change]


def _reliability(study: Study) -> dg.AssetsDefinition:
    name = "reliability"
    checks = [
        coefficients_are_between(name, ("alpha", "omega")),
        everything_has_a_status(name),
        intervals_hold_their_estimates(name),
    ]

    @table_asset(study, name, inputs=("scores", "participants", *wave_tables(study)), checks=checks)
    def reliability(scores: pd.DataFrame, participants: pd.DataFrame, **waves: pd.DataFrame) -> pd.DataFrame:
        """One row per scale, wave, language, arm and coefficient: how consistent the items are, on how many people."""
        return reliability_table(study, by_wave(study, waves), scores, participants)

    return reliability


def _items(study: Study) -> dg.AssetsDefinition:
    @table_asset(study, "item_table", inputs=wave_tables(study), checks=[item_shares_are_shares()])
    def items(**waves: pd.DataFrame) -> pd.DataFrame:
        """One row per scale, wave and item: answers, missing ones, spread, ends, and how it goes with the rest."""
        return item_tables(study, by_wave(study, waves))

    return items


def _retest(study: Study) -> dg.AssetsDefinition:
    name = "retest"
    terms = ("retest correlation", "retest agreement")
    checks = [
        coefficients_are_between(name, terms),
        everything_has_a_status(name),
        intervals_hold_their_estimates(name),
    ]

    @table_asset(study, name, inputs=("scores", "participants"), checks=checks)
    def retest(scores: pd.DataFrame, participants: pd.DataFrame) -> pd.DataFrame:
        """One row per scale, pair of waves, arm and coefficient: whether people keep their place on the scale."""
        return retest_table(study, scores, participants)

    return retest


def _change(study: Study) -> dg.AssetsDefinition:
    name = "reliable_change"
    checks = [changes_make_a_whole(), shares_are_shares(name), intervals_hold_their_estimates(name)]

    @table_asset(study, name, inputs=("scores", "participants", "reliability"), checks=checks)
    def change(scores: pd.DataFrame, participants: pd.DataFrame, reliability: pd.DataFrame) -> pd.DataFrame:
        """One row per scale, later wave, arm and direction: the share changed by more than the scale can be wrong."""
        return reliable_change_table(study, scores, participants, reliability)

    return change
