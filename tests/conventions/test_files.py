"""What every file of the project is like: short, documented, and free of the machine it was written on."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 350
TEXT = {
    ".py",
    ".md",
    ".toml",
    ".yaml",
    ".yml",
    ".txt",
    ".cfg",
    ".ini",
    ".json",
    ".jinja",
    ".html",
    ".css",
    ".R",
    ".sh",
    ".ipynb",
}
# Written in pieces, so that this file does not hold what it forbids.
REGISTRIES = re.compile(
    "|".join(
        ["pypi" + r"\.org", "pypi" + r"\.python", "python" + r"hosted\.org", "anaconda" + r"\.org", "npm" + r"js\.org",
         "crates" + r"\.io", "proxy\\.golang" + r"\.org", "cran" + r"\.r-project",
         r"(?<!emit-)(?:extra-)?index" + "-url[ =]"]
    )
)  # fmt: skip
MACHINE_PATHS = re.compile(
    r"(?<![\w.<>*/-])/(?:" + "|".join(["wo" + "rk", "ho" + "me", "ro" + "ot", "Us" + "ers", "tm" + "p"]) + r")/\w"
)


def _texts(project_files):
    for path in project_files:
        if path.suffix in TEXT or path.name in ("Makefile", "run", ".gitignore"):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def test_no_python_file_is_too_long(project_files):
    long = {}
    for path in project_files:
        if path.suffix == ".py" and (count := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST:
            long[path.relative_to(ROOT).as_posix()] = count
    assert long == {}


def test_no_file_names_the_host_of_a_package_registry(project_files):
    assert [f"{name}: {hit.group()}" for name, text in _texts(project_files) if (hit := REGISTRIES.search(text))] == []


def test_no_file_holds_a_path_of_a_machine(project_files):
    assert [
        f"{name}: {hit.group()}" for name, text in _texts(project_files) if (hit := MACHINE_PATHS.search(text))
    ] == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (REGISTRIES, "see https://pypi" + ".org/simple"),
        (REGISTRIES, "--index" + "-url https://x"),
        (MACHINE_PATHS, "in /ho" + "me/anna/x"),
        (MACHINE_PATHS, '"/tm' + 'p/x"'),
    ],
)
def test_the_patterns_see_what_they_forbid(pattern, text):
    assert pattern.search(text)


@pytest.mark.parametrize("text", ["--no-emit-index" + "-url --x", "data/ho" + "me/x", "https://doi.org/tm" + "p/x"])
def test_the_patterns_leave_alone_what_is_harmless(text):
    assert not REGISTRIES.search(text)
    assert not MACHINE_PATHS.search(text)


@pytest.mark.parametrize("package", ["increase_eval", "pipelines"])
def test_every_module_says_what_it_is_for(modules, package):
    assert [path for path, tree in modules(package) if not ast.get_docstring(tree)] == []


def test_the_library_prints_nothing_but_on_the_command_line(modules):
    printing = [
        f"{path}:{node.lineno}"
        for path, tree in modules("increase_eval")
        if not path.startswith("increase_eval/cli/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("print", "input", "breakpoint")
    ]
    assert printing == []


def test_the_library_does_not_log(modules):
    logging = [
        path
        for path, tree in modules("increase_eval")
        if not path.startswith("increase_eval/cli/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Import) and any(alias.name == "logging" for alias in node.names)
    ]
    assert logging == []


def test_annotations_are_lazy_in_the_library_and_never_in_pipelines(modules):
    """Dagster reads the annotations of assets when it runs them."""
    future = "from __future__ import annotations"

    def has_it(tree):
        return any(isinstance(node, ast.ImportFrom) and ast.unparse(node) == future for node in tree.body)

    def has_code(tree):
        return any(isinstance(node, (ast.FunctionDef, ast.ClassDef)) for node in tree.body)

    assert [path for path, tree in modules("increase_eval") if has_code(tree) and not has_it(tree)] == []
    assert [path for path, tree in modules("pipelines") if has_it(tree)] == []


def test_no_module_is_a_drawer_for_odds_and_ends(project_files):
    assert [path.name for path in project_files if path.stem in ("utils", "util", "helpers", "misc", "common")] == []
