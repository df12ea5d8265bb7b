import pytest

from increase_eval.errors import DataError
from increase_eval.intake.ledger import ledger_table


def row(**counts):
    base = {"file": "a.csv", "source": "one", "rows_read": 3, "accepted": 1, "duplicate": 1, "quarantined": 1}
    return {**base, "values_set_missing": 7, **counts}


def test_a_ledger_that_adds_up_is_a_table_of_counts():
    table = ledger_table([row(), row(file="b.csv", accepted=3, duplicate=0, quarantined=0)])
    assert table["values_set_missing"].tolist() == [7, 7]  # values are no rows
    assert {str(dtype) for dtype in table.dtypes[2:]} == {"Int64"}


@pytest.mark.parametrize("counts", [{"rows_read": 4}, {"accepted": 0}, {"duplicate": 2}, {"quarantined": 0}])
def test_a_ledger_that_does_not_add_up_stops(counts):
    with pytest.raises(DataError, match="the ledger does not add up") as caught:
        ledger_table([row(), row(file="b.csv", **counts)])
    assert "b.csv: " in str(caught.value)
    assert "a.csv" not in str(caught.value)


def test_a_row_that_is_lost_on_the_way_stops_the_run(tmp_path, monkeypatch):
    """Take one row out of the accepted ones behind the ledger's back."""
    from pathlib import Path

    from increase_eval.intake import run, run_intake
    from increase_eval.study import load_study

    tiny = Path(__file__).parents[2] / "data" / "tiny"
    real = run.assemble

    def losing(contract, files):
        work = real(contract, files)
        work.accepted[1][0] = False
        return work

    monkeypatch.setattr(run, "assemble", losing)
    with pytest.raises(DataError, match="the ledger does not add up"):
        run_intake(load_study(tiny), tiny / "raw", key_secret=b"sixteen bytes, or more")
