"""The context of a workflow, kept, so that another process can go on where this one ended."""

from typing import Any

from beautyspot.checks import expect
from beautyspot.errors import BeautySpotError, CacheWarning, DamagedEntryError, SerializationError, StorageError
from beautyspot.keys.canonical import pack
from beautyspot.keys.digest import digest
from beautyspot.places import Place, spot_at
from beautyspot.spot import Spot
from beautyspot.store import Label
from beautyspot.threads import in_thread

from llama_index.callbacks.beautyspot.errors import UnknownContext
from llama_index.core.workflow import Context, JsonSerializer, Workflow

FUNC_NAME = "llama_index.Context"
VERSION = "context-1"


async def save_context(ctx: Context[Any], spot: Place, key: str) -> None:
    """Keep the context of a workflow under `key`, in the place of what was.

    Steps that have not ended when it is kept run again when it is loaded.

    Args:
        ctx: Its state must go into JSON; objects of pydantic do.
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
            "into JSON, such as plain data and objects of pydantic"
        ) from error
    place = spot_at(spot)
    await in_thread(place.parts.executor, _write, place, key, content)


def load_context(workflow: Workflow, spot: Place, key: str) -> Context[Any]:
    """Return the context that was kept under `key`, for `workflow.run(ctx=…)`.

    Args:
        workflow: Of the same class and steps.
        spot: A Spot, a file's path, or a database's URL.
        key: As it was given to `save_context`.

    Raises:
        ConfigurationError: `key` is no text.
        UnknownContext: nothing is kept there.
        DamagedEntryError: what is kept there can't be read.
        StorageError: the database can't be read.
    """
    _expect_text(key)
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
    return Context.from_dict(workflow, hit.value, serializer=JsonSerializer())


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
