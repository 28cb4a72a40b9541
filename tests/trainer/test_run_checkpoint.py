"""Checkpoints and logs: what a kill leaves behind does not count."""

import pytest

from schemas.errors import SetupError
from trainer.folder import atomic_folder
from trainer.log import FILE, append_line, read_log, truncate_log
from trainer.run_checkpoint import (
    Progress,
    checkpoints,
    read_progress,
    save_checkpoint,
    tidy_checkpoints,
)


def save(folder, step, *, keep=2, best=None):
    progress = Progress(step=step, world_size=1, plan="p", best_step=best)
    return save_checkpoint(
        folder, progress, write=lambda f: (f / "weights").write_text(str(step)), keep=keep
    )


def names(folder):
    return [path.name for path in checkpoints(folder)]


def test_so_many_are_kept_and_the_best_beside_them(tmp_path):
    for step in (10, 20, 30, 40):
        save(tmp_path, step, best=10)
    assert names(tmp_path) == ["step-00000010", "step-00000030", "step-00000040"]


def test_one_that_is_not_complete_does_not_count_and_is_taken_away(tmp_path):
    save(tmp_path, 10)
    save(tmp_path, 20)
    (tmp_path / "step-00000020" / "complete").unlink()
    (tmp_path / ".step-00000030.1.tmp").mkdir()
    assert names(tmp_path) == ["step-00000010"]
    tidy_checkpoints(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000010"]


def test_what_fails_while_it_is_written_leaves_nothing(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_folder(tmp_path / "a") as folder:
        (folder / "x" / "y").write_text("there is no x")
    assert list(tmp_path.iterdir()) == []


def test_a_complete_folder_is_not_written_over(tmp_path):
    for text in ("first", "second"):
        with atomic_folder(tmp_path / "a") as folder:
            (folder / "x").write_text(text)
    assert (tmp_path / "a" / "x").read_text() == "first"


def test_progress_comes_back_and_damage_is_told(tmp_path):
    path = save(tmp_path, 10)
    assert read_progress(path).step == 10
    (path / "state.json").write_text("{")
    with pytest.raises(SetupError, match="is damaged"):
        read_progress(path)


def test_a_log_is_cut_at_the_step_and_keeps_every_bit_of_its_floats(tmp_path):
    for step in range(1, 6):
        append_line(tmp_path, {"step": step, "loss": 1 / 3 / step})
    with (tmp_path / FILE).open("a") as file:
        file.write('{"step": 6, "lo')
    assert [line["step"] for line in read_log(tmp_path)] == [1, 2, 3, 4, 5]
    truncate_log(tmp_path, 3)
    assert read_log(tmp_path) == [{"step": n, "loss": 1 / 3 / n} for n in (1, 2, 3)]
    append_line(tmp_path, {"step": 4})
    assert read_log(tmp_path)[-1] == {"step": 4}


def test_a_log_that_is_not_there_is_empty(tmp_path):
    assert read_log(tmp_path) == []
