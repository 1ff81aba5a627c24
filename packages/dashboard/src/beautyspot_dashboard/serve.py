"""Starts the server and the browser."""

import secrets
import socket
import sys
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from typing import Any

import uvicorn
from beautyspot.catalog.source import file_of
from beautyspot.errors import ConfigurationError
from beautyspot.protocols import BlobStorage
from streamlit import config

from beautyspot_dashboard.app import create_app
from beautyspot_dashboard.place import Place, use
from beautyspot_dashboard.security import HOSTS, PARAMETER

HOST = "127.0.0.1"
FIRST_PORT = 8501
TRIES = 50
"""Ports that are tried after a busy one."""


def serve(
    database: str,
    storages: Sequence[BlobStorage] = (),
    *,
    port: int | None = None,
    read_only: bool = False,
    browser: bool = True,
    neighbours: Callable[[], Sequence[str]] = tuple,
) -> None:
    """Show the store until Ctrl-C; prints the address once it answers.

    Args:
        database: Path or URL.
        storages: Where its blobs lie; the first is written to.
        port: To listen on; 0 for any that is free, None for 8501 or the next that is free.
        read_only: Offer nothing that changes the store.
        browser: Open a browser on it.
        neighbours: Returns the databases whose blobs may lie among these.

    Raises:
        ConfigurationError: the port is busy, or the database speaks no SQL.
    """
    file_of(database)  # here, as a page could say no more than that this will never be shown
    shown = Place(database, storages, read_only, neighbours)
    use(shown)
    with closing(shown), listen(port) as listener:
        number = listener.getsockname()[1]
        token = secrets.token_urlsafe(24)
        app = create_app(token, f"beautyspot-{number}")
        configure(number)
        url = f"http://{HOST}:{number}/?{PARAMETER}={token}"
        # The socket listens already, so a browser that is faster than the server waits instead of being refused.
        print(f"beautyspot shows {shown.name} at\n  {url}\nCtrl-C stops it", file=sys.stderr, flush=True)
        if browser:
            webbrowser.open(url)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="websockets-sansio"))
        with suppress(KeyboardInterrupt):  # it has stopped cleanly by then, and gives the signal on
            server.run(sockets=[listener])


def listen(port: int | None, /) -> socket.socket:
    """Return a socket that listens on `port` of this machine alone.

    Raises:
        ConfigurationError: it is busy, or all that were tried are.
    """
    ports = range(FIRST_PORT, FIRST_PORT + TRIES) if port is None else [port]
    for each in ports:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as after a stop a moment ago
        try:
            listener.bind((HOST, each))
            listener.listen(128)
        except (OSError, OverflowError):
            listener.close()
        else:
            return listener
    raise ConfigurationError(f"port {ports[0]!r} can't be had; give another with --port, or 0 for any that is free")


def configure(port: int, /) -> None:
    """Set what a `.streamlit/config.toml` in the user's folder, or the environment, might have set otherwise."""
    options: dict[str, Any] = {
        "server.address": HOST,
        "server.port": port,
        "server.headless": True,
        "server.allowedHosts": HOSTS,
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.enableStaticServing": False,
        "server.enableAgentApi": False,
        "server.baseUrlPath": "",
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "browser.gatherUsageStats": False,
        "browser.serverAddress": HOST,
        "browser.serverPort": port,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "runner.magicEnabled": False,
        "global.developmentMode": False,
        # A page that is come back to gives its widgets their answers, which for one with a default is told of.
        "global.disableWidgetStateDuplicationWarning": True,
    }
    for name, value in options.items():
        config.set_option(name, value)
