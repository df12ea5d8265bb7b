import numpy as np
import pandas as pd
import pytest

from increase_eval.intake.duplicates import Candidates, kept_rows, order_values, rule_of, settle_order
from increase_eval.intake.raw import RawTable
from increase_eval.study.sources import Duplicates


def candidates(rows, keep):
    return Candidates(pd.DataFrame(rows, columns=["participant", "file", "position", "order", "filled"]), keep)


NAN = float("nan")


@pytest.mark.parametrize(
    ("keep", "rows", "kept"),
    [
        ("first", [("a", 0, 0, NAN, 1), ("a", 0, 1, NAN, 9), ("b", 0, 2, NAN, 1)], [0, 0, 2]),
        ("last", [("a", 0, 0, NAN, 1), ("a", 0, 1, NAN, 9), ("b", 0, 2, NAN, 1)], [1, 1, 2]),
        ("most_complete", [("a", 0, 0, NAN, 9), ("a", 0, 1, NAN, 1)], [0, 0]),
        ("most_complete", [("a", 0, 0, NAN, 5), ("a", 0, 1, NAN, 5)], [1, 1]),  # a tie: the later row
        ("last", [("a", 0, 0, 20, 1), ("a", 0, 1, 10, 1)], [0, 0]),
        ("first", [("a", 0, 0, 20, 1), ("a", 0, 1, 10, 1)], [1, 1]),
        ("last", [("a", 0, 0, 20, 1), ("a", 0, 1, NAN, 1)], [0, 0]),  # no stamp counts as the earliest
        ("first", [("a", 0, 0, 20, 1), ("a", 0, 1, NAN, 1)], [1, 1]),
        ("last", [("a", 1, 0, NAN, 1), ("a", 0, 7, NAN, 1)], [0, 0]),  # file before row
        ("last", [("a", 0, 1, 5, 1), ("a", 0, 0, 5, 1)], [0, 0]),  # equal stamps: the later row
    ],
)
def test_which_row_is_kept(keep, rows, kept):
    assert kept_rows(candidates(rows, keep)).tolist() == kept


def test_the_order_of_candidates_does_not_matter():
    rng = np.random.default_rng(1)
    rows = [
        (str(rng.integers(4)), int(rng.integers(3)), n, float(rng.integers(5)), int(rng.integers(3))) for n in range(60)
    ]
    for keep in ("first", "last", "most_complete"):
        kept = kept_rows(candidates(rows, keep))
        best = {rows[n][:3] for n in set(kept)}
        order = rng.permutation(60)
        shuffled = [rows[n] for n in order]
        assert {shuffled[n][:3] for n in set(kept_rows(candidates(shuffled, keep)))} == best


def raw(cells):
    frame = pd.DataFrame({"x": pd.Series(cells, dtype="str")})
    return RawTable(frame=frame, rows=np.arange(2, len(frame) + 2), format="csv")


@pytest.mark.parametrize(
    ("cells", "formats", "ranks"),
    [
        (["9", "10", None], (), [0, 1, NAN]),
        (["2021-01-02", "2021-01-01 23:59", None], (), [1, 0, NAN]),
        (["02/01/2021", "01/02/2021"], ("%d/%m/%Y",), [0, 1]),
        (["2021-01-01T10:00:00Z", "2021-01-01T09:30:00Z"], (), [1, 0]),
    ],
)
def test_numbers_and_dates_order(cells, formats, ranks):
    values, unread = settle_order([order_values(raw(cells), "x", formats)], "x")
    assert pd.Series(values).rank(method="dense").sub(1).tolist() == pytest.approx(ranks, nan_ok=True)
    assert unread == 0


def test_cells_that_cannot_be_read_are_counted():
    cells = ["2021-01-01", "soon", "later", "soon"]
    values, unread = settle_order([order_values(raw(cells), "x", ())], "x")
    assert np.isnan(values).tolist() == [False, True, True, True]
    assert unread == 3


def test_sources_that_agree_have_one_rule():
    assert rule_of({"a": Duplicates(keep="first"), "b": Duplicates(keep="first")}) == "first"
