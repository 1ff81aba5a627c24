"""The server: who is let in, what it tells the browser, and how it starts and stops."""

import http.client
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from beautyspot.errors import ConfigurationError
from beautyspot_dashboard.serve import FIRST_PORT, listen
from servers.dashboard import HERE, Served, dashboard


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A dashboard in a folder whose configuration would open it to everybody, over a database that isn't there."""
    folder = tmp_path_factory.mktemp("served")
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "config.toml").write_text(
        '[server]\naddress = "0.0.0.0"\nenableStaticServing = true\n[browser]\ngatherUsageStats = true\n'
    )
    with dashboard("missing.db", cwd=folder) as served:
        yield served


def answer(served: Served, path: str, **headers: str) -> tuple[int, Any]:
    url = urlsplit(served.url)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=60)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers


def cookie_of(served: Served) -> str:
    url = urlsplit(served.url)
    status, headers = answer(served, f"{url.path}?{url.query}")
    assert (status, headers["location"]) == (303, "/")
    assert "httponly" in headers["set-cookie"].lower()
    return headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize("path", ["/", "/results", "/_stcore/health", "/kept/00", "/media/x", "/?token=wrong"])
def test_nobody_gets_in_without_the_token(served: Served, path: str) -> None:
    assert answer(served, path)[0] == 401


def test_the_token_is_asked_for_once_and_leaves_the_address(served: Served) -> None:
    assert answer(served, "/", Cookie=cookie_of(served))[0] == 200


@pytest.mark.parametrize(("host", "status"), [("evil.example", 400), ("localhost", 200), ("127.0.0.1:9", 200)])
def test_a_server_that_is_asked_by_another_name_refuses(served: Served, host: str, status: int) -> None:
    assert answer(served, "/", Cookie=cookie_of(served), Host=host)[0] == status


def test_the_token_leads_to_no_other_host(served: Served) -> None:
    token = urlsplit(served.url).query
    assert answer(served, f"//evil.example/?{token}")[1]["location"] == "/evil.example/"


def test_what_else_the_address_names_stays_in_it(served: Served) -> None:
    token = urlsplit(served.url).query
    asked = answer(served, f"/results?key=0a%26b&{token}&lang=%E6%97%A5&expired=")[1]
    assert asked["location"] == "/results?key=0a%26b&lang=%E6%97%A5&expired="


UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def test_a_socket_is_refused_without_the_token(served: Served) -> None:
    assert answer(served, "/_stcore/stream", **UPGRADE)[0] == 403
    assert answer(served, "/_stcore/stream", **UPGRADE, Cookie=cookie_of(served))[0] == 101


@pytest.mark.parametrize(
    "spoof",
    [
        {"Origin": "http://evil.example"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "null"},
    ],
)
def test_a_page_of_another_address_opens_no_socket_even_by_rebinding(served: Served, spoof: dict[str, str]) -> None:
    assert answer(served, "/_stcore/stream", **UPGRADE, **spoof, Cookie=cookie_of(served))[0] in (400, 403)


@pytest.mark.parametrize("path", ["/", "/kept/00", "/_stcore/host-config"])
@pytest.mark.parametrize(
    "spoof", [{"Origin": "http://127.0.0.1:9999"}, {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"}]
)
def test_a_page_of_another_port_is_shown_nothing(served: Served, path: str, spoof: dict[str, str]) -> None:
    assert answer(served, path, **spoof, Cookie=cookie_of(served))[0] == 403


@pytest.mark.parametrize("host", ["127.0.0.1:{}", "localhost:{}", "localhost:9"])
def test_the_own_page_opens_its_socket_through_a_forwarded_port_too(served: Served, host: str) -> None:
    named = host.format(urlsplit(served.url).port)
    spoof = {"Host": named, "Origin": f"http://{named}"}
    assert answer(served, "/_stcore/stream", **UPGRADE, **spoof, Cookie=cookie_of(served))[0] == 101


def test_a_link_elsewhere_may_lead_here(served: Served) -> None:
    came = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert answer(served, "/", **came, Cookie=cookie_of(served))[0] == 200


def test_every_answer_says_what_a_page_may_load(served: Served) -> None:
    headers = answer(served, "/", Cookie=cookie_of(served))[1]
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert (headers["referrer-policy"], headers["x-content-type-options"]) == ("no-referrer", "nosniff")


def test_it_listens_on_this_machine_alone(served: Served) -> None:
    port, rows = urlsplit(served.url).port or 0, Path("/proc/net/tcp").read_text().splitlines()[1:]
    listening = [row.split()[1] for row in rows if row.split()[3] == "0A"]
    assert [each for each in listening if each.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]


def test_a_busy_port_is_passed_over_unless_it_was_asked_for() -> None:
    with listen(None) as first, listen(None) as second:
        ports = first.getsockname()[1], second.getsockname()[1]
        assert FIRST_PORT <= ports[0] < ports[1]
        with pytest.raises(ConfigurationError, match="give another with --port"):
            listen(ports[0])


def test_it_stops_without_a_traceback(small_store: Path) -> None:
    with dashboard(str(small_store), cwd=small_store.parent) as served:
        assert answer(served, "/")[0] == 401
        served.process.send_signal(signal.SIGINT)
        _, err = served.process.communicate(timeout=60)
    assert "Traceback" not in err
    assert served.process.returncode == 0


def test_the_printed_address_answers_at_once_and_holds_no_password(tmp_path: Path) -> None:
    with dashboard("postgresql://me:secret@127.0.0.1:1/db", cwd=tmp_path) as served:
        url = urlsplit(served.url)
        with socket.create_connection((url.hostname, url.port), 5):
            pass
        served.process.terminate()
        _, err = served.process.communicate(timeout=60)
    assert "secret" not in err + served.said
    assert "Traceback" not in err


def test_a_database_without_sql_is_refused_at_once_and_how_to_look_at_it_said(tmp_path: Path) -> None:
    command = [*HERE, "ui", "--no-browser", "--port", "0", "redis://:secret@127.0.0.1:1/0"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (run.returncode, "shows" in run.stderr, "secret" in run.stderr) == (2, False, False)
    assert "`beautyspot migrate --from redis://127.0.0.1:1/0 --to look.db`" in run.stderr


def test_a_database_that_nobody_speaks_is_refused_at_once(tmp_path: Path) -> None:
    command = [*HERE, "ui", "--no-browser", "--port", "0", "mysql://me:secret@127.0.0.1:1/x"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (run.returncode, "shows" in run.stderr, "secret" in run.stderr) == (2, False, False)
    assert "only PostgreSQL and SQLite can keep results, and not 'mysql'" in run.stderr


def test_without_the_package_the_command_says_how_to_install_it(tmp_path: Path) -> None:
    code = "from beautyspot.cli import main, ui; ui.GROUP = 'nobody'; main()"
    command = [sys.executable, "-c", code, "ui", "a.db"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 3
    assert "pip install 'beautyspot[dashboard]'" in run.stderr
