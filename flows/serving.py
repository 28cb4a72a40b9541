"""The page of `merr predict --serve`: one video in, label and reasons out, on this machine alone.

A video from a page is as hostile as any: it goes the way of every build, through allow-listed
demuxers in worker processes with limits and deadlines. The page adds a limit on bytes, one clip at
a time, a name of our own for the file, and no share link, no telemetry, no look into other files.
"""

import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from flows.opened_model import OpenedModel
from flows.predict_texts import label_of
from flows.predicting import Predicted, Wish, predict
from pipeline.layout import WorkFolder
from pipeline.sources import FILMS
from schemas.errors import MerrError, SetupError

MAX_BYTES: Final = 200 * 1024**2
MAX_DURATION_S: Final = 120.0
MOST_CLIPS: Final = 8
_WAITING: Final = 8  # people in line; more are told to come again
_KEPT_S: Final = 300  # how long Gradio keeps an upload

Ask = Callable[[Wish, OpenedModel], Predicted]


def serve_page(wish: Wish, opened: OpenedModel, *, port: int) -> None:
    """Until Ctrl-C, on this machine only. SetupError without the extra `serve`."""
    if find_spec("gradio") is None:
        raise SetupError(
            "merr predict --serve: needs the extra `serve`: pip install 'merr[train,serve]'"
        )
    page = make_page(wish, opened, predict)
    page.launch(
        server_name="127.0.0.1",
        server_port=port,
        share=False,
        max_file_size=MAX_BYTES,
        max_threads=2,
        show_error=False,
        footer_links=[],
        enable_monitoring=False,
    )


def make_page(wish: Wish, opened: OpenedModel, ask: Ask) -> Any:
    """A Gradio page, not launched."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before gradio is imported
    import gradio

    one_at_a_time = threading.Lock()

    def answer(video: str | None, words: str) -> tuple[str, str]:
        if not video:
            return "no video", ""
        with one_at_a_time:
            return answer_for(Path(video), words, wish, opened, ask)

    with gradio.Blocks(
        title="merr predict", analytics_enabled=False, delete_cache=(_KEPT_S, _KEPT_S)
    ) as page:
        gradio.Markdown("# merr predict\nOne short clip, one person. It is deleted within minutes.")
        # Not gradio.Video: that one may look into the file with a program of its own.
        video = gradio.File(label="Clip", file_types=sorted(FILMS), type="filepath")
        words = gradio.Textbox(label="What is said, where it is known", max_length=500)
        button = gradio.Button("Ask")
        label, reasons = gradio.Textbox(label="Label"), gradio.Textbox(label="Reasons", lines=8)
        button.click(answer, [video, words], [label, reasons])
    page.queue(max_size=_WAITING, default_concurrency_limit=1)
    return page


def answer_for(
    video: Path, words: str, wish: Wish, opened: OpenedModel, ask: Ask
) -> tuple[str, str]:
    """(label, reasons) of one file, which is copied under a name of our own and gone afterwards.
    What is wrong with it is told; paths of this machine are not."""
    if video.suffix.lower() not in FILMS:
        return f"no video: merr takes {' '.join(sorted(FILMS))}", ""
    if video.stat().st_size > MAX_BYTES:
        return f"too large: at most {MAX_BYTES >> 20} MB", ""
    with tempfile.TemporaryDirectory(prefix="merr-page-") as folder:
        kept = Path(folder) / f"clip{video.suffix.lower()}"
        shutil.copyfile(video, kept)
        try:
            found = ask(_limited(wish, kept, words), opened)
        except MerrError as e:
            return "no answer", str(e).replace(folder, "")
        return _told(found)


def _limited(wish: Wish, video: Path, words: str) -> Wish:
    """The same limits as in a build, and a shorter one for the length."""
    media = wish.settings.media
    shorter = min(MAX_DURATION_S, media.max_duration_s)
    limits = media.model_copy(update={"max_duration_s": shorter})
    said = " ".join(words.split())
    return replace(
        wish,
        sources=(str(video),),
        work=WorkFolder(video.parent / "work"),
        settings=wish.settings.model_copy(update={"media": limits}),
        texts={video.stem: said} if said else {},
    )


def _told(found: Predicted) -> tuple[str, str]:
    clips = found.clips[:MOST_CLIPS]
    labels = "\n".join(label_of(clip) for clip in clips)
    reasons = "\n\n".join(clip.reasons or "" for clip in clips)
    fallen = "\n".join(f"{one.stage}: {one.reason}" for one in found.fallen)
    return labels or "no answer", "\n\n".join(text for text in (reasons, fallen) if text)
