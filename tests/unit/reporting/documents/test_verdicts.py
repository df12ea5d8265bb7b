"""What is said of a comparison: as much as its two labels allow, and never a word more."""

import re
from html import unescape
from itertools import product

import pandas as pd
import pytest

from increase_eval.claims import Assumption, Attribution, decide
from increase_eval.claims.verdicts import VERDICTS
from increase_eval.reporting.claimed import BEYOND, beyond_verdicts
from increase_eval.reporting.documents import Stamp
from increase_eval.reporting.documents.context import ReportContext
from increase_eval.reporting.documents.verdict_tables import margin_notes
from increase_eval.reporting.documents.verdict_words import verdict_sentence
from increase_eval.reporting.documents.verdicts import count_sentence, headline_sentences, verdicts_content
from increase_eval.reporting.translations import LANGUAGES, Translator
from increase_eval.study import find_studies, load_study
from increase_eval.study.plan import Margin

ATTRIBUTIONS = {
    "identified": Attribution("identified"),
    "assumed": Attribution(
        "identified under assumption",
        (Assumption("unconfounded"), *(Assumption(kind, "quarter") for kind in
         ("additive", "indirect", "exchangeable", "unknown"))),
    ),
    "not separable": Attribution("not separable", factors=("country", "area", "quarter")),
    "nobody": Attribution("not estimable"),
}  # fmt: skip
ESTIMATES = {
    "different": (3.0, 0.5), "equivalent": (0.1, 0.5), "different but smaller than matters": (1.0, 0.3),
    "inconclusive": (1.0, 0.9), "not estimable": (float("nan"), float("nan")),
}  # fmt: skip


@pytest.fixture(scope="module", params=sorted(find_studies()))
def shipped(request):
    return load_study(find_studies()[request.param])


def context_of(study, language, **tables):
    return ReportContext(study, tables, {}, Translator(language), Stamp("1", "3", {}))


def parts_of(study, verdict):
    """Give the rows of one comparison that was decided so."""
    estimand = study.analysis.estimands[0]
    contrast = study.analysis.contrasts[0]
    estimate, error = ESTIMATES[verdict]
    row = {"outcome": estimand.outcome, "contrast": contrast.id, "wave": estimand.wave, "by_unit": "points"}
    data = pd.DataFrame([{**row, "estimate": estimate, "std_error": error, "n": 60}])
    table = decide(data, margin=2.0, family_size=5).to_frame()
    assert table["verdict"].iloc[0] == verdict
    return {row["term"]: row for row in table.to_dict("records")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_pair_of_labels_says_more_than_it_may(shipped, language):
    context = context_of(shipped, language)
    for verdict, attribution in product(VERDICTS, ATTRIBUTIONS.values()):
        sentence = verdict_sentence(context, parts_of(shipped, verdict), attribution)
        assert beyond_verdicts(sentence, language) == []
        assert "{" not in sentence


def test_each_label_has_words_of_its_own(shipped):
    context = context_of(shipped, "en")
    sentences = {
        verdict_sentence(context, parts_of(shipped, verdict), attribution)
        for verdict, attribution in product(VERDICTS[:4], ATTRIBUTIONS.values())
    }
    assert len(sentences) == 4 * len(ATTRIBUTIONS)


def test_inconclusive_leaves_it_open_and_names_no_equality(shipped):
    said = verdict_sentence(context_of(shipped, "en"), parts_of(shipped, "inconclusive"), ATTRIBUTIONS["identified"])
    assert "stays open" in said
    assert "equivalent" not in said


def test_equivalence_prints_the_interval_that_it_was_read_from(shipped):
    # 0.1 with an error of 0.5: 1 - 2 x .05/5 gives 0.1 -/+ 2.326 x 0.5.
    said = verdict_sentence(context_of(shipped, "en"), parts_of(shipped, "equivalent"), ATTRIBUTIONS["identified"])
    assert "−1.06 to 1.26" in said


def test_only_chance_lets_a_difference_be_put_down_to_the_arm(shipped):
    context, parts = context_of(shipped, "en"), parts_of(shipped, "different")
    said = {name: verdict_sentence(context, parts, one) for name, one in ATTRIBUTIONS.items()}
    assert "can be put down to the arm" in said["identified"]
    assert all("can be put down to the arm" not in said[name] for name in ("assumed", "not separable", "nobody"))
    assert "country, area, quarter of entry together" in said["not separable"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_source_of_a_margin_of_the_plan_is_told_in_both_languages(shipped, language):
    outcome = shipped.analysis.estimands[-1].outcome
    source = {"en": "A convention of this plan.", "fr": "Une convention de ce plan."}
    margin = Margin.model_validate({"scale": outcome, "value": 0.1, "unit": "share", "source": source})
    plan = shipped.analysis.model_copy(update={"margins": (margin,)})
    context = context_of(shipped.model_copy(update={"analysis": plan}), language)
    (note,) = margin_notes(context, {outcome, "another"})
    assert source[language] in note
    assert list(margin_notes(context, {"another"})) == []


def test_a_withheld_comparison_says_nothing_of_its_verdict(shipped):
    parts = parts_of(shipped, "different")
    parts["difference"] = {**parts["difference"], "verdict": pd.NA, "estimate": float("nan"), "status": "suppressed"}
    said = verdict_sentence(context_of(shipped, "en"), parts, ATTRIBUTIONS["identified"])
    assert "different" not in said
    assert "to protect participants" in said


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "There is no difference."), ("en", "the effect of the course"), ("en", "The course caused it."),
        ("en", "no significant difference"), ("fr", "Il n'y a aucune différence."), ("fr", "l'effet de la formation"),
        ("fr", "a causé la hausse"), ("fr", "grâce au programme"),
    ],
)  # fmt: skip
def test_the_rule_sees_what_goes_beyond(language, text):
    assert beyond_verdicts(text, language)


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="allowed: en, fr"):
        beyond_verdicts("", "de")
    assert set(BEYOND) == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_says_more_than_verdicts_allow(study, write, language):
    page = write(study, language=language)
    text = unescape(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(script|style)\b.*?</\1>", " ", page)))
    assert beyond_verdicts(re.sub(r"\s+", " ", text), language) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_string_says_more_than_verdicts_allow(language):
    from increase_eval.reporting.translations import read_strings

    for key, entry in read_strings(language).items():
        text = entry if isinstance(entry, str) else " ".join(entry.values())
        assert (key, beyond_verdicts(text, language)) == (key, [])


def test_without_comparisons_the_chapter_says_that_none_is_judged(shipped):
    content = verdicts_content(context_of(shipped, "en"))
    assert content["comparisons"] is False
    assert content["design"] is None
    assert headline_sentences(context_of(shipped, "en")) == []


@pytest.mark.parametrize(("language", "added"), [("en", "1 more is withheld"), ("fr", "1 autre est masquée")])
def test_counted_verdicts_and_withheld_ones_add_up_to_the_plan(shipped, language, added):
    context = context_of(shipped, language)
    rows = [parts_of(shipped, verdict)["difference"] for verdict in ("different", "inconclusive", "inconclusive")]
    assert added not in count_sentence(context, rows)
    said = count_sentence(context, [*rows, {**rows[0], "verdict": pd.NA}])
    assert " 3 " in said
    assert added in said
