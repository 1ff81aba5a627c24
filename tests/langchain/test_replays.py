"""What a replay says that has no answer to give, whatever the reason."""

import shutil
from pathlib import Path

import pytest
from beautyspot import CacheReadWarning, Spot
from langchain.agents import create_agent
from langchain_beautyspot import BeautySpotCache, CacheMiddleware, ReplayMiss
from langchain_core.language_models.fake_chat_models import FakeListChatModel

HELLO = {"messages": [("user", "hello")]}


async def test_a_replay_of_a_database_that_is_not_there_says_so_and_makes_nothing(tmp_path: Path) -> None:
    cache = BeautySpotCache(tmp_path / "recordd.db", mode="replay_only")
    model = FakeListChatModel(responses=["never"], cache=cache)
    told = r"there is no database '.*recordd\.db'.* expected the one that was recorded; give its path, or record it"
    with pytest.raises(ReplayMiss, match=told):
        model.invoke("hello")
    with pytest.raises(ReplayMiss, match=told):
        await model.ainvoke("hello")
    cache.spot.shutdown()
    assert [*tmp_path.iterdir()] == []


async def test_a_replay_says_that_a_row_is_kept_whose_value_was_left_behind(tmp_path: Path) -> None:
    spot = Spot("recorded", db=tmp_path / "recorded.db", inline_limit_bytes=0)
    FakeListChatModel(responses=["yes"], cache=BeautySpotCache(spot)).invoke("hello")
    shutil.rmtree(tmp_path / "blobs")
    model = FakeListChatModel(responses=["yes"], cache=BeautySpotCache(spot, mode="replay_only"))
    told = r"no answer to .*hello.* to give: the row .* is kept, but its value is not found .*blob '.*\.bin' in .*bring"
    with pytest.warns(CacheReadWarning, match="counts as a miss"), pytest.raises(ReplayMiss, match=told):
        model.invoke("hello")
    with pytest.raises(ReplayMiss, match=told):
        await model.ainvoke("hello")


async def test_an_agents_replay_of_a_database_that_is_not_there_says_so_and_makes_nothing(tmp_path: Path) -> None:
    spot = Spot("recorded", db=tmp_path / "recordd.db")
    model = FakeListChatModel(responses=["never"])
    agent = create_agent(model, middleware=[CacheMiddleware(spot, mode="replay_only")])
    with pytest.raises(ReplayMiss, match=r"there is no database '.*recordd\.db'"):
        agent.invoke(HELLO)
    with pytest.raises(ReplayMiss, match=r"there is no database '.*recordd\.db'"):
        await agent.ainvoke(HELLO)
    spot.shutdown()
    assert [*tmp_path.iterdir()] == []


def test_an_agents_replay_says_that_a_row_is_kept_whose_value_was_left_behind(tmp_path: Path) -> None:
    spot = Spot("recorded", db=tmp_path / "recorded.db", inline_limit_bytes=0)
    model = FakeListChatModel(responses=["yes"])
    create_agent(model, middleware=[CacheMiddleware(spot)]).invoke(HELLO)
    shutil.rmtree(tmp_path / "blobs")
    agent = create_agent(model, middleware=[CacheMiddleware(spot, mode="replay_only")])
    told = r"no result of a call of 'langchain.*' to give: the row of .* is kept, but its value is not found"
    with pytest.warns(CacheReadWarning, match="counts as a miss"), pytest.raises(ReplayMiss, match=told):
        agent.invoke(HELLO)


def test_a_replay_leaves_an_empty_file_empty_and_clears_nothing_into_being(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    model = FakeListChatModel(responses=["no"], cache=BeautySpotCache(tmp_path / "empty.db", mode="replay_only"))
    with pytest.raises(ReplayMiss, match="there is no database"):
        model.invoke("hello")
    with pytest.raises(ReplayMiss, match="there is no database"):
        BeautySpotCache(tmp_path / "none.db", mode="replay_only").clear()
    assert [(each.name, each.stat().st_size) for each in tmp_path.iterdir()] == [("empty.db", 0)]


def test_a_replay_says_nothing_of_damage_that_was_mended(tmp_path: Path) -> None:
    spot = Spot("recorded", db=tmp_path / "recorded.db", inline_limit_bytes=0)
    model = FakeListChatModel(responses=["yes"], cache=BeautySpotCache(spot))
    model.invoke("hello")
    shutil.rmtree(tmp_path / "blobs")
    with pytest.warns(CacheReadWarning, match="counts as a miss"):
        model.invoke("hello")
    BeautySpotCache(spot).clear()
    model.cache = BeautySpotCache(spot, mode="replay_only")
    with pytest.raises(ReplayMiss, match="no kept answer"):
        model.invoke("hello")
