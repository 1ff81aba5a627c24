"""A TCP proxy with faults, for any server of the tests."""

import asyncio
import contextlib
import socket
import struct
import threading
from typing import Self

HTTP_500 = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of no time: closing sends RST, where it would else send FIN."""


class FaultyProxy:
    """Passes connections on to a server, well or badly, and counts the bytes.

    A fault holds for the connections that are open and for new ones, until the next fault or `heal`. Each method
    returns once its fault is in force.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._links: set[tuple[asyncio.StreamWriter, ...]] = set()
        self.asked_bytes = 0
        """Bytes passed from clients to the server."""
        self.answered_bytes = 0
        """Bytes passed from the server to clients."""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._run(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def heal(self) -> None:
        """Pass everything on."""
        self._run(self._set())

    def reset(self) -> None:
        """End every connection with RST, and refuse new ones."""
        self._run(self._set(refuses=True))

    def stall(self) -> None:
        """Take connections and bytes, and pass nothing on; what was taken goes on at `heal`."""
        self._run(self._set(stalls=True))

    def cut_after(self, n_bytes: int, *, once: bool = False) -> None:
        """Pass this many bytes of answers on, over all connections, then end everything with RST; `once`, then heal."""
        self._run(self._set(left_bytes=n_bytes, heals=once))

    def slow(self, bytes_per_s: float) -> None:
        """Pass no more than this on, in each direction of each connection."""
        self._run(self._set(bytes_per_s=bytes_per_s))

    def answer_500(self) -> None:
        """Answer every HTTP request with the status 500; the server never sees it."""
        self._run(self._set(answers_500=True))

    def _run(self, coroutine: object) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)  # type: ignore[arg-type]

    async def _set(
        self,
        *,
        refuses: bool = False,
        stalls: bool = False,
        left_bytes: int | None = None,
        heals: bool = False,
        bytes_per_s: float | None = None,
        answers_500: bool = False,
    ) -> None:
        self._refuses, self._left_bytes, self._heals = refuses, left_bytes, heals
        self._bytes_per_s, self._answers_500 = bytes_per_s, answers_500
        if stalls:
            self._flows.clear()
        else:
            self._flows.set()
        if refuses:
            self._cut()
            await asyncio.sleep(0)  # the loop closes what was aborted in its next round

    async def _open(self) -> None:
        self._flows = asyncio.Event()
        await self._set()
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._listener.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._listener.close()
        await self._set(refuses=True)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _cut(self) -> None:
        for writers in self._links:
            for writer in writers:
                _reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._refuses:
                raise ConnectionResetError
            server_reader, server_writer = await asyncio.open_connection(*self._server)
        except OSError:
            return _reset(writer)
        link = (writer, server_writer)
        self._links.add(link)
        try:
            pumps = (self._ask(reader, server_writer, writer), self._answer(server_reader, writer))
            await asyncio.gather(*pumps)
        except (OSError, asyncio.CancelledError):
            pass  # asyncio itself would report a cancelled server task as an error
        finally:
            self._links.discard(link)
            for each in link:
                each.close()
        return None

    async def _ask(
        self, client: asyncio.StreamReader, server: asyncio.StreamWriter, back: asyncio.StreamWriter
    ) -> None:
        while data := await self._read(client):
            if self._answers_500:
                back.write(HTTP_500)
                back.close()
                break
            self.asked_bytes += len(data)
            server.write(data)
            await server.drain()
        with contextlib.suppress(OSError):
            server.write_eof()

    async def _answer(self, server: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        while data := await self._read(server):
            if self._left_bytes is not None:
                data = data[: self._left_bytes]
                self._left_bytes -= len(data)
            self.answered_bytes += len(data)
            client.write(data)
            await client.drain()
            if self._left_bytes == 0:
                await self._set(refuses=not self._heals)
                return self._cut()
        with contextlib.suppress(OSError):
            client.write_eof()
        return None

    async def _read(self, source: asyncio.StreamReader) -> bytes:
        most = 65_536 if self._bytes_per_s is None else max(1, int(self._bytes_per_s / 20))
        data = await source.read(most)
        if self._bytes_per_s is not None:  # it may have become slow meanwhile
            await asyncio.sleep(len(data) / self._bytes_per_s)
        await self._flows.wait()
        return data


def _reset(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
