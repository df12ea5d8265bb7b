"""Names and labels that SPSS and Stata allow."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from increase_eval.reporting.export.names import SPSS, STATA, allowed_names, cut


@pytest.mark.parametrize(
    ("name", "spss", "stata"),
    [
        ("age", "age", "age"),
        ("Âge à l'entrée", "Age_a_l_entree", "Age_a_l_entree"),
        ("2nd", "v2nd", "v2nd"),
        ("_hidden", "v_hidden", "_hidden"),
        ("with", "with_", "with_"),
        ("AND", "AND_", "AND"),
        ("str20", "str20", "str20_"),
        ("満足", "v", "v"),
        ("x" * 70, "x" * 64, "x" * 32),
    ],
)
def test_a_name_becomes_the_nearest_that_the_program_allows(name: str, spss: str, stata: str) -> None:
    assert allowed_names([name], SPSS) == {name: spss}
    assert allowed_names([name], STATA) == {name: stata}


def test_names_that_meet_are_told_apart_and_an_allowed_one_keeps_its_own() -> None:
    assert allowed_names(["âge", "age", "Age"], SPSS) == {"âge": "age_3", "age": "age", "Age": "Age_2"}
    assert allowed_names(["âge", "age", "Age"], STATA) == {"âge": "age_2", "age": "age", "Age": "Age"}


def test_a_name_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="comes twice"):
        allowed_names(["a", "a"], SPSS)


@given(st.lists(st.text(min_size=1, max_size=80), unique=True, max_size=12), st.sampled_from([SPSS, STATA]))
def test_whatever_the_names_the_allowed_ones_are_legal_and_different(names: list[str], rule) -> None:
    chosen = list(allowed_names(names, rule).values())
    folded = [name.casefold() for name in chosen] if rule.ignores_case else chosen
    assert len(set(folded)) == len(names)
    assert all(len(name) <= rule.name_bytes and re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) for name in chosen)
    assert not any(rule.reserved.fullmatch(name) for name in chosen)


@given(st.text(max_size=60), st.integers(min_value=3, max_value=40))
def test_a_cut_text_fits_and_starts_as_before(text: str, length: int) -> None:
    written = cut(text, length)
    assert len(written.encode()) <= length
    assert written == text or text.startswith(written.removesuffix("…"))
