"""Which keys are one slip away from others: a character changed, left out or put in, or two neighbours exchanged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Literal

Slip = Literal["changed", "left out", "put in", "exchanged"]


def near_keys(keys: Iterable[str], known: Iterable[str]) -> dict[str, dict[str, Slip]]:
    """Find, for each key, the known keys that one slip leads to.

    Parameters
    ----------
    keys
        Keys that nobody has.
    known
        Keys that somebody has; gone through once.

    Returns
    -------
    dict
        Key -> known key -> the slip; empty where none is near.

    Notes
    -----
    Two words are one slip apart only if they share a variant with one character left out (or are such a variant of
    each other), so that an index of these variants finds every candidate in a time that grows with the number of keys
    and not with its square; an exchange of neighbours is found in the same way. The index is of `keys`, which are few.

    Examples
    --------
    >>> near_keys(["AB132"], ["AB123", "AB133", "XY999"])
    {'AB132': {'AB123': 'exchanged', 'AB133': 'changed'}}
    """
    index: dict[str, set[str]] = defaultdict(set)
    candidates: dict[str, set[str]] = {key: set() for key in keys}
    for key in candidates:
        for variant in _variants(key):
            index[variant].add(key)
    for word in known:
        for variant in _variants(word):
            for key in index.get(variant, ()):
                candidates[key].add(word)
    found: dict[str, dict[str, Slip]] = {}
    for key, words in candidates.items():
        slips = {word: _slip(key, word) for word in sorted(words)}
        found[key] = {word: slip for word, slip in slips.items() if slip is not None}
    return found


def _variants(word: str) -> set[str]:
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def _slip(key: str, word: str) -> Slip | None:
    if len(key) == len(word):
        differing = [place for place in range(len(key)) if key[place] != word[place]]
        if len(differing) == 1:
            return "changed"
        if len(differing) == 2:
            one, other = differing
            if other == one + 1 and key[one] == word[other] and key[other] == word[one]:
                return "exchanged"
        return None
    longer, shorter = (key, word) if len(key) > len(word) else (word, key)
    if len(longer) != len(shorter) + 1 or shorter not in _variants(longer):
        return None
    return "put in" if len(key) > len(word) else "left out"
