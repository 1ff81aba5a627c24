"""From a `redis://` URL to a client: what it may say, and what of it may be shown."""

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from beautyspot.errors import ConfigurationError

if TYPE_CHECKING:
    from redis import Redis

SCHEMES = ("redis", "rediss", "unix")
PREFIX = "beautyspot"
# A cut network shows after a few seconds, not after the system's quarter of an hour.
DEFAULTS = {
    "socket_connect_timeout": 3.0,
    "socket_timeout": 5.0,
    "max_connections": 64,
    "timeout": 10.0,
}
"""`timeout` is how long a thread waits for one of `max_connections`; all in seconds."""
KNOWN = {
    *DEFAULTS,
    "socket_keepalive",
    "health_check_interval",
    "prefix",
    "db",
    "username",
    "password",
    "client_name",
    "protocol",
}


class Address(NamedTuple):
    """What a URL says."""

    url: str
    """For redis-py, without what is ours."""
    prefix: str
    """Before every key, with its colon."""
    name: str
    """To be shown: it has no password."""
    canonical_name: str
    """What one database is called however its URL is spelled."""


def parse(url: str, /) -> Address:
    """Return what `url` says.

    Raises:
        ConfigurationError: it can't be read, or has an option that nobody knows.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port  # read only now
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise _refused(url) from None  # its text may hold the password
    if parts.fragment or "@" in parts.path:  # what is special in a password was not encoded
        raise _refused(url)
    number = parts.path.strip("/")
    if parts.scheme != "unix" and number and not number.isdecimal():
        raise ConfigurationError(
            f"a redis URL's path got {number!r}; give the number of a database, as redis://localhost:6379/0"
        )
    unknown = sorted(name for name in options if name not in KNOWN and not name.startswith("ssl_"))
    if unknown:
        raise ConfigurationError(
            f"a redis URL has the unknown options {unknown!r}; known: {', '.join(sorted(KNOWN))} and ssl_…"
        )
    for name in DEFAULTS:
        if name in options and not _is_positive(options[name]):
            raise ConfigurationError(f"a redis URL's {name} got {options[name]!r}; give a number above 0")
    prefix = options.pop("prefix", PREFIX)
    canonical_name = _canonical_name(parts, options.get("db", number), prefix)
    if not prefix:
        raise ConfigurationError("a redis URL's prefix got ''; give a word, or leave it out for 'beautyspot'")
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    if prefix != PREFIX:
        shown += f"?prefix={quote(prefix)}"
    return Address(f"{url.partition('?')[0]}?{urlencode(options)}", f"{prefix}:", shown, canonical_name)


def connect(address: Address, /) -> "Redis":
    """Return a client of the server; nothing is opened yet.

    Raises:
        ConfigurationError: redis is not installed, or an option has a wrong value.
    """
    try:
        from redis import BlockingConnectionPool, Redis  # 500 ms, and an extra
        from redis.backoff import NoBackoff
        from redis.exceptions import ConnectionError as Disconnected
        from redis.exceptions import RedisError
        from redis.retry import Retry
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"{address.name!r} needs an extra; pip install 'beautyspot[redis]'") from error
    # Once more for a connection that the server had closed; a timeout is not tried again, it was long enough.
    again: Any = Retry(NoBackoff(), 1, supported_errors=(Disconnected,))
    options: dict[str, Any] = {**DEFAULTS, "retry": again}
    try:
        pool = BlockingConnectionPool.from_url(address.url, **options)  # pyright: ignore[reportUnknownMemberType] - redis' own
        pool.connection_class(**pool.connection_kwargs)  # complains of wrong options, and connects to nothing
    except (TypeError, ValueError, RedisError):
        raise _refused(address.url) from None
    return Redis(connection_pool=pool)


def _canonical_name(parts: SplitResult, number: str, prefix: str) -> str:
    if parts.scheme == "unix":
        where, number = parts.path, number if "db=" in parts.query else ""
    else:
        where = f"{parts.hostname or 'localhost'}:{parts.port or 6379}"  # which is in lower case
    return f"redis://{where}/{number or 0}?prefix={prefix}"


def _is_positive(text: str) -> bool:
    try:
        return float(text) > 0
    except ValueError:
        return False


def _refused(url: str) -> ConfigurationError:
    scheme = url.partition("://")[0]
    return ConfigurationError(
        f"not a redis URL: '{scheme}://…'; give one like 'redis://user:password@localhost:6379/0?socket_timeout=5', "
        "with what is special in a password percent-encoded"
    )
