"""What the assets of a study rest on and Dagster does not make: the raw files, and the contract where it is broken."""

import re
from pathlib import Path

import dagster as dg

from increase_eval.errors import ContractError
from increase_eval.study import Study, load_study
from pipelines.names import RAW_FILES
from pipelines.progress import step

CONTRACT = "contract"


def source_assets(study: Study) -> list[dg.AssetSpec]:
    """Describe the raw files of a study, which people put into its raw folder by hand."""
    rows = [f"| {source.id} | {', '.join(source.files)} | {source.shape} |" for source in study.head.sources]
    table = "\n".join(["| source | files | shape |", "|---|---|---|", *rows])
    spec = dg.AssetSpec(
        dg.AssetKey([study.id, RAW_FILES]),
        group_name="intake",
        kinds={"file"},
        tags={"study": study.id},
        description=f"The raw files of the study, put by hand into `data/raw/{study.id}`.\n\n{table}",
        metadata={"data": study.head.provenance, "contract": dg.MetadataValue.path(str(study.folder))},
    )
    return [spec]


def broken_contract_asset(name: str, folder: Path, error: ContractError) -> dg.AssetsDefinition:
    """Stand in for a study whose contract cannot be read: the description says all that is wrong.

    Materialising it reads the contract again, and says whether it has been mended; then reload the code location.
    """
    # As a list, not as code, which the page would cut off at its edge.
    problems = "\n".join(f"- {_plainly(problem)}" for problem in error.problems or [str(error)])

    @dg.asset(
        key=dg.AssetKey([name, CONTRACT]),
        group_name="intake",
        kinds={"yaml"},
        tags={"study": name, "contract": "broken"},
        description=f"**The contract in `{folder}` cannot be read, so this study has no assets.**\n\n{problems}",
    )
    def contract() -> dg.MaterializeResult:
        with step("contract"):
            study = load_study(folder)
        return dg.MaterializeResult(
            metadata={"contract_hash": study.contract_hash, "next": "reload the code location to see its assets"}
        )

    return contract


def _plainly(text: str) -> str:
    """Keep Markdown from reading signs in a text as its own."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", text)
