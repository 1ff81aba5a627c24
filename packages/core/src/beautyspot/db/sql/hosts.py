"""Several hosts in one URL of PostgreSQL, as libpq has them and as SQLAlchemy reads them."""

import re

from sqlalchemy import URL

from beautyspot.errors import ConfigurationError

_URL = re.compile(r"(postgres[^:/]*://(?:[^/?#]*@)?)([^/?#@]*)(/[^?#]*)?(?:\?(.*))?", re.DOTALL)
_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(?::(\d*))?")


def spread(text: str, /) -> str:
    """Return the URL with what stands between slashes as `?host=…&port=…`, if those are several hosts.

    A host without a port has PostgreSQL's own, whatever its neighbour has. Source: PostgreSQL manual, section 34.1.1.2.
    """
    url = _URL.fullmatch(text)
    if url is None or "," not in url[2]:
        return text
    places = [_HOST.fullmatch(each) for each in url[2].split(",")]
    if None in places:
        return text  # SQLAlchemy refuses it
    hosts = ",".join(place[1].strip("[]") for place in places if place)
    ports = ",".join(place[2] or "5432" for place in places if place)
    return f"{url[1]}{url[3] or '/'}?host={hosts}&port={ports}" + (f"&{url[4]}" if url[4] else "")


def with_all_ports(url: URL, /) -> URL:
    """Return the URL with a port for each of several hosts, where one stands for all: SQLAlchemy wants as many.

    Raises:
        ConfigurationError: there are neither as many ports as hosts, nor one.
    """
    hosts, ports = (_parts(url, name) for name in ("host", "port"))
    if len(hosts) < 2 or not ports or len(ports) == len(hosts):
        return url
    if len(ports) > 1:
        raise ConfigurationError(
            f"{len(hosts)} hosts and {len(ports)} ports in a database URL; give one port for all, or one for each, as "
            "?host=one,two&port=5432,5433"
        )
    return url.update_query_dict({"host": ",".join(hosts), "port": ",".join(ports * len(hosts))})


def _parts(url: URL, name: str) -> list[str]:
    given = url.query.get(name, ())
    return [part for each in ((given,) if isinstance(given, str) else given) for part in each.split(",")]
