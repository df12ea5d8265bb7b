"""Chained equations: what is imputed from what, what is kept, and what stops."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.attrition import Imputations, impute_chained
from increase_eval.attrition.imputation.chained.categorical import augment, draw_parameters, probabilities, start_of
from increase_eval.attrition.imputation.chained.convergence import r_hat
from increase_eval.attrition.imputation.chained.linear import nearest_donors
from increase_eval.comparison.engines.generalised_linear import fit_generalised
from increase_eval.errors import InsufficientDataError

EXACT = 1e-10
NEWTON = 1e-4
"""Newton's method stops where a step would add 1e-9 to the log-likelihood."""


def table(n: int = 60, seed: int = 3) -> pd.DataFrame:
    """One column of each type; a fifth of each but the first missing; rows labelled from 100 downwards."""
    rng = np.random.default_rng(seed)
    base = rng.normal(size=n)
    data = pd.DataFrame(
        {
            "base": base,
            "score": np.round(50 + 5 * base + rng.normal(size=n), 1),
            "count": pd.array(rng.poisson(3, n), dtype="Int64"),
            "job": pd.array(rng.random(n) < 0.5, dtype="boolean"),
            "told": np.array(rng.random(n) < 0.5, dtype=object),
            "state": pd.Categorical(rng.choice(["out", "in", "study"], n), categories=["out", "in", "study", "army"]),
            "level": pd.Categorical(rng.choice(["low", "mid", "high"], n), ["low", "mid", "high"], ordered=True),
            "place": pd.array(rng.choice(["north", "south"], n), dtype="string"),
        },
        index=range(100, 100 - n, -1),
    )
    for number, column in enumerate(data.columns[1:]):
        data.loc[data.index[number % 5 :: 5], column] = pd.NA if column != "score" else np.nan
    return data


METHODS = {
    "score": "pmm", "count": "pmm", "job": "logit", "told": "logreg", "state": "multinomial", "level": "ordered",
    "place": "logit",
}  # fmt: skip


def fill(data, methods=None, **options):
    rng = np.random.default_rng(options.pop("seed", 1))
    return impute_chained(data, methods=methods or METHODS, rng=rng, **{"draws": 3, "iterations": 2, **options})


def test_types_index_and_input_are_kept() -> None:
    data = table()
    before = data.copy(deep=True)
    filled = fill(data)
    pd.testing.assert_frame_equal(data, before)
    assert isinstance(filled, Imputations)
    assert len(filled.datasets) == filled.n_draws == 3
    for one in filled.datasets:
        assert one.dtypes.equals(data.dtypes)
        assert one.index.equals(data.index)
        assert not one.isna().any(axis=None)
        for column in data:
            seen = data[column].notna()
            assert (one.loc[seen, column] == data.loc[seen, column]).all()
            assert set(one[column]) <= set(data[column].dropna())
    assert filled.n_imputed == int(data.isna().sum().sum()) == len(filled.values)


def test_same_generator_same_draws_whatever_their_number() -> None:
    data = table()
    few, many = fill(data), fill(data, draws=5)
    for draw in range(3):
        pd.testing.assert_frame_equal(few.completed(draw), many.completed(draw))
    assert not few.completed(0).equals(few.completed(1))
    assert not few.completed(0).equals(fill(data, seed=2).completed(0))


def test_order_of_visits_is_by_missing_values() -> None:
    data = table()
    data.loc[data.index[:40], "score"] = np.nan
    data["level"] = data["level"].fillna("mid")
    data.loc[data.index[:2], "level"] = np.nan
    order = [equation.target.name for equation in fill(data).plan.equations]
    assert order == ["level", "count", "job", "told", "state", "place", "score"]


def test_mice_names_mean_the_same() -> None:
    data = table()
    names = {"logit": "logreg", "multinomial": "polyreg", "ordered": "polr"}
    other = {column: names.get(method, method) for column, method in METHODS.items()}
    pd.testing.assert_frame_equal(fill(data).completed(), fill(data, other).completed())


def test_nothing_missing_is_the_complete_data_estimate() -> None:
    data = table()[["base", "score"]].dropna()
    filled = fill(data, {"score": "norm"})
    assert filled.n_imputed == 0
    assert filled.values.empty
    found = filled.analyse("score ~ base").set_index("term")
    x, y = np.column_stack([np.ones(len(data)), data["base"]]), data["score"].to_numpy()
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    np.testing.assert_allclose(found["estimate"], beta, rtol=EXACT)
    error = np.sqrt(np.diag(inverse) * ((y - x @ beta) ** 2).sum() / (len(y) - 2))
    np.testing.assert_allclose(found["std_error"], error, rtol=EXACT)
    assert (found["fmi"] < 0.1).all()  # what small degrees of freedom leave: 2/(df + 3)


def test_norm_of_whole_numbers_gives_fractions() -> None:
    data = table()[["base", "count"]]
    filled = fill(data, {"count": "norm"}).completed()
    assert filled["count"].dtype == "Float64"
    assert (filled["count"] != filled["count"].round()).any()


def test_unit_of_a_column_does_not_matter() -> None:
    data = table()[["base", "score"]]
    moved = data.assign(score=1e6 + 0.001 * data["score"], base=1e3 * data["base"])
    one, other = fill(data, {"score": "norm"}).completed(2), fill(moved, {"score": "norm"}).completed(2)
    np.testing.assert_allclose(other["score"], 1e6 + 0.001 * one["score"], rtol=1e-12)


def test_nearest_five_are_drawn_alike_and_no_others() -> None:
    # 0..9 known, 4.2 wanted: the five nearest are 2..6.
    known = np.arange(10.0)
    found = nearest_donors(known, np.full(5000, 4.2), np.random.default_rng(1))
    counts = np.bincount(found, minlength=10)
    assert (counts[2:7] > 900).all()  # 1,000 each expected, with an error of 28
    assert counts.sum() == counts[2:7].sum()
    # At the edges, with ties and with fewer than five.
    assert set(nearest_donors(known, np.full(99, -7.0), np.random.default_rng(1))) == {0, 1, 2, 3, 4}
    assert set(nearest_donors(known, np.full(99, 70.0), np.random.default_rng(1))) == {5, 6, 7, 8, 9}
    tied = [nearest_donors(np.repeat([0.0, 1.0], 50), np.full(9, 0.9), np.random.default_rng(k)) for k in range(60)]
    assert set(np.concatenate(tied)) == set(range(50, 100))
    assert set(nearest_donors(np.array([1.0, 2.0]), np.full(50, 5.0), np.random.default_rng(1))) == {0, 1}


def test_models_with_levels_are_the_maximum_likelihood_ones() -> None:
    rng = np.random.default_rng(5)
    x = np.vstack([np.ones(300), rng.normal(size=(2, 300))])
    codes = (rng.random(300) < 1 / (1 + np.exp(-x[1]))).astype(np.int64)
    data = augment(x, codes, 2)
    assert data.weights[300:].sum() == pytest.approx(3)
    best, _ = draw_parameters("logit", data, 2, start_of("logit", data, 2), rng)
    names = ["a", "b", "c"]
    expected = fit_generalised(data.x.T, data.codes.astype(float), names, weights=data.weights)
    np.testing.assert_allclose(best, expected.coefficients, rtol=NEWTON)
    # With two levels an ordered logit is a logit with the signs of Pr(y <= 0) = F(a - x'b).
    ordered, _ = draw_parameters("ordered", data, 2, start_of("ordered", data, 2), rng)
    np.testing.assert_allclose(ordered, [-best[0], best[1], best[2]], rtol=NEWTON)
    shares = probabilities("ordered", ordered, x, 2)
    np.testing.assert_allclose(shares, probabilities("logit", best, x, 2), rtol=10 * NEWTON)


@pytest.mark.parametrize("method", ["multinomial", "ordered"])
def test_score_and_information_are_derivatives(method) -> None:
    from increase_eval.attrition.imputation.chained.categorical import _multinomial, _ordered

    rng = np.random.default_rng(6)
    x, codes = np.vstack([np.ones(400), rng.normal(size=(2, 400))]), rng.integers(0, 3, 400)
    data, look = augment(x, codes, 3), _ordered if method == "ordered" else _multinomial
    best, _ = draw_parameters(method, data, 3, start_of(method, data, 3), rng)
    moved = best + 0.05 * np.arange(len(best))
    at = look(moved, data, 3)
    step = 1e-5
    for k, unit in enumerate(np.eye(len(best)) * step):
        slope = (look(moved + unit, data, 3).value - look(moved - unit, data, 3).value) / (2 * step)
        assert slope == pytest.approx(at.gradient[k], rel=1e-6, abs=1e-6)
    # At the maximum the score is nought; the multinomial's information is the second derivative.
    np.testing.assert_allclose(look(best, data, 3).gradient, 0, atol=1e-3)
    if method == "multinomial":
        bend = [look(moved + u, data, 3).gradient - look(moved - u, data, 3).gradient for u in np.eye(6) * step]
        np.testing.assert_allclose(-np.array(bend) / (2 * step), at.information, rtol=1e-5, atol=1e-5)


def test_separation_is_survived() -> None:
    data = table(80)[["base"]].assign(job=lambda frame: frame["base"] > 0)
    data["job"] = data["job"].astype("boolean").mask(np.arange(80) % 4 == 0)
    filled = fill(data, {"job": "logit"}, draws=20)
    right = np.mean([(one["job"] == (one["base"] > 0)).mean() for one in filled.datasets])
    assert right > 0.9
    assert np.isfinite(filled.shares["job"]).all()


def test_constant_columns_and_sums_are_noted() -> None:
    data = table()[["base", "score", "job"]].assign(twice=lambda frame: 2 * frame["base"], job=pd.NA, same=7.0)
    data["job"] = pd.array([True, None] * 30, dtype="boolean")
    data.loc[data.index[:5], "same"] = np.nan
    filled = fill(data, {"score": "norm", "job": "logit", "same": "norm"})
    assert filled.completed()["job"].all()
    assert (filled.completed()["same"] == 7.0).all()
    assert any(note.startswith("job: all who have a value have the same") for note in filled.notes)
    assert any(note.startswith("score: predictors that are sums of others") for note in filled.notes)


def test_chains_and_r_hat() -> None:
    data = table()[["base", "score", "count"]]
    filled = fill(data, {"score": "norm", "count": "pmm"}, draws=4, iterations=12)
    chains = filled.chains
    assert len(chains) == 2 * 4 * 12
    gone = data["score"].isna()
    last = chains.query("column == 'score' and draw == 2 and iteration == 12")
    assert last["mean"].item() == pytest.approx(filled.completed(2).loc[gone, "score"].mean(), rel=EXACT)
    assert last["variance"].item() == pytest.approx(filled.completed(2).loc[gone, "score"].var(), rel=EXACT)
    assert filled.r_hat.set_index("column")["of_mean"].between(0.8, 1.6).all()
    # Two chains of means 0 and 4, each -1 and 1 in its second half: W 2, B/n 8, so sqrt((2/2 + 8)/2).
    assert r_hat(np.array([[9.0, 9.0, -1.0, 1.0], [9.0, 9.0, 3.0, 5.0]])) == pytest.approx(np.sqrt(9 / 2))
    assert np.isnan(r_hat(np.ones((1, 8))))


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    fill(table(), progress=lambda done, wanted: told.append((done, wanted)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_analysis_must_be_in_the_imputation() -> None:
    data = table()[["base", "score", "place", "count"]].assign(place=["north", "south"] * 30)
    methods = {"score": "norm", "count": "pmm"}
    narrow = fill(data, methods, predictors={"score": ["base", "count"]})
    assert narrow.analyse("score ~ base + count")["n"].eq(60).all()
    with pytest.raises(ValueError, match="'place' was not in the model of 'score'"):
        narrow.analyse("score ~ base + place")
    with pytest.raises(ValueError, match="'base:place' was not in the model of 'score'"):
        fill(data, methods).analyse("score ~ base * place")
    crossed = fill(data, methods, predictors={"score": ["base", "place", "count", "base:place"]})
    assert "base:place[T.south]" in set(crossed.analyse("score ~ base * place")["term"])
    with pytest.raises(ValueError, match="'base:score' was not in the model of 'count'"):
        fill(data, methods, predictors={"score": ["base", "count", "base:count"]}).analyse("score ~ base * count")


def test_refusals() -> None:
    data = table()
    with pytest.raises(ValueError, match=r"methods are \{'score': 'lasso'\}; allowed: pmm"):
        fill(data, {"score": "lasso"})
    with pytest.raises(ValueError, match="not in the table"):
        fill(data, {"income": "pmm"})
    with pytest.raises(ValueError, match="miss values, predict others and have no method"):
        fill(data, {"score": "pmm"})
    with pytest.raises(ValueError, match="among its own predictors"):
        fill(data, {"score": "pmm"}, predictors={"score": ["score"]})
    with pytest.raises(ValueError, match="which have no method"):
        fill(data, {"score": "pmm"}, predictors={"count": ["base"]})
    with pytest.raises(TypeError, match="sequence of columns"):
        fill(data, {"score": "pmm"}, predictors={"score": "base"})
    with pytest.raises(ValueError, match="'state' has 3 levels; allowed for 'logit': two"):
        fill(data, {**METHODS, "state": "logit"})
    with pytest.raises(ValueError, match="method 'pmm' means nothing"):
        fill(data, {**METHODS, "state": "pmm"})
    with pytest.raises(ValueError, match="method 'norm' means nothing"):
        fill(data, {**METHODS, "place": "norm"})
    with pytest.raises(InsufficientDataError, match=r"\['score'\] have no value at all"):
        fill(data.assign(score=np.nan))
    with pytest.raises(InsufficientDataError, match="cannot carry"):
        fill(data.assign(**{f"x{k}": np.random.default_rng(k).normal(size=60) for k in range(60)}))
    with pytest.raises(ValueError, match="allowed: numbers, booleans"):
        fill(data.assign(day=pd.Timestamp("2020-01-01")))
    with pytest.raises(ValueError, match="draws is 0"):
        fill(data, draws=0)
    with pytest.raises(TypeError, match="numpy Generator"):
        impute_chained(data, methods=METHODS, draws=2, iterations=2, rng=7)
    with pytest.raises(InsufficientDataError, match="two data sets"):
        fill(data, draws=1).analyse("score ~ base")
    with pytest.raises(ValueError, match="infinite"):
        fill(data.assign(base=np.inf))
