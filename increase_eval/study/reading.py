"""Read the folder of a study into its models, with every problem of every file reported at once."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import yaml

from increase_eval.errors import ContractError
from increase_eval.study.instruments import Instruments
from increase_eval.study.plan import AnalysisPlan
from increase_eval.study.services import ServiceStatistics
from increase_eval.study.study import Study, StudyHead
from increase_eval.study.tables import Table


def load_study(path_or_name: str | Path) -> Study:
    """Read the study in a folder."""
    folder = Path(path_or_name)
    if not (folder / "study.yaml").is_file():
        raise ContractError(f"{folder} has no study.yaml")

    def read(name: str) -> Any:
        return yaml.safe_load((folder / name).read_text(encoding="utf-8"))

    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    services = folder / "service_statistics.yaml"
    return Study(
        head=StudyHead.model_validate(read("study.yaml")),
        instruments=Instruments.model_validate(read("instruments.yaml")),
        analysis=AnalysisPlan.model_validate(read("analysis.yaml")),
        services=ServiceStatistics.model_validate(read(services.name)) if services.exists() else None,
        tables={
            p.stem: Table.model_validate(read(f"waves/{p.name}")) for p in sorted((folder / "waves").glob("*.yaml"))
        },
        folder=folder,
        contract_hash=digest.hexdigest(),
    )
