"""How a contract could be laid out over some files: what the drafted contract says, before it is written down."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from increase_eval.intake.drafting.blocks import Block
from increase_eval.intake.drafting.profiles import Profile, profile
from increase_eval.intake.drafting.roles import is_row_number, personal_reason
from increase_eval.intake.drafting.yaml_text import YAML_WORDS
from increase_eval.intake.raw import RawTable

RESERVED = frozenset({"participant", "source_file", "source_row"})


@dataclass(frozen=True, slots=True)
class DraftWave:
    """One wave: its id, the name that readers see, and its planned time."""

    id: str
    label: str
    time: float


@dataclass(frozen=True, slots=True)
class DraftColumn:
    """One column of a drafted table.

    Attributes
    ----------
    name, source
        Its name in the stored tables, and in the files where that differs.
    profile
        What its cells look like, over all waves.
    waves
        The waves that ask it, where not all do.
    by_wave
        Wave -> column, in a wide file.
    aliases
        Platform -> column, where files of different waves call it differently.
    sources
        The sources that have it, where not all of its waves do.
    notes
        What a person has to check.
    """

    name: str
    profile: Profile
    source: str | None = None
    waves: tuple[str, ...] = ()
    by_wave: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftSource:
    """One source of a drafted contract."""

    id: str
    file: str
    shape: str
    key: str | None
    wave: str | None = None
    wave_column: str | None = None
    wave_values: Mapping[str, str] = field(default_factory=dict)
    platform: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """All of a drafted contract.

    Attributes
    ----------
    waves, sources, participants, answers
        What ``study.yaml`` and the tables will hold; `answers` are the columns of the waves.
    baseline
        The source of the participants, and for a long one the wave whose rows give their columns.
    arm
        The participants' column with the arm, where one was found.
    answer_date
        The column of the waves with the date of the answer, where one was found.
    blocks, delivered
        Columns that look like the items of scales, and columns that look like scores.
    personal, ignored
        Column of the files -> why it is personal; reason -> columns that are left out.
    questions
        What no file can tell.
    """

    waves: tuple[DraftWave, ...]
    sources: tuple[DraftSource, ...]
    participants: tuple[DraftColumn, ...]
    answers: tuple[DraftColumn, ...]
    baseline: tuple[str, str | None]
    arm: DraftColumn | None
    answer_date: str | None
    blocks: tuple[Block, ...]
    delivered: tuple[str, ...]
    personal: Mapping[str, str]
    ignored: Mapping[str, tuple[str, ...]]
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SortedFile:
    """One raw file, with its columns sorted into those that a contract can map and those that it had better not.

    Attributes
    ----------
    path, raw
        The file.
    every
        Name -> profile, in the order of the file, of all columns.
    personal
        Name -> why it looks personal.
    ignored
        Name -> why it is left out.
    """

    path: Path
    raw: RawTable
    every: Mapping[str, Profile]
    personal: Mapping[str, str]
    ignored: Mapping[str, str]

    def usable(self, *but: str | None) -> dict[str, Profile]:
        """Give the columns that a contract can map, apart from some."""
        out = {*self.personal, *self.ignored, *but}
        return {name: one for name, one in self.every.items() if name not in out}


FREE_TEXT = "Written answers, or words with too many different values to be codes."
EMPTY = "No row has a value."
COUNTER = "It only numbers the rows."


def sort_file(path: Path, raw: RawTable) -> SortedFile:
    """Look at every column of a file, and set aside what is personal, written, or empty."""
    every = {str(name): profile(raw, str(name)) for name in raw.frame.columns}
    personal = {name: why for name, one in every.items() if (why := personal_reason(raw, one)) is not None}
    ignored = {}
    for name, one in every.items():
        if name in personal:
            continue
        if one.kind == "empty":
            ignored[name] = EMPTY
        elif one.kind == "text":
            ignored[name] = FREE_TEXT
        elif is_row_number(one):
            ignored[name] = COUNTER
    return SortedFile(path, raw, every, personal, ignored)


def slug(text: str, *, prefix: str = "x") -> str:
    """Make an id of a text: lower case, digits and underscores, starting with a letter.

    Examples
    --------
    >>> slug("Soins habituels (témoin)"), slug("2 weeks", prefix="arm")
    ('soins_habituels_temoin', 'arm_2_weeks')
    """
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    cut = re.sub(r"[^a-z0-9]+", "_", bare.lower()).strip("_")[:40].rstrip("_")
    return cut if cut[:1].isalpha() and cut not in YAML_WORDS else f"{prefix}_{cut}".rstrip("_")


def unique(name: str, taken: Iterable[str]) -> str:
    """Give a name that is not taken: the name, or the name with a number."""
    names = set(taken)
    if name not in names:
        return name
    return next(f"{name}_{number}" for number in range(2, len(names) + 3) if f"{name}_{number}" not in names)


def stored_name(name: str, taken: Iterable[str]) -> str:
    """Give the name of a column in the stored tables: that of the file where it can be one."""
    plain = name if re.match(r"^[A-Za-z]\w*$", name, flags=re.ASCII) else slug(name, prefix="column")
    return unique(plain, {*taken, *RESERVED})
