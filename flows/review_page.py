"""What `merr review serve` and `merr review prepare` do."""

import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from flows.extras import need_review
from flows.session import load_run, locked, open_chain
from pipeline.layout import WorkFolder
from pipeline.pool import WorkerPool
from review.media_folder import MediaFolder
from review.preparing import Preparation, prepare
from review.release_media import prepare_from_release
from schemas.errors import SetupError

_MOST_TOLD: Final = 10


def serve_page(
    work: WorkFolder,
    db: str | None,
    *,
    host: str,
    port: int,
    names: Sequence[str],
    say: Callable[[str], None],
) -> None:
    """Until it is stopped. SetupError for what is no work folder, or a port that is taken."""
    need_review()
    from review.people import everybody
    from review.serving import is_loopback, make_server, open_house
    from review.store import open_store, review_file

    load_run(work)
    _check_port(host, port)
    store = open_store(db, default=review_file(work))
    try:
        server = make_server(open_house(work, store), host=host, port=port, names=names)
        spelt = f"[{host}]" if ":" in host else host
        say(f"http://{spelt}:{port}/login")
        if not everybody(store):
            say(f"nobody has an account yet: merr review invite {work.root} NAME --role lead")
        if not is_loopback(host):
            say("passwords travel readable over http: put a server with TLS in front of this one")
        server.run()
    finally:
        store.close()


def _check_port(host: str, port: int) -> None:
    """A server that cannot listen says so after its address, in words of its own."""
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(kind, socket.SOCK_STREAM) as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            place.bind((host, port))
        except OSError as e:
            raise SetupError(
                f"--host {host} --port {port}: cannot be listened at: {e.strerror}; give another"
            ) from e


def prepare_media(
    work: WorkFolder,
    db: str | None,
    *,
    every: bool,
    around_s: float,
    jobs: int | None,
    release: Path | None = None,
) -> Preparation:
    """`release`: has peak frames and sound of clips that the work folder does not have."""
    need_review()
    chain = open_chain(work)
    run = chain.settings.run
    slots = jobs or run.jobs or os.cpu_count() or 1
    wanted = None if every else _queued_clips(work, db)
    with (
        locked(work),
        WorkerPool(slots, log=work.log, memory_gb=run.worker_memory_gb) as pool,
    ):
        folder = MediaFolder.of(work)
        done = prepare(chain, folder, pool, clip_ids=wanted, around_s=around_s)
        elsewhere = (wanted or set()) - {
            clip.clip_id for shard in chain.shards() for clip in chain.clips(shard)
        }
        if release is None or not elsewhere:
            return replace(done, elsewhere=len(elsewhere))
        return _together(done, prepare_from_release(release, folder, clip_ids=elsewhere), elsewhere)


def _together(work: Preparation, release: Preparation, asked: set[str]) -> Preparation:
    found = release.made + release.there + len(release.failed)
    return Preparation(
        made=work.made + release.made,
        there=work.there + release.there,
        failed=work.failed + release.failed,
        elsewhere=len(asked) - found,
    )


def _queued_clips(work: WorkFolder, db: str | None) -> set[str]:
    from review.desk import queued_clips
    from review.store import open_store, review_file

    store = open_store(db, default=review_file(work))
    try:
        return queued_clips(store)
    finally:
        store.close()


def prepared_text(done: Preparation) -> str:
    lines = [f"prepared {done.made} clips, {done.there} were there"]
    lines += [f"{clip_id}: {why}" for clip_id, why in done.failed[:_MOST_TOLD]]
    if len(done.failed) > _MOST_TOLD:
        lines.append(f"and {len(done.failed) - _MOST_TOLD} more failed")
    if done.elsewhere:
        lines.append(
            f"{done.elsewhere} clips of queues are not in this work folder: --from RELEASE takes "
            "their peak frames and sound from a release that carries media"
        )
    elif not done.made and not done.there and not done.failed:
        lines = ["no queue has clips yet: merr review queue makes one, --all prepares every clip"]
    return "\n".join(lines)
