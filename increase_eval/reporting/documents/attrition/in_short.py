"""What should somebody know who reads no further than the head of the chapter? The answers, taken from its sections.

Nothing is worked out here: each line is what a section says itself, chosen by place, and leads to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Sentences = Sequence[str]

TAKEN: Mapping[str, Callable[[Sentences], Sentences]] = {
    # What holds comes first, though its section is the last: it is what the others lead to.
    "robustness": lambda said: said[:2],
    "staying": lambda said: said[:1],
    "who-left": lambda said: said[-1:],
    "standing": lambda said: said[-1:],
    "tipping": lambda said: said[:1],
}
"""Section -> which of its sentences: the summary, or what is said of the last wave."""


def in_short(sections: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give the lines of the head of the chapter.

    Parameters
    ----------
    sections
        The sections as they were filled: ``id``, ``title``, and ``values`` or None where a study has no such section.

    Yields
    ------
    dict
        ``id`` and ``title`` of a section, and its ``sentences``; nothing for a section that has none.
    """
    filled = {str(section["id"]).removeprefix("attrition-"): section for section in sections if section["values"]}
    for own_id, taken in TAKEN.items():
        said = taken(filled[own_id]["values"]["sentences"]) if own_id in filled else ()
        if said:
            yield {"id": filled[own_id]["id"], "title": filled[own_id]["title"], "sentences": list(said)}
