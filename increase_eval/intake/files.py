"""Find the raw files of a source: below the raw folder and nowhere else, always in the same order."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path, PurePosixPath, PureWindowsPath

from increase_eval.errors import DataError
from increase_eval.study.sources import Source

_LOCKS = ("~$", ".~lock", ".")


def find_files(raw_folder: Path, source: Source) -> tuple[list[Path], list[str]]:
    """Give the files that the patterns of a source match, sorted by path, and what is wrong with them.

    Hidden files and the lock files of spreadsheet programs are passed over.

    Returns
    -------
    tuple
        The files, and one line a problem: a pattern that leaves the folder, a link that leads out of it, no file.
    """
    root = raw_folder.resolve()
    found: set[Path] = set()
    problems: list[str] = []
    for pattern in source.files:
        if _leaves(pattern):
            problems.append(f"source {source.id!r}: the pattern {pattern!r} leaves the raw folder; write it relative")
            continue
        literal = raw_folder / pattern
        matches = [literal] if literal.is_file() else sorted(raw_folder.glob(pattern))
        for path in matches:
            if path.name.startswith(_LOCKS) or path.is_dir():
                continue
            if path.resolve().is_relative_to(root):
                found.add(path)
            else:
                problems.append(
                    f"source {source.id!r}: {relative_name(raw_folder, path)} is a link that leads out of the raw "
                    "folder; put the file itself there"
                )
    if not found and not problems and not source.optional:
        problems.append(_nothing_found(raw_folder, source))
    return sorted(found), problems


def require_folder(raw_folder: Path) -> None:
    """Raise a `DataError` unless the raw folder is there."""
    if not raw_folder.is_dir():
        raise DataError(f"there is no raw folder {raw_folder.name!r}: put the files of the study into {raw_folder}")


def relative_name(raw_folder: Path, path: Path) -> str:
    """Give the name that every table and message uses for a raw file: its path below the raw folder."""
    return path.relative_to(raw_folder).as_posix()


def unused_files(raw_folder: Path, used: set[Path], known: tuple[str, ...]) -> list[str]:
    """Give the files of the raw folder that no source takes, except hidden ones and those that are known."""
    every = [path for path in raw_folder.rglob("*") if path.is_file() and not path.name.startswith(_LOCKS)]
    names = [relative_name(raw_folder, path) for path in every if path not in used]
    return sorted(name for name in names if not any(PurePosixPath(name).match(pattern) for pattern in known))


def _leaves(pattern: str) -> bool:
    parts = PurePosixPath(pattern.replace("\\", "/"))
    return parts.is_absolute() or PureWindowsPath(pattern).is_absolute() or ".." in parts.parts


def _nothing_found(raw_folder: Path, source: Source) -> str:
    patterns = ", ".join(repr(pattern) for pattern in source.files)
    there = [relative_name(raw_folder, path) for path in raw_folder.rglob("*") if path.is_file()]
    near = [match for pattern in source.files for match in get_close_matches(pattern, there, n=1)]
    hint = f"; did you mean {near[0]!r}?" if near else f"; the folder has {len(there)} files"
    return f"source {source.id!r}: no file matches {patterns}{hint}"
