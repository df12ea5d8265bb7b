"""What the docstring of a public function says: parameters, result, errors, and for a statistic how it is computed."""

import ast
import re

import pytest

STATISTICS = ("moments", "scoring", "attrition", "comparison", "claims")


def _exported(tree):
    """Give the names in `__all__`."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(getattr(target, "id", None) == "__all__" for target in node.targets):
            return set(ast.literal_eval(node.value))
    return set()


@pytest.fixture(scope="module")
def public_functions(modules):
    """Path, syntax, whether it is a statistic: for each function that a package exports. Commands have their help."""
    packages = {}
    for path, tree in modules("increase_eval"):
        if path.endswith("/__init__.py"):
            packages[path.removesuffix("/__init__.py")] = _exported(tree)
    found = []
    for path, tree in modules("increase_eval"):
        exported = {name for package, names in packages.items() if path.startswith(f"{package}/") for name in names}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name in exported and "/cli/" not in path:
                # What takes a study joins statistics into a table; it explains none.
                takes_study = any(argument.arg == "study" for argument in node.args.args)
                found.append((path, node, path.split("/")[1] in STATISTICS and not takes_study))
    return found


def _missing_sections(node, is_statistic):
    text = ast.get_docstring(node) or ""
    sections = set(re.findall(r"^(\w[\w ]*)\n-{3,}$", text, flags=re.MULTILINE))
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    # Of one or two arguments, a sentence can say what they are and what comes of them; of a statistic, it cannot.
    is_short = len(arguments) <= 2 and not is_statistic
    if arguments and "Parameters" not in sections and not is_short:
        yield "Parameters"
    if (
        not is_short
        and node.returns is not None
        and ast.unparse(node.returns) != "None"
        and not sections & {"Returns", "Yields"}
    ):
        yield "Returns"
    if "Raises" not in sections and any(isinstance(inner, ast.Raise) for inner in ast.walk(node)):
        yield "Raises"
    if is_statistic:
        yield from (section for section in ("Notes", "Examples") if section not in sections)
    if "Parameters" in sections:
        yield from (
            f"parameter {argument.arg}"
            for argument in arguments
            if not re.search(rf"^[\w, *]*\b{argument.arg}\b[\w, *]*( :.*)?$", text, flags=re.MULTILINE)
        )


def test_there_are_public_functions(public_functions):
    assert len(public_functions) > 5


def test_public_functions_say_what_they_take_give_and_raise(public_functions):
    lacking = [
        f"{path}: {node.name} lacks {', '.join(missing)}"
        for path, node, is_statistic in public_functions
        if (missing := list(_missing_sections(node, is_statistic)))
    ]
    assert lacking == []


def test_the_rule_sees_what_is_missing():
    docstring = "Do it.\n\n    Parameters\n    ----------\n    a\n        One.\n    "
    (node,) = ast.parse(f'def f(a, b):\n    """{docstring}"""\n    raise ValueError\n').body
    assert list(_missing_sections(node, True)) == ["Raises", "Notes", "Examples", "parameter b"]
    (node,) = ast.parse('def f(a, b, c) -> int:\n    """Do it."""\n').body
    assert list(_missing_sections(node, False)) == ["Parameters", "Returns"]
