"""From the arguments of a call to its key."""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
from beautyspot.errors import ConfigurationError
from beautyspot.keys.binding import behind, is_unbound, name_behind, split, takes_calls_of
from beautyspot.keys.canonical import MEMOS, PLAIN, Canonical, NoContentError, Spelled, pack
from beautyspot.keys.digest import LONG_BYTES, digest, hasher, long_digest
from beautyspot.keys.layers import binder_below, innermost, named_by
from beautyspot.keys.registry import KeyRegistry
from beautyspot.names import is_told_by_code, qualified_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import CodeType
    from typing import Any, TypeAlias

    from beautyspot.keys.binding import Values
    from beautyspot.keys.canonical import Form
    from beautyspot.keys.cells import Held
    from beautyspot.keys.code import FromCode
    from beautyspot.keys.identity import Identity, Taken
    from beautyspot.keys.memos import Memos
    from beautyspot.keys.sentinels import Sentinels

Arguments: TypeAlias = "tuple[Any, ...]"
Keywords: TypeAlias = "dict[str, Any]"

_SCHEME = 1
"""Part of every key; another number makes every kept result a miss."""


class KeyMaker:
    """Makes the keys of one function's calls: a digest of who it is, its version and the content of the arguments."""

    key: Callable[[Arguments, Keywords], str]
    """Returns a call's key, 32 hex digits; an attribute, as a method would cost a tenth of a short call.

    Raises `UnkeyableArgument`, or the function's own TypeError for a wrong call.
    """
    told_by_code: Any
    """What the version is read from: the function, or what has it as a method; None where the version is given."""
    held: tuple[Held, ...] = ()
    """What the last key was made of beside the arguments; nothing for most functions, which close over nothing."""

    def __init__(
        self,
        function: Any,
        *,
        version: str | FromCode | None = None,
        ignore: Sequence[str] = (),
        injected: Sequence[str] = (),
        input_key_fn: Callable[..., Any] | None = None,
        streams: bool = False,
        registry: KeyRegistry | None = None,
    ) -> None:
        """Prepare for `function`.

        Args:
            version: Part of the key; `FROM_CODE` is read from the code when it is first needed.
            ignore: Parameters and free variables that have no part in the key.
            injected: Parameters that a framework fills, which have none either.
            input_key_fn: Takes the call's arguments and returns what stands for them, or is a `KeyPolicy`.
            streams: Whether it is a generator: what that yielded is no result of a function that took its name.

        Raises:
            ConfigurationError: `version` is no text, `ignore` or a policy names what is not there, `ignore` what
                `input_key_fn` takes, or that can't take the calls.
            UnkeyableArgument: the function closes over something without content.
        """
        self._function, self._streams = function, streams
        self._version = version if isinstance(version, str) else None
        self._from_code = None if version is None or isinstance(version, str) else version
        self.told_by_code = None if self._from_code is None else _read_from(self._from_code, function)
        self._func_name = qualified_name(named_by(function))
        self._behind = name_behind(function)
        self._canonical = Canonical(registry or KeyRegistry())
        names = binder_below(function).names
        self._choices: Mapping[str, Callable[[Any], Any]] = {}
        self._sentinels: Sentinels | None = None
        self._custom: Callable[..., Any] | None = None
        ignored, chosen = frozenset((*ignore, *injected)), ()
        if input_key_fn is not None:
            more, chosen = self._take(input_key_fn, [name for name in names if name not in injected], ignore)
            ignored = ignored.union(more)
        self._identity = _identity(function, self._func_name, ignored, self._canonical)
        if used := ignored.union(chosen):
            self._check_names(used, (*names, *(self._identity.free_names if self._identity else ())))
        self._names, self._bind, self._defaults = binder_below(function, ignore=ignored)
        self._memos = None if MEMOS.isdisjoint(map(type, self._defaults.values())) else _memos(function, self._defaults)
        self.key = self._key_function()

    def _take(
        self, input_key_fn: Callable[..., Any], names: Sequence[str], ignore: Sequence[str]
    ) -> tuple[Iterable[str], Iterable[str]]:
        """Take what stands for the arguments, and return the names that it ignores and all that it speaks of."""
        from beautyspot.keys.policies import policy_of  # `hashlib` is 2.5 ms that few functions need

        policy = policy_of(input_key_fn, names, ignore)
        if policy is None:
            self._custom = _checked_for(self._function, input_key_fn, self._func_name)
            return (), ()
        self._choices = policy.choices
        return policy.ignored, policy.names

    @property
    def func_name(self) -> str:
        """`module.qualname`."""
        return self._func_name

    @property
    def version(self) -> str | None:
        """The version as text, None for none."""
        if self._version is None and self._from_code is not None:
            self._version = self._from_code.read(self._function)
        return self._version

    @property
    def code(self) -> CodeType | None:
        """The function's code, where its keys hold no more than its name: another of that name makes the same."""
        code = getattr(function := innermost(self._function), "__code__", None)
        told = code is None or is_told_by_code(function)
        return None if told or self.told_by_code is not None else code

    @property
    def scope(self) -> str:
        """32 hex digits for what the keys of all calls begin with: functions that agree in it share their results."""
        return digest(self._beginning(self._identity.take() if self._identity else None)).hex()

    def namesake(self) -> str | None:
        """Return a warning if another function, marked before, makes the same keys."""
        code = self.code
        if code is None:
            return None
        codes, who = self._canonical.registry.namesakes.codes, (self._func_name, self._version, self._names)
        before = codes.setdefault(who, code)
        if before is code or before == code:
            return None
        codes[who] = code
        from beautyspot.keys.namesakes import warning_of  # few functions have one

        return warning_of(self._func_name, before, code)

    def is_still(self, held: tuple[Held, ...], /) -> bool:
        """Say whether the function closes over what it did, but for what it assigns itself."""
        return self._identity is None or self._identity.is_still(held)

    def input_id(self, args: Arguments, kwargs: Keywords, /) -> str:
        """Return 16 hex digits for the arguments alone, or the text that `input_key_fn` gave."""
        if self._custom is None:
            return digest(self._packed(self._bind(*args, **kwargs)), size_bytes=8).hex()
        given = self._custom(*args, **kwargs)
        if isinstance(given, (str, int, float, type(None))):
            return str(given)
        return digest(self._packed_given(given), size_bytes=8).hex()

    def _key_function(self) -> Callable[[Arguments, Keywords], str]:
        # What the hot path reads is in cells here, which are faster than attributes.
        bind, custom, packed, packed_given = self._bind, self._custom, self._packed, self._packed_given
        is_plain = frozenset[type]().issuperset if self._choices else PLAIN.issuperset

        def seal() -> Any:
            # The first call absorbs the prefix, when a local function's cells are filled; the others copy it.
            nonlocal copy, beginning
            identity = self._identity.take() if self._identity else None
            beginning = self._beginning(identity)
            copy = sealed = hasher(beginning).copy
            self.held = identity.held if identity else ()
            if identity is not None and identity.held:
                from beautyspot.keys.cells import watching  # few functions are closures

                copy = watching(identity.held, sealed, seal)
            return sealed()

        copy: Callable[[], Any] = seal
        beginning = b""

        def key(args: Arguments, kwargs: Keywords, /) -> str:
            values = bind(*args, **kwargs) if kwargs else bind(*args)  # 0.03 µs; all the rest takes 0.7
            state = copy()
            data = pack(values) if is_plain(map(type, values)) else packed(values)
            if len(data) >= LONG_BYTES:
                return long_digest(beginning, data)
            state.update(data)
            return state.hexdigest()

        def custom_key(args: Arguments, kwargs: Keywords, /) -> str:
            given = custom(*args, **kwargs)  # type: ignore[misc]
            state = copy()
            state.update(packed_given(given))
            return state.hexdigest()

        return key if custom is None else custom_key

    def _beginning(self, identity: Taken | None) -> bytes:
        names: Any = [[name, name in self._choices] for name in self._names] if self._custom is None else None
        # Packed, not joined: no name can run into the next.
        kind = [*(["stream"] if self._streams else []), *self._behind]
        form: Form = None if identity is None else identity.form
        return pack([_SCHEME, self._func_name, self.version, names, form, *kind])

    def _packed(self, values: Values) -> bytes:
        """Return the bytes of bound values; the way of every call with more than text and integers."""
        if self._memos is not None and not is_unbound(values):
            values = self._memos.emptied(self._names, values)
        if self._choices and not is_unbound(values):
            chosen = [self._choices.get(name) for name in self._names]
            values = tuple(
                value if fn is None else _chosen(fn, value) for fn, value in zip(chosen, values, strict=True)
            )
        if self._sentinels is not None:
            return self._packed_with_defaults(values, self._sentinels)
        form = self._canonical.form
        try:
            return pack([value if type(value) in PLAIN else form(value) for value in values])
        except (NoContentError, RecursionError, ValueError):
            from beautyspot.keys.sentinels import Sentinels  # few calls have arguments without content

            sentinels = Sentinels(self._canonical, self._defaults)
            data = self._packed_with_defaults(values, sentinels)
            self._sentinels = sentinels if sentinels.found else None
            return data

    def _packed_with_defaults(self, values: Values, sentinels: Sentinels) -> bytes:
        names = ("call", "args", "kwargs") if is_unbound(values) else self._names
        try:
            return pack(sentinels.forms_of(names, values))
        except (NoContentError, RecursionError, ValueError) as problem:
            from beautyspot.keys.refusals import refusal  # as in `_packed`

            given = dict(zip(names, values, strict=True))
            error = refusal(self._canonical, self._func_name, problem, given)
        raise error

    def _packed_given(self, given: Any) -> bytes:
        try:
            return pack([self._canonical.form(given)])
        except (NoContentError, RecursionError, ValueError) as problem:
            from beautyspot.keys.refusals import refusal_of_given  # as in `_packed`

            error = refusal_of_given(self._func_name, given, problem)
        raise error

    def _check_names(self, used: Iterable[str], known: Sequence[str]) -> None:
        for name in used:
            if name not in known:
                raise ConfigurationError(
                    f"ignore or KeyPolicy names {name!r}, which is no parameter of {self._func_name}; "
                    f"known: {', '.join(dict.fromkeys(known)) or 'none'}"
                )


def _chosen(fn: Callable[[Any], Any], value: Any) -> Any:
    """Return what stands for an argument, told from what stands for a default that is left out."""
    if type(value) is not Spelled:
        return fn(value)
    given = fn(value.value)
    try:
        return Spelled(given, fn(value.default))
    except Exception:  # noqa: BLE001 - of a default that the user's function can't take, so that it has no key
        return given


def _read_from(version: Any, function: Any) -> Any:
    from beautyspot.keys.code import FromCode, functions_of  # most functions are told by a text, or by none

    if not isinstance(version, FromCode):
        raise ConfigurationError(f"version got {version!r}; give text, such as '{version}', or FROM_CODE")
    functions_of(read := version.of or function)  # refuses what has none here; it is read at the first call
    return read


def _checked_for(function: Any, input_key_fn: Any, name: str) -> Any:
    if not takes_calls_of(function, input_key_fn):
        raise ConfigurationError(
            f"input_key_fn={input_key_fn!r} can't take the arguments of {name}; give one with the same parameters"
        )
    return input_key_fn


def _identity(function: Any, name: str, ignore: frozenset[str], canonical: Canonical) -> Identity | None:
    function = behind(function) or function
    inner = split(function)[0]
    if not (hasattr(inner, "__wrapped__") or is_told_by_code(inner)):
        return None  # its name says it all
    from beautyspot.keys.identity import identity_of  # the plain functions of a module never come here

    return identity_of(function, name, ignore, canonical)


def _memos(function: Any, defaults: Mapping[str, Any]) -> Memos:
    from beautyspot.keys.memos import Memos  # few functions have such defaults

    return Memos(function, defaults)
