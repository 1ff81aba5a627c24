"""Other ways to make keys: from files, and parameter by parameter."""

import os
from collections.abc import Callable, Sequence
from hashlib import file_digest, sha256
from typing import Any, ClassVar

from beautyspot.errors import ConfigurationError, UnkeyableArgument
from beautyspot.keys.canonical import Canonical, pack
from beautyspot.keys.registry import KeyRegistry

Path = str | bytes | os.PathLike[Any]


class KeyGen:
    """Ready-made functions for `input_key_fn=` and for the parameters of a `KeyPolicy`; each returns 64 hex digits."""

    @staticmethod
    def default(*args: Any, **kwargs: Any) -> str:
        """Return a digest of the arguments' content.

        Raises:
            UnkeyableArgument: one of them has none.
        """
        return sha256(pack(Canonical(KeyRegistry()).form([args, kwargs]))).hexdigest()

    @staticmethod
    def from_path_stat(path: Path, /, *args: Any, **kwargs: Any) -> str:
        """Return a digest of a file's resolved path, size and modification time, and of the other arguments.

        Raises:
            OSError: there is no such file.
            UnkeyableArgument: `path` is none.
        """
        real = os.path.realpath(_checked(path))
        stat = os.stat(real)  # noqa: PTH116 - pathlib is 3 ms of `import beautyspot`
        return KeyGen.default("stat", real, stat.st_size, stat.st_mtime_ns, args, kwargs)

    @staticmethod
    def from_file_content(path: Path, /, *args: Any, **kwargs: Any) -> str:
        """Return a digest of a file's content, wherever it lies, and of the other arguments.

        Raises:
            OSError: it can't be read.
            UnkeyableArgument: `path` is none.
        """
        with open(_checked(path), "rb") as file:
            return KeyGen.default("content", file_digest(file, "sha256").digest(), args, kwargs)


def _checked(path: Path) -> Any:
    try:
        return os.fspath(path)
    except TypeError:
        raise UnkeyableArgument(
            f"the key of a file met {path!r}; give a path, and name its parameter where it is not the first, "
            "as in input_key_fn=KeyPolicy(path=KeyGen.from_file_content)"
        ) from None


class Ignore:
    """The type of `KeyPolicy.IGNORE`."""

    def __repr__(self) -> str:
        """Show the name that users write."""
        return "KeyPolicy.IGNORE"


class KeyPolicy:
    """`input_key_fn=KeyPolicy(path=KeyGen.from_file_content, client=KeyPolicy.IGNORE)`: a choice per parameter.

    Parameters without a choice are keyed by content, as they are without a policy.
    """

    IGNORE: ClassVar[Ignore] = Ignore()
    """Leaves a parameter out of the key."""

    def __init__(self, /, **choices: Callable[[Any], Any] | Ignore) -> None:
        """Take for each named parameter a function from its value to what stands for it, or `IGNORE`.

        Raises:
            ConfigurationError: a choice is neither.
        """
        for name, choice in choices.items():
            if not (callable(choice) or choice is self.IGNORE):
                raise ConfigurationError(f"KeyPolicy got {name}={choice!r}; give a function of the value, or IGNORE")
        self.names = tuple(choices)
        self.ignored = tuple(name for name, choice in choices.items() if isinstance(choice, Ignore))
        self.choices = {
            name: choice
            for name, choice in choices.items()
            if not isinstance(choice, Ignore) and choice is not KeyGen.default  # which is what the others get
        }

    def __call__(self, /, *args: Any, **kwargs: Any) -> str:
        """Return a digest of arguments, choosing among those given by name; `mark` binds the others first."""
        chosen = {name: self.choices.get(name, _same)(kwargs[name]) for name in kwargs if name not in self.ignored}
        return KeyGen.default(*args, **chosen)


def _same(value: Any) -> Any:
    return value


_FILE_KEYS = (KeyGen.from_path_stat, KeyGen.from_file_content)
_NOTHING = KeyPolicy()


def policy_of(input_key_fn: Any, names: Sequence[str], ignore: Sequence[str], /) -> KeyPolicy | None:
    """Return the choices that `input_key_fn` makes by parameter, None for a function that takes the whole call.

    A ready-made function of a file takes the first of `names` that is neither in `ignore` nor a method's instance or
    class.

    Raises:
        ConfigurationError: there is no such parameter, `ignore` names one that the function takes nevertheless, or
            `input_key_fn` is the class of the choices.
    """
    if isinstance(input_key_fn, KeyPolicy):
        return input_key_fn
    if input_key_fn in (KeyGen, KeyPolicy):
        raise ConfigurationError(
            f"input_key_fn got the class {input_key_fn.__name__}; give KeyGen.from_file_content, "
            "a choice by parameter such as KeyPolicy(path=KeyGen.from_file_content), or a function of the arguments"
        )
    if input_key_fn is KeyGen.default:
        return _NOTHING
    if input_key_fn in _FILE_KEYS:
        for name in names:
            if name not in (*ignore, "self", "cls"):
                return KeyPolicy(**{name: input_key_fn})
        raise ConfigurationError(f"input_key_fn={input_key_fn.__qualname__} met no parameter; the first must be a path")
    for name in ignore:
        if name in names:
            raise ConfigurationError(
                f"ignore got {name!r} beside input_key_fn={input_key_fn!r}, which gets every argument; leave {name!r} "
                "out of what that function returns, or choose by parameter with input_key_fn=KeyPolicy(…)"
            )
    return None
