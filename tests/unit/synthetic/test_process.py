"""The unconditioned process gives what its plan declares: reliabilities, retests, changes, rates, clusters."""

import numpy as np
import pandas as pd
import pytest

from increase_eval.synthetic.process import simulate_process
from increase_eval.synthetic.truth import full_scores, truth_table

RELIABILITY_TOLERANCE = (
    0.015  # 20,000 people: the standard error of alpha is about 0.003; shifted items lower it a little
)
RETEST_TOLERANCE = 0.03  # selection at entry narrows the first wave and lowers retests by up to 0.02; the rest is noise
SHARE_TOLERANCE = 0.02  # about 4 standard errors of a share among 6,000


def keyed(study, cohort, scale, wave):
    answers = cohort.answers[wave][list(scale.items)].astype(float)
    for item in scale.reversed:
        answers[item] = sum(scale.range) - answers[item]
    return answers


def alpha(items):
    k = items.shape[1]
    return k / (k - 1) * (1 - items.var().sum() / items.sum(axis=1).var())


def english_first_asked(study, plan, cohort, scale):
    """Items at the first wave that asks them, of one arm and language: what the plan's figures are about."""
    wave = next(wave for wave in study.wave_ids if scale.items[0] in cohort.answers[wave])
    here = (cohort.people["arm"] == study.arm_ids[0]).to_numpy()
    return keyed(study, cohort, scale, wave)[here]


def test_scales_have_the_declared_reliability(study, plan, cohort):
    for name, trait in plan.traits.items():
        scale = study.scale(name)
        if len(scale.items) > 1:
            found = alpha(english_first_asked(study, plan, cohort, scale))
            assert found == pytest.approx(trait.reliability, abs=RELIABILITY_TOLERANCE), name


def test_items_have_the_declared_mean_and_spread(study, plan, cohort):
    for name, trait in plan.traits.items():
        items = english_first_asked(study, plan, cohort, study.scale(name))
        assert items.mean().mean() == pytest.approx(trait.mean, abs=0.08 * trait.sd), name
        assert items.std().mean() == pytest.approx(trait.sd, rel=0.05), name


def test_scores_correlate_between_waves_as_declared(study, plan, cohort):
    first, last = study.wave_ids[0], study.wave_ids[-1]
    for name, trait in plan.traits.items():
        scale = study.scale(name)
        if scale.items[0] in cohort.answers[first]:
            scores = [full_scores(cohort, scale, wave) for wave in (first, last)]
            assert np.corrcoef(*scores)[0, 1] == pytest.approx(trait.retest, abs=RETEST_TOLERANCE), name


def test_each_arm_answers_at_its_expected_rate(study, plan, cohort):
    first, second = study.wave_ids[:2]
    asked = cohort.answered[cohort.answered[first]]
    arms = cohort.people.loc[asked.index, "arm"]
    for arm, rate in plan.response.rates[second].items():
        assert asked.loc[arms == arm, second].mean() == pytest.approx(rate, abs=2.5 * SHARE_TOLERANCE)
    assert cohort.answered[first].mean() == pytest.approx(0.30, abs=SHARE_TOLERANCE)


def test_nobody_answers_later_who_did_not_answer_first(study, cohort):
    first, *later = study.wave_ids
    assert not cohort.answered.loc[~cohort.answered[first], later].any().any()


def test_people_enter_in_a_low_moment_and_rise_without_any_programme(study, plan):
    traits = {name: trait.model_copy(update={"change": {}}) for name, trait in plan.traits.items()}
    # Without clusters and calendar: a few dozen neighbourhoods move a mean by as much as selection does.
    alone = {"traits": traits, "intraclass_correlation": {}, "lockdown_shock": 0.0}
    still = plan.model_copy(update=alone)
    cohort = simulate_process(study, still, 10_000, np.random.default_rng(5))
    # The scale that lasts least regresses most.
    lasting = {name: plan.traits[name].retest / plan.traits[name].reliability for name in plan.selection_scales}
    scale = study.scale(min(lasting, key=lasting.__getitem__))
    rise = full_scores(cohort, scale, study.wave_ids[-1]) - full_scores(cohort, scale, study.wave_ids[0])
    assert rise.mean() > 4 * rise.std() / np.sqrt(len(rise))


@pytest.mark.parametrize("mechanism", ["unseen", "latent_trait", "threshold", "change"])
def test_the_dial_makes_those_who_stay_differ_on_what_nobody_saw(study, plan, mechanism):
    scale = study.scale(plan.response_scales[0])
    first, last = study.wave_ids[0], study.wave_ids[-1]

    def excess(dial):
        """How much the mean of those who stay lies above that of all: of the change where that drives dropout."""
        response = plan.response.model_copy(update={"dial": dial, "mechanism": mechanism, "observed_slope": 0.0})
        cohort = simulate_process(
            study, plan.model_copy(update={"response": response}), 20_000, np.random.default_rng(2)
        )
        scores = full_scores(cohort, scale, last)
        if mechanism == "change":
            scores = scores - full_scores(cohort, scale, first)
        return scores[cohort.answered[last]].mean() - scores.mean()

    assert abs(excess(0.0)) < 0.17  # 4 standard errors of a mean of 1,400 answers with SD 2.1, less selection
    assert excess(1.2) > 0.2


def test_dials_may_differ_by_arm(study, plan):
    dial = {study.arm_ids[0]: 1.5}
    response = plan.response.model_copy(update={"dial": dial, "observed_slope": 0.0, "earlier_slope": 0.0})
    cohort = simulate_process(study, plan.model_copy(update={"response": response}), 20_000, np.random.default_rng(8))
    scores = full_scores(cohort, study.scale(plan.response_scales[0]), study.wave_ids[-1])
    answered, arm = cohort.answered[study.wave_ids[-1]], cohort.people["arm"]
    gap = {a: scores[answered & (arm == a)].mean() - scores[arm == a].mean() for a in study.arm_ids}
    assert gap[study.arm_ids[0]] > 0.4
    assert abs(gap[study.arm_ids[1]]) < 0.25


@pytest.mark.parametrize("shape", ["skewed", "heavy_tailed"])
def test_traits_need_not_be_normal(study, plan, shape):
    cohort = simulate_process(
        study, plan.model_copy(update={"trait_distribution": shape, "selection": 0.0}), 20_000, np.random.default_rng(4)
    )
    trait = pd.Series(cohort.traits[0, :, 1])
    assert trait.skew() > 0.3 if shape == "skewed" else trait.kurt() > 0.5


def test_spreads_may_differ_by_arm(study, plan):
    wide = plan.model_copy(update={"spread_by_arm": {study.arm_ids[0]: 1.6}})
    cohort = simulate_process(study, wide, 10_000, np.random.default_rng(6))
    arm = cohort.people["arm"].to_numpy()
    assert cohort.traits[1, arm == study.arm_ids[0], 0].std() > 1.3 * cohort.traits[1, arm == study.arm_ids[1], 0].std()


def test_clusters_share_the_declared_part_of_the_variance(study, plan):
    clustered = plan.model_copy(update={"intraclass_correlation": {"course": 0.15}, "selection": 0.0})
    cohort = simulate_process(study, clustered, 12_000, np.random.default_rng(9))
    trait = pd.Series(cohort.traits[0, :, 0])
    groups = trait.groupby(cohort.people[plan.course_column])
    size = groups.size().mean()
    between, within = groups.mean().var() * size, groups.var().mean()
    found = (between - within) / (between + (size - 1) * within)
    assert found == pytest.approx(0.15, abs=0.03)


def test_one_seed_gives_one_cohort(study, plan):
    one, two = (simulate_process(study, plan, 500, np.random.default_rng(1)) for _ in range(2))
    for wave in study.wave_ids:
        pd.testing.assert_frame_equal(one.answers[wave], two.answers[wave])
    pd.testing.assert_frame_equal(one.answered, two.answered)


def test_the_truth_counts_everybody_answered_or_not(study, cohort):
    truth = truth_table(study, cohort)
    whole = truth[(truth["quantity"] == "mean") & (truth["arm"] == "all")]
    assert (whole["n"] == len(cohort.people)).all()
