"""Participants' keys: normalised, checked, and replaced by a keyed hash before anything is stored.

The hash is HMAC-SHA256 under a secret of this installation, cut to 16 hexadecimal digits. Without the secret nobody
can try out keys against a stored table; with it the same key gives the same participant in every wave. The id of
the study goes into the hash, so that tables of two studies cannot be joined by it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from increase_eval.errors import DataError
from increase_eval.places import Places
from increase_eval.study.structure import KeyRule

HASH_DIGITS = 16
PARTICIPANT_PATTERN = rf"[0-9a-f]{{{HASH_DIGITS}}}"
SECRET_VARIABLE = "INCREASE_EVAL_KEY"
SHORTEST_SECRET = 16
"""Bytes. A shorter secret could be guessed, and the keys with it."""

_DASHES = re.compile("[-\u2010-\u2015\u2212_]")
_SPACES = re.compile(r"\s")
_STEPS: dict[str, Callable[[str], str]] = {
    "strip": str.strip,
    "upper": str.upper,
    "lower": str.lower,
    "remove_spaces": lambda key: _SPACES.sub("", key),
    "remove_dashes": lambda key: _DASHES.sub("", key),
    "strip_leading_zeros": lambda key: key.lstrip("0") or key[:0],
}


def load_key_secret(places: Places) -> bytes:
    """Give the secret that participants' keys are hashed with.

    Parameters
    ----------
    places
        Where the installation keeps its files.

    Returns
    -------
    bytes
        The value of ``INCREASE_EVAL_KEY`` where it is set; else the content of the key file, which is made on first
        use, readable by its owner alone.

    Raises
    ------
    DataError
        If the secret is shorter than 16 bytes, or others can read the key file.
    """
    given = os.environ.get(SECRET_VARIABLE)
    if given is not None:
        if len(given.encode()) < SHORTEST_SECRET:
            raise DataError(f"{SECRET_VARIABLE} is shorter than {SHORTEST_SECRET} bytes; give a longer secret")
        return given.encode()
    path = places.key_file
    if not path.exists():
        _create(path)
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise DataError(f"others can read the key file {path.name}; run: chmod 600 {path}")
    secret = path.read_bytes().strip()
    if len(secret) < SHORTEST_SECRET:
        raise DataError(f"the key file {path.name} holds less than {SHORTEST_SECRET} bytes; restore it from a copy")
    return secret


def _create(path: Path) -> None:
    """Write a new secret whole or not at all, and never over one that another process has just written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(secrets.token_hex(32).encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def normalise_keys(keys: Iterable[str], rule: KeyRule) -> list[str]:
    """Bring keys to the form in which they are compared, by the steps of the contract in their order."""
    steps = [_STEPS[step] for step in rule.normalise]
    normalised = []
    for key in keys:
        key = unicodedata.normalize("NFC", key)
        for step in steps:
            key = step(key)
        normalised.append(key)
    return normalised


def is_well_formed(keys: Iterable[str], rule: KeyRule) -> np.ndarray:
    """Say of each normalised key whether the whole of it matches the pattern of the contract."""
    if rule.pattern is None:
        return np.array([bool(key) for key in keys], dtype=bool)
    pattern = re.compile(rule.pattern)
    return np.array([pattern.fullmatch(key) is not None for key in keys], dtype=bool)


class KeyHasher:
    """Replaces normalised keys by 16 hexadecimal digits of a keyed hash; each key is hashed once for all files."""

    def __init__(self, key_secret: bytes, study_id: str) -> None:
        self._secret = key_secret
        self._study_id = study_id
        self._known: dict[str, str] = {}
        self._taken: set[str] = set()

    def forget(self) -> None:
        """Let go of the keys, once no further file will be read."""
        self._known.clear()
        self._taken.clear()

    def hashes(self, keys: Sequence[str]) -> np.ndarray:
        """Hash keys.

        Parameters
        ----------
        keys
            Normalised; a key may come again.

        Returns
        -------
        ndarray
            Shape (len(keys),), of strings.

        Raises
        ------
        DataError
            If two different keys get the same hash, which would make two people one.
        """
        new = [key for key in dict.fromkeys(keys) if key not in self._known]
        self._known |= {key: keyed_hash(f"{self._study_id}\0key\0{key}", self._secret) for key in new}
        self._taken.update(self._known[key] for key in new)
        if len(self._taken) < len(self._known):
            raise DataError("two different keys have the same hash under this secret; choose another secret")
        return np.array([self._known[key] for key in keys], dtype=object)


def keyed_hash(text: str, key_secret: bytes) -> str:
    """Give 16 hexadecimal digits of HMAC-SHA256."""
    return hmac.digest(key_secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()[:HASH_DIGITS]
