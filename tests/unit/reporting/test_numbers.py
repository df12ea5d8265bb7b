"""Numbers are written once, and in the manner of the language."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from increase_eval.reporting import numbers as nb


@pytest.mark.parametrize(
    ("value", "digits", "english", "french"),
    [
        (1234567.891, 2, "1,234,567.89", "1\u202f234\u202f567,89"),
        (1234, 0, "1,234", "1\u202f234"),
        (999, 0, "999", "999"),
        (-0.04, 1, "0.0", "0,0"),  # never minus zero
        (-12.35, 1, "\u221212.4", "\u221212,4"),  # half away from zero, and a true minus
        (2.675, 2, "2.68", "2,68"),  # as the data file prints it, not as the processor stores it
        (0.5, 0, "1", "1"),
        (np.float64(1.25), 1, "1.3", "1,3"),
        (np.int64(1500), 0, "1,500", "1\u202f500"),
        (float("nan"), 1, "\u2013", "\u2013"),
        (pd.NA, 1, "\u2013", "\u2013"),
        (None, 1, "\u2013", "\u2013"),
        (float("-inf"), 1, "\u2212∞", "\u2212∞"),
        (1e22, 0, "10,000,000,000,000,000,000,000", "10" + "\u202f000" * 7),
    ],
)
def test_numbers(value, digits, english, french):
    assert nb.format_number(value, digits, "en") == english
    assert nb.format_number(value, digits, "fr") == french


@pytest.mark.parametrize(
    ("share", "digits", "english", "french"),
    [
        (0, 0, "0%", "0\u202f%"),
        (1, 0, "100%", "100\u202f%"),
        (0.285, 0, "29%", "29\u202f%"),  # 0.285 * 100 is 28.499999999999996 in floating point
        (0.004, 0, "0.4%", "0,4\u202f%"),
        (0.9996, 0, "99.96%", "99,96\u202f%"),
        (0.1234, 1, "12.3%", "12,3\u202f%"),
        (float("nan"), 0, "\u2013", "\u2013"),
    ],
)
def test_percentages_never_round_to_an_end_that_was_not_reached(share, digits, english, french):
    assert nb.format_percent(share, "en", digits=digits) == english
    assert nb.format_percent(share, "fr", digits=digits) == french


@pytest.mark.parametrize(
    ("p", "english", "french"),
    [
        (0, "<\u00a00.001", "<\u00a00,001"),
        (0.000999, "<\u00a00.001", "<\u00a00,001"),
        (0.001, "0.001", "0,001"),
        (0.0495, "0.050", "0,050"),
        (1, ">\u00a00.999", ">\u00a00,999"),
        (float("nan"), "\u2013", "\u2013"),
    ],
)
def test_p_values(p, english, french):
    assert nb.format_p(p, "en") == english
    assert nb.format_p(p, "fr") == french


def test_intervals_are_words():
    assert nb.format_interval(-2, -1, 1, "en") == "\u22122.0 to \u22121.0"
    assert nb.format_interval(1234, 2345, 0, "fr") == "de 1\u202f234 à 2\u202f345"
    assert nb.format_percent_interval(0.1, 0.2, "fr") == "de 10\u202f% à 20\u202f%"
    assert nb.format_interval(float("nan"), 1, 1, "en") == "\u2013"


def test_intervals_in_cells_are_as_short_as_the_language_allows():
    assert nb.format_interval(-2, -1, 1, "en", in_table=True) == "\u22122.0 to \u22121.0"
    assert nb.format_interval(-2, -1, 1, "fr", in_table=True) == "[\u22122,0\u202f;\u202f\u22121,0]"
    assert nb.format_percent_interval(0.1, 0.2, "fr", in_table=True) == "[10\u202f%\u202f;\u202f20\u202f%]"
    assert nb.format_interval(float("nan"), 1, 1, "fr", in_table=True) == "\u2013"


def test_an_interval_beside_its_estimate_has_one_pair_of_brackets():
    assert nb.beside("+2.0", nb.format_interval(1, 3, 1, "en", in_table=True)) == "+2.0 (1.0 to 3.0)"
    assert nb.beside("+2,0", nb.format_interval(1, 3, 1, "fr", in_table=True)) == "+2,0 [1,0\u202f;\u202f3,0]"


def test_signed_changes():
    assert [nb.format_signed(v, 1, "en") for v in (2, -2, 0.01, float("nan"))] == ["+2.0", "\u22122.0", "0.0", "\u2013"]


@pytest.mark.parametrize(("low", "high", "digits"), [(0, 1000, 0), (0, 100, 1), (20, 80, 1), (1, 7, 2), (0, 1, 3)])
def test_digits_follow_the_range(low, high, digits):
    assert nb.digits_for_range(low, high) == digits


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: nb.format_number(1, 1, "de"), "language"),
        (lambda: nb.format_interval(1, 2, 1, "de"), "language"),
        (lambda: nb.format_number(1, -1, "en"), "digits"),
        (lambda: nb.format_p(1.2, "en"), "p value"),
        (lambda: nb.digits_for_range(3, 3), "range"),
    ],
)
def test_what_cannot_be_written_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()


@given(st.floats(-1e9, 1e9), st.integers(0, 4), st.sampled_from(["en", "fr"]))
def test_a_written_number_reads_back_within_half_a_unit(value, digits, language):
    written = nb.format_number(value, digits, language)
    plain = written.replace("\u2212", "-")
    plain = plain.replace(",", "") if language == "en" else plain.replace("\u202f", "").replace(",", ".")
    assert abs(float(plain) - value) <= 0.5 * 10**-digits * (1 + 1e-9) + 1e-6
