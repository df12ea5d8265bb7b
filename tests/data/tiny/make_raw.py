"""Write the raw files of the tiny study, the same at every run, with faults in known places.

Sixty people are in the register, ten to each arm in each place. Every kind of fault stands in the files once, so that a
test of the pipeline can name it.

Faults, by file:

- ``register.csv``: the arm of T-011 is written ``Class`` and that of T-020 ``2`` (aliases of the course); T-030 refused
  to give an age (-99); T-033 entered on a date written day first. Names and e-mail addresses are personal columns.
- ``wave_1.csv``: T-003 is written ``t-003 `` (still the same person); T-005 has w2 = 9 (out of range), T-008 w1 = -99
  (refused), T-009 labels for codes; T-011 stands twice with equal answers; one row has a key that is in no register
  (T-900), one a key that cannot be one (``??``), one row is empty, the last is a test row; T-040 withdrew consent; the
  comment of T-012 names a person.
- ``wave_2.csv``: T-011 stands twice, the later answer first, so that ``order_by`` decides; T-014 has no possible date;
  T-016 has c1 = 11 (out of range).
- ``wave_3.csv``: the column names of another platform (``q_c1`` ...), semicolons, dates day first.

Two people answer the third wave and not the second.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

FOLDER = Path(__file__).parent / "raw"
LABELS = {1: "Strongly disagree", 2: "Disagree", 3: "Neither", 4: "Agree", 5: "Strongly agree"}
ITEMS = ["w1", "w2", "w3", "w4", "c1", "c2", "c3"]


def write_raw(folder: Path = FOLDER) -> None:
    """Write the four files of the study into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(20210101)
    register = _register(rng)
    trait = rng.normal(size=len(register))
    lift = register["arm"].map({"letter": 0.0, "course": 0.3, "coach": 0.6}).to_numpy()
    stays = _response(rng, trait)
    waves = [_answers(rng, register, trait + lift * wave, wave)[stays[:, wave]] for wave in range(3)]
    _write(_faulty_register(register), folder / "register.csv")
    _write(_faulty_first(waves[0]), folder / "wave_1.csv")
    _write(_faulty_second(waves[1]), folder / "wave_2.csv")
    third = waves[2].rename(columns={item: f"q_{item}" for item in ("c1", "c2", "c3")})
    third["answered"] = pd.to_datetime(third["answered"]).dt.strftime("%d/%m/%Y")
    _write(third, folder / "wave_3.csv", sep=";")


def _register(rng: np.random.Generator) -> pd.DataFrame:
    number = np.arange(60)
    entered = pd.Timestamp("2021-01-04") + pd.to_timedelta(rng.integers(0, 60, 60), unit="D")
    return pd.DataFrame(
        {
            "person": [f"T-{one + 1:03d}" for one in number],
            "name": [f"Person {one + 1}" for one in number],
            "email": [f"person{one + 1}@example.org" for one in number],
            "arm": np.array(["letter", "course", "coach"])[number % 3],
            "place": np.array(["north", "south"])[(number // 3) % 2],
            "entered_on": entered.strftime("%Y-%m-%d"),
            "sex": rng.integers(1, 3, 60),
            "age": rng.integers(18, 65, 60),
        }
    )


def _response(rng: np.random.Generator, trait: np.ndarray) -> np.ndarray:
    """Who answers which wave: all at the first, fewer later, and the unwell leave more often; two come back."""
    stays = np.ones((60, 3), dtype=bool)
    stays[:, 1] = rng.random(60) < 1 / (1 + np.exp(-0.9 - 0.5 * trait))
    stays[:, 2] = stays[:, 1] & (rng.random(60) < 1 / (1 + np.exp(-0.9 - 0.5 * trait)))
    stays[[10, 13, 15], 1] = True  # T-011, T-014 and T-016 carry the faults of the second wave
    stays[np.flatnonzero(~stays[:, 1])[:2], 2] = True
    return stays


def _answers(rng: np.random.Generator, register: pd.DataFrame, trait: np.ndarray, wave: int) -> pd.DataFrame:
    count = len(register)
    days = (5, 95, 190)[wave] + rng.integers(0, 20, count)
    frame = pd.DataFrame(
        {
            "person": register["person"],
            "answered": (pd.to_datetime(register["entered_on"]) + pd.to_timedelta(days, unit="D")).dt.strftime(
                "%Y-%m-%d"
            ),
            "status": "live",
            "consent": 1,
            "language": register["place"].map({"north": "en", "south": "fr"}),
        }
    )
    for item in ITEMS:
        low, high = (1, 5) if item[0] == "w" else (0, 10)
        sign = -1 if item == "w4" else 1
        centre, spread = (low + high) / 2, (high - low) / 5
        answer = np.clip(np.round(centre + spread * (sign * trait + rng.normal(size=count))), low, high)
        frame[item] = pd.array(np.where(rng.random(count) < 0.04, np.nan, answer), dtype="Int64")
    if wave == 1:
        frame["satisfied"] = rng.integers(4, 11, count)
    chance = np.clip(0.15 + 0.15 * wave + 0.1 * trait, 0.02, 0.9)
    frame["work"] = np.where(rng.random(count) < chance, 3, rng.integers(1, 3, count))
    frame["comment"] = ""
    return frame


def _faulty_register(register: pd.DataFrame) -> pd.DataFrame:
    frame = register.astype(object)
    who = frame.set_index("person").index
    frame.loc[who == "T-011", "arm"] = "Class"
    frame.loc[who == "T-020", "arm"] = "2"
    frame.loc[who == "T-030", "age"] = -99
    frame.loc[who == "T-033", "entered_on"] = "15/02/2021"
    return frame


def _faulty_first(wave: pd.DataFrame) -> pd.DataFrame:
    frame = wave.astype(object)
    who = frame.set_index("person").index
    frame.loc[who == "T-005", "w2"] = 9
    frame.loc[who == "T-008", "w1"] = -99
    for item in ITEMS[:4]:
        frame.loc[who == "T-009", item] = frame.loc[who == "T-009", item].map(LABELS)
    frame.loc[who == "T-012", "comment"] = "I met Person 3 there; thank you"
    frame.loc[who == "T-040", "consent"] = 0
    frame.loc[who == "T-003", "person"] = "t-003 "
    twice, stranger, nonsense, test = (frame[who == "T-011"].copy() for _ in range(4))
    stranger["person"], nonsense["person"] = "T-900", "??"
    test["person"], test["status"] = "T-001", "test"
    empty = frame.iloc[:1].copy()
    empty.loc[:, :] = None
    return pd.concat([frame.iloc[:20], twice, stranger, empty, nonsense, frame.iloc[20:], test], ignore_index=True)


def _faulty_second(wave: pd.DataFrame) -> pd.DataFrame:
    frame = wave.astype(object)
    who = frame.set_index("person").index
    frame.loc[who == "T-014", "answered"] = "31/02/2021"
    frame.loc[who == "T-016", "c1"] = 11
    later = frame[who == "T-011"].copy()
    later["answered"] = "2021-07-30"
    later["satisfied"] = 10
    return pd.concat([later, frame], ignore_index=True)


def _write(frame: pd.DataFrame, path: Path, sep: str = ",") -> None:
    frame.to_csv(path, index=False, sep=sep, lineterminator="\n")


if __name__ == "__main__":
    write_raw()
