"""Streams: passed through chunk by chunk and kept when they end normally, replayed on a hit."""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import Any

from beautyspot.flight import Claim
from beautyspot.recording import NOTHING_KNOWN

from llama_index.callbacks.beautyspot.llms.answers import Response, is_cut_short, part
from llama_index.callbacks.beautyspot.llms.cache import LLMCache, Lookup
from llama_index.callbacks.beautyspot.llms.call import SELF_CALLS, Call
from llama_index.callbacks.beautyspot.llms.kept import Answer
from llama_index.callbacks.beautyspot.llms.telling import Telling
from llama_index.callbacks.beautyspot.recorder.usage import usage_of
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, TextBlock

LAST = 4
"""Chunks at the end that are looked at: usage and the reason of the end come in one each, behind the text."""
THOUGHT = "thinking_delta"


class Recording:
    """The chunks of one stream so far, and the seconds that the model took for them."""

    def __init__(self, cache: LLMCache, call: Call, lookup: Lookup, claim: Claim | None) -> None:
        """Start an empty recording of `call`, which `claim` leads."""
        self.cache, self.call, self.lookup, self.claim = cache, call, lookup, claim
        self.elapsed_s = 0.0
        self._deltas: list[str] = []
        self._thoughts: list[str | None] = []
        self._last: deque[Response] = deque(maxlen=LAST)
        self._blocks: list[Any] = []

    def add(self, chunk: Response) -> None:
        """Remember `chunk` as it is now: OpenAI's class takes calls of tools out of a chunk that was given."""
        self._deltas.append(chunk.delta or "")
        self._thoughts.append(part(chunk.additional_kwargs, THOUGHT))  # pyright: ignore[reportUnknownMemberType] - of any type
        self._last.append(chunk)
        if isinstance(chunk, ChatResponse):
            self._blocks = chunk.message.blocks

    def fail(self, error: BaseException) -> None:
        """Count a stream that raised; one that its consumer closed early is neither an error nor kept."""
        if isinstance(error, Exception):
            self.lookup.question.tally.miss(0.0, failed=True)
        if self.claim is not None:
            self.claim.fail(error) if isinstance(error, Exception) else self.claim.abandon()

    def finish(self) -> None:
        """Count and keep a stream that ended normally."""
        if not self._last:
            self.lookup.question.tally.miss(0.0, failed=False)
            return
        usages = [usage for chunk in self._last if (usage := usage_of(chunk)) is not NOTHING_KNOWN]
        tokens = usages[-1].total_tokens if usages else None
        answer = Answer(self._whole(), *self._parts(), tokens, any(map(is_cut_short, self._last)))
        self.cache.keep(self.lookup, answer, self.elapsed_s, self.claim)

    def end(self) -> None:
        """Let those who wait go on, if that wasn't done."""
        if self.claim is not None:
            self.claim.abandon()

    def _whole(self) -> Response:
        last, text = self._last[-1], "".join(self._deltas)
        if isinstance(last, CompletionResponse):
            # Some models' last chunk lacks its own delta.
            return last.model_copy(update={"text": text}) if len(text) > len(last.text) else last
        message = last.message.model_copy(update={"blocks": self._blocks})
        if len(self._blocks) == 1 and isinstance(block := self._blocks[0], TextBlock) and len(text) > len(block.text):
            message.blocks = [TextBlock(text=text)]
        return last.model_copy(update={"message": message})

    def _parts(self) -> tuple[list[str] | None, list[str | None] | None]:
        thinks = any(self._thoughts)
        if not (thinks or any(self._deltas)):
            return None, None
        parts = list(zip(self._deltas, self._thoughts, strict=True))
        # Chunks that bring only a part of a tool's arguments are replayed with the last, which has them all.
        kept = [each for each in parts[:-1] if any(each)] + parts[-1:]
        deltas, thoughts = ([each[place] for each in kept] for place in (0, 1))
        return deltas, thoughts if thinks else None  # pyright: ignore[reportReturnType] - a comprehension mixes the two


def recorded(source: Iterator[Response], recording: Recording) -> Generator[Response]:
    """Pass the chunks of `source` through, and keep them once it ends normally."""
    clock, inside = recording.cache.clock.monotonic, id(recording.call.llm)
    try:
        while True:
            start_s, token = clock(), SELF_CALLS.set((*SELF_CALLS.get(), inside))
            try:
                chunk = next(source)
            except StopIteration:
                break
            finally:
                SELF_CALLS.reset(token)
                recording.elapsed_s += clock() - start_s
            recording.add(chunk)
            yield chunk
    except BaseException as error:
        recording.fail(error)
        if isinstance(error, GeneratorExit) and hasattr(source, "close"):
            source.close()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] - of a generator
        raise
    recording.finish()
    recording.end()


async def recorded_async(source: AsyncIterator[Response], recording: Recording) -> AsyncGenerator[Response]:
    """Do as `recorded`; the event loop goes on while chunks are kept."""
    clock, inside = recording.cache.clock.monotonic, id(recording.call.llm)
    try:
        while True:
            start_s, token = clock(), SELF_CALLS.set((*SELF_CALLS.get(), inside))
            try:
                chunk = await anext(source)
            except StopAsyncIteration:
                break
            finally:
                SELF_CALLS.reset(token)
                recording.elapsed_s += clock() - start_s
            recording.add(chunk)
            yield chunk
    except BaseException as error:
        recording.fail(error)
        if isinstance(error, GeneratorExit) and hasattr(source, "aclose"):
            await source.aclose()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] - as above
        raise
    await recording.cache.in_thread(recording.finish)
    recording.end()


def replayed(answer: Answer, telling: Telling) -> Generator[Response]:
    """Yield the chunks of a kept answer."""
    try:
        for chunk in chunks_of(answer):
            telling.progress(chunk)
            yield chunk
    except BaseException as error:
        telling.fail(error)
        raise
    telling.end(answer.response)


async def replayed_async(answer: Answer, telling: Telling) -> AsyncGenerator[Response]:
    """Do as `replayed`."""
    try:
        for chunk in chunks_of(answer):
            telling.progress(chunk)
            yield chunk
    except BaseException as error:
        telling.fail(error)
        raise
    telling.end(answer.response)


def chunks_of(answer: Answer, /) -> Iterator[Response]:
    """Yield what a stream gives: each delta with the text so far, and in the last chunk the whole answer."""
    whole = answer.response
    deltas = answer.deltas or [text_of(whole)]
    thoughts = answer.thoughts or [None] * len(deltas)
    text = ""
    for delta, thought in zip(deltas[:-1], thoughts[:-1], strict=True):
        text += delta
        yield _chunk(whole, text, delta, {} if thought is None else {THOUGHT: thought})
    whole.delta = deltas[-1]
    yield whole


def text_of(response: Response, /) -> str:
    """Return the text of an answer."""
    return response.text if isinstance(response, CompletionResponse) else response.message.content or ""


def _chunk(whole: Response, text: str, delta: str, more: dict[str, Any]) -> Response:
    if isinstance(whole, CompletionResponse):
        return CompletionResponse(text=text, delta=delta, additional_kwargs=more)
    return ChatResponse(message=ChatMessage(role=whole.message.role, content=text), delta=delta, additional_kwargs=more)
