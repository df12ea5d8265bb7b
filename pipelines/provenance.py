"""What a stored table was made from: the contract, the code, and the content of what went in.

These three decide whether a table is fresh (see :mod:`pipelines.freshness`) and stand in its footer, so that a file
that has left this machine can still be traced.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import increase_eval
from increase_eval.reporting.pages import template_folder
from increase_eval.study import Study

LIBRARIES = ("pandas", "numpy", "scipy", "pyarrow", "statsmodels", "matplotlib")
"""Packages whose release can move a number or a byte."""

NOT_COMPUTING = ("cli", "_bundled")
"""Folders of the library whose files change nothing that is stored (bundled contracts have a hash of their own)."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What one stored table was made from.

    Attributes
    ----------
    contract_hash
        Of the folder of the study.
    code_version
        Of this project and of the packages under it.
    inputs
        What went in by name (tables, raw files, the participants' key) -> hash of its content.
    """

    contract_hash: str
    code_version: str
    inputs: Mapping[str, str]

    def to_footer(self) -> dict[str, str]:
        """Write it as entries of a footer."""
        return {
            "contract_hash": self.contract_hash,
            "code_version": self.code_version,
            "inputs": json.dumps(dict(sorted(self.inputs.items())), ensure_ascii=False),
        }

    @classmethod
    def from_footer(cls, footer: Mapping[str, str]) -> "Provenance":
        """Read it from a footer; what is absent is empty, and so never equal to what is wanted."""
        return cls(
            contract_hash=footer.get("contract_hash", ""),
            code_version=footer.get("code_version", ""),
            inputs=json.loads(footer.get("inputs", "{}")),
        )

    def differences(self, wanted: "Provenance") -> tuple[str, ...]:
        """Say in what a wanted provenance differs from this one, in words for a person."""
        said = []
        if self.contract_hash != wanted.contract_hash:
            said.append("the contract has changed")
        if self.code_version != wanted.code_version:
            said.append("the code has changed")
        said += [f"{name} is new" for name in sorted(set(wanted.inputs) - set(self.inputs))]
        said += [f"{name} is gone" for name in sorted(set(self.inputs) - set(wanted.inputs))]
        both = sorted(set(self.inputs) & set(wanted.inputs))
        said += [f"{name} has changed" for name in both if self.inputs[name] != wanted.inputs[name]]
        return tuple(said)


@cache
def code_version() -> str:
    """Give a hash of everything that computes: this project's files, and the releases of the packages under it.

    The command line is left out: it prints, and nothing that is stored depends on it. Any other edit makes every table
    stale, which is more than is needed and never too little.
    """
    digest = hashlib.sha256()
    for root in (Path(increase_eval.__file__).parent, Path(__file__).parent, template_folder()):
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            inside = path.relative_to(root)
            if inside.parts[0] not in NOT_COMPUTING and "__pycache__" not in inside.parts:
                digest.update(f"{root.name}/{inside.as_posix()}".encode() + b"\0" + path.read_bytes())
    for library in LIBRARIES:
        digest.update(f"{library} {version(library)}".encode())
    return digest.hexdigest()[:16]


def file_hash(path: Path) -> str:
    """Give the SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def static_metadata(study: Study) -> dict[str, str]:
    """Give what every table of a study carries, as metadata of its asset; the I/O manager puts it into the footer."""
    return {
        "study": study.id,
        "provenance": study.head.provenance,
        "contract_hash": study.contract_hash,
        "code_version": code_version(),
    }
