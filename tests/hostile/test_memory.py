"""What a worker holds does not grow with the films it has seen."""

import psutil
import pytest

from pipeline.container import MediaLimits
from pipeline.pool import WorkerPool
from tests.hostile.films import encode, enlarged, pictures_of

FILMS = 24
GROWS_BY = 40e6  # a picture in 4K as it is decoded has 12 MB, its decoder holds some more


@pytest.fixture
def film(tmp_path):
    pictures = [enlarged(picture, 3840, 2160) for picture in pictures_of("smile")[:2]]
    return encode(tmp_path / "4k.mp4", pictures)


def test_a_worker_keeps_no_picture_of_a_film_it_is_done_with(film, tmp_path):
    payload = {
        "path": str(film),
        "video_id": "v",
        "size_bytes": 1,
        "limits": MediaLimits().model_dump(mode="json"),
    }
    before = set(psutil.Process().children())
    with WorkerPool(1, log=tmp_path / "log", memory_gb=3) as pool:
        held = []
        for _ in range(FILMS):
            pool.call("probe", payload, deadline_s=60)
            (worker,) = set(psutil.Process().children()) - before
            held.append(worker.memory_info().rss)
    assert max(held) < held[3] + GROWS_BY, [rss >> 20 for rss in held]
