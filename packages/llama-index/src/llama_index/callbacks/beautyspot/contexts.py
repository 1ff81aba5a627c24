"""The context of a workflow, kept, so that another process can go on where this one ended."""

from typing import Any

from beautyspot.errors import SerializationError
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
        SerializationError: the state holds what JSON can't.
        StorageError: the database can't be written.
    """
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
        UnknownContext: nothing is kept there that can be read.
    """
    parts = spot_at(spot).parts
    hit = parts.store.read(_key(key), parts.serializer)
    if hit is None:
        raise UnknownContext(
            f"no context is kept under {key!r}; keep one first with `await save_context(ctx, spot, key)`"
        )
    return Context.from_dict(workflow, hit.value, serializer=JsonSerializer())


def _write(place: Spot, key: str, content: dict[str, Any]) -> None:
    label = Label(cache_key=_key(key), func_name=FUNC_NAME, input_id=key, version=VERSION, elapsed_s=0.0)
    place.parts.store.write(label, content, place.parts.serializer)


def _key(key: str) -> str:
    return digest(pack([VERSION, key])).hex()
