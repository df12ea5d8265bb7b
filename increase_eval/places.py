"""Where things lie: contracts, raw files, stored tables, Dagster's instance, reports.

Everything that is not a contract lies below one folder, the *home*: the variable ``INCREASE_EVAL_HOME``, or the folder
one stands in. The environment is read when a :class:`Places` is made, never at import.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of one installation.

    Attributes
    ----------
    home
        The folder below which raw files, stored tables and reports lie.
    """

    home: Path

    @classmethod
    def from_environment(cls) -> Places:
        """Take the home from ``INCREASE_EVAL_HOME``, or the folder one stands in."""
        return cls(Path(os.environ.get("INCREASE_EVAL_HOME") or Path.cwd()).resolve())

    def raw(self, study_id: str) -> Path:
        """Where the raw files of a study are put by hand."""
        return self.home / "data" / "raw" / study_id

    def truth(self, study_id: str) -> Path:
        """Where the truth of a synthetic cohort and its planted faults are kept, apart from the raw files.

        No asset reads it.
        """
        return self.home / "data" / "truth" / study_id

    def stored(self, study_id: str) -> Path:
        """Where the tables of a study are stored, one Parquet file each."""
        return self.home / "data" / "stored" / study_id

    def table(self, study_id: str, table: str) -> Path:
        """Where one stored table lies."""
        return self.stored(study_id) / f"{table}.parquet"

    @property
    def instance(self) -> Path:
        """Where Dagster keeps its own storage."""
        return self.home / "data" / "dagster"

    @property
    def key_file(self) -> Path:
        """Where the secret for participants' keys is kept when the environment gives none."""
        return self.home / "data" / "participant.key"

    def reports(self, study_id: str) -> Path:
        """Where the reports and figures of a study are written."""
        return self.home / "reports" / "build" / study_id
