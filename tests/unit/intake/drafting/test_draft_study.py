"""From data files to a contract that loads, and through which the files go without a loss."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from increase_eval.errors import ContractError, DataError
from increase_eval.intake import run_intake
from increase_eval.intake.drafting import draft_study
from increase_eval.study import load_study

PEOPLE = 60
SECRET = b"a secret of sixteen bytes or more"


@pytest.fixture
def rng():
    return np.random.default_rng(20240501)


def answers(rng, trait, count, low, high, against=()):
    """Items of one scale; those in `against` run the other way."""
    middle, spread = (low + high) / 2, (high - low) / 5
    drawn = [middle + spread * trait + rng.normal(0, 0.5, len(trait)) for _ in range(count)]
    codes = [np.clip(np.round(one), low, high).astype(int) for one in drawn]
    return [low + high - one if place in against else one for place, one in enumerate(codes, start=1)]


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
def long_sav(tmp_path, rng):
    """A labelled SPSS file: three waves, a reversed item, refusals that the file declares missing, an e-mail column."""
    trait = rng.normal(size=PEOPLE)
    frames = []
    for wave in (1, 2, 3):
        frame = pd.DataFrame(
            {"pid": [f"P{i:03d}" for i in range(PEOPLE)], "wave": wave, "grp": 1 + np.arange(PEOPLE) % 2}
        )
        frame["age"] = 20 + np.arange(PEOPLE) % 40
        for place, codes in enumerate(answers(rng, trait, 5, 1, 5, against=(3,)), start=1):
            frame[f"agree{place}"] = codes
        frame.loc[rng.random(PEOPLE) < 0.1, "agree2"] = -9
        frame["life"] = rng.integers(0, 11, PEOPLE)
        frame["talked"] = pd.Timestamp("2024-03-01").date()
        frame["remarks"] = [f"in my own words number {number}" for number in rng.integers(10**6, size=PEOPLE)]
        frame["email"] = [f"p{i}@example.org" for i in range(PEOPLE)]
        frames.append(frame if wave == 1 else frame.sample(frac=0.6, random_state=wave))
    table = pd.concat(frames, ignore_index=True)
    agreement = {1: "Disagree", 2: "Rather not", 3: "Neither", 4: "Rather", 5: "Agree", -9: "Refused"}
    items = [f"agree{place}" for place in range(1, 6)]
    pyreadstat.write_sav(
        table,
        str(tmp_path / "survey.sav"),
        column_labels=[
            "Person",
            "Wave",
            "Study arm",
            "Age",
            *items,
            "Satisfaction",
            "Date of interview",
            "Remarks",
            "E-mail",
        ],
        variable_value_labels={
            "grp": {1: "Waiting list", 2: "Course"},
            "wave": {1: "Before", 2: "After", 3: "Later"},
            "life": {0: "Not at all", 10: "Fully"},
            **dict.fromkeys(items, agreement),
        },
        missing_ranges={item: [{"lo": -9, "hi": -9}] for item in items},
    )
    return tmp_path / "survey.sav"


def test_a_labelled_long_file(tmp_path, long_sav):
    draft, study, intake = draft_and_take_in(tmp_path, "survey", [long_sav])
    assert [(wave.id, wave.label.en) for wave in study.head.waves] == [
        ("t1", "Before"),
        ("t2", "After"),
        ("t3", "Later"),
    ]
    assert study.arm_ids == ("waiting_list", "course")
    assert study.head.sources[0].key.column == "pid"
    assert study.head.participants.wave == "t1"
    assert study.head.privacy.personal_columns == ("email",)
    columns = {column.name: column for column in study.wave_columns("t1")}
    assert columns["agree2"].missing == {"refused": (-9,)}
    assert [value.label.en for value in study.table_of(columns["agree1"]).values_of(columns["agree1"])][::4] == [
        "Disagree",
        "Agree",
    ]
    assert (columns["life"].type, columns["life"].range) == ("integer", (0, 10))
    assert (columns["talked"].type, columns["talked"].role) == ("date", "answer_date")
    assert "remarks" not in columns
    (scale,) = study.instruments.scales
    assert (scale.items, scale.range, scale.reversed) == (tuple(f"agree{p}" for p in range(1, 6)), (1, 5), ("agree3",))
    assert len(intake.quarantine) == 0
    assert intake.participants["arm"].value_counts().to_dict() == {"waiting_list": 30, "course": 30}
    assert set(intake.missing_reasons["reason"]) == {"refused"}
    assert {path.name for path in draft.files} >= {
        "study.yaml",
        "instruments.yaml",
        "answers.yaml",
        "participants.yaml",
    }


def test_every_guess_is_a_comment_with_its_line(tmp_path, long_sav):
    draft = draft_study("survey", [long_sav], contracts_folder=tmp_path / "contracts")
    assert any("the key of the participants" in guess for guess in draft.questions)
    for guess in draft.questions:
        place, _, text = guess.partition(": ")
        name, _, line = place.partition(", line ")
        assert f"# CHECK: {text}" in (draft.folder / name).read_text(encoding="utf-8").splitlines()[int(line) - 1]


def test_nothing_personal_and_nothing_written_gets_into_the_draft(tmp_path, long_sav):
    draft = draft_study("survey", [long_sav], contracts_folder=tmp_path / "contracts")
    text = "".join(path.read_text(encoding="utf-8") for path in draft.files)
    assert "example.org" not in text
    assert "own words" not in text
    assert "P00" not in text


def test_a_wide_file_with_marked_waves(tmp_path, rng):
    trait = rng.normal(size=PEOPLE)
    table = pd.DataFrame(
        {"Participant ID": [f"{i:05d}" for i in range(PEOPLE)], "Birth year": rng.integers(1950, 2000, PEOPLE)}
    )
    table["Group"] = np.where(np.arange(PEOPLE) % 3 == 0, "Usual care", "Garden")
    for wave in ("t1", "t2"):
        for place, codes in enumerate(answers(rng, trait, 4, 0, 4, against=(2,)), start=1):
            table[f"{wave}_calm{place}"] = codes
    table["t2_useful1"] = rng.integers(1, 6, PEOPLE)
    table.to_csv(tmp_path / "wide.csv", index=False)
    _, study, intake = draft_and_take_in(tmp_path, "wide", [tmp_path / "wide.csv"])
    assert study.wave_ids == ("t1", "t2")
    assert study.head.sources[0].shape == "wide"
    assert study.head.sources[0].columns_by_wave["calm2"] == {"t1": "t1_calm2", "t2": "t2_calm2"}
    assert study.arm_ids == ("usual_care", "garden")
    assert study.instruments.scales[0].reversed == ("calm2",)
    assert {column.name for column in study.participant_columns} == {"birth_year", "Group"}
    assert [column.name for column in study.wave_columns("t1")] == [f"calm{place}" for place in range(1, 5)]
    assert len(intake.waves["t2"]) == PEOPLE


def test_scores_with_a_bare_number_are_waves_and_items_are_not(tmp_path, rng):
    table = pd.DataFrame(
        {"mood1": rng.normal(3, 1, PEOPLE), "mood2": rng.normal(3, 1, PEOPLE), "treat": np.arange(PEOPLE) % 2}
    )
    for place, codes in enumerate(answers(rng, rng.normal(size=PEOPLE), 3, 1, 5), start=1):
        table[f"hope{place}"] = codes
    table.to_csv(tmp_path / "scores.csv", index=False)
    _, study, intake = draft_and_take_in(tmp_path, "scores", [tmp_path / "scores.csv"])
    assert study.head.sources[0].columns_by_wave == {
        "mood": {"t1": "mood1", "t2": "mood2"},
        **{f"hope{place}": {"t1": f"hope{place}"} for place in range(1, 4)},
    }
    assert {scale.id: scale.delivered for scale in study.instruments.scales} == {"hope": False, "mood": True}
    assert study.head.sources[0].key is None
    assert len(intake.participants) == PEOPLE


def test_files_of_several_waves_in_any_order(tmp_path, rng):
    trait = rng.normal(size=PEOPLE)
    for wave in (1, 2, 3):
        table = pd.DataFrame({"identifiant": [f"FR{i:03d}" for i in range(PEOPLE)]})
        table["date de passation"] = [f"{1 + i % 28:02d}/0{wave}/2023" for i in range(PEOPLE)]
        if wave == 1:
            table["bras"] = np.where(np.arange(PEOPLE) % 2, "Accompagnement", "Témoin")
            table["nom"] = [f"Nom{i}" for i in range(PEOPLE)]
        for place, codes in enumerate(answers(rng, trait, 4, 1, 7), start=1):
            table[f"bien{place}"] = codes
        table.loc[:5, "bien2"] = 99
        table["note"] = np.round(rng.normal(10, 2, PEOPLE), 2)
        table.to_csv(tmp_path / f"vague{wave}.csv", sep=";", decimal=",", index=False, encoding="cp1252")
    files = [tmp_path / f"vague{wave}.csv" for wave in (2, 1, 3)]
    _, study, intake = draft_and_take_in(tmp_path, "vagues", files)
    assert study.wave_ids == ("vague1", "vague2", "vague3")
    assert study.arm_ids == ("temoin", "accompagnement")
    assert study.head.privacy.personal_columns == ("nom",)
    columns = {column.name: column for column in study.wave_columns("vague2")}
    assert columns["bien2"].missing == {"unknown": (99,)}
    assert columns["date_de_passation"].date_formats == ("%d/%m/%Y",)
    assert columns["date_de_passation"].role == "answer_date"
    assert len(intake.quarantine) == 0
    assert intake.waves["vague3"]["note"].notna().all()


def test_a_file_of_participants_beside_the_waves(tmp_path, rng):
    people = pd.DataFrame({"id": range(1, PEOPLE + 1), "arm": rng.choice(["A", "B", "C"], PEOPLE)})
    people["phone"] = [f"06 12 34 56 {i:02d}" for i in range(PEOPLE)]
    people.to_excel(tmp_path / "register.xlsx", index=False, engine="xlsxwriter")
    for name in ("baseline", "followup"):
        table = pd.DataFrame({"id": range(1, PEOPLE + 1), "employed": rng.choice(["yes", "no"], PEOPLE)})
        table.to_excel(tmp_path / f"{name}.xlsx", index=False, engine="xlsxwriter")
    files = [tmp_path / f"{name}.xlsx" for name in ("followup", "register", "baseline")]
    _, study, intake = draft_and_take_in(tmp_path, "both", files)
    assert study.wave_ids == ("baseline", "followup")
    assert study.head.participants.source == "register"
    assert study.arm_ids == ("a", "b", "c")
    assert study.head.privacy.personal_columns == ("phone",)
    assert intake.waves["baseline"]["employed"].isin(["yes", "no"]).all()


def test_columns_that_carry_the_wave_in_files_of_their_own(tmp_path, rng):
    for wave in ("t1", "t2"):
        table = pd.DataFrame({"code": [f"K{i:03d}" for i in range(PEOPLE)], f"mood_{wave}": rng.integers(1, 6, PEOPLE)})
        table.to_csv(tmp_path / f"survey_{wave}.csv", index=False)
    _, study, intake = draft_and_take_in(tmp_path, "own", [tmp_path / "survey_t1.csv", tmp_path / "survey_t2.csv"])
    (column,) = study.wave_columns("t1")
    assert (column.name, column.aliases) == ("mood", {"t1": "mood_t1", "t2": "mood_t2"})
    assert intake.waves["t2"]["mood"].notna().all()


def test_one_file_of_one_wave(tmp_path, rng):
    table = pd.DataFrame(
        {"id": range(100, 100 + PEOPLE), "sex": rng.choice(["f", "m"], PEOPLE), "mood": rng.integers(0, 11, PEOPLE)}
    )
    table.to_csv(tmp_path / "once.csv", index=False)
    draft, study, intake = draft_and_take_in(tmp_path, "once", [tmp_path / "once.csv"])
    assert study.wave_ids == ("t1",)
    assert study.arm_ids == ("everybody",)
    assert any("no column looks like the arm" in guess for guess in draft.questions)
    assert set(intake.participants["arm"]) == {"everybody"}


@pytest.mark.parametrize("name", ["", "Upper", "1st", "with space", "../outside", "a\n"])
def test_a_name_that_cannot_be_an_id_is_refused(tmp_path, long_sav, name):
    with pytest.raises(ValueError, match="lower-case letters"):
        draft_study(name, [long_sav], contracts_folder=tmp_path)


def test_nothing_is_overwritten_and_nothing_is_left_behind(tmp_path, long_sav):
    contracts = tmp_path / "contracts"
    (contracts / "survey").mkdir(parents=True)
    with pytest.raises(ContractError, match="is there already"):
        draft_study("survey", [long_sav], contracts_folder=contracts)
    with pytest.raises(DataError, match="no such file"):
        draft_study("other", [tmp_path / "absent.csv"], contracts_folder=contracts)
    assert [path.name for path in contracts.iterdir()] == ["survey"]


def test_two_files_of_one_name_and_no_file_are_refused(tmp_path, long_sav):
    (tmp_path / "b").mkdir()
    shutil.copy(long_sav, tmp_path / "b")
    with pytest.raises(DataError, match="two files have the same name"):
        draft_study("survey", [long_sav, tmp_path / "b" / long_sav.name], contracts_folder=tmp_path / "contracts")
    with pytest.raises(ValueError, match="no file was given"):
        draft_study("survey", [], contracts_folder=tmp_path / "contracts")


CELLS = st.one_of(
    st.integers(-99, 999).map(str),
    st.floats(-5, 5, allow_nan=False).map(lambda value: f"{value:.3g}"),
    st.sampled_from(
        [
            "",
            "NA",
            "yes",
            "no",
            "Yes",
            "true",
            "1",
            "2",
            "2 (2)",
            "007",
            "~",
            "null",
            "Refused",
            "é à",
            "a: b",
            "#x",
            "- y",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
)
NAMES = st.one_of(
    st.sampled_from(
        ["id", "ID", "time", "wave", "arm", "t1_x", "t2_x", "q1", "q2", "q3", "x1", "x2", "age", "name", "participant"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=6),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_a_draft_always_loads(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("any")
    names = data.draw(st.lists(NAMES, min_size=1, max_size=6, unique_by=str.casefold))
    rows = data.draw(st.integers(1, 12))
    columns = {name: data.draw(st.lists(CELLS, min_size=rows, max_size=rows)) for name in names}
    pd.DataFrame(columns).to_csv(folder / "any.csv", index=False)
    try:
        draft = draft_study("any", [folder / "any.csv"], contracts_folder=folder / "contracts")
    except DataError:
        return  # a file that no reader takes is no file to draft from
    assert Path(draft.folder / "study.yaml").is_file()
