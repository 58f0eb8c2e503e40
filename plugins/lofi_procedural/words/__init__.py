"""What the prompt means: a lexicon as data, and a parser that turns words into a `Brief`."""

from lofi_procedural.words.brief import Brief
from lofi_procedural.words.keys import Key, find_key, option_names_mode, parse_key
from lofi_procedural.words.parser import read_prompt
from lofi_procedural.words.reading import PARTS

__all__ = ["PARTS", "Brief", "Key", "find_key", "option_names_mode", "parse_key", "read_prompt"]
