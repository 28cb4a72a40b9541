"""Feature rows hold 16 bit floats exactly; a patch grid is there whole or not at all."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from schemas.arrow import arrow_schema
from schemas.errors import SetupError
from schemas.features import FeatureSet
from schemas.grid import DATA, HEAD, PatchGrid, write_grid
from schemas.maker import Maker
from schemas.parquet import read_rows, write_rows

KIND = {"encoder": "eva", "weights": "ab", "layer": "last"}


def row(vector, frames=None):
    return FeatureSet(
        clip_id="c",
        slot="audio",
        encoder="e",
        weights=None,
        layer=None,
        pooling=None,
        sampling=None,
        made_by=Maker(engine="npy", version="1"),
        vector=vector,
        frames=frames,
    )


def test_every_half_that_is_finite_comes_back_bit_for_bit(tmp_path):
    bits = np.arange(2**16, dtype=np.uint16).view(np.float16)
    halves = bits[np.isfinite(bits)]
    write_rows(tmp_path / "f.parquet", [row(tuple(halves.tolist()))], FeatureSet)
    column = pq.read_table(tmp_path / "f.parquet")["vector"].combine_chunks()
    flat = column.flatten().to_numpy(zero_copy_only=False)
    assert flat.dtype == np.float16
    assert flat.tobytes() == halves.tobytes()


def test_a_value_is_rounded_on_the_way_in_so_that_the_row_read_is_the_row_written(tmp_path):
    made = row((0.1, 1 / 3), frames=((0.1, 2.7), (1e-9, 3.3)))
    write_rows(tmp_path / "f.parquet", [made], FeatureSet)
    assert read_rows(tmp_path / "f.parquet", FeatureSet) == [made]
    assert made.vector[0] == float(np.float16(0.1))


@pytest.mark.parametrize("value", [65_520.0, -1e9, float("nan"), float("inf")])
def test_what_16_bits_do_not_hold_is_refused(value):
    with pytest.raises(ValidationError):
        row((0.0, value))


def test_the_vector_is_a_list_of_float16():
    schema = arrow_schema(FeatureSet)
    assert schema.field("vector").type.value_type == pa.float16()
    assert schema.field("frames").type.value_type.value_type == pa.float16()


def grids(n):
    made = np.random.default_rng(n).normal(size=(n, 4, 3))
    return {f"{n}-{i}": grid for i, grid in enumerate(made)}


class _Stop:
    """In the place of a grid: what happens when a run is stopped."""

    @property
    def shape(self):
        raise RuntimeError


def write(folder, given, **changes):
    with write_grid(folder, **(KIND | changes)) as add:
        for clip_id, grid in given.items():
            add(clip_id, grid)


def test_grids_of_many_folders_are_read_as_one_in_the_order_asked_for(tmp_path):
    write(tmp_path / "a", grids(3))
    write(tmp_path / "b", grids(2))
    grid = PatchGrid.open(tmp_path)
    assert len(grid) == 5
    assert grid.shape == (4, 3)
    wanted = ["2-1", "3-0", "2-1"]
    all_of = grids(3) | grids(2)
    expected = np.stack([all_of[i] for i in wanted]).astype(np.float16)
    assert np.array_equal(grid.rows(wanted), expected)
    assert "2-0" in grid
    assert "x" not in grid


def test_the_file_is_flat_little_endian_halves(tmp_path):
    write(tmp_path / "a", grids(2))
    flat = np.fromfile(tmp_path / "a" / DATA, "<f2").reshape(2, 4, 3)
    assert np.array_equal(flat, np.stack(list(grids(2).values())).astype(np.float16))


def test_a_grid_that_was_not_finished_is_not_there_and_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError):
        write(tmp_path / "a", {"c": np.zeros((4, 3)), "d": _Stop()})
    assert list(tmp_path.iterdir()) == []
    (tmp_path / ".a.1.tmp").mkdir()  # of a run that was killed
    write(tmp_path / "a", grids(1))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_grid_of_another_shape_or_beyond_16_bits_is_refused(tmp_path):
    for grid in (np.zeros((3, 3)), np.full((4, 3), 1e6)):
        with pytest.raises(ValueError, match="grid of c"):
            write(tmp_path / "a", grids(1) | {"c": grid})
    assert not (tmp_path / "a").exists()


def test_a_grid_without_a_clip_is_whole_too_and_stands_beside_others(tmp_path):
    write(tmp_path / "a", {})
    assert len(PatchGrid.open(tmp_path)) == 0
    write(tmp_path / "b", grids(2))
    assert PatchGrid.open(tmp_path).rows(["2-1"]).shape == (1, 4, 3)


def test_damage_is_told_with_what_to_do(tmp_path):
    write(tmp_path / "a", grids(2))
    with (tmp_path / "a" / DATA).open("ab") as file:
        file.write(b"x")
    with pytest.raises(SetupError, match=r"49 bytes, grid\.json speaks of 48"):
        PatchGrid.open(tmp_path / "a")
    (tmp_path / "a" / HEAD).write_text("{")
    with pytest.raises(SetupError, match="is damaged"):
        PatchGrid.open(tmp_path / "a")
    with pytest.raises(SetupError, match="is no grid"):
        PatchGrid.open(tmp_path / "none")


def test_grids_of_different_encoders_or_with_a_clip_twice_are_refused(tmp_path):
    write(tmp_path / "a", grids(2))
    write(tmp_path / "b", grids(3), encoder="other")
    with pytest.raises(SetupError, match="different encoders"):
        PatchGrid.open(tmp_path)
    write(tmp_path / "b", grids(2))
    with pytest.raises(SetupError, match="two of its grids"):
        PatchGrid.open(tmp_path)
