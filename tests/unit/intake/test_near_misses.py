"""One slip: a character changed, left out or put in, or two neighbours exchanged; and nothing further away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from increase_eval.intake.near_misses import near_keys

WORDS = st.text("AB12", max_size=5)


@pytest.mark.parametrize(
    ("key", "known", "slip"),
    [
        ("AB124", "AB123", "changed"),
        ("XB123", "AB123", "changed"),
        ("AB13", "AB123", "left out"),
        ("AB1233", "AB123", "put in"),
        ("BA123", "AB123", "exchanged"),
        ("AB132", "AB123", "exchanged"),
        ("A", "", "put in"),
        ("", "A", "left out"),
        ("AAB", "AAAB", "left out"),
    ],
)
def test_one_slip(key, known, slip):
    assert near_keys([key], [known]) == {key: {known: slip}}


@pytest.mark.parametrize(
    ("key", "known"),
    [
        ("AB123", "AB123"),
        ("AB123", "AB145"),
        ("AB123", "AB321"),
        ("AB123", "AB1"),
        ("CBA12", "ABC12"),
        ("AB12", "AB21X"),
        ("ABCD", "BADC"),
    ],
)
def test_none_or_two_slips(key, known):
    assert near_keys([key], [known]) == {key: {}}


def test_several_keys_and_several_candidates_in_order():
    found = near_keys(["K2", "ZZZ", "K2"], ["K3", "K1", "2K", "K"])
    assert found == {"K2": {"2K": "exchanged", "K": "put in", "K1": "changed", "K3": "changed"}, "ZZZ": {}}
    assert list(found["K2"]) == ["2K", "K", "K1", "K3"]


def test_nobody_known_and_nobody_asked():
    assert near_keys(["A"], []) == {"A": {}}
    assert near_keys([], ["A"]) == {}


def plainly_near(key, known):
    """Say by trying every slip whether one leads from one word to the other."""
    letters = sorted({*key, *known})
    changed = {key[:p] + c + key[p + 1 :] for p in range(len(key)) for c in letters}
    left_out = {key[:p] + key[p + 1 :] for p in range(len(key))}
    put_in = {key[:p] + c + key[p:] for p in range(len(key) + 1) for c in letters}
    exchanged = {key[:p] + key[p + 1] + key[p] + key[p + 2 :] for p in range(len(key) - 1)}
    return known != key and known in changed | left_out | put_in | exchanged


@given(key=WORDS, known=st.lists(WORDS, max_size=8))
def test_what_the_index_finds_is_what_trying_every_slip_finds(key, known):
    assert set(near_keys([key], known)[key]) == {word for word in known if plainly_near(key, word)}


@given(one=WORDS, other=WORDS)
def test_nearness_goes_both_ways(one, other):
    there, back = near_keys([one], [other])[one], near_keys([other], [one])[other]
    turned = {"changed": "changed", "exchanged": "exchanged", "put in": "left out", "left out": "put in"}
    assert {word: turned[slip] for word, slip in there.items()} == ({other: back[one]} if back else {})


def test_time_grows_with_the_number_of_keys():
    known = [f"EN{number:06d}" for number in range(0, 40_000, 2)]
    found = near_keys([f"EN{number:06d}" for number in range(1, 4_000, 2)], known)
    assert all(f"EN{number - 1:06d}" in found[f"EN{number:06d}"] for number in range(1, 4_000, 2))
