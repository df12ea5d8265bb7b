"""The command line: every command helps, says what it did, and returns an honest code."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import increase_eval
from increase_eval.cli.app import app, main
from increase_eval.errors import IncreaseEvalError

TINY = Path(__file__).resolve().parents[2] / "data" / "tiny"
COMMANDS = sorted(command.name for command in app.registered_commands)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("INCREASE_EVAL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("INCREASE_EVAL_KEY", "a secret of the tests that is long enough")
    shutil.copytree(TINY / "raw", tmp_path / "home" / "data" / "raw" / "tiny")
    return tmp_path / "home"


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line in this process; give its exit code, output and complaints."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["increase-eval", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(run, command):
    code, out, _ = run(command, "--help")
    assert code == 0
    assert "Examples:" in out
    assert f"increase-eval {command}" in out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_example_stands_whole_on_a_line_of_its_own(run, command):
    lines = run(command, "--help")[1].partition("Examples:")[2].strip().splitlines()
    assert lines
    assert all(line.strip().startswith(f"increase-eval {command}") for line in lines)


def test_the_list_of_commands_says_each_sentence_to_its_end(run):
    code, out, _ = run("--help")
    assert code == 0
    assert "..." not in out.replace("[ARGS]...", "")


def test_the_version_is_told(run):
    assert run("--version")[:2] == (0, f"increase-eval {increase_eval.__version__}\n")


def test_the_package_can_be_run_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "increase_eval.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"increase-eval {increase_eval.__version__}\n"


def test_the_wrong_command_for_raw_files_names_the_right_one(run):
    for study, wrong, right in (("help", "simulate", "example"), ("increase_vs", "example", "simulate")):
        code, _, err = run(wrong, study)
        assert code == 3
        assert err.endswith(f"are written by: increase-eval {right} {study}\n")


def test_validate_says_how_the_raw_files_of_an_example_are_made(run, tmp_path, monkeypatch):
    monkeypatch.setenv("INCREASE_EVAL_HOME", str(tmp_path))
    for study, command in (("help", "example"), ("increase_vs", "simulate")):
        code, out, _ = run("validate", study)
        assert code == 4
        assert out.endswith(f"can be made: increase-eval {command} {study}\n")
    code, out, _ = run("validate", TINY)
    assert code == 4
    assert "can be made" not in out


def test_help_comes_at_once_since_it_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['increase-eval', '--help']\n"
        "from increase_eval.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('pandas', 'numpy', 'dagster', 'matplotlib', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


def test_wrong_use_is_code_2(run):
    assert run("no-such-command")[0] == 2
    assert run("codebook", TINY, "--format", "pdf")[0] == 2
    assert run("report")[0] == 2


def test_an_unknown_study_is_a_contract_error_with_a_near_name(run):
    code, _, err = run("run", "hepl")
    assert code == 3
    assert "help" in err


def test_missing_raw_files_are_a_data_error_that_says_where_to_put_them(run, tmp_path, monkeypatch):
    monkeypatch.setenv("INCREASE_EVAL_HOME", str(tmp_path))
    code, _, err = run("run", TINY)
    assert code == 4
    assert str(tmp_path / "data" / "raw" / "tiny") in err


def test_studies_are_listed_as_words_and_as_json(run):
    code, out, _ = run("studies")
    assert code == 0
    assert "waves" in out
    code, out, _ = run("studies", "--json")
    listed = json.loads(out)
    assert {"study", "waves", "able_to", "contract"} <= set(listed[0])


def test_a_dry_run_makes_nothing(run, home):
    code, out, _ = run("run", TINY, "--dry-run")
    assert code == 0
    assert "A run would make" in out
    assert not (home / "data" / "stored").exists()


def test_validate_stores_nothing_and_writes_the_full_list(run, home, tmp_path):
    code, out, _ = run("validate", TINY, "--csv", tmp_path / "list.csv", "--html", tmp_path / "list.html")
    assert code == 0
    assert "wrote" in out
    assert (tmp_path / "list.csv").stat().st_size > 100
    assert not (home / "data" / "stored").exists()
    code, out, _ = run("validate", TINY, "--json")
    assert json.loads(out)["can_be_taken_in"]


def test_validate_lists_the_guesses_of_a_draft_that_nobody_has_checked(run, home, tmp_path):
    assert json.loads(run("validate", TINY, "--json")[1])["open_checks"] == []
    draft = shutil.copytree(TINY, tmp_path / "tiny")
    text = (draft / "study.yaml").read_text(encoding="utf-8")
    (draft / "study.yaml").write_text(f"{text}\n# CHECK: who collected the data\n", encoding="utf-8")
    line = text.count("\n") + 2
    assert json.loads(run("validate", draft, "--json")[1])["open_checks"] == [
        f"study.yaml, line {line}: who collected the data"
    ]
    _, out, _ = run("validate", draft)
    assert "The contract has 1 guess to check" in out
    assert f"  - study.yaml, line {line}: who collected the data" in out


def test_validate_writes_proposed_links_with_the_columns_of_corrections(run, home, tmp_path):
    code, out, _ = run("validate", TINY, "--links", tmp_path / "proposed_links.csv")
    assert code == 0
    assert "wrote" in out
    header = (tmp_path / "proposed_links.csv").read_text("utf-8-sig").splitlines()[0]
    assert header.startswith("file,sha256,row,action,to_file,to_sha256,to_row,note")
    assert json.loads(run("validate", TINY, "--json")[1])["proposed_links"] == 0


def test_answers_are_shown_to_a_person_and_never_to_a_script(run, home):
    assert run("validate", TINY, "--show-values", "--json")[0] == 2


def test_a_run_says_what_it_did_and_the_next_one_has_nothing_to_do(run, home):
    code, out, err = run("run", TINY)
    assert code == 0, out + err
    assert "rows read = accepted + duplicate + quarantined" in out
    assert "report.en.html" in out
    assert "report.fr.html" in out
    code, out, _ = run("run", TINY, "--json")
    again = json.loads(out)
    assert code == 0
    assert again["ok"]
    assert not again["stored"]
    code, out, _ = run("export", TINY, "--format", "csv", "--table", "score_summary")
    assert code == 0
    assert "score_summary.csv" in out
    code, _, err = run("export", TINY, "--format", "csv", "--table", "scores")
    assert code == 7
    assert "--microdata" in err or "microdata" in err
    code, out, _ = run("codebook", TINY, "--format", "csv", "--language", "fr")
    assert code == 0
    assert "codebook.fr.csv" in out


def test_nothing_to_export_yet_says_what_to_do_first(run, home):
    code, _, err = run("export", TINY)
    assert code == 4
    assert "increase-eval run" in err


def test_a_draft_of_a_contract_is_written(run, home, tmp_path):
    data = tmp_path / "answers.csv"
    data.write_text("id,group,mood1,mood2\n" + "".join(f"{i},{i % 2},{i % 5 + 1},{i % 4 + 1}\n" for i in range(40)))
    code, out, err = run("new-study", "mystudy", "--from", data, "--into", tmp_path / "contracts")
    assert code == 0, err
    assert "study.yaml" in out
    assert (tmp_path / "contracts" / "mystudy" / "study.yaml").is_file()


def test_the_text_of_an_unforeseen_error_is_not_shown(run, monkeypatch):
    def fail(_):
        raise RuntimeError("the answer of Mrs Miller is 4")

    monkeypatch.delenv("INCREASE_EVAL_DEBUG", raising=False)
    monkeypatch.setattr("increase_eval.study.load_study", fail)
    code, out, err = run("run", "help")
    assert code == 1
    assert "RuntimeError" in err
    assert "Miller" not in out + err


def test_every_kind_of_error_has_a_code_of_its_own():
    kinds = IncreaseEvalError.__subclasses__()
    codes = [kind.exit_code for kind in kinds if "exit_code" in vars(kind)]
    assert len(codes) == len(set(codes))
    assert 2 not in codes
