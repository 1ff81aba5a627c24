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

from beautyspot_dashboard.place import current

PATH = "/kept"
CHUNK_BYTES = 256 * 1024
"""What lies in memory of a value while it is sent."""
SAFE_TYPE = re.compile(r"([\w.+-]+/[\w.+-]+)((?:\s*;\s*[\w.-]+=(?:[\w.+-]+|\"[\w., /+-]*\"))*)", re.ASCII)
"""Source: RFC 9110, section 8.3.1: a type, a subtype and parameters."""
CHARSET = re.compile(r"\s*;\s*charset=[^;]*", re.ASCII | re.IGNORECASE)
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
        content = place.values().open(task)
    except BeautySpotError as error:
        return PlainTextResponse(f"{error}\n", 404)
    if content is None:
        return PlainTextResponse("this value is neither bytes nor text; it has no content of its own\n", 404)
    headers = _headers(task, request, is_text=content.is_text)
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


def _headers(task: Task, request: Request, *, is_text: bool) -> dict[str, str]:
    kind = request.query_params.get("type") or task.content_type or ""
    scripts = request.query_params.get("scripts") == "1"
    headers = {
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "content-security-policy": APART.format(" allow-scripts" if scripts else "")
        + LOOKS
        + (SCRIPTS if scripts else ""),
        "content-type": media_type(kind, is_text=is_text),
        "etag": f'"{task.cache_key[:32]}-{task.updated_at.timestamp():.6f}"',
    }
    # In a frame the page around it keeps a kept page from leading elsewhere; alone in a tab nothing would.
    if request.headers.get("sec-fetch-dest") == "document" and "ml" in kind.lower():
        headers["content-type"] = "text/plain; charset=utf-8"
    name = request.query_params.get("download")
    if name is not None:
        headers["content-disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return headers


def media_type(kind: str, /, *, is_text: bool) -> str:
    """Return what the browser is told that content is; `kind` is anybody's, and a text is kept as UTF-8."""
    found = SAFE_TYPE.fullmatch(kind.strip())
    if found is None:
        return "application/octet-stream"
    name, parameters = found.groups()
    if is_text:
        parameters = CHARSET.sub("", parameters)
    is_said = CHARSET.search(parameters) is not None
    return name + parameters + ("; charset=utf-8" if name.lower().startswith("text/") and not is_said else "")


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
