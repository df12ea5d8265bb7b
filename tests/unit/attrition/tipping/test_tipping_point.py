"""Tipping points against imputation with that delta, closed forms against a fine grid, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import Conclusion, impute, impute_chained, tipping_point
from increase_eval.comparison.repeated import fit_mmrm

EXACT = 1e-8
"""A root and a refit both end this close."""

ROLES = {"outcome": "y", "subject": "id", "visit": "visit", "arm": "arm"}
EFFECT = "arm[T.new]"


def trial(n: int = 80, *, gone: bool = True, effect: float = 2.5) -> pd.DataFrame:
    """Two arms, three visits, dropout after the first two, one gap."""
    rng = np.random.default_rng(4)
    people = pd.DataFrame(
        {"id": np.arange(n), "arm": np.where(np.arange(n) % 2, "new", "care"), "base": rng.normal(size=n)}
    )
    people["last"] = np.where(np.arange(n) % 5 == 0, 1, np.where(np.arange(n) % 5 == 3, 2, 3)) if gone else 3
    long = people.merge(pd.DataFrame({"visit": ["T1", "T2", "T3"]}), how="cross")
    long["y"] = (
        np.repeat(rng.normal(size=n), 3) + rng.normal(size=3 * n) + effect * (long["arm"] == "new") + long["base"]
    )
    long["y"] = long["y"].where(long["visit"].str[1].astype(int) <= long["last"])
    if gone:
        long.loc[(long["id"] == 7) & (long["visit"] == "T2"), "y"] = np.nan
    return long.drop(columns="last")


def fill(data, **options):
    return impute(data, **ROLES, covariates=["base:visit"], **options)


def at_delta(data, delta: float, visit: str, arms, **options) -> pd.Series:
    """Analyse imputations made with the delta, in the ordinary way."""
    frame = pd.DataFrame({"visit": visit, "arm": arms, "delta": delta})
    table = fill(data, delta=frame, **options).analyse("y ~ arm + base")
    return table[(table["visit"] == visit) & (table["term"] == EFFECT)].iloc[0]


def conclusion(rule, **options):
    return Conclusion(rule, **{"formula": "y ~ arm + base", "term": EFFECT, **options})


METHODS = [{}, {"method": "approximate-bayes", "draws": 8}, {"method": "bayes", "draws": 8}]


@pytest.mark.parametrize("options", METHODS, ids=["conditional-mean", "approximate-bayes", "bayes"])
@pytest.mark.parametrize("quantity", ["estimate", "conf_low", "p_value"])
def test_imputing_with_the_tipping_delta_meets_the_bound(options, quantity) -> None:
    data = trial()
    bound = 0.02 if quantity == "p_value" else 0.2
    rule = f"{quantity} {'<' if quantity == 'p_value' else '>'} {bound}"
    random = {"rng": np.random.default_rng(9)} if options else {}
    found = tipping_point(
        fill(data, **options, **random), conclusion=conclusion(rule), deltas=np.linspace(-30, 30, 61), by="new"
    ).table.set_index(["visit", "direction"])
    for visit in ("T2", "T3"):
        row = found.loc[(visit, "below")]
        assert row["holds"]
        assert row["status"] == "tips"
        random = {"rng": np.random.default_rng(9)} if options else {}
        again = at_delta(data, row["delta"], visit, ["new"], **options, **random)
        assert again[quantity] == pytest.approx(bound, rel=EXACT)
        assert again["estimate"] == pytest.approx(row["estimate"], rel=EXACT)
        assert again["std_error"] == pytest.approx(row["std_error"], rel=EXACT)
        assert row["delta_sd"] == pytest.approx(row["delta"] / data.loc[data["visit"] == "T1", "y"].std(), rel=EXACT)
    assert found.loc[("T1", "below"), "status"] == "nothing is imputed"


def test_closed_form_is_the_limit_of_a_fine_grid() -> None:
    # A function has no formula, so it is looked for between points of the grid; words are solved.
    filled = fill(trial())
    for low in (0.3, 0.0):
        in_words = tipping_point(
            filled, conclusion=conclusion(f"conf_low > {low}", visit="T3"), deltas=[-40, 40], by="new"
        ).table
        by_grid = tipping_point(
            filled,
            conclusion=conclusion(lambda numbers, low=low: numbers["conf_low"] > low, visit="T3"),
            deltas=np.linspace(-40, 40, 801),
            by="new",
        ).table
        np.testing.assert_allclose(in_words["delta"], by_grid["delta"], rtol=1e-9)
    sure = tipping_point(filled, conclusion=conclusion("statistic > 1.96 and estimate > 0.5"), deltas=[-40, 40]).table
    grid = np.linspace(-40, 40, 801)
    halved = tipping_point(
        filled,
        conclusion=conclusion(lambda numbers: numbers["statistic"] > 1.96 and numbers["estimate"] > 0.5),
        deltas=grid,
    ).table
    np.testing.assert_allclose(sure["delta"], halved["delta"], rtol=1e-9)


def test_two_arms_with_a_dial_each() -> None:
    data = trial()
    filled = fill(data)
    found = tipping_point(
        filled,
        conclusion=conclusion("conf_low > 0", visit="T3"),
        deltas={"care": np.linspace(-3, 3, 7), "new": np.linspace(-40, 40, 9)},
        by=("care", "new"),
    )
    assert len(found.contour) >= 7
    for _, point in found.contour.iterrows():
        frame = pd.DataFrame(
            {"visit": "T3", "arm": ["care", "new"], "delta": [point["delta_first"], point["delta_second"]]}
        )
        table = fill(data, delta=frame).analyse("y ~ arm + base")
        row = table[(table["visit"] == "T3") & (table["term"] == EFFECT)].iloc[0]
        assert row["conf_low"] == pytest.approx(0, abs=EXACT)
    nearest = np.hypot(found.contour["delta_first"], found.contour["delta_second"]).min()
    assert found.table["distance"].item() == pytest.approx(nearest)
    alone = tipping_point(filled, conclusion=conclusion("conf_low > 0", visit="T3"), deltas=[-40, 40], by="new").table
    on_axis = found.contour.query("delta_first == 0")["delta_second"]
    assert np.isclose(alone["delta"].dropna().to_numpy()[:, None], on_axis.to_numpy()).any()
    assert found.curve.empty
    assert set(found.to_frame()["contrast"]) == {"care", "new"}


def test_change_of_an_arm_by_words() -> None:
    # The mean change of an arm moves by delta times the share of its people who are imputed.
    data = trial()
    filled = fill(data)
    what = Conclusion("estimate > -1", formula="y ~ 0 + arm", term="arm[new]", visit="T3", change_from="T1")
    row = tipping_point(filled, conclusion=what, deltas=[-50, 50], by="new").table.iloc[0]
    table = filled.analyse("y ~ 0 + arm", change_from="T1").set_index(["visit", "term"])
    here = data[(data["visit"] == "T3") & (data["arm"] == "new")]
    share = here["y"].isna().mean()
    assert row["delta"] == pytest.approx((-1 - table.loc[("T3", "arm[new]"), "estimate"]) / share, rel=EXACT)
    assert row["n_moved"] == here["y"].isna().sum()
    # The other arm's dial does nothing to it.
    other = tipping_point(filled, conclusion=what, deltas=[-50, 50], by="care").table
    assert (other["status"] == "never in the range").all()
    words = tipping_point(filled, conclusion=f"{EFFECT} at T3: difference > 0", deltas=[-90, 90], by="new")
    assert words.conclusion.term == EFFECT
    assert words.table["visit"].unique().tolist() == ["T3"]


def test_shares_missing_carry_the_delta_of_a_fit() -> None:
    data = trial()
    fit = fit_mmrm("y ~ arm * visit", data, subject="id", visit="visit")
    what = Conclusion("estimate > 0", term={"new": 1, "care": -1}, visit="T3")
    row = tipping_point(fit, conclusion=what, deltas=[-50, 50], by="new").table.iloc[0]
    contrast = fit.contrasts("arm", by="visit").query("visit == 'T3'").iloc[0]
    here = data[(data["visit"] == "T3") & (data["arm"] == "new")]
    share, n = here["y"].isna().mean(), len(here)
    size = contrast["estimate"] if contrast["contrast"] == "new - care" else -contrast["estimate"]
    assert row["delta"] == pytest.approx(-size / share, rel=EXACT)
    variance = contrast["std_error"] ** 2 + row["delta"] ** 2 * share * (1 - share) / n
    assert row["std_error"] == pytest.approx(np.sqrt(variance), rel=EXACT)
    changed = tipping_point(
        fit, conclusion=Conclusion("estimate > -2", term="new", change_from="T1"), deltas=[-50, 50], by="all"
    ).table
    assert changed["visit"].unique().tolist() == ["T2", "T3"]


def people(n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(6)
    frame = pd.DataFrame({"arm": np.where(np.arange(n) % 2, "new", "care"), "age": rng.normal(size=n)})
    frame["job"] = np.where(rng.random(n) < 0.35 + 0.3 * (frame["arm"] == "new"), "yes", "no")
    frame["state"] = rng.choice(["job", "study", "none"], n)
    frame["score"] = rng.normal(size=n) + (frame["arm"] == "new")
    for at, column in enumerate(["job", "state", "score"]):
        frame.loc[rng.random(n) < 0.25 + 0.01 * at, column] = np.nan
    return frame.astype({"job": "string", "state": "string"})


@pytest.fixture(scope="module")
def chained():
    methods = {"job": "logit", "state": "multinomial", "score": "norm"}
    return impute_chained(people(), methods=methods, draws=6, iterations=3, rng=np.random.default_rng(2))


def test_log_odds_of_a_state_at_nought_and_at_infinity(chained) -> None:
    # At 0 the table of the imputation; far out everybody imputed is in the state, or nobody is.
    what = Conclusion("estimate > 0.3", formula="job ~ arm")
    found = tipping_point(chained, conclusion=what, deltas=np.linspace(-60, 60, 25), by={"arm": "new"})
    curve = found.curve.set_index("delta")
    at_random = chained.analyse("job ~ arm").set_index("term").loc[EFFECT]
    for name in ("estimate", "std_error", "conf_low"):
        assert curve.loc[0.0, name] == pytest.approx(at_random[name], rel=EXACT)
    data = people()
    low = curve.loc[-60.0, "estimate"]
    share = (data.loc[data["arm"] == "new", "job"] == "yes").fillna(False).mean()
    care = np.mean([(one.loc[data["arm"] == "care", "job"] == "yes").mean() for one in chained.datasets])
    assert low == pytest.approx(share - care, rel=EXACT)
    assert curve["estimate"].is_monotonic_increasing
    assert found.unit == "log odds"
    tip = found.table.query("status == 'tips'").iloc[0]
    assert tip["estimate"] == pytest.approx(0.3, abs=0.005)  # one of 100 people in one of 6 draws is 0.0017
    assert np.isnan(tip["delta_sd"])


def test_states_and_odds_ratios(chained) -> None:
    what = Conclusion("estimate > 0", formula="state ~ arm", states=("job", "study"))
    found = tipping_point(chained, conclusion=what, deltas=np.linspace(-4, 4, 9), by="all")
    assert found.curve["estimate"].between(-1, 1).all()
    ratio = Conclusion("estimate > 0", formula="job ~ arm", family="binomial")
    curve = tipping_point(chained, conclusion=ratio, deltas=[-1, 1], by={"arm": "new"}).curve.set_index("delta")
    at_random = chained.analyse("job ~ arm", family="binomial").set_index("term").loc[EFFECT]
    assert curve.loc[0.0, "estimate"] == pytest.approx(at_random["estimate"], rel=EXACT)
    assert curve.loc[0.0, "std_error"] == pytest.approx(at_random["std_error"], rel=EXACT)
    pair = tipping_point(chained, conclusion=what, deltas=np.linspace(-3, 3, 5), by={"arm": ("care", "new")})
    assert {"delta_first", "delta_second"} <= set(pair.contour)


def test_numbers_from_chained_equations(chained) -> None:
    what = Conclusion("conf_low > 0", formula="score ~ arm + age", term=EFFECT)
    found = tipping_point(chained, conclusion=what, deltas=np.linspace(-20, 20, 41), by={"arm": "new"})
    at_random = chained.analyse("score ~ arm + age").set_index("term").loc[EFFECT]
    curve = found.curve.set_index("delta")
    for name in ("estimate", "std_error", "conf_low", "conf_high"):
        assert curve.loc[0.0, name] == pytest.approx(at_random[name], rel=EXACT)
    tip = found.table.query("status == 'tips' and direction == 'below'").iloc[0]
    assert tip["conf_low"] == pytest.approx(0, abs=EXACT)


def test_nobody_missing_tips_nowhere() -> None:
    found = tipping_point(fill(trial(gone=False)), conclusion=conclusion("estimate > 0"), deltas=[-9, 9])
    assert (found.table["status"] == "nothing is imputed").all()
    assert found.table["delta"].isna().all()
    assert found.to_frame()["status"].eq("nothing is imputed").all()


def test_refusals(chained) -> None:
    filled = fill(trial())
    for rule in ("conf_low = 0", "effect > 0", "estimate > much", ""):
        with pytest.raises(ValueError, match="cannot be read; allowed: clauses"):
            tipping_point(filled, conclusion=rule, deltas=[-1, 1])
    with pytest.raises(TypeError, match="conclusion is int"):
        tipping_point(filled, conclusion=3, deltas=[-1, 1])
    with pytest.raises(ValueError, match="names no term, and there are several"):
        tipping_point(filled, conclusion=Conclusion("estimate > 0", formula="y ~ arm + base"), deltas=[-1, 1])
    with pytest.raises(ValueError, match=r"about term \['arm\[T.other\]'\]"):
        tipping_point(filled, conclusion="arm[T.other] at T3: estimate > 0", deltas=[-1, 1])
    with pytest.raises(ValueError, match="about visit 'T9'"):
        tipping_point(filled, conclusion=f"{EFFECT} at T9: estimate > 0", deltas=[-1, 1])
    with pytest.raises(ValueError, match=r"by is \['other'\]"):
        tipping_point(filled, conclusion="estimate > 0", deltas=[-1, 1], by="other")
    with pytest.raises(ValueError, match="an arm, or two arms"):
        tipping_point(filled, conclusion="estimate > 0", deltas=[-1, 1], by=("new", "new"))
    with pytest.raises(ValueError, match="not nought"):
        tipping_point(filled, conclusion="estimate > 0", deltas=[0.0])
    with pytest.raises(ValueError, match="the dials are"):
        tipping_point(filled, conclusion="estimate > 0", deltas={"x": [1]}, by="new")
    with pytest.raises(TypeError, match="got DataFrame"):
        tipping_point(trial(), conclusion="estimate > 0", deltas=[-1, 1])
    with pytest.raises(ValueError, match="needs a formula"):
        tipping_point(chained, conclusion="estimate > 0", deltas=[-1, 1])
    with pytest.raises(ValueError, match="was not imputed"):
        tipping_point(chained, conclusion=Conclusion("estimate > 0", formula="age ~ arm"), deltas=[-1, 1])
    with pytest.raises(ValueError, match="names no states"):
        tipping_point(chained, conclusion=Conclusion("estimate > 0", formula="state ~ arm"), deltas=[-1, 1])
    with pytest.raises(ValueError, match=r"states \['army'\] are no levels"):
        tipping_point(
            chained, conclusion=Conclusion("estimate > 0", formula="state ~ arm", states=("army",)), deltas=[-1, 1]
        )
    with pytest.raises(ValueError, match="have no arm"):
        tipping_point(chained, conclusion=Conclusion("estimate > 0", formula="job ~ arm"), deltas=[-1, 1], by="new")
