"""Streams: passed through chunk by chunk and kept when they end normally, replayed on a hit."""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext
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
from llama_index.callbacks.beautyspot.llms.texts import Mark, Texts, text_of, texts_of, with_text
from llama_index.callbacks.beautyspot.recorder.usage import usage_of
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, TextBlock

LAST = 4
"""Chunks at the end that are looked at: usage and the reason of the end come in one each, behind the text."""
THOUGHT = "thinking_delta"


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
        self._last: deque[Response] = deque(maxlen=LAST)
        self._blocks: list[Any] = []
        self._said: Any = None
        """The last chunk that added to the text."""
        self._texts = Texts()
        self._length = 0
        """Characters that were said."""

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
        # For every token, of which LlamaIndex itself makes one in 6 µs: nothing here that can wait for the end. The
        # blocks can't, as OpenAI's class takes calls of tools out of a chunk that it was given.
        if chunk.additional_kwargs and THOUGHT in chunk.additional_kwargs:
            self._thoughts[len(self._deltas)] = chunk.additional_kwargs[THOUGHT]
        delta = chunk.delta
        if delta:
            self._said = chunk
            self._length += len(delta)
        if self._is_chat:
            self._blocks = blocks = chunk.message.blocks
            text = blocks[0].text if len(blocks) == 1 and type(blocks[0]) is TextBlock else text_of(chunk)
        else:
            text = chunk.text
        # Instead of joining and comparing what was said for each token.
        if len(text) != self._length or (delta and text[-1] != delta[-1]):
            self._texts.note(len(self._deltas), text, delta)
        self._deltas.append(delta)
        self._raws.append(chunk.raw)
        self._last.append(chunk)
        return chunk

    def fail(self, error: BaseException) -> None:
        """Count a stream that raised; one that its consumer closed early is neither an error nor kept.

        Whoever waits for it asks the model in its turn: a connection that broke says nothing of the next.
        """
        if isinstance(error, Exception):
            self.lookup.question.tally.miss(0.0, failed=True)
        self.end()

    def finish(self) -> None:
        """Count and keep a stream that ended normally."""
        if not self._last:
            self.lookup.question.tally.miss(0.0, failed=False)
            return
        usages = [usage for chunk in self._last if (usage := usage_of(chunk)) is not NOTHING_KNOWN]
        tokens = usages[-1].total_tokens if usages else None
        deltas, thoughts = self._parts()
        raws = () if deltas is None or not any(self._raws) else [self._raws[place] for place in self._places()[:-1]]
        cut_short = any(map(is_cut_short, self._last))
        whole = self._whole()
        answer = Answer(whole, deltas, thoughts, tokens, raws, cut_short, self._of_parts(), self._marks(whole))
        self.cache.keep(self.lookup, answer, self.cache.clock.monotonic() - self._start_s, self.claim)

    def end(self) -> None:
        """Let those who wait go on, if that wasn't done."""
        if self.claim is not None:
            self.claim.abandon()

    def _whole(self) -> Response:
        last, said = self._shown(), "".join(delta or "" for delta in self._deltas)
        if isinstance(last, ChatResponse) and any(not isinstance(block, TextBlock) for block in self._blocks):
            return last
        return with_text(last, said) if self._is_behind(text_of(last), said) else last

    def _shown(self) -> Response:
        """Return the last chunk as its reader was given it."""
        last = self._last[-1]
        if isinstance(last, CompletionResponse):
            return last
        return last.model_copy(update={"message": last.message.model_copy(update={"blocks": self._blocks})})

    def _is_behind(self, text: str, said: str) -> bool:
        """Say whether the last chunk's text lacks some of what was said; a shorter one may also correct it."""
        if len(text) >= len(said):
            return False
        if text and self._are_parts():
            return text in self._deltas
        return not text or (bool(self._deltas[-1]) and said.startswith(text))  # without its own delta

    def _are_parts(self) -> bool:
        return self._texts.are_parts([place for place, delta in enumerate(self._deltas) if delta])

    def _parts(self) -> tuple[list[str | None] | None, list[str | None] | None]:
        """Return the deltas and thoughts of the chunks, where any chunk has one."""
        places = self._places()
        if not (self._thoughts or any(self._deltas) or any(map(self._texts.tells, places[:-1]))):
            return None, None
        return [self._deltas[place] for place in places], (
            [self._thoughts.get(place) for place in places] if self._thoughts else None
        )

    def _of_parts(self) -> dict[str, Any] | None:
        """Return what chunks tell beside that hold their own part of the text alone."""
        if self._said is None or not self._are_parts():
            return None
        told: dict[str, Any] = self._said.additional_kwargs
        return {name: told[name] for name in told if name != THOUGHT}

    def _marks(self, whole: Response) -> list[Mark] | None:
        """Return what the chunks show, if that isn't what was said so far and in the last the whole."""
        marks = self._texts.marks(self._places())
        if text_of(self._shown()) == text_of(whole):
            marks.pop()
        return None if all(mark is True for mark in marks) else marks

    def _places(self) -> Sequence[int]:
        """Return which chunks are kept: all, but of calls of tools those that tell something, and the last.

        A call of a tool comes whole in the last chunk, so what showed it grow has nothing to show.
        """
        end = len(self._deltas) - 1
        if all(isinstance(block, TextBlock) for block in self._blocks):
            return range(end + 1)
        tells, thoughts = self._texts.tells, self._thoughts
        return [
            place
            for place, delta in enumerate(self._deltas)
            if delta or place in thoughts or tells(place) or place == end
        ]


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
    told = zip(deltas[:-1], thoughts[:-1], texts, chain(answer.raws, repeat(None)), strict=False)
    for delta, thought, text, raw in told:
        more = {**(answer.of_parts or {}), **({} if thought is None else {THOUGHT: thought})}
        yield _chunk(whole, text, delta, more, raw)
    whole.delta = deltas[-1]
    yield with_text(whole, next(texts)) if len(marks) == len(deltas) else whole


def _chunk(whole: Response, text: str, delta: str | None, more: dict[str, Any], raw: Any) -> Response:
    told: dict[str, Any] = {"delta": delta, "additional_kwargs": more, "raw": raw}
    if isinstance(whole, CompletionResponse):
        return CompletionResponse(text=text, **told)
    return ChatResponse(message=ChatMessage(role=whole.message.role, content=text), **told)
