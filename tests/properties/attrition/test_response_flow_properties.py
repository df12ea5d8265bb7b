"""What must hold of response flow whatever the data."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from increase_eval.attrition import response_flow

patterns = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=25)


def tables(answers, arms) -> tuple[pd.DataFrame, pd.DataFrame]:
    people = pd.DataFrame({"participant": [f"p{i}" for i in range(len(answers))], "arm": arms})
    rows = [
        {"participant": f"p{i}", "wave": f"t{wave}", "responded": answer}
        for i, person in enumerate(answers)
        for wave, answer in enumerate(person)
    ]
    return pd.DataFrame(rows), people


@settings(max_examples=30)
@given(patterns, st.randoms(use_true_random=False))
def test_everybody_is_counted_once_and_order_does_not_matter(answers, random) -> None:
    arms = [random.choice("ab") for _ in answers]
    responses, people = tables(answers, arms)
    options = {"waves": ["t0", "t1", "t2"], "levels": {"arm": ["a", "b"]}}
    flow = response_flow(responses, people, **options)
    assert (flow.counts["retained"] + flow.counts["lost"] == flow.counts["enrolled"]).all()
    assert (flow.patterns.groupby("by_arm")["estimate"].sum() == flow.patterns.groupby("by_arm")["n"].first()).all()
    split = flow.counts[flow.counts["by_arm"] != "all"].groupby("wave")["retained"].sum()
    assert np.array_equal(split, flow.counts[flow.counts["by_arm"] == "all"]["retained"])
    shuffled = responses.sample(frac=1, random_state=1), people.sample(frac=1, random_state=2)
    again = response_flow(*shuffled, **options)
    pd.testing.assert_frame_equal(flow.shares, again.shares)
    pd.testing.assert_frame_equal(flow.patterns, again.patterns)
