"""Negative control: cohorts whose raw files are changed in one place turn exactly the figures that rest on it.

What must turn is written down for each, by hand and before looking: nothing here asks the recipes. Each cohort goes
from its raw files through intake to the comparison; of cohorts that differ in the service's workbooks alone the survey
files are byte for byte the same, and are taken in once.
"""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from increase_eval.claims.published import compare_published
from increase_eval.intake.costs import read_costs
from increase_eval.intake.services import read_service_statistics
from increase_eval.synthetic.exports.files import write_workbook

REGISTER, COUNTS, COSTS = "register/client_register.csv", "services/monthly_counts.xlsx", "finance/costs.xlsx"
T1, T2, T3 = (f"england/t{wave}.csv" for wave in (1, 2, 3))
KEY, STATE, HEADERS = "Q1", "Q20", 3
SECRET = b"a secret of the tests, 32 bytes long"
LATE = "2022-03"
"""The first month after the one that the older figures count to."""


@dataclass(frozen=True)
class Files:
    """The raw files of one cohort, to be changed."""

    folder: Path

    def register(self, change: Callable[[list[dict[str, str]]], None]) -> None:
        path = self.folder / REGISTER
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        change(rows)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, rows[0].keys(), lineterminator="\r\n")
            writer.writeheader()
            writer.writerows(rows)

    def answers(self, file: str) -> list[dict[str, str]]:
        """Give the rows under a key written as it should be, once; the last line is cut off in no file of these."""
        with (self.folder / file).open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))[HEADERS - 1 :]
        times = Counter(row[KEY] for row in rows)
        return [row for row in rows if times[row[KEY]] == 1 and row[KEY] in self.clients]

    @cached_property
    def clients(self) -> dict[str, str]:
        """Key -> provider."""
        with (self.folder / REGISTER).open(encoding="utf-8", newline="") as stream:
            return {row["client_id"]: row["provider"] for row in csv.DictReader(stream)}

    def edit(self, file: str, keys: Iterable[str], state: Callable[[str], str] | None) -> None:
        """Change the state that some people gave, or (None) delete their rows."""
        wanted, path = set(keys), self.folder / file
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = list(csv.reader(stream))
        key, own = lines[0].index(KEY), lines[0].index(STATE)
        kept = lines[:HEADERS]
        for line in lines[HEADERS:]:
            if line[key] in wanted and state is None:
                continue
            if line[key] in wanted and state is not None:
                line[own] = state(line[key])
            kept.append(line)
        assert len(lines) - len(kept) == (len(wanted) if state is None else 0)
        with path.open("w", encoding="utf-8-sig", newline="") as stream:
            csv.writer(stream, lineterminator="\r\n").writerows(kept)

    def workbook(self, file: str, change: Callable[[str, pd.DataFrame], pd.DataFrame]) -> None:
        sheets = pd.read_excel(self.folder / file, sheet_name=None, engine="calamine", dtype=object)
        write_workbook({name: change(name, table) for name, table in sheets.items()}, self.folder / file)

    def counts(self, step: str, people: int, *, late: bool = True, sheets: tuple[str, ...] = ()) -> None:
        """Take so many people away from the counts of a step (below 0: put them in), months after or before a date."""
        left = people

        def change(name: str, table: pd.DataFrame) -> pd.DataFrame:
            nonlocal left
            here = (table["month"] >= LATE) == late
            if left and (not sheets or name in sheets):
                for label in table.index[here]:
                    taken = min(left, int(table.loc[label, step]))
                    table.loc[label, step] = int(table.loc[label, step]) - taken
                    left -= taken
            return table

        self.workbook(COUNTS, change)
        assert left == 0


def fewer_women_outside_optivo(files: Files) -> None:
    def change(rows: list[dict[str, str]]) -> None:
        women = [row for row in rows if row["sex"] == "F" and row["provider"] != "optivo"]
        for row in women[:600]:
            row["sex"] = "M"

    files.register(change)


def fewer_women_at_optivo(files: Files) -> None:
    def change(rows: list[dict[str, str]]) -> None:
        for row in [row for row in rows if row["sex"] == "F" and row["provider"] == "optivo"][:40]:
            row["sex"] = "M"

    files.register(change)


def more_of_a_minority(files: Files) -> None:
    def change(rows: list[dict[str, str]]) -> None:
        for row in [row for row in rows if row["ethnic_minority"] == "0"][:120]:
            row["ethnic_minority"] = "1"

    files.register(change)


def people_of(files: Files, file: str, providers: tuple[str, ...]) -> list[str]:
    return [row[KEY] for row in files.answers(file) if files.clients[row[KEY]] in providers]


def five_movers_less_by_t2_in_parallel(files: Files) -> None:
    before = {row[KEY]: row[STATE] for row in files.answers(T1)}
    own = [row for row in files.answers(T2) if files.clients[row[KEY]] == "clarion"]
    movers = [row[KEY] for row in own if before.get(row[KEY]) in ("U", "D", "N") and row[STATE] in ("E", "S")]
    files.edit(T2, movers[:5], lambda key: before[key])


def four_jobs_less_by_t3_in_integrated(files: Files) -> None:
    before = {row[KEY]: row[STATE] for row in files.answers(T1)}
    own = [row for row in files.answers(T3) if files.clients[row[KEY]] in ("optivo", "abri")]
    movers = [row[KEY] for row in own if before.get(row[KEY]) in ("U", "D", "N") and row[STATE] == "E"]
    files.edit(T3, movers[:4], lambda key: before[key])


def twenty_rows_of_t1_deleted(files: Files) -> None:
    later = later_keys(files)
    only_first = [key for key in people_of(files, T1, ("clarion", "optivo", "abri")) if key not in later]
    files.edit(T1, only_first[:20], None)


def later_keys(files: Files) -> set[str]:
    """Give the keys of later waves by letters and digits alone, since some are written loosely."""
    found = set()
    for file in (T2, T3):
        with (files.folder / file).open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))[HEADERS - 1 :]
        found |= {"".join(sign for sign in row[KEY].upper() if sign.isalnum()) for row in rows}
    return found


def twenty_rows_of_t3_deleted(files: Files) -> None:
    before = {row[KEY]: row[STATE] for row in files.answers(T1)}
    own = [row for row in files.answers(T3) if files.clients[row[KEY]] in ("optivo", "abri")]
    stayed = [row[KEY] for row in own if before.get(row[KEY]) == row[STATE]]
    files.edit(T3, stayed[:20], None)


def ten_percent_dearer(files: Files) -> None:
    def change(_: str, table: pd.DataFrame) -> pd.DataFrame:
        dearer = pd.to_numeric(table["Amount"], errors="coerce") * 1.1
        return table.assign(Amount=dearer.where(dearer.notna(), table["Amount"]))

    files.workbook(COSTS, change)


SURVEY: dict[str, tuple[Callable[[Files], None], set[str]]] = {
    "fewer women outside Optivo": (fewer_women_outside_optivo, {"sh_women"}),
    "five movers less by T2 in Parallel": (
        five_movers_less_by_t2_in_parallel, {"er_moved_t2_paral", "er_nochange_t2"}
    ),
    "twenty rows of T1 deleted": (
        twenty_rows_of_t1_deleted, {"er_resp_overall", "er_sample_collab", "er_sample_collect"}
    ),
    "twenty rows of T3 deleted": (
        twenty_rows_of_t3_deleted,
        {"er_resp_t3", "er_t3_work", "er_t3_selfemp", "er_t3_work_integr", "er_t3_se_integr"},
    ),
}  # fmt: skip
SLOW_SURVEY: dict[str, tuple[Callable[[Files], None], set[str]]] = {
    "fewer women at Optivo": (fewer_women_at_optivo, {"pp_optivo_women"}),
    "more of a minority": (more_of_a_minority, {"sh_ethnic_minority"}),
    "four jobs less by T3 in Integrated": (four_jobs_less_by_t3_in_integrated, {"er_t3_work", "er_t3_work_integr"}),
}
SERVICE: dict[str, tuple[Callable[[Files], None], set[str]]] = {
    "40 completions less": (
        lambda files: files.counts("completed", 40),
        {"er_helped", "sh_completed", "cc_trained", "er_resp_overall", "er_resp_t2", "er_resp_t3"},
    ),
    "100 jobs less": (lambda files: files.counts("job", 100), {"er_into_work", "er_share_job", "er_share_any"}),
    "20 businesses less in France, early": (
        lambda files: files.counts("business", 20, late=False, sheets=("archipel", "neotoa", "pdch")),
        {"er_businesses", "pp_businesses", "pp_fr_outcomes"},
    ),
    "20 engaged more": (lambda files: files.counts("engaged", -20), {"sh_engaged"}),
    "40 in education more": (
        lambda files: files.counts("education", -40), {"er_share_educ", "er_share_any", "cc_into_work"}
    ),
    "ten percent dearer": (ten_percent_dearer, {"sh_budget", "cc_budget", "uea_budget", "er_budget"}),
}  # fmt: skip


@pytest.fixture
def files(raw_folder, tmp_path) -> Files:
    return Files(shutil.copytree(raw_folder, tmp_path / "raw"))


@pytest.fixture(scope="session")
def before(study, tables) -> pd.Series:
    return statuses(study, tables)


def statuses(study, tables) -> pd.Series:
    table = compare_published(study, study.published, tables)
    return table[table["term"] == "published"].set_index("outcome")["status"]


def turned(before: pd.Series, after: pd.Series) -> set[str]:
    """Give the figures whose status is another, which must be *differs*."""
    other = before.index[(before != after).to_numpy()]
    assert set(after[other]) <= {"differs"}
    return set(other)


def test_there_are_ten_cohorts_and_more():
    assert len({**SURVEY, **SLOW_SURVEY, **SERVICE}) >= 10


@pytest.mark.parametrize(("perturb", "expected"), SURVEY.values(), ids=SURVEY)
def test_answers_that_are_others_turn_exactly_their_figures(study, files, take_in, before, perturb, expected):
    perturb(files)
    assert turned(before, statuses(study, take_in(files.folder))) == expected


@pytest.mark.slow
@pytest.mark.parametrize(("perturb", "expected"), SLOW_SURVEY.values(), ids=SLOW_SURVEY)
def test_more_answers_that_are_others(study, files, take_in, before, perturb, expected):
    perturb(files)
    assert turned(before, statuses(study, take_in(files.folder))) == expected


@pytest.mark.parametrize(("perturb", "expected"), SERVICE.values(), ids=SERVICE)
def test_counts_and_costs_that_are_others(study, tables, files, before, perturb, expected):
    perturb(files)
    own = {
        "service_statistics": read_service_statistics(study, files.folder, key_secret=SECRET).counts,
        "costs": read_costs(study, files.folder, key_secret=SECRET).costs,
    }
    assert turned(before, statuses(study, {**tables, **own})) == expected


@pytest.mark.parametrize(("seed", "file"), [(1, T1), (2, T2)])
def test_twenty_raw_rows_less_turn_a_published_figure(study, files, take_in, before, seed, file):
    keys = np.array([row[KEY] for row in files.answers(file)])
    files.edit(file, np.random.default_rng(seed).choice(keys, size=20, replace=False).tolist(), None)
    assert turned(before, statuses(study, take_in(files.folder)))
