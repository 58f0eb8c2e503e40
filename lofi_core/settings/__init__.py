"""Which value does each configuration key have, and who said so?"""

from lofi_core.settings.load import Flags, load_settings

__all__ = ["Flags", "load_settings"]
