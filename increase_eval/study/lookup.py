"""Find the folder of a study by its name.

A study is a folder with a ``study.yaml``. Folders of studies are looked up, in this order, in each folder of the
variable ``INCREASE_EVAL_CONTRACTS`` (several are separated as in ``PATH``), in the ``data_contracts/`` of the checkout
that the library runs from, and in the package data of an installed library. The first folder with a name wins, so that
a study of one's own may replace one that is shipped. The environment is read on every call, never at import.
"""

from __future__ import annotations

import os
from pathlib import Path

from increase_eval.errors import ContractError
from increase_eval.study.problems import did_you_mean

CONTRACTS_VARIABLE = "INCREASE_EVAL_CONTRACTS"

_PACKAGE = Path(__file__).resolve().parents[1]


def contract_folders() -> tuple[Path, ...]:
    """Give the folders in which studies are looked up, the first to win first.

    Returns
    -------
    tuple of Path
        Only folders that exist.

    Raises
    ------
    ContractError
        If the variable names a folder that is not there.
    """
    named = [
        Path(part).expanduser() for part in os.environ.get(CONTRACTS_VARIABLE, "").split(os.pathsep) if part.strip()
    ]
    absent = [f"{folder} is not a folder" for folder in named if not folder.is_dir()]
    if absent:
        raise ContractError(f"{CONTRACTS_VARIABLE} names folders that are not there", absent)
    checkout = _PACKAGE.parent
    shipped = [checkout / "data_contracts"] if (checkout / "pyproject.toml").is_file() else []
    shipped.append(_PACKAGE / "_bundled" / "data_contracts")
    return tuple(dict.fromkeys([*(folder.resolve() for folder in named), *(f for f in shipped if f.is_dir())]))


def find_studies() -> dict[str, Path]:
    """Find every study that can be called by its name.

    Returns
    -------
    dict of str to Path
        Name -> folder, sorted by name. The name is that of the folder.

    Raises
    ------
    ContractError
        If ``INCREASE_EVAL_CONTRACTS`` names a folder that is not there.
    """
    found: dict[str, Path] = {}
    for parent in contract_folders():
        for folder in sorted(parent.iterdir()):
            if not folder.name.startswith(".") and (folder / "study.yaml").is_file():
                found.setdefault(folder.name, folder)
    return dict(sorted(found.items()))


def locate_study(path_or_name: str | Path) -> Path:
    """Find the folder of one study.

    Parameters
    ----------
    path_or_name
        A name that :func:`find_studies` gives; or the path of a folder, or of its ``study.yaml``. A text without a
        separator is a name first and a path second; a :class:`~pathlib.Path` is always a path.

    Returns
    -------
    Path
        A folder that has a ``study.yaml``.

    Raises
    ------
    ContractError
        If there is none, with the names that there are.
    """
    path = Path(path_or_name).expanduser()
    if isinstance(path_or_name, str) and path_or_name and path.name == path_or_name:
        named = find_studies()
        if path_or_name in named:
            return named[path_or_name]
    folder = path.parent if path.name == "study.yaml" and path.is_file() else path
    if str(path_or_name) and (folder / "study.yaml").is_file():
        return folder
    raise ContractError(_absent_text(path_or_name, folder))


def _absent_text(path_or_name: str | Path, folder: Path) -> str:
    if not str(path_or_name):
        return "the name of the study is empty"
    if folder.is_dir():
        near = sorted(path.name for path in folder.iterdir() if path.is_file() and path.suffix in (".yaml", ".yml"))
        return f"{folder} has no study.yaml, so it is no study{did_you_mean('study.yaml', near)}"
    if isinstance(path_or_name, Path) or len(folder.parts) > 1:
        return f"there is no folder {folder}"
    names = find_studies()
    places = ", ".join(map(str, contract_folders())) or "nowhere: no folder of contracts was found"
    known = ", ".join(names) or "none"
    here = Path("data_contracts") / str(path_or_name)
    if (here / "study.yaml").is_file():
        return f"there is no study {path_or_name!r} in {places}, but there is a folder {here}: give that"
    return (
        f"there is no study {path_or_name!r}; studies: {known}{did_you_mean(path_or_name, names)} (looked in {places})"
    )
