"""How does a page come from a template? One environment for every HTML page: strict, escaped, self-contained.

The templates lie in ``reports/templates`` of a checkout and in ``increase_eval/_bundled/templates`` of a wheel. A page
asks nothing of any network: its style is inside it, pictures and data are ``data:`` links, and a content security
policy forbids the rest.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from increase_eval.reporting.translations import Translator

_PACKAGE = Path(__file__).resolve().parents[1]


def template_folder() -> Path:
    """Find the folder of templates: inside an installed package, else in the checkout around it.

    Raises
    ------
    FileNotFoundError
        If neither place has it, naming both.
    """
    places = (_PACKAGE / "_bundled" / "templates", _PACKAGE.parent / "reports" / "templates")
    for place in places:
        if (place / "page.html.j2").is_file():
            return place
    raise FileNotFoundError(f"no page templates in {' or '.join(map(str, places))}")


def render_page(template: str, values: Mapping[str, Any], *, language: str) -> str:
    """Fill a page template.

    Parameters
    ----------
    template
        The file name of a template in :func:`template_folder`.
    values
        What the template names. A name that is not there is an error.
    language
        ``"en"`` or ``"fr"``; the template has ``language`` and the lookup ``text``.

    Returns
    -------
    str
        A whole HTML document, ending with a line break.
    """
    return page_environment(language).get_template(template).render(values).strip() + "\n"


def page_environment(language: str) -> jinja2.Environment:
    """Build the environment of the templates, in one language."""
    folder = template_folder()
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    # The style sheet is ours and holds no value of a study, so it may stand in the page as it is.
    style = Markup((folder / "page.css").read_text(encoding="utf-8"))
    environment.globals.update(language=language, text=Translator(language), style=style)
    return environment


def data_link(content: str | bytes, media_type: str) -> str:
    """Make the ``data:`` link that carries a content inside the page.

    Examples
    --------
    >>> data_link("a,b", "text/csv")
    'data:text/csv;base64,YSxi'
    """
    raw = content.encode("utf-8") if isinstance(content, str) else content
    return f"data:{media_type};base64,{base64.b64encode(raw).decode('ascii')}"
