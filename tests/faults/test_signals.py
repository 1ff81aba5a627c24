"""Signal handlers that call what is kept on a server, in the middle of a call that does: nobody waits for himself."""

import signal
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from beautyspot.db import SQLTaskDB
from beautyspot.db.redis import RedisTaskDB
from beautyspot.errors import StorageError

pytestmark = [
    pytest.mark.external_service,
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers that interrupt"),
]

SCENE = """
answer = new_answer(new_spot(db="{url}"))
answer(1), answer(1)
rung = []
def ring(*_):
    n = len(rung) % 50
    rung.append(answer(n) == value_of(n))
signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
n = 0
while len(rung) < 60:
    n += 1
    assert answer(n % 100) == value_of(n % 100)
signal.setitimer(signal.ITIMER_REAL, 0)
answer(1)
warnings.showwarning = lambda *_: None
say(all(rung))
"""


@pytest.mark.parametrize("fixture", ["postgres_url", "redis_url"])
def test_a_handler_gets_its_answer_whatever_it_interrupted(
    stage: Any, request: pytest.FixtureRequest, fixture: str
) -> None:
    *warned, said = stage.run(SCENE.format(url=request.getfixturevalue(fixture)))
    assert said == "True"
    assert [line for line in warned if "call nothing that is kept there from a signal handler" not in line] == []


def is_refused(ask: Callable[[], object]) -> bool:
    with pytest.raises(
        StorageError, match="in the middle of another question of this thread; call nothing that is kept"
    ):
        ask()
    return True


def test_who_asks_in_the_middle_of_another_question_is_refused(postgres_url: str, redis_url: str) -> None:
    with closing(SQLTaskDB(postgres_url)) as server, closing(RedisTaskDB(redis_url)) as redis:
        assert server._connections.do(lambda _: is_refused(lambda: server.get("0a")))
        assert server._connections.do(lambda _: is_refused(lambda: server.locks.try_acquire("0a")))
        assert redis._do(lambda _: is_refused(lambda: redis.get("0a")))
        assert server.get("0a") is redis.get("0a") is None
        assert server.locks.try_acquire("0a")
