"""How long intake and scoring take at any size, and how much memory: files in, conformed waves and scores out.

The files are those of the main study with one table a wave on one platform, as CSV or Parquet: a register and three
waves that everybody answered. People are drawn once from the process and repeated under keys of their own. Each
measurement is a process of its own, so that time and memory are those a user sees.

    python benchmarks/intake.py [--participants N ...] [--formats csv parquet]
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from increase_eval.study import Study, find_studies, load_study
from increase_eval.synthetic.process import Cohort, simulate_process

STUDY = "increase_vs"
DRAWN = 20_000
"""People who are drawn; larger files repeat them under keys of their own."""

WORK = """
from increase_eval.intake.run import run_intake
from increase_eval.scoring.waves import score_waves
from increase_eval.study import load_study
study = load_study({contract!r})
intake = run_intake(study, {raw!r}, key_secret=b"benchmark" * 4)
scores = score_waves(study, intake.waves)
assert len(intake.ledger) == {files}, intake.ledger
assert (intake.ledger["accepted"] == {participants}).all(), intake.ledger
print(len(scores))
"""


def write_contract(folder: Path, form: str, cohort: Cohort) -> Study:
    """Write the contract of the study with one plain file a table and the columns that the process draws."""
    drawn = {"participants": set(cohort.people), "wave": {name for table in cohort.answers.values() for name in table}}
    shutil.copytree(find_studies()[STUDY], folder)
    for other in ("service_statistics.yaml", "published.yaml", "published.csv", "synthetic.yaml", "assumptions.yaml"):
        (folder / other).unlink(missing_ok=True)
    path = folder / "study.yaml"
    head = yaml.safe_load(path.read_text(encoding="utf-8"))
    key = {"column": "client_id", "normalise": ["strip", "upper"], "pattern": "^P[0-9]{7}$"}
    head["sources"] = [
        {"id": "register", "files": [f"register.{form}"], "format": form, "shape": "participants", "key": key},
        *(
            {"id": wave["id"], "files": [f"{wave['id']}.{form}"], "format": form, "wave": wave["id"], "key": key}
            | {"shape": "per_wave"}
            for wave in head["waves"]
        ),
    ]
    head["id"], head["quarantine"] = folder.name, []
    head["participants"].pop("link_on", None)
    for wave in head["waves"]:
        wave.pop("among_step", None)
    _rewrite(path, head)
    for path in (folder / "waves").glob("*.yaml"):
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
        table["columns"] = [
            {key: value for key, value in column.items() if key != "aliases"}
            for column in table["columns"]
            if column["name"] in drawn[table["table"]]
        ]
        _rewrite(path, table)
    return load_study(folder)


def _rewrite(path: Path, content: dict) -> None:
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def write_files(study: Study, cohort: Cohort, participants: int, folder: Path, form: str) -> int:
    """Write the register and the waves; give their size in bytes."""
    folder.mkdir()
    register = _table(cohort.people, study.participant_columns)
    _repeat(register, participants, folder / f"register.{form}", form)
    for wave in study.wave_ids:
        _repeat(_table(cohort.answers[wave], study.wave_columns(wave)), participants, folder / f"{wave}.{form}", form)
    return sum(path.stat().st_size for path in folder.iterdir())


def _table(frame: pd.DataFrame, columns: tuple) -> pd.DataFrame:
    table = frame[[column.name for column in columns if column.name in frame]].copy()
    for column in columns:
        if column.type == "date" and column.name in table:
            table[column.name] = pd.to_datetime(table[column.name]).dt.strftime(column.date_formats[0])
        if column.required and column.name not in table:
            raise SystemExit(f"the process does not draw {column.name!r}")
    return table


def _repeat(table: pd.DataFrame, participants: int, path: Path, form: str) -> None:
    parts = []
    for start in range(0, participants, len(table)):
        part = table.iloc[: participants - start].copy()
        part.insert(0, "client_id", [f"P{number:07d}" for number in range(start, start + len(part))])
        if form == "csv":
            part.to_csv(path, mode="w" if start == 0 else "a", header=start == 0, index=False)
        else:
            parts.append(part)
    if parts:
        pd.concat(parts, ignore_index=True).to_parquet(path, index=False, row_group_size=100_000)


def measure(code: str) -> tuple[float, float, float]:
    """Run code in a process of its own; give its wall and processor seconds and its peak memory in GB."""
    start, before = datetime.now(UTC), resource.getrusage(resource.RUSAGE_CHILDREN)
    watched = f"{code}\nimport resource\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", watched], check=True, stdout=subprocess.PIPE, text=True)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), (datetime.now(UTC) - start).total_seconds()
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, spent, int(done.stdout.split()[-1]) / 2**20


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--participants", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--formats", nargs="+", default=["csv", "parquet"])
    options = parser.parse_args()
    original = load_study(STUDY)
    cohort = simulate_process(original, original.cohort, DRAWN, np.random.default_rng(1))
    print(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors\n")
    print("| participants x 3 waves | format | files MB | wall s | processor s | microseconds a row | peak GB |")
    print("|---:|---|---:|---:|---:|---:|---:|")
    for form in options.formats:
        for participants in options.participants:
            with tempfile.TemporaryDirectory() as folder:
                contract, raw = Path(folder) / "large", Path(folder) / "raw"
                study = write_contract(contract, form, cohort)
                size = write_files(study, cohort, participants, raw, form)
                code = WORK.format(contract=str(contract), raw=str(raw), files=4, participants=participants)
                wall, spent, memory = measure(code)
            each = 1e6 * spent / participants / 4
            taken = f"{wall:.1f} | {spent:.1f} | {each:.1f} | {memory:.2f}"
            print(f"| {participants:,} | {form} | {size / 1e6:,.0f} | {taken} |")


if __name__ == "__main__":
    main()
