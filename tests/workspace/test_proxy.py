"""The proxy that the fault tests trust."""

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest
from servers.proxy import HTTP_500, FaultyProxy


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            while data := self.request.recv(1000):
                self.request.sendall(data)


@pytest.fixture
def proxy() -> Iterator[FaultyProxy]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        with FaultyProxy("127.0.0.1", server.server_address[1]) as proxy:
            yield proxy
        server.shutdown()
        thread.join()


@pytest.fixture
def client(proxy: FaultyProxy) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client:
        yield client


def echo(client: socket.socket, data: bytes) -> bytes:
    client.sendall(data)
    return client.recv(1000)


def echo_anew(proxy: FaultyProxy, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client:
        return echo(client, data)


def test_what_is_whole_passes_and_is_counted(proxy: FaultyProxy, client: socket.socket):
    assert echo(client, b"hello") == b"hello"
    assert (proxy.asked_bytes, proxy.answered_bytes) == (5, 5)


def test_a_reset_ends_open_connections_and_new_ones_until_it_is_healed(proxy: FaultyProxy, client: socket.socket):
    echo(client, b"hello")
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        echo(client, b"again")
    with pytest.raises(ConnectionError):
        echo_anew(proxy, b"hello")
    proxy.heal()
    assert echo_anew(proxy, b"hello") == b"hello"


def test_a_stall_holds_the_answer_back_until_it_is_healed(proxy: FaultyProxy, client: socket.socket):
    echo(client, b"hello")
    proxy.stall()
    client.settimeout(0.1)
    with pytest.raises(TimeoutError):
        echo(client, b"again")
    proxy.heal()
    client.settimeout(5)
    assert client.recv(1000) == b"again"


def test_half_an_answer_arrives_before_the_cut(proxy: FaultyProxy, client: socket.socket):
    proxy.cut_after(3)
    assert echo(client, b"hello") == b"hel"
    with pytest.raises(ConnectionResetError):
        client.recv(1000)


def test_what_is_cut_once_passes_from_then_on(proxy: FaultyProxy, client: socket.socket):
    proxy.cut_after(3, once=True)
    assert echo(client, b"hello") == b"hel"
    with pytest.raises(ConnectionResetError):
        client.recv(1000)
    assert echo_anew(proxy, b"hello") == b"hello"


def test_a_slow_server_takes_its_time(proxy: FaultyProxy, client: socket.socket):
    proxy.slow(1000)
    start_s = time.monotonic()
    client.sendall(b"x" * 100)
    left = 100
    while left:
        left -= len(client.recv(1000))
    assert time.monotonic() - start_s >= 0.1


def test_a_failing_server_answers_500_without_being_asked(proxy: FaultyProxy, client: socket.socket):
    proxy.answer_500()
    assert echo(client, b"GET / HTTP/1.1\r\n\r\n") == HTTP_500
    assert proxy.asked_bytes == 0
