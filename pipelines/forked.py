"""Run steps that do not rest on each other at once, each in a process that is forked off the one that asks.

A forked process has everything imported and built already, so that a step costs hundredths of a second and not the
seconds of Dagster's own multiprocess executor. It loads, computes, checks and stores its tables and writes its own
events; what it has to say (events, progress) comes back through a pipe. Left out: steps on other machines, retries
and limits on kinds of steps, which no asset here asks for.

Only Linux tells a child that its parent was killed, and elsewhere system libraries do not outlive a fork: there, and
where one processor is to be used or Dagster's storage lies in the memory of one process, steps run one after another.
"""

import contextlib
import ctypes
import gc
import multiprocessing
import os
import pickle
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError, DagsterSubprocessError
from dagster._core.events import DagsterEvent
from dagster._core.execution.api import ExecuteRunWithPlanIterable
from dagster._core.execution.context.system import PlanExecutionContext, PlanOrchestrationContext, StepExecutionContext
from dagster._core.execution.context_creation_job import PlanExecutionContextManager
from dagster._core.execution.plan.active import ActiveExecution
from dagster._core.execution.plan.execute_plan import dagster_event_sequence_for_step
from dagster._core.execution.plan.objects import ErrorSource, StepFailureData
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.plan.step import ExecutionStep
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.base import Executor
from dagster._utils.error import SerializableErrorInfo

from increase_eval.errors import IncreaseEvalError
from pipelines.progress import Progress, listening, tell, unforeseen

MOST_PROCESSES = 4
"""However many processors there are: each process takes memory, and rarely more steps than that are ready."""

LOOK_EVERY = 0.2
"""Seconds after which the parent looks whether somebody has interrupted it."""

PATIENCE = 10.0
"""Seconds that interrupted children get to clean up."""

SELDOM = 100_000
"""Objects that a child makes before it looks for those that hold each other: it ends soon, and looking at every 700, as
Python does, takes a fifteenth of its time."""

DIE_WITH_PARENT = 1
"""Linux's ``PR_SET_PDEATHSIG``."""


def processes_at_once() -> int:
    """Say how many steps may run at once here; 1 where steps cannot be forked off."""
    return min(MOST_PROCESSES, len(os.sched_getaffinity(0))) if sys.platform == "linux" else 1


@dg.executor(name="forked")
def forked_executor(_context: dg.InitExecutorContext) -> Executor:
    """Run steps at once, each in a process that is forked off."""
    return ForkedExecutor(processes_at_once())


class ForkedExecutor(Executor):
    """Executes a plan with so many steps at once."""

    def __init__(self, processes: int) -> None:
        self._processes = processes

    @property
    def retries(self) -> RetryMode:
        """Steps are not tried again: no asset asks for it."""
        return RetryMode.DISABLED

    def execute(self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan) -> Iterator[DagsterEvent]:
        """Run the plan; resources are made once, before anything is forked off."""
        prepared = PlanExecutionContextManager(
            job=plan_context.job,
            retry_mode=plan_context.retry_mode,
            execution_plan=plan_context.execution_plan,
            run_config=plan_context.run_config,
            dagster_run=plan_context.dagster_run,
            instance=plan_context.instance,
            raise_on_error=plan_context.raise_on_error,
        )
        yield from iter(
            ExecuteRunWithPlanIterable(
                execution_plan=execution_plan, iterator=self._run_steps, execution_context_manager=prepared
            )
        )

    def _run_steps(self, job_context: PlanExecutionContext, execution_plan: ExecutionPlan) -> Iterator[DagsterEvent]:
        active = ActiveExecution(
            execution_plan,
            retry_mode=self.retries,
            sort_key_fn=_most_awaited_first(execution_plan),
            max_concurrent=self._processes,
        )
        children: dict[Connection, _Child] = {}
        # What there is by now stays: a collection that visits it would copy its pages into every child.
        gc.collect()
        gc.freeze()
        try:
            with active:
                while children or not active.is_complete:
                    if active.check_for_interrupts():
                        active.mark_interrupted()
                        raise DagsterExecutionInterruptedError
                    for step in active.get_steps_to_execute():
                        child = _fork(job_context, active, step)
                        children[child.pipe] = child
                    heard = wait(list(children), timeout=LOOK_EVERY)
                    for child in [child for pipe, child in children.items() if pipe in heard]:
                        try:
                            yield from _heard_from(child, job_context, active)
                        except EOFError:
                            del children[child.pipe]
                            child.pipe.close()
                            child.process.join()
                            if not child.is_settled:
                                code = child.process.exitcode
                                message = f"its process ended with code {code} before the step was done"
                                yield from _settle_as_failed(child, message, job_context, active)
                            active.verify_complete(job_context, child.step.key)
                    yield from active.plan_events_iterator(job_context)
        finally:
            _stop(list(children.values()))
            gc.unfreeze()


@dataclass(slots=True)
class _Child:
    """A step at work: its process, the end of the pipe at which it is heard, and whether it said how the step went."""

    step: ExecutionStep
    process: ForkProcess
    pid: int
    pipe: Connection
    is_settled: bool = False


def _most_awaited_first(plan: ExecutionPlan) -> Callable[[ExecutionStep], int]:
    """Order steps that are ready by how many others wait for them, directly or not."""
    waiting: dict[str, set[str]] = {}
    needs = {step.key: step.get_execution_dependency_keys() for step in plan.get_all_steps_in_topo_order()}
    for key in reversed(needs):
        waiting.setdefault(key, set())
        for needed in needs[key]:
            waiting.setdefault(needed, set()).update({key}, waiting[key])
    return lambda step: -len(waiting.get(step.key, ()))


def _fork(job_context: PlanExecutionContext, active: ActiveExecution, step: ExecutionStep) -> _Child:
    ours, theirs = multiprocessing.Pipe(duplex=False)
    step_context = job_context.for_step(step, active.get_known_state())
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_work, args=(step_context, theirs, os.getpid()), name=step.key)
    with warnings.catch_warnings():
        # Python from 3.12 on warns of forking where libraries have threads; BLAS and Arrow provide for it, and no
        # thread of ours runs.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    assert process.pid is not None
    theirs.close()
    return _Child(step, process, process.pid, ours)


def _work(step_context: StepExecutionContext, pipe: Connection, parent: int) -> None:
    """Do one step in the child, and say what happens; nothing is said after the end, whichever it is."""
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    gc.set_threshold(SELDOM)
    if os.getppid() != parent:
        os._exit(1)

    def say(said: DagsterEvent | Progress | str) -> None:
        pipe.send_bytes(_packed(said))

    try:
        with listening(say), contextlib.suppress(KeyboardInterrupt, DagsterExecutionInterruptedError):
            for event in dagster_event_sequence_for_step(step_context):
                say(event)
    except BaseException as error:
        # The parent may have gone on without this step, and not listen any more.
        with contextlib.suppress(OSError):
            say(unforeseen(error))
    finally:
        # What is open here is the parent's, which puts it away itself.
        os._exit(0)


def _packed(said: DagsterEvent | Progress | str) -> bytes:
    try:
        return pickle.dumps(said)
    except Exception:
        if not isinstance(said, Progress) or said.error is None:
            raise
        plain = IncreaseEvalError(str(said.error))
        plain.exit_code = said.error.exit_code
        return pickle.dumps(replace(said, error=plain))


def _heard_from(child: _Child, job_context: PlanExecutionContext, active: ActiveExecution) -> Iterator[DagsterEvent]:
    """Pass on what a child says.

    Raises
    ------
    DagsterExecutionInterruptedError
        If it was interrupted.
    EOFError
        If its process has ended.
    """
    said = pickle.loads(child.pipe.recv_bytes())
    if isinstance(said, Progress):
        tell(said)
    elif isinstance(said, str):
        yield from _settle_as_failed(child, said, job_context, active)
    else:
        yield said
        active.handle_event(said)
        child.is_settled |= said.is_step_success or said.is_step_failure
        if said.is_step_failure and said.step_failure_data.error_source is ErrorSource.INTERRUPT:
            raise DagsterExecutionInterruptedError


def _settle_as_failed(
    child: _Child, message: str, job_context: PlanExecutionContext, active: ActiveExecution
) -> Iterator[DagsterEvent]:
    name = child.step.key.partition("__")[2] or child.step.key
    tell(Progress("failed", name, message=message))
    error = SerializableErrorInfo(message, [], DagsterSubprocessError.__name__)
    event = DagsterEvent.step_failure_event(
        job_context.for_step(child.step), StepFailureData(error=error, user_failure_data=None)
    )
    yield event
    active.handle_event(event)
    child.is_settled = True


def _stop(children: list[_Child]) -> None:
    """Interrupt children that are still at work, as a terminal does, and wait until they are gone."""
    for child in children:
        if child.process.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGINT)
    until = time.monotonic() + PATIENCE
    for child in children:
        # A child that is heard by nobody may wait for room in its pipe.
        child.pipe.close()
        child.process.join(max(0.0, until - time.monotonic()))
        if child.process.is_alive():
            child.process.kill()
            child.process.join()
