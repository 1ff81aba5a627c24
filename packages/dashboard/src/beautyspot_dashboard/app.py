"""The ASGI application: Streamlit's pages, our routes, and who may see them."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import BaseRoute

from beautyspot_dashboard.frame import show_error
from beautyspot_dashboard.routes import contents
from beautyspot_dashboard.security import HOSTS, Headers, SameOrigin, Token

SCRIPT = Path(__file__).with_name("scripts") / "main.py"


def create_app(token: str, cookie: str) -> st.App:
    """Return the application that lets in who knows `token`; see `Token` for `cookie`."""
    return st.App(
        SCRIPT,
        routes=routes(),
        middleware=[
            Middleware(TrustedHostMiddleware, HOSTS, www_redirect=False),
            Middleware(Headers),
            Middleware(SameOrigin),
            Middleware(Token, token, cookie),
        ],
        on_script_error=show_error,
    )


def routes() -> list[BaseRoute]:
    """Return what is answered beside Streamlit's own pages."""
    return [contents.ROUTE]
