"""Token ids of a sample: words by the tokenizer, places of features by code."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol, Self

from schemas.errors import SetupError
from schemas.instruction import Layout, Marker, Piece, Place, Token, Turn, Words, pieces

# Below zero, so that no tokenizer can make them out of words; never IGNORED.
SENTINELS: Final[dict[Marker, int]] = {
    "grid": -1,
    "face": -2,
    "motion": -3,
    "audio": -4,
    "image": -5,
}
IGNORED: Final = -100  # a label that is not wanted (torch's ignore_index)

AnswerTransform = Literal["as_is", "original"]
_MAX_WORDS: Final = 200  # of the original's caption processor


class Tokenizer(Protocol):
    """What is used of a Hugging Face tokenizer."""

    bos_token_id: int | None
    eos_token_id: int | None

    def __call__(
        self, text: str, *, add_special_tokens: bool, split_special_tokens: bool
    ) -> Mapping[str, list[int]]: ...

    def get_vocab(self) -> Mapping[str, int]: ...


@dataclass(frozen=True)
class Sequence:
    """One sample, unpadded. Sentinels (< 0) stand where embeddings of features come in."""

    ids: list[int]
    labels: list[int]  # IGNORED but for the answer and its end


class SequenceFormat(Protocol):
    """The fields of EmotionLlamaConfig that decide a sequence."""

    layout: Layout
    turn: Turn
    answer: AnswerTransform
    markers: tuple[Marker, ...]
    grid_tokens: int


@dataclass(frozen=True)
class SequenceMaker:
    """Makes the sequence of a sample: the same for training and for inference."""

    tokenizer: Tokenizer
    layout: Layout
    turn: Turn
    answer: AnswerTransform
    markers: tuple[Marker, ...]
    grid_tokens: int

    @classmethod
    def of(cls, config: SequenceFormat, tokenizer: Tokenizer) -> Self:
        """`config`: an EmotionLlamaConfig."""
        return cls(
            tokenizer=tokenizer,
            layout=config.layout,
            turn=config.turn,
            answer=config.answer,
            markers=config.markers,
            grid_tokens=config.grid_tokens,
        )

    def prompt(self, instruction: str, present: Collection[Marker]) -> Sequence:
        """What inference reads: everything up to where the answer begins. Of `present`, what the
        model has no projector for is left out."""
        seen = [marker for marker in present if marker in self.markers]
        ids = self._beginning()
        for piece in pieces(instruction, seen, layout=self.layout, turn=self.turn):
            ids += self._ids(piece)
        return Sequence(ids, [IGNORED] * len(ids))

    def sample(self, instruction: str, target: str, present: Collection[Marker]) -> Sequence:
        """What training reads: the prompt, then the answer and its end, which alone are wanted."""
        prompt = self.prompt(instruction, present)
        answer = self.answer_ids(target)
        return Sequence(prompt.ids + answer, prompt.labels + answer)

    def answer_ids(self, target: str) -> list[int]:
        """An answer as it is learned: transformed, a segment of its own, and its end."""
        return [*self._words(transform(target, self.answer)), self.end_id]

    @property
    def end_id(self) -> int:
        """The token that ends an answer."""
        if self.tokenizer.eos_token_id is None:
            raise SetupError("the tokenizer has no eos_token, so no answer could end: set one")
        return self.tokenizer.eos_token_id

    def _beginning(self) -> list[int]:
        """BOS once; twice as the original's evaluation had it ("<s>" and the tokenizer's own)."""
        if self.tokenizer.bos_token_id is None:
            return []
        return [self.tokenizer.bos_token_id] * (2 if self.layout == "published-eval" else 1)

    def _ids(self, piece: Piece) -> list[int]:
        match piece:
            case Words(text):
                return self._words(text)
            case Token(name):
                return [self._special(name)]
            case Place(marker):
                return [SENTINELS[marker]] * (self.grid_tokens if marker == "grid" else 1)

    def _words(self, text: str) -> list[int]:
        """Text as text: "</s>" in it becomes sub-words, not the end of a sequence."""
        if not text:
            return []
        return self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)[
            "input_ids"
        ]

    def _special(self, name: str) -> int:
        found = self.tokenizer.get_vocab().get(name)
        if found is None:
            raise SetupError(
                f"turn {self.turn!r} needs the token {name}, which the tokenizer does not have: "
                "choose another turn"
            )
        return found


def transform(target: str, how: AnswerTransform) -> str:
    """The answer to learn. "original" is what Emotion-LLaMA trained on (blip_caption): lower case,
    eleven kinds of punctuation as blanks, at most 200 words."""
    if how == "as_is":
        return target
    blanked = re.sub(r'[.!"()*#:;~]', " ", target.lower())
    return " ".join(re.sub(r"\s{2,}", " ", blanked).strip().split(" ")[:_MAX_WORDS])


def turn_of(tokenizer: Tokenizer) -> Turn:
    """The turn that a tokenizer knows: ChatML where it has its tokens, else Llama-2's."""
    return "chatml" if "<|im_start|>" in tokenizer.get_vocab() else "llama-2"
