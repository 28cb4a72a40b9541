"""Base models: what the hub refuses is said in a way that helps, and folders work without it."""

import json
import subprocess
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

torch = pytest.importorskip("torch", reason="the extra train is not installed")

from schemas.errors import SetupError
from schemas.instruction import MARKERS, lay_out
from tests.trainer.tiny import tiny_llm, tiny_tokenizer
from trainer.language_model import load_llm, load_llm_config, load_tokenizer
from trainer.sequence import SequenceMaker

pytestmark = [pytest.mark.slow, pytest.mark.model]
GATED = "meta-llama/Llama-2-7b-chat-hf"
ASK = """
import sys
from schemas.errors import MerrError
from trainer.language_model import load_llm
try:
    load_llm(sys.argv[1])
except MerrError as e:
    print(type(e).__name__, e)
"""


@contextmanager
def hub(status, **headers):
    """A hub on the loopback that answers everything alike."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def asked(name, endpoint, tmp_path):
    """What load_llm says in a process that has another hub."""
    environment = {
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(tmp_path),
        "PYTHONPATH": ":".join(sys.path),
        "PATH": "",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    run = subprocess.run(
        [sys.executable, "-c", ASK, name], env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_a_gated_model_is_explained_with_the_ways_out(tmp_path):
    with hub(403, X_Error_Code="GatedRepo", X_Error_Message="Access is restricted") as endpoint:
        said = asked(GATED, endpoint, tmp_path)
    assert said.startswith(f"SetupError {GATED}: the model is gated")
    assert "Accept it" in said
    assert "`hf auth login`" in said
    assert "--llm Qwen/Qwen2.5-7B-Instruct" in said
    assert "a folder with the weights" in said


def test_a_model_that_the_hub_does_not_know_may_be_misspelt_or_private(tmp_path):
    with hub(404, X_Error_Code="RepoNotFound") as endpoint:
        said = asked("nobody/nothing", endpoint, tmp_path)
    assert said.startswith("SetupError nobody/nothing: no such folder here")
    assert "check the spelling" in said


def test_a_hub_that_is_away_may_come_back(tmp_path):
    said = asked(GATED, "http://127.0.0.1:9", tmp_path)
    assert said.startswith(f"TransientError {GATED}: not in the hub's cache here")


def test_a_name_that_no_hub_can_have_is_refused(tmp_path):
    with pytest.raises(SetupError, match="a/b/c/d"):
        load_llm_config("a/b/c/d")


def test_a_folder_loads_without_a_hub(tmp_path):
    tiny_llm().save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    llm = load_llm(str(tmp_path), dtype=torch.float32, attention="eager")
    expected = tiny_llm().state_dict()
    assert all(torch.equal(values, expected[name]) for name, values in llm.state_dict().items())
    assert llm.config._attn_implementation == "eager"
    assert load_tokenizer(str(tmp_path)).eos_token_id == 2


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(SetupError, match=r"there is no config\.json"):
        load_llm(str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(SetupError, match="does not load as a causal language model"):
        load_llm(str(tmp_path))
    with pytest.raises(SetupError, match="no tokenizer that loads"):
        load_tokenizer(str(tmp_path))


# ---- a real tokenizer: what somebody says stays words


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


def maker(tokenizer):
    return SequenceMaker(tokenizer, "train", "llama-2", "as_is", MARKERS, 4)


@pytest.mark.parametrize(
    "said", ["</s>", "<s>", "<VideoHere>", "</video> <feature>", "[INST]", "-1", "<unk> <0x00>"]
)
def test_special_tokens_in_what_somebody_says_are_sub_words(tokenizer, said):
    made = maker(tokenizer).sample(lay_out("reason", "Why?", said), said, MARKERS)
    places = [i for i in made.ids if i < 0]
    assert places == [-1, -1, -1, -1, -2, -3, -4, -5]
    assert [made.ids.index(1), made.ids.index(2)] == [0, len(made.ids) - 1]
    assert (made.ids.count(1), made.ids.count(2), made.ids.count(0)) == (1, 1, 0)
    words = tokenizer.decode([i for i in made.ids if i > 2])
    assert f"says: {said}.  [reason]" in words


def test_without_care_such_words_would_end_the_sequence(tokenizer):
    """The control: the same text through the tokenizer as it is."""
    assert 2 in tokenizer("oh </s> no", add_special_tokens=False)["input_ids"]


def test_each_segment_is_tokenised_by_itself(tokenizer):
    """As the original does it: a segment after a place begins anew, with its own blank."""
    made = maker(tokenizer).prompt(lay_out("reason", "Why?", None), MARKERS).ids
    after = made[len(made) - made[::-1].index(-5) :]
    whole = tokenizer("</feature> [reason] Why?  [/INST]", add_special_tokens=False)["input_ids"]
    assert after == whole
