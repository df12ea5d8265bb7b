"""Run one study from its raw files to its report: what is fresh is left, what is not is made, in one process.

This is what the command line calls. It gives Dagster the job of the study, once, with the instance, so that the UI
shows the run as it shows its own.
"""

import os
import time
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.execute_in_process import core_execute_in_process
from threadpoolctl import threadpool_limits

from increase_eval.errors import IncreaseEvalError
from increase_eval.files import remove_leftovers, study_lock
from increase_eval.places import Places
from increase_eval.study import Study
from pipelines.assets import study_assets
from pipelines.build import EXECUTOR_VARIABLE, build_definitions
from pipelines.forked import forked_executor, processes_at_once
from pipelines.freshness import Staleness, inputs_of, judge_assets
from pipelines.instance import open_instance
from pipelines.jobs import job_name
from pipelines.progress import Listener, Progress, listening, processor_seconds
from pipelines.resources import ParticipantKey, RawFiles, intake_inputs

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Dagster's own log goes to its storage; what a person should read is told through the listener."""

ASKED_FOR = "asked for by force"


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """How one check of one table went, and what it found; what a check that blocks nothing finds is a warning."""

    table: str
    check: str
    passed: bool
    blocking: bool
    message: str

    @property
    def is_failure(self) -> bool:
        """Whether the check kept its table from being stored."""
        return self.blocking and not self.passed

    @property
    def is_warning(self) -> bool:
        """Whether the check found something that one should look at, and the table is stored all the same."""
        return not self.blocking and not self.passed


@dataclass(frozen=True, slots=True)
class RunFailure:
    """What went wrong in one place; ``exit_code`` is that of the kind of error."""

    where: str
    message: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What one run did.

    Attributes
    ----------
    study, run_id
        The study, and Dagster's name for the run; empty where there was nothing to do.
    stored
        Table -> rows, of what was made and stored in this run.
    fresh
        Tables that were left as they are.
    not_made
        Tables that should have been made and were not, because something failed.
    checks
        Every check that ran.
    failures
        Everything that went wrong; empty when the run did what was asked.
    seconds, processor_seconds, work_seconds
        How long it took, how much processor time (several processes may have been at work at once), and how much of
        that was our own work (computing, checking, reading, writing); the rest is Dagster's.
    """

    study: str
    run_id: str
    stored: dict[str, int]
    fresh: tuple[str, ...]
    not_made: tuple[str, ...]
    checks: tuple[CheckOutcome, ...]
    failures: tuple[RunFailure, ...]
    seconds: float
    processor_seconds: float
    work_seconds: float

    @property
    def is_ok(self) -> bool:
        """Whether everything that was asked for is there."""
        return not self.failures and not self.not_made

    @property
    def exit_code(self) -> int:
        """What the command line returns: 0, or the code of the first failure."""
        return 0 if self.is_ok else (self.failures[0].exit_code if self.failures else 1)

    def to_dict(self) -> dict[str, object]:
        """Give it as plain values, for JSON."""
        return {**asdict(self), "ok": self.is_ok}


def plan_study(
    study: Study, places: Places, *, force: bool = False, only: Collection[str] | None = None
) -> tuple[Staleness, ...]:
    """Say what a run would do, without doing any of it.

    Parameters
    ----------
    study, places
        The study, and where its files lie.
    force
        Make again what is fresh.
    only
        Tables, steps (``figures``) or groups (``intake``, ``scoring``, ...) that are wanted; whatever they rest on
        that is not fresh is made as well. All where it is None.

    Returns
    -------
    tuple of Staleness
        One a step that is in question, upstream ones first; those without reasons would be left as they are.

    Raises
    ------
    ValueError
        If `only` names what the study has not.
    """
    return _plan(study, places, study_assets(study), force=force, only=only)


def _plan(
    study: Study,
    places: Places,
    assets: Sequence[dg.AssetsDefinition],
    *,
    force: bool,
    only: Collection[str] | None,
) -> tuple[Staleness, ...]:
    wanted = _wanted(study, assets, only)
    home = str(places.home)
    raw_inputs = intake_inputs(study, RawFiles(home=home), ParticipantKey(home=home))
    judged = judge_assets(study, places, assets, raw_inputs)
    made_by = {table: judgement for judgement in judged for table in judgement.tables}
    rests_on = {asset.op.name: {made_by[table].step for table in inputs_of(asset)} for asset in assets}
    needed = set(wanted)
    for judgement in reversed(judged):
        if judgement.step in needed:
            needed |= {step for step in rests_on[judgement.step] if not _by_step(judged, step).is_fresh}
    planned = [judgement for judgement in judged if judgement.step in needed]
    if force:
        planned = [Staleness(p.step, p.tables, p.reasons or (ASKED_FOR,)) for p in planned]
    return tuple(planned)


def materialise_study(
    study: Study,
    places: Places,
    *,
    force: bool = False,
    only: Collection[str] | None = None,
    on_progress: Listener | None = None,
) -> RunSummary:
    """Make every table of a study that is not fresh, check it, store it, and say honestly how that went.

    Parameters
    ----------
    study, places, force, only
        As in :func:`plan_study`.
    on_progress
        Called with each :class:`~pipelines.progress.Progress` as it happens.

    Returns
    -------
    RunSummary
        Also when something failed: what was stored before stays, and the next run goes on from there.

    Raises
    ------
    BusyError
        If another run is at work on the study.
    KeyboardInterrupt
        If it was interrupted: what was complete is kept, and the next run goes on from there.
    ValueError
        If `only` names what the study has not.
    """
    start, spent = time.monotonic(), processor_seconds()
    diary = _Diary(on_progress)
    with study_lock(places, study.id):
        for folder in _folders_written_to(places, study):
            remove_leftovers(folder)
        assets = study_assets(study)
        plan = _plan(study, places, assets, force=force, only=only)
        stale = [judgement for judgement in plan if not judgement.is_fresh]
        run_id = ""
        if stale:
            with listening(diary.note):
                run_id = _materialise(study, places, assets, stale, diary)
    planned = [table for judgement in stale for table in judgement.tables]
    return RunSummary(
        study=study.id,
        run_id=run_id,
        stored=diary.stored,
        fresh=tuple(table for judgement in plan if judgement.is_fresh for table in judgement.tables),
        not_made=tuple(table for table in planned if table not in diary.stored),
        checks=tuple(diary.checks),
        failures=tuple(diary.failures),
        seconds=time.monotonic() - start,
        processor_seconds=processor_seconds() - spent,
        work_seconds=diary.work_seconds,
    )


def _materialise(
    study: Study,
    places: Places,
    assets: Sequence[dg.AssetsDefinition],
    stale: Sequence[Staleness],
    diary: "_Diary",
) -> str:
    keys = [dg.AssetKey([study.id, table]) for judgement in stale for table in judgement.tables]
    # A second thread costs more to start than the small matrices here give it to do, and steps take the processors; nor
    # does a number then depend on how many processors there are.
    with open_instance(places) as instance, threadpool_limits(limits=1, user_api="blas"):
        definitions = build_definitions(study, places, assets=assets, executor=_executor(instance, len(stale)))
        job = definitions.resolve_job_def(job_name(study)).get_subset(asset_selection=frozenset(keys))
        result = core_execute_in_process(
            job=InMemoryJob(job),
            run_config=QUIET,
            instance=instance,
            output_capturing_enabled=False,
            raise_on_error=False,
            asset_selection=frozenset(keys),
        )
    if diary.is_interrupted or any(_is_interruption(event) for event in result.all_events):
        # Dagster has noted it and gone on to its end; whoever asked must hear that it was not the end of the work.
        raise KeyboardInterrupt
    if not result.success and not diary.failures:
        # Dagster failed outside of any asset; its text may quote what it was handling.
        failed = [event.step_key or "the run" for event in result.all_events if event.is_failure]
        where = ", ".join(dict.fromkeys(failed)) or "the run"
        diary.failures.append(RunFailure(where, f"failed inside Dagster; its page shows run {result.run_id}", 1))
    return str(result.run_id)


def _executor(instance: dg.DagsterInstance, steps: int) -> dg.ExecutorDefinition:
    """Choose how steps are run: at once, where it can be done and the environment asks for nothing else."""
    asked_for = os.environ.get(EXECUTOR_VARIABLE) or "forked"
    can_fork = instance.is_persistent and steps > 1 and processes_at_once() > 1
    return forked_executor if can_fork and asked_for == "forked" else dg.in_process_executor


def _is_interruption(event: dg.DagsterEvent) -> bool:
    error = getattr(event.event_specific_data, "error", None)
    return event.is_failure and error is not None and "Interrupt" in (error.cls_name or "")


class _Diary:
    """Keeps what is told during a run, and passes it on."""

    def __init__(self, listener: Listener | None) -> None:
        self.stored: dict[str, int] = {}
        self.checks: list[CheckOutcome] = []
        self.failures: list[RunFailure] = []
        self.work_seconds = 0.0
        self.is_interrupted = False
        self._listener = listener

    def note(self, progress: Progress) -> None:
        """Keep one thing that happened."""
        if progress.event == "stored":
            self.stored[progress.name] = progress.rows or 0
        elif progress.event == "checked":
            self.checks.append(
                CheckOutcome(progress.name, progress.check, progress.passed, progress.blocking, progress.message)
            )
        elif progress.event == "worked":
            self.work_seconds += progress.seconds
        elif progress.event == "interrupted":
            self.is_interrupted = True
        elif progress.event == "failed":
            error = progress.error or IncreaseEvalError()
            self.failures.append(RunFailure(progress.name, progress.message, error.exit_code))
        if self._listener is not None:
            self._listener(progress)


def _wanted(study: Study, assets: Sequence[dg.AssetsDefinition], only: Collection[str] | None) -> set[str]:
    if only is None:
        return {asset.op.name for asset in assets}
    names: dict[str, set[str]] = {}
    for asset in assets:
        names.setdefault(asset.op.name.removeprefix(f"{study.id}__"), set()).add(asset.op.name)
        for spec in asset.specs:
            names.setdefault(spec.key.path[-1], set()).add(asset.op.name)
            names.setdefault(spec.group_name or "", set()).add(asset.op.name)
    unknown = sorted(set(only) - set(names))
    if unknown:
        raise ValueError(
            f"study {study.id!r} makes no {unknown[0]!r}; it makes: {', '.join(sorted(filter(None, names)))}"
        )
    return {step for name in only for step in names[name]}


def _by_step(judged: Sequence[Staleness], step: str) -> Staleness:
    return next(judgement for judgement in judged if judgement.step == step)


def _folders_written_to(places: Places, study: Study) -> tuple[Path, ...]:
    reports = places.reports(study.id)
    stored = places.stored(study.id)
    return (stored, stored / "leaving", reports, *(path for path in reports.rglob("*") if path.is_dir()))
