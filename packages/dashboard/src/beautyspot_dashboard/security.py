"""Who may ask, and what a page may load: kept content is anybody's, and so is the machine's network."""

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from beautyspot_dashboard.headings import language_script
from beautyspot_dashboard.texts import TEXTS


def _digests() -> str:
    """Return the sources of the scripts that Streamlit's own page has inline, and of ours."""
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_bytes()
    scripts: list[bytes] = re.findall(rb"<script>(.*?)</script>", page, re.DOTALL)
    scripts += [language_script(code).encode() for code in TEXTS]
    return " ".join(f"'sha256-{b64encode(sha256(script).digest()).decode()}'" for script in scripts)


# Streamlit's charts are compiled to functions ('unsafe-eval'), Graphviz is WebAssembly, styles are set in place, and
# diagrams and downloads are blobs. Nothing is fetched from elsewhere: a picture in kept Markdown would tell its author
# who looks at it.
POLICY = "; ".join(
    (
        "default-src 'self'",
        f"script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval' {_digests()}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "frame-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
PARAMETER = "token"
HOSTS = ["127.0.0.1", "localhost"]
"""By which the server is asked: a page elsewhere may rebind its own name to this machine."""


class Headers:
    """Adds `HEADERS` to every answer that doesn't bring its own."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as `app` does, with the headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


class SameOrigin:
    """Refuses what a page of another address asks, be it on another port of this machine.

    A browser sends the cookie along with it: to a browser a site is a host, whatever the port.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Stand before `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as `app` does, or refuse."""
        if scope["type"] == "lifespan" or is_own(HTTPConnection(scope).headers):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await PlainTextResponse("a page of another address may not ask for this\n", 403)(scope, receive, send)


def is_own(headers: Mapping[str, str], /) -> bool:
    """Say whether a request comes from a page of this server, or from no page.

    The server is what the browser calls it: with a forwarded port, that of the machine in front of the person.

    Source: the Fetch standard, "Origin header"; W3C Fetch Metadata Request Headers, for requests that have none.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
    if origin is not None:
        return origin.partition("://")[2].lower() == headers.get("host", "").lower()
    return site in ("none", "same-origin") or headers.get("sec-fetch-mode") == "navigate"


class Token:
    """Lets in who knows the token: from the printed address once, then from a cookie."""

    def __init__(self, app: ASGIApp, token: str, cookie: str) -> None:
        """Stand before `app`.

        Args:
            app: Answers who is let in.
            token: The secret.
            cookie: Its name; browsers share cookies between the ports of a host, so each server needs its own.
        """
        self.app = app
        self.token = token
        self.cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as `app` does, or refuse."""
        if scope["type"] == "lifespan" or self._is(HTTPConnection(scope).cookies.get(self.cookie, "")):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif self._is(dict(_asked(scope)).get(PARAMETER, "")):
            await self._welcome(scope)(scope, receive, send)
        else:
            refusal = "this address needs its token; open the one that `beautyspot ui` printed\n"
            await PlainTextResponse(refusal, 401)(scope, receive, send)

    def _is(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.token.encode())

    def _welcome(self, scope: Scope) -> RedirectResponse:
        # The token stays out of the history, of bookmarks and of what a page can read. One slash in front, as two would
        # lead to another host.
        others = urlencode([(name, value) for name, value in _asked(scope) if name != PARAMETER])
        answer = RedirectResponse("/" + scope["path"].lstrip("/") + (others and f"?{others}"), 303)
        answer.set_cookie(self.cookie, self.token, httponly=True, samesite="lax")
        return answer


def _asked(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
