"""The definitions of studies: which assets a contract makes, what each carries, and what a broken contract costs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import dagster as dg
import pytest

from increase_eval.places import Places
from increase_eval.reporting.documents import CHAPTERS
from increase_eval.reporting.figures import FIGURES
from increase_eval.study import Study, find_studies, load_study
from pipelines.assets import LAYERS, study_assets
from pipelines.assets.report import OPEN_TABLES, RECORD_COUNTS
from pipelines.build import build_all_definitions, build_definitions, executor
from pipelines.forked import forked_executor
from pipelines.freshness import inputs_of, tables_of
from pipelines.io_managers import TableStore
from pipelines.resources import ParticipantKey, RawFiles
from pipelines.run import QUIET

TINY = Path(__file__).parents[1] / "data" / "tiny"


def specs(study: Study) -> dict[str, dg.AssetSpec]:
    return {spec.key.path[-1]: spec for asset in study_assets(study) for spec in asset.specs}


@pytest.mark.parametrize("name", sorted(find_studies()))
def test_the_definitions_of_every_study_load(name: str, places: Places) -> None:
    study = load_study(name)
    repository = build_definitions(study, places).get_repository_def()
    assert repository.has_job(f"{study.id}__run")
    assert repository.has_sensor_def(f"{study.id}__raw_files")
    assert {key.path[0] for key in repository.asset_graph.get_all_asset_keys()} == {study.id}


@pytest.mark.parametrize("name", [*sorted(find_studies()), str(TINY)])
def test_every_table_that_an_asset_rests_on_is_made_by_the_study(name: str) -> None:
    assets = study_assets(load_study(name))
    made = {table for asset in assets for table in tables_of(asset)}
    assert {(asset.op.name, table) for asset in assets for table in inputs_of(asset) if table not in made} == set()


def test_the_code_location_holds_every_study(places: Places) -> None:
    repository = build_all_definitions(places).get_repository_def()
    assert {key.path[0] for key in repository.asset_graph.get_all_asset_keys()} == set(find_studies())


def test_keys_are_study_and_table_and_groups_are_layers(study: Study) -> None:
    made = specs(study)
    assert all(spec.key.path == ["tiny", table] for table, spec in made.items())
    groups = {spec.group_name for spec in made.values()}
    assert {"intake", "scoring", "attrition", "comparison", "report"} <= groups <= set(LAYERS)
    assert made["wave_t2"].group_name == "intake"
    assert made["response_flow"].group_name == "attrition"


@pytest.mark.parametrize("name", [*sorted(find_studies()), str(TINY)])
def test_no_table_that_a_chapter_or_a_figure_draws_on_is_kept_from_it(name: str) -> None:
    study = load_study(name)
    drawn_on = {table for spec in FIGURES.values() for table in spec.tables}
    drawn_on |= {table for chapter in CHAPTERS for table in (*chapter.tables, *chapter.optional_tables)}
    leaving = {f"safe_{table}" for table in (drawn_on & set(specs(study))) - set(OPEN_TABLES)}
    assert leaving == {table for table in specs(study) if table.startswith("safe_")} - {RECORD_COUNTS}


def test_every_asset_says_what_it_is_and_carries_its_provenance(study: Study) -> None:
    for table, spec in specs(study).items():
        assert spec.description, table
        assert spec.kinds, table
        assert spec.code_version, table
        assert spec.tags["study"] == "tiny", table
        assert spec.metadata["contract_hash"] == study.contract_hash, table
        assert spec.metadata["provenance"] == "synthetic", table


def test_the_grain_of_every_stored_table_is_in_its_description(study: Study) -> None:
    for table, spec in specs(study).items():
        if "parquet" in spec.kinds:
            assert spec.description is not None
            assert spec.description.startswith("One row per "), table


def test_columns_have_the_labels_of_the_contract(study: Study) -> None:
    schema = specs(study)["wave_t1"].metadata["dagster/column_schema"]
    columns = {column.name: column for column in schema.columns}
    contracted = {column.name: column for column in study.wave_columns("t1")}
    assert set(contracted) < set(columns)
    assert all(columns[name].description == column.label.en for name, column in contracted.items())


def test_what_a_contract_cannot_carry_is_not_there(tmp_path: Path) -> None:
    shutil.copytree(TINY, tmp_path / "tiny")
    for name, pattern in (
        ("study.yaml", r"states:\n(?:[ -].*\n)+"),
        ("analysis.yaml", r"  - id: employed\n(?:    .*\n)+"),
    ):
        path = tmp_path / "tiny" / name
        text, count = re.subn(pattern, "", path.read_text())
        assert count == 1, name
        path.write_text(text)
    without = load_study(tmp_path / "tiny")
    assert "states" not in without.capabilities
    assert {"states", "state_shares", "state_transitions"}.isdisjoint(specs(without))


def test_items_are_the_columns_that_a_score_comes_from(study: Study) -> None:
    lineage = specs(study)["scores"].metadata["dagster/column_lineage"].deps_by_column
    found = {(dep.asset_key.path[-1], dep.column_name) for dep in lineage["wellbeing"]}
    assert found == {(f"wave_{wave}", item) for wave in study.wave_ids for item in ("w1", "w2", "w3", "w4")}
    leaves = {dep.column_name for dep in lineage["overall"]}  # made from the scores of two scales
    assert leaves == {"w1", "w2", "w3", "w4", "c1", "c2", "c3"}
    assert {dep.column_name for dep in lineage["score"]} > leaves


def test_every_contracted_table_has_a_blocking_check_of_its_contract(study: Study) -> None:
    checks = {(spec.asset_key.path[-1], spec.name): spec for asset in study_assets(study) for spec in asset.check_specs}
    for table in ("participants", "wave_t1", "wave_t2", "wave_t3"):
        assert checks[table, "contract"].blocking
    assert checks["ledger", "ledger_balances"].blocking
    assert checks["scores", "scores_are_in_range"].blocking
    assert checks["response_counts", "retained_and_lost_make_enrolled"].blocking
    assert not checks["participants", "every_arm_is_there"].blocking


def test_a_broken_contract_is_shown_and_takes_nobody_else_down(places: Places, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(TINY, broken)
    (broken / "instruments.yaml").write_text("scales: [{id: wellbeing, items: [nowhere]}]\n")
    repository = build_all_definitions(places, {"broken": broken, "tiny": TINY}).get_repository_def()
    graph = repository.asset_graph
    assert dg.AssetKey(["tiny", "scores"]) in graph.get_all_asset_keys()
    [key] = [key for key in graph.get_all_asset_keys() if key.path[0] == "broken"]
    assert key.path == ["broken", "contract"]
    description = graph.get(key).description
    assert description is not None
    assert "item 'nowhere' is no column of any wave" in description


def test_materialising_a_broken_contract_says_again_what_is_wrong(places: Places, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("id: broken\n")
    definitions = build_all_definitions(places, {"broken": tmp_path})
    [asset] = [one for one in definitions.assets or () if isinstance(one, dg.AssetsDefinition)]
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([asset], raise_on_error=False, instance=instance, run_config=QUIET)
    [failure] = [event for event in result.all_events if event.is_step_failure]
    assert "study.yaml" in failure.step_failure_data.user_failure_data.description


def test_resources_are_typed_and_hold_no_secret(study: Study, places: Places) -> None:
    resources = build_definitions(study, places).resources or {}
    kinds = {name: type(resource) for name, resource in resources.items()}
    assert kinds["tables"] is TableStore
    assert kinds["raw_files"] is RawFiles
    assert kinds["participant_key"] is ParticipantKey
    assert set(ParticipantKey.model_fields) == {"home"}


def test_the_executor_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert executor() is dg.in_process_executor
    monkeypatch.setenv("INCREASE_EVAL_EXECUTOR", "multiprocess")
    assert executor() is dg.multiprocess_executor
    monkeypatch.setenv("INCREASE_EVAL_EXECUTOR", "forked")
    assert executor() is forked_executor
    monkeypatch.setenv("INCREASE_EVAL_EXECUTOR", "fast")
    with pytest.raises(ValueError, match="'fast'; allowed: in_process, forked, multiprocess"):
        executor()


def test_the_module_that_dagster_loads_reads_the_environment_when_it_builds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from pipelines.definitions import definitions

    shutil.copytree(TINY, tmp_path / "contracts" / "tiny")
    monkeypatch.setenv("INCREASE_EVAL_CONTRACTS", str(tmp_path / "contracts"))
    monkeypatch.setenv("INCREASE_EVAL_HOME", str(tmp_path / "home"))
    built = definitions()
    assert isinstance(built, dg.Definitions)
    assert built.get_repository_def().has_job("tiny__run")
