"""The context of a workflow, kept, so that another process can go on where this one ended."""

from collections.abc import Collection
from typing import Any

from beautyspot.checks import expect
from beautyspot.errors import (
    BeautySpotError,
    CacheWarning,
    ConfigurationError,
    DamagedEntryError,
    SerializationError,
    StorageError,
)
from beautyspot.keys.canonical import pack
from beautyspot.keys.digest import digest
from beautyspot.places import Place, spot_at
from beautyspot.spot import Spot
from beautyspot.store import Label
from beautyspot.threads import in_thread
from workflows.context.state_store import deserialize_state_from_dict, infer_state_type, is_durable_serialized_state

from llama_index.callbacks.beautyspot.errors import UnknownContext
from llama_index.core.llms import (
    AudioBlock,
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    DocumentBlock,
    ImageBlock,
    TextBlock,
)
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.schema import Document, ImageNode, IndexNode, NodeWithScore, QueryBundle, TextNode
from llama_index.core.tools import ToolOutput, ToolSelection
from llama_index.core.workflow import Context, JsonSerializer, Workflow

FUNC_NAME = "llama_index.Context"
VERSION = "context-1"
CLASSES: tuple[type[Any], ...] = (
    *(AudioBlock, ChatMemoryBuffer, ChatMessage, ChatResponse, CompletionResponse, Document, DocumentBlock, ImageBlock),
    *(ImageNode, IndexNode, NodeWithScore, QueryBundle, TextBlock, TextNode, ToolOutput, ToolSelection),
)
"""LlamaIndex's own that any workflow may hold."""


class _Refused(Exception):  # noqa: N818 - it says what happened
    """A kept context names a class that nobody allowed."""

    def __init__(self, name: str) -> None:
        """Tell how to allow it."""
        super().__init__(
            f"it holds {name!r}, which is none of LlamaIndex's messages and nodes, nor of the events and the state "
            f"that the steps name; if it is yours, load with `allowed_types=({name.rpartition('.')[2]},)`"
        )


class _Closed(JsonSerializer):
    """Makes the classes that it was given, and events of the framework's own; it imports nothing."""

    def resolve_class(self, qualified_name: str) -> type[Any]:
        try:
            return super().resolve_class(qualified_name)
        except ValueError as error:
            raise _Refused(qualified_name) from error


async def save_context(ctx: Context[Any], spot: Place, key: str) -> None:
    """Keep the context of a workflow under `key`, in the place of what was.

    Steps that have not ended when it is kept run again when it is loaded.

    Args:
        ctx: Its state must go into JSON; objects of pydantic do, if all that they hold does.
        spot: A Spot, a file's path, or a database's URL.
        key: Such as the id of a conversation.

    Raises:
        ConfigurationError: `key` is no text.
        SerializationError: the state holds what JSON can't.
        StorageError: the database can't be written.
    """
    _expect_text(key)
    try:
        content = ctx.to_dict(serializer=JsonSerializer())
    except Exception as error:  # whatever an object of the user's raises
        raise SerializationError(
            f"the context of {key!r} can't be kept ({type(error).__name__}: {error}); keep in its state only what goes "
            "into JSON, such as plain data and objects of pydantic that hold nothing else; a ChatMemoryBuffer holds a "
            "function, so keep its get_all()"
        ) from error
    place = spot_at(spot)
    await in_thread(place.parts.executor, _write, place, key, content)


def load_context(
    workflow: Workflow, spot: Place, key: str, *, allowed_types: Collection[type[Any]] = ()
) -> Context[Any]:
    """Return the context that was kept under `key`, for `workflow.run(ctx=…)`.

    What is kept names classes, and of these only some are made: LlamaIndex's messages, nodes and tools, the events and
    the state that the workflow's steps name, and those of `allowed_types`. Nothing is imported.

    Args:
        workflow: Of the same class and steps.
        spot: A Spot, a file's path, or a database's URL.
        key: As it was given to `save_context`.
        allowed_types: Classes whose objects a step has put into the state, or that it waits for.

    Raises:
        ConfigurationError: `key` is no text, or the context holds an object of a class that is not allowed.
        UnknownContext: nothing is kept there.
        DamagedEntryError: what is kept there can't be read.
        StorageError: the database can't be read.
    """
    _expect_text(key)
    serializer = _Closed(allowed_types=_classes(workflow, allowed_types))
    return _made(workflow, key, _content(spot, key), serializer)


def _content(spot: Place, key: str) -> Any:
    parts, place = spot_at(spot).parts, _key(key)
    try:
        entry = parts.store.living(place, None) or parts.store.living(place, parts.store.db.get(place))
        hit = None if entry is None else parts.store.value_of(place, entry, parts.serializer)
    except CacheWarning as error:  # where warnings are errors; it tells of the damage
        raise _damaged(key) from error
    except BeautySpotError:
        raise
    except Exception as error:  # a database may be anybody's
        raise StorageError(
            f"the context of {key!r} can't be read ({type(error).__name__}: {error}); see that database's documents"
        ) from error
    if entry is None:
        raise UnknownContext(
            f"no context is kept under {key!r}; keep one first with `await save_context(ctx, spot, key)`"
        )
    if hit is None:
        raise _damaged(key)
    return hit.value


def _classes(workflow: Workflow, allowed: Collection[type[Any]]) -> tuple[type[Any], ...]:
    fits = all(isinstance(each, type) for each in allowed)  # pyright: ignore[reportUnnecessaryIsInstance] - users give anything
    expect(fits, "allowed_types", allowed, "classes, such as (Order,)")
    return (*CLASSES, *workflow.events, infer_state_type(workflow), *allowed)


def _made(workflow: Workflow, key: str, content: Any, serializer: JsonSerializer) -> Context[Any]:
    try:
        context: Context[Any] = Context.from_dict(workflow, content, serializer=serializer)
        state = content.get("state")
        if state and not is_durable_serialized_state(state):
            deserialize_state_from_dict(state, serializer)  # the context itself would only find out at its first use
    except Exception as error:  # whatever LlamaIndex makes of what lies there
        if (refused := _refusal(error)) is not None:
            raise ConfigurationError(f"the context of {key!r} can't be loaded: {refused}") from error
        raise DamagedEntryError(
            f"the context that is kept under {key!r} can't be read by {type(workflow).__name__} "
            f"({type(error).__name__}: {error}); expected one that a workflow of the same class and steps kept; "
            "a new one can be kept in its place"
        ) from error
    return context


def _refusal(error: BaseException | None) -> _Refused | None:
    while error is not None and not isinstance(error, _Refused):
        error = error.__context__
    return error


def _expect_text(key: object) -> None:
    expect(isinstance(key, str), "key", key, "a text, such as the id of a conversation")


def _damaged(key: str) -> DamagedEntryError:
    return DamagedEntryError(
        f"the context that is kept under {key!r} can't be read; `beautyspot verify` says why, and a new one can be "
        "kept in its place"
    )


def _write(place: Spot, key: str, content: dict[str, Any]) -> None:
    cache_key = _key(key)
    shown = key if key.isprintable() else cache_key  # no database takes a lone surrogate
    label = Label(cache_key=cache_key, func_name=FUNC_NAME, input_id=shown, version=VERSION, elapsed_s=0.0)
    place.parts.store.write(label, content, place.parts.serializer)


def _key(key: str) -> str:
    return digest(pack([VERSION, key])).hex()
