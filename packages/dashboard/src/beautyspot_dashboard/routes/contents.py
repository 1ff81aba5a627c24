"""The bytes of kept values at addresses of their own, in ranges, so that a player starts at once and can seek."""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from beautyspot.catalog import Content
from beautyspot.errors import BeautySpotError
from beautyspot.records import Task
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from beautyspot_dashboard.charsets import declared, is_utf8
from beautyspot_dashboard.place import current

PATH = "/kept"
CHUNK_BYTES = 256 * 1024
"""What lies in memory of a value while it is sent."""
SAFE_TYPE = re.compile(r"([\w.+-]+/[\w.+-]+)((?:\s*;\s*[\w.-]+=(?:[\w.+-]+|\"[\w., /+-]*\"))*)", re.ASCII)
"""Source: RFC 9110, section 8.3.1: a type, a subtype and parameters."""
LOOKED_BYTES = 4096
"""Of bytes, to know their charset."""
CHARSET = re.compile(r"(?<!\s)\s*;\s*charset=[^;]*", re.ASCII | re.IGNORECASE)
DIGITS = 20
"""Of a position in a range; Python refuses to read thousands of them."""
# A kept page is somebody else's: whatever it is, and however it is opened, it runs apart from the dashboard, fetches
# nothing, and runs its own scripts only where a person said so.
APART = (
    "sandbox{}; default-src 'none'; img-src data: blob:; media-src data: blob:; font-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
LOOKS = "; style-src 'unsafe-inline'"
SCRIPTS = "; script-src 'unsafe-inline' 'unsafe-eval' data: blob:"


def address_of(task: Task, /, **options: str) -> str:
    """Return the path and query under which the content of `task` is.

    Args:
        task: A kept value of bytes or text.
        options: `type="image/png"` says what it is in place of its row, `download="name"` offers it as a file,
            `scripts="1"` lets a page run its scripts.
    """
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in options.items())
    return f"{PATH}/{quote(task.cache_key, safe='')}" + (f"?{query}" if query else "")


class Range(NamedTuple):
    """Positions of bytes."""

    start: int
    stop: int
    """Past the last one."""


@dataclass(frozen=True, slots=True)
class Unsatisfiable:
    """A range that begins after the end."""


def range_of(header: str | None, size_bytes: int, /) -> Range | Unsatisfiable | None:
    """Return the bytes that a `Range` header asks for; None for all of them, as for a header that is not understood.

    Source: RFC 9110, sections 14.1.2 and 14.2; of several ranges, which may be answered whole, none is served apart.
    """
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", (header or "").replace(" ", ""))
    if found is None or found.group() == "bytes=-":
        return None
    first, last = found.groups()
    if not first:
        start, stop = max(size_bytes - _position(last), 0), size_bytes
    else:
        start, stop = _position(first), min(_position(last) + 1 if last else size_bytes, size_bytes)
        if last and _position(last) < start:
            return None
    return Range(start, stop) if start < stop else Unsatisfiable()


def _position(digits: str) -> int:
    return int(digits.lstrip("0")[:DIGITS] or "0")


def kept(request: Request) -> Response:
    """Answer with the content of one value, or the range of it that was asked for."""
    place = current()
    try:
        task = place.catalog().task(request.path_params["key"])
        if _is_known(request, etag := _etag(task, request)):
            return Response(status_code=304, headers=_own_headers(request, etag))
        content = place.values().open(task)
        if content is None:
            return PlainTextResponse("this value is neither bytes nor text; it has no content of its own\n", 404)
        headers = _own_headers(request, etag) | _headers(task, request, content)
    except BeautySpotError as error:
        return PlainTextResponse(f"{error}\n", 404)
    wanted = _wanted(request, headers["etag"], content.size_bytes)
    if isinstance(wanted, Unsatisfiable):
        content.close()
        return Response(status_code=416, headers=headers | {"content-range": f"bytes */{content.size_bytes}"})
    part = wanted or Range(0, content.size_bytes)
    headers["content-length"] = str(part.stop - part.start)
    if wanted is not None:
        headers["content-range"] = f"bytes {part.start}-{part.stop - 1}/{content.size_bytes}"
    status = 200 if wanted is None else 206
    if request.method == "HEAD":
        content.close()
        return Response(status_code=status, headers=headers)
    return StreamingResponse(_chunks(content, part), status, headers)


def _wanted(request: Request, etag: str, size_bytes: int) -> Range | Unsatisfiable | None:
    # RFC 9110, section 13.1.5: the part of another value must not be put to what the browser has of this one.
    if request.headers.get("if-range", etag) != etag:
        return None
    return range_of(request.headers.get("range"), size_bytes)


def _is_known(request: Request, etag: str) -> bool:
    """Say whether the browser has the value as it is (RFC 9110, section 13.1.2)."""
    said = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    return etag in said or "*" in said


def _etag(task: Task, request: Request) -> str:
    shape = "source" if _is_alone(task, request) else "value"
    return f'"{task.cache_key[:32]}-{task.updated_at.timestamp():.6f}-{shape}"'


def _is_alone(task: Task, request: Request) -> bool:
    """Say whether a page is opened outside of a frame of ours, which would keep it from leading elsewhere."""
    return request.headers.get("sec-fetch-dest") == "document" and "ml" in _kind(task, request).lower()


def _kind(task: Task, request: Request) -> str:
    return request.query_params.get("type") or task.content_type or ""


def _own_headers(request: Request, etag: str) -> dict[str, str]:
    """Return what an answer without content has as well: a browser puts its headers to the value that it has."""
    scripts = request.query_params.get("scripts") == "1"
    policy = APART.format(" allow-scripts" if scripts else "") + LOOKS + (SCRIPTS if scripts else "")
    return {"cache-control": "private, no-cache", "content-security-policy": policy, "etag": etag}


def _headers(task: Task, request: Request, content: Content) -> dict[str, str]:
    kind = "text/plain" if _is_alone(task, request) else _kind(task, request)
    content.seek(0)
    start = content.read(LOOKED_BYTES)
    headers = {"accept-ranges": "bytes", "content-type": media_type(kind, start, is_text=content.is_text)}
    name = request.query_params.get("download")
    if name is not None:
        headers["content-disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return headers


def media_type(kind: str, start: bytes, /, *, is_text: bool) -> str:
    """Return what the browser is told that content is.

    Args:
        kind: What its row or the address says; it is anybody's.
        start: Its first bytes. A charset that they name themselves holds, as the header's would go before it.
        is_text: Whether it is a text, which is kept as UTF-8.
    """
    found = SAFE_TYPE.fullmatch(kind.strip())
    if found is None:
        return "application/octet-stream"
    name, parameters = found.groups()
    if is_text:
        parameters = CHARSET.sub("", parameters)
    is_said = CHARSET.search(parameters) is not None
    is_own = not is_text and (declared(name, start) is not None or not is_utf8(start))
    is_utf = name.lower().startswith("text/") and not is_said and not is_own
    return name + parameters + ("; charset=utf-8" if is_utf else "")


def _chunks(content: Content, part: Range) -> Iterator[bytes]:
    with closing(content):
        content.seek(part.start)
        left = part.stop - part.start
        while left:
            chunk = content.read(min(left, CHUNK_BYTES))
            if not chunk:  # the blob was replaced by a shorter one; the browser sees that bytes are missing
                return
            left -= len(chunk)
            yield chunk


ROUTE = Route(PATH + "/{key:path}", kept, methods=["GET", "HEAD"])
