import hashlib
import hmac
import os
import stat

import numpy as np
import pytest

from increase_eval.errors import DataError
from increase_eval.intake import keys
from increase_eval.intake.keys import KeyHasher, is_well_formed, load_key_secret, normalise_keys
from increase_eval.places import Places
from increase_eval.study.structure import KeyRule

SECRET = b"0123456789abcdef"


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.delenv("INCREASE_EVAL_KEY", raising=False)
    return Places(tmp_path)


@pytest.mark.parametrize(
    ("steps", "key", "expected"),
    [
        (("strip",), "  a b ", "a b"),
        (("upper",), "aé", "AÉ"),
        (("lower",), "AÉ", "aé"),
        (("remove_spaces",), "a\u00a0b c\td", "abcd"),
        (("remove_dashes",), "a-b\u2013c_d", "abcd"),
        (("strip_leading_zeros",), "00120", "120"),
        (("strip_leading_zeros",), "000", ""),
        (("strip", "upper", "remove_spaces", "remove_dashes", "strip_leading_zeros"), " 0a-1 2 ", "A12"),
        (("strip_leading_zeros", "remove_dashes"), "-012", "012"),
    ],
)
def test_keys_are_normalised_in_the_order_of_the_contract(steps, key, expected):
    assert normalise_keys([key], KeyRule(column="id", normalise=steps)) == [expected]


def test_composed_and_decomposed_letters_are_one_key():
    rule = KeyRule(column="id", normalise=())
    assert len(set(normalise_keys(["\u00e9", "e\u0301"], rule))) == 1


def test_a_pattern_must_match_the_whole_key():
    rule = KeyRule(column="id", pattern="[A-Z]{2}[0-9]{2}")
    assert is_well_formed(["AB12", "AB123", "xAB12", ""], rule).tolist() == [True, False, False, False]


def test_without_a_pattern_every_key_but_the_empty_one_will_do():
    assert is_well_formed(["x", ""], KeyRule(column="id")).tolist() == [True, False]


def test_a_hash_is_sixteen_digits_of_hmac_sha256_over_study_and_key():
    expected = hmac.new(SECRET, b"help_me\0key\0A1", hashlib.sha256).hexdigest()[:16]
    assert KeyHasher(SECRET, "help_me").hashes(["A1"]).tolist() == [expected]


def test_equal_keys_have_equal_hashes_and_others_differ_by_key_secret_and_study():
    first, again, other = KeyHasher(SECRET, "one").hashes(["a", "a", "b"])
    assert first == again != other
    assert KeyHasher(SECRET[::-1], "one").hashes(["a"])[0] != first
    assert KeyHasher(SECRET, "two").hashes(["a"])[0] != first


def test_a_key_of_a_second_file_has_the_hash_that_it_has_in_the_first():
    hasher = KeyHasher(SECRET, "one")
    first = hasher.hashes(["a", "b"])
    assert hasher.hashes(["c", "b"])[1] == first[1]
    assert hasher.hashes([]).tolist() == []


def test_two_keys_with_one_hash_are_an_error_and_not_one_person(monkeypatch):
    monkeypatch.setattr(keys, "keyed_hash", lambda text, secret: "0" * 16)
    with pytest.raises(DataError, match="two different keys have the same hash"):
        KeyHasher(SECRET, "one").hashes(["a", "b"])


def test_a_key_of_a_later_file_with_the_hash_of_an_earlier_key_is_an_error(monkeypatch):
    hasher = KeyHasher(SECRET, "one")
    hasher.hashes(["a"])
    monkeypatch.setattr(keys, "keyed_hash", lambda text, secret: hasher.hashes(["a"])[0])
    with pytest.raises(DataError, match="two different keys have the same hash"):
        hasher.hashes(["b"])


def test_the_secret_of_the_environment_comes_first(places, monkeypatch):
    monkeypatch.setenv("INCREASE_EVAL_KEY", "sixteen bytes ok")
    assert load_key_secret(places) == b"sixteen bytes ok"
    assert not places.key_file.exists()


def test_a_secret_of_the_environment_that_is_short_is_refused_and_not_shown(places, monkeypatch):
    monkeypatch.setenv("INCREASE_EVAL_KEY", "too short")
    with pytest.raises(DataError, match="shorter than 16 bytes") as caught:
        load_key_secret(places)
    assert "too short" not in str(caught.value)


def test_a_secret_is_made_once_and_only_its_owner_can_read_it(places):
    first = load_key_secret(places)
    assert len(first) == 64
    assert load_key_secret(places) == first
    assert stat.S_IMODE(places.key_file.stat().st_mode) == 0o600
    assert [path.name for path in places.key_file.parent.iterdir()] == ["participant.key"]
    assert load_key_secret(Places(places.home / "other")) != first


def test_a_key_file_that_others_can_read_is_refused(places):
    load_key_secret(places)
    places.key_file.chmod(0o640)
    with pytest.raises(DataError, match="others can read the key file"):
        load_key_secret(places)


def test_a_key_file_that_is_cut_off_is_refused_and_not_replaced(places):
    load_key_secret(places)
    places.key_file.write_bytes(b"abc\n")
    with pytest.raises(DataError, match="restore it from a copy"):
        load_key_secret(places)
    assert places.key_file.read_bytes() == b"abc\n"


def test_a_key_file_that_another_process_has_just_made_is_kept(places, monkeypatch):
    link = os.link

    def other_first(draft, path):
        path.touch(0o600)
        path.write_bytes(b"f" * 64)
        link(draft, path)

    monkeypatch.setattr(os, "link", other_first)
    assert load_key_secret(places) == b"f" * 64


def test_well_formed_gives_an_array():
    assert is_well_formed([], KeyRule(column="id")).dtype == np.dtype(bool)
