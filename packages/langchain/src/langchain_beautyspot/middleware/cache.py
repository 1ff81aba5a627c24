"""The cache for agents: answers of the model, and results of the tools that the user names."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from beautyspot.checks import expect, words
from beautyspot.copies import Uncopied
from beautyspot.durations import Duration
from beautyspot.notices import told
from beautyspot.places import Place, opened, portable
from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse, ToolCallRequest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, Generation
from langgraph.types import Command

from langchain_beautyspot.answers import is_complete, tokens_of
from langchain_beautyspot.calls import LEFT_OUT, Calls, Mode
from langchain_beautyspot.classes import teach
from langchain_beautyspot.entries import namespace_of, tags_of
from langchain_beautyspot.middleware.kept_tools import Keeper, ToolShelf
from langchain_beautyspot.middleware.model_keys import ModelKey, is_still, model_key
from langchain_beautyspot.middleware.structured import parsed
from langchain_beautyspot.questions import warn_of_change
from langchain_beautyspot.recorder import note_hit
from langchain_beautyspot.replays import Renewal

Answer = ModelResponse[Any] | AIMessage
ToolResult = ToolMessage | Command[Any]


class CacheMiddleware(AgentMiddleware[Any, Any, Any], Uncopied):
    """Keeps every answer of an agent's model, and the results of chosen tools.

    ```python
    agent = create_agent(model, tools, middleware=[CacheMiddleware("agents.db", tools=["search"]), …])
    ```

    It sees what a cache of the model can't, such as the schema of a structured answer, and works for every way of
    streaming. Put it before `RateLimitMiddleware`, so that hits cost nothing, and after what changes the request to the
    model. A tool looks its result up when it is run, so reviews and emulators of tools may stand before it or after.
    Its own trouble never reaches the agent: the model is asked instead.
    """

    def __init__(
        self,
        place: Place,
        *,
        tools: Sequence[str] = (),
        ttl: Duration | None = None,
        namespace: str = "",
        cache_if: Callable[[Sequence[Generation]], bool] | None = is_complete,
        mode: Mode = "read_write",
        tags: Sequence[str] = (),
    ) -> None:
        """Open the store.

        Args:
            place: A Spot, a file's path, or a database's URL.
            tools: Names of the tools whose results are kept: those that only read, and by what they are given alone.
            ttl: How long answers and results count; None for ever.
            namespace: Middlewares of other namespaces share nothing: one for each tenant, as the API key is in no key.
            cache_if: Whether an answer of the model is to be kept; None keeps the truncated and empty ones as well.
            mode: `read_only` keeps nothing new, `refresh` makes each call anew and keeps that, and `replay_only` raises
                `ReplayMiss` where a call would be made, for tests; it writes nothing.
            tags: Written beside everything, for `spot.invalidate(tags=…)`.

        Raises:
            ConfigurationError: an argument is wrong.
        """
        super().__init__()
        expect(cache_if is None or callable(cache_if), "cache_if", cache_if, "a function of the generations")
        self._mode: Mode = mode
        self.cached_tools = frozenset(words("tools", tools))
        self._namespace, self._cache_if = namespace_of(namespace), cache_if
        self._made_by = (place, {
            "tools": tools, "ttl": ttl, "namespace": namespace, "cache_if": cache_if, "mode": mode, "tags": tags,
        })  # fmt: skip
        spot = opened(place)
        teach(spot.parts)
        self._calls = Calls(spot, mode=mode, ttl=ttl, tags=tags_of(namespace, tags))
        self._notices, self._tally = spot.parts.store.notices, spot.parts.journal.tally
        self._shelf = ToolShelf(self._calls, self._namespace, self._notices, mode == "replay_only")

    def wrap_model_call(self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Any]) -> Any:
        """Give the kept answer, or ask the model."""
        key = self._model_key(request)
        if key is None:
            return self._shelf.go_on(handler)(request)
        made, kept = self._calls.make(
            key.func_name,
            key.key,
            lambda: _response(handler(request)),
            lambda response: self._wanted(key, response, request),
        )
        answer = made[0] if made else self._answer(key, kept, request)
        return self._shelf.go_on(handler)(request) if answer is None else answer

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[Any]]
    ) -> Any:
        """Give the kept answer, or ask the model."""
        key = self._model_key(request)
        if key is None:
            return await self._shelf.go_on(handler)(request)

        async def ask() -> ModelResponse[Any]:
            return _response(await handler(request))

        made, kept = await self._calls.make_async(
            key.func_name, key.key, ask, lambda response: self._wanted(key, response, request)
        )
        answer = made[0] if made else self._answer(key, kept, request)
        return await self._shelf.go_on(handler)(request) if answer is None else answer

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolResult]) -> ToolResult:
        """Let a chosen tool look its result up, should it be run."""
        keeper = self._keeper(request)
        if keeper is None:
            return (self._shelf.go_on(handler) if self._is_cached(request) else handler)(request)
        return keeper.after(handler(request.override(tool=keeper.tool)))

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolResult]]
    ) -> ToolResult:
        """Let a chosen tool look its result up, should it be run."""
        keeper = self._keeper(request)
        if keeper is None:
            return await (self._shelf.go_on(handler) if self._is_cached(request) else handler)(request)
        return keeper.after(await handler(request.override(tool=keeper.tool)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Let an agent that has this cache go to another process: there it opens the same store."""
        place, options = self._made_by
        return partial(CacheMiddleware, portable(place), **options), ()

    def _is_cached(self, request: ToolCallRequest) -> bool:
        return request.tool_call["name"] in self.cached_tools

    def _keeper(self, request: ToolCallRequest) -> Keeper | None:
        """Return what runs the tool; None where it isn't to be kept, or, with a warning, where nobody knows it yet."""
        if not self._is_cached(request):
            return None
        if request.tool is None:
            name = request.tool_call["name"]
            message = f"no tool {name!r} is known here, so it runs each time; put CacheMiddleware after what brings it"
            self._shelf.warn(name, message)
            return None
        return Keeper(request.tool, self._shelf)

    def _model_key(self, request: ModelRequest[Any]) -> ModelKey | None:
        """Return the key of a call; None, with a warning, where none can be made."""
        try:
            key = model_key(request, self._namespace)
        except Exception as error:  # noqa: BLE001 - tools and settings are anybody's; the model is asked instead
            self._shelf.warn("model", f"the model's call has no key ({error}); it is made each time")
            return None
        if not key.is_lasting:
            self._shelf.warn(
                key.func_name,
                f"the settings of {key.func_name!r} hold an object's address, so no later run will find its answers; "
                "give the model plain values, or give that object a __repr__ that says what it is",
            )
        return key

    def _wanted(self, key: ModelKey, response: ModelResponse[Any], request: ModelRequest[Any]) -> Any:
        """Return what is to be kept of an answer."""
        messages, structured = response.result, response.structured_response is not None
        failed = request.response_format is not None and len(messages) > 1 and not structured
        generations = [ChatGeneration(message=messages[0])] if messages else []
        tokens = tokens_of(generations)
        self._tally(key.func_name).tokens(spent=tokens or 0)
        if failed or not generations or not self._is_wanted(generations):
            return LEFT_OUT
        if not is_still(request, key):
            warn_of_change(self._notices, key.func_name)
            return LEFT_OUT
        return {"messages": messages, "structured": structured, "tokens": tokens}

    def _is_wanted(self, generations: list[ChatGeneration]) -> bool:
        try:
            return self._cache_if is None or self._cache_if(generations)
        except Exception as error:  # noqa: BLE001 - the user's; the agent has an answer that was paid for
            self._shelf.warn(
                "cache_if", f"cache_if failed ({told(error)}), so the answer is not kept; have it take any answer"
            )
            return False

    def _answer(self, key: ModelKey, kept: Any, request: ModelRequest[Any]) -> ModelResponse[Any] | None:
        """Return an answer of what is kept, with fresh ids; None if that doesn't fit any more, or is no answer."""
        try:
            messages: list[BaseMessage] = Renewal().of(kept["messages"])
            structured = parsed(messages, request.response_format) if kept["structured"] else None
            mark = {"cache_key": self._calls.cache_key(key.func_name, key.key), "saved_tokens": kept["tokens"]}
            for message in messages:
                vars(message)["_cache_hit"] = mark
            if self._mode != "replay_only":
                self._tally(key.func_name).tokens(saved=kept["tokens"] or 0)
            first = messages[0]
        except Exception as error:  # noqa: BLE001 - the schema's own validators run here, on whatever lies in a row
            self._shelf.warn("structured", f"a kept answer doesn't fit the schema of now ({type(error).__name__})")
            return None
        note_hit(key.func_name, mark, name=type(request.model).__name__, answer=first)
        return ModelResponse(result=messages, structured_response=structured)


def _response(result: Any) -> ModelResponse[Any]:
    return ModelResponse(result=[result]) if isinstance(result, AIMessage) else result
