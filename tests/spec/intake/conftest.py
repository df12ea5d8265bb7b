"""A made-up study that each test may change, and its raw files written as text: tables in, tables out."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from increase_eval.intake import run_intake
from increase_eval.intake.run import run_openly
from increase_eval.study.instruments import Instruments
from increase_eval.study.plan import AnalysisPlan
from increase_eval.study.study import Study, StudyHead
from increase_eval.study.tables import Table

SECRET = b"a secret of the tests, long enough"
AGREE = [
    {"code": 1, "label": {"en": "Disagree", "fr": "Pas d'accord"}},
    {"code": 2, "label": {"en": "Neither", "fr": "Ni l'un ni l'autre"}},
    {"code": 3, "label": {"en": "Agree", "fr": "D'accord"}, "aliases": ["Agreed"]},
]


def text(en, fr=None):
    return {"en": en, "fr": fr or en}


def column(name, type="integer", **more):
    return {"name": name, "label": text(name), "type": type, **more}


ITEM = column("mood", "category", values=AGREE, missing={"refused": [-8, "Refused"], "not_asked": [-9]})
SCORE = column("score", "number", range=[0, 10])
WAVE = {"table": "wave", "waves": ["t1"], "columns": [ITEM, SCORE]}
PEOPLE = {"table": "participants", "columns": [column("group", "text"), column("age", range=[16, 99])]}


def source(id="answers", files=("answers.csv",), shape="per_wave", **more):
    base = {"id": id, "files": list(files), "shape": shape, "key": {"column": "id"}}
    return {**base, **({"wave": "t1"} if shape == "per_wave" else {}), **more}


def make_study(
    *, waves=("t1",), sources=None, tables=None, participants=None, arms=None, scales=None, folder=Path(), **head
):
    """Build a study from the parts that a test is about; the rest is the smallest that is valid."""
    arms = arms or [
        {"id": "one", "label": text("One", "Un")},
        {"id": "two", "label": text("Two", "Deux"), "aliases": [2]},
    ]
    wave_list = [w if isinstance(w, dict) else {"id": w, "label": text(w), "time": n} for n, w in enumerate(waves)]
    sources = sources or [source()]
    content = {
        "id": "made_up",
        "title": text("Made up"),
        "description": text("Made up"),
        "provenance": "synthetic",
        "data_date": "never",
        "data_source": text("Made up"),
        "allocation": "not_randomised",
        "waves": wave_list,
        "arms": arms,
        "sources": sources,
        "participants": participants or {"source": sources[0]["id"], "arm": {"column": "group"}},
        **head,
    }
    scales = scales if scales is not None else [{"id": "mood_scale", "items": ["mood"], "rule": "single"}]
    tables = tables or {"people": PEOPLE, "answers": WAVE}
    return Study(
        head=StudyHead.model_validate(content),
        instruments=Instruments.model_validate({"scales": scales}),
        analysis=AnalysisPlan(),
        tables={stem: Table.model_validate(table) for stem, table in tables.items()},
        folder=folder,
        contract_hash="",
    )


@dataclass
class Bench:
    """A raw folder to put files into, and the intake of it."""

    folder: Path
    study = staticmethod(make_study)
    source = staticmethod(source)
    column = staticmethod(column)
    text = staticmethod(text)
    item = ITEM
    score = SCORE
    wave = WAVE
    people = PEOPLE
    agree = AGREE
    secret = SECRET

    def put(self, **files):
        """Write files: `answers_csv=...` becomes answers.csv; bytes as they are."""
        for name, content in files.items():
            stem, _, ending = name.rpartition("_")
            path = self.folder / f"{stem}.{ending}"
            path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return self

    def take_in(self, study=None, **options):
        return run_intake(study or make_study(), self.folder, key_secret=SECRET, **options)

    def take_in_openly(self, study=None, **options):
        return run_openly(study or make_study(), self.folder, key_secret=SECRET, **options)


@pytest.fixture
def bench(tmp_path):
    folder = tmp_path / "raw"
    folder.mkdir()
    return Bench(folder)


def table(frame, *columns):
    """Give some columns of a frame as rows of plain values; None where missing."""
    plain = frame[list(columns)].astype(object)
    return [tuple(row) for row in plain.where(plain.notna(), None).itertuples(index=False)]


@pytest.fixture(name="rows")
def _rows():
    return table
