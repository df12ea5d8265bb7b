"""The one tree of errors, and the exit code of each kind.

A message names the rule, what was allowed, and where (file, row, column, wave). Errors in a contract show the value;
errors in data never show a participant's key or answer. A bad argument to a library function is a plain ``ValueError``.
"""

from __future__ import annotations

from collections.abc import Sequence


class IncreaseEvalError(Exception):
    """Root of every error that a user can mend; ``exit_code`` is what the command line returns for it."""

    exit_code = 1


class ContractError(IncreaseEvalError):
    """The contract of a study is wrong: ``problems`` holds all of them, one line each."""

    exit_code = 3

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join([message, *(f"  - {problem}" for problem in self.problems)]))


class DataError(IncreaseEvalError):
    """A file is wrong in a way that stops the run: ``problems`` holds all of them, one line each."""

    exit_code = 4

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join([message, *(f"  - {problem}" for problem in self.problems)]))


class InsufficientDataError(IncreaseEvalError):
    """The data cannot carry what was asked: too few people, no variance, an empty arm."""

    exit_code = 5


class ConvergenceError(IncreaseEvalError):
    """An estimation did not converge, and no documented fall-back did either."""

    exit_code = 6


class DisclosureError(IncreaseEvalError):
    """Something that could identify a person was about to leave the safe side."""

    exit_code = 7
