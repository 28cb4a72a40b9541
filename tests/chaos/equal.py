"""Byte for byte comparisons of work folders and releases."""

from pathlib import Path

from tests.chaos.running import House

MADE = ("parts", "shards", "batches")


def assert_nothing_half_made(house: House, calm: House) -> None:
    """Whatever a name shows in a work folder is already what an undisturbed run makes of it."""
    found, whole = contents(house.work), contents(calm.work)
    for name, data in found.items():
        assert name in whole, f"{name} is not what an undisturbed run makes"
        assert data == whole[name], f"{name} differs from an undisturbed run's"


def assert_same_work(house: House, calm: House) -> None:
    assert_same(contents(house.work), contents(calm.work))


def assert_same_release(house: House, calm: House) -> None:
    assert house.ask("verify", str(house.release))[0] == 0
    assert_same(tree(house.release), tree(calm.release))


def assert_same(found: dict[str, bytes], expected: dict[str, bytes]) -> None:
    assert sorted(found) == sorted(expected)
    assert [name for name in expected if found[name] != expected[name]] == []


def contents(work: Path) -> dict[str, bytes]:
    """Parts, shards and batches by path; not the files that a dead run left unfinished."""
    return {
        f"{folder}/{name}": data
        for folder in MADE
        for name, data in tree(work / folder).items()
        if not Path(name).name.startswith(".")
    }


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def unfinished(folder: Path) -> list[str]:
    """Files and folders that were being written when their run died."""
    return [path.relative_to(folder).as_posix() for path in folder.rglob(".*.tmp")]
