"""A key of a node's or task's input that is the same in every process, whatever its hash seed."""

from typing import Any

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
        UnkeyableArgument: the input holds something without content, such as a client; give the node a key function of
            its own that picks what counts.
    """
    return digest(pack(Canonical(REGISTRY).form([args, kwargs]))).hex()
