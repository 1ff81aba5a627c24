"""The way of a miss, in both colours, side by side. Only here and in `streams` is user code called."""

from functools import partial
from typing import Any, NamedTuple

from beautyspot.flight import Claim, Outcome
from beautyspot.store import Hit
from beautyspot.walk.calls import IMMUTABLE, Args, Kwargs, in_thread, read_async
from beautyspot.walk.fit import Fit
from beautyspot.walk.limit import pace, pace_async
from beautyspot.walk.plan import Plan
from beautyspot.walk.stops import check, stopping


class Ran(NamedTuple):
    """A call that returned."""

    value: Any
    elapsed_s: float
    key: str
    """Under which its result is kept: that of the moment when its function began."""
    fits: bool
    """Whether that is its key still."""


def miss(plan: Plan, key: str, args: Args, kwargs: Kwargs) -> Any:
    """Run the call, unless another thread, task or process does: then wait for its result."""
    while True:
        claim = plan.flight.claim(key)
        if claim.leads:
            return lead(plan, claim, key, args, kwargs)
        outcome = claim.wait(stop=stopping.get())
        check()
        if outcome.landed:
            hit = plan.store.read(key, plan.serializer) or shared(outcome)
            return run_and_keep(plan, key, args, kwargs) if hit is None else plan.count_hit(hit, key, args, kwargs)


async def miss_async(plan: Plan, key: str, args: Args, kwargs: Kwargs) -> Any:
    """Run the call, unless another thread, task or process does: then wait for its result."""
    while True:
        claim = plan.flight.claim(key, ask_processes=plan.store.reads_locally)
        if claim.leads:
            return await lead_async(plan, claim, key, args, kwargs)
        outcome = await claim.wait_async()
        if outcome.landed:
            hit = await read_async(plan, key) or shared(outcome)
            if hit is None:
                return await run_and_keep_async(plan, key, args, kwargs)
            return plan.count_hit(hit, key, args, kwargs)


def shared(outcome: Outcome) -> Hit | None:
    """Return the leader's own value for a follower, where one can't change it for another or use it up."""
    return Hit(outcome.value, 0.0) if type(outcome.value) in IMMUTABLE else None


def lead(plan: Plan, claim: Claim, key: str, args: Args, kwargs: Kwargs) -> Any:
    """Look once more, now that nobody else runs the call, then run it."""
    with claim:
        if claim.other_process_runs:
            claim.wait_for_process(stop=stopping.get())
        # Between our first look and our claim another thread or process may have kept the result.
        hit = plan.read(key, args, kwargs, True)
        if hit is not None:
            claim.land(hit.value, kept=True)
            return plan.count_hit(hit, key, args, kwargs)
        ran = run(plan, key, args, kwargs)
        try:
            claim.land(ran.value, kept=keep(plan, args, kwargs, ran))
        finally:
            plan.ran(key, args, kwargs, ran.value, ran.elapsed_s)
        return ran.value


async def lead_async(plan: Plan, claim: Claim, key: str, args: Args, kwargs: Kwargs) -> Any:
    """Look once more, now that nobody else runs the call, then run it."""
    with claim:
        if claim.other_process_runs:
            ask = None if plan.store.reads_locally else partial(in_thread, plan)
            await claim.wait_for_process_async(plan.clock, ask=ask)
        hit = await read_async(plan, key, again=True)
        if hit is None and plan.legacy is not None and plan.legacy.any():
            hit = await in_thread(plan, plan.read, key, args, kwargs, True)
        if hit is not None:
            claim.land(hit.value, kept=True)
            return plan.count_hit(hit, key, args, kwargs)
        ran = await run_async(plan, key, args, kwargs)
        # In a thread that goes on when the caller is cancelled: what was paid for is kept all the same.
        claim.hand_over()
        try:
            await in_thread(plan, keep_and_land, plan, claim, args, kwargs, ran)
        finally:
            plan.ran(key, args, kwargs, ran.value, ran.elapsed_s)
        return ran.value


def keep(plan: Plan, args: Args, kwargs: Kwargs, ran: Ran) -> bool:
    """Keep a result where wanted, and say whether one is kept."""
    return plan.keep(ran.key, args, kwargs, ran.value, ran.elapsed_s, fits=ran.fits)


def keep_and_land(plan: Plan, claim: Claim, args: Args, kwargs: Kwargs, ran: Ran) -> None:
    """Keep a result and let those who wait for it go on, whatever comes of the keeping."""
    kept = False
    try:
        kept = keep(plan, args, kwargs, ran)
    finally:
        claim.land(ran.value, kept=kept)


def run(plan: Plan, key: str, args: Args, kwargs: Kwargs) -> Ran:
    """Run the function when its limits grant it."""
    waited_s = pace(plan.options.limits, args, kwargs)
    plan.before(key, args, kwargs)
    fit = Fit(plan.keys, key, args, kwargs)
    start_s = plan.clock.monotonic()
    try:
        value = plan.function(*args, **kwargs)
    except BaseException as error:
        plan.failed(key, args, kwargs, error, waited_s)
        plan.journal.tick(plan.clock.monotonic() - start_s)  # not in run_async: an event loop must not wait for it
        raise
    elapsed_s, fits = plan.clock.monotonic() - start_s, fit.lasts
    plan.count_miss(key, waited_s)
    return Ran(value, elapsed_s, fit.key, fits)


async def run_async(plan: Plan, key: str, args: Args, kwargs: Kwargs) -> Ran:
    """Run the function when its limits grant it."""
    waited_s = await pace_async(plan.options.limits, args, kwargs)
    plan.before(key, args, kwargs)
    fit = Fit(plan.keys, key, args, kwargs)
    start_s = plan.clock.monotonic()
    try:
        value = await plan.function(*args, **kwargs)
    except BaseException as error:
        plan.failed(key, args, kwargs, error, waited_s)
        raise
    elapsed_s, fits = plan.clock.monotonic() - start_s, fit.lasts
    plan.count_miss(key, waited_s)
    return Ran(value, elapsed_s, fit.key, fits)


def run_and_keep(plan: Plan, key: str, args: Args, kwargs: Kwargs) -> Any:
    """Run the call beside others of its kind: what they gave could neither be kept nor shared."""
    ran = run(plan, key, args, kwargs)
    try:
        keep(plan, args, kwargs, ran)
    finally:
        plan.ran(key, args, kwargs, ran.value, ran.elapsed_s)
    return ran.value


async def run_and_keep_async(plan: Plan, key: str, args: Args, kwargs: Kwargs) -> Any:
    """Run the call beside others of its kind: what they gave could neither be kept nor shared."""
    ran = await run_async(plan, key, args, kwargs)
    try:
        await in_thread(plan, keep, plan, args, kwargs, ran)
    finally:
        plan.ran(key, args, kwargs, ran.value, ran.elapsed_s)
    return ran.value


def refresh(plan: Plan, args: Args, kwargs: Kwargs) -> Any:
    """Run the call whatever is kept, and put its result in the place of what was."""
    key = plan.keys.key(args, kwargs)
    ran = run(plan, key, args, kwargs)
    try:
        plan.replace(ran.key, args, kwargs, ran.value, ran.elapsed_s, fits=ran.fits)
    finally:
        plan.ran(key, args, kwargs, ran.value, ran.elapsed_s)
    return ran.value


async def refresh_async(plan: Plan, args: Args, kwargs: Kwargs) -> Any:
    """Run the call whatever is kept, and put its result in the place of what was."""
    key = plan.keys.key(args, kwargs)
    ran = await run_async(plan, key, args, kwargs)
    try:
        await in_thread(plan, partial(plan.replace, fits=ran.fits), ran.key, args, kwargs, ran.value, ran.elapsed_s)
    finally:
        plan.ran(key, args, kwargs, ran.value, ran.elapsed_s)
    return ran.value
