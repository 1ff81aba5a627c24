"""The texts that the chunks of a stream show: mostly what was said so far, so that nothing has to be kept of them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat

from llama_index.callbacks.beautyspot.llms.answers import Response
from llama_index.core.base.llms.types import ChatMessage, CompletionResponse, TextBlock

Mark = bool | str | list[str]
"""What a chunk shows. True: what was said so far; False: its own part alone; a text in a list: what the chunk before
shows, and that; a text: that."""
MOST_TEXT = 1 << 20
"""Characters of texts that are kept of one stream: some models write all anew with each chunk."""


class Texts:
    """The marks of the chunks of one stream, those alone that don't show what was said so far."""

    def __init__(self) -> None:
        """Begin with none."""
        self._marks: dict[int, Mark] | None = {}
        self._length = 0
        self._before: tuple[int, str] = -2, ""
        """The last that got a mark: its place and text."""

    def note(self, place: int, text: str, delta: str | None, /) -> None:
        """Remember what the chunk at `place` shows: not what was said so far."""
        if self._marks is None:
            return
        before_place, before = self._before
        mark: Mark = text
        if text == (delta or ""):
            mark = False
        elif before_place == place - 1 and text.startswith(before):
            mark = [text[len(before) :]]
        self._before = place if isinstance(mark, str | list) else -2, text
        self._length += len(mark if isinstance(mark, str) else "".join(mark or ()))
        self._marks[place] = mark
        if self._length > MOST_TEXT:
            self._marks = None

    def tells(self, place: int, /) -> bool:
        """Say whether the chunk at `place` shows what neither it nor those before said."""
        return isinstance((self._marks or {}).get(place), str | list)

    def are_parts(self, places: Sequence[int], /) -> bool:
        """Say whether the chunks at `places`, which said something, hold their own part of it alone."""
        marks = self._marks or {}
        return len(places) > 1 and all(marks.get(place) is False for place in places[1:])

    def marks(self, places: Iterable[int], /) -> list[Mark]:
        """Return the marks of the chunks at `places`."""
        marks = self._marks or {}
        return [marks.get(place, True) for place in places]


def texts_of(deltas: Iterable[str | None], marks: Iterable[Mark], /) -> Iterator[str]:
    """Yield the text of each chunk; those without a mark show what was said so far."""
    said = text = ""
    for delta, mark in zip(deltas, chain(marks, repeat(True)), strict=False):
        said += delta or ""
        if isinstance(mark, bool):
            text = said if mark else delta or ""
        else:
            text = mark if isinstance(mark, str) else text + "".join(mark)
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
