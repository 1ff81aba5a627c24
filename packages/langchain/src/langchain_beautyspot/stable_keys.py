"""A key of a node's or task's input that is the same in every process, whatever its hash seed."""

from typing import Any

from beautyspot.errors import UnkeyableArgument
from beautyspot.keys.canonical import Canonical, pack
from beautyspot.keys.digest import digest
from beautyspot.keys.registry import KeyRegistry
from langchain_core.messages import BaseMessage

from langchain_beautyspot.messages import content_of

REGISTRY = KeyRegistry()
"""Knows messages as keys see them."""
REGISTRY.register(BaseMessage, content_of)


def stable_key(*args: Any, **kwargs: Any) -> str:
    """Return the key of a node's or task's input, for `CachePolicy(key_func=stable_key)`.

    Messages count by what a model is sent of them, without ids; everything else by content, as in a marked function.

    Raises:
        UnkeyableArgument: the input holds something without content, such as a client.
    """
    try:
        return digest(pack(Canonical(REGISTRY).form([args, kwargs]))).hex()
    except (UnkeyableArgument, RecursionError, ValueError) as error:
        raise UnkeyableArgument(
            f"stable_key got an input that no key can be made of ({error}); give the node or task a key_func that "
            "picks what counts, such as CachePolicy(key_func=lambda state: stable_key(state['topic']))"
        ) from error
