"""A figure in words: sentences that end, and in French marks that stand off."""

import pytest

from increase_eval.reporting.figures.compose import _read_out


@pytest.mark.parametrize(
    ("sentences", "language", "said"),
    [
        (("55% answered “T2”", "Everybody: T1 9; T2 5."), "en", "55% answered “T2”. Everybody: T1 9; T2 5."),
        (("Who answered?", "", "Everybody"), "en", "Who answered? Everybody."),
        (("On a répondu", "Tous: T1 9; T2 5."), "fr", "On a répondu. Tous\u00a0: T1 9\u202f; T2 5."),
        (
            ("Réponse «\u202fT2\u202f»", "Tous\u00a0: 9\u202f; 5"),
            "fr",
            "Réponse «\u202fT2\u202f». Tous\u00a0: 9\u202f; 5.",
        ),
        (("À 12:30", "doi:10.1/x"), "fr", "À 12:30. doi:10.1/x."),
    ],
)
def test_titles_end_and_marks_stand_as_the_language_has_them(sentences, language, said):
    assert _read_out(sentences, language) == said
