"""The parametric twin equals imputation with its deltas, and agrees with the weights where the model is normal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import anchored_nonresponse, anchored_twin, impute
from increase_eval.errors import InsufficientDataError

LINEAR_ALGEBRA = 1e-8
ROLES = {"outcome": "score", "subject": "id", "visit": "visit", "arm": "arm"}


def long_table(seed=1, n=240, visits=("T1", "T2", "T3")):
    rng = np.random.default_rng(seed)
    people = pd.DataFrame({"id": range(n), "arm": ["a", "b", "c"] * (n // 3)})
    people["job"] = rng.choice(["yes", "no"], n, p=[0.3, 0.7])
    person = rng.normal(0, 1, n)
    rows = []
    for number, visit in enumerate(visits):
        score = 5 + person + 0.4 * number * (people["job"] == "yes") + rng.normal(0, 0.8, n)
        gone = (rng.random(n) < 0.3 + 0.2 * number) & (number > 0)
        rows.append(people.assign(visit=visit, score=np.where(gone, np.nan, score)))
    return pd.concat(rows, ignore_index=True)


@pytest.mark.parametrize("visits", [("T1", "T3"), ("T1", "T2", "T3")])
@pytest.mark.parametrize("gamma", [0.0, -0.6, {"a": 0.5, "b": 0.0, "c": -1.0}])
def test_the_twin_equals_imputation_with_its_deltas(visits, gamma):
    data = long_table(visits=visits)
    twin = anchored_twin(data, **ROLES, category="job", gamma=gamma)
    filled = impute(data, **ROLES, covariates=twin.covariates, delta=twin.deltas)
    done = filled.completed()
    means = done[done["visit"] == "T3"].groupby("arm")["score"].mean()
    assert twin.estimates["estimate"].to_numpy() == pytest.approx(means.to_numpy(), abs=LINEAR_ALGEBRA)


def test_the_delta_is_dial_times_residual_variance_over_the_first_standard_deviation():
    data = long_table(visits=("T1", "T3"))
    twin = anchored_twin(data, **ROLES, category="job", gamma=0.5)
    sigma = twin.fit.covariance.to_numpy()
    residual = sigma[1, 1] - sigma[1, 0] ** 2 / sigma[0, 0]
    first = data[data["visit"] == "T1"]["score"].std()
    assert twin.estimates["delta"].to_numpy() == pytest.approx(0.5 * residual / first, rel=1e-12)


def test_rows_in_any_order_give_the_same():
    data = long_table()
    one, other = (
        anchored_twin(table, **ROLES, category="job", gamma=0.3).estimates["estimate"].to_numpy()
        for table in (data, data.sample(frac=1, random_state=1))
    )
    assert one == pytest.approx(other, abs=1e-9)


def test_twin_and_weights_agree_on_many_normal_people():
    rng, n = np.random.default_rng(5), 40_000
    people = pd.DataFrame({"id": range(n), "arm": "a", "job": rng.choice(["yes", "no"], n), "T1": rng.normal(0, 1, n)})
    people["arm"] = np.where(rng.random(n) < 0.5, "a", "b")
    people["T3"] = 0.5 * people["T1"] + 0.4 * (people["job"] == "yes") + rng.normal(0, 0.8, n)
    people.loc[rng.random(n) > 0.4, "T3"] = np.nan
    weights = anchored_nonresponse(
        people, outcome="T3", arm="arm", category="job", baseline="T1", gamma=0.4
    ).estimates.set_index("arm")
    long = people.melt(["id", "arm", "job"], ["T1", "T3"], "visit", "score")
    twin = anchored_twin(long, **ROLES, category="job", gamma=0.4).estimates
    gap = (weights["estimate"] - twin["estimate"]).abs()
    assert (gap < 3 * weights["std_error"]).all()
    assert (twin["estimate"] - twin["at_random"] > 10 * weights["std_error"]).all()


def test_what_is_refused():
    data = long_table()
    with pytest.raises(InsufficientDataError, match="first visit"):
        anchored_twin(data.assign(score=np.nan), **ROLES, category="job", gamma=0.0)
    with pytest.raises(ValueError, match="every subject needs each visit"):
        anchored_twin(data.iloc[1:], **ROLES, category="job", gamma=0.0)
    with pytest.raises(ValueError, match="gamma is"):
        anchored_twin(data, **ROLES, category="job", gamma={"a": 1.0})
    with pytest.raises(ValueError, match="not in the table"):
        anchored_twin(data, **ROLES, category="work", gamma=0.0)
