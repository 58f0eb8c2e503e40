"""How the room, the weather and the medium sound: noise that runs beside the music."""

from lofi_procedural.sound.textures.beds import TEXTURES, Beds
from lofi_procedural.sound.textures.texture import Texture

__all__ = ["TEXTURES", "Beds", "Texture"]
