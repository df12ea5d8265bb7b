"""Every text that the code asks for is there, and every text that is there is asked for."""

from __future__ import annotations

import re
from pathlib import Path

import increase_eval
from increase_eval.reporting.pages import template_folder
from increase_eval.reporting.translations import read_strings

LIBRARY = Path(increase_eval.__file__).parent
KEY = re.compile(r"""["']([a-z_]+\.[a-z0-9_]+)["']""")
MADE_KEY = re.compile(r"""f["']([a-z_]+\.)([a-z0-9_]*)\{[^}]+\}([a-z0-9_]*)["']""")
# "The smallest effect of interest" names a margin, "effet de plan" a ratio of variances: they claim nothing.
CLAIMS = re.compile(
    r"(?<!smallest )effect of|caused|no difference|(?<!petit )effet d(?!e plan)|causé|aucune différence", re.IGNORECASE
)


def sources() -> list[str]:
    files = [*sorted(LIBRARY.rglob("*.py")), *sorted(template_folder().glob("*.j2"))]
    return [file.read_text(encoding="utf-8") for file in files]


def asked_for() -> tuple[set[str], list[re.Pattern[str]]]:
    """Keys written out, and patterns of those that are made by putting an id into a text."""
    texts = sources()
    chapters = {key.partition(".")[0] for key in read_strings("en")}
    written = {key for text in texts for key in KEY.findall(text) if key.partition(".")[0] in chapters}
    made = {match for text in texts for match in MADE_KEY.findall(text) if match[0][:-1] in chapters}
    return written, [re.compile(re.escape(a + b) + "[a-z0-9_]+" + re.escape(c)) for a, b, c in sorted(made)]


def test_every_text_asked_for_is_there() -> None:
    written, _ = asked_for()
    files = {key for key in written if key.endswith((".yaml", ".py", ".css", ".html", ".csv", ".json"))}
    assert sorted(written - files - set(read_strings("en"))) == []


def test_no_text_is_left_over() -> None:
    written, made = asked_for()
    unused = [key for key in read_strings("en") if key not in written and not any(p.fullmatch(key) for p in made)]
    assert unused == []


def test_no_text_claims_more_than_a_description_can() -> None:
    claims = [
        (language, key)
        for language in ("en", "fr")
        for key, entry in read_strings(language).items()
        if CLAIMS.search(entry if isinstance(entry, str) else " ".join(entry.values()))
    ]
    assert claims == []
