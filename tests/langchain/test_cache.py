"""What the cache promises beside speed, with the strings that LangChain gives it."""

import copy
import sqlite3
import subprocess
import sys
import types
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import beautyspot as bs
import pytest
from beautyspot.errors import CacheSaveWarning, CacheWarning, ConfigurationError
from beautyspot.records import Task, TaskFilter
from beautyspot.testing import FrozenClock
from langchain_beautyspot import BeautySpotCache, ReplayMiss
from langchain_core.language_models.fake import FakeListLLM
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.load import dumps
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, Generation
from pydantic import BaseModel, create_model

USAGE = {"input_tokens": 4, "output_tokens": 3, "total_tokens": 7}
CALL = {"name": "add", "args": {"b": 2, "a": 1}, "id": "call_1", "type": "tool_call"}
CHAT = (
    '{"id": ["langchain", "chat_models", "openai", "ChatOpenAI"], "kwargs": {"model_name": "gpt-4.1", "default_headers"'
    ': {"X-Token": "hush-header"}, "openai_api_base": "http://me:hush-url@api"}, "lc": 1}---[(\'stop\', None)]'
)
TEXT = "[('_type', 'openai'), ('model_name', 'davinci.1'), ('stop', None)]"
PROMPT = dumps([HumanMessage("what is hush-prompt?")])
Make = Callable[..., BeautySpotCache]


def answer(text: str = "yes", **fields: Any) -> list[ChatGeneration]:
    return [ChatGeneration(message=AIMessage(text, **fields))]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    return lambda **options: BeautySpotCache(tmp_path / "answers.db", **options)


@pytest.fixture
def timed(tmp_path: Path, clock: FrozenClock) -> Make:
    spot = bs.Spot("timed", db=tmp_path / "answers.db", storage=tmp_path / "blobs", clock=clock)
    return lambda **options: BeautySpotCache(spot, **options)


def test_each_hit_has_an_id_of_its_own_and_is_else_as_it_was(make: Make):
    given = answer(
        "yes", id="lc_run--1", tool_calls=[CALL], usage_metadata=USAGE, response_metadata={"model_name": "m"}
    )
    make().update(PROMPT, CHAT, given)
    hits = [make().lookup(PROMPT, CHAT)[0].message for _ in range(2)]
    assert len({hits[0].id, hits[1].id, "lc_run--1", None}) == 4
    assert [hit.model_copy(update={"id": "lc_run--1"}) for hit in hits] == [given[0].message] * 2


def test_a_hit_carries_a_mark_that_nothing_else_sees(make: Make):
    given = answer("yes", usage_metadata=USAGE)
    make().update(PROMPT, CHAT, given)
    [hit] = make().lookup(PROMPT, CHAT)
    mark = vars(hit)["_cache_hit"]
    assert (mark["saved_tokens"], len(mark["cache_key"])) == (7, 32)
    assert [hit] == given
    assert "_cache_hit" not in hit.model_dump()
    assert "_cache_hit" not in dumps(hit)


def test_one_hit_shares_nothing_with_another(make: Make):
    cache = make()
    cache.update(PROMPT, CHAT, answer("yes", response_metadata={"logprobs": {"a": [1]}}))
    cache.lookup(PROMPT, CHAT)[0].message.response_metadata["logprobs"]["a"].append(2)
    assert cache.lookup(PROMPT, CHAT)[0].message.response_metadata == {"logprobs": {"a": [1]}}


def test_an_update_with_fewer_generations_leaves_none_of_the_old(make: Make):
    make().update(PROMPT, CHAT, answer("one") + answer("two"))
    make().update(PROMPT, CHAT, answer("three"))
    assert [each.text for each in make().lookup(PROMPT, CHAT)] == ["three"]


KEY = """
import sys
from langchain_beautyspot import BeautySpotCache
print(BeautySpotCache("memory://")._questions.question(*sys.argv[1:]).key)
"""


def test_a_key_is_the_same_in_every_process(make: Make):
    prompt = dumps([HumanMessage("a"), AIMessage("b", tool_calls=[CALL]), HumanMessage("c")])
    command = [sys.executable, "-c", KEY, prompt, CHAT]
    found = {
        subprocess.run(command, env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True).stdout.strip()
        for seed in ("0", "1")
    }
    assert found == {make()._questions.question(prompt, CHAT).key}


def test_no_header_url_or_prompt_reaches_the_disk(make: Make, tmp_path: Path):
    cache = make()
    cache.update(PROMPT, CHAT, answer())
    cache.spot.shutdown()
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"yes" in kept
    assert b"hush" not in kept


def test_a_prompt_is_kept_on_request_as_redact_leaves_it(make: Make):
    make(store_prompts=True, redact=lambda text: text.replace("hush-prompt", "…")).update(PROMPT, CHAT, answer())
    cache = make()
    kept = cache._answers.read(cache._questions.question(PROMPT, CHAT).key).value
    assert kept.prompt == '[["HumanMessage", {"content": "what is …?"}]]'


def test_a_prompt_that_redact_fails_on_is_not_kept(make: Make):
    cache = make(store_prompts=True, redact=lambda text: text[10_000])
    with pytest.warns(CacheSaveWarning, match="without its prompt, as redact failed .*; have redact= take any text$"):
        cache.update(PROMPT, CHAT, answer())
    key = cache._questions.question(PROMPT, CHAT).key
    assert cache._answers.read(key).value.prompt is None
    assert cache.lookup(PROMPT, CHAT) == answer()


def test_answers_can_be_asked_for_by_model_and_provider(make: Make):
    cache = make(tags=["trial"])
    cache.update(PROMPT, CHAT, answer())
    [task] = cache.spot.parts.store.db.find(TaskFilter(function="gpt-4.1"))
    assert (task.func_name, task.tags) == ("langchain.openai.gpt-4.1", ("trial",))


def test_counts_and_tokens_reach_the_journal(timed: Make, clock: FrozenClock):
    cache = timed()
    assert cache.lookup(PROMPT, CHAT) is None
    clock.advance(2.5)
    cache.update(PROMPT, CHAT, answer(usage_metadata=USAGE))
    cache.lookup(PROMPT, CHAT)
    cache.spot.flush()
    [row] = cache.spot.parts.store.db.read_activity()
    assert (row.hits, row.misses, row.saved_s, row.tokens_spent, row.tokens_saved) == (1, 1, 2.5, 7, 7)
    assert cache.stats() == (1, 1, 7, 7, 2.5, 0)


def test_namespaces_share_nothing(make: Make):
    one, two = make(namespace="one"), make(namespace="two")
    one.update(PROMPT, CHAT, answer("one"))
    assert (two.lookup(PROMPT, CHAT), make().lookup(PROMPT, CHAT)) == (None, None)
    two.update(PROMPT, CHAT, answer("two"))
    make().clear(reason="LangChain may give any keyword")
    two.clear()
    assert two.lookup(PROMPT, CHAT) is None
    assert one.lookup(PROMPT, CHAT) == answer("one")


class Refuses(bs.db.MemoryTaskDB):
    def put(self, task: Task, /) -> None:
        raise bs.StorageError("not now")


def test_clear_deletes_answers_that_wait_for_the_database(tmp_path: Path):
    spot = bs.Spot("a", db=Refuses(), storage=tmp_path)
    cache = BeautySpotCache(spot)
    with pytest.warns(CacheSaveWarning, match="held in memory"):
        cache.update(PROMPT, CHAT, answer())
    assert cache.lookup(PROMPT, CHAT)
    cache.clear()
    spot.flush()
    assert cache.lookup(PROMPT, CHAT) is None


def test_clear_leaves_the_other_results_of_the_spot(timed: Make):
    cache = timed()
    double = cache.spot.mark(lambda number: 2 * number)
    double(2)
    cache.update(PROMPT, CHAT, answer())
    cache.clear()
    assert cache.lookup(PROMPT, CHAT) is None
    double(2)
    assert double.cache_info().hits == 1


@pytest.mark.parametrize("ttl", [60, timedelta(minutes=1), "1m", {"gpt-4.1": "1m"}, {"*": 60, "other": 1}])
def test_an_answer_counts_for_its_time_to_live(timed: Make, clock: FrozenClock, ttl: Any):
    cache = timed(ttl=ttl)
    cache.update(PROMPT, CHAT, answer())
    clock.advance(59)
    assert cache.lookup(PROMPT, CHAT) == answer()
    clock.advance(2)
    assert cache.lookup(PROMPT, CHAT) is None


def test_a_model_that_the_times_to_live_do_not_name_keeps_its_answers(timed: Make, clock: FrozenClock):
    cache = timed(ttl={"other": "1m"})
    cache.update(PROMPT, CHAT, answer())
    clock.advance(10**8)
    assert cache.lookup(PROMPT, CHAT) == answer()


def test_cache_if_decides_what_is_kept(make: Make):
    cache = make(cache_if=lambda generations: generations[0].text != "no")
    cache.update(PROMPT, CHAT, answer("no"))
    assert cache.lookup(PROMPT, CHAT) is None
    make(cache_if=None).update(PROMPT, CHAT, answer(""))
    assert cache.lookup(PROMPT, CHAT) == answer("")
    make(cache_if=None).update("never an empty list", CHAT, [])
    assert cache.lookup("never an empty list", CHAT) is None


def test_read_only_keeps_nothing_new(make: Make):
    make(mode="read_only").update(PROMPT, CHAT, answer())
    assert make(mode="read_only").lookup(PROMPT, CHAT) is None
    make().update(PROMPT, CHAT, answer())
    assert make(mode="read_only").lookup(PROMPT, CHAT) == answer()


def test_refresh_asks_anew_and_keeps_that(timed: Make, clock: FrozenClock):
    timed().update(PROMPT, CHAT, answer("old"))
    refresh = timed(mode="refresh")
    assert refresh.lookup(PROMPT, CHAT) is None
    clock.advance(3)
    refresh.update(PROMPT, CHAT, answer("new"))
    assert timed().lookup(PROMPT, CHAT) == answer("new")
    [task] = refresh.spot.parts.store.db.find(TaskFilter())
    assert task.elapsed_s == 3


async def test_replay_only_raises_where_an_answer_is_missing(make: Make):
    cache, other = make(mode="replay_only"), make()
    model = FakeListChatModel(responses=["never"], cache=cache)
    FakeListChatModel(responses=["never"], cache=other).invoke("good-bye")
    with pytest.raises(ReplayMiss, match=r"no kept answer to .*hello.*ask it once with mode='read_write'"):
        model.invoke("hello")
    with pytest.raises(ReplayMiss):
        await model.ainvoke("hello")
    FakeListChatModel(responses=["never"], cache=other).invoke("hello")
    assert model.invoke("hello").text == "never"


def test_a_replay_leaves_the_file_as_it_was(tmp_path: Path):
    def asked(mode: Literal["read_write", "replay_only"]) -> bytes:
        cache = BeautySpotCache(tmp_path / "recorded.db", mode=mode)
        FakeListChatModel(responses=["yes"], cache=cache).invoke("hello")
        cache.spot.shutdown()
        return (tmp_path / "recorded.db").read_bytes()

    assert asked("read_write") == asked("replay_only")


def test_delete_takes_a_model_an_age_and_a_tag(timed: Make, clock: FrozenClock):
    cache, tagged = timed(), timed(tags=["trial"])
    cache.update("a", TEXT, [Generation(text="a")])
    clock.advance(7200)
    cache.update("b", TEXT, [Generation(text="b")])
    tagged.update(PROMPT, CHAT, answer())
    assert [cache.delete(model="1"), cache.delete(model="4.1"), cache.delete(model="gpt-4.1", older_than="1h")] == [
        0
    ] * 3
    assert cache.delete(model="davinci.1", older_than="1h") == 1
    assert timed(namespace="other").delete(tag="trial") == 0
    assert cache.delete(tag="trial") == 1
    assert cache.delete(model="davinci.1") == 1


def test_delete_takes_a_long_name_whole(make: Make):
    cache, name = make(), "m" * 150
    cache.update("hello", f"[('_type', 'fake'), ('model', '{name}')]", [Generation(text="yes")])
    assert cache.delete(model=name) == 1


@pytest.mark.parametrize("wrong", [{"model": 5}, {"tag": ["t"]}, {"tag": b"t"}])
def test_delete_by_what_is_no_name_is_refused(make: Make, wrong: dict[str, Any]):
    with pytest.raises(bs.ConfigurationError, match=r"got .*; give a name"):
        make().delete(**wrong)


@pytest.mark.parametrize("mode", ["read_only", "replay_only"])
def test_a_cache_that_keeps_nothing_imports_nothing(make: Make, mode: str, tmp_path: Path):
    with pytest.raises(bs.ConfigurationError, match=f"got '{mode}'; give a cache"):
        make(mode=mode).import_sqlite_cache(tmp_path / "old.db")


def test_delete_without_a_condition_is_refused(make: Make):
    with pytest.raises(ConfigurationError, match="delete got no condition; give model="):
        make().delete()


async def test_async_methods_do_as_the_others(make: Make):
    cache = make()
    await cache.aupdate(PROMPT, CHAT, answer())
    assert await cache.alookup(PROMPT, CHAT) == cache.lookup(PROMPT, CHAT) == answer()
    await cache.aclear()
    assert await cache.alookup(PROMPT, CHAT) is None


def test_big_answers_lie_outside_the_rows(make: Make, tmp_path: Path):
    make().update(PROMPT, CHAT, answer("x" * 100_000))
    assert make().lookup(PROMPT, CHAT) == answer("x" * 100_000)
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]


async def test_a_big_answer_is_read_beside_the_event_loop(make: Make):
    await make().aupdate(PROMPT, CHAT, answer("x" * 100_000))
    assert await make().alookup(PROMPT, CHAT) == answer("x" * 100_000)


class Odd:
    """Has a default repr, which names its address."""


def test_an_address_in_a_key_is_warned_of_once(make: Make):
    cache = make()
    with pytest.warns(CacheWarning, match="hold an object's address .* give the model plain values") as caught:
        cache.lookup(PROMPT, f"[('_type', 'mine'), ('tool', {Odd()!r})]")
    cache.lookup(PROMPT, f"[('_type', 'mine'), ('tool', {Odd()!r})]")
    assert len(caught) == 1


def test_a_class_that_nobody_finds_is_warned_of_at_the_users_line(make: Make):
    with pytest.warns(CacheWarning, match=r"schema is the class 'gone.Model'.*top of a module, or use") as caught:
        make().lookup(PROMPT, "[('_type', 'mine'), ('response_format', <class 'gone.Model'>)]")
    assert [Path(each.filename).name for each in caught] == ["test_cache.py"]


async def test_classes_of_one_name_are_told_apart_where_no_module_has_them(make: Make):
    def schema(**fields: Any) -> Any:
        return create_model("Made", **fields)

    one, other = schema(a=(int, ...)), schema(b=(str, ...))
    assert str(one) == str(other)
    model = FakeListChatModel(responses=["1", "2", "3"], cache=make())
    assert [model.invoke("hello", response_format=each).text for each in (one, other, one)] == ["1", "2", "1"]
    assert (await model.ainvoke("hello", response_format={"schema": [other]})).text == "3"
    assert (await model.ainvoke("hello", response_format=other)).text == "2"


def test_a_schema_whose_fields_change_is_another_question(make: Make, monkeypatch: pytest.MonkeyPatch):
    class Model(BaseModel):
        a: int

    class Changed(BaseModel):
        a: int
        b: str

    shop = types.ModuleType("shop")
    monkeypatch.setitem(sys.modules, "shop", shop)
    description = f"[('_type', 'mine'), ('response_format', <class 'shop.Model'>), ('kind', {str})]"
    cache = make()
    for model in (Model, Changed):
        shop.Model = model
        assert cache.lookup(PROMPT, description) is None
        cache.update(PROMPT, description, answer(model.__name__))
        assert make().lookup(PROMPT, description) == answer(model.__name__)
    shop.Model = Model
    assert cache.lookup(PROMPT, description) == answer("Model")


async def test_arguments_of_one_call_of_a_text_model_are_warned_of(make: Make):
    model = FakeListLLM(responses=["yes", "no"], cache=make())
    model.invoke("hello")
    with pytest.warns(CacheWarning, match=r"nothing of the arguments \['temperature'\].*to the model's constructor"):
        model.invoke("hello", temperature=1)
    other = FakeListLLM(responses=["yes"], cache=make())
    with pytest.warns(CacheWarning, match=r"\['seed'\]"):
        await other.bind(seed=1).ainvoke("hello")


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, lambda model: model.model_copy(deep=True)])
def test_a_copied_model_has_the_very_cache(make: Make, copied: Callable[[Any], Any]):
    cache = make()
    model = copied(FakeListLLM(responses=["yes"], cache=cache))
    assert [model.invoke("hello") for _ in range(2)] == ["yes", "yes"]
    assert cache.stats().hits == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "write"}, "mode got 'write'; give one of read_write"),
        ({"namespace": 5}, "namespace got 5"),
        ({"ttl": "soon"}, "not a span of time: 'soon'"),
        ({"ttl": {"m": 0}}, "not a span of time: 0"),
        ({"ttl": {1: "1d"}}, "times by the names of models"),
        ({"tags": "one"}, "tags got 'one'"),
        ({"tags": ["namespace:x"]}, "which is for namespace="),
        ({"redact": str}, "store_prompts=True as well"),
        ({"flight_timeout_s": -1}, "seconds from 0"),
        ({"flight_timeout_s": "1m"}, "seconds from 0"),
        ({"flight_timeout_s": True}, "seconds from 0"),
        ({"cache_if": True}, "cache_if got True"),
        ({"redact": "x", "store_prompts": True}, "redact got 'x'"),
    ],
)
def test_a_wrong_argument_is_refused_with_the_next_step(make: Make, options: Any, message: str):
    with pytest.raises(ConfigurationError) as raised:
        make(**options)
    assert message in str(raised.value)


def test_the_answers_of_a_sqlite_cache_come_over(make: Make, tmp_path: Path):
    old = tmp_path / "langchain.db"
    with sqlite3.connect(old) as file:
        file.execute("CREATE TABLE full_llm_cache (prompt, llm, idx, response, PRIMARY KEY (prompt, llm, idx))")
        rows = [
            (PROMPT, CHAT, 0, dumps(answer("one", tool_calls=[CALL], response_metadata={"a": {"lc": 1}})[0])),
            (PROMPT, CHAT, 1, dumps(answer("two")[0])),
            ("text", TEXT, 0, dumps(Generation(text="three", generation_info={"finish_reason": "stop"}))),
            ("raw", TEXT, 0, "not JSON"),
            (
                "foreign",
                TEXT,
                0,
                '{"lc": 1, "type": "constructor", "id": ["os", "system"], "kwargs": {"command": "x"}}',
            ),
            ("within", TEXT, 0, dumps(Generation(text="x", generation_info={"a": HumanMessage("object")}))),
            ("cut", TEXT, 0, dumps(Generation(text="x", generation_info={"finish_reason": "length"}))),
        ]
        file.executemany("INSERT INTO full_llm_cache VALUES (?, ?, ?, ?)", rows)
    file.close()
    cache = make()
    assert cache.import_sqlite_cache(old) == (2, 0, 4, 0)
    assert cache.import_sqlite_cache(old) == (0, 2, 4, 0)
    one, two = cache.lookup(PROMPT, CHAT)
    assert (one.text, two.text, one.message.tool_calls) == ("one", "two", [CALL])
    assert one.message.response_metadata == {"a": {"lc": 1}}
    assert cache.lookup("text", TEXT) == [Generation(text="three", generation_info={"finish_reason": "stop"})]


def test_a_file_that_is_no_sqlite_cache_is_refused(make: Make, tmp_path: Path):
    (tmp_path / "text").write_text("no database, but a text that is long enough to be one")
    for name in ("missing", "text"):
        with pytest.raises(ConfigurationError, match="can't be read as a SQLiteCache"):
            make().import_sqlite_cache(tmp_path / name)
