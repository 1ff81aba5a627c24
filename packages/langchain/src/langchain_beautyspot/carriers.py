"""What the objects say with which programs ask servers, but clients with a `base_url`: addresses, requests, AWS's.

Classes are known by their names, so that none of these packages is loaded.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, cast

from pydantic import SecretStr

from langchain_beautyspot.model_fields import is_secret
from langchain_beautyspot.models import IDLE_HEADERS

CARRIERS = frozenset(("aiohttp", "anthropic", "boto3", "botocore", "httpx", "openai", "requests", "urllib3"))
"""Packages whose objects carry what is asked."""
SUCCESSORS = {"httpx2": "httpx"}
CLIENTS = frozenset(("httpx.BaseClient", "requests.Session", "urllib3.PoolManager"))
"""Clients with headers, and often without an address, as each of their requests brings one."""
PLUMBING = frozenset(
    (
        "aiohttp.BaseConnector", "aiohttp.CookieJar", "anthropic.NotGiven", "anthropic.Omit", "anthropic.Timeout",
        "boto3.ResourceFactory", "botocore.Credentials", "botocore.Loader", "httpx.AsyncHTTPTransport",
        "httpx.BasicAuth", "httpx.Cookies", "httpx.DigestAuth", "httpx.HTTPTransport", "httpx.Limits", "httpx.Proxy",
        "httpx.Timeout", "openai.NotGiven", "openai.Omit", "openai.Timeout", "requests.AuthBase",
        "requests.HTTPAdapter", "requests.RequestsCookieJar", "urllib3.Retry", "urllib3.Timeout",
    )
)  # fmt: skip
"""Classes that wait, connect, prove who asks or say that nothing is given: none changes an answer.

OpenAI's package, once it is loaded, says that it defines what it takes from httpx.
"""
OF_CLIENTS = frozenset(("accept", "accept-encoding", "connection", "content-type"))
"""Headers that clients send by themselves, or are given to send what their program writes."""
AUTHORIZATION = "authorization"
HEADERS = re.compile(r"_*((additional|client|custom|default|extra|http|request)_)?headers")
"""What a setting is called that is sent with each request."""
IDLE_OPTIONS = frozenset(
    (
        "client_cert", "connect_timeout", "max_pool_connections", "parameter_validation", "proxies", "proxies_config",
        "read_timeout", "retries", "tcp_keepalive", "user_agent", "user_agent_appid", "user_agent_extra",
    )
)  # fmt: skip
"""Options of AWS's clients that change how it is asked, not what."""
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
Said = Iterator[tuple[str, str]]
Pair = tuple[str, Any]


def is_a(part: Any, names: frozenset[str], /) -> bool:
    """Say whether a class of an object is among `package.Class` names, in whatever module of its package it lies."""
    return any(f"{package_of(each)}.{each.__name__}" in names for each in type(part).__mro__)


def package_of(kind: type, /) -> str:
    """Return the package that defines a class; of one whose successor has the same classes, its name."""
    name = kind.__module__.partition(".")[0]
    return SUCCESSORS.get(name, name)


def telling(headers: Iterable[Pair], told: Mapping[str, Any] | None = None, /) -> list[Pair]:
    """Return the headers that may change an answer, without keys, and without what the settings `told` say already."""
    idle, beside = IDLE_HEADERS | OF_CLIENTS, told or {}
    tables = (items(table) for name, table in beside.items() if HEADERS.fullmatch(name))
    known = {(name.lower(), value) for table in tables for name, value in table}
    return [
        (name, value)
        for name, value in headers
        if name.lower() not in idle
        and not is_secret(name.replace("-", "_"), value)
        and not (name.lower() == AUTHORIZATION and _is_told(str(value), beside))
        and (name.lower(), str(value)) not in known
    ]


def items(table: Any, /) -> set[tuple[str, str]]:
    """Return the pairs of a table as text; none where it is none."""
    pairs = cast("Mapping[Any, Any]", table).items() if isinstance(table, Mapping) else ()
    return {(str(name), str(value)) for name, value in pairs}


def telling_setting(name: str, value: Any, beside: Mapping[str, Any], /) -> Any:
    """Return a setting; of headers in a table those that may change an answer, None if none does.

    Args:
        name: Of the setting.
        value: Its value.
        beside: The other settings, and keys.
    """
    if not (HEADERS.fullmatch(name) and isinstance(value, dict)):
        return value
    named = cast("dict[Any, Any]", value).items()
    others = {each: item for each, item in beside.items() if not HEADERS.fullmatch(each)}  # each tells its own
    return dict(telling(((str(each).lower(), item) for each, item in named), others)) or None


def content_of(part: Any, /) -> Any:
    """Return what tells an address, a table of headers or a query, or a request; None if nothing does."""
    for name, content in _CONTENTS.items():
        if is_a(part, frozenset((name,))):
            with suppress(Exception):  # such as a request whose body is a stream
                return content(part)
    return None


def said_without_address(part: Any, told: Mapping[str, Any], /) -> set[tuple[str, str]] | None:
    """Return where a client without a `base_url` asks, or AWS's sessions and options; None for anything else.

    Args:
        part: Of any class.
        told: Settings beside it. What they say isn't said again, so that a client that is made of them at the first
            call says nothing.
    """
    said = next((said for name, said in _SAID.items() if is_a(part, frozenset((name,)))), None)
    return None if said is None else set(said(part, told))


def _of_aws(client: Any, told: Mapping[str, Any]) -> Said:
    meta, known = client.meta, _texts(told)
    service, region, address = meta.service_model, str(meta.region_name), str(meta.endpoint_url).rstrip("/")
    is_told = region in known and known.isdisjoint(_regions(known) - {region})
    is_default = address == f"https://{service.endpoint_prefix}.{region}.amazonaws.com"
    # The service alone is left unsaid: it is written in the code that makes a client at the first call.
    if not (is_told and (is_default or address in known)):
        yield from (("service", service.service_name), ("region", region), ("address", address))


def _of_session(session: Any, told: Mapping[str, Any]) -> Said:
    is_inner = hasattr(session, "get_config_variable")
    region = session.get_config_variable("region") if is_inner else session.region_name
    profile = session.profile if is_inner else session.profile_name
    for name, value in (("region", region), ("profile", profile)):
        if value not in (None, "default") and str(value) not in _texts(told):
            yield name, str(value)


def _of_options(options: Any, told: Mapping[str, Any]) -> Said:
    for name, value in options._user_provided_options.items():
        if name not in IDLE_OPTIONS and not is_secret(name, value) and str(value) not in _texts(told):
            yield name, repr(value)


def _of_resource(resource: Any, told: Mapping[str, Any]) -> Said:
    place = [*_of_aws(resource.meta.client, told)]
    yield from (*place, *([("class", type(resource).__name__)] if place else []))
    for name in resource.meta.identifiers:
        value = str(getattr(resource, name))
        if value not in _texts(told):
            yield name, value


def _of_aiohttp(session: Any, told: Mapping[str, Any]) -> Said:
    address = str(session._base_url or "")
    yield from [("address", address)] if address.rstrip("/") not in {"", *_texts(told)} else []
    yield from telling(session.headers.items(), told)


def _of_pool(pool: Any, told: Mapping[str, Any]) -> Said:
    address = f"{pool.scheme}://{pool.host}:{pool.port}"
    yield from [("address", address)] if _texts(told).isdisjoint((pool.host, address)) else []
    yield from telling(pool.headers.items(), told)


def _is_told(proof: str, told: Mapping[str, Any]) -> bool:
    """Say whether `Bearer` and what follows it are settings."""
    return proof.rpartition(" ")[2] in {
        each.get_secret_value() if isinstance(each, SecretStr) else each
        for each in told.values()
        if isinstance(each, str | SecretStr)
    }


def _regions(texts: Iterable[str]) -> set[str]:
    return {each for each in texts if _REGION.fullmatch(each)}


def _texts(told: Mapping[str, Any]) -> set[str]:
    return {value.rstrip("/") for value in told.values() if isinstance(value, str)}


def _query(pairs: Iterable[Pair]) -> list[Pair]:
    return [(name, value) for name, value in pairs if not is_secret(name, value)]


def _params(given: Any) -> Any:
    is_table = isinstance(given, Mapping)
    return _query(cast("Mapping[str, Any]", given).items()) if is_table else given


def _pairs(headers: Mapping[str, Any] | None) -> list[Pair]:
    return telling(sorted((headers or {}).items()))


_SAID: dict[str, Callable[[Any, Mapping[str, Any]], Said]] = {
    "aiohttp.ClientSession": _of_aiohttp,
    "boto3.ServiceResource": _of_resource,
    "boto3.Session": _of_session,
    "botocore.BaseClient": _of_aws,
    "botocore.Config": _of_options,
    "botocore.Session": _of_session,
    "urllib3.HTTPConnectionPool": _of_pool,
}
_CONTENTS: dict[str, Callable[[Any], Any]] = {
    "httpx.Headers": lambda headers: telling(headers.multi_items()),
    "httpx.QueryParams": lambda query: _query(query.multi_items()),
    "httpx.Request": lambda asked: [asked.method, str(asked.url), telling(asked.headers.multi_items()), asked.content],
    "httpx.URL": str,
    "requests.CaseInsensitiveDict": _pairs,
    "requests.PreparedRequest": lambda asked: [asked.method, asked.url, _pairs(asked.headers), asked.body],
    "requests.Request": lambda asked: [
        *(asked.method, asked.url, _pairs(asked.headers), _params(asked.params)),
        *(asked.data, asked.json, asked.files),
    ],
    "urllib3.HTTPHeaderDict": _pairs,
}
