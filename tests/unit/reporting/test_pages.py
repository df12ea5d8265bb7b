"""Templates: found in a checkout and in an installed package, strict, and escaped."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest

from increase_eval.reporting import pages


def test_templates_of_an_installed_package_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "increase_eval"
    monkeypatch.setattr(pages, "_PACKAGE", package)
    with pytest.raises(FileNotFoundError, match="no page templates in"):
        pages.template_folder()
    checkout = tmp_path / "reports" / "templates"
    bundled = package / "_bundled" / "templates"
    for folder in (checkout, bundled):
        folder.mkdir(parents=True)
        (folder / "page.html.j2").write_text("", encoding="utf-8")
        assert pages.template_folder() == folder


def test_a_name_that_a_template_lacks_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        pages.render_page("page.html.j2", {}, language="en")


def test_values_are_escaped_and_the_language_is_said() -> None:
    environment = pages.page_environment("fr")
    assert environment.from_string("{{ x }} {{ language }}").render(x="<b>") == "&lt;b&gt; fr"


def test_every_template_is_used() -> None:
    texts = [file.read_text(encoding="utf-8") for file in pages.template_folder().glob("*.j2")]
    texts += [file.read_text(encoding="utf-8") for file in Path(pages.__file__).parent.rglob("*.py")]
    files = [file.name for file in pages.template_folder().iterdir() if file.name != ".keep"]
    assert [name for name in files if not any(f'"{name}"' in text for text in texts)] == []
