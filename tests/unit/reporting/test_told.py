"""What moments tell of bins, and n of responses, is withheld too."""

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from increase_eval.reporting.disclosure import SUPPRESSED, protect, withhold_told_bins, withhold_told_responses
from increase_eval.results import estimate_table

THRESHOLD = 10


def distribution(counts):
    rows = [{"term": str(j), "estimate": c, "n": sum(counts)} for j, c in enumerate(counts)]
    return estimate_table(rows, outcome="mood", wave="t1", by_arm="all")


def summary(counts):
    values = np.repeat(np.arange(len(counts)), counts)
    rows = [{"term": "mean", "estimate": values.mean()}, {"term": "sd", "estimate": values.std(ddof=1)}]
    return estimate_table(rows, outcome="mood", wave="t1", by_arm="all", n=len(values))


def widths_of_small(counts, safe):
    """What an outsider knows of each small withheld bin from n, mean and standard deviation: largest less smallest."""
    hidden = np.flatnonzero((safe["status"] == SUPPRESSED).fillna(False))
    own = np.array(counts)[hidden]
    powers = np.vstack([hidden**0, hidden, hidden**2]).astype(float)
    sums = LinearConstraint(powers, powers @ own, powers @ own)
    found = []
    for place in np.flatnonzero((own > 0) & (own < THRESHOLD)):
        goal = np.eye(len(hidden))[place]
        least = Bounds((own > 0).astype(float), np.inf)
        whole = np.ones(len(hidden))
        ends = [milp(s * goal, constraints=sums, bounds=least, integrality=whole).x[place] for s in (1, -1)]
        found.append(ends[1] - ends[0])
    return found


def test_two_small_bins_are_told_by_the_moments_and_no_longer_when_more_is_withheld():
    counts = [3, 6, 20, 40, 60, 50, 30]
    safe = protect(distribution(counts), threshold=THRESHOLD)
    assert min(widths_of_small(counts, safe)) < 1
    vague = withhold_told_bins(distribution(counts), safe, summary(counts), threshold=THRESHOLD)
    assert min(widths_of_small(counts, vague)) >= THRESHOLD // 2
    shown = vague[vague["status"].isna()]
    assert len(shown) >= 1
    pd.testing.assert_series_equal(shown["estimate"], distribution(counts).loc[shown.index, "estimate"])


def test_random_distributions_are_vague_or_wholly_withheld():
    rng = np.random.default_rng(3)
    for _ in range(40):
        counts = rng.multinomial(int(rng.integers(30, 300)), rng.dirichlet(np.ones(int(rng.integers(4, 12))))).tolist()
        safe = protect(distribution(counts), threshold=THRESHOLD)
        vague = withhold_told_bins(distribution(counts), safe, summary(counts), threshold=THRESHOLD)
        hidden = (vague["status"] == SUPPRESSED).fillna(False)
        assert hidden.all() or all(width >= THRESHOLD // 2 for width in widths_of_small(counts, vague))


def test_nothing_is_withheld_where_nothing_was_or_where_no_mean_is_shown():
    full = [20, 40, 60, 50, 30]
    safe = protect(distribution(full), threshold=THRESHOLD)
    assert withhold_told_bins(distribution(full), safe, summary(full), threshold=THRESHOLD)["estimate"].notna().all()
    counts = [3, 6, 20, 40, 60, 50, 30]
    safe = protect(distribution(counts), threshold=THRESHOLD)
    no_mean = summary(counts).assign(estimate=np.nan)
    same = withhold_told_bins(distribution(counts), safe, no_mean, threshold=THRESHOLD)
    pd.testing.assert_frame_equal(same, safe)


def test_the_n_of_a_score_does_not_tell_a_withheld_number_of_respondents():
    flow = estimate_table(
        [
            {"by_arm": "a", "estimate": 0.95, "n": 100, "status": "suppressed"},
            {"by_arm": "b", "estimate": 0.60, "n": 100},
            {"by_arm": "all", "estimate": 0.80, "n": 200},
        ],
        outcome="responded",
        term="enrolled",
        wave="t1",
    )
    scores = estimate_table(
        [{"by_arm": arm, "estimate": 3.0, "n": n, "n_dropped": 0} for arm, n in (("a", 95), ("b", 60), ("all", 155))],
        outcome="mood",
        term="mean",
        wave="t1",
    )
    safe = withhold_told_responses({"score_summary": scores}, flow)["score_summary"]
    assert safe["n"].isna().tolist() == [True, False, False]
    assert safe["n_dropped"].isna().tolist() == [True, False, False]
    assert safe["status"].fillna("").tolist() == [SUPPRESSED, "", ""]
    assert scores["n"].notna().all()


def test_a_withheld_share_of_another_denominator_withholds_nothing():
    flow = estimate_table(
        [
            {"term": "enrolled", "estimate": 0.60, "n": 100},
            {"term": "previous wave", "estimate": 0.95, "n": 60, "status": "suppressed"},
        ],
        outcome="responded",
        wave="t2",
        by_arm="all",
    )
    scores = estimate_table([{"estimate": 3.0, "n": 60}], outcome="mood", term="mean", wave="t2", by_arm="all")
    safe = withhold_told_responses({"score_summary": scores}, flow)["score_summary"]
    assert safe["estimate"].notna().all()
