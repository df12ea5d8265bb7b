"""What every part of a contract is made of: a strict, frozen model, and a text in the two languages of the report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from increase_eval.study.problems import allowed_text, did_you_mean, shown


def _whole_number_as_word(value: object) -> object:
    """Take a name that happens to be a whole number, such as a wave that a file writes 0, as that word."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _only_a_code(value: object) -> object:
    """Refuse true and false, which would silently become 1 and 0, and everything that is no single value."""
    if isinstance(value, bool) or value is None or not isinstance(value, (int, float, str)):
        hint = f"; for the word, put {shown(value)} in quotes" if isinstance(value, bool) else ""
        message = f"{shown(value)} is no code; allowed: a number or a short word{hint}"
        raise PydanticCustomError("code", "{message}", {"message": message})
    return value


Word = Annotated[str, BeforeValidator(_whole_number_as_word), StringConstraints(min_length=1)]
"""A word that files, columns or readers know: never empty; a whole number counts as the word it is written as."""

IDENTIFIER_PATTERN = r"^[a-z][a-z0-9_]*$"

Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER_PATTERN)]
"""A name that files, columns and links can carry: lower case, digits and underscores, starting with a letter."""


def is_identifier(name: str) -> bool:
    """Say whether a name can be an id."""
    return re.fullmatch(IDENTIFIER_PATTERN.strip("^$"), name) is not None


ColumnName = Word
"""The name of a column, as a file or a stored table has it."""

Code = Annotated[int | float | str, BeforeValidator(_only_a_code)]
"""A code as stored: a number or a short word, never a label."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hang together inside one part of a contract, though each field is right by itself.

    Attributes
    ----------
    message
        The value, and what was allowed.
    at
        The place below the part.
    uses
        The fields it depends on: where one of them is wrong already, it is not said again.
    """

    message: str
    at: tuple[str | int | float, ...] = ()
    uses: tuple[str, ...] = ()


class ContractModel(BaseModel):
    """A part of a contract. Unknown keys are errors, so that a misspelt option cannot pass unnoticed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)

    def findings(self) -> Iterator[Finding]:
        """Give what does not hang together, so that all of it can be said at once."""
        return iter(())

    @model_validator(mode="wrap")
    @classmethod
    def _says_everything_at_once(cls, data: Any, handler: Any) -> Any:
        """Join the errors of fields with those between fields, which pydantic would only look for afterwards."""
        try:
            model = handler(data)
        except ValidationError as error:
            details = [_detail(cls, dict(one), data) for one in error.errors(include_url=False)]
            broken = {one["loc"][0] for one in details if one.get("loc")}
            details += [
                _from_finding(one, data)
                for one in _findings_without(data, handler, broken)
                if not broken & set(one.uses)
            ]
            raise ValidationError.from_exception_data(cls.__name__, details) from None
        details = [_from_finding(one, data) for one in model.findings()]
        if details:
            raise ValidationError.from_exception_data(cls.__name__, details)
        return model


def _findings_without(data: Any, handler: Any, broken: set[Any]) -> list[Finding]:
    """Look for findings with the broken fields left out, where the part can be read without them."""
    if not isinstance(data, dict):
        return []
    kept = {key: value for key, value in data.items() if key not in broken}
    if "id" in broken:
        kept["id"] = "unnamed"
    try:
        model = handler(kept)
    except ValidationError:
        return []
    return list(model.findings())


def _from_finding(finding: Finding, data: Any) -> InitErrorDetails:
    value = data
    for step in finding.at:
        try:
            value = value[step]
        except (LookupError, TypeError):
            value = None
    problem = PydanticCustomError("contract", "{message}", {"message": finding.message})
    loc = tuple(str(step) if isinstance(step, float) else step for step in finding.at)
    return InitErrorDetails(type=problem, loc=loc, input=value)


def _detail(cls: type[ContractModel], error: dict[str, Any], data: Any) -> InitErrorDetails:
    """Give one error again, in our words where pydantic does not know what was allowed."""
    kind, loc = error["type"], error["loc"]
    message = error["msg"] if kind in ("contract", "code", "key", "value_error") else None
    if len(loc) <= 1:
        if kind == "extra_forbidden":
            fields = list(cls.model_fields)
            kind = "key"
            message = f"the key {loc[0]!r} is unknown; {allowed_text(fields)}{did_you_mean(loc[0], fields)}"
        elif kind == "missing" and loc and loc[0] in cls.model_fields:
            kind = "key"
            message = _missing_text(cls, str(loc[0]), data)
        elif kind == "model_type" and not loc:
            kind = "contract"
            message = f"{shown(data)}: a mapping is needed, with the keys {', '.join(cls.model_fields)}"
    if message is not None:
        known = PydanticCustomError(kind, "{message}", {"message": message})
        return InitErrorDetails(type=known, loc=loc, input=error["input"])
    return InitErrorDetails(type=kind, loc=loc, input=error["input"], ctx=error.get("ctx") or {})


def _missing_text(cls: type[ContractModel], name: str, data: Any) -> str:
    if issubclass(cls, Text) and isinstance(data, dict) and data:
        given, lacking = ("English", "French") if name == "fr" else ("French", "English")
        return f"the {lacking} text `{name}` is missing where the {given} is there ({shown(next(iter(data.values())))})"
    described = cls.model_fields[name].description
    return f"`{name}` is missing{f': {described}' if described else ''}"


class Text(ContractModel):
    """A short text in English and in French; both are needed wherever a text is shown to readers."""

    en: Annotated[Word, Field(description="The text in English.")]
    fr: Annotated[Word, Field(description="The text in French.")]

    def in_language(self, language: str) -> str:
        """Give the text in ``"en"`` or ``"fr"``."""
        if language not in ("en", "fr"):
            raise ValueError(f"language is {language!r}; allowed: 'en', 'fr'")
        return self.fr if language == "fr" else self.en


def _same_in_both(value: object) -> object:
    return {"en": str(value), "fr": str(value)} if isinstance(value, str | int) else value


SharedText = Annotated[Text, BeforeValidator(_same_in_both, json_schema_input_type=Text | str | int)]
"""A text in both languages; written as one word or number where both write it alike, such as a year."""
