"""Text that Arrow cuts comes out as the careful reader cuts it, whatever is in it."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from increase_eval.errors import DataError
from increase_eval.intake import read_file
from increase_eval.intake.readers import delimited

CELLS = st.text(st.sampled_from("aé 0,;.\t'#\\-"), max_size=4)
ENDS = st.sampled_from(["\n", "\r\n"])


@st.composite
def tables(draw):
    """Draw the bytes of a table: mostly regular, now and then with a row that is too short, too long, or blank."""
    width = draw(st.integers(2, 4))
    end = draw(ENDS)
    rows = draw(st.lists(st.lists(CELLS, min_size=width - 1, max_size=width + 1), min_size=1, max_size=6))
    regular = draw(st.booleans())
    lines = [
        [f"c{place}" for place in range(width)],
        *([(row + [""] * width)[:width] for row in rows] if regular else rows),
    ]
    text = end.join("|".join(line) for line in lines)
    return (text + draw(st.sampled_from(["", end]))).encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "cp1252"])))


def _read(data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(data)
        try:
            raw = read_file(path)
        except DataError as error:
            return str(error)
    return raw.frame.fillna("<blank>").to_dict("list"), raw.rows.tolist(), raw.broken, raw.encoding


@given(tables())
@settings(max_examples=150)
@example(b"a|b\n1|2\r3|4\n")
@example(b"a|b\n1|2\n\n3|4\n")
@example(b"a|b\n1|2\n3\n")
@example(b"a|b\n|\n")
@example(b'a|b\n1|"2"\n')
@example(b'"a\nb"|c\n1|2\n')
@example(b"a|b\n" + b"x" * 140_000 + b"|1\n")
def test_both_readers_agree(data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "cut_plain", lambda *given: None)
        careful = _read(data)
    assert _read(data) == careful


def test_a_regular_file_is_cut_by_arrow_and_numbered_from_its_header(monkeypatch, tmp_path):
    monkeypatch.setattr(delimited._Body, "take", lambda *given: pytest.fail("the careful reader was asked"))
    path = tmp_path / "wave.csv"
    path.write_text("key,answer\r\nA1,\r\nA2, 3\r\n", newline="", encoding="cp1252")
    raw = read_file(path)
    assert raw.frame["answer"].isna().tolist() == [True, False]
    assert raw.frame["answer"][1] == " 3"
    assert raw.rows.tolist() == [2, 3]
