"""Other ways to make keys: from files, and parameter by parameter."""

import os
from collections.abc import Callable, Sequence
from hashlib import file_digest, sha256
from typing import Any, ClassVar

from beautyspot.errors import ConfigurationError
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
        """
        real = os.path.realpath(os.fspath(path))
        stat = os.stat(real)  # noqa: PTH116 - pathlib is 3 ms of `import beautyspot`
        return KeyGen.default("stat", real, stat.st_size, stat.st_mtime_ns, args, kwargs)

    @staticmethod
    def from_file_content(path: Path, /, *args: Any, **kwargs: Any) -> str:
        """Return a digest of a file's content, wherever it lies, and of the other arguments.

        Raises:
            OSError: it can't be read.
        """
        with open(os.fspath(path), "rb") as file:
            return KeyGen.default("content", file_digest(file, "sha256").digest(), args, kwargs)


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

    def __init__(self, **choices: Callable[[Any], Any] | Ignore) -> None:
        """Take for each named parameter a function from its value to what stands for it, or `IGNORE`.

        Raises:
            ConfigurationError: a choice is neither.
        """
        for name, choice in choices.items():
            if not (callable(choice) or choice is self.IGNORE):
                raise ConfigurationError(f"KeyPolicy got {name}={choice!r}; give a function of the value, or IGNORE")
        self.ignored = tuple(name for name, choice in choices.items() if isinstance(choice, Ignore))
        self.choices = {
            name: choice
            for name, choice in choices.items()
            if not isinstance(choice, Ignore) and choice is not KeyGen.default  # which is what the others get
        }

    def __call__(self, *args: Any, **kwargs: Any) -> str:
        """Return a digest of arguments, choosing among those given by name; `mark` binds the others first."""
        chosen = {name: self.choices.get(name, _same)(kwargs[name]) for name in kwargs if name not in self.ignored}
        return KeyGen.default(*args, **chosen)


def _same(value: Any) -> Any:
    return value


_FILE_KEYS = (KeyGen.from_path_stat, KeyGen.from_file_content)
_NOTHING = KeyPolicy()


def is_policy(input_key_fn: Any, /) -> bool:
    """Say whether it chooses by parameter: a policy, or a ready-made function of `KeyGen`."""
    return isinstance(input_key_fn, KeyPolicy) or input_key_fn in (KeyGen.default, *_FILE_KEYS)


def policy_of(input_key_fn: Any, names: Sequence[str], /) -> KeyPolicy:
    """Return the choices that `input_key_fn` makes among `names`.

    Raises:
        ConfigurationError: it reads a file, and there is no parameter to name it.
    """
    if isinstance(input_key_fn, KeyPolicy):
        return input_key_fn
    if input_key_fn not in _FILE_KEYS:
        return _NOTHING
    if not names:
        raise ConfigurationError(f"input_key_fn={input_key_fn.__qualname__} met no parameter; the first must be a path")
    return KeyPolicy(**{names[0]: input_key_fn})
