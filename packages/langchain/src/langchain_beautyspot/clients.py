"""What a provider's client asks with and its model's description doesn't say: it read the environment by itself.

That of OpenAI reads `OPENAI_BASE_URL`, `OPENAI_PROJECT_ID` and `OPENAI_CUSTOM_HEADERS`, so that the same model asks
another server. Of a client that asks as its class does by default nothing is said, so that a key needs no client.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple, cast
from weakref import ref

from beautyspot.keys.canonical import pack
from beautyspot.keys.digest import digest
from pydantic import SecretStr

from langchain_beautyspot.carriers import CLIENTS, PLUMBING, is_a, items, said_without_address, telling
from langchain_beautyspot.model_fields import is_secret
from langchain_beautyspot.snapshots import PLAIN

ADDRESS = "base_url"
MAX_CLASSES = 256
HEADERS, QUERY = ("_custom_headers", "headers"), ("_custom_query", "params")
"""Of OpenAI's and Anthropic's clients, and of httpx's, which one of them holds and somebody may have given it."""
SCOPES = ("organization", "project")
_ASYNC = re.compile(r"async_|^_?a(?=client)|^_+")
_URL = re.compile(r"\w+://\S+")
PROXIES = ("proxy", "proxies")
COMPARED = (str, int, float, Mapping, SecretStr)
DEEPEST = 2
"""Clients within a client: OpenAI's `completions` holds its client, that of Ollama holds one of httpx."""


class Watched(NamedTuple):
    """A client as it was."""

    name: str
    """Of the model's field that holds it."""
    part: Callable[[], Any]
    """What that field held. Weak, as the client is, so that none lives on."""
    client: Callable[[], Any]
    asks: list[Any]
    """What it asked with; nothing of one that is told of already, as several fields hold it."""


def watched(model: Any, /) -> list[Watched]:
    """Return the clients of a model as they are now; one that is made later is none of them."""
    found: list[Watched] = []
    known: set[int] = set()
    for name, part in _parts(model).items():
        client = None if type(part) in PLAIN else _client(part)
        if client is None:
            continue
        with suppress(Exception):  # the client is anybody's; one that can't be watched is as it was at first
            found.append(Watched(name, ref(part), ref(client), [] if id(client) in known else _asks(client)))
            known.add(id(client))
    return found


def are_as_watched(model: Any, clients: Iterable[Watched], /) -> bool:
    """Say whether clients are the same and ask with what they did: 5 µs for those of `ChatOpenAI`."""
    own: dict[str, Any] = model.__dict__
    private: dict[str, Any] = getattr(model, "__pydantic_private__", None) or {}
    for name, part, client, asks in clients:
        held, now = client(), own.get(name, private.get(name))
        if held is None or now is not part():
            return False
        # A list takes the same object for equal at once; httpx compares two addresses in 10 µs.
        if asks and asks != _asks(held):
            return False
    return True


def said_by_clients(model: Any, told: Mapping[str, Any], /, *, but: Collection[str] = ()) -> str:
    """Return a digest of what the clients of a model ask with; "" if nothing is to be said of them.

    Args:
        model: Of any class; a client is a part of it with a `base_url`, or what such a part holds as its `_client`.
        told: Settings of the model that are known; what they say isn't said again.
        but: Names of what changes no answer of this model.
    """
    parts = _parts(model)
    beside = _plain({**told, **{name: each for name, each in parts.items() if is_secret(name, each)}})
    said = set[tuple[str, ...]]()
    for part, client in ((name, _client(each)) for name, each in parts.items() if type(each) not in PLAIN):
        if client is not None:
            # Both of a kind ask alike, and one may be made later.
            kind = _ASYNC.sub("", part)
            said |= {(kind, name, value) for name, value in _said(client, beside) if name not in but}
    return _digest(said)


def said_by_client(part: Any, told: Mapping[str, Any], /) -> str | None:
    """Return what `said_by_clients` does, of one client, or of what holds it; None if it is no client."""
    told = _plain(told)
    said = said_without_address(part, told)
    if said is not None:
        return _digest(said)
    client = _client(part)
    if client is None and not is_a(part, CLIENTS):
        return "" if is_a(part, PLUMBING) else None
    return _digest({*_said(part if client is None else client, told)})


def _plain(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that may say what a client does; others may be arrays, which nothing is compared with."""
    return {name: each for name, each in told.items() if isinstance(each, COMPARED) and not name.endswith(PROXIES)}


def _digest(said: Collection[tuple[str, ...]]) -> str:
    return digest(pack([list(each) for each in sorted(said)])).hex() if said else ""


def _said(client: Any, told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if _address(client):
        yield from _place(client, told)
    yield from _headers(client, told)
    yield from _query(client, told)


def _parts(model: Any) -> dict[str, Any]:
    own: dict[str, Any] = model.__dict__
    fields: dict[str, Any] | None = getattr(model.__class__, "__pydantic_fields__", None)
    if fields is None:
        return own
    # Of its fields alone: a client that a property makes at the first call would change the key then.
    return {name: own[name] for name in own if name in fields} | (model.__pydantic_private__ or {})


def _asks(client: Any) -> list[Any]:
    scopes = (getattr(client, name, None) for name in SCOPES)
    tables = (_as_it_is(each) for each in _tables(client, HEADERS + QUERY))
    return [getattr(client, ADDRESS, None), *scopes, *tables]


def _tables(client: Any, names: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """Yield what of those names a client and the one that it sends by hold."""
    for holder in (client, getattr(client, "_client", None)):
        for name in names:
            table = getattr(holder, name, None)
            if table and isinstance(table, Mapping):
                yield cast("Mapping[str, Any]", table)


def _as_it_is(table: Mapping[str, Any]) -> Any:
    # A copy of httpx's headers takes 10 µs; its query never changes in place.
    return dict(table) if isinstance(table, dict) else getattr(table, "raw", table)


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
    # Where another address is told as well, nothing says which of the two it is.
    urls = [value for value in told.values() if isinstance(value, str) and _URL.fullmatch(value)]
    is_told = bool(urls) and all(_is_below(address, url, told) for url in urls)
    if not is_told and address not in _defaults(client.__class__):
        yield ADDRESS, address
    for name in SCOPES:
        value = getattr(client, name, None)
        if isinstance(value, str) and value and value not in told.values():
            yield name, value


def _is_below(address: str, url: str, told: Mapping[str, Any]) -> bool:
    """Say whether an address is a URL that is told, or, as that of an Azure, one with a deployment that is told too."""
    begin, address = url.rstrip("/").lower() + "/", f"{address.lower()}/"
    known = {"", "openai", "v1", "deployments"} | {str(each).lower() for each in told.values()}
    return address.startswith(begin) and known.issuperset(address.removeprefix(begin).split("/"))


def _headers(client: Any, told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in telling((each for table in _tables(client, HEADERS) for each in table.items()), told):
        if isinstance(value, str):
            yield name, value


def _query(client: Any, told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    known = items(told.get("default_query"))
    for name, value in (each for table in _tables(client, QUERY) for each in _pairs(table)):
        # The version of Azure's API is a setting.
        if not is_secret(name, value) and (name, str(value)) not in known and value not in told.values():
            yield f"?{name}", str(value)


def _pairs(table: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    # The `items` of httpx's query leave out all but the first of a name.
    return cast("Any", table).multi_items() if hasattr(table, "multi_items") else table.items()


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
