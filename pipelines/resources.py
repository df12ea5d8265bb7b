"""What intake is given from outside: the raw files, and the secret that participants' keys are hashed with."""

import hmac
import os
from pathlib import Path

import dagster as dg

from increase_eval.intake import load_key_secret
from increase_eval.intake.files import find_files
from increase_eval.intake.keys import SECRET_VARIABLE
from increase_eval.places import Places
from increase_eval.study import Study
from pipelines.provenance import file_hash

KEY_INPUT = "participants' key"
CORRECTIONS = "corrections.csv"


class RawFiles(dg.ConfigurableResource):
    """The raw files of a study, in the folder where people put them by hand."""

    home: str

    def folder(self, study: Study) -> Path:
        """Give the folder that intake reads."""
        return Places(Path(self.home)).raw(study.id)

    def hashes(self, study: Study) -> dict[str, str]:
        """Give the content of every raw file that the contract names, as name -> hash."""
        folder = self.folder(study)
        return {path.relative_to(folder).as_posix(): file_hash(path) for path in self.files(study)}

    def files(self, study: Study) -> tuple[Path, ...]:
        """Give every raw file that the contract names and that is there, and the corrections that lie with them."""
        folder = self.folder(study)
        found = {path for source in study.head.sources for path in find_files(folder, source)[0]}
        services = study.services.files if study.services is not None else ()
        beside = [path for pattern in (*services, CORRECTIONS) for path in folder.glob(pattern) if path.is_file()]
        return tuple(sorted({*found, *beside}))


class ParticipantKey(dg.ConfigurableResource):
    """The secret that participants' keys are hashed with: from the environment, else from a file only its owner reads.

    It is no field of the resource, so that it shows in no configuration and no log.
    """

    home: str

    def secret(self) -> bytes:
        """Give the secret, making one where there is none."""
        return load_key_secret(Places(Path(self.home)))

    def fingerprint(self) -> str:
        """Give a text that changes with the secret and does not give it away; empty where there is no secret yet."""
        if not os.environ.get(SECRET_VARIABLE) and not Places(Path(self.home)).key_file.is_file():
            return ""
        return hmac.new(self.secret(), b"which secret is it", "sha256").hexdigest()[:16]


def intake_inputs(study: Study, raw: RawFiles, key: ParticipantKey) -> dict[str, str]:
    """Give everything that goes into intake, as name -> hash."""
    return {**raw.hashes(study), KEY_INPUT: key.fingerprint()}
