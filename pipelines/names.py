"""Names that several layers share: of tables, of what results are split by, and of what a study can carry."""

from pathlib import Path

import pandas as pd

from increase_eval.places import Places
from increase_eval.scoring.possible_range import possible_range
from increase_eval.study import Study

RAW_FILES = "raw_files"
"""The asset that stands for the files people put into the raw folder."""


SAFE = "safe_"
FIGURE = "figure_"
REPORT = "report_"
DRAWN = "drawn_"
IMPUTED_DRAWS = "imputed_draws_"
"""What the names of tables of draws start with; then the scale."""


def stored_path(places: Places, study_id: str, table: str) -> Path:
    """Say where a table rests. Those that only serve what leaves lie apart, so that nobody takes them for results."""
    if table.startswith((SAFE, DRAWN, FIGURE, REPORT)):
        return places.stored(study_id) / "leaving" / f"{table}.parquet"
    return places.table(study_id, table)


def wave_table(wave: str) -> str:
    """Give the name of the table of one wave."""
    return f"wave_{wave}"


def wave_tables(study: Study) -> tuple[str, ...]:
    """Give the names of the tables of all waves, in order."""
    return tuple(wave_table(wave) for wave in study.wave_ids)


def by_wave(study: Study, tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Turn tables of waves by name into tables by wave, in order."""
    return {wave: tables[wave_table(wave)] for wave in study.wave_ids}


def has_states(study: Study) -> bool:
    """Whether the study measures states, such as employment."""
    return "states" in study.capabilities


def group_levels(study: Study) -> dict[str, tuple[str, ...]]:
    """Give what results are split by, as column -> its levels in the contract's order: arms, and sites where known."""
    site = study.site_level
    sites = {"site": tuple(unit.id for unit in site.units)} if site is not None and site.units else {}
    return {"arm": study.arm_ids, **sites}


def grouped_by(study: Study) -> tuple[str, ...]:
    """Give the columns that results are split by: arms, and sites where the study has them."""
    return ("arm", "site") if study.site_level is not None else ("arm",)


def with_site(study: Study, participants: pd.DataFrame) -> pd.DataFrame:
    """Call the column of the finest place ``site``, whatever the contract calls that level."""
    level = study.site_level
    return participants if level is None else participants.rename(columns={level.column: "site"})


def score_ranges(study: Study) -> dict[str, tuple[float, float]]:
    """Give the lowest and highest possible score of every scale whose contract tells."""
    scales = {scale.id: scale for scale in study.scales}
    ranges = {name: possible_range(scale, scales) for name, scale in scales.items()}
    return {name: pair for name, pair in ranges.items() if pair is not None}
