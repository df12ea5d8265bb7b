"""A made-up service with two units, three steps in order and two outcomes."""

import pandas as pd
import pytest

from increase_eval.study.services import ServiceStatistics


def _step(name, **more):
    return {"id": name, "label": {"en": name, "fr": name}, "register_column": f"{name}_on", **more}


@pytest.fixture(scope="session")
def services():
    steps = [_step("met"), _step("began"), _step("ended"), _step("job", kind="outcome"), _step("shop", kind="outcome")]
    targets = [
        {"id": "trained", "label": {"en": "x", "fr": "x"}, "steps": ["ended"], "value": 5, "source": "made up",
         "readings": [{"id": "any", "label": {"en": "x", "fr": "x"}, "steps": ["began", "ended"]}]},
        {"id": "free", "label": {"en": "x", "fr": "x"}, "steps": ["job"], "value": 0, "source": "made up"},
    ]  # fmt: skip
    source = {"files": ["x.csv"], "month_column": "m", "unit_column": "u", "step_columns": {}}
    return ServiceStatistics.model_validate({"level": "area", "steps": steps, "source": source, "targets": targets})


@pytest.fixture(scope="session")
def counted():
    """Make the stored counts from (unit, month, met, began, ended, job, shop)."""

    def make(*rows):
        steps = ["met", "began", "ended", "job", "shop"]
        wide = pd.DataFrame(list(rows), columns=["unit", "month", *steps])
        wide["month"] = pd.to_datetime(wide["month"])
        long = wide.melt(["unit", "month"], steps, "step", "count")
        return long.astype({"count": "Int64", "unit": "str", "step": "str"})

    return make
