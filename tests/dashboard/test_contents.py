"""The addresses of kept values: whole, in ranges, and apart from the dashboard."""

import time
from collections.abc import Iterator
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot.storage.local import LocalStorage
from beautyspot_dashboard import place
from beautyspot_dashboard.routes.contents import ROUTE, Range, Unsatisfiable, address_of, media_type, range_of
from starlette.applications import Starlette
from starlette.testclient import TestClient

LETTERS = bytes(range(256)) * 1000


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", Range(0, 1)),
        ("bytes=10-", Range(10, 100)),
        ("bytes=-5", Range(95, 100)),
        ("bytes=-500", Range(0, 100)),
        ("bytes=90-900", Range(90, 100)),
        ("bytes=100-", Unsatisfiable()),
        ("bytes=-0", Unsatisfiable()),
        ("bytes=9-3", None),
        (f"bytes={'9' * 5000}-", Unsatisfiable()),
        (f"bytes=0-{'9' * 5000}", Range(0, 100)),
        (f"bytes={'0' * 5000}7-7", Range(7, 8)),
        ("bytes=-", None),
        ("bytes=1-2,5-6", None),
        ("lines=1-2", None),
        ("", None),
        (None, None),
    ],
)
def test_a_range_header_is_read_as_http_says(header: str | None, expected: Range | Unsatisfiable | None) -> None:
    assert range_of(header, 100) == expected


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with bs.Spot("t", db=tmp_path / "t.db", storage=tmp_path / "blobs") as spot:
        spot.mark(lambda: LETTERS, content_type="video/mp4")()
    shown = place.Place(str(tmp_path / "t.db"), [LocalStorage(tmp_path / "blobs")])
    place.use(shown)
    yield address_of(shown.catalog().tasks().rows[0])
    shown.catalog().close()


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=[ROUTE]))


def test_the_whole_content_comes_with_its_type_and_length(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.content) == (200, LETTERS)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"


def test_a_range_comes_alone_and_says_where_it_lies(client: TestClient, address: str) -> None:
    answer = client.get(address, headers={"range": "bytes=255-258"})
    assert (answer.status_code, answer.content) == (206, b"\xff\x00\x01\x02")
    assert answer.headers["content-range"] == f"bytes 255-258/{len(LETTERS)}"


def test_a_range_of_another_value_is_answered_whole(client: TestClient, address: str) -> None:
    etag = client.head(address).headers["etag"]
    assert client.get(address, headers={"range": "bytes=0-3", "if-range": etag}).status_code == 206
    assert client.get(address, headers={"range": "bytes=0-3", "if-range": '"older"'}).status_code == 200


def test_a_range_past_the_end_is_refused_with_the_length(client: TestClient, address: str) -> None:
    answer = client.get(address, headers={"range": "bytes=999999999-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(LETTERS)}")


def test_a_head_request_gets_no_body(client: TestClient, address: str) -> None:
    answer = client.head(address)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(LETTERS))


def test_content_stands_apart_from_the_dashboard(client: TestClient, address: str) -> None:
    policy = client.get(address).headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script-src" not in policy
    with_scripts = client.get(f"{address}?scripts=1").headers["content-security-policy"]
    assert with_scripts.startswith("sandbox allow-scripts; default-src 'none'")


@pytest.mark.parametrize("kind", ["text/html", "TEXT/HTML", "image/SVG+XML"])
def test_a_page_that_is_opened_alone_is_shown_as_its_source(client: TestClient, address: str, kind: str) -> None:
    answer = client.get(f"{address}?type={kind.replace('+', '%2B')}", headers={"sec-fetch-dest": "document"})
    assert answer.headers["content-type"] == "text/plain"  # its bytes are no UTF-8


def test_a_type_that_is_no_media_type_is_not_sent_on(client: TestClient, address: str) -> None:
    answer = client.get(f"{address}?type=text/html%0d%0ax: y")
    assert answer.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("kind", "is_text", "told"),
    [
        ("text/html; charset=utf-8", True, "text/html; charset=utf-8"),
        ("text/html;charset=shift_jis", True, "text/html; charset=utf-8"),
        ("text/html;charset=shift_jis", False, "text/html;charset=shift_jis"),
        ("image/svg+xml; charset=utf-8", False, "image/svg+xml; charset=utf-8"),
        ('video/webm; codecs="vp8, vorbis"', False, 'video/webm; codecs="vp8, vorbis"'),
        ("text/csv; header=present", True, "text/csv; header=present; charset=utf-8"),
        ("text/html; charset=utf-8\r\nx: y", True, "application/octet-stream"),
        ("text/html; x", True, "application/octet-stream"),
    ],
)
def test_parameters_of_a_type_are_told_and_a_text_is_always_utf8(kind: str, is_text: bool, told: str) -> None:
    assert media_type(kind, b"", is_text=is_text) == told


@pytest.mark.parametrize(
    ("kind", "start", "told"),
    [
        ("text/html", "<meta charset=shift_jis>幕".encode("shift_jis"), "text/html"),
        ("text/html", b'<!-- x --><META http-equiv=x content="text/html; charset=EUC-JP">', "text/html"),
        ("text/xml", b'<?xml version="1.0" encoding="euc-jp"?>', "text/xml"),
        ("text/html", "幕".encode("euc_jp"), "text/html"),
        ("text/html", "<p>幕".encode()[:-1], "text/html; charset=utf-8"),
        ("text/csv", b"<meta charset=shift_jis>", "text/csv; charset=utf-8"),
    ],
)
def test_bytes_that_name_their_charset_are_told_without_another(kind: str, start: bytes, told: str) -> None:
    assert media_type(kind, start, is_text=False) == told
    assert media_type(kind, start, is_text=True) == f"{kind}; charset=utf-8"


def test_what_the_browser_has_is_not_sent_again(client: TestClient, address: str) -> None:
    etag = client.head(address).headers["etag"]
    answer = client.get(address, headers={"if-none-match": f'"older", W/{etag}'})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert client.get(address, headers={"if-none-match": '"older"'}).status_code == 200


def test_an_answer_without_content_keeps_the_value_apart_as_well(client: TestClient, address: str) -> None:
    page = f"{address}?type=text/html"
    framed = client.get(page)
    again = client.get(page, headers={"if-none-match": framed.headers["etag"]})
    assert again.headers["content-security-policy"] == framed.headers["content-security-policy"]
    alone = client.get(page, headers={"if-none-match": framed.headers["etag"], "sec-fetch-dest": "document"})
    assert (alone.status_code, alone.headers["content-type"].partition(";")[0]) == (200, "text/plain")


def test_a_download_has_the_name_that_was_asked_for(client: TestClient, address: str) -> None:
    answer = client.get(f"{address}?download=a%22%0d%0a幕.mp4")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''a%22%0D%0A%E5%B9%95.mp4"


@pytest.mark.usefixtures("address")
def test_a_key_that_is_gone_is_not_found(client: TestClient) -> None:
    answer = client.get("/kept/nothing")
    assert answer.status_code == 404
    assert "nothing" in answer.text


def test_a_lost_blob_is_not_found_and_the_answer_says_why(client: TestClient, address: str, tmp_path: Path) -> None:
    for blob in (tmp_path / "blobs").rglob("*.bin"):
        blob.unlink()
    assert client.get(address).status_code == 404


def test_a_type_with_many_blanks_is_read_once() -> None:
    begun_s = time.perf_counter()
    assert media_type("text/plain" + " " * 100_000 + ";x=1", b"", is_text=True).endswith("x=1; charset=utf-8")
    assert time.perf_counter() - begun_s < 2
