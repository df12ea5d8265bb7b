"""Publish what a contract may hold: a JSON Schema a file, for editors, and tables of all fields, for people.

Both are made from the models, so that there is one place where a field is described. ``python -m
increase_eval.study.schemas [FOLDER]`` writes them into a folder of contracts (``data_contracts`` by default): the
schemas into ``schemas/``, the tables between two marks of its ``README.md``.
"""

from __future__ import annotations

import argparse
import inspect
import json
import re
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from increase_eval.study.base import ContractModel, Text
from increase_eval.study.reading import MODELS
from increase_eval.study.tables import Table

SCHEMAS_FOLDER = "schemas"
FIELDS_BEGIN = "<!-- fields: begin (made from the models by `make schemas`) -->"
FIELDS_END = "<!-- fields: end -->"

_FILES: Mapping[str, type[ContractModel]] = {**MODELS, "waves/*.yaml": Table}
_WORDS: Mapping[Any, str] = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def json_schemas() -> dict[str, dict[str, Any]]:
    """Make the JSON Schema of every file of a contract.

    Returns
    -------
    dict of str to dict
        File name below ``schemas/`` -> schema (draft 2020-12).
    """
    return {_schema_name(file): _schema(file, model) for file, model in _FILES.items()}


def _schema_name(file: str) -> str:
    return f"{file.removesuffix('/*.yaml').removesuffix('.yaml')}.schema.json"


def _schema(file: str, model: type[ContractModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"A study's {file}"}
    return {**head, **{key: value for key, value in schema.items() if key != "title"}}


def field_tables() -> str:
    """Make the Markdown tables of every file and field of a contract.

    Returns
    -------
    str
        A heading a file, then a table a part of it, in the order in which the parts occur first.
    """
    told: set[type[ContractModel]] = {Text}
    blocks = []
    for file, model in _FILES.items():
        blocks.append(f"### `{file}`\n\n{_field_table(model)}")
        told.add(model)
        for part, name in _parts_below(model, told):
            blocks.append(f"#### {name}\n\n{_summary(part)}\n\n{_field_table(part)}")
    return "\n\n".join(blocks) + "\n"


def _summary(model: type[ContractModel]) -> str:
    return inspect.cleandoc(model.__doc__ or "").replace("``", "`")


def _parts_below(
    model: type[ContractModel], told: set[type[ContractModel]]
) -> Iterator[tuple[type[ContractModel], str]]:
    """Go through the models that a model is made of and that have not been told of."""
    for info in model.model_fields.values():
        for part in _models_in(info.annotation):
            if part not in told:
                told.add(part)
                yield part, part.__name__
                yield from _parts_below(part, told)


def _models_in(annotation: Any) -> Iterator[type[ContractModel]]:
    if isinstance(annotation, type) and issubclass(annotation, ContractModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _field_table(model: type[ContractModel]) -> str:
    rows = ["| field | holds | if left out | meaning |", "|---|---|---|---|"]
    for name, info in model.model_fields.items():
        meaning = (info.description or "").replace("|", "\\|")
        rows.append(f"| `{name}` | {type_text(info.annotation)} | {_default_text(info)} | {meaning} |")
    return "\n".join(rows)


def _default_text(info: FieldInfo) -> str:
    if info.is_required():
        return "**needed**"
    default = info.default
    if default is None or default in ((), {}):
        return "nothing"
    if isinstance(default, ContractModel):
        return "its defaults"
    return f"`{json.dumps(default)}`"


def type_text(annotation: Any) -> str:
    """Say in words what a field holds.

    Examples
    --------
    >>> type_text(tuple[float, float] | None), type_text(dict[str, tuple[int, ...]])
    ('two numbers', 'mapping of text to list of whole number')
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_text(arguments[0])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in (Union, types.UnionType):
        if set(arguments) == {int, float, str}:
            return "code"
        return " or ".join(dict.fromkeys(type_text(one) for one in arguments if one is not type(None)))
    if origin is tuple:
        inner = type_text(arguments[0])
        return f"list of {inner}" if arguments[-1] is Ellipsis else f"two {inner}s"
    if origin is dict:
        return f"mapping of {type_text(arguments[0])} to {type_text(arguments[1])}"
    if annotation is Text:
        return "text in `en` and `fr`"
    if isinstance(annotation, type) and issubclass(annotation, ContractModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return _WORDS.get(annotation, getattr(annotation, "__name__", str(annotation)))


def readme_with_tables(text: str) -> str:
    """Put the tables of fields between the marks of a README.

    Raises
    ------
    ValueError
        If the text does not hold both marks, in order.
    """
    pattern = re.compile(f"{re.escape(FIELDS_BEGIN)}.*?{re.escape(FIELDS_END)}", flags=re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"the README holds no {FIELDS_BEGIN!r} followed by {FIELDS_END!r}")
    return pattern.sub(lambda _: f"{FIELDS_BEGIN}\n\n{field_tables()}\n{FIELDS_END}", text, count=1)


def publish(folder: Path) -> list[Path]:
    """Write the schemas, and the tables of fields where there is a README, into a folder of contracts.

    Parameters
    ----------
    folder
        A folder of contracts, such as ``data_contracts``.

    Returns
    -------
    list of Path
        The files written.
    """
    (folder / SCHEMAS_FOLDER).mkdir(parents=True, exist_ok=True)
    contents = {folder / SCHEMAS_FOLDER / name: schema_text(schema) for name, schema in json_schemas().items()}
    readme = folder / "README.md"
    if readme.is_file():
        contents[readme] = readme_with_tables(readme.read_text(encoding="utf-8"))
    for path, content in contents.items():
        path.write_text(content, encoding="utf-8")
    return list(contents)


def schema_text(schema: Mapping[str, Any]) -> str:
    """Write one schema as it is published."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Publish into the folder named on the command line."""
    parser = argparse.ArgumentParser(
        description="Publish the JSON Schemas of contracts, and the tables of their fields."
    )
    parser.add_argument("folder", nargs="?", type=Path, default=Path("data_contracts"), help="a folder of contracts")
    publish(parser.parse_args().folder)


if __name__ == "__main__":
    main()
