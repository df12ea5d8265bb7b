"""Tables of the arms side by side: each number against the function it is made of, and what they refuse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison import (
    doubly_robust,
    exchangeability_check,
    fit_cumulative,
    overlap_weights,
    probability_of_superiority,
    proportion_interval,
    rank_units,
    standardise,
    two_proportions,
)
from increase_eval.comparison.arms import (
    ArmOutcome,
    ArmPlan,
    adjusted_contrasts,
    arm_balance,
    days_since,
    exchangeability,
    propensity_overlap,
    provider_ranks,
    satisfaction_contrasts,
    with_language,
    without_each_provider,
    work_contrasts,
)
from increase_eval.comparison.arms.people import BASELINE, OUTCOME, compared_people

PLAN = ArmPlan(
    arms=("a", "b", "c"),
    covariates=("age", "school"),
    categorical=frozenset({"school"}),
    site="site",
    unit="house",
    seed=3,
)
CHANGE, WORK = ArmOutcome("mood", "t2", "t1"), ArmOutcome("job", "t2", "t1", ("employed", "own"))


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    rng = np.random.default_rng(21)
    house = rng.choice(["p", "q", "r", "s", "u"], 400, p=[0.2, 0.2, 0.2, 0.2, 0.2])
    arm = pd.Series(house).map({"p": "a", "q": "a", "r": "b", "s": "b", "u": "c"})
    frame = pd.DataFrame({"participant": [f"x{k}" for k in range(400)], "arm": arm, "house": house})
    frame["site"] = frame["house"] + pd.Series(rng.integers(0, 4, 400).astype(str))
    frame["country"] = frame["arm"].map({"a": "here", "b": "here", "c": "there"})
    frame["age"] = rng.normal(40, 10, 400) + 3 * (frame["arm"] == "b")
    frame["school"] = rng.integers(1, 4, 400)
    return frame


@pytest.fixture(scope="module")
def scores(people) -> pd.DataFrame:
    rng = np.random.default_rng(22)
    start = rng.normal(size=400)
    end = start + 0.3 + 0.02 * (people["age"] - 40) + rng.normal(size=400)
    mood = [people[["participant"]].assign(wave=w, scale="mood", score=y) for w, y in (("t1", start), ("t2", end))]
    joy = people[["participant"]].assign(wave="t2", scale="joy", score=rng.integers(2, 6, 400).astype(float))
    table = pd.concat([*mood, joy], ignore_index=True)
    return table.assign(score=table["score"].mask(rng.random(len(table)) < 0.1))


@pytest.fixture(scope="module")
def states(people) -> pd.DataFrame:
    rng = np.random.default_rng(23)
    names = np.array(["employed", "own", "none", "study"])
    waves = [people[["participant"]].assign(wave=w, state=rng.choice(names, 400, p=p)) for w, p in STATES.items()]
    return pd.concat(waves, ignore_index=True).assign(variable="job")


STATES = {"t1": [0.1, 0.05, 0.6, 0.25], "t2": [0.3, 0.15, 0.4, 0.15]}


def test_those_compared_have_start_outcome_and_covariates(people, scores) -> None:
    gaps = people.assign(age=people["age"].mask(people.index % 50 == 0))
    compared = compared_people(scores, gaps, CHANGE, PLAN)
    wide = scores[scores["scale"] == "mood"].pivot_table(index="participant", columns="wave", values="score")
    both = wide.dropna()
    known = gaps.set_index("participant").loc[both.index, "age"].notna()
    assert len(compared.people) == known.sum()
    assert compared.n_dropped == len(both) - known.sum()
    change = (both["t2"] - both["t1"])[known]
    assert compared.people[OUTCOME].sum() == pytest.approx(change.sum())
    assert compared.spread == pytest.approx(both.loc[known[known].index, "t1"].std())
    assert compared.terms == ("`age`", "C(`school`)", f"`{BASELINE}`")
    assert compared.people["age"].mean() == pytest.approx(0, abs=1e-12)


def test_rare_levels_are_joined_to_the_most_common_one(people, scores) -> None:
    rare = people.assign(school=people["school"].where(people.index > 3, 9))
    compared = compared_people(scores, rare, CHANGE, PLAN)
    assert set(compared.people["school"]) == {1, 2, 3}


def test_each_way_is_the_function_it_is_named_after(people, scores) -> None:
    table = adjusted_contrasts(scores, None, people, outcomes=[CHANGE], plan=PLAN)
    compared = compared_people(scores, people, CHANGE, PLAN).people
    formula = f"{OUTCOME} ~ arm + age + C(school) + {BASELINE}"
    chosen = f"arm ~ age + C(school) + {BASELINE}"
    found = {
        "unadjusted": standardise(f"{OUTCOME} ~ arm", compared, arm="arm"),
        "standardised": standardise(formula, compared, arm="arm"),
        "standardised_by_site": standardise(formula, compared, arm="arm").by_cluster(compared["site_"]),
        "inverse_probability": overlap_weights(chosen, compared, kind="ipw").adjusted(OUTCOME),
        "overlap": overlap_weights(chosen, compared).adjusted(OUTCOME),
        "doubly_robust": doubly_robust(formula, chosen, compared),
    }
    assert set(table["by_method"]) == {*found, "none"}
    for name, means in found.items():
        own = table[(table["by_method"] == name) & (table["term"] == "difference")].set_index("contrast")
        expected = means.contrasts().set_index("contrast")
        for column in ("estimate", "std_error", "conf_low", "conf_high"):
            assert own[column].to_dict() == pytest.approx(expected[column].to_dict(), rel=1e-9)
        assert table[(table["by_method"] == name) & (table["term"] == "mean")]["by_arm"].tolist() == ["a", "b", "c"]
    sd = table[table["term"] == "sd"].iloc[0]
    assert sd["estimate"] == pytest.approx(compared_people(scores, people, CHANGE, PLAN).spread)


def test_a_comparison_that_cannot_be_made_says_why_and_stops_no_other(people, scores) -> None:
    lone = people.assign(arm=people["arm"].where(people.index > 0, "c").where(people["house"] != "u", "a"))
    table = adjusted_contrasts(scores, None, lone, outcomes=[CHANGE, ArmOutcome("joy", "t2")], plan=PLAN)
    own = table[(table["by_method"] == "standardised") & (table["outcome"] == "mood")]
    assert own["estimate"].isna().all()
    assert set(own["status"]) == {"not estimable: too few people, or columns that are not independent"}
    empty = adjusted_contrasts(scores, None, people[people["arm"] != "c"], outcomes=[CHANGE], plan=PLAN)
    statuses = empty[empty["term"] == "difference"].set_index(["by_method", "contrast"])["status"]
    assert statuses["standardised", "b - a"] == "ok"
    assert statuses["standardised", "c - a"] == "not estimable: nobody in an arm"
    with pytest.raises(ValueError, match="no table of states"):
        adjusted_contrasts(scores, None, people, outcomes=[WORK], plan=PLAN)


def test_shares_in_work_in_both_readings(people, states) -> None:
    table = work_contrasts(states, people, variables={"job": ["employed", "own"]}, waves=["t1", "t2"], plan=PLAN)
    wide = states.pivot(index="participant", columns="wave", values="state").isin(["employed", "own"])
    arm = people.set_index("participant")["arm"]
    raw = table[table["by_method"] == "unadjusted"].fillna({"contrast": "none"})
    raw = raw.set_index(["by_among", "term", "by_arm", "contrast"]).sort_index()
    for among, inside in (("everybody", wide["t1"] | True), ("out_of_work", ~wide["t1"])):
        own = wide.loc[inside, "t2"].groupby(arm).agg(["sum", "size"])
        share = proportion_interval(own.loc["b", "sum"], own.loc["b", "size"])
        row = raw.loc[(among, "share", "b", "none")]
        assert [row["estimate"], row["conf_low"], row["n"]] == pytest.approx([share.estimate, share.conf_low, share.n])
        expected = two_proportions(*own.loc["b"], *own.loc["a"])
        for term, contrast in (("difference", "b - a"), ("ratio", "b / a"), ("odds_ratio", "b / a")):
            found = raw.loc[(among, term, "all", contrast)]
            measure = getattr(expected, term)
            assert [found["estimate"], found["conf_high"]] == pytest.approx([measure.estimate, measure.conf_high])
    out = compared_people(states, people, WORK, PLAN, among=wide.index[~wide["t1"]])
    assert out.terms == ("`age`", "C(`school`)")  # everybody started out of work
    means = standardise(out.formula(OUTCOME, "arm"), out.people, arm="arm", family="binomial")
    own = table[(table["by_method"] == "standardised") & (table["by_among"] == "out_of_work")]
    ratio = own[own["term"] == "odds_ratio"].set_index("contrast")["estimate"]
    expected = means.contrasts("odds_ratio").set_index("contrast")["estimate"]
    assert ratio.to_dict() == pytest.approx(expected.to_dict(), rel=1e-9)


def test_time_since_completion_is_told_where_dates_vary(people, states) -> None:
    done = people.assign(done=pd.Timestamp("2020-01-01"))
    later = pd.Timestamp("2020-01-01") + pd.to_timedelta(180 + (np.arange(400) % 90), unit="D")
    answers = {"t2": people[["participant"]].assign(on=later)}
    elapsed = days_since(done, "done", answers, {"t2": "on"})
    assert elapsed["days"].tolist()[:3] == [180.0, 181.0, 182.0]
    ask = {"variables": {"job": ["employed", "own"]}, "waves": ["t1", "t2"], "plan": PLAN}
    table = work_contrasts(states, people, **ask, since_completion=elapsed)
    row = table[(table["term"] == "odds_ratio_per_month") & (table["by_among"] == "everybody")].iloc[0]
    assert row["conf_low"] < row["estimate"] < row["conf_high"]
    assert row["n"] == 400
    same = work_contrasts(states, people, **ask, since_completion=elapsed.assign(days=180.0))
    assert not (same["term"] == "odds_ratio_per_month").any()
    assert days_since(people, None, answers, {"t2": "on"}) is None


def test_a_state_known_at_one_wave_is_compared_there(people, states) -> None:
    once = states[states["wave"] == "t2"]
    table = work_contrasts(once, people, variables={"job": ["employed", "own"]}, waves=["t1", "t2"], plan=PLAN)
    assert set(table["by_since"]) == {"none"}
    assert set(table["by_among"]) == {"everybody"}


def test_satisfaction_is_told_by_ceiling_order_and_odds(people, scores) -> None:
    asked = [ArmOutcome("joy", "t2")]
    table = satisfaction_contrasts(scores, people, outcomes=asked, highest={"joy": 5.0}, plan=PLAN)
    known = scores[(scores["scale"] == "joy")].dropna().merge(people, on="participant")
    top = table[table["term"] == "ceiling"].set_index("by_arm")["estimate"]
    assert top["all"] == pytest.approx((known["score"] == 5).mean())
    assert top["b"] == pytest.approx((known.loc[known["arm"] == "b", "score"] == 5).mean())
    by = known.groupby("arm")["score"]
    expected = probability_of_superiority(by.get_group("c"), by.get_group("a"))
    row = table[(table["term"] == "superiority") & (table["contrast"] == "c > a")].iloc[0]
    assert [row["estimate"], row["conf_low"]] == pytest.approx([expected.estimate, expected.conf_low])
    fit = fit_cumulative("score ~ arm", known)
    odds = table[(table["term"] == "odds_ratio") & (table["by_method"] == "unadjusted")].set_index("contrast")
    assert odds.loc["b / a", "estimate"] == pytest.approx(fit.odds_ratios().loc["arm[T.b]", "estimate"], rel=1e-8)
    assert odds.loc["c / b", "estimate"] == pytest.approx(
        odds.loc["c / a", "estimate"] / odds.loc["b / a", "estimate"], rel=1e-8
    )
    # against the other reference level, the same odds and the same error
    turned = fit_cumulative("score ~ arm", known.assign(arm=pd.Categorical(known["arm"], ["b", "a", "c"])))
    assert odds.loc["c / b", "std_error"] == pytest.approx(turned.coefficients.loc["arm[T.c]", "std_error"], rel=1e-7)
    check = fit.proportional_odds(most_cuts=3)
    own = table[(table["term"] == "proportional_odds") & (table["by_method"] == "unadjusted")].iloc[0]
    assert own["p_value"] == pytest.approx(check.p_value)


@pytest.fixture(scope="module")
def answered(people) -> pd.DataFrame:
    waves = [people[["participant"]].assign(wave=w, responded=True) for w in ("t1", "t2")]
    return pd.concat(waves, ignore_index=True)


def test_balance_and_overlap_are_those_of_the_weights(people, scores, answered) -> None:
    ask = {"scales": ("mood",), "waves": ["t1"], "plan": PLAN, "also": ("country",)}
    balance = arm_balance(scores, people, answered, **ask)
    left = balance[balance["contrast"] == "all"]
    assert left["term"].tolist() == ["country"]
    assert left["status"].iloc[0].startswith("left out")
    start = scores[(scores["scale"] == "mood") & (scores["wave"] == "t1")].set_index("participant")["score"]
    frame = people.assign(mood=people["participant"].map(start)).dropna()
    for name in ("age", "mood"):
        frame[name] = (frame[name] - frame[name].mean()) / frame[name].std(ddof=0)
    weights = overlap_weights("arm ~ age + C(school) + mood", frame)
    expected = weights.balance.set_index(["term", "contrast"])
    own = balance[balance["by_stage"] == "overlap"].set_index(["term", "contrast"])["estimate"]
    assert own["age", "b - a"] == pytest.approx(expected.loc[("age", "b - a"), "after"], abs=1e-9)
    assert "school: 2" in set(balance["term"])
    overlap = propensity_overlap(scores, people, answered, **ask)
    size = overlap[(overlap["term"] == "effective_n") & (overlap["by_stage"] == "overlap")].set_index("by_arm")
    assert size["estimate"].to_dict() == pytest.approx(weights.overlap["effective_sample_size"].to_dict(), rel=1e-9)
    p = weights.propensity.fit.probabilities[weights.propensity.fit.codes == 1, 0]
    cell = overlap[(overlap["by_arm"] == "b") & (overlap["by_probability_of"] == "a") & (overlap["term"] == "p25")]
    assert cell["estimate"].iloc[0] == pytest.approx(np.quantile(p, 0.25))


def test_a_language_is_put_beside_the_people(people) -> None:
    answers = people[["participant"]].iloc[::2].assign(spoken="fr")
    assert with_language(people, answers, "spoken")["spoken"].notna().sum() == 200
    assert with_language(people, None, "spoken") is people


def test_providers_are_ranked_by_their_standardised_means(people, scores) -> None:
    table = provider_ranks(scores, None, people, outcomes=[CHANGE], plan=PLAN)
    compared = compared_people(scores, people, CHANGE, PLAN)
    means = standardise(compared.formula(OUTCOME, "unit_"), compared.people, arm="unit_")
    values = pd.Series(means.estimates, index=list(means.arms))
    expected = rank_units(values, np.sqrt(np.diag(means.vcov)), rng=np.random.default_rng([3, 1])).table
    found = table.pivot_table(index="by_unit", columns="term", values="estimate")
    assert found["estimate"].to_dict() == pytest.approx(expected["estimate"].to_dict(), rel=1e-9)
    assert found["shrunken"].to_dict() == pytest.approx(expected["shrunken"].to_dict(), rel=1e-9)
    joint = table[table["term"] == "joint rank"].set_index("by_unit")
    assert joint["conf_low"].to_dict() == pytest.approx(expected["joint_low"].astype(float).to_dict())
    assert table["n"].min() >= 10


def test_exchangeability_exchanges_providers(people, scores) -> None:
    table = exchangeability(scores, None, people, outcomes=[CHANGE], plan=PLAN)
    compared = compared_people(scores, people, CHANGE, PLAN)
    means = standardise(compared.formula(OUTCOME, "unit_"), compared.people, arm="unit_")
    expected = exchangeability_check(means.estimates, ["a", "a", "b", "b", "c"])
    whole = table[(table["contrast"] == "all arms") & (table["term"] == "statistic")].iloc[0]
    assert whole["p_value"] == pytest.approx(expected.p_value)
    assert expected.arrangements == 30  # 5! / (2! 2! 1!)
    smallest = table[table["term"] == "smallest p value"].set_index("contrast")["estimate"]
    assert smallest["all arms"] == pytest.approx(2 / 30)
    assert smallest["b - a"] == pytest.approx(1 / 3)
    assert smallest["c - a"] == pytest.approx(1 / 3)


def test_without_the_only_provider_of_an_arm_nothing_is_said_of_it(people, scores) -> None:
    table = without_each_provider(scores, None, people, outcomes=[CHANGE], plan=PLAN)
    by = table.set_index(["by_left_out", "contrast"])
    assert by.loc[("u", "c - a"), "status"] == "not estimable"
    assert by.loc[("u", "b - a"), "status"] == "ok"
    part = people[people["house"] != "p"]
    expected = adjusted_contrasts(scores, None, part, outcomes=[CHANGE], plan=PLAN)
    expected = expected[(expected["by_method"] == "standardised") & (expected["contrast"] == "b - a")].iloc[0]
    # numbers are standardised on everybody compared, which moves no difference
    assert by.loc[("p", "b - a"), "estimate"] == pytest.approx(expected["estimate"], rel=1e-9)
    assert by.loc[("p", "b - a"), "n"] == expected["n"]
    with pytest.raises(ValueError, match="names no unit"):
        without_each_provider(scores, None, people, outcomes=[CHANGE], plan=ArmPlan(arms=("a", "b", "c")))


def test_ranks_begin_at_the_better_end() -> None:
    rng = np.random.default_rng(2)
    house = np.repeat(["p", "q", "r"], 60)
    people = pd.DataFrame({"participant": range(180), "arm": np.tile(["a", "b"], 90), "house": house})
    score = rng.normal(size=180) + pd.Series(house).map({"p": 0.0, "q": 2.0, "r": 4.0}).to_numpy()
    scores = people[["participant"]].assign(wave="t1", scale="distress", score=score)
    plan = ArmPlan(arms=("a", "b"), unit="house")
    ranks, means = {}, {}
    for less in (False, True):
        outcome = ArmOutcome("distress", "t1", lower_is_better=less)
        table = provider_ranks(scores, None, people, outcomes=[outcome], plan=plan)
        own = table.set_index(["term", "by_unit"])
        ranks[less] = own.loc["rank", "estimate"].round().to_dict()
        means[less] = own.loc["shrunken", ["estimate", "conf_low", "conf_high"]]
        assert table["method"].str.endswith("lowest" if less else "highest").all()
        assert (own.loc["shrunken", "conf_low"] < own.loc["shrunken", "conf_high"]).all()
    assert ranks == {False: {"p": 3, "q": 2, "r": 1}, True: {"p": 1, "q": 2, "r": 3}}
    # Means keep their sign, and differ by the draws of the shrinkage alone.
    np.testing.assert_allclose(means[True].to_numpy(float), means[False].to_numpy(float), atol=0.03)


def test_levels_of_few_people_are_named_with_the_one_they_were_joined_to() -> None:
    level = ["1"] * 30 + ["2"] * 27 + ["3"] * 3
    people = pd.DataFrame({"participant": range(60), "arm": ["a", "b"] * 30, "level": level})
    scores = people[["participant"]].assign(wave="t1", scale="mood", score=[float(k % 7) for k in range(60)])
    plan = ArmPlan(arms=("a", "b"), covariates=("level",), categorical=frozenset({"level"}))
    table = adjusted_contrasts(scores, None, people, outcomes=[ArmOutcome("mood", "t1")], plan=plan)
    row = table[table["term"] == "joined levels"].iloc[0]
    assert (row["contrast"], row["status"], row["n"]) == ("level", "3 joined to 1", 60)
