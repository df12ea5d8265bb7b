"""What was a report made with? Versions, without any clock, so that the same inputs give the same bytes."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

import increase_eval

PACKAGES = ("numpy", "pandas", "pyarrow", "scipy", "statsmodels", "pingouin", "matplotlib", "dagster", "jinja2")
"""The packages whose version can move a number or a picture."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a report was made with.

    Attributes
    ----------
    code_version
        The version of this project's code.
    python
        The version of Python.
    packages
        Package -> version.
    """

    code_version: str
    python: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)


def take_stamp(*, code_version: str | None = None) -> Stamp:
    """Read the versions of this installation.

    Parameters
    ----------
    code_version
        The version of the code where the caller knows it better, such as a hash of the sources; by default the
        version of the package.

    Returns
    -------
    Stamp
        Packages in the order of :data:`PACKAGES`.
    """
    packages = {package: version(package) for package in PACKAGES}
    return Stamp(code_version or increase_eval.__version__, platform.python_version(), packages)
