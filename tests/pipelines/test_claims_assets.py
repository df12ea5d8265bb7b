"""The assets of service counts, published figures and reliability: made once on the study that has all of them."""

from __future__ import annotations

import re

import matplotlib
import pandas as pd
import pytest
from markupsafe import escape
from matplotlib.text import Text

from increase_eval.reporting.documents import Stamp, build_report, readable_tables
from increase_eval.reporting.figures import FIGURES
from increase_eval.reporting.figures.style import STYLE
from increase_eval.reporting.published_figures import published_figures
from increase_eval.reporting.special_tables import published_that_leaves
from increase_eval.reporting.translations import set_spaces
from pipelines.assets import study_assets
from pipelines.claims_checks import (
    changes_make_a_whole,
    coefficients_are_between,
    costs_are_amounts,
    counts_are_complete,
    counts_reconcile,
    every_cost_counts,
    every_month_is_there,
    every_published_row_has_a_status,
    everything_has_a_status,
    item_shares_are_shares,
    published_figures_come_out_again,
    service_ledger_balances,
    units_add_up,
)

OWN = (
    *("service_statistics", "service_ledger", "service_quarantine", "pathway", "service_outcomes", "outcome_overlap"),
    *(
        "targets",
        "reconciliation",
        "reconciliation_exceptions",
        "pathway_by_place",
        "published_comparison",
        "feasible_counts",
    ),
    *("response_flow", "response_patterns", "response_counts", "unresolved_rows", "unresolved_links"),
    *("leaver_differences", "dropout_model", "dropout_calibration", "mcar", "representativeness"),
    *("response_weights", "weight_diagnostics", "weight_balance", "answering_chances", "weighted_changes"),
    *("bounds", "selection_models", "dials"),
    *("costs", "cost_ledger", "cost_quarantine"),
    *("proposed_links", "reliability", "retest", "reliable_change", "item_table"),
)
MINE = ("flow", "reliability", "pathway", "published")


@pytest.fixture(scope="session")
def readable(published_study, made):
    own = {name: made[name] for name in OWN}
    return readable_tables(published_study, own | {name: made[name] for name in ("input_files", "drift", "ledger")})


def test_every_table_is_made_in_its_group(published_study, made):
    assert set(OWN) <= set(made)
    groups = {spec.key.path[-1]: spec.group_name for asset in study_assets(published_study) for spec in asset.specs}
    assert groups["service_statistics"] == "intake"
    assert groups["reliability"] == "scoring"
    assert groups["published_comparison"] == "claims"


def test_a_study_without_service_counts_has_none_of_their_assets(study):
    names = {spec.key.path[-1] for asset in study_assets(study) for spec in asset.specs}
    assert not names & {"service_statistics", "pathway", "targets", "reconciliation", "published_comparison"}
    assert "proposed_links" in names


def test_the_funnel_and_both_denominators_come_from_the_counts(made):
    counts = made["service_statistics"].groupby("step")["count"].sum()
    outcomes = made["service_outcomes"]
    total = outcomes[(outcomes["by_provider"] == "all") & (outcomes["term"] == "job")].set_index("contrast")["estimate"]
    assert total["count"] == counts["job"]
    assert total["of started"] == pytest.approx(counts["job"] / counts["started"])
    assert total["of completed"] == pytest.approx(counts["job"] / counts["completed"])


@pytest.mark.parametrize(
    ("check", "table", "spoil"),
    [
        (lambda s: counts_are_complete(s), "service_statistics", lambda t: t.iloc[1:]),
        (lambda s: counts_are_complete(s), "service_statistics", lambda t: t.assign(count=t["count"] - 999)),
        (lambda s: counts_are_complete(s), "service_statistics", lambda t: pd.concat([t, t.head(1)])),
        (lambda _: every_month_is_there(), "service_statistics", lambda t: t[t["month"] != t["month"].unique()[3]]),
        (lambda _: service_ledger_balances("service_ledger"), "service_ledger", lambda t: t.assign(accepted=0)),
        (lambda _: service_ledger_balances("cost_ledger"), "cost_ledger", lambda t: t.assign(duplicate=0)),
        (lambda s: costs_are_amounts(s), "costs", lambda t: t.assign(amount=-t["amount"])),
        (lambda s: costs_are_amounts(s), "costs", lambda t: t.assign(category="sundries")),
        (lambda s: costs_are_amounts(s), "costs", lambda t: t.assign(unit="total")),
        (lambda s: costs_are_amounts(s), "costs", lambda t: pd.concat([t, t.head(1)])),
        (lambda s: costs_are_amounts(s), "costs", lambda t: t.assign(currency=None)),
        (lambda _: units_add_up("pathway", "by_provider"), "pathway", lambda t: t.drop(index=11)),
        (lambda s: every_published_row_has_a_status(s), "published_comparison", lambda t: t.iloc[2:]),
        (lambda s: every_published_row_has_a_status(s), "published_comparison", lambda t: t.assign(status="perhaps")),
        (
            lambda _: coefficients_are_between("reliability", ("alpha", "omega")),
            "reliability",
            lambda t: t.assign(estimate=t["estimate"] + 1),
        ),
        (lambda _: everything_has_a_status("reliability"), "reliability", lambda t: t.assign(status=pd.NA)),
        (lambda _: changes_make_a_whole(), "reliable_change", lambda t: t[t["term"] != "improved"]),
        (lambda _: item_shares_are_shares(), "item_table", lambda t: t.assign(floor=1.5)),
    ],
)
def test_each_check_passes_what_is_sound_and_finds_what_is_not(published_study, made, check, table, spoil):
    own = check(published_study)
    assert own.find(made) == []
    assert own.find({**made, table: spoil(made[table])})


def test_what_does_not_fit_is_warned_of_and_nothing_is_held_back(made):
    assert not counts_reconcile().blocking
    found = counts_reconcile().find(made)
    assert sum(finding.count for finding in found) == len(made["reconciliation_exceptions"]) > 0
    assert not every_cost_counts().blocking
    slips = ("amount", "contradicting_cost", "currency", "unknown_category")
    warned = {finding.what for finding in every_cost_counts().find(made)}
    assert warned == {f"rows that no total counts: {rule}" for rule in slips}
    assert every_cost_counts().find({"cost_quarantine": made["cost_quarantine"].iloc[:0]}) == []
    assert published_figures_come_out_again().find(made) == []
    off = made["published_comparison"].assign(status="differs")
    assert published_figures_come_out_again().find({"published_comparison": off})


def test_small_recomputed_figures_are_withheld_and_their_printed_ones_stay(published_study, made, readable):
    table = readable["published_comparison"]
    gone = table[(table["status"] == "suppressed").fillna(False)]
    assert len(gone) and (gone["term"] == "recomputed").all()
    assert gone[["estimate", "conf_low", "n"]].isna().all(axis=None)
    printed = table[(table["term"] == "published") & table["outcome"].isin(gone["outcome"])]
    assert printed["estimate"].notna().all()
    assert printed["status"].str.startswith("reproduced").all()
    before = made["published_comparison"]
    pd.testing.assert_frame_equal(before, made["published_comparison"].copy())
    again = published_that_leaves(published_study, before, {})
    assert again["estimate"].isna().sum() == table["estimate"].isna().sum()


def test_no_small_number_of_people_is_readable(readable):
    for name in ("pathway", "service_outcomes", "pathway_by_place"):
        counts = readable[name][readable[name]["contrast"] == "count"]
        assert not counts["estimate"].between(1, 9).any()
    assert (
        not (readable["reliable_change"]["estimate"] * readable["reliable_change"]["n"].astype("Float64"))
        .between(0.5, 9.5)
        .any()
    )


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", MINE)
def test_figures_are_legible_and_say_that_data_are_synthetic(published_study, readable, name, language):
    drawing = FIGURES[name].draw(published_study, readable, language)
    size = drawing.figure.get_size_inches() * drawing.figure.dpi
    with matplotlib.rc_context(STYLE):
        drawing.figure.canvas.draw()
        renderer = drawing.figure.canvas.get_renderer()
        texts = [text for text in drawing.figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
        boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts]
    for text, box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= size[0] and box.y1 <= size[1], text
    for i, (text, box) in enumerate(boxes):
        for other, beside in boxes[i + 1 :]:
            wide = min(box.x1, beside.x1) - max(box.x0, beside.x0)
            high = min(box.y1, beside.y1) - max(box.y0, beside.y0)
            assert wide <= 0.5 or high <= 1.0, f"{text!r} lies over {other!r}"
    assert drawing.figure.get_figheight() * 25.4 <= 257
    assert "SYNTH" in drawing.alt
    assert drawing.title in drawing.alt


def test_every_published_statement_has_a_name_in_both_languages(published_study):
    english, french = (published_figures(published_study, language) for language in ("en", "fr"))
    assert list(english) == list(french)
    assert len(english) > 100
    assert all(english[own_id].name != french[own_id].name for own_id in english)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_three_chapters_say_what_the_tables_hold(published_study, readable, language):
    from increase_eval.reporting.documents.published import PUBLISHED
    from increase_eval.reporting.documents.reliability import RELIABILITY
    from increase_eval.reporting.documents.services import SERVICES

    chapters = (SERVICES, PUBLISHED, RELIABILITY)
    page = build_report(published_study, readable, language=language, stamp=Stamp("1", "3", {}), chapters=chapters)
    construction = {"en": "reproduced by construction", "fr": "retrouvé par construction"}[language]
    assert page.count(construction) == (readable["published_comparison"]["term"] == "recomputed").sum()
    for reading in published_study.published.contradictions:
        said = set_spaces(reading.reading.in_language(language), language)
        assert str(escape(said)) in page
    for assumption in published_study.assumptions.assumptions:
        assert str(escape(set_spaces(assumption.statement.in_language(language), language))) in page
    for unit in published_study.head.levels[0].units:
        assert unit.label.in_language(language) in page
    assert not re.search(r">\s*(nan|NaN|None|<NA>)\s*<", page)


def test_shares_of_answers_name_whom_they_are_of(published_study, made):
    flow = made["response_flow"]
    everybody = flow[(flow["by_arm"] == "all") & (flow["by_site"] == "all")].set_index(["term", "wave"])
    first, *_, last = published_study.wave_ids
    counts = made["service_statistics"].groupby("step")["count"].sum()
    for wave in (first, last):
        of_step, of_all = everybody.loc[("completed", wave)], everybody.loc[("enrolled", wave)]
        assert of_step["n"] == counts["completed"]
        assert of_all["n"] == len(made["participants"])
        assert of_step["estimate"] * of_step["n"] == pytest.approx(of_all["estimate"] * of_all["n"])
    shares = dict(zip(published_study.wave_ids, (0.276, 0.095, 0.064), strict=True))
    for wave, printed in shares.items():
        assert everybody.loc[("completed", wave), "estimate"] == pytest.approx(printed, abs=0.0005)


FIRST_SCREEN = {
    "en": "27.6% of those who reached the step “Completed training” (4,526)",
    "fr": "27,6\u202f% parmi les personnes arrivées à l’étape «\u202fFormation achevée\u202f» (4\u202f526)",
}


@pytest.mark.parametrize(("language", "said"), FIRST_SCREEN.items())
def test_the_first_screen_says_of_whom_each_share_is(published_study, readable, language, said):
    from increase_eval.reporting.documents.answering import ANSWERING
    from increase_eval.reporting.documents.attrition.chapter import ATTRITION
    from increase_eval.reporting.documents.summary import SUMMARY

    page = build_report(
        published_study,
        readable,
        language=language,
        stamp=Stamp("1", "3", {}),
        chapters=(SUMMARY, ANSWERING, ATTRITION),
    )
    assert page.replace("\u00a0", "\u202f").count(str(escape(said))) == 2
    assert 'id="attrition-unresolved"' in page


def test_rows_under_unknown_keys_move_no_share_by_more_than_their_number(made):
    rows, links = made["unresolved_rows"], made["unresolved_links"]
    strangers = rows[rows["answered"]].drop_duplicates(["file", "row"]).groupby("wave").size()
    wide = links.pivot_table(index=["wave", "term"], columns="contrast", values="estimate", sort=False, observed=True)
    n = links[links["contrast"] == "as counted"].set_index(["wave", "term"])["n"]
    further = (wide["each a further respondent"] - wide["as counted"]) * n
    for (wave, term), people in further.items():
        if term != "first wave":
            assert people == pytest.approx(strangers[wave])
    # Each planted slip is a second submission of somebody who has answered: confirmed, it adds nobody.
    assert (wide["proposed links confirmed"] - wide["as counted"]).abs().max() == 0


def test_a_study_without_counts_says_why_the_chapter_is_not_there(study):
    from increase_eval.reporting.documents.services import SERVICES

    page = build_report(study, {}, {}, language="en", stamp=Stamp("1", "3", {}), chapters=(SERVICES,))
    assert "not available because the study has no service statistics" in page
