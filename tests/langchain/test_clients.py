"""What a model's client asks with: by settings that a description leaves out, and by the environment."""

import warnings
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from beautyspot import CacheWarning, Spot
from langchain.agents import create_agent
from langchain.agents.middleware import wrap_model_call
from langchain_beautyspot import BeautySpotCache, CachedEmbeddings, CacheMiddleware
from langchain_beautyspot.clients import said_by_clients
from langchain_beautyspot.errors import ReplayMiss
from langchain_beautyspot.vectors.embedder import WatchedModel
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import LLM
from langchain_core.messages import HumanMessage
from langchain_core.outputs import Generation
from langchain_openai import AzureChatOpenAI, AzureOpenAI, AzureOpenAIEmbeddings, ChatOpenAI, OpenAI, OpenAIEmbeddings
from openai import OpenAI as Client
from pydantic import BaseModel, Field, PrivateAttr, SecretStr
from servers.openai_api import OpenAIAPI

Make = Callable[..., Any]
OF_OPENAI = ("OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_CUSTOM_HEADERS")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """One that says nothing of a server."""
    for name in OF_OPENAI:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    return monkeypatch


@pytest.mark.external_service
@pytest.mark.parametrize(
    "other",
    [
        {"base_url": "localhost"},
        {"organization": "o"},
        {"default_headers": {"X-Route": "b"}},
        {"default_query": {"v": "1"}},
    ],
)
def test_text_models_of_other_servers_and_accounts_share_nothing(
    cache: BeautySpotCache, text_model: Make, openai_api: OpenAIAPI, other: dict[str, Any]
):
    if "base_url" in other:
        other = {"base_url": openai_api.url.replace("127.0.0.1", "localhost")}
    for _ in range(2):
        text_model().invoke("q")
        text_model(**other).invoke("q")
    assert (openai_api.calls, cache.stats().hits) == (2, 2)


def azure(**options: Any) -> AzureOpenAI:
    given = {"azure_endpoint": "https://a.test", "api_version": "1", "azure_deployment": "d", "api_key": "k"}
    return AzureOpenAI(**{**given, **options})


def key_of(model: Any) -> str:
    """Return the key of a question, without asking a server."""
    model.cache = BeautySpotCache("memory://", mode="replay_only")
    with pytest.raises(ReplayMiss) as missed:
        model.invoke("q")
    return str(missed.value).partition("key '")[2][:32]


@pytest.mark.parametrize("other", [{"azure_endpoint": "https://b.test"}, {"api_version": "2"}], ids=str)
def test_text_models_of_other_azures_share_nothing(other: dict[str, str]):
    assert key_of(azure()) != key_of(azure(**other))
    assert key_of(azure()) == key_of(azure(api_key="z", timeout=7))


@pytest.mark.parametrize("make", [ChatOpenAI, OpenAI])
def test_settings_that_change_no_answer_are_in_no_key(make: Make):
    keys = {
        key_of(make(model="m", **idle))
        for idle in ({}, {"timeout": 7}, {"max_retries": 7}, {"tiktoken_model_name": "gpt-4"}, {"name": "mine"})
    }
    assert len(keys) == 1


def test_a_text_model_with_defaults_finds_what_was_kept_by_its_own_words_alone():
    model = OpenAI(model="m", batch_size=7)
    cache = BeautySpotCache("memory://")
    cache.update("q", str(sorted({**model.asdict(), "stop": None}.items())), [Generation(text="came over")])
    model.cache = cache
    assert model.invoke("q") == "came over"


def by_cache(folder: Path) -> Callable[[], Any]:
    cache = BeautySpotCache(folder / "a.db")
    return lambda: ChatOpenAI(model="m", cache=cache).invoke("q")


def by_cache_of_texts(folder: Path) -> Callable[[], Any]:
    cache = BeautySpotCache(folder / "a.db")
    return lambda: OpenAI(model="m", cache=cache).invoke("q")


def by_mark(folder: Path) -> Callable[[], Any]:
    spot = Spot("m", db=folder / "a.db")
    return lambda: spot.mark(ChatOpenAI(model="m")).invoke("q")


def by_agent(folder: Path) -> Callable[[], Any]:
    cache = CacheMiddleware(folder / "a.db")
    question: Any = {"messages": [HumanMessage("q")]}
    return lambda: create_agent(ChatOpenAI(model="m"), middleware=[cache]).invoke(question)


def by_embeddings(folder: Path) -> Callable[[], Any]:
    made = lambda: OpenAIEmbeddings(model="m", check_embedding_ctx_length=False)  # noqa: E731 - read at each call
    return lambda: CachedEmbeddings(made(), folder / "a.db").embed_query("q")


@pytest.mark.external_service
@pytest.mark.parametrize("way", [by_cache, by_cache_of_texts, by_mark, by_agent, by_embeddings])
def test_a_server_that_the_client_reads_from_the_environment_is_in_the_key(
    tmp_path: Path, openai_api: OpenAIAPI, environment: pytest.MonkeyPatch, way: Callable[[Path], Callable[[], Any]]
):
    ask = way(tmp_path)
    for host in ("127.0.0.1", "localhost", "127.0.0.1", "localhost"):
        environment.setenv("OPENAI_BASE_URL", openai_api.url.replace("127.0.0.1", host))
        ask()
    assert openai_api.calls == 2


def moved(model: Any, url: str) -> None:
    model.root_client.base_url = url


def replaced(model: Any, url: str) -> None:
    model.root_client = Client(base_url=url)
    model.client = model.root_client.chat.completions


def moved_text(model: Any, url: str) -> None:
    model.client._client.base_url = url


@pytest.mark.external_service
@pytest.mark.parametrize(
    ("kind", "change"),
    [(ChatOpenAI, moved), (ChatOpenAI, replaced), (OpenAI, moved_text)],
    ids=["moved", "replaced", "text model"],
)
@pytest.mark.parametrize("marked", [False, True])
def test_a_client_that_is_sent_elsewhere_in_place_asks_another_question(
    tmp_path: Path, openai_api: OpenAIAPI, kind: Any, change: Callable[[Any, str], None], marked: bool
):
    model = kind(model="m", base_url=openai_api.url, cache=False if marked else BeautySpotCache(tmp_path / "a.db"))
    asked: Any = Spot("m", db=tmp_path / "a.db").mark(model) if marked else model
    for host in ("127.0.0.1", "localhost", "localhost", "127.0.0.1"):
        change(model, openai_api.url.replace("127.0.0.1", host))
        asked.invoke("q")
    assert openai_api.calls == 2


@pytest.mark.parametrize(
    ("name", "value"), [("OPENAI_PROJECT_ID", "p"), ("OPENAI_ORG_ID", "o"), ("OPENAI_CUSTOM_HEADERS", "X-Route: b")]
)
@pytest.mark.parametrize("make", [ChatOpenAI, OpenAI])
def test_what_else_the_client_reads_from_the_environment_is_in_the_key(
    environment: pytest.MonkeyPatch, make: Make, name: str, value: str
):
    before = key_of(make(model="m"))
    environment.setenv(name, value)
    assert key_of(make(model="m")) != before


def test_a_client_says_nothing_of_its_default_nor_of_what_the_model_says(environment: pytest.MonkeyPatch):
    asks_by_default = ChatOpenAI(model="m")
    assert said_by_clients(asks_by_default, {}) == ""
    given = ChatOpenAI(model="m", base_url="http://a.test/v1/", organization="o", default_headers={"X": "y"})
    told = {"openai_api_base": "http://a.test/v1/", "openai_organization": "o", "default_headers": {"X": "y"}}
    assert said_by_clients(given, told) == ""
    assert said_by_clients(given, {}) != ""
    environment.setenv("OPENAI_CUSTOM_HEADERS", "traceparent: 1")
    assert said_by_clients(ChatOpenAI(model="m"), {}) == ""


class Plain:
    """A model of a class of anybody's, which holds its client as it likes."""

    def __init__(self, client: Any) -> None:
        self.client = client


def test_an_object_that_answers_to_every_name_is_no_client():
    assert said_by_clients(Plain(Mock()), {}) == ""
    assert said_by_clients(Plain(Client(base_url="http://a.test")), {}) != ""


def test_another_path_of_the_default_server_is_another_place():
    said = {
        said_by_clients(Plain(Client(base_url=f"https://api.openai.com/{path}")), {}) for path in ("v1", "v1/a", "V1")
    }
    assert len(said) == 3
    assert "" in said


class Lazy(BaseModel):
    """A model that makes its client at its first call."""

    @cached_property
    def client(self) -> Client:
        return Client(base_url="http://a.test")


class Broken:
    @property
    def base_url(self) -> str:
        raise RuntimeError("not connected")


def test_a_client_that_is_made_later_or_fails_changes_no_key():
    model = Lazy()
    assert model.client.base_url.host == "a.test"
    assert said_by_clients(model, {}) == said_by_clients(Plain(Broken()), {}) == ""


class Private(LLM):
    """Makes its client at the first call, or when it is made, of its settings, and keeps it to itself."""

    url: str = "http://a.test"
    temperature: float = 0
    api_key: SecretStr = SecretStr("k")
    early: bool = False
    asked: list[float] = Field(default_factory=list)
    _client: Any = PrivateAttr(None)

    @property
    def _llm_type(self) -> str:
        return "private"

    def connect(self) -> None:
        proof = {"Authorization": f"Bearer {self.api_key.get_secret_value()}"}
        self._client = self._client or httpx.Client(base_url=self.url, headers=proof)

    def model_post_init(self, _: Any) -> None:
        if self.early:
            self.connect()

    def _call(self, *_: Any, **__: Any) -> str:
        self.connect()
        self.asked.append(self.temperature)
        return f"at {self.temperature}"


class Described(Private):
    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"url": self.url, "temperature": self.temperature}


@pytest.mark.parametrize("early", [False, True], ids=["late", "early"])
@pytest.mark.parametrize("kind", [Private, Described])
def test_a_client_that_proves_itself_by_a_key_of_the_model_makes_no_other_key(
    tmp_path: Path, kind: type[Private], early: bool
):
    model = kind(early=early, cache=BeautySpotCache(tmp_path / "a.db"))
    for temperature in (0.0, 1.0, 0.0, 1.0):
        model.temperature = temperature
        assert model.invoke("q") == f"at {model.temperature}"
    assert model.asked == [0, 1]
    for cached in (model, kind(early=early, api_key=SecretStr("other"), temperature=1)):
        cached.cache = BeautySpotCache(tmp_path / "a.db")
        assert cached.invoke("q") == f"at {cached.temperature}"
        assert cached.asked in ([], [0, 1])


@pytest.mark.parametrize("kind", [AzureChatOpenAI, AzureOpenAIEmbeddings])
def test_what_provides_a_token_of_azures_is_a_key_like_any_other(tmp_path: Path, kind: Any):
    place: dict[str, Any] = {"azure_endpoint": "https://a.example", "api_version": "1", "azure_deployment": "d"}

    def provider(token: str) -> Callable[[], str]:
        credential = Mock(token=token)
        return lambda: credential.token

    models = [kind(azure_ad_token_provider=provider(each), **place) for each in "ab"]
    told = [WatchedModel(each, None).now() if isinstance(each, Embeddings) else key_of(each) for each in models]
    assert told[0] == told[1]


class Several(LLM):
    """Has two clients, one of which it asks."""

    _main: Any = PrivateAttr(None)
    _check: Any = PrivateAttr(None)

    def __init__(self, main: str, check: str, **fields: Any) -> None:
        super().__init__(**fields)
        self._main, self._check = (Client(base_url=each, api_key="k") for each in (main, check))

    @property
    def _llm_type(self) -> str:
        return "several"

    def _call(self, *_: Any, **__: Any) -> str:
        return str(self._main.base_url)


def test_which_client_asks_where_counts(tmp_path: Path):
    cache = BeautySpotCache(tmp_path / "a.db")
    places = [("http://a", "http://b"), ("http://b", "http://a"), ("http://a", "http://b")]
    assert [Several(*each, cache=cache).invoke("q") for each in places] == ["http://a", "http://b", "http://a"]
    assert cache.stats().hits == 1


class Switched(LLM):
    """Asks one of two servers that its settings name."""

    url: str = "http://a"
    fallback_url: str = "http://b"
    openai_proxy: str = "http://proxy"
    prompt: str = "Cite https://c."
    _client: Any = PrivateAttr(None)

    @property
    def _llm_type(self) -> str:
        return "switched"

    def switch(self, url: str) -> "Switched":
        self._client = Client(base_url=url, api_key="k")
        return self

    def _call(self, *_: Any, **__: Any) -> str:
        return str(self._client.base_url)


def test_which_of_two_addresses_a_client_asks_counts(tmp_path: Path):
    cache = BeautySpotCache(tmp_path / "a.db")
    said = [Switched(cache=cache).switch(url).invoke("q") for url in ("http://a", "http://b", "http://a")]
    assert (said, cache.stats().hits) == (["http://a", "http://b", "http://a"], 1)


def hasty_by_cache(chat: Make, folder: Path) -> Callable[..., Any]:
    model = chat(cache=BeautySpotCache(folder / "a.db"))
    return lambda **options: model.bind(**options).invoke("q")


def hasty_by_mark(chat: Make, folder: Path) -> Callable[..., Any]:
    model: Any = Spot("m", db=folder / "a.db").mark(chat())
    return lambda **options: model.invoke("q", **options)


def hasty_by_agent(chat: Make, folder: Path) -> Callable[..., Any]:
    cache = CacheMiddleware(folder / "a.db")

    def ask(**options: Any) -> Any:
        @wrap_model_call
        def set_options(request: Any, handler: Any) -> Any:
            return handler(request.override(model_settings=options))

        question: Any = {"messages": [HumanMessage("q")]}
        return create_agent(chat(), middleware=[set_options, cache]).invoke(question)

    return ask


def hasty_within_mark(chat: Make, folder: Path) -> Callable[..., Any]:
    spot = Spot("m", db=folder / "a.db")
    return lambda **options: spot.mark(chat().bind(**options).with_config(tags=[str(options)])).invoke("q")


HASTY = [hasty_by_cache, hasty_by_mark, hasty_by_agent, hasty_within_mark]


@pytest.mark.external_service
@pytest.mark.parametrize("way", HASTY)
def test_how_long_one_call_is_waited_for_makes_no_other_question(
    tmp_path: Path, chat: Make, openai_api: OpenAIAPI, way: Callable[..., Callable[..., Any]]
):
    ask = way(chat, tmp_path)
    for options in ({}, {"timeout": 7}, {"timeout": 8.5}, {"seed": 1}, {"seed": 1, "timeout": 9}):
        ask(**options)
    assert openai_api.calls == 2


@pytest.mark.external_service
@pytest.mark.parametrize("way", HASTY)
def test_headers_that_trace_one_call_make_no_other_question_and_others_do(
    tmp_path: Path, chat: Make, openai_api: OpenAIAPI, way: Callable[..., Callable[..., Any]]
):
    ask = way(chat, tmp_path)
    beta = {"OpenAI-Beta": "b"}
    for headers in ({"X-Request-Id": "1"}, {"traceparent": "2"}, beta, {**beta, "Idempotency-Key": "3"}):
        ask(extra_headers=headers)
    ask()
    assert openai_api.calls == 2


@pytest.mark.external_service
def test_a_text_models_timeout_is_no_argument_to_warn_of(cache: BeautySpotCache, text_model: Make):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text_model().invoke("q", timeout=7)
    assert cache.stats().errors == 0
    with pytest.warns(CacheWarning, match=r"the arguments \['seed'\]"):
        text_model().invoke("q", seed=1, timeout=7)


def with_client(client: Client) -> ChatOpenAI:
    return ChatOpenAI(model="m", client=client.chat.completions)


@pytest.mark.parametrize(
    "other",
    [
        {"default_query": {"deployment": "b"}},
        {"http_client": httpx.Client(params={"deployment": "b"})},
        {"http_client": httpx.Client(headers={"x-tenant": "b"})},
    ],
    ids=["default query", "query of httpx", "headers of httpx"],
)
def test_what_a_client_adds_to_each_request_is_part_of_the_question(other: dict[str, Any]):
    assert key_of(with_client(Client(**other))) != key_of(with_client(Client()))
    assert key_of(with_client(Client())) == key_of(with_client(Client(http_client=httpx.Client())))


def test_each_value_of_a_name_in_a_query_is_part_of_the_question():
    clients = [httpx.Client(params=[("route", "a"), ("route", each)]) for each in "bcb"]
    keys = [key_of(with_client(Client(http_client=each))) for each in clients]
    assert (keys[0] != keys[1], keys[0] == keys[2]) == (True, True)


@pytest.mark.parametrize(
    "change",
    [
        lambda client: client._custom_query.update(deployment="b"),
        lambda client: setattr(client._client, "params", {"deployment": "b"}),
        lambda client: client._client.headers.update({"x-tenant": "b"}),
    ],
)
def test_a_query_that_changes_in_place_asks_anew(change: Callable[[Any], Any]):
    model = with_client(Client(http_client=httpx.Client()))
    before = key_of(model)
    model.cache = None
    change(model.client._client)
    assert key_of(model) != before


def test_a_query_that_the_model_tells_is_not_said_again():
    told = {"default_query": {"deployment": "b"}}
    assert said_by_clients(ChatOpenAI(model="m", **told), told) == ""


def test_another_deployment_behind_the_same_endpoint_is_another_place():
    model = azure()
    told = {"azure_endpoint": "https://a.test", "deployment_name": "d", "openai_api_version": "1"}
    assert said_by_clients(model, told) == ""
    model.client._client.base_url = "https://a.test/openai/deployments/e/"
    assert said_by_clients(model, told) != ""


def test_accounts_of_one_call_and_of_all_share_no_answers_and_traces_do():
    model = ChatOpenAI(model="m")
    accounts = [{"Authorization": "Bearer a"}, {"Authorization": "Bearer b"}]
    assert len({key_of_call(model, extra_headers=each) for each in accounts}) == 2
    assert len({key_of_call(model, extra_headers=each) for each in ({}, {"traceparent": "1"})} | {key_of(model)}) == 1
    traced = [ChatOpenAI(model="m", default_headers={"x-a": "1", "traceparent": each}) for each in "12"]
    assert len({key_of(each) for each in traced}) == 1
    assert key_of(ChatOpenAI(model="m", default_headers={"traceparent": "1"})) == key_of(model)


def key_of_call(model: Any, **settings: Any) -> str:
    model.cache = BeautySpotCache("memory://", mode="replay_only")
    with pytest.raises(ReplayMiss) as missed:
        model.invoke("q", **settings)
    return str(missed.value).partition("key '")[2][:32]
