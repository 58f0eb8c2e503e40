"""Which spellings mean the same backend?"""

_ALIASES = {"acestep": "ace_step"}


def canonical_name(name: str) -> str:
    """`ace-step`, `acestep` and `ACE_Step` are `ace_step`; other names in lower case, with `_` for `-`."""
    plain = name.strip().replace("-", "_").lower()
    return _ALIASES.get(plain, plain)
