"""Files that are whole or not there: crashes, leftovers, locks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from increase_eval.files import BusyError, remove_leftovers, replacing, study_lock
from increase_eval.places import Places

CRASH_BETWEEN_WRITE_AND_RENAME = """
import os, signal, sys
from pathlib import Path
from increase_eval.files import replacing
with replacing(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_file_takes_the_place_of_the_last_one(tmp_path: Path) -> None:
    path = tmp_path / "a" / "f"
    for content in (b"first", b"second"):
        with replacing(path) as file:
            file.write(content)
    assert path.read_bytes() == b"second"
    assert [entry.name for entry in path.parent.iterdir()] == ["f"]


def test_an_error_in_the_block_leaves_the_last_file_and_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"first")
    with pytest.raises(RuntimeError, match="halfway"), replacing(path) as file:
        file.write(b"sec")
        raise RuntimeError("halfway")
    assert path.read_bytes() == b"first"
    assert [entry.name for entry in tmp_path.iterdir()] == ["f"]


def test_two_writers_at_once_do_not_mix_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "f"
    with replacing(path) as one, replacing(path) as other:
        one.write(b"one")
        other.write(b"other")
    assert path.read_bytes() == b"one"  # the outer block ends last
    assert [entry.name for entry in tmp_path.iterdir()] == ["f"]


def test_a_killed_writer_leaves_the_last_file_and_its_leftover_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"first")
    process = subprocess.run([sys.executable, "-c", CRASH_BETWEEN_WRITE_AND_RENAME, str(path)], check=False)
    assert process.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"first"
    assert len(list(tmp_path.iterdir())) == 2
    assert len(remove_leftovers(tmp_path)) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["f"]


def test_a_temporary_file_that_is_being_written_is_no_leftover(tmp_path: Path) -> None:
    path = tmp_path / "f"
    with replacing(path) as file:
        file.write(b"whole")
        assert remove_leftovers(tmp_path) == ()
    assert path.read_bytes() == b"whole"


def test_leftovers_of_a_folder_that_is_not_there_are_none(tmp_path: Path) -> None:
    assert remove_leftovers(tmp_path / "nowhere") == ()


def test_a_study_has_one_lock_and_the_message_names_the_holder(tmp_path: Path) -> None:
    places = Places(tmp_path)
    with (
        study_lock(places, "one"),
        pytest.raises(BusyError, match=f"process {os.getpid()}.*study 'one'"),
        study_lock(places, "one"),
    ):
        pass


def test_the_lock_of_one_study_does_not_hold_up_another_and_is_let_go(tmp_path: Path) -> None:
    places = Places(tmp_path)
    with study_lock(places, "one"), study_lock(places, "two"):
        pass
    with study_lock(places, "one"):
        pass


def test_a_killed_holder_lets_the_lock_go(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from increase_eval.files import study_lock;"
        "from increase_eval.places import Places\n"
        "with study_lock(Places(Path(sys.argv[1])), 'one'): os.kill(os.getpid(), signal.SIGKILL)"
    )
    process = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert process.returncode == -signal.SIGKILL
    with study_lock(Places(tmp_path), "one"):
        pass
