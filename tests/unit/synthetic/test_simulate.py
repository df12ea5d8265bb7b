"""The calibrated cohort holds the published counts exactly, whatever the seed, and equal seeds give equal bytes."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from increase_eval.errors import ContractError, InsufficientDataError
from increase_eval.synthetic.calibrated import ArmCounts, categories, simulate_calibrated
from increase_eval.synthetic.counts import read_counts
from increase_eval.synthetic.simulate import simulate_study


def test_each_arm_answers_and_moves_exactly_as_published(study, plan, simulation):
    at_second, at_third = categories(study, plan, simulation.cohort)
    for arm, counts in read_counts(study).items():
        here = (simulation.cohort.people["arm"] == arm).to_numpy()
        assert here.sum() == counts.first
        assert tuple(np.bincount(at_second[here], minlength=len(counts.second))) == counts.second
        assert tuple(np.bincount(at_third[here], minlength=len(counts.third))) == counts.third


def test_the_funnel_and_the_outcomes_hold_exactly(plan, simulation):
    clients = simulation.clients
    for step in plan.funnel:
        assert clients[step.column].notna().sum() == step.count
        for day, count in step.by_date.items():
            assert (clients[step.column] <= pd.Timestamp(day)).sum() == count
    for outcome in plan.outcomes:
        assert clients[outcome.column].notna().sum() == outcome.count
        for day, by_country in outcome.by_date.items():
            assert (clients[outcome.column] <= pd.Timestamp(day)).sum() == sum(by_country.values())


def test_steps_come_in_order_and_outcomes_after_training_began(plan, simulation):
    clients = simulation.clients
    columns = [step.column for step in plan.funnel]
    for before, after in pairwise(columns):
        reached = clients[after].notna()
        assert (clients.loc[reached, before] <= clients.loc[reached, after]).all()
    started = next(step.column for step in plan.funnel if step.step == plan.started_step)
    for outcome in plan.outcomes:
        reached = clients[outcome.column].notna()
        assert (clients.loc[reached, outcome.column] > clients.loc[reached, started]).all()


def test_nobody_has_two_outcomes(plan, simulation):
    assert simulation.clients[[outcome.column for outcome in plan.outcomes]].notna().sum(axis=1).max() == 1


def test_respondents_completed_the_training(plan, simulation):
    completed = next(step.column for step in plan.funnel if step.step == plan.completed_step)
    assert simulation.clients.loc[simulation.clients["is_respondent"], completed].notna().all()


def test_the_truth_lies_in_no_raw_file(simulation):
    for path in simulation.files:
        assert b"latent" not in path.read_bytes()
    assert not any(path.suffix == ".parquet" for path in simulation.files)


def test_equal_seeds_give_equal_bytes(study, plan, tmp_path):
    first, second = (simulate_study(study, plan, tmp_path / name, seed=7) for name in ("a", "b"))
    for one, two in zip(first.files, second.files, strict=True):
        assert one.read_bytes() == two.read_bytes(), one.name


def test_counts_that_the_process_cannot_give_are_refused(study, plan):
    idle = plan.model_copy(
        update={
            "employment": plan.employment.model_copy(
                update={
                    "into": {wave: {arm: dict.fromkeys(states, 0.0) for arm, states in arms.items()}
                             for wave, arms in plan.employment.into.items()}
                }
            )
        }
    )  # fmt: skip
    arm = study.arm_ids[0]
    with pytest.raises(InsufficientDataError, match="contradict"):
        simulate_calibrated(study, idle, {arm: ArmCounts(10, (0, 0, 10, 0), (10, 0, 0, 0))}, np.random.default_rng(1))


def test_a_contract_without_counts_is_refused(study, plan, tmp_path):
    bare = study.model_copy(update={"folder": tmp_path})
    with pytest.raises(ContractError, match=r"respondent_counts\.csv"):
        read_counts(bare)
