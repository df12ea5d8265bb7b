"""Does a text say more than verdicts allow? Words that no report may hold, in English and in French.

Nothing here is licensed by a single verdict: *no difference* is never shown by a study that found none, and a cause is
said by what a difference can be put down to.
"""

from __future__ import annotations

import re

BEYOND = {
    "en": re.compile(
        r"\bno (?:significant |statistically significant )?(?:difference|effect)s?\b"
        r"|(?<!smallest )\beffects? of\b(?! interest)"
        r"|\bcaus(?:es|ed|ing)\b|\bdue to the (?:approach|programme|arm)\b|\bthanks to\b",
        re.IGNORECASE,
    ),
    "fr": re.compile(
        r"\b(?:aucune?|pas de|pas d['’]|sans) (?:différence|écart|effet)s?\b(?! de )"
        r"|\beffets? (?:de la|du|des|de l['’]) (?:approche|programme|groupe|formation)"
        r"|\b(?:a|ont|est|sont) caus(?:é|ée|és|ées)\b|\bgrâce (?:à|au|aux)\b",
        re.IGNORECASE,
    ),
}
"""Language -> what goes beyond any verdict."""


def beyond_verdicts(text: str, language: str) -> list[str]:
    """Give every passage of a text that says more than a verdict can.

    Parameters
    ----------
    text
        Words as readers see them, without markup.
    language
        ``"en"`` or ``"fr"``.

    Returns
    -------
    list of str
        The passages, in order.

    Raises
    ------
    ValueError
        If the language is unknown.

    Examples
    --------
    >>> beyond_verdicts("There was no difference; the smallest effect of interest is 0.2.", "en")
    ['no difference']
    """
    if language not in BEYOND:
        raise ValueError(f"language is {language!r}; allowed: {', '.join(BEYOND)}")
    return [match.group(0) for match in BEYOND[language].finditer(text)]
