from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from increase_eval.errors import DataError
from increase_eval.moments import PatternMoments

COLUMNS = ["t1", "t2", "t3"]


def people(n: int = 60, *, seed: int = 1, shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 3)) @ np.array([[1, 0.5, 0.3], [0, 1, 0.4], [0, 0, 1]]) + shift
    values[rng.random((n, 3)) < 0.3] = np.nan
    frame = pd.DataFrame(values, columns=COLUMNS)
    frame["site"] = rng.choice(["abri", "cercle", "halte"], n)
    frame["arm"] = rng.choice(["A", "B"], n)
    return frame


def cells(moments: PatternMoments) -> dict[tuple[object, ...], tuple[float, np.ndarray, np.ndarray]]:
    """Moments about zero, keyed by group and pattern, so that two objects compare whatever their order."""
    plain = moments.about(np.zeros(len(moments.columns)))
    groups = [tuple(row) for row in plain.groups.itertuples(index=False)] or [()] * len(plain.people)
    return {
        (*groups[k], tuple(plain.patterns[k].tolist())): (plain.weights[k], plain.sums[k], plain.cross[k])
        for k in range(len(plain.people))
    }


def assert_same(one: PatternMoments, two: PatternMoments) -> None:
    a, b = cells(one), cells(two)
    assert a.keys() == b.keys()
    for key, (weight, sums, cross) in a.items():
        assert weight == pytest.approx(b[key][0], rel=1e-12)
        np.testing.assert_allclose(sums, b[key][1], rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(cross, b[key][2], rtol=1e-11, atol=1e-11)


def test_sums_and_cross_products_are_those_of_the_rows():
    frame = pd.DataFrame({"a": [1.0, 2.0, 4.0, np.nan], "b": [2.0, 0.0, np.nan, np.nan]})
    moments = PatternMoments.from_frame(frame, ["a", "b"])
    found = cells(moments)
    both = found[((True, True),)]
    # (1, 2) and (2, 0): sums 3 and 2, squares 1 + 4 = 5 and 4, product 2
    assert both[0] == 2
    np.testing.assert_allclose(both[1], [3, 2])
    np.testing.assert_allclose(both[2], [[5, 2], [2, 4]])
    assert found[((True, False),)][0] == 1
    assert found[((False, False),)][0] == 1
    assert moments.n == 4


def test_the_parts_add_up_to_the_whole_whatever_the_split():
    frame = people()
    whole = PatternMoments.from_frame(frame, COLUMNS, by=["site"])
    parts = [PatternMoments.from_frame(frame.iloc[i::7], COLUMNS, by=["site"]) for i in range(7)]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    assert_same(total, whole)


def test_a_person_can_be_taken_out_again():
    frame = people()
    whole, one = (PatternMoments.from_frame(part, COLUMNS, by="arm") for part in (frame, frame.iloc[[5]]))
    assert_same(whole - one, PatternMoments.from_frame(frame.drop(index=5), COLUMNS, by="arm"))


def test_a_pattern_that_loses_its_last_person_is_dropped():
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.3], "b": [0.1, 0.7, np.nan]})
    whole, last = (PatternMoments.from_frame(part, ["a", "b"]) for part in (frame, frame.iloc[[2]]))
    assert (whole - last).patterns.tolist() == [[True, True]]


def test_taking_out_somebody_who_is_not_there_is_refused():
    frame = people()
    with pytest.raises(ValueError, match="more people would be taken out"):
        PatternMoments.from_frame(frame.iloc[:2], COLUMNS) - PatternMoments.from_frame(frame, COLUMNS)


def test_a_weight_multiplies_and_leaves_the_people():
    moments = PatternMoments.from_frame(people(), COLUMNS)
    assert_same(moments.scale(2.0), moments + moments)
    assert moments.scale(2.0).people.tolist() == moments.people.tolist()
    with pytest.raises(ValueError, match="not negative"):
        moments.scale(-1.0)


def test_select_keeps_groups_and_collapse_adds_over_them():
    frame = people()
    moments = PatternMoments.from_frame(frame, COLUMNS, by=["site", "arm"])
    abri = frame[frame["site"] == "abri"]
    assert_same(moments.select(site="abri").collapse("site"), PatternMoments.from_frame(abri, COLUMNS, by="arm"))
    two = frame[frame["site"].isin(["abri", "halte"])]
    assert_same(moments.select(site=["abri", "halte"]).collapse(), PatternMoments.from_frame(two, COLUMNS))
    assert_same(moments.collapse("arm"), PatternMoments.from_frame(frame, COLUMNS, by="site"))


def test_unknown_groups_are_named_with_what_there_is():
    moments = PatternMoments.from_frame(people(), COLUMNS, by="site")
    with pytest.raises(ValueError, match=r"there are: .*abri"):
        moments.select(site="nowhere")
    with pytest.raises(ValueError, match="they are by \\['site'\\]"):
        moments.collapse("arm")


@pytest.mark.parametrize("make", [lambda part: part, pa.RecordBatch.from_pandas, pa.Table.from_pandas])
def test_batches_give_what_the_whole_gives(make):
    frame = people()
    batches = (make(frame.iloc[start : start + 9]) for start in range(0, len(frame), 9))
    assert_same(
        PatternMoments.from_batches(batches, COLUMNS, by="site"), PatternMoments.from_frame(frame, COLUMNS, by="site")
    )


def test_an_empty_first_batch_does_not_fix_the_centre():
    frame = people(shift=1e9)
    moments = PatternMoments.from_batches([frame.iloc[:0], frame], COLUMNS)
    np.testing.assert_allclose(moments.centre, 1e9, rtol=1e-6)


def test_no_precision_is_lost_to_a_large_mean():
    frame = people(400)
    far = frame.assign(**{column: frame[column] + 2.0**20 for column in COLUMNS})
    # Values at 2^20 keep 32 bits behind the point: the shifted table is what was rounded, so undo the shift exactly.
    near = far.assign(**{column: far[column] - 2.0**20 for column in COLUMNS})
    one, two = (PatternMoments.from_frame(part, COLUMNS).fit_normal() for part in (near, far))
    np.testing.assert_allclose(one.covariance, two.covariance, rtol=1e-10)
    np.testing.assert_allclose(one.mean, two.mean - 2.0**20, atol=1e-9)


def test_parquet_gives_back_what_was_written(tmp_path):
    for by in ([], ["site", "arm"]):
        moments = PatternMoments.from_frame(people(), COLUMNS, by=by).scale(1 / 3)
        moments.to_parquet(tmp_path / "moments.parquet")
        back = PatternMoments.read_parquet(tmp_path / "moments.parquet")
        for name in ("patterns", "people", "weights", "sums", "cross", "centre"):
            np.testing.assert_array_equal(getattr(back, name), getattr(moments, name))
        assert (back.columns, back.by) == (moments.columns, moments.by)
        assert back.groups.to_dict("list") == moments.groups.to_dict("list")


def test_another_parquet_file_is_refused(tmp_path):
    people().to_parquet(tmp_path / "people.parquet")
    with pytest.raises(DataError, match="holds no moments"):
        PatternMoments.read_parquet(tmp_path / "people.parquet")


def test_categories_that_differ_between_parts_add_up():
    frame = people()
    frame["arm"] = frame["arm"].astype("category")
    a, b = (
        part.assign(arm=part["arm"].cat.remove_unused_categories()) for _, part in frame.groupby("arm", observed=True)
    )
    total = PatternMoments.from_frame(a, COLUMNS, by="arm") + PatternMoments.from_frame(b, COLUMNS, by="arm")
    assert_same(total, PatternMoments.from_frame(frame, COLUMNS, by="arm"))


def test_more_columns_than_bits_in_a_number():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(50, 80))
    values[rng.random(values.shape) < 0.01] = np.nan
    frame = pd.DataFrame(values, columns=[f"i{k}" for k in range(80)])
    moments = PatternMoments.from_frame(frame, list(frame.columns))
    assert len(moments.people) == len(np.unique(np.isnan(values), axis=0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"t1": "text"}, "needs? numbers"),
        ({"t1": np.inf}, "infinite"),
    ],
)
def test_what_is_not_a_finite_number_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        PatternMoments.from_frame(people().assign(**change), COLUMNS)


def test_bad_arguments_are_named():
    frame = people()
    with pytest.raises(ValueError, match="not in the table"):
        PatternMoments.from_frame(frame, ["t9"])
    with pytest.raises(ValueError, match="once each"):
        PatternMoments.from_frame(frame, ["t1", "t1"])
    with pytest.raises(ValueError, match="several columns"):
        PatternMoments.from_frame(pd.concat([frame, frame], axis=1), ["t1"])
    with pytest.raises(ValueError, match="no batch"):
        PatternMoments.from_batches([], ["t1"])
    with pytest.raises(ValueError, match="missing in 1 rows"):
        PatternMoments.from_frame(frame.assign(site=frame["site"].mask(frame.index == 3)), COLUMNS, by="site")
    with pytest.raises(ValueError, match="do not combine"):
        PatternMoments.from_frame(frame, ["t1"]) + PatternMoments.from_frame(frame, ["t2"])
    with pytest.raises(TypeError):
        PatternMoments.from_frame(frame, ["t1"]) + 1  # type: ignore[operator]
