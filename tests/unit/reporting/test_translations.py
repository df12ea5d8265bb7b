"""The lookup of texts: what it gives, and that it fails loudly."""

from __future__ import annotations

from pathlib import Path

import pytest

from increase_eval.reporting import translations
from increase_eval.reporting.translations import LANGUAGES, Translator, placeholders, read_strings, set_spaces


@pytest.fixture
def own_strings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of strings of the test's own, with the memory of what was read cleared before and after."""
    monkeypatch.setattr(translations, "STRINGS", tmp_path)
    read_strings.cache_clear()
    yield tmp_path
    read_strings.cache_clear()


def test_a_text_is_found_by_chapter_and_entry_and_its_placeholders_are_filled(own_strings: Path) -> None:
    (own_strings / "flow.en.yaml").write_text('title: "{n} of {total} answered"\n', encoding="utf-8")
    assert Translator("en")("flow.title", n="3", total="7") == "3 of 7 answered"


def test_a_missing_key_names_the_file_it_should_be_in() -> None:
    with pytest.raises(KeyError, match=r"no text 'common\.nonsense' in common\.en\.yaml"):
        Translator("en")("common.nonsense")


@pytest.mark.parametrize("values", [{}, {"number": 1, "other": 2}, {"nomber": 1}])
def test_values_that_the_text_does_not_ask_for_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="takes the values"):
        Translator("en")("common.table_number", **values)


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="allowed: en, fr"):
        Translator("de")


@pytest.mark.parametrize(
    ("language", "count", "expected"),
    [
        ("en", 0, "0 people"),
        ("en", 1, "1 person"),
        ("en", 2, "2 people"),
        ("fr", 0, "0 personne"),
        ("fr", 1, "1 personne"),
        ("fr", 1.5, "1.5 personne"),
        ("fr", 2, "2 personnes"),
    ],
)
def test_the_form_follows_the_count_of_each_language(language: str, count: float, expected: str) -> None:
    text = Translator(language).plural("common.people", count, number=f"{count:g}")
    assert text.replace("\u00a0", " ") == expected


def test_plural_and_plain_texts_are_not_confused() -> None:
    with pytest.raises(TypeError, match="depends on a count"):
        Translator("en")("common.people", number=1)
    with pytest.raises(TypeError, match="does not depend on a count"):
        Translator("en").plural("common.table_number", 1, number=1)


def test_an_entry_that_is_neither_text_nor_pair_is_refused(own_strings: Path) -> None:
    (own_strings / "flow.en.yaml").write_text("title: 3\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"flow\.en\.yaml, 'title'"):
        read_strings("en")


def test_a_key_that_yaml_takes_for_a_truth_value_is_refused(own_strings: Path) -> None:
    (own_strings / "flow.en.yaml").write_text('yes: "answered"\n', encoding="utf-8")
    with pytest.raises(ValueError, match="the key True is no text"):
        read_strings("en")


def test_french_marks_get_no_break_spaces_and_english_stays() -> None:
    written = "Quoi ? « Oui » : 5 % ; non !"
    assert set_spaces(written, "en") == written
    assert set_spaces(written, "fr") == ("Quoi\u202f? «\u202fOui\u202f»\u00a0: 5\u202f%\u202f; non\u202f!")


def _forms(entry: object) -> list[str]:
    return [entry] if isinstance(entry, str) else [entry["one"], entry["other"]]  # type: ignore[index]


def test_both_languages_have_the_same_keys_forms_and_placeholders() -> None:
    english, french = (read_strings(language) for language in LANGUAGES)
    assert set(english) == set(french)
    for key, entry in english.items():
        assert isinstance(entry, str) == isinstance(french[key], str), key
        wanted = {name for form in _forms(entry) for name in placeholders(form)}
        assert wanted == {name for form in _forms(french[key]) for name in placeholders(form)}, key


def test_no_french_text_is_an_english_one_left_over() -> None:
    english, french = (read_strings(language) for language in LANGUAGES)
    same = {key for key in english if _forms(english[key]) == _forms(french[key]) and len(str(english[key])) > 40}
    assert not same
