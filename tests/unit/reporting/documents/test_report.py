"""The report: what it says, what it does not, and that its parts hang together."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

from increase_eval.errors import DisclosureError
from increase_eval.reporting.documents import CHAPTERS, ReadableTables, build_report, readable_tables
from increase_eval.reporting.documents.stamp import Stamp, take_stamp
from increase_eval.results import estimate_table
from increase_eval.study.study import Study

Write = Callable[..., str]
CLAIMS = {
    "en": ("effect of", "caused", "no difference", "significant", "led to", "improved", "thanks to"),
    "fr": ("effet de", "causé", "aucune différence", "significati", "grâce à", "amélioré"),
}


class Page(HTMLParser):
    """Collects what the tests look at: elements, and the visible text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self._texts: list[str] = []
        self._in_style = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if not self._in_style:
            self._texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"[\s\u202f]+", " ", " ".join(self._texts))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def csv_of(page: Page, anchor: str) -> str:
    link = next(a["href"] for a in page.all("a") if a.get("download") == f"{anchor}.csv")
    return base64.b64decode(link.split(",", 1)[1]).decode("utf-8-sig")


def test_the_same_inputs_give_the_same_bytes(study: Study, write: Write) -> None:
    assert write(study, afresh=True) == write(study, afresh=True)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_first_screen_says_who_was_asked_who_answered_and_what_was_seen(
    study: Study, write: Write, language: str
) -> None:
    text = Page(write(study, language=language)).text
    wanted = {
        "en": [
            "203 people were enrolled",
            "173 of them answered (85.2%)",
            "mean 9.40 (95% interval 8.90 to 9.90; n = 173)",
        ],
        "fr": [
            "203 personnes ont été inscrites",
            "173 d’entre elles ont répondu (85,2 %)",
            "moyenne 9,40 (intervalle à 95 % : de 8,90 à 9,90 ; n = 173)",
        ],
    }
    for sentence in wanted[language]:
        assert sentence in text


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_descriptive_report_claims_nothing(study: Study, write: Write, language: str) -> None:
    text = Page(write(study, language=language)).text.lower()
    assert [claim for claim in CLAIMS[language] if claim in text] == []


def test_exhibits_are_numbered_in_the_order_of_the_page(study: Study, write: Write) -> None:
    page = write(study)
    for kind in ("Table", "Figure"):
        numbers = [int(n) for n in re.findall(rf'exhibit-number">{kind}\u00a0(\d+)', page)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= 4


def test_every_link_inside_the_page_arrives_and_every_id_is_given_once(study: Study, write: Write) -> None:
    page = Page(write(study))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {a["href"][1:] for a in page.all("a") if a.get("href", "").startswith("#")}
    assert targets <= set(ids)
    assert {chapter.id for chapter in CHAPTERS} <= targets


def test_nothing_on_the_page_comes_from_elsewhere(study: Study, write: Write) -> None:
    page = Page(write(study))
    addresses = [
        value for _, attributes in page.elements for name, value in attributes.items() if name in ("src", "href")
    ]
    assert all(address.startswith(("#", "data:")) for address in addresses)
    assert not page.all("script")


def test_headings_come_in_order_and_tables_have_scoped_heads(study: Study, write: Write) -> None:
    page = Page(write(study))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert all(head.get("scope") in ("col", "row", "rowgroup") for head in page.all("th"))
    assert all(image.get("alt") for image in page.all("img"))
    assert page.all("html")[0]["lang"] == "en"


def test_keys_hashes_and_values_never_reach_the_page(study: Study, write: Write) -> None:
    page = write(study)
    everything = page + "".join(
        base64.b64decode(a["href"].split(",", 1)[1]).decode("utf-8-sig")
        for a in Page(page).all("a")
        if a.get("download")
    )
    assert "SECRET" not in everything


def test_small_cells_are_marked_with_a_footnote_in_the_page_and_in_its_data(study: Study, write: Write) -> None:
    page = Page(write(study))
    assert "[c]" in page.text
    assert "suppressed. The number stands on 1 to 9 people" in page.text
    states = csv_of(page, "table-states-employment")
    thin = next(line for line in states.splitlines() if "in_work" in line and ",t3," in line and ",new," in line)
    assert "suppressed" in thin and "0.08" not in thin


def test_rare_rules_cannot_be_worked_out_from_the_ledger(study: Study, write: Write) -> None:
    rules = csv_of(Page(write(study)), "table-broken-rules").splitlines()
    # 92 rows in quarantine, 88 of them by one rule: showing either would tell the other.
    shown = {line.split(",")[2]: line for line in rules[1:]}
    assert "suppressed" in shown["key.pattern"]
    assert "suppressed" in shown["test_rows"] or "suppressed" in csv_of(Page(write(study)), "table-ledger")
    assert ",14," in shown["m1.range"]


def test_labels_from_the_contract_are_escaped(study: Study, write: Write) -> None:
    page = write(study)
    assert "New <service>" not in page
    assert html.escape("New <service> & more") in page


def test_data_links_open_as_csv_with_the_rows_of_their_table(study: Study, write: Write) -> None:
    data = csv_of(Page(write(study)), "table-scores-mood").splitlines()
    assert data[0].startswith("outcome,term,wave,estimate")
    assert len(data) == 1 + 3 * 3  # waves x (arms and all)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "This chapter is not available because the study records no state, such as employment, at its waves."),
        ("fr", "Ce chapitre n’est pas disponible : l’étude ne relève aucun état, comme l’emploi, lors de ses vagues."),
    ],
)
def test_a_missing_capability_is_said_in_words(
    write: Write, language: str, sentence: str, make_study: Callable[..., Study]
) -> None:
    text = Page(write(make_study(states=[]), language=language, state_shares=None)).text
    assert sentence in text.replace("\u00a0", " ")


def test_a_missing_table_that_should_be_there_is_an_error(study: Study, write: Write) -> None:
    with pytest.raises(ValueError, match=r"chapter 'results' needs the stored tables \['score_means'\]"):
        write(study, score_means=None)


def test_synthetic_data_are_said_to_be_on_the_page_and_at_every_exhibit(synthetic_study: Study, write: Write) -> None:
    page = write(synthetic_study)
    exhibits = page.count('<figure class="exhibit')
    assert page.count('<span class="synthetic-mark">') == exhibits > 8
    assert "@top-left" in page
    assert "synthetic data" in page[page.index("<title>") : page.index("</title>")]
    assert "no number on this page says anything about real people" in page


def test_real_data_are_not_said_to_be_synthetic(study: Study, write: Write) -> None:
    assert "ynthetic data" not in write(study)


def test_complete_files_are_told_from_files_that_lose_people(study: Study, write: Write) -> None:
    assert "Not everybody answered every wave" in write(study)
    full = [
        {"term": "enrolled", "wave": wave, "by_arm": "all", "estimate": 1.0, "n": 203} for wave in ("t1", "t2", "t3")
    ]
    page = write(study, response_flow=estimate_table(full, outcome="responded"), response_patterns=None)
    assert "the files hold complete cases only" in page
    assert "Not everybody answered every wave" not in page


def test_a_picture_that_was_not_drawn_is_said_to_be_missing(study: Study, tables: dict[str, pd.DataFrame]) -> None:
    page = build_report(study, tables, {}, language="en", stamp=Stamp("1"))
    assert "The figure is not available because it was not drawn in this run." in page


def test_disagreeing_scores_are_counted_and_not_hidden(study: Study, write: Write) -> None:
    off = estimate_table([{"outcome": "mood", "estimate": 197.0, "n": 200, "n_dropped": 0}])
    text = Page(write(study, scoring_agreement=off)).text.replace("\u00a0", " ")
    assert "Of 200 scores computed here that the files also bring, 197 agree with theirs and 3 do not." in text


def test_the_tables_given_are_not_changed(study: Study, write: Write, tables: dict[str, pd.DataFrame]) -> None:
    before = {name: table.copy(deep=True) for name, table in tables.items()}
    write(study, afresh=True)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, before[name])


def test_the_stamp_has_versions_and_no_clock() -> None:
    stamp = take_stamp()
    assert stamp == take_stamp()
    assert set(stamp.packages) >= {"pandas", "numpy"}
    assert take_stamp(code_version="abc").code_version == "abc"


def test_readable_tables_pass_the_gate_again(study: Study, tables: dict[str, pd.DataFrame]) -> None:
    readable = readable_tables(study, tables)
    assert readable_tables(study, readable) is readable
    unprotected = ReadableTables({"state_shares": tables["state_shares"]})
    with pytest.raises(DisclosureError, match="state_shares"):
        readable_tables(study, unprotected)


def test_characteristics_stand_side_by_side_in_the_words_of_the_contract(study: Study, write: Write) -> None:
    rows = [
        {"outcome": "age", "term": term, "by_answered": answered, "by_arm": arm, "estimate": value, "n": 50}
        for answered in ("all", "t3")
        for arm in ("usual", "new", "all")
        for term, value in (("mean", 40.04), ("sd", 9.96))
    ]
    rows += [
        {"outcome": "sex", "term": "f", "by_answered": "all", "by_arm": arm, "estimate": 0.5, "n": 50}
        for arm in ("usual", "new")
    ]
    page = Page(write(study, baseline_characteristics=estimate_table(rows)))
    assert "Age mean (SD) 40.0 (10.0) 40.0 (10.0) 40.0 (10.0) 40.0 (10.0)" in page.text
    assert "sex f, % 50.0 50.0 – –" in page.text
