"""Intraclass correlations against arithmetic, Shrout and Fleiss' public example, and simulated truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from increase_eval.comparison.score_models import cluster_correlation, variance_component_table
from increase_eval.errors import InsufficientDataError
from increase_eval.scoring import intraclass_correlation

SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def clusters(sizes: list[int], rho: float, rng: np.random.Generator) -> tuple[pd.Series, pd.Series]:
    names = pd.Series(np.repeat(np.arange(len(sizes)), sizes))
    shared = rng.normal(0, np.sqrt(rho), len(sizes))[names]
    return pd.Series(shared + rng.normal(0, np.sqrt(1 - rho), len(names))), names


class TestOneCorrelation:
    def test_by_hand(self):
        # Clusters (1, 2) and (5, 6): MSB = 16 on 1 df, MSW = 0.5 on 2, F = 32, n_0 = 2: 31 / 33.
        found = cluster_correlation(pd.Series([1.0, 2.0, 5.0, 6.0]), pd.Series(["a", "a", "b", "b"]))
        assert found.estimate == pytest.approx(31 / 33, rel=1e-12)
        assert found.design_effect == pytest.approx(1 + 31 / 33, rel=1e-12)
        assert (found.df_between, found.df_within, found.n, found.n_clusters) == (1, 2, 4, 2)

    def test_clusters_of_one_size_are_the_one_way_form_of_shrout_and_fleiss(self):
        ratings = pd.DataFrame(SHROUT_FLEISS, dtype=float)
        theirs = intraclass_correlation(ratings).set_index("type").loc["ICC1"]
        found = cluster_correlation(ratings.stack().reset_index(drop=True), pd.Series(np.repeat(range(6), 4)))
        for name in ("estimate", "conf_low", "conf_high"):
            assert getattr(found, name) == pytest.approx(theirs[name], rel=1e-10)
        assert found.estimate == pytest.approx(0.1657418, abs=1e-7)  # R psych

    def test_unequal_clusters_within_strata_as_r_has_them(self):
        # R: anova(lm(y ~ stratum + cluster)); n_0 = (N - sum over strata of sum n_j^2 / N_s) / (k - S).
        y = pd.Series([3.0, 4, 6, 1, 2, 8, 9, 9, 12, 5, 6])
        cluster = pd.Series(list("aaabbccccdd"))
        stratum = pd.Series(["x"] * 5 + ["y"] * 6)
        between = 3 * (13 / 3 - 3.2) ** 2 + 2 * (1.5 - 3.2) ** 2 + 4 * (9.5 - 49 / 6) ** 2 + 2 * (5.5 - 49 / 6) ** 2
        within = sum(((y[cluster == c] - y[cluster == c].mean()) ** 2).sum() for c in "abcd")
        n_0 = (11 - 13 / 5 - 20 / 6) / 2
        ratio = (between / 2) / (within / 7)
        found = cluster_correlation(y, cluster, stratum)
        assert found.estimate == pytest.approx((ratio - 1) / (ratio + n_0 - 1), rel=1e-12)
        assert (found.df_between, found.df_within) == (2, 7)

    def test_what_strata_share_is_no_likeness_of_clusters(self):
        rng = np.random.default_rng(4)
        y, cluster = clusters([20] * 30, 0.0, rng)
        stratum = cluster % 3
        assert abs(cluster_correlation(y + 5.0 * stratum, cluster, stratum).estimate) < 0.03
        assert cluster_correlation(y + 5.0 * stratum, cluster).estimate > 0.7

    def test_the_interval_holds_the_truth_as_often_as_it_says(self):
        rng = np.random.default_rng(11)
        sizes = [5, 9, 14, 20, 30, 40, 12, 25] * 4
        found = [cluster_correlation(*clusters(sizes, 0.05, rng)) for _ in range(400)]
        held = np.mean([one.conf_low <= 0.05 <= one.conf_high for one in found])
        # 400 draws: the share has a Monte Carlo error of 0.011.
        assert held == pytest.approx(0.95, abs=0.03)
        estimates = np.array([one.estimate for one in found])
        assert estimates.mean() == pytest.approx(0.05, abs=4 * estimates.std() / 20)
        assert np.mean([one.std_error for one in found]) == pytest.approx(estimates.std(), rel=0.15)

    def test_the_design_effect_is_that_of_a_mean_of_whole_clusters(self):
        rng = np.random.default_rng(12)
        sizes, rho = [4, 10, 30, 6, 20] * 4, 0.1
        means = [float(clusters(sizes, rho, rng)[0].mean()) for _ in range(4000)]
        n = sum(sizes)
        expected = 1 + (sum(size**2 for size in sizes) / n - 1) * rho
        assert np.var(means) * n == pytest.approx(expected, rel=0.1)  # 4 Monte Carlo errors: 4 sqrt(2 / 4000) = 0.09

    def test_a_design_effect_is_never_below_nought(self):
        # One large cluster among small ones, all alike: rho < 0, and 1 + (sum n_j^2 / N - 1) rho would be negative.
        y = pd.Series([0.0, 2.0] * 60)
        found = cluster_correlation(y, pd.Series([0] * 100 + [1 + i // 4 for i in range(20)]))
        assert found.estimate < 0
        assert found.design_effect == found.design_low == 0.0

    @pytest.mark.parametrize(
        ("y", "cluster", "message"),
        [
            ([1.0, 2.0, 3.0], ["a", "a", "a"], "two clusters"),
            ([1.0, 2.0, 3.0], ["a", "b", "c"], "two people"),
            ([1.0, 1.0, 3.0, 3.0], ["a", "a", "b", "b"], "nothing varies"),
            ([np.nan, 1.0], ["a", "b"], "two clusters"),
        ],
    )
    def test_limits(self, y, cluster, message):
        with pytest.raises(InsufficientDataError, match=message):
            cluster_correlation(pd.Series(y), pd.Series(cluster))


class TestTable:
    def test_sites_are_looked_at_within_providers_and_providers_within_arms(self, study_of, drawn, rows_with):
        study = study_of()
        scores, people = drawn(study, people=360)
        table = variance_component_table(study, scores, people)
        t1 = scores[scores["wave"] == "t1"].merge(people)
        site = cluster_correlation(t1["score"], t1["site"], t1["provider"])
        provider = cluster_correlation(t1["score"], t1["provider"], t1["arm"])
        own = rows_with(table, wave="t1", contrast=None).set_index(["by_level", "term"])["estimate"]
        assert own["site", "intraclass correlation"] == pytest.approx(site.estimate, rel=1e-12)
        assert own["site", "design effect"] == pytest.approx(site.design_effect, rel=1e-12)
        assert own["site", "clusters"] == 18
        assert own["provider", "intraclass correlation"] == pytest.approx(provider.estimate, rel=1e-12)

    def test_changes_count_those_with_both_waves_and_people_without_a_site_are_dropped(
        self, study_of, drawn, rows_with
    ):
        study = study_of()
        scores, people = drawn(study)
        people.loc[people.index[:7], "site"] = None
        table = variance_component_table(study, scores, people)
        wide = scores.pivot_table(index="participant", columns="wave", values="score")
        both = wide[["t1", "t3"]].notna().all(axis="columns")
        row = rows_with(table, by_level="site", term="clusters", contrast="t1 -> t3").iloc[0]
        known = people.set_index("participant")["site"].reindex(wide.index).notna()
        assert row[["n", "n_dropped"]].tolist() == [int((both & known).sum()), int((both & ~known).sum())]

    def test_one_site_a_provider_says_why_there_is_nothing(self, study_of, drawn, rows_with):
        study = study_of()
        scores, people = drawn(study)
        people["site"] = people["provider"]
        table = rows_with(variance_component_table(study, scores, people), by_level="site")
        assert set(table["status"]) == {"not estimable"}
        assert table["method"].str.contains("needs two clusters of a stratum").all()

    def test_no_levels(self, study_of, drawn):
        study = study_of(levels=[])
        assert len(variance_component_table(study, *drawn(study))) == 0
