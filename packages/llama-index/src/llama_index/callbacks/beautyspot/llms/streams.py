"""Streams: passed through chunk by chunk and kept when they end normally, replayed on a hit."""

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from itertools import accumulate, chain, repeat
from typing import Any, Self

from beautyspot.flight import Claim
from beautyspot.recording import NOTHING_KNOWN

from llama_index.callbacks.beautyspot.asking import running
from llama_index.callbacks.beautyspot.llms.answers import Response, is_cut_short
from llama_index.callbacks.beautyspot.llms.cache import LLMCache, Lookup
from llama_index.callbacks.beautyspot.llms.call import Call
from llama_index.callbacks.beautyspot.llms.kept import Answer
from llama_index.callbacks.beautyspot.llms.telling import Telling
from llama_index.callbacks.beautyspot.llms.texts import Marks, Mode, Texts, text_of, texts_of, with_text
from llama_index.callbacks.beautyspot.recorder.usage import usage_of
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, TextBlock

LAST = 4
"""Chunks at the end that are looked at: usage and the reason of the end come in one each, behind the text."""
THOUGHT = "thinking_delta"
OF_MESSAGE = "beautyspot:message"
"""Under which lies what the message of a chunk tells beside."""


class Recording:
    """The chunks of one stream so far, and when it began.

    Its seconds are those until its end, as its events tell them: to read a clock twice for each token would cost more
    than all the rest here does.
    """

    def __init__(self, cache: LLMCache, call: Call, lookup: Lookup, claim: Claim | None) -> None:
        """Start an empty recording of `call`, which `claim` leads."""
        self.cache, self.call, self.lookup, self.claim = cache, call, lookup, claim
        self._start_s = cache.clock.monotonic()
        self._is_chat = call.family == "chat"
        self._deltas: list[str | None] = []
        self._thoughts: dict[int, str] = {}
        """What a chunk adds to what the model thinks, by its place."""
        self._raws: list[Any] = []
        self._besides: dict[int, dict[str, Any]] = {}
        """What a chunk tells beside, by its place."""
        self._blocks: list[Any] | None = None
        """Of the last chunk, if they are more than one text."""
        self._role: Any = None
        self._logprobs: Any = None
        self._texts = Texts()
        self._mode: Mode = True
        self._text = ""
        """That the last chunk shows."""

    def begun(self) -> Self:
        """Return itself, as the owner of the claim: the stream outlives the call that gives it."""
        if self.claim is not None:
            self.claim.hand_over()
        return self

    @contextmanager
    def beginning(self) -> Generator[None]:
        """Have the first chunk made in this block: until then streams read settings and call other entry points."""
        with running(self.call.llm), self.lookup.watch or nullcontext():
            yield
            self.lookup = self.cache.settled(self.call, self.lookup)

    def add(self, chunk: Any) -> Any:
        """Remember a chunk as it is now, and return it."""
        # For every token, of which LlamaIndex itself makes one in 6 µs: nothing here that can wait for the end. What
        # may change can't, as the reader does what it likes to a chunk, and OpenAI's class takes calls of tools out of
        # one that it was given. `raw` is the exception: to copy it would cost more than all the rest.
        if chunk.additional_kwargs:
            self._add_beside(chunk.additional_kwargs)
        given = chunk.delta
        delta = given or ""
        if self._is_chat:
            message = chunk.message
            if message.additional_kwargs:
                self._add_beside({OF_MESSAGE: message.additional_kwargs})
            blocks, self._role = message.blocks, message.role
            if len(blocks) == 1 and type(blocks[0]) is TextBlock:
                self._blocks, text = None, blocks[0].text
            else:
                self._blocks, text = _copied(blocks), text_of(chunk)
        else:
            text = chunk.text
        # Exact, at one copy of the text, as LlamaIndex makes: a correction may be as long as what it corrects.
        before, mode = self._text, self._mode
        if text != (before + delta if mode else before if mode is None else delta):
            self._mode = self._texts.note(len(self._deltas), text, delta, before)
        self._text = text
        self._deltas.append(given)
        self._raws.append(chunk.raw)
        self._logprobs = chunk.logprobs
        return chunk

    def _add_beside(self, told: dict[str, Any]) -> None:
        place = len(self._deltas)
        if THOUGHT in told:
            self._thoughts[place] = told[THOUGHT]
        rest = {name: told[name] for name in told if name != THOUGHT}
        if rest:
            self._besides.setdefault(place, {}).update(_copied(rest))

    def fail(self, error: BaseException) -> None:
        """Count a stream that raised; one that its consumer closed early is neither an error nor kept.

        Whoever waits for it asks the model in its turn: a connection that broke says nothing of the next.
        """
        if isinstance(error, Exception):
            self.lookup.question.tally.miss(0.0, failed=True)
        self.end()

    def finish(self) -> None:
        """Count and keep a stream that ended normally."""
        if not self._deltas:
            self.lookup.question.tally.miss(0.0, failed=False)
            return
        end = len(self._deltas)
        last = [self._completion(place) for place in range(max(0, end - LAST), end)]
        usages = [usage for chunk in last if (usage := usage_of(chunk)) is not NOTHING_KNOWN]
        tokens = usages[-1].total_tokens if usages else None
        cut_short = any(map(is_cut_short, last))
        answer = Answer(self._whole(), tokens=tokens, cut_short=cut_short)
        answer = self._with_parts(answer, self._places())
        self.cache.keep(self.lookup, answer, self.cache.clock.monotonic() - self._start_s, self.claim)

    def end(self) -> None:
        """Let those who wait go on, if that wasn't done."""
        if self.claim is not None:
            self.claim.abandon()

    def _whole(self) -> Response:
        place = len(self._deltas) - 1
        text, last = self._texts.whole(self._text, self._deltas), self._completion(place)
        if not self._is_chat:
            return last.model_copy(update={"text": text, "logprobs": self._logprobs})
        blocks = self._blocks
        if blocks is None or (self._are_texts() and text != self._text):
            blocks = [TextBlock(text=text)]
        more = self._besides.get(place, {}).get(OF_MESSAGE, {})
        message = ChatMessage.model_construct(role=self._role, blocks=blocks, additional_kwargs=more)
        told: dict[str, Any] = {"message": message, "logprobs": self._logprobs, "additional_kwargs": self._told(place)}
        return ChatResponse.model_construct(delta=last.delta, raw=last.raw, **told)

    def _completion(self, place: int) -> CompletionResponse:
        """Return what the chunk at `place` told, but for its text and its message."""
        told: dict[str, Any] = {"raw": self._raws[place], "additional_kwargs": self._told(place)}
        return CompletionResponse(text="", delta=self._deltas[place], **told)

    def _told(self, place: int) -> dict[str, Any]:
        besides = self._besides.get(place, {})
        told = {name: besides[name] for name in besides if name != OF_MESSAGE}
        return {**told, THOUGHT: self._thoughts[place]} if place in self._thoughts else told

    def _are_texts(self) -> bool:
        return self._blocks is None or all(isinstance(block, TextBlock) for block in self._blocks)

    def _with_parts(self, answer: Answer, places: Sequence[int]) -> Answer:
        """Add what the chunks at `places` gave, if any gave a part of the answer."""
        marks = self._marks(answer.response, places)
        if not (self._thoughts or any(self._deltas) or (marks and marks[0][0] < len(places) - 1)):
            return answer
        told = places[:-1]  # the last chunk is the answer
        return answer._replace(
            deltas=self._deltas if len(told) == len(self._deltas) - 1 else [self._deltas[place] for place in places],
            thoughts=[self._thoughts.get(place) for place in places] if self._thoughts else None,
            raws=[self._raws[place] for place in told] if any(self._raws) else (),
            besides=[self._besides.get(place, {}) for place in told] if self._besides else (),
            texts=marks,
        )

    def _marks(self, whole: Response, places: Sequence[int]) -> Marks:
        """Return the marks of the chunks at `places`; the last shows the whole answer if it has none."""
        marks, end = [*self._texts.marks], len(self._deltas) - 1
        is_marked = bool(marks) and marks[-1][0] == end
        if self._text == text_of(whole):
            del marks[len(marks) - is_marked :]
        elif not is_marked:
            marks.append((end, self._mode))
        if len(places) <= end:
            kept = {place: number for number, place in enumerate(places)}
            return [(kept[place], mark) for place, mark in marks]
        return marks

    def _places(self) -> Sequence[int]:
        """Return which chunks are kept: all, but of calls of tools those that tell something, and the last.

        A call of a tool comes whole in the last chunk, so what showed it grow has nothing to show.
        """
        end = len(self._deltas) - 1
        if self._are_texts():
            return range(end + 1)
        telling = {end, *self._thoughts, *(place for place, _ in self._texts.marks)}
        return [place for place, delta in enumerate(self._deltas) if delta or place in telling]


def _copied(value: Any) -> Any:
    try:
        return deepcopy(value)
    except Exception:  # noqa: BLE001 - of whatever a provider added; then as it is, for the serializer to judge
        return value


def recorded(source: Iterator[Response], recording: Recording) -> Generator[Response]:
    """Pass the chunks of `source` through, and keep them once it ends normally."""
    try:
        with recording.beginning():
            first = next(source, None)
        if first is not None:
            yield recording.add(first)
            yield from map(recording.add, source)  # half the time of a loop
    except BaseException as error:
        recording.fail(error)
        if isinstance(error, GeneratorExit) and hasattr(source, "close"):
            source.close()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] - of a generator
        raise
    recording.finish()
    recording.end()


async def recorded_async(source: AsyncIterator[Response], recording: Recording) -> AsyncGenerator[Response]:
    """Do as `recorded`; the event loop goes on while chunks are kept."""
    try:
        with recording.beginning():
            first = await anext(source, None)
        if first is not None:
            yield recording.add(first)
            async for chunk in source:
                yield recording.add(chunk)
    except BaseException as error:
        recording.fail(error)
        if isinstance(error, GeneratorExit) and hasattr(source, "aclose"):
            await source.aclose()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] - as above
        raise
    await recording.cache.in_thread(recording.finish)
    recording.end()


def replayed(answer: Answer, telling: Telling) -> Generator[Response]:
    """Yield the chunks of a kept answer."""
    with telling.ending(answer.response):
        for chunk in chunks_of(answer):
            telling.progress(chunk)
            yield chunk


async def replayed_async(answer: Answer, telling: Telling) -> AsyncGenerator[Response]:
    """Do as `replayed`."""
    with telling.ending(answer.response):
        for chunk in chunks_of(answer):
            telling.progress(chunk)
            yield chunk


def chunks_of(answer: Answer, /) -> Iterator[Response]:
    """Yield what a stream gave, chunk by chunk; the last is the whole answer, if it was."""
    whole, marks = answer.response, answer.texts or ()
    deltas = answer.deltas or [text_of(whole)]
    thoughts = answer.thoughts or [None] * len(deltas)
    texts = texts_of(deltas, marks) if marks else accumulate(delta or "" for delta in deltas)
    raws, besides = chain(answer.raws, repeat(None)), chain(answer.besides, repeat({}))
    for delta, thought, text, raw, beside in zip(deltas[:-1], thoughts[:-1], texts, raws, besides, strict=False):
        more = beside if thought is None else {**beside, THOUGHT: thought}
        yield _chunk(whole, text, delta, more, raw)
    whole.delta = deltas[-1]
    yield with_text(whole, next(texts)) if marks and marks[-1][0] == len(deltas) - 1 else whole


def _chunk(whole: Response, text: str, delta: str | None, more: dict[str, Any], raw: Any) -> Response:
    of_message = more.get(OF_MESSAGE, {})
    told: dict[str, Any] = {
        "delta": delta, "raw": raw,
        "additional_kwargs": {name: more[name] for name in more if name != OF_MESSAGE},
    }  # fmt: skip
    if isinstance(whole, CompletionResponse):
        return CompletionResponse(text=text, **told)
    message = ChatMessage(role=whole.message.role, content=text, additional_kwargs=of_message)
    return ChatResponse(message=message, **told)
