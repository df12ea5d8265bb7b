"""Each asset as a function: from the tables it rests on to the tables that a run stores, with its checks passed."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from increase_eval.places import Places
from increase_eval.storage import read_table
from increase_eval.study import Study, load_study
from pipelines.assets import study_assets
from pipelines.documents import Documents
from pipelines.freshness import inputs_of, tables_of
from pipelines.names import stored_path
from pipelines.resources import ParticipantKey, RawFiles

ASSETS = {asset.op.name: asset for asset in study_assets(load_study(Path(__file__).parents[1] / "data" / "tiny"))}

pytestmark = pytest.mark.usefixtures("without_pdf")


def results_of(asset: dg.AssetsDefinition, places: Places) -> list[dg.MaterializeResult | dg.AssetCheckResult]:
    tables = {name: read_table(stored_path(places, "tiny", name)) for name in inputs_of(asset)}
    known = {"raw_files": RawFiles(home=str(places.home)), "participant_key": ParticipantKey(home=str(places.home))}
    resources = {name: known[name] for name in asset.required_resource_keys if name in known}
    return list(asset(**tables, **resources))


@pytest.mark.parametrize("step", ASSETS)
def test_an_asset_gives_what_a_run_stores(step: str, ran: Places) -> None:
    asset = ASSETS[step]
    results = results_of(asset, ran)
    checks = [one for one in results if isinstance(one, dg.AssetCheckResult)]
    assert all(one.passed for one in checks)
    assert {(one.asset_key, one.check_name) for one in checks} == {(s.asset_key, s.name) for s in asset.check_specs}
    made = {one.asset_key.path[-1]: one for one in results if isinstance(one, dg.MaterializeResult) and one.asset_key}
    assert set(made) == set(tables_of(asset))
    for name, result in made.items():
        stored = read_table(stored_path(ran, "tiny", name))
        if isinstance(result.value, Documents):
            assert dict(zip(stored["file"], stored["bytes"], strict=True)) == {
                file: len(content) for file, content in result.value.files.items()
            }
        else:
            assert_frame_equal(result.value[list(stored.columns)], stored, check_dtype=False)


@pytest.mark.parametrize("step", [name for name, asset in ASSETS.items() if inputs_of(asset)])
def test_an_asset_leaves_the_tables_it_is_given_alone(step: str, ran: Places) -> None:
    asset = ASSETS[step]
    tables = {name: read_table(stored_path(ran, "tiny", name)) for name in inputs_of(asset)}
    before = {name: frame.copy() for name, frame in tables.items()}
    list(asset(**tables))
    for name, frame in tables.items():
        assert_frame_equal(frame, before[name])


def test_nothing_that_the_ui_shows_of_a_table_of_people_is_about_one_of_them(study: Study, ran: Places) -> None:
    people = read_table(ran.table("tiny", "participants"))
    for name in ("tiny__intake", "tiny__responses", "tiny__scores"):
        for result in results_of(ASSETS[name], ran):
            shown = str(result.metadata)
            assert not [key for key in people["participant"] if key in shown], name


def test_the_ui_is_given_what_a_person_would_look_for(ran: Places) -> None:
    [scores] = [one for one in results_of(ASSETS["tiny__scores"], ran) if isinstance(one, dg.MaterializeResult)]
    stored = read_table(ran.table("tiny", "scores"))
    assert scores.metadata is not None
    assert scores.metadata["rows"] == scores.metadata["dagster/row_count"] == len(stored)
    assert scores.metadata["participants"] == stored["participant"].nunique()
    assert 0 < scores.metadata["share_missing"] < 1
    assert "| score | float64 |" in scores.metadata["preview"].value
    assert scores.data_version is not None


def test_estimates_are_previewed_with_small_cells_suppressed(ran: Places) -> None:
    asset = ASSETS["tiny__state_transitions"]
    [moves] = [one for one in results_of(asset, ran) if isinstance(one, dg.MaterializeResult)]
    assert moves.metadata is not None
    preview = moves.metadata["preview"].value
    assert "suppressed" in preview
    assert isinstance(moves.value, pd.DataFrame)
    assert preview.count("\n") < 30 < len(moves.value)


def test_a_figure_is_shown_itself_and_is_small_enough_to_be_kept(ran: Places) -> None:
    figures = [one for one in results_of(ASSETS["tiny__figures"], ran) if isinstance(one, dg.MaterializeResult)]
    drawn = {one.asset_key.path[-1] for one in figures if one.asset_key is not None}
    named = ("flow", "distributions", "trajectories", "retention", "states", "reliability", "staying")
    named = (*named, "leavers", "representativeness", "chances", "balance", "weighted", "robustness", "moves")
    named = (*named, "adjusted", "arm_balance", "overlap", "satisfaction", "verdicts", "moved", "tipping")
    assert drawn == {f"figure_{name}" for name in named}
    assert len(figures) == len(named)
    for figure in figures:
        assert figure.metadata is not None
        for language in ("en", "fr"):
            shown = figure.metadata[f"picture_{language}"].value
            assert shown.startswith("![")
            assert "](data:image/png;base64," in shown
            assert 5_000 < len(shown) < 205_000
