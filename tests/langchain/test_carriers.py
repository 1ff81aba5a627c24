"""What tells models whose fields hold clients without a `base_url`, addresses or requests."""

import itertools
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import httpx
import httpx2
import openai
import pytest
import requests
import urllib3
from aiohttp import ClientSession
from beautyspot import CacheWarning, Spot
from botocore.config import Config
from langchain_beautyspot import BeautySpotCache
from langchain_beautyspot.model_texts import model_text
from langchain_core.language_models import LLM
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth

CALLS = itertools.count()
ACCOUNT = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}


class Endpoint(LLM):
    client: Any

    @property
    def _llm_type(self) -> str:
        return "endpoint"

    def _call(self, *_: Any, **__: Any) -> str:
        return f"call {next(CALLS)}"


class Engine:
    """An object of the program's own that holds what it asks with, and where."""

    def __init__(self, client: Any, region: str | None = None, api_key: str | None = None) -> None:
        self.client, self.region, self.api_key = client, region, api_key


class OwnSession(requests.Session):
    def __init__(self, server: str) -> None:
        super().__init__()
        self.server = server


def aws(region: str = "r", service: str = "sagemaker-runtime", **options: Any) -> Any:
    return boto3.client(service, region_name=region, **{**ACCOUNT, **options})


def session(region: str) -> Any:
    inner = botocore.session.get_session()
    inner.set_config_variable("region", region)
    return inner


async def of_aiohttp(address: str) -> ClientSession:
    async with ClientSession(address) as made:
        return made


MADE: dict[str, Callable[[str], Any]] = {
    "a client of another server of AWS's": lambda x: aws(endpoint_url=f"http://{x}:1"),
    "a client of another region": aws,
    "a client of another service": lambda x: aws(service={"a": "sagemaker-runtime", "b": "bedrock-runtime"}[x]),
    "a resource": lambda x: boto3.resource("s3", region_name=x, **ACCOUNT),
    "an item of a resource": lambda x: boto3.resource("s3", region_name="r", **ACCOUNT).Bucket(f"bucket-{x}"),
    "a session": lambda x: boto3.Session(region_name=x),
    "an inner session": session,
    "options": lambda x: Config(region_name=x),
    "an address": lambda x: httpx.URL(f"http://{x}"),
    "headers": lambda x: httpx.Headers({"x-model": x}),
    "a client of the next httpx": lambda x: httpx2.Client(base_url=f"http://{x}"),
    "headers of the next httpx": lambda x: httpx2.Client(headers={"x-model": x}),
    "a query": lambda x: httpx.QueryParams({"model": x}),
    "a request": lambda x: httpx.Request("GET", f"http://{x}"),
    "a request's body": lambda x: httpx.Request("POST", "http://a", content=x),
    "a request of requests": lambda x: requests.Request("GET", "http://a", params={"model": x}),
    "a prepared request": lambda x: requests.Request("GET", f"http://{x}").prepare(),
    "a pool": urllib3.HTTPConnectionPool,
    "a session of requests": lambda x: own(requests.Session(), "headers", {"x-model": x}),
    "a session of one's own": OwnSession,
}


def own(thing: Any, name: str, value: Any) -> Any:
    getattr(thing, name).update(value)
    return thing


HELD: dict[str, Callable[[Any], Any]] = {
    "the field": lambda client: client,
    "a list": lambda client: [client],
    "an object": Engine,
    "an object's list": lambda client: Engine([client]),
}


@pytest.fixture(autouse=True)
def strict(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Without anything that AWS's SDK reads, and with warnings for errors."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error", CacheWarning)
        yield


def key(client: Any) -> str:
    return model_text(Endpoint(client=client))


@pytest.mark.parametrize("hold", HELD.values(), ids=HELD.keys())
@pytest.mark.parametrize("make", MADE.values(), ids=MADE.keys())
def test_where_and_what_a_part_asks_is_in_the_key(make: Callable[[str], Any], hold: Callable[[Any], Any]) -> None:
    keys = [key(hold(make(each))) for each in "aba"]
    assert (keys[0] != keys[1], keys[0] == keys[2]) == (True, True)


@pytest.mark.parametrize("marked", [False, True], ids=["cache", "mark"])
def test_models_that_ask_other_servers_of_awss_give_their_own_answers(tmp_path: Path, marked: bool) -> None:
    spot: Any = Spot("m", db=tmp_path / "a.db")
    said: list[str] = []
    for server in "aba":
        model = Endpoint(client=aws(endpoint_url=f"http://{server}:1"), cache=False)
        model.cache = None if marked else BeautySpotCache(tmp_path / "a.db")
        said.append((spot.mark(model) if marked else model).invoke("q"))
    assert (said[0] != said[1], said[0] == said[2]) == (True, True)


async def test_sessions_of_aiohttp_are_told_by_their_address() -> None:
    keys = [key(Engine(await of_aiohttp(f"http://{each}"))) for each in "aba"]
    assert (keys[0] != keys[1], keys[0] == keys[2]) == (True, True)


SECRETS: dict[str, Callable[[str], Any]] = {
    "a client": lambda x: aws(aws_access_key_id=x, aws_secret_access_key=x),
    "a session": lambda x: boto3.Session(region_name="r", aws_access_key_id=x, aws_secret_access_key=x),
    "headers": lambda x: httpx.Headers({"x-api-key": x}),
    "a query": lambda x: httpx.QueryParams({"api_key": x}),
    "a request": lambda x: requests.Request("GET", "http://a", {"api-key": x}, params={"access_token": x}),
    "a proof": lambda x: HTTPBasicAuth(x, x),
    "a timeout": lambda x: httpx.Timeout(ord(x)),
    "a timeout of AWS's": lambda x: Config(read_timeout=ord(x)),
    "retries": lambda x: HTTPAdapter(max_retries=ord(x)),
    "what is not given": lambda x: {"a": openai.NOT_GIVEN, "b": openai.NotGiven()}[x],
}


@pytest.mark.parametrize("hold", HELD.values(), ids=HELD.keys())
@pytest.mark.parametrize("make", SECRETS.values(), ids=SECRETS.keys())
def test_keys_and_what_changes_no_answer_are_in_no_key(make: Callable[[str], Any], hold: Callable[[Any], Any]) -> None:
    assert key(hold(make("a"))) == key(hold(make("b")))


def test_an_account_tells_requests_apart_and_is_not_to_be_read_in_a_key() -> None:
    keys = [key(httpx.Headers({"Authorization": f"Bearer {each}-secret"})) for each in "ab"]
    assert keys[0] != keys[1]
    assert "secret" not in keys[0]


PROOF = {"Authorization": "Bearer abc"}
LATE: dict[str, Callable[[], Any]] = {
    "client": lambda: aws("eu-west-1"),
    "session": lambda: boto3.Session(region_name="eu-west-1"),
    "default session": boto3.Session,
    "session of requests": requests.Session,
    "session with headers": lambda: own(requests.Session(), "headers", {"Content-Type": "application/json", **PROOF}),
    "httpx": httpx.Client,
    "httpx with a proof": lambda: httpx.Client(headers=PROOF),
    "timeout": lambda: httpx.Timeout(1),
    "openai": lambda: openai.OpenAI(api_key="k"),
}


@pytest.mark.parametrize("make", LATE.values(), ids=LATE.keys())
def test_a_client_that_is_made_late_of_the_settings_beside_it_makes_no_other_key(make: Callable[[], Any]) -> None:
    engine = Engine(None, region="eu-west-1", api_key="abc")
    before, engine.client = key(engine), make()
    assert key(engine) == before


def test_a_client_that_asks_elsewhere_than_the_settings_beside_it_say_makes_another_key() -> None:
    places = [aws("eu-west-1"), aws("us-east-1"), aws("eu-west-1", endpoint_url="http://a:1")]
    assert len({key(Engine(each, region="eu-west-1")) for each in places}) == 3


UNTOLD: dict[str, Callable[[], Any]] = {
    "a transport of one's own answers": lambda: httpx.MockTransport(lambda _: httpx.Response(200)),
    "a body that streams": lambda: httpx.Request("POST", "http://a", content=iter([b"a"])),
    "an answer": requests.Response,
}


@pytest.mark.parametrize("make", UNTOLD.values(), ids=UNTOLD.keys())
def test_what_nothing_tells_has_the_model_asked_each_time(tmp_path: Path, make: Callable[[], Any]) -> None:
    cache = BeautySpotCache(tmp_path / "a.db")
    with pytest.warns(CacheWarning, match=r"field 'client' of 'Endpoint'"):
        said = [Endpoint(client=Engine(make()), cache=cache).invoke("q") for _ in range(2)]
    assert (len({*said}), cache.stats().hits) == (2, 0)
