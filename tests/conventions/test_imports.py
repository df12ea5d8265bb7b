"""Imports run one way: from the report down to the models of a study, and never from the library to Dagster."""

import ast

RANK = {"study": 1, "moments": 2, "intake": 3, "scoring": 3, "comparison": 4, "attrition": 5, "claims": 6}
RANK |= {"reporting": 7, "cli": 8}
BOTTOM = {"arguments", "errors", "results", "places", "storage", "files"}
"""Modules that know no subpackage but, where they store or find a study, its models."""


def _imports(tree):
    """Give what a module imports, and whether it does so when it is imported itself."""
    lazy = {id(node) for scope in ast.walk(tree) if isinstance(scope, ast.FunctionDef) for node in ast.walk(scope)}
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        at_import = id(node) not in lazy and id(node) not in typing_only
        if isinstance(node, ast.Import):
            yield from ((alias.name, at_import) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module, at_import
            if node.module == "increase_eval":
                yield from ((f"increase_eval.{alias.name}", at_import) for alias in node.names)


def _part(module_name):
    """Give the part of the library that a module belongs to: `increase_eval.study.base` -> `study`."""
    steps = module_name.split(".")
    return steps[1] if len(steps) > 1 else ""


def _forbidden(own, other):
    if own == other or not other or other in BOTTOM:
        return False
    if own in BOTTOM:
        return other != "study"
    if own == "synthetic":
        return other != "study"
    if other == "synthetic":
        return own != "cli"
    if own not in RANK or other not in RANK:
        return True
    return RANK[other] >= RANK[own]


def test_every_part_of_the_library_has_its_place(modules):
    parts = {path.split("/")[1].removesuffix(".py") for path, _ in modules("increase_eval")}
    assert parts - set(RANK) - BOTTOM - {"__init__", "synthetic", "_bundled", "__main__"} == set()


def test_imports_within_the_library_run_one_way(modules):
    wrong = []
    for path, tree in modules("increase_eval"):
        own = path.split("/")[1].removesuffix(".py")
        for name, _ in _imports(tree):
            if name.split(".")[0] == "increase_eval" and own != "__init__" and _forbidden(own, _part(name)):
                wrong.append(f"{path} imports {name}")
    assert wrong == []


def test_the_library_knows_no_pipelines_but_for_commands_that_run_them(modules):
    wrong = []
    for path, tree in modules("increase_eval"):
        for name, at_import in _imports(tree):
            if name.split(".")[0] in ("pipelines", "dagster") and (
                at_import or not path.startswith("increase_eval/cli/")
            ):
                wrong.append(f"{path} imports {name}")
    assert wrong == []


def test_the_library_imports_no_tests_and_no_benchmarks(modules):
    wrong = [
        f"{path} imports {name}"
        for package in ("increase_eval", "pipelines")
        for path, tree in modules(package)
        for name, _ in _imports(tree)
        if name.split(".")[0] in ("tests", "benchmarks", "notebooks", "pytest", "hypothesis")
    ]
    assert wrong == []


def test_the_rule_sees_a_wrong_import():
    assert _forbidden("study", "intake")
    assert _forbidden("scoring", "intake")
    assert _forbidden("synthetic", "scoring")
    assert _forbidden("results", "reporting")
    assert _forbidden("intake", "synthetic")
    assert not _forbidden("cli", "synthetic")
    assert not _forbidden("cli", "reporting")
    assert not _forbidden("attrition", "comparison")
    lines = "import pipelines\ndef f():\n    from pipelines import x\n"
    assert list(_imports(ast.parse(lines))) == [("pipelines", True), ("pipelines", False)]
