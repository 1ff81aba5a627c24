"""Models that ask other models, as a router or an ensemble does: what both tell that they took is to count once."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from langchain_core.outputs import ChatGeneration, LLMResult

from langchain_beautyspot.callers import runs_in, runs_that_ask
from langchain_beautyspot.usage import read_result, usage_of_message

if TYPE_CHECKING:
    from beautyspot.recording import Usage
    from langchain_core.messages import BaseMessage

    from langchain_beautyspot.recorder.open_run import OpenRun

MAX_TOLD = 1000
"""Answers that are remembered; a model that runs for days asks others without end."""
Tokens = tuple[int | None, int | None]
UNKNOWN: Tokens = (None, None)


class Told(NamedTuple):
    """What a model's run told of its answer."""

    message_id: str | None
    """LangChain's, made of the id of the run that gave the message, or the provider's."""
    answer_id: str | None
    """The provider's."""
    said: int
    """A hash of the text and the calls of tools."""
    tokens: Tokens
    """That it took: of input and output."""


class Nesting:
    """Knows which open runs of one recorder have asked models, and whose answer they give."""

    def __init__(self) -> None:
        """Know none."""
        self._open: dict[int, OpenRun] = {}
        self._given: dict[tuple[str | None, int], float] = {}
        """When a message was given last while models were asked, by its id and content."""
        self._failed: dict[int, None] = {}

    def begin(self, run: OpenRun, /) -> None:
        """Find out within which runs of models `run` begins: those on the stack, else those of its parent."""
        if self._open and (ids := runs_that_ask()) is not None:
            run.around = [asker for each in ids if (asker := self._open.get(each.int)) is not None]
        if run.labels.kind == "llm":
            self._open[run.run_id] = run

    def answered(self, run: OpenRun, result: LLMResult, now_s: float, /, *, is_kept_elsewhere: bool) -> bool:
        """End the run of a model, and say whether its answer is that of a run within it, and counts there.

        Args:
            run: The run.
            result: Its answer.
            now_s: On the monotonic clock.
            is_kept_elsewhere: Whether a cache that is none of ours seems to have given it; so does who hands a hit on.
        """
        self._open.pop(run.run_id, None)
        nested = False
        if self._open or self._given or run.inner:
            try:
                reading = read_result(result)
                told = _told_by_result(result, reading.usage)
                nested = reading.hit is None and self._is_of_another(told, run)
                # Hits of another cache share a message, and so its id, with each other.
                self._tell(run, told, None if is_kept_elsewhere else now_s)
            except Exception:  # noqa: BLE001 - a provider's result may be anything; it is counted where it becomes a row
                nested = False
        self._end(run)
        return nested

    def hit(self, run: OpenRun, message: BaseMessage | None, text: str, now_s: float, /) -> None:
        """Tell those who asked of a hit, which is over as it begins."""
        self.begin(run)
        self._tell(run, _told(message, text, _tokens(usage_of_message(message))), now_s)
        self.end(run)

    def failed(self, run: OpenRun, error: BaseException, /) -> bool:
        """End the run of a model, and say whether a run within it failed with the same error."""
        nested = any(each.int in self._failed for each in runs_in(error, run.run_id))
        if self._open:
            self._failed[run.run_id] = None
            _keep_the_last(self._failed)
        self.end(run)
        return nested

    def end(self, run: OpenRun, /) -> None:
        """End a run of whose answer nothing is known."""
        self._open.pop(run.run_id, None)
        self._end(run)

    def forget(self) -> None:
        """Know none any more."""
        self._open.clear()
        self._given.clear()
        self._failed.clear()

    def _end(self, run: OpenRun) -> None:
        run.around, run.inner = (), None
        if not self._open:
            self._given.clear()
            self._failed.clear()

    def _tell(self, run: OpenRun, told: Told, now_s: float | None) -> None:
        for asker in run.around:
            asker.inner = asker.inner or deque(maxlen=MAX_TOLD)
            asker.inner.append(told)
        if self._open and told.message_id is not None and now_s is not None:
            self._given[told.message_id, told.said] = now_s
            _keep_the_last(self._given)

    def _is_of_another(self, told: Told, run: OpenRun) -> bool:
        # A message that is handed on names the run that gave it, in whichever thread or task that was.
        if self._given.get((told.message_id, told.said), run.start_s - 1) >= run.start_s:
            return True
        inner = tuple(run.inner or ())
        # A message that was made anew names its own run: so the stack must know the others, and the answer be theirs.
        if told.answer_id is not None and all(each.answer_id != told.answer_id for each in inner):
            return False
        all_of_them = _sum(inner)
        taken = {UNKNOWN, all_of_them, *(each.tokens for each in inner)}
        if told.tokens in taken and any(each.said == told.said for each in inner):
            return True
        return len(inner) > 1 and told.tokens == all_of_them != UNKNOWN  # who joins answers adds up what they took


def _told_by_result(result: LLMResult, usage: Usage) -> Told:
    first = result.generations[0][0]
    message = first.message if isinstance(first, ChatGeneration) else None
    return _told(message, first.text, _tokens(usage))


def _told(message: BaseMessage | None, text: str, tokens: Tokens) -> Told:
    said = hash((text if message is None else str(message.text), repr(getattr(message, "tool_calls", []))))
    answer_id = getattr(message, "response_metadata", {}).get("id")
    return Told(getattr(message, "id", None), answer_id, said, tokens)


def _tokens(usage: Usage) -> Tokens:
    return usage.input_tokens, usage.output_tokens


def _sum(inner: tuple[Told, ...]) -> Tokens:
    known = [each.tokens for each in inner if each.tokens != UNKNOWN]
    return (sum(into or 0 for into, _ in known), sum(out or 0 for _, out in known)) if known else UNKNOWN


def _keep_the_last(known: dict[Any, Any]) -> None:
    while len(known) > MAX_TOLD:
        known.pop(next(iter(known)), None)
