"""What `mark` returns: the user's function, and a few questions one can ask it."""

from __future__ import annotations

import sys
from functools import update_wrapper
from types import CodeType, FunctionType

from beautyspot.errors import ConfigurationError
from beautyspot.records import TaskFilter
from beautyspot.walk.calls import call_async, caller
from beautyspot.walk.kinds import ASYNC_GENERATOR, COROUTINE, GENERATOR, is_stream, kind_of
from beautyspot.walk.sharing import note, refuse_shared
from beautyspot.wrapped import show_as

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from beautyspot.tallies import CacheInfo
    from beautyspot.walk.batch import OnError
    from beautyspot.walk.plan import Plan


def mark_function(plan: Plan, *, of_class: bool = False) -> Any:
    """Return the plan's function, marked: a function of the same kind, or the class method made of it."""
    wrapper, questions = _marked(plan)
    note(plan, wrapper)
    if of_class or _is_method(plan.function):
        return MarkedMethod(wrapper, questions, of_class=of_class)
    return wrapper


def _marked(plan: Plan) -> tuple[Any, Questions]:
    caller, refresher = _CALLERS[kind_of(plan.function)]
    wrapper = caller(plan)
    show_as(wrapper, plan.function)
    questions = Questions(plan, refresher)
    wrapper.__beautyspot_plan__ = plan
    for name in QUESTIONS:
        setattr(wrapper, name, getattr(questions, name))
    return wrapper, questions


def _is_method(function: Any) -> bool:
    """Say whether the function was defined in a class body: `Class.f`, not `f` or `outer.<locals>.f`."""
    if not isinstance(getattr(function, "__code__", None), CodeType) or hasattr(function, "__self__"):
        return False
    parent: str = function.__qualname__.rpartition(".")[0]
    return bool(parent) and not parent.endswith("<locals>")


# What runs the function is imported where it is used: a first hit needs none of it.
def _refresh(plan: Plan, args: Any, kwargs: Any) -> Any:
    from beautyspot.walk.misses import refresh

    return refresh(plan, args, kwargs)


async def _refresh_async(plan: Plan, args: Any, kwargs: Any) -> Any:
    from beautyspot.walk.misses import refresh_async

    return await refresh_async(plan, args, kwargs)


def _coroutine(plan: Plan) -> Any:
    async def marked(*args: Any, **kwargs: Any) -> Any:
        return await call_async(plan, args, kwargs)

    return marked


def _generator(plan: Plan) -> Any:
    from beautyspot.walk.streams import stream

    def marked(*args: Any, **kwargs: Any) -> Any:
        return (yield from stream(plan, args, kwargs))

    return marked


def _refresh_stream(plan: Plan, args: Any, kwargs: Any) -> Any:
    from beautyspot.walk.streams import stream

    return stream(plan, args, kwargs, refresh=True)


def _async_generator(plan: Plan) -> Any:
    from beautyspot.walk.streams import async_stream_of

    return async_stream_of(plan)


def _refresh_stream_async(plan: Plan, args: Any, kwargs: Any) -> Any:
    from beautyspot.walk.streams import async_stream_of

    return async_stream_of(plan, refresh=True)(*args, **kwargs)


_CALLERS: dict[int, tuple[Callable[[Plan], Any], Callable[..., Any]]] = {
    0: (caller, _refresh),
    COROUTINE: (_coroutine, _refresh_async),
    GENERATOR: (_generator, _refresh_stream),
    ASYNC_GENERATOR: (_async_generator, _refresh_stream_async),
}

QUESTIONS_OF_CALLS = ("key", "is_cached", "invalidate", "refresh", "map")
QUESTIONS = (*QUESTIONS_OF_CALLS, "cache_info", "cache_clear")


class Questions:
    """What one can ask a marked function, bound to an instance where it is a method."""

    def __init__(self, plan: Plan, refresher: Callable[..., Any], before: tuple[Any, ...] = ()) -> None:
        """Put `before` in front of every call's arguments."""
        self._plan, self._refresher, self._before = plan, refresher, before

    def bind(self, instance: Any) -> Questions:
        """Return the questions of a bound method."""
        return Questions(self._plan, self._refresher, (instance,))

    def key(self, /, *args: Any, **kwargs: Any) -> str:
        """Return the key of a call: 32 hex digits."""
        return self._plan.keys.key((*self._before, *args), kwargs)

    def is_cached(self, /, *args: Any, **kwargs: Any) -> bool:
        """Say whether a call would be a hit, without counting one."""
        args = (*self._before, *args)
        return self._plan.is_kept(self._plan.keys.key(args, kwargs), args, kwargs)

    def invalidate(self, /, *args: Any, **kwargs: Any) -> bool:
        """Delete the kept result of a call and say whether there was one."""
        args = (*self._before, *args)
        return self._plan.forget(self._plan.keys.key(args, kwargs), args, kwargs)

    def refresh(self, /, *args: Any, **kwargs: Any) -> Any:
        """Run the call whatever is kept; its result replaces the old one, an exception leaves it."""
        return self._refresher(self._plan, (*self._before, *args), kwargs)

    def cache_info(self) -> CacheInfo:
        """Return what the function did in this process, and others of its name did: lambdas, closures, partials."""
        return self._plan.tally.info()

    def cache_clear(self) -> int:
        """Delete every kept result of the function, of any version and instance, and return how many there were.

        Those of a namesake in another file on the same store go as well, as the two share their results.

        Raises:
            ConfigurationError: another function of the Spot has the same name, such as `module.<lambda>`.
        """
        refuse_shared(self._plan.store, self._plan.keys.func_name)
        return self._plan.forget_all(TaskFilter(function=self._plan.keys.func_name))

    def map(self, items: Iterable[Any], *, workers: int = 8, progress: bool = True, on_error: OnError = "raise") -> Any:
        """Call the function with each item, and return the results in the items' order."""
        if is_stream(self._plan.function):
            raise ConfigurationError(
                f"map got the generator {self._plan.keys.func_name!r}; mark a function that returns"
            )
        from beautyspot.walk.batch import run_batch, run_batch_async  # no single call needs them

        run = run_batch_async if kind_of(self._plan.function) == COROUTINE else run_batch
        return run(self._plan, self._before, items, workers=workers, progress=progress, on_error=on_error)


class MarkedMethod:
    """A marked function of a class body. Bound, its questions know the instance as well."""

    # Every other marked function is one, and pydantic takes a public member that isn't for a field without a type.
    __class__ = FunctionType  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride] - asked of instances

    def __init__(self, function: Any, questions: Questions, *, of_class: bool = False) -> None:
        """Stand for `function`, the marked one; a class method binds the class."""
        update_wrapper(self, function)
        self.__wrapped__ = function.__wrapped__  # the user's own, not the marked one
        self._function, self._questions, self.of_class = function, questions, of_class
        if not of_class:
            self.__dict__.update({name: self._asked(name) for name in QUESTIONS_OF_CALLS})

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Call the marked function as it stands."""
        return self._function(*args, **kwargs)

    def _asked(self, name: str) -> Callable[..., Any]:
        question = getattr(self._questions, name)

        def ask(*args: Any, **kwargs: Any) -> Any:
            # From Python 3.13 on `@classmethod` binds what is below it without asking it, so that its class is missing.
            if isinstance(_in_class_body(self), classmethod):
                raise ConfigurationError(
                    f"{self.__qualname__}.{name} can't tell the class that it was asked of, as @classmethod stands "
                    "above @spot.mark; put @spot.mark above @classmethod"
                )
            return question(*args, **kwargs)

        return ask

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Bind to an instance, or to its class."""
        if self.of_class:
            return BoundMarked(self._function, owner or type(instance), self._questions)
        return self if instance is None else BoundMarked(self._function, instance, self._questions)

    def __getattr__(self, name: str) -> Any:
        """Answer as the function does; `__code__` makes `inspect` see its kind."""
        if name == "_function":
            raise AttributeError(name)  # not there yet while it is copied
        return getattr(self._function, name)

    def __repr__(self) -> str:
        """Show the method's name."""
        return f"<marked method {self.__qualname__}>"

    def __reduce__(self) -> str:
        """Pickle by name, as a function is."""
        return self.__qualname__


def _in_class_body(function: Any) -> Any:
    """Return what the class body holds under the function's name; None for a class that no module holds."""
    *parents, name = function.__qualname__.split(".")
    owner: Any = sys.modules.get(function.__module__)
    for parent in parents:
        owner = getattr(owner, parent, None)
    return vars(owner).get(name) if isinstance(owner, type) else None


class Described(type):
    """A class whose instances say of themselves what their functions do; `type` would hand out their properties."""

    def __getattribute__(cls, name: str) -> Any:
        """Answer as any class of this module does."""
        if name in ("__module__", "__doc__"):
            return __name__ if name == "__module__" else "A marked method of one instance."
        return super().__getattribute__(name)


class BoundMarked(metaclass=Described):
    """A marked method of one instance."""

    __slots__ = ("__func__", "__self__", "_questions")

    def __init__(self, function: Any, instance: Any, questions: Questions) -> None:
        """Bind `function` to `instance`."""
        self.__func__, self.__self__, self._questions = function, instance, questions

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Call the method."""
        return self.__func__(self.__self__, *args, **kwargs)

    def with_plan(self, plan: Plan) -> BoundMarked:
        """Return the method of the same instance that works by `plan`."""
        wrapper, questions = _marked(plan)
        return BoundMarked(wrapper, self.__self__, questions)

    def __getattr__(self, name: str) -> Any:
        """Answer a question for this instance, and anything else as the function does."""
        return getattr(self._questions.bind(self.__self__) if name in QUESTIONS else self.__func__, name)

    # What every class has never reaches __getattr__; stored at each binding they would slow every call.
    __doc__ = property(lambda self: self.__func__.__doc__)  # pyright: ignore[reportAssignmentType, reportUnknownLambdaType, reportUnknownMemberType]
    __module__ = property(lambda self: self.__func__.__module__)  # pyright: ignore[reportAssignmentType, reportUnknownLambdaType, reportUnknownMemberType]

    @property
    def __wrapped__(self) -> Any:
        """The method as it was before it was marked, bound to the same instance."""
        return self.__func__.__wrapped__.__get__(self.__self__)

    def __repr__(self) -> str:
        """Show the method's name and its instance, as a bound method does."""
        return f"<bound marked method {self.__func__.__qualname__} of {self.__self__!r}>"

    @property
    def __signature__(self) -> Any:
        """The method's signature without the instance, for `inspect.signature`."""
        import inspect  # 12 ms of `import beautyspot`

        signature = inspect.signature(self.__func__)
        return signature.replace(parameters=list(signature.parameters.values())[1:])

    def __eq__(self, other: object) -> bool:
        """Two of the same method and instance are equal, as bound methods are."""
        return isinstance(other, BoundMarked) and self.__self__ is other.__self__ and self.__func__ is other.__func__

    def __hash__(self) -> int:
        """Hash as a bound method does: by identity of the instance."""
        return hash((id(self.__self__), self.__func__))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as the attribute of its instance."""
        return getattr, (self.__self__, self.__func__.__name__)
