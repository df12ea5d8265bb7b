"""The whole graph on the tiny study: what a run makes, leaves, refuses, and survives."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import pipelines.assets.scoring as scoring_layer
import pipelines.freshness as freshness
from increase_eval.errors import DataError
from increase_eval.files import BusyError, study_lock
from increase_eval.places import Places
from increase_eval.reporting.leaving import is_estimate_table
from increase_eval.storage import open_study_tables, read_footer, write_table
from increase_eval.study import Study, load_study
from pipelines.progress import Progress
from pipelines.run import ASKED_FOR, materialise_study, plan_study

MakeHome = Callable[[Path], Places]
TINY = Path(__file__).parents[1] / "data" / "tiny"
SERVING = ("safe", "drawn", "figure", "report")
TABLES = ("intake", "scoring", "attrition", "comparison", "claims")
"""Every layer but the report, for tests that are about tables: figures take most of the time of a run."""

pytestmark = pytest.mark.usefixtures("in_memory", "without_pdf")


def every_file(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def content_hashes(places: Places) -> dict[str, str]:
    tables = open_study_tables(places, "tiny")
    return {name: tables.footer(name)["content_hash"] for name in tables}


def stale(study: Study, places: Places, **options: object) -> dict[str, tuple[str, ...]]:
    return {one.step.removeprefix("tiny__"): one.reasons for one in plan_study(study, places, **options) if one.reasons}


# -- what a run makes -----------------------------------------------------------------------------------------------


def test_two_runs_in_two_places_agree_to_the_byte(
    study: Study, ran: Places, make_home: MakeHome, tmp_path: Path
) -> None:
    other = make_home(tmp_path / "other")
    summary = materialise_study(study, other)
    assert summary.is_ok
    assert every_file(other.stored("tiny")) == every_file(ran.stored("tiny"))
    assert every_file(other.reports("tiny")) == every_file(ran.reports("tiny"))


def test_every_source_row_is_accounted_for(ran: Places) -> None:
    ledger = open_study_tables(ran, "tiny")["ledger"]
    outcomes = ledger[["accepted", "duplicate", "quarantined"]].sum(axis="columns")
    assert ledger["rows_read"].tolist() == outcomes.tolist()
    assert ledger["quarantined"].sum() > 0


def test_another_secret_gives_other_keys_and_the_same_estimates(
    study: Study, ran: Places, make_home: MakeHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INCREASE_EVAL_KEY", "another secret, also long enough")
    other = make_home(tmp_path / "other")
    assert materialise_study(study, other, only=TABLES).is_ok
    ours, theirs = open_study_tables(ran, "tiny"), open_study_tables(other, "tiny")
    assert set(ours["participants"]["participant"]).isdisjoint(theirs["participants"]["participant"])
    estimates = [name for name in ours if is_estimate_table(ours[name])]
    assert len(estimates) >= 6
    for name in estimates:
        assert_frame_equal(ours[name], theirs[name])


def test_nothing_stored_holds_a_key_a_name_or_a_comment(ran: Places) -> None:
    register = pd.read_csv(TINY / "raw" / "register.csv", dtype=str)
    personal = {*register["person"].dropna(), *register["name"].dropna(), *register["email"].dropna()}
    for name, frame in open_study_tables(ran, "tiny").items():
        texts = frame.select_dtypes(["string", "object"]).stack().astype(str)
        assert personal.isdisjoint(texts), name


def test_a_synthetic_study_says_so_in_the_footer_of_every_table(ran: Places) -> None:
    tables = open_study_tables(ran, "tiny")
    assert {tables.footer(name)["provenance"] for name in tables} == {"synthetic"}


# -- what a run leaves ----------------------------------------------------------------------------------------------


def test_a_second_run_makes_nothing(study: Study, ran: Places) -> None:
    before = every_file(ran.home / "data")
    summary = materialise_study(study, ran)
    assert (summary.is_ok, summary.run_id, summary.stored, summary.not_made) == (True, "", {}, ())
    assert set(open_study_tables(ran, "tiny")) <= set(summary.fresh)
    assert every_file(ran.home / "data") == before


def test_force_makes_everything_again_and_changes_no_byte(study: Study, ran: Places) -> None:
    before = every_file(ran.stored("tiny"))
    summary = materialise_study(study, ran, force=True, only=TABLES)
    assert summary.fresh == ()
    assert set(summary.stored) == set(open_study_tables(ran, "tiny"))
    assert every_file(ran.stored("tiny")) == before


def test_a_changed_raw_file_makes_everything_that_rests_on_it_stale(study: Study, ran: Places) -> None:
    path = ran.raw("tiny") / "wave_3.csv"
    path.write_text(path.read_text().rstrip("\n").rsplit("\n", 1)[0] + "\n")
    reasons = stale(study, ran)
    assert reasons["intake"] == ("wave_3.csv has changed",)
    assert reasons["scores"] == ("tiny__intake is made again",)
    assert materialise_study(study, ran, only=TABLES).is_ok
    assert stale(study, ran, only=TABLES) == {}


def test_another_secret_makes_everything_stale(study: Study, ran: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INCREASE_EVAL_KEY", "another secret, also long enough")
    assert stale(study, ran)["intake"] == ("participants' key has changed",)


def test_a_changed_contract_makes_everything_stale(ran: Places, tmp_path: Path) -> None:
    shutil.copytree(TINY, tmp_path / "tiny")
    path = tmp_path / "tiny" / "analysis.yaml"
    path.write_text(path.read_text().replace("minimum_n: 5", "minimum_n: 6"))
    assert stale(load_study(tmp_path / "tiny"), ran)["intake"] == ("the contract has changed",)


def test_changed_code_makes_everything_stale(study: Study, ran: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freshness, "code_version", lambda: "newer")
    assert stale(study, ran)["intake"] == ("the code has changed",)


def test_a_table_that_is_gone_is_made_again_with_what_rests_on_it(study: Study, ran: Places) -> None:
    ran.table("tiny", "scores").unlink()
    reasons = stale(study, ran)
    assert reasons["scores"] == ("scores is not stored",)
    assert "score_summary" in reasons
    assert reasons.keys().isdisjoint({"intake", "responses", "response_flow", "states"})
    summary = materialise_study(study, ran, only=TABLES)
    assert summary.is_ok
    assert "participants" in summary.fresh
    assert "participants" not in summary.stored


def test_a_torn_table_is_made_again(study: Study, ran: Places) -> None:
    path = ran.table("tiny", "state_shares")
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    assert stale(study, ran)["state_shares"] == ("state_shares is not a whole file",)
    assert materialise_study(study, ran, only=TABLES).is_ok
    assert path.read_bytes() == whole


def test_a_table_made_from_another_content_than_is_stored_is_stale(study: Study, ran: Places, tmp_path: Path) -> None:
    """As when another run replaced a table between the loading and the storing of this one."""
    scores = ran.table("tiny", "scores")
    frame = open_study_tables(ran, "tiny")["scores"]
    footer = {key: value for key, value in read_footer(scores).items() if key != "content_hash"}
    write_table(frame.iloc[::-1], scores, footer)
    assert stale(study, ran)["score_summary"] == ("scores has changed",)


def test_leftovers_of_killed_runs_are_removed(study: Study, ran: Places) -> None:
    leftover = ran.stored("tiny") / ".scores.parquet.0123456789ab.part"
    leftover.write_bytes(b"half")
    materialise_study(study, ran)
    assert not leftover.exists()


def test_a_report_that_somebody_changed_is_written_again(study: Study, ran: Places) -> None:
    page, figure = (ran.reports("tiny") / name for name in ("report.en.html", "figures/flow.fr.svg"))
    before = (page.read_bytes(), figure.read_bytes())
    page.write_bytes(page.read_bytes().replace(b"Tiny", b"Tidy"))
    figure.unlink()
    assert stale(study, ran) == {
        "figures": ("figures/flow.fr.svg is not as it was written",),
        "report_en": ("report.en.html is not as it was written",),
    }
    assert materialise_study(study, ran).is_ok
    assert (page.read_bytes(), figure.read_bytes()) == before


def test_what_is_for_readers_is_there_in_both_languages(ran: Places) -> None:
    there = set(every_file(ran.reports("tiny")))
    kinds = ("flow", "distributions", "trajectories", "retention", "states")
    for language in ("en", "fr"):
        assert f"report.{language}.html" in there
        assert {f"figures/{kind}.{language}.{end}" for kind in kinds for end in ("svg", "png", "csv")} <= there


def test_tables_that_only_serve_what_leaves_are_no_results(ran: Places) -> None:
    assert {name.split("_")[0] for name in open_study_tables(ran, "tiny")}.isdisjoint(SERVING)


# -- what a run is asked for ----------------------------------------------------------------------------------------


def test_a_plan_writes_nothing(study: Study, places: Places) -> None:
    before = every_file(places.home)
    assert set(stale(study, places)) >= {"intake", "scores", "response_flow"}
    assert every_file(places.home) == before


def test_only_makes_what_is_named_and_what_it_rests_on(study: Study, places: Places) -> None:
    summary = materialise_study(study, places, only=["scores"])
    assert summary.is_ok
    assert "scores" in summary.stored
    assert {"response_flow", "score_summary"}.isdisjoint(summary.stored)


def test_only_takes_a_group_and_force_means_what_is_named(study: Study, ran: Places) -> None:
    steps = {asset.op.name.removeprefix("tiny__") for asset in scoring_layer.scoring_assets(study)}
    assert stale(study, ran, only=["scoring"], force=True) == dict.fromkeys(steps, (ASKED_FOR,))


def test_only_refuses_what_the_study_does_not_make(study: Study, places: Places) -> None:
    with pytest.raises(ValueError, match=r"makes no 'skores'; it makes: adjusted_contrasts, .*, scores, "):
        materialise_study(study, places, only=["skores"])


# -- what a run refuses, and how it says so --------------------------------------------------------------------------


def test_a_failed_check_stores_nothing_and_stops_what_rests_on_it(
    study: Study, ran: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = every_file(ran.stored("tiny"))
    true_scores = scoring_layer.score_waves

    def wrong_scores(study: Study, waves: dict[str, pd.DataFrame]) -> pd.DataFrame:
        return true_scores(study, waves).assign(score=lambda t: t["score"] + 1000)

    monkeypatch.setattr(scoring_layer, "score_waves", wrong_scores)
    summary = materialise_study(study, ran, only=["scores", "score_summary", "response_flow"], force=True)
    assert not summary.is_ok
    assert summary.exit_code == DataError.exit_code
    assert set(summary.not_made) == {"scores", "score_summary"}
    assert "response_flow" in summary.stored
    [failed] = [check for check in summary.checks if not check.passed]
    assert (failed.table, failed.check) == ("scores", "scores_are_in_range")
    assert "(wellbeing)" in failed.message
    assert "(confidence)" in failed.message
    assert every_file(ran.stored("tiny")) == before


def test_an_unforeseen_error_is_reported_without_its_text(
    study: Study, ran: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object) -> pd.DataFrame:
        raise RuntimeError("could not score the answer 'I feel lonely' of T-012")

    monkeypatch.setattr(scoring_layer, "score_waves", broken)
    summary = materialise_study(study, ran, only=["scores"], force=True)
    [failure] = summary.failures
    assert (failure.where, failure.exit_code) == ("scores", 1)
    assert failure.message.startswith("RuntimeError in broken (test_run.py:")
    assert "lonely" not in json.dumps(summary.to_dict())


def test_a_missing_raw_file_is_said_once_and_only_the_plan_is_stored(study: Study, places: Places) -> None:
    (places.raw("tiny") / "wave_2.csv").unlink()
    summary = materialise_study(study, places)
    [failure] = summary.failures
    assert (failure.where, failure.exit_code) == ("intake", DataError.exit_code)
    assert "wave_2.csv" in failure.message
    assert list(open_study_tables(places, "tiny")) == ["analysis_plan"], "made of the contract alone"


def test_progress_is_told_as_it_happens(study: Study, places: Places) -> None:
    told: list[Progress] = []
    materialise_study(study, places, only=["scores"], on_progress=told.append)
    steps = [(one.event, one.name) for one in told if one.event in ("started", "ended")]
    assert steps == [("started", "intake"), ("ended", "intake"), ("started", "scores"), ("ended", "scores")]


def test_two_runs_of_one_study_at_once_are_one_too_many(study: Study, places: Places) -> None:
    with study_lock(places, "tiny"), pytest.raises(BusyError, match="study 'tiny'"):
        materialise_study(study, places)


# -- what a run survives ---------------------------------------------------------------------------------------------

RUN_AND_SAY = """
import signal, sys
from pathlib import Path
import pipelines.provenance
pipelines.provenance.code_version = lambda: "one and the same"  # whatever is edited while the test runs
import pipelines.assets.scoring as scoring_layer
if sys.argv[3:] == ["wait at the scores"]:
    scoring_layer.score_waves = lambda *given, **named: signal.pause()
from increase_eval.places import Places
from increase_eval.study import load_study
from pipelines.run import materialise_study
summary = materialise_study(
    load_study(sys.argv[1]), Places(Path(sys.argv[2])), only=["intake", "scoring", "attrition", "comparison", "claims"],
    on_progress=lambda progress: print(progress.event, progress.name, flush=True),
)
sys.exit(summary.exit_code)
"""


def test_a_run_that_is_killed_leaves_whole_tables_and_the_next_one_finishes(
    study: Study, ran: Places, places: Places
) -> None:
    command = [sys.executable, "-c", RUN_AND_SAY, str(TINY), str(places.home)]
    process = subprocess.Popen([*command, "wait at the scores"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.split() == ["started", "scores"]:
            os.kill(process.pid, signal.SIGKILL)
            break
    process.wait()
    process.stdout.close()
    assert process.returncode == -signal.SIGKILL
    left, whole = content_hashes(places), content_hashes(ran)
    assert "participants" in left
    assert "scores" not in left
    assert left.items() <= whole.items()

    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert "started intake" not in finished.stdout
    assert content_hashes(places) == whole


def test_an_interrupted_run_is_an_interruption_for_who_asked(
    study: Study, ran: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_given: object) -> pd.DataFrame:
        raise KeyboardInterrupt

    monkeypatch.setattr(scoring_layer, "score_waves", interrupted)
    before = every_file(ran.stored("tiny"))
    with pytest.raises(KeyboardInterrupt):
        materialise_study(study, ran, only=["scores"], force=True)
    assert every_file(ran.stored("tiny")) == before
    with study_lock(ran, "tiny"):
        pass  # it is free again
