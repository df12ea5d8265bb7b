"""Which column of a file is the key, names the wave or the arm, or would say who somebody is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pandas as pd

from increase_eval.intake.cells import cell_text
from increase_eval.intake.columns import fold
from increase_eval.intake.drafting.profiles import Profile
from increase_eval.intake.raw import RawTable

MOST_WAVES = 15

_KEY = re.compile(
    r"^(id|key|code|pid|uid|sid|caseid|case|participant|subject|respondent|person|client|record|identifiant|dossier"
    r"|external ?reference|token)( ?(id|key|code|no|nr|num|number))?$|(^| )(id|code)$"
)
_ROW_NUMBERS = re.compile(r"^(rownames|row names|row|row number|index|unnamed 0|x|obs|no|nr|\(column 1\)|)$")
_WAVE = re.compile(
    r"^(time|wave|visit|round|occasion|session|timepoint|time point|vague|temps|phase|period|month|months|week"
    r"|assessment|measurement|passation|t|w)( ?(id|no|nr|num|number|point|code))?$"
)
_ARM = re.compile(
    r"(^| )(arm|group|grp|treat|treatment|treated|condition|cond|trt|allocation|allocated|random|randomised|randomized"
    r"|intervention|control|programme|program|approach|groupe|bras|traitement|cohort|study arm)( |$)"
)
_CONTROL = ("control", "usual", "placebo", "comparison", "waiting", "témoin", "temoin", "habituel")
_PERSONAL_NAMES = re.compile(
    r"(^| )(name|names|firstname|lastname|surname|forename|nom|prenom|prénom|email|mail|e mail|courriel|phone|telephone"
    r"|téléphone|mobile|tel|portable|address|adresse|street|rue|postcode|zipcode|zip|code postal|ip|ipaddress|latitude"
    r"|longitude|dob|birthdate|date of birth|birth date|naissance|ssn|nhs number|nino|passport|signature)( |$)"
)
_HARMLESS_NAMES = re.compile(
    r"(^| )(file|user|site|school|course|provider|scale|item|question|variable|brand) name( |$)"
    r"|birth year|year of birth"
)
_PERSONAL_VALUES = (
    ("e-mail addresses", re.compile(r"^[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}$")),
    ("network addresses", re.compile(r"^\d{1,3}(\.\d{1,3}){3}$")),
    ("phone numbers", re.compile(r"^(\+\d{1,3}[ .-]?|0)\d([ .-]?\d){7,11}$")),
)
_ANSWER_DATE = re.compile(
    r"(^| )(end ?date|recorded ?date|submit ?date|completed|completion date|date|answered on"
    r"|interview date|date of interview|date de passation)"
    r"( |$)"
)

_DEMOGRAPHIC = re.compile(
    r"(^| )(age|sex|gender|birth year|year of birth|born|education|educ|schooling|qualification|ethnic|ethnicity|race"
    r"|nationality|marital|married|household|children|income|homeless|language|country|region|lone parent|disability"
    r"|sexe|genre|âge|année de naissance|diplôme|diplome|études|niveau d'études|nationalité|enfants|revenu|foyer|pays"
    r"|région|parent isolé|handicap)( |$)"
)
_STATE = re.compile(
    r"(^| )(work|works|working|job|employ|employed|employment|unemployed|occupation|status|state|situation|housing"
    r"|homeless|marital|relationship|emploi|travail|statut|situation|logement|activité|chômage)( |$)"
)
MOST_STATES = 8


def plain(name: str) -> str:
    """Cut a column's name into lower-case words.

    Examples
    --------
    >>> plain("RecipientEmail"), plain("first_name"), plain("IPAddress")
    ('recipient email', 'first name', 'ip address')
    """
    spaced = re.sub(r"(?<=[a-zà-ÿ0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return " ".join(re.split(r"[\W_]+", spaced)).strip().casefold()


def personal_reason(raw: RawTable, one: Profile) -> str | None:
    """Say why a column looks as if it told who somebody is, or None where it does not.

    Its name counts, and so do its cells where most of them have the form of an address or a phone number.
    """
    words = plain(one.name)
    hit = _PERSONAL_NAMES.search(words)
    if hit and not _HARMLESS_NAMES.search(words) and not (one.kind in ("integer", "category") and one.is_coded):
        return f"its name says {hit.group().strip()!r}"
    if one.kind != "text" and one.kind != "category":
        return None
    texts = [cell_text(cell) for cell in raw.frame[one.name].dropna().head(200)]
    texts = [text for text in texts if text]
    for what, pattern in _PERSONAL_VALUES:
        if texts and sum(pattern.match(text) is not None for text in texts) > 0.5 * len(texts):
            return f"it holds {what}"
    return None


def is_row_number(one: Profile) -> bool:
    """Say whether a column only counts the rows, as some programs add one."""
    if not (_ROW_NUMBERS.match(plain(one.name)) and one.kind == "integer" and one.is_unique):
        return False
    return one.low in (0, 1) and one.high == (one.low or 0) + one.rows - 1


def guess_key(raw: RawTable, profiles: Iterable[Profile], wave: str | None = None) -> str | None:
    """Guess the column with the participants' key: a value in every row, unique in the file or in each wave.

    Parameters
    ----------
    raw, profiles
        The file and its columns.
    wave
        The column that names the wave, in a long file.

    Returns
    -------
    str or None
        The column whose name says so, or else the first that fits by its values and is no mere row number.
    """
    fitting = []
    for one in profiles:
        if one.name == wave or one.kind in ("number", "date", "empty") or one.filled < one.rows:
            continue
        named = _KEY.search(plain(one.name)) is not None
        pairs = [one.name] if wave is None else [one.name, wave]
        repeats = int(raw.frame.duplicated(pairs).sum())
        is_shared = wave is None or one.distinct < one.rows
        if is_shared and (repeats == 0 or (named and repeats < 0.05 * one.rows)):
            fitting.append((not named, is_row_number(one), repeats > 0, one.name))
    # Numbers and words that happen to differ in every row are no key unless they look like one.
    fitting.sort(key=lambda fit: fit[:3])
    for unnamed, is_counter, _, name in fitting:
        if not unnamed or (not is_counter and _looks_like_key(raw, name)):
            return name
    return None


def _looks_like_key(raw: RawTable, name: str) -> bool:
    """Words of one length without blanks, or whole numbers: what keys are made of."""
    texts = [cell_text(cell) for cell in raw.frame[name].head(200)]
    return len(texts) >= 3 and all(re.match(r"^[\w-]{2,20}$", text) for text in texts) and len({*map(len, texts)}) <= 3


def looks_like_waves(profiles: Iterable[Profile]) -> str | None:
    """Give the first column whose name says that it names the wave, whether or not a key goes with it."""
    few = [one for one in profiles if 2 <= one.distinct <= MOST_WAVES and one.filled == one.rows > one.distinct]
    return next((one.name for one in few if _WAVE.match(plain(one.name))), None)


def guess_wave_column(raw: RawTable, profiles: Sequence[Profile]) -> tuple[str, str] | None:
    """Guess whether a file is long: give the column that names the wave and the key, or None.

    A wave column has few distinct values, the same key comes several times, and no key comes twice with one value.
    """
    few = [one for one in profiles if 2 <= one.distinct <= MOST_WAVES and one.filled == one.rows > one.distinct]
    named = [one for one in few if _WAVE.match(plain(one.name))]
    for one in named:
        key = guess_key(raw, profiles, wave=one.name)
        if key is not None and raw.frame[key].nunique() < len(raw.frame):
            return one.name, key
    return None


def guess_arm(profiles: Iterable[Profile]) -> Profile | None:
    """Guess the column with the arm: two to eight codes, and a name that says so."""
    few = [one for one in profiles if one.kind in ("category", "integer") and 2 <= len(one.codes) <= 8]
    named = [one for one in few if _ARM.search(plain(one.name))]
    named.sort(key=lambda one: (not _says_control(one), _ARM.fullmatch(plain(one.name)) is None))
    return next(iter(named), None)


def _says_control(one: Profile) -> bool:
    """Say whether one of the codes, or its label, is called control."""
    words = [cell_text(code) for code in one.codes] + list(one.labels.values())
    return any(is_control(word) for word in words)


def is_control(text: str) -> bool:
    """Say whether the name of an arm says that it had no programme."""
    return any(word in fold(text) for word in _CONTROL)


def is_demographic(one: Profile) -> bool:
    """Say whether a column of the participants looks like a demographic one, by its name or label."""
    return one.kind in ("category", "integer", "number", "boolean") and _says(_DEMOGRAPHIC, one)


def looks_like_state(one: Profile) -> bool:
    """Say whether a column of the waves looks like a status with a few named states, such as employment."""
    return one.kind in ("category", "integer") and 2 <= len(one.codes) <= MOST_STATES and _says(_STATE, one)


def _says(pattern: re.Pattern[str], one: Profile) -> bool:
    return any(pattern.search(plain(text)) is not None for text in (re.sub(r"\d+$", "", one.name), one.label))


def guess_answer_date(profiles: Iterable[Profile]) -> str | None:
    """Guess the column with the date of the answer."""
    dates = [one for one in profiles if one.kind == "date"]
    return next(
        (one.name for one in dates if any(_ANSWER_DATE.search(plain(text)) for text in (one.name, one.label))), None
    )


def reads_as_number(series: pd.Series) -> pd.Series:
    """Give a column as numbers, and what is none as missing."""
    return pd.to_numeric(series.map(cell_text, na_action="ignore").astype("str"), errors="coerce")
