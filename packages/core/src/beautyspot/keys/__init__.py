"""From a call to its key: who was called, in which version, with what."""

from beautyspot.exports import on_demand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.keys.code import FROM_CODE, FromCode
    from beautyspot.keys.maker import KeyMaker
    from beautyspot.keys.policies import KeyGen, KeyPolicy
    from beautyspot.keys.registry import KeyRegistry
else:
    __getattr__, __dir__ = on_demand(
        __name__,
        {
            "FROM_CODE": "beautyspot.keys.code",
            "FromCode": "beautyspot.keys.code",
            "KeyGen": "beautyspot.keys.policies",
            "KeyMaker": "beautyspot.keys.maker",
            "KeyPolicy": "beautyspot.keys.policies",
            "KeyRegistry": "beautyspot.keys.registry",
        },
    )

__all__ = ["FROM_CODE", "FromCode", "KeyGen", "KeyMaker", "KeyPolicy", "KeyRegistry"]
