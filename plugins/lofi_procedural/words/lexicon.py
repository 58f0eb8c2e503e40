"""Which words the composer knows, and what each asks for. Data only: add a line to teach it a word."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """One meaning and all the words for it.

    Attributes:
        words: synonyms, lower case, singular; several words make a phrase.
        tempo: shift of the usual tempo in beats per minute.
        valence: towards minor (negative) or major (positive).
        brightness: darker (negative) or more open (positive).
        energy: calmer (negative) or livelier (positive).
        mode: a mode by name.
        groove: a drum groove by name.
        meter: beats in a bar.
        instrument: an instrument or part; "no …" takes it out.
        texture: a background sound; "no …" takes it out.
    """

    words: tuple[str, ...]
    tempo: float = 0.0
    valence: float = 0.0
    brightness: float = 0.0
    energy: float = 0.0
    mode: str | None = None
    groove: str | None = None
    meter: int | None = None
    instrument: str | None = None
    texture: str | None = None


TEMPO = (
    Term(("slow", "slowly", "unhurried", "adagio", "downtempo", "down tempo"), tempo=-10, energy=-0.1),
    Term(("very slow", "super slow", "largo"), tempo=-16, energy=-0.2),
    Term(("fast", "quick", "allegro", "speedy"), tempo=22, energy=0.2),
    Term(
        ("upbeat", "up tempo", "uptempo", "energetic", "lively", "driving"), tempo=16, energy=0.3, valence=0.3
    ),
    Term(("moderate", "mid tempo", "midtempo", "andante"), tempo=4),
)
MOOD = (
    Term(
        ("happy", "cheerful", "joyful", "sunny", "merry"), tempo=6, valence=1.0, brightness=0.15, energy=0.1
    ),
    Term(
        ("warm", "cozy", "cosy", "comfy", "cafe", "café", "coffee", "tender", "romantic"),
        valence=0.5,
        brightness=-0.05,
    ),
    Term(("hopeful", "optimistic", "uplifting", "playful"), tempo=4, valence=0.8, brightness=0.1),
    Term(
        ("sad", "melancholic", "melancholy", "heartbroken", "gloomy", "lonely", "blue"),
        tempo=-5,
        valence=-1.0,
    ),
    Term(("nostalgic", "nostalgia", "wistful", "bittersweet", "longing"), tempo=-3, valence=-0.3),
    Term(("dark", "moody", "brooding", "noir"), valence=-0.8, brightness=-0.25),
    Term(("tense", "mysterious", "eerie"), valence=-1.0, mode="phrygian"),
    Term(("bright", "crisp", "clear", "airy"), brightness=0.3),
    Term(("muffled", "dusty", "mellow", "soft", "gentle"), brightness=-0.2, energy=-0.1),
    Term(("dreamy", "dreamlike", "ethereal", "floating", "hazy"), tempo=-6, energy=-0.2, instrument="pad"),
    Term(
        ("calm", "peaceful", "relaxing", "relaxed", "serene", "quiet", "chill", "chilled"),
        tempo=-3,
        energy=-0.2,
    ),
    Term(
        ("sleepy", "sleep", "drowsy", "tired", "lullaby", "bedtime"), tempo=-14, energy=-0.4, brightness=-0.15
    ),
    Term(
        ("late night", "midnight", "night", "nocturnal", "after dark"),
        tempo=-4,
        valence=-0.3,
        brightness=-0.15,
    ),
    Term(("morning", "sunrise", "dawn", "breakfast", "spring"), valence=0.6, brightness=0.1),
    Term(("afternoon", "summer", "beach", "vacation"), tempo=3, valence=0.5, brightness=0.1),
    Term(("evening", "sunset", "dusk", "autumn", "fall"), valence=-0.1, brightness=-0.05),
    Term(("winter", "snow", "snowy", "snowfall", "cold"), tempo=-4, valence=-0.4, brightness=0.05),
    Term(
        ("study", "studying", "focus", "concentration", "coding", "work", "homework", "reading"), energy=-0.05
    ),
)
CHARACTER = (
    Term(("sparse", "minimal", "minimalist", "simple"), energy=-0.35),
    Term(("busy", "dense", "full"), energy=0.35),
    Term(("jazz", "jazzy", "jazz hop", "jazzhop"), tempo=4, energy=0.1),
    Term(("boom bap", "hip hop", "hiphop", "chillhop", "lofi hip hop"), groove="boom_bap"),
    Term(("half time", "halftime", "trap"), groove="half_time"),
    Term(("brushed", "brush", "brushes", "ballad"), groove="brushed", tempo=-4),
    Term(("bossa", "bossa nova", "latin", "samba"), groove="bossa", tempo=8, valence=0.2),
    Term(("waltz",), meter=3),
    Term(("four on the floor", "house", "lofi house"), groove="four", tempo=24, energy=0.2),
    Term(("ambient", "beatless", "drone"), tempo=-10, energy=-0.4, groove="none", instrument="pad"),
    Term(("drumless", "drum free", "beat free"), groove="none"),
    Term(("major", "major key"), mode="major"),
    Term(("minor", "minor key"), mode="minor"),
    Term(("dorian",), mode="dorian"),
    Term(("phrygian",), mode="phrygian"),
    Term(("lydian",), mode="lydian"),
    Term(("mixolydian",), mode="mixolydian"),
)
INSTRUMENTS = (
    Term(("rhodes", "electric piano", "e piano", "epiano", "wurlitzer", "keys"), instrument="rhodes"),
    Term(("piano", "grand piano", "upright piano"), instrument="piano"),
    Term(("felt piano", "muted piano", "soft piano"), instrument="felt"),
    Term(("guitar", "nylon guitar", "acoustic guitar", "classical guitar", "ukulele"), instrument="guitar"),
    Term(("electric guitar", "clean guitar", "jazz guitar"), instrument="electric_guitar"),
    Term(("vibraphone", "vibe", "mallet", "marimba"), instrument="vibraphone"),
    Term(("kalimba", "music box", "thumb piano", "celesta", "bell"), instrument="kalimba"),
    Term(("harp",), instrument="harp"),
    Term(("flute", "recorder", "whistle"), instrument="flute"),
    Term(("saxophone", "sax", "tenor saxophone", "alto saxophone"), instrument="saxophone"),
    Term(("trumpet", "muted trumpet", "flugelhorn", "horn"), instrument="trumpet"),
    Term(("string", "violin", "cello", "orchestra"), instrument="strings"),
    Term(("pad", "synth", "synthesizer", "synth pad"), instrument="pad"),
    Term(("organ", "hammond"), instrument="organ"),
    Term(("bass", "bass line", "bassline", "bass guitar"), instrument="bass"),
    Term(("upright bass", "double bass", "contrabass", "acoustic bass"), instrument="upright_bass"),
    Term(("synth bass", "sub bass", "808", "sub"), instrument="synth_bass"),
    Term(("drum", "beat", "percussion", "drumbeat", "drum kit"), instrument="drums"),
    Term(("melody", "lead", "solo line"), instrument="melody"),
    Term(("chord", "harmony"), instrument="chords"),
)
TEXTURES = (
    Term(("vinyl", "crackle", "record", "turntable", "vinyl crackle"), texture="vinyl"),
    Term(
        ("rain", "rainy", "raining", "drizzle", "storm", "rainfall", "rainstorm", "thunderstorm"),
        texture="rain",
        tempo=-2,
        valence=-0.2,
    ),
    Term(("tape", "cassette", "vhs", "wobbly", "warped"), texture="tape", brightness=-0.1),
    Term(("wave", "ocean", "sea", "shore"), texture="waves"),
    Term(("wind", "windy", "breeze"), texture="wind"),
    Term(("fireplace", "campfire", "fire"), texture="fire"),
)

TERMS = TEMPO + MOOD + CHARACTER + INSTRUMENTS + TEXTURES

NEGATIONS = frozenset({"no", "without", "minus", "not", "sans", "non", "zero"})
# Words that keep a negation open: "no drums or bass", "without the drums and the bass".
LINKS = frozenset({"or", "and", "any", "the", "a", "an", "nor", "too", "very"})
SOLO = frozenset({"solo", "only", "just", "unaccompanied"})
STRONG = {"heavy": 1.0, "loud": 1.0, "pouring": 1.0, "strong": 1.0, "lot": 1.0, "light": 0.35, "subtle": 0.3}
IGNORED = frozenset(
    {
        *(
            "a",
            "an",
            "and",
            "as",
            "at",
            "bpm",
            "but",
            "by",
            "fi",
            "for",
            "from",
            "i",
            "in",
            "is",
            "it",
            "its",
            "key",
        ),
        *(
            "like",
            "lo",
            "lofi",
            "make",
            "me",
            "music",
            "my",
            "of",
            "on",
            "or",
            "play",
            "some",
            "something",
            "song",
        ),
        *("style", "that", "the", "this", "to", "track", "tune", "vibes", "with", "you", "your"),
    }
)
