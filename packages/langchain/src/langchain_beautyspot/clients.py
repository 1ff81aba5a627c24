"""What a provider's client asks with and its model's description doesn't say: it read the environment by itself.

That of OpenAI reads `OPENAI_BASE_URL`, `OPENAI_PROJECT_ID` and `OPENAI_CUSTOM_HEADERS`, so that the same model asks
another server. Of a client that asks as its class does by default nothing is said, so that a key needs no client.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, cast

from beautyspot.keys.canonical import pack
from beautyspot.keys.digest import digest

from langchain_beautyspot.model_fields import is_secret
from langchain_beautyspot.snapshots import PLAIN

ADDRESS = "base_url"
MAX_CLASSES = 256
SCOPES = ("organization", "project")
IDLE_HEADERS = frozenset(("authorization", "user-agent"))
"""They say who asks, not what."""
DEEPEST = 2
"""Clients within a client: OpenAI's `completions` holds its client, that of Ollama holds one of httpx."""


def said_by_clients(model: Any, told: Mapping[str, Any], /) -> str:
    """Return a digest of what the clients of a model ask with; "" if nothing is to be said of them.

    Args:
        model: Of any class; a client is a part of it with a `base_url`, or what such a part holds as its `_client`.
        told: Settings of the model that are known; what they say isn't said again.
    """
    said = {each for client in _clients(model) for each in (*_place(client, told), *_headers(client, told))}
    return digest(pack([[name, value] for name, value in sorted(said)])).hex() if said else ""


def addresses_beside(model: Any, told: Mapping[str, Any], /) -> list[str]:
    """Return where the clients of a model ask, unless it is told or their default."""
    said = {each for client in _clients(model) for each in _place(client, told)}
    return sorted(value for name, value in said if name == ADDRESS)


def _clients(model: Any) -> Iterable[Any]:
    own: dict[str, Any] = model.__dict__
    fields: dict[str, Any] | None = getattr(model.__class__, "__pydantic_fields__", None)
    if fields is not None:
        # Of its fields alone: a client that a property makes at the first call would change the key then.
        own = {name: own[name] for name in own if name in fields} | (model.__pydantic_private__ or {})
    found = (_client(part) for part in own.values() if type(part) not in PLAIN)
    return {id(client): client for client in found if client is not None}.values()


def _client(part: Any) -> Any:
    try:
        for _ in range(DEEPEST + 1):
            if part is None or _address(part):
                return part
            part = getattr(part, "_client", None)
    except Exception:  # noqa: BLE001 - the part is anybody's, and its properties may do anything
        return None
    return None


def _address(client: Any) -> str:
    address = getattr(client, ADDRESS, None)
    # httpx has a class for it. An object that has every attribute, as mocks are, is no client.
    return str(address).rstrip("/") if type(address).__name__ in ("str", "URL") else ""


def _place(client: Any, told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    address = _address(client)
    urls = [value.rstrip("/").lower() for value in told.values() if isinstance(value, str) and "://" in value]
    # That of an Azure begins with the endpoint, and the deployment behind it is told as well.
    is_told = any(f"{address.lower()}/".startswith(f"{url}/") for url in urls)
    if not is_told and address not in _defaults(client.__class__):
        yield ADDRESS, address
    for name in SCOPES:
        value = getattr(client, name, None)
        if isinstance(value, str) and value and value not in told.values():
            yield name, value


def _headers(client: Any, told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    headers, given = getattr(client, "_custom_headers", None), told.get("default_headers")
    if isinstance(headers, Mapping):
        known = {*cast("Mapping[str, Any]", given).items()} if isinstance(given, Mapping) else set[Any]()
        for name, value in cast("Mapping[str, Any]", headers).items():
            idle = name.lower() in IDLE_HEADERS or is_secret(name.replace("-", "_"), value)
            if isinstance(value, str) and not idle and (name, value) not in known:
                yield name, value


@lru_cache(MAX_CLASSES)
def _defaults(kind: type[Any]) -> tuple[str, ...]:
    """Return the addresses in the constructor of a client's class: nothing else tells where it asks by default."""
    found: list[str] = []
    for each in kind.__mro__:
        constructor: Any = each.__dict__.get("__init__")
        written = getattr(getattr(constructor, "__code__", None), "co_consts", ())
        preset: dict[str, Any] = getattr(constructor, "__kwdefaults__", None) or {}
        found += [value for value in (*written, *preset.values()) if isinstance(value, str)]
    return tuple(value.rstrip("/") for value in found if value.startswith(("https://", "http://")))
