"""Contract files as they are written: words and numbers, lines, and YAML that is none."""

import pytest

from increase_eval.study import documents
from increase_eval.study.documents import parse_document, read_document

SCALARS = {
    "no": "no", "NO": "NO", "yes": "yes", "on": "on", "off": "off", "y": "y", "true": True, "False": False,
    "'true'": "true", "7": 7, "-9": -9, "+3": 3, "0": 0, "007": "007", "-01": "-01", "0x1F": "0x1F", "0o17":
    "0o17", "1_000": "1_000", "1:30": "1:30", "12E5": "12E5", "1e-6": 1e-6, "1.50": 1.5, ".5": 0.5, "-0.5":
    -0.5, ".nan": ".nan", ".inf": ".inf", "2024-01-31": "2024-01-31", "1234567890123456789":
    "1234567890123456789", "~": None, "null": None, "'null'": "null", "!!str 7": "7", "!!float 7": 7.0,
}  # fmt: skip


@pytest.mark.parametrize(("written", "read"), SCALARS.items(), ids=SCALARS)
def test_scalars_are_read_as_yaml_1_2_with_the_differences_that_codes_need(written, read):
    value = parse_document(f"a: {written}", "a.yaml").value["a"]
    assert value == read
    assert type(value) is type(read)


def test_every_value_knows_its_line():
    document = parse_document("a:\n  - b: 1\n    c:\n      d: 2\n  - 3\n", "a.yaml")
    assert document.value == {"a": [{"b": 1, "c": {"d": 2}}, 3]}
    lines = {("a",): 1, ("a", 0): 2, ("a", 0, "b"): 2, ("a", 0, "c"): 3, ("a", 0, "c", "d"): 4, ("a", 1): 5}
    assert {path: document.line_of(path) for path in lines} == lines
    assert document.line_of(("a", 0, "missing", "deeper")) == 2


BROKEN = {
    "a key that stands twice": (
        "a: 1\nb: 2\na: 3\n",
        "line 3, a: the key stands twice in this mapping; first on line 1",
    ),
    "a tab": ("a:\n\tb: 1\n", "line 2: this is not YAML: there is a tab; indent with spaces"),
    "a colon too many": ("a: b: c\n", "line 1: this is not YAML: a colon stands where none is expected"),
    "a list that is not closed": ("a: [1, 2\nb: 3\n", "line 2: this is not YAML: "),
    "two documents": ("a: 1\n---\nb: 2\n", "line 2: this is not YAML: a second document starts here"),
    "an unknown anchor": ("a: *nobody\n", "line 1: this is not YAML: found undefined alias"),
    "a tag that runs code": (
        "a: !!python/object/apply:os.system [x]\n",
        "the tag !!python/object/apply:os.system is not used",
    ),
    "a tag of another type": ("a: !!binary aGk=\n", "line 1, a: the tag !!binary is not used in contracts"),
    "an int that is none": ("a: !!int x\n", "line 1, a: the tag !!int is not used in contracts; got 'x'"),
    "a mapping as key": ("? {a: 1}\n: 2\n", "line 1: a key is a single word or number"),
    "an anchor inside itself": ("a: &a [*a]\n", "line 1, a[0]: an alias lies inside the anchor that it repeats"),
    "a merge of a list": ("a: {<<: [1]}\n", "`<<` takes a mapping, or a list of mappings"),
    "a control character": ("a: b\nc: \x07\n", "line 2: "),
}


@pytest.mark.parametrize(("text", "message"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_contract_is_said_with_its_line(text, message):
    problems = [str(problem) for problem in parse_document(text, "a.yaml").problems]
    assert any(f"a.yaml, {message}" in problem or message in problem for problem in problems), problems


def test_anchors_and_merges_are_written_out_and_keep_their_lines():
    text = "base: &base\n  x: 1\n  y: 2\nown:\n  <<: *base\n  y: 3\n"
    document = parse_document(text, "a.yaml")
    assert document.value["own"] == {"x": 1, "y": 3}
    assert document.line_of(("own", "y")) == 6
    assert document.line_of(("own",)) == 4


def test_the_first_of_several_merged_mappings_wins():
    assert parse_document("a: {<<: [{x: 1}, {x: 2, y: 3}]}", "a.yaml").value == {"a": {"x": 1, "y": 3}}


def test_nested_aliases_cannot_fill_the_memory(monkeypatch):
    monkeypatch.setattr(documents, "LARGEST_DOCUMENT", 1000)
    text = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
        f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]\n" for old, new in zip("abc", "bcd", strict=True)
    )
    problems = parse_document(text, "a.yaml").problems
    assert len(problems) == 1
    assert "more than 1,000 values" in str(problems[0])


@pytest.mark.parametrize("text", ["", "# only a comment\n", "~\n", "---\n"])
def test_a_file_that_holds_nothing_has_no_value(text):
    document = parse_document(text, "a.yaml")
    assert (document.is_readable, document.problems) == (False, ())


def test_deep_nesting_is_a_problem_and_no_crash():
    document = parse_document("[" * 3000, "a.yaml")
    assert document.problems


def test_a_file_that_is_not_utf8_is_named_with_its_line(tmp_path):
    (tmp_path / "a.yaml").write_bytes("a: 1\nb: é\n".encode("latin-1"))
    (problem,) = read_document(tmp_path / "a.yaml", "a.yaml").problems
    assert str(problem) == "a.yaml, line 2: byte 0xe9 is not UTF-8; save the file with UTF-8 encoding"


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    (tmp_path / "a.yaml").write_bytes("\ufeffid: x\n".encode())
    assert read_document(tmp_path / "a.yaml", "a.yaml").value == {"id": "x"}


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path):
    (problem,) = read_document(tmp_path, "a.yaml").problems
    assert "the file cannot be read" in str(problem)


def test_a_data_file_in_the_wrong_place_is_not_parsed(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "LARGEST_FILE", 10)
    (tmp_path / "a.yaml").write_text("a: 123456789012345\n", encoding="utf-8")
    (problem,) = read_document(tmp_path / "a.yaml", "a.yaml").problems
    assert "more than 10 bytes" in str(problem)
