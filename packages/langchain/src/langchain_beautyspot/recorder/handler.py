"""The handler that LangChain tells of every run."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from typing import Any, Literal, TypeVar, cast
from uuid import UUID

from beautyspot.checks import expect
from beautyspot.copies import Uncopied
from beautyspot.errors import CacheWarning
from beautyspot.limiters.waits import collect_waits
from beautyspot.places import Place, opened, portable
from beautyspot.powers import keeps_journal
from beautyspot.recording import Prices, Redact, Reports
from beautyspot.threads import on_event_loop
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult

from langchain_beautyspot.models import Model
from langchain_beautyspot.recorder.open_run import Labels, OpenRun
from langchain_beautyspot.recorder.recorder import Recorder

M = TypeVar("M", bound=Callable[..., None])


def _guarded(method: M) -> M:
    """Count what goes wrong in `method`: a recorder's trouble is none of the call's."""

    @wraps(method)
    def guarded(self: BeautySpotCallbackHandler, *args: Any, **kwargs: Any) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception:  # noqa: BLE001 - whatever a provider's result may hold
            self.recorder.sums.fail()

    return cast("M", guarded)


class BeautySpotCallbackHandler(BaseCallbackHandler, Reports, Uncopied):
    """Makes every run of a model, tool, retriever and chain a row of `runs`.

    Prompts, answers and messages of errors are in no row, unless `capture="full"` asks for them. Rows are written in
    batches, at exit at the latest. Safe to use from any thread, event loop and, after a fork, process.

    ```python
    recorder = BeautySpotCallbackHandler("runs.db")
    chain.invoke(question, config={"callbacks": [recorder]})
    print(recorder.totals())
    ```
    """

    run_inline = True  # an event takes microseconds, a thread for each would take 60

    def __init__(
        self,
        place: Place,
        *,
        capture: Literal["metadata", "full"] = "metadata",
        redact: Redact | None = None,
        prices: Prices | None = None,
    ) -> None:
        """Begin to record.

        Args:
            place: A Spot, a file's path, or a database's URL.
            capture: "full" keeps inputs, outputs and messages of errors as well, as msgpack in `details`.
            redact: Gives the text that may be kept in the place of each text; where it fails, nothing is.
            prices: What models cost for each million tokens, such as `{"gpt-5": Price(1.25, 10)}`.

        Raises:
            ConfigurationError: an argument is wrong.
        """
        expect(capture in ("metadata", "full"), "capture", capture, '"metadata" or "full"')
        expect(redact is None or capture == "full", "redact", redact, 'capture="full" as well')
        self._made_by = place, {"capture": capture, "redact": redact, "prices": prices}
        parts = (spot := opened(place)).parts
        self.spot = spot
        self.recorder = Recorder(parts, capture=capture, redact=redact, prices=prices)
        self._ledger = self.recorder.ledger
        # Made after the Spot's own finalizer, and so run before it when the interpreter ends.
        self._finalizer = weakref.finalize(self, self.recorder.end_all)
        if not keeps_journal(parts.store.db):
            parts.store.notices.warn(
                "langchain runs",
                f"{type(parts.store.db).__name__} keeps no runs, so they are in memory alone; "
                "give the recorder a file's path, a database's URL or another TaskDB",
                CacheWarning,
            )

    @_guarded
    def on_chat_model_start(self, serialized: dict[str, Any], messages: list[list[BaseMessage]], **kwargs: Any) -> None:
        """Begin a call of a chat model."""
        self._begin_call(serialized, messages, **kwargs)

    @_guarded
    def on_llm_start(self, serialized: dict[str, Any], prompts: list[str], **kwargs: Any) -> None:
        """Begin a call of a text model."""
        self._begin_call(serialized, prompts, **kwargs)

    @_guarded
    def on_llm_new_token(self, token: Any, *, chunk: Any = None, run_id: UUID, **_: Any) -> None:
        """Note how long the first token took; the chunks that providers open a stream with hold none."""
        message = getattr(chunk, "message", None)
        if token or getattr(message, "tool_call_chunks", None) or getattr(message, "additional_kwargs", None):
            self.recorder.first_token(run_id)

    @_guarded
    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_: Any) -> None:
        """End a call that was answered."""
        self.recorder.end(run_id, response, response)

    @_guarded
    def on_llm_error(self, error: BaseException, *, run_id: UUID, response: LLMResult | None = None, **_: Any) -> None:
        """End a call that failed; a stream that nobody read to its end ends with `GeneratorExit`."""
        self.recorder.end_failed(run_id, error, response)

    @_guarded
    def on_chain_start(self, serialized: dict[str, Any], inputs: dict[str, Any], **kwargs: Any) -> None:
        """Begin a chain: a runnable, a graph, or a node of one."""
        # A middleware waits in its node, before the model's call begins.
        self._begin("chain", serialized, inputs, **kwargs).waits_s = collect_waits()

    @_guarded
    def on_chain_end(self, outputs: dict[str, Any], *, run_id: UUID, **_: Any) -> None:
        """End a chain."""
        self.recorder.end(run_id, outputs)

    @_guarded
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """End a chain that failed."""
        self.recorder.end_failed(run_id, error)

    @_guarded
    def on_tool_start(self, serialized: dict[str, Any], input_str: str, **kwargs: Any) -> None:
        """Begin a tool."""
        self._begin("tool", serialized, kwargs.pop("inputs", None) or input_str, **kwargs)

    @_guarded
    def on_tool_end(self, output: Any, *, run_id: UUID, **_: Any) -> None:
        """End a tool."""
        self.recorder.end(run_id, output)

    @_guarded
    def on_tool_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """End a tool that failed."""
        self.recorder.end_failed(run_id, error)

    @_guarded
    def on_retriever_start(self, serialized: dict[str, Any], query: str, **kwargs: Any) -> None:
        """Begin a retriever."""
        self._begin("retriever", serialized, query, **kwargs)

    @_guarded
    def on_retriever_end(self, documents: Sequence[Document], *, run_id: UUID, **_: Any) -> None:
        """End a retriever."""
        self.recorder.end(run_id, documents)

    @_guarded
    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """End a retriever that failed."""
        self.recorder.end_failed(run_id, error)

    @_guarded
    def on_hit(
        self, func_name: str, mark: Mapping[str, Any], name: str, answer: BaseMessage | None, **told: Any
    ) -> None:
        """Add a call that was not made, as `note_hit` and `note_text_hit` tell it."""
        provider, _, model = func_name.removeprefix("langchain.").partition(".")
        kind, of = ("tool", None) if provider == "tool" else ("llm", Model(provider, model))
        labels = Labels(kind, None, name, told["tags"], told["metadata"])
        self.recorder.add_hit(told["parent_run_id"], labels, mark, of, answer=answer, text=told["text"])

    def _begin_call(self, serialized: dict[str, Any] | None, inputs: Any, **told: Any) -> None:
        self._begin("llm", serialized, inputs, **told).waits_s = collect_waits()

    def _begin(
        self,
        kind: str,
        serialized: dict[str, Any] | None,
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        invocation_params: dict[str, Any] | None = None,
        **_: Any,
    ) -> OpenRun:
        labels = Labels(kind, serialized, name, tags, metadata, invocation_params)
        run = self.recorder.begin(run_id, parent_run_id, labels, inputs)
        if parent_run_id is None and on_event_loop() and (task := asyncio.current_task()) is not None:
            self.recorder.end_with(task, run)
        return run

    def __reduce__(self) -> tuple[Any, ...]:
        """Let models that have this handler go to another process: there it writes to the same database."""
        place, options = self._made_by
        return partial(BeautySpotCallbackHandler, portable(place), **options), ()
