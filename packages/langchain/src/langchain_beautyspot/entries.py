"""The rows of the cache: what tells those of one namespace from all others in the same Spot."""

from collections.abc import Sequence
from typing import Any

from beautyspot.checks import expect, words
from beautyspot.records import Task, TaskFilter
from beautyspot.store import Store

from langchain_beautyspot.models import LONGEST_NAME, model_of

VERSION = "generations-1"
NAMESPACE_TAG = "namespace:"


def namespace_of(namespace: Any, /) -> str:
    """Return `namespace` if it can be one.

    Raises:
        ConfigurationError: it is no text.
    """
    expect(isinstance(namespace, str), "namespace", namespace, "a text, such as a tenant's name")
    return namespace


def tags_of(namespace: str, tags: Sequence[str], /) -> tuple[str, ...]:
    """Return the tags of each row.

    Raises:
        ConfigurationError: `tags` is no sequence of words, or one would pass for a namespace.
    """
    given = words("tags", tags)
    free = not any(tag.startswith(NAMESPACE_TAG) for tag in given)
    expect(free, "tags", given, f"words that don't begin with {NAMESPACE_TAG!r}, which is for namespace=")
    return (*given, f"{NAMESPACE_TAG}{namespace}") if namespace else given


def delete_entries(store: Store, where: TaskFilter, /, *, namespace: str, model: str | None = None) -> int:
    """Delete the answers of `namespace` that `where` means, and return how many there were.

    Raises:
        StorageError: the database can't delete.
    """
    model = None if model is None else model[:LONGEST_NAME]
    # `where.function` takes a model's name for the end of a longer one, as `1` of `gpt-4.1`.
    found = store.find(where._replace(function=model, version=VERSION))
    keys = [task.cache_key for task in found if _is_of(task, namespace) and model in (None, model_of(task.func_name))]
    return store.delete(keys) if keys else 0


def _is_of(task: Task, namespace: str) -> bool:
    namespaces = [tag.removeprefix(NAMESPACE_TAG) for tag in task.tags if tag.startswith(NAMESPACE_TAG)]
    return (namespaces or [""])[0] == namespace
