"""Nobody can work a suppressed count out, tried by an outsider who shares no code with the library."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from increase_eval.reporting.disclosure import protect_counts, protect_tables, require_protected
from increase_eval.reporting.disclosure.counts import audit_counts
from increase_eval.results import estimate_table

THRESHOLD = 10
COUNTS = st.one_of(st.integers(0, 12), st.integers(0, 60))


def _cross_table(cells: list[list[int]]) -> pd.DataFrame:
    """Give a table of arms by waves with all its totals, long."""
    full = np.array(cells)
    full = np.vstack([full, full.sum(axis=0)])
    full = np.hstack([full, full.sum(axis=1, keepdims=True)])
    rows, columns = full.shape
    names = [*map(str, range(rows - 1)), "all"], [*map(str, range(columns - 1)), "all"]
    keys = itertools.product(*names)
    return pd.DataFrame(
        [(*key, value) for key, value in zip(keys, full.ravel(), strict=True)], columns=["a", "b", "count"]
    )


def _outsider(protected: pd.DataFrame) -> dict[int, tuple[float, float]]:
    """Bound every suppressed cell from what is printed alone: each row and column adds up to its total."""
    shown = protected["count"]
    hidden = [place for place in range(len(protected)) if pd.isna(shown[place])]
    rows, right = [], []
    for axis, other in (("a", "b"), ("b", "a")):
        for _, line in protected.groupby(other):
            row, known = np.zeros(len(hidden)), 0.0
            for place, label in line[axis].items():
                sign = -1.0 if label == "all" else 1.0
                if place in hidden:
                    row[hidden.index(place)] += sign
                else:
                    known += sign * shown[place]
            rows.append(row)
            right.append(-known)
    bounds = {}
    for place in hidden:
        goal = np.eye(len(hidden))[hidden.index(place)]
        ends = [linprog(s * goal, A_eq=rows, b_eq=right, bounds=(0, 1e6)).fun * s for s in (1, -1)]
        bounds[place] = (ends[0], ends[1])
    return bounds


tables = st.tuples(st.integers(1, 4), st.integers(1, 4)).flatmap(
    lambda shape: st.lists(st.lists(COUNTS, min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0])
)


@settings(max_examples=60)
@given(tables)
def test_no_suppressed_cell_of_a_cross_table_follows_from_its_margins(cells):
    table = _cross_table(cells)
    protected = protect_counts(table, by=["a", "b"], threshold=THRESHOLD)
    shown = protected["count"].dropna()
    assert not shown.between(1, THRESHOLD - 1).any()
    assert (shown == table["count"][shown.index]).all()
    assert (table["count"][protected["count"].isna()] > 0).all()  # 0 is always shown
    for place, (low, high) in _outsider(protected).items():
        if table["count"][place] < THRESHOLD:
            assert high - low >= 1 - 1e-9
    assert audit_counts(table, protected, by=["a", "b"], threshold=THRESHOLD) == []


@settings(max_examples=40)
@given(tables)
def test_nothing_is_lost_where_nothing_is_small(cells):
    table = _cross_table([[value * 10 for value in row] for row in cells])
    assert protect_counts(table, by=["a", "b"], threshold=THRESHOLD)["count"].notna().all()


@settings(max_examples=40)
@given(tables, st.randoms(use_true_random=False))
def test_the_audit_finds_what_is_put_back(cells, random):
    table = _cross_table(cells)
    protected = protect_counts(table, by=["a", "b"], threshold=THRESHOLD)
    small = table.index[table["count"].between(1, THRESHOLD - 1)].tolist()
    if small:
        place = random.choice(small)
        protected.loc[place, "count"] = table["count"][place]
        assert place in audit_counts(table, protected, by=["a", "b"], threshold=THRESHOLD)


@settings(max_examples=40)
@given(
    st.lists(st.lists(st.integers(0, 40), min_size=4, max_size=4), min_size=1, max_size=3),
)
def test_flow_and_patterns_of_two_waves_pass_the_gate_and_tell_the_truth(arms):
    """Per arm the counts of the patterns 11, 10, 01, 00; shares and totals follow from them."""
    counts = {f"arm{i}": dict(zip(("11", "10", "01", "00"), arm, strict=True)) for i, arm in enumerate(arms)}
    counts["all"] = {p: sum(arm[p] for arm in counts.values()) for p in ("11", "10", "01", "00")}
    flow, patterns = [], []
    for arm, seen in counts.items():
        enrolled = sum(seen.values())
        first, second = seen["11"] + seen["10"], seen["11"] + seen["01"]
        for wave, term, k, n in (
            ("w1", "enrolled", first, enrolled),
            ("w2", "enrolled", second, enrolled),
            ("w2", "previous wave", seen["11"], first),
        ):
            flow.append({"by_arm": arm, "wave": wave, "term": term, "estimate": k / n if n else None, "n": n})
        patterns += [{"by_arm": arm, "term": p, "estimate": k, "n": enrolled} for p, k in seen.items()]
    original = {
        "response_flow": estimate_table(flow, outcome="responded"),
        "response_patterns": estimate_table(patterns, outcome="pattern"),
    }
    protected = protect_tables(original, threshold=THRESHOLD)
    for name, table in protected.items():
        require_protected(table, threshold=THRESHOLD, name=name)
        kept = table["estimate"].notna()
        assert (table.loc[kept, "estimate"] == original[name].loc[kept, "estimate"]).all()
    small = {(arm, p) for arm, seen in counts.items() for p, k in seen.items() if 0 < k < THRESHOLD}
    for low, high in _outsider_of_flow(protected, list(counts), small):
        assert high - low >= 1 - 1e-9


def _outsider_of_flow(protected: dict[str, pd.DataFrame], arms: list[str], wanted: set) -> list[tuple[float, float]]:
    """Bound counts of patterns from what is printed: every number shown is a sum of patterns of one arm."""
    place = {(arm, p): i for i, (arm, p) in enumerate(itertools.product(arms, ("11", "10", "01", "00")))}
    met = {("w1", "enrolled"): ("11", "10"), ("w2", "enrolled"): ("11", "01"), ("w2", "previous wave"): ("11",)}
    base = {"enrolled": ("11", "10", "01", "00"), "previous wave": ("11", "10")}
    rows, right = [], []

    def say(value: float, cells: list[tuple[str, str]], minus: list[tuple[str, str]] = ()) -> None:
        row = np.zeros(len(place))
        row[[place[cell] for cell in cells]] += 1
        row[[place[cell] for cell in minus]] -= 1
        rows.append(row)
        right.append(float(value))

    for p in ("11", "10", "01", "00"):
        say(0, [(arm, p) for arm in arms if arm != "all"], [("all", p)])
    for row in protected["response_flow"].itertuples():
        if not pd.isna(row.n):
            say(row.n, [(row.by_arm, p) for p in base[row.term]])
        if not pd.isna(row.estimate):
            say(row.estimate * row.n, [(row.by_arm, p) for p in met[(row.wave, row.term)]])
    for row in protected["response_patterns"].itertuples():
        if not pd.isna(row.estimate):
            say(row.estimate, [(row.by_arm, row.term)])
        if not pd.isna(row.n):
            say(row.n, [(row.by_arm, p) for p in base["enrolled"]])
    bounds = []
    for cell in sorted(wanted):
        goal = np.eye(len(place))[place[cell]]
        ends = [linprog(s * goal, A_eq=rows, b_eq=right, bounds=(0, 1e6)) for s in (1, -1)]
        assert all(end.status == 0 for end in ends)
        bounds.append((ends[0].fun, -ends[1].fun))
    return bounds
