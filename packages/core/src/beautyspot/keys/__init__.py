"""From a call to its key: who was called, in which version, with what."""

from beautyspot.keys.code import FROM_CODE, FromCode
from beautyspot.keys.maker import KeyMaker
from beautyspot.keys.policies import KeyGen, KeyPolicy
from beautyspot.keys.registry import KeyRegistry

__all__ = ["FROM_CODE", "FromCode", "KeyGen", "KeyMaker", "KeyPolicy", "KeyRegistry"]
