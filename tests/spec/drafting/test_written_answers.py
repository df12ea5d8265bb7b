"""Written answers never become the codes of a draft, however often one comes again."""

import pandas as pd

from increase_eval.intake.drafting import draft_study
from increase_eval.study import load_study

SENTENCES = ["it went well", "no time", "see you", "it went well"]
LONG = "I could not come because my child was ill again and nobody else was there"


def drafted(tmp_path, **columns):
    path = tmp_path / "answers.csv"
    base = {"id": range(60), "group": [n % 2 for n in range(60)], "mood1": [n % 5 + 1 for n in range(60)]}
    pd.DataFrame({**base, **columns}).to_csv(path, index=False)
    draft = draft_study("mystudy", [path], contracts_folder=tmp_path / "contracts")
    load_study(draft.folder)
    return "".join(file.read_text(encoding="utf-8") for file in draft.files)


def test_a_column_called_comments_holds_no_codes(tmp_path):
    text = drafted(tmp_path, comments=[SENTENCES[n % 4] for n in range(60)])
    assert "it went well" not in text


def test_a_sentence_is_no_label(tmp_path):
    text = drafted(tmp_path, reason=[LONG if n % 2 else "fine" for n in range(60)])
    assert "child" not in text


def test_short_words_stay_codes(tmp_path):
    assert "rural" in drafted(tmp_path, area=["rural" if n % 3 else "town" for n in range(60)])
