"""The texts that the chunks of a stream show: mostly each adds its delta, so that nothing has to be kept of them."""

from collections.abc import Iterable, Iterator, Sequence

from llama_index.callbacks.beautyspot.llms.answers import Response
from llama_index.core.base.llms.types import ChatMessage, CompletionResponse, TextBlock

Mode = bool | None
"""What chunks show. True: the text before and their delta; False: their delta alone; None: the text before."""
Mark = Mode | str | list[str]
"""What a chunk shows other than those before it: a mode, which holds from there on; a text in a list: the text before,
and that; a text: that. Behind those two chunks show the text before and their delta."""
Marks = Sequence[tuple[int, Mark]]
"""By the place of the chunk, in order. Without any all add their delta."""
MOST_TEXT = 1 << 20
"""Characters of texts that are kept of one stream: some models write all anew with each chunk."""


class Texts:
    """The marks of the chunks of one stream."""

    def __init__(self) -> None:
        """Begin with none."""
        self._marks: list[tuple[int, Mark]] | None = []
        self._length = 0
        self._left = -1, ""
        """The last text before those that show none, and its place."""

    @property
    def marks(self) -> Marks:
        """None at all, where they were too long."""
        return self._marks or ()

    def note(self, place: int, text: str, delta: str, before: str, /) -> Mode:
        """Remember what the chunk at `place` shows, not what the mode tells; return the mode from there on."""
        if before and not text:
            self._left = place - 1, before
        mark, mode = _mark(text, delta, before)
        if self._marks is None:
            return True
        self._marks.append((place, mark))
        self._length += len("".join(mark)) if isinstance(mark, str | list) else 0
        if self._length > MOST_TEXT:
            self._marks = None
            return True
        return mode

    def whole(self, text: str, deltas: Sequence[str | None], /) -> str:
        """Return the text of the answer, of which the last chunk shows `text`.

        A last chunk may lack its own delta, hold it alone or hold nothing, and it may correct what was said.
        """
        said = "".join(filter(None, deltas))
        if len(text) >= len(said):
            return text
        if self._are_parts(deltas):
            return said if not text or text in deltas else text
        place, text = (len(deltas) - 1, text) if text else self._left
        if deltas[place] and said.startswith(text):
            return said
        return text + "".join(filter(None, deltas[place + 1 :]))

    def _are_parts(self, deltas: Sequence[str | None]) -> bool:
        """Say whether the chunks that said something show that alone; of the first nobody can tell."""
        if all(mark is not False for _, mark in self.marks):
            return False
        marks, mode, later = dict(self.marks), True, False
        for place, delta in enumerate(deltas):
            mark = marks.get(place, mode)
            mode = True if isinstance(mark, str | list) else mark
            if delta and later and mark is not False:
                return False
            later = later or bool(delta)
        return True


def texts_of(deltas: Iterable[str | None], marks: Marks, /) -> Iterator[str]:
    """Yield the text of each chunk."""
    by_place, mode, text = dict(marks), True, ""
    for place, delta in enumerate(deltas):
        mark = by_place.get(place, mode)
        if isinstance(mark, str | list):
            text, mode = mark if isinstance(mark, str) else text + "".join(mark), True
        else:
            text, mode = _shown(mark, text, delta or ""), mark
        yield text


def text_of(response: Response, /) -> str:
    """Return the text of an answer."""
    return response.text if isinstance(response, CompletionResponse) else response.message.content or ""


def with_text(response: Response, text: str, /) -> Response:
    """Return an answer like `response`, of nothing but `text`."""
    if isinstance(response, CompletionResponse):
        return response.model_copy(update={"text": text})
    message: ChatMessage = response.message.model_copy(update={"blocks": [TextBlock(text=text)]})
    return response.model_copy(update={"message": message})


def _mark(text: str, delta: str, before: str) -> tuple[Mark, Mode]:
    """Return the mark of a chunk, and the mode behind it."""
    if text == before + delta:
        return True, True
    if delta and text == delta:
        return False, False
    if text == before:
        return None, None
    return [text[len(before) :]] if before and text.startswith(before) else text, True


def _shown(mode: Mode, before: str, delta: str) -> str:
    if mode is None:
        return before
    return before + delta if mode else delta
