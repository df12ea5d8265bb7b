"""What a draft offers beyond items and scales: states, demographic columns, two ways of writing dates, questions."""

import shutil

import numpy as np
import pandas as pd
import pytest

from increase_eval.intake import run_intake
from increase_eval.intake.drafting import draft_study, open_questions
from increase_eval.study import load_study

PEOPLE = 60
SECRET = b"a secret of sixteen bytes or more"


@pytest.fixture
def rng():
    return np.random.default_rng(20240501)


def draft_and_take_in(tmp_path, name, files):
    """Draft, load, and let the files through intake."""
    draft = draft_study(name, files, contracts_folder=tmp_path / "contracts")
    study = load_study(draft.folder)
    raw = tmp_path / "raw" / name
    raw.mkdir(parents=True)
    for path in files:
        shutil.copy(path, raw)
    return draft, study, run_intake(study, raw, key_secret=SECRET)


@pytest.fixture
def status_csv(tmp_path, rng):
    """A long file with a status at each wave, a sex and an age, and dates written in two ways."""
    frames = []
    for wave in (1, 2):
        frame = pd.DataFrame({"pid": [f"P{i:03d}" for i in range(PEOPLE)], "wave": wave, "sex": ["m", "f"] * 30})
        frame["age"], frame["shoe"] = 20 + np.arange(PEOPLE) % 40, 36 + np.arange(PEOPLE) % 9
        frame["work_status"] = rng.choice(["employed", "looking for work", "in education"], PEOPLE)
        frame["date"] = ["01/03/2024", "2024-03-15"] * 30
        frame["agree1"], frame["agree2"] = (rng.integers(1, 6, PEOPLE) for _ in range(2))
        frames.append(frame)
    path = tmp_path / "statuses.csv"
    pd.concat(frames).to_csv(path, index=False)
    return path


def test_a_draft_offers_states_that_load_once_the_marks_are_taken_away(tmp_path, status_csv):
    draft, study, _ = draft_and_take_in(tmp_path, "statuses", [status_csv])
    assert study.head.states == ()
    assert any("are these states, such as employment?" in question for question in draft.questions)
    path = draft.folder / "study.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    start = lines.index("# states:")
    end = next(at for at in range(start, len(lines)) if not lines[at].startswith("#"))
    taken = [line.removeprefix("# ").removeprefix("#") if start <= at < end else line for at, line in enumerate(lines)]
    path.write_text("\n".join(taken), encoding="utf-8")
    [variable] = load_study(draft.folder).head.states
    assert variable.column == "work_status"
    assert {state.code for state in variable.states} == {"employed", "looking for work", "in education"}


def test_a_draft_says_which_columns_describe_people(tmp_path, status_csv):
    draft, study, _ = draft_and_take_in(tmp_path, "statuses", [status_csv])
    roles = {column.name: column.role for column in study.participant_columns}
    assert roles["sex"] == roles["age"] == "demographic"
    assert roles["shoe"] == "other"
    assert sum("the table of who takes part" in question for question in draft.questions) == 2


def test_dates_written_in_two_ways_are_drafted_and_taken_in(tmp_path, status_csv):
    draft, study, taken = draft_and_take_in(tmp_path, "statuses", [status_csv])
    columns = (*study.participant_columns, *study.wave_columns(study.wave_ids[0]))
    column = next(one for one in columns if one.name == "date")
    assert column.date_formats == ("%Y-%m-%d", "%d/%m/%Y")
    assert any("dates are written in several ways" in question for question in draft.questions)
    assert len(taken.quarantine) == 0


def test_open_questions_are_those_of_the_draft_until_a_comment_is_deleted(tmp_path, status_csv):
    draft, _, _ = draft_and_take_in(tmp_path, "statuses", [status_csv])
    assert sorted(open_questions(draft.folder)) == sorted(draft.questions)
    path = draft.folder / "study.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("  # CHECK: or synthetic", ""), encoding="utf-8")
    [gone] = set(draft.questions) - set(open_questions(draft.folder))
    assert gone.endswith(": or synthetic")
