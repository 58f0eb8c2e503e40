"""What is played: harmony, bass, drums, melody and form, as notes in beats. Knows nothing of sound."""

from lofi_procedural.score.dice import Dice
from lofi_procedural.score.notes import Bar, Hit, Note
from lofi_procedural.score.piece import Piece

__all__ = ["Bar", "Dice", "Hit", "Note", "Piece"]
