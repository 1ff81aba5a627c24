"""The object that a provider's client made of an answer's text: a model's cache keeps the text and makes it again.

langchain-openai puts it beside the text, as `additional_kwargs["parsed"]`, and its parser looks nowhere else. Dumped
and validated again it was another one: validators ran twice, aliases and computed fields were refused.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from beautyspot.errors import DamagedEntryError, SerializationError
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGeneration, Generation
from pydantic import BaseModel

PARSED = "parsed"


def has_object(message: BaseMessage, /) -> bool:
    """Say whether `message` carries one."""
    return type(message.additional_kwargs.get(PARSED)) not in (dict, type(None))


def told_by(message: BaseMessage, /) -> Any:
    """Return what the object was made of.

    Raises:
        SerializationError: the message's text doesn't say it.
    """
    try:
        return json.loads(message.text)
    except ValueError as error:
        raise SerializationError(
            f"the answer has a parsed {type(message.additional_kwargs[PARSED]).__qualname__!r}, and its text is no "
            "JSON to make it of again; expected what with_structured_output gives; give such a model cache=False"
        ) from error


def restore(generations: Sequence[Generation], settings: Mapping[str, Any], /) -> None:
    """Make the objects again, as the client did.

    Args:
        generations: Those of a kept answer.
        settings: Of the call, with the class; without one, parsers take the plain data.

    Raises:
        DamagedEntryError: the text doesn't fit the class, whose validators may have changed.
    """
    schema = settings.get("response_format")
    if not (isinstance(schema, type) and issubclass(schema, BaseModel)):
        return
    for generation in generations:
        if isinstance(generation, ChatGeneration) and PARSED in generation.message.additional_kwargs:
            generation.message.additional_kwargs[PARSED] = _made(schema, generation.message)


def _made(schema: type[BaseModel], message: BaseMessage) -> BaseModel:
    try:
        return schema.model_validate_json(message.text)
    except Exception as error:  # the user's validators run here; chained
        # Not its words, which quote the answer.
        raise DamagedEntryError(
            f"the kept answer doesn't fit {schema.__qualname__!r} as it is now ({type(error).__name__}); ask it anew"
        ) from error
