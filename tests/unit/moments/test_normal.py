from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal

from increase_eval.errors import InsufficientDataError
from increase_eval.moments import PatternMoments


def incomplete(n: int = 120, q: int = 4, share: float = 0.25, seed: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, q)) @ (np.eye(q) + 0.4) + np.arange(q)
    values[rng.random((n, q)) < share] = np.nan
    return pd.DataFrame(values, columns=list("abcd")[:q])


def test_complete_data_give_the_moments_themselves():
    frame = incomplete(share=0.0)
    fit = PatternMoments.from_frame(frame, list(frame)).fit_normal()
    np.testing.assert_allclose(fit.mean, frame.mean(), rtol=1e-12)
    np.testing.assert_allclose(fit.covariance, frame.cov(ddof=0), rtol=1e-11)
    assert fit.log_likelihood == pytest.approx(
        multivariate_normal(fit.mean, fit.covariance).logpdf(frame).sum(), rel=1e-12
    )
    assert fit.converged


def test_the_likelihood_is_that_of_the_rows_and_at_its_maximum():
    frame = incomplete()
    fit = PatternMoments.from_frame(frame, list(frame)).fit_normal()

    def by_rows(mean: np.ndarray, covariance: np.ndarray) -> float:
        total = 0.0
        for row in frame.to_numpy():
            seen = ~np.isnan(row)
            if seen.any():
                part = multivariate_normal(mean[seen], covariance[np.ix_(seen, seen)])
                total += part.logpdf(row[seen])
        return total

    mean, covariance = fit.mean.to_numpy(), fit.covariance.to_numpy()
    assert fit.log_likelihood == pytest.approx(by_rows(mean, covariance), rel=1e-12)
    rng = np.random.default_rng(0)
    for _ in range(20):
        step = rng.normal(size=(4, 4)) * 1e-3
        assert by_rows(mean + step[0], covariance + step + step.T) < fit.log_likelihood


def test_monotone_dropout_equals_the_regression_solution():
    frame = incomplete(q=2, share=0.0)
    frame.loc[:39, "b"] = np.nan
    fit = PatternMoments.from_frame(frame, ["a", "b"]).fit_normal()
    # Anderson (1957): the mean of b is predicted at the mean of a over everybody.
    seen = frame.dropna()
    slope, intercept = np.polyfit(seen["a"], seen["b"], 1)
    assert fit.mean["b"] == pytest.approx(intercept + slope * frame["a"].mean(), rel=1e-10)
    assert fit.covariance.loc["a", "b"] == pytest.approx(slope * frame["a"].var(ddof=0), rel=1e-10)


def test_wholly_missing_rows_and_groups_change_nothing():
    frame = incomplete()
    more = pd.concat([frame, pd.DataFrame(np.nan, index=range(5), columns=list(frame))], ignore_index=True)
    one = PatternMoments.from_frame(frame, list(frame)).fit_normal()
    two = PatternMoments.from_frame(more.assign(g=np.arange(len(more)) % 3), list(frame), by="g").fit_normal()
    np.testing.assert_allclose(one.covariance, two.covariance, rtol=1e-10)
    assert one.log_likelihood == pytest.approx(two.log_likelihood, rel=1e-12)
    assert two.n == one.n


def test_units_do_not_matter():
    frame = incomplete()
    factor = np.array([1e-6, 1.0, 1e3, 1e7])
    one = PatternMoments.from_frame(frame, list(frame)).fit_normal()
    two = PatternMoments.from_frame(frame * factor, list(frame)).fit_normal()
    np.testing.assert_allclose(two.covariance, one.covariance * np.outer(factor, factor), rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.assign(b=np.nan), "\\['b'\\] are never observed"),
        (lambda f: f.assign(b=7.0), "\\['b'\\] do not vary"),
        (lambda f: f.assign(a=f["a"].where(f.index < 60), b=f["b"].where(f.index >= 60)), "a with b"),
        (lambda f: f.dropna().assign(d=lambda g: g["a"] + g["b"]), "singular"),
        (lambda f: f.dropna().iloc[:3], "singular"),
        (lambda f: f.iloc[:0], "no row has an observed value"),
    ],
)
def test_what_cannot_be_estimated_says_why(change, message):
    frame = change(incomplete())
    with pytest.raises(InsufficientDataError, match=message):
        PatternMoments.from_frame(frame, list(frame)).fit_normal()


def test_too_few_iterations_are_not_called_convergence():
    from increase_eval.moments.normal import fit_normal

    moments = PatternMoments.from_frame(incomplete(), list("abcd"))
    assert not fit_normal(moments, max_iterations=2).converged
    with pytest.raises(ValueError, match="tolerance"):
        moments.fit_normal(tolerance=0.0)
