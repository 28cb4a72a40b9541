"""The page in a process of its own, asked over HTTP: what it said, as JSON. Gradio leaves sockets
and loops open, which are warnings, and warnings are errors in tests.

    python -m tests.flows.page_alone VIDEO OTHER_FILE
"""

import json
import sys
from pathlib import Path

import httpx

from flows.predicting import Predicted, PredictedClip, Wish
from flows.serving import make_page
from pipeline.layout import WorkFolder
from pipeline.settings import Settings
from schemas.label import load_vocabulary
from tests.flows.said import CLIP, MODEL


def main(video: str, other: str) -> None:
    from gradio_client import Client, handle_file

    def ask(wish: Wish, _: object) -> Predicted:
        size = len(Path(wish.sources[0]).read_bytes())
        clip: PredictedClip = CLIP.model_copy(update={"reasons": f"{size} bytes"})
        return Predicted((clip,), (), MODEL)

    wish = Wish((), WorkFolder(Path(other).parent), Settings(), load_vocabulary("merr9"))
    page = make_page(wish, None, ask)  # type: ignore[arg-type]
    page.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, share=False)
    client = Client(page.local_url, verbose=False)
    told = client.predict(handle_file(video), "", api_name="/answer")
    urls = [f"{page.local_url}gradio_api/file={path}" for path in (other, "/etc/passwd")]
    statuses = [httpx.get(url).status_code for url in urls]
    sys.stdout.write(f"\n{json.dumps({'told': list(told), 'statuses': statuses})}\n")
    page.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
