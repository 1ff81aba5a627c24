"""From a SQLAlchemy URL to an engine whose connections give up in time."""

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from beautyspot.db.opening import SCHEMES
from beautyspot.db.sql.hosts import spread, with_all_ports
from beautyspot.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection

    from beautyspot.db.sql.patience import PatientConnection

DIALECTS = ("postgresql", "sqlite")
"""Those whose upsert and RETURNING we write. MySQL and MariaDB can't index a TEXT column, as our keys are."""
REFUSED = "of the SQL databases only PostgreSQL and SQLite can keep results, and not"
STATEMENT_TIMEOUT_MS = 10_000
FIRST_ANSWER_S = 11.0
"""How long a new connection waits for its first answer: a pooler that has no session left takes it all the same."""
CONNECT = {
    "connect_timeout": 5,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "application_name": "beautyspot",
    "client_encoding": "utf8",  # psycopg would take that of the database, and texts for bytes where it is SQL_ASCII
}
"""Parameters of libpq, in seconds but for the user timeout in ms; libpq's own would notice a cut network in hours."""
SESSION = "SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
"""The server looks after its end as well: the locks of a machine that is gone are free in 35 s instead of 2 h."""


class Address(NamedTuple):
    """Where a database is, and how long one of its statements may take."""

    url: URL
    name: str
    """The URL without its password and options, for people."""
    statement_timeout_ms: int
    """0 for no limit; only PostgreSQL through psycopg minds it."""


def address_of(text: str, /) -> Address:
    """Return what `text` says.

    Raises:
        ConfigurationError: it is no SQLAlchemy URL.
    """
    try:
        url = make_url(spread(text))
        if "@" in (url.host or ""):  # the rest of a password
            raise ArgumentError
    except (ArgumentError, ValueError):
        scheme = text.partition("://")[0]  # never the whole text: it may hold a password
        raise ConfigurationError(
            f"not a database URL: '{scheme}://…'; write 'postgresql://user:password@host:5432/name' with "
            "what is special in a password percent-encoded, and several hosts as //one:5432,two:5432/name"
        ) from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    timeout_ms = STATEMENT_TIMEOUT_MS
    if url.drivername == "postgresql+psycopg":
        given = url.query.get("statement_timeout") or _setting("statement_timeout", url.query.get("options"))
        if given is not None:
            timeout_ms = _milliseconds(given)
        url = with_all_ports(url.difference_update_query(["statement_timeout"]))
    return Address(url, url.set(query={}).render_as_string(hide_password=True), timeout_ms)


def engine_at(address: Address, /, *, read_only: bool = False) -> Engine:
    """Return an engine in autocommit.

    Args:
        address: Where.
        read_only: Pool what it opens, and let nothing be changed through it; else whoever uses it keeps what it opens.

    Raises:
        ConfigurationError: its dialect or its driver is not here.
    """
    try:
        pooled: dict[str, Any] = {"pool_pre_ping": True} if read_only else {"poolclass": NullPool}
        engine = create_engine(address.url, isolation_level="AUTOCOMMIT", **pooled)
    except ImportError as error:
        if address.url.get_backend_name() not in DIALECTS:
            raise _refused(address.name, REFUSED) from None  # rather than have a driver installed in vain
        raise _without_driver(address, error) from error
    except (ArgumentError, NoSuchModuleError):
        raise _refused(address.name, "unknown database scheme") from None
    if engine.dialect.name not in DIALECTS or engine.dialect.is_async:
        raise _refused(address.name, "results can't be kept through" if engine.dialect.is_async else REFUSED)
    session = f"{SESSION}; SET default_transaction_read_only = on" if read_only else SESSION
    event.listen(engine, "do_connect", _psycopg(address, session) if speaks_psycopg(engine) else _sqlite_connect)
    return engine


def canonical_name(engine: Engine, /) -> str:
    """Return what one database is called however its URL is spelled, without a password."""
    if engine.dialect.name != "postgresql":
        return engine.url.set(query={}, username=None, password=None).render_as_string()
    parameters = dict[str, Any](engine.dialect.create_connect_args(engine.url)[1])
    database = parameters.get("dbname") or parameters.get("database") or parameters.get("user") or ""
    hosts = str(parameters.get("host") or "").split(",")
    ports = str(parameters.get("port") or "").split(",")
    # Without any, it is PostgreSQL's own for each host.
    ports = [port or "5432" for port in (ports * len(hosts) if len(ports) == 1 else ports)]
    servers = ",".join(f"{host.lower()}:{port}" for host, port in zip(hosts, ports, strict=False))
    told = {name: parameters.get(name) for name in ("service", "hostaddr")}  # what says where the server is, too
    told["search_path"] = path = _setting("search_path", parameters.get("options"))  # in another schema lie other rows
    # A server searches the schema of the user's name first, unless it is told otherwise.
    told["user"] = parameters.get("user") if path is None or "$user" in path else None
    query = "&".join(f"{name}={value}" for name, value in told.items() if value)
    return f"postgresql://{servers}/{database}" + (f"?{query}" if query else "")


def speaks_psycopg(engine: Engine, /) -> bool:
    """Say whether it is PostgreSQL through psycopg 3, for which there are shorter ways."""
    return (engine.dialect.name, engine.dialect.driver) == ("postgresql", "psycopg")


def _psycopg(address: Address, session: str) -> Callable[..., "PatientConnection"]:
    from psycopg import ProgrammingError
    from psycopg.conninfo import make_conninfo

    from beautyspot.db.sql.patience import PatientConnection
    from beautyspot.db.sql.pooler import Pooler

    try:
        make_conninfo("", **dict.fromkeys(address.url.query, ""))
    except ProgrammingError as error:
        raise ConfigurationError(
            f"{str(error).strip()} for {address.name!r}; give parameters of libpq in the URL"
        ) from None

    pooler = Pooler()

    def connect(_dialect: object, _record: object, _args: object, parameters: dict[str, Any]) -> PatientConnection:
        options: dict[str, Any] = {**CONNECT, **parameters}
        another = partial(PatientConnection.connect, **options, autocommit=True)
        connection = another()
        try:
            connection.limit_s = FIRST_ANSWER_S
            connection.has_session = pooler.gives_session(connection, another)
            connection.limit_by(address.statement_timeout_ms, session)
        except BaseException:  # an interrupt, too
            connection.close()
            raise
        return connection

    return connect


def _sqlite_connect(dialect: Any, _record: object, args: Any, parameters: dict[str, Any]) -> "DBAPIConnection | None":
    """Open a SQLite file as `SQLiteTaskDB` does, for all threads and with its foreign keys."""
    if dialect.name != "sqlite":
        return None
    connection = dialect.connect(*args, **{**parameters, "check_same_thread": False, "timeout": 10})
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _setting(name: str, options: Any) -> str | None:
    """Return a setting in libpq's `options`, such as `-c statement_timeout=5000`."""
    found = re.search(rf"{name}\s*=\s*(\S+)", options) if isinstance(options, str) else None
    return None if found is None else found[1]


def _milliseconds(text: Any) -> int:
    if not isinstance(text, str) or not text.isdecimal():
        raise ConfigurationError(f"statement_timeout got {text!r}; give whole milliseconds, or 0 for no limit")
    return int(text)


def _refused(text: str, what: str) -> ConfigurationError:
    known = ", ".join(sorted(SCHEMES))
    # Never the whole text: it may hold a password.
    return ConfigurationError(
        f"{what} {text.partition('://')[0]!r}; give a path, a URL of a known scheme ({known}), or a TaskDB of your own"
    )


def _without_driver(address: Address, error: ImportError) -> ConfigurationError:
    if address.url.drivername == "postgresql+psycopg":
        return ConfigurationError(f"{address.name!r} needs an extra; pip install 'beautyspot[postgres]'")
    return ConfigurationError(
        f"{address.name!r} needs the package {error.name!r}; pip install it, or another driver of the URL"
    )
