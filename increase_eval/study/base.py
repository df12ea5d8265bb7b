"""What every part of a contract is made of: a strict, frozen model, and a text in the two languages of the report."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
"""A name that files, columns and links can carry: lower case, digits and underscores, starting with a letter."""

ColumnName = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
"""The name of a column, as a file or a stored table has it."""

Code = int | float | str
"""A code as stored: a number or a short word, never a label."""


class ContractModel(BaseModel):
    """A part of a contract. Unknown keys are errors, so that a misspelt option cannot pass unnoticed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Text(ContractModel):
    """A short text in English and in French; both are needed wherever a text is shown to readers."""

    en: Annotated[str, Field(min_length=1, description="The text in English.")]
    fr: Annotated[str, Field(min_length=1, description="The text in French.")]

    def in_language(self, language: str) -> str:
        """Give the text in ``"en"`` or ``"fr"``."""
        if language not in ("en", "fr"):
            raise ValueError(f"language is {language!r}; allowed: 'en', 'fr'")
        return self.fr if language == "fr" else self.en
