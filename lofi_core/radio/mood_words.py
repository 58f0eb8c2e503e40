"""Which words of a prompt say how it sounds, and which of them mean the same? Data only.

A line is what some words have in common: features, each with how much of it they have. Words that share
features are alike, and those with features of opposite sign are not. The numbers are judgements: what
somebody notices first when one track follows another, such as whether there are drums, is to count most.
"""

from __future__ import annotations

from functools import cache

# Words, singular and in lower case, parted by commas; features as `name` (1), `name:0.5` or `name:-0.5`.
_LINES = """
# How fast.
slow, slowly, unhurried, adagio, downtempo, down tempo, leisurely = pace:-0.5
slower, slowed, slowed down = pace:-0.5
very slow, super slow, largo, really slow = pace:-0.8
fast, quick, allegro, speedy, brisk = pace:0.8
very fast, super fast, really fast, presto = pace
faster, quicker = pace:0.8
upbeat, up tempo, uptempo, energetic, lively, driving, bouncy = pace:0.6 joy:0.4
moderate, mid tempo, midtempo, andante, medium tempo, walking pace = pace:0.1
swung, swinging, shuffle, shuffled, swing = swing:0.3 jazz:0.2
straight, unswung = straight:0.3
fade out, fading out, fadeout, fade away = fades:0.2
fade = fades:0.2

# Moods.
happy, cheerful, joyful, sunny, merry, joyous, glad = joy
happiness, joy, sunshine, blue sky, fun = joy
warm, cozy, cosy, comfy, coffee, tender, romantic, loving = warm:0.8 joy:0.3
romance, love = warm:0.8 joy:0.3
cafe, café, coffee shop, coffeeshop, coffee house, coffeehouse, restaurant = warm:0.7 joy:0.3 people:0.3
chatter, cafe chatter, café chatter, coffee shop chatter = warm:0.7 joy:0.3 people:0.3
hopeful, optimistic, uplifting, playful = joy:0.8
hope, whimsical = joy:0.8
sad, melancholic, melancholy, heartbroken, gloomy, lonely, blue, sorrowful, sombre = joy:-0.8 sad:0.6
sadness, melancholia, heartbreak, gloom, loneliness, lonesome, somber, depressed = joy:-0.8 sad:0.6
depressing, depression, emotional, crying, mournful = joy:-0.8 sad:0.6
nostalgic, nostalgia, wistful, bittersweet, longing, reflective, pensive = nostalgic:0.8 joy:-0.3
dark, moody, brooding, noir, shadowy = dark:0.9 joy:-0.4
tense, mysterious, eerie, uneasy, suspenseful, ominous = tense dark:0.4
tension, suspense, spooky, creepy, scary, haunted, halloween, anxious, nervous = tense dark:0.4
bright, crisp, clear, airy, shimmering, sparkling = dark:-0.6 airy:0.5
muffled, dusty, mellow, soft, gentle = soft:0.6
softly, gently = soft:0.6
dreamy, dreamlike, ethereal, floating, hazy, dream = dreamy:0.8 pad:0.4 calm:0.3
dreaming, daydream, atmospheric = dreamy:0.8 pad:0.4 calm:0.3
calm, peaceful, relaxing, relaxed, serene, quiet, chill, chilled, soothing = calm:0.8
calming, peace, relax, relaxation, chillout, chilling, laid back, laidback, lazy, easygoing = calm:0.8
tranquil, meditate = calm:0.8
sleepy, sleep, drowsy, tired, bedtime, sleeping = sleepy:0.8 calm:0.6 pace:-0.4
asleep, fall asleep, falling asleep, nap = sleepy:0.8 calm:0.6 pace:-0.4
lullaby, cradle song, berceuse = sleepy:0.8 calm:0.6 pace:-0.4

# Hours and seasons.
late night, midnight, night, nocturnal, after dark, nighttime = night:0.8 dark:0.4
late at night, nightfall, moonlight, 1am, 2am, 3am, 4am, 1 am, 2 am, 3 am, 4 am = night:0.8 dark:0.4
morning, sunrise, dawn, breakfast, spring = morning:0.8 joy:0.3
afternoon, summer, beach, vacation, holiday = summer:0.7 joy:0.3
evening, sunset, dusk, autumn, fall, twilight = evening:0.7
winter, snow, snowy, snowfall, cold, frosty = winter:0.7
snowing = winter:0.7
christmas, xmas, festive, yuletide = winter:0.4 joy:0.5 bells:0.3
study, studying, focus, concentration, coding, work, homework, reading, working = focus:0.7 calm:0.3
focused, concentrate, programming, writing = focus:0.7 calm:0.3

# Character and genre.
sparse, minimal, minimalist, simple = sparse:0.6
minimalistic = sparse:0.6
busy, dense, full = sparse:-0.6
full band, full arrangement = sparse:-0.6
lofi, lo fi, low fi = lofi:0.8 drums:0.2
jazz, jazzy, swing jazz = jazz
smooth jazz, lofi jazz = jazz
jazz hop, jazzhop, jazz hip hop = jazz:0.9 lofi:0.5 hiphop:0.4 drums:0.3
jazz rap = jazz:0.9 lofi:0.5 hiphop:0.4 drums:0.3
boom bap, hip hop, hiphop, chillhop, lofi hip hop, boombap, chill hop = lofi:0.8 hiphop:0.7 drums:0.5
trip hop, triphop = dark:0.5 hiphop:0.4 trip:0.6 drums:0.4
half time, halftime, trap = trap:0.7 drums:0.5
brushed, brush, brushes, ballad, brushed drum = jazz:0.4 brushed:0.6 drums:0.3
bossa, bossa nova, latin, samba = latin drums:0.3
waltz = waltz
three four = waltz
six eight = waltz:0.6
four on the floor, house, lofi house = house drums:0.7 pace:0.5
deep house, house music, house beat, house groove = house drums:0.7 pace:0.5
ambient, beatless, drone = ambient drums:-0.7 pad:0.4 calm:0.3
drumless, drum free, beat free = drums:-0.8
major, major key = joy:0.4
minor, minor key = joy:-0.4
dorian = modal:0.3 joy:-0.2
phrygian = modal:0.3 tense:0.4
lydian = modal:0.3 joy:0.3
mixolydian = modal:0.3 joy:0.2

# Instruments.
rhodes, electric piano, e piano, epiano, wurlitzer, keys = rhodes:0.7 keyboard:0.4
rhodes piano, fender rhodes, wurlitzer electric piano, wurly, electric keys = rhodes:0.7 keyboard:0.4
keyboard, electric keyboard = rhodes:0.7 keyboard:0.4
piano, grand piano, upright piano = piano:0.8 keyboard:0.4
acoustic piano, classical piano, piano key = piano:0.8 keyboard:0.4
felt piano, muted piano, soft piano = piano:0.7 felt:0.4 keyboard:0.4 soft:0.3
guitar, nylon guitar, acoustic guitar, classical guitar, ukulele, uke = guitar:0.8
ukelele = guitar:0.8
nylon string guitar, spanish guitar, rhythm guitar = guitar:0.8
electric guitar, clean guitar, jazz guitar = guitar:0.7 electric:0.3
clean electric guitar, lead guitar = guitar:0.7 electric:0.3
vibraphone, vibe, mallet, marimba, xylophone = mallets:0.8
on vibe, vibe solo = mallets:0.8
kalimba, music box, thumb piano, celesta, bell, mbira, glockenspiel = bells:0.7 mallets:0.3
celeste, chime = bells:0.7 mallets:0.3
harp = harp:0.8
flute, recorder, whistle = winds:0.5 flute:0.6
bass flute, alto flute, whistling = winds:0.5 flute:0.6
saxophone, sax, tenor saxophone, alto saxophone = winds:0.5 saxophone:0.6
trumpet, muted trumpet, flugelhorn, horn = winds:0.5 trumpet:0.6
brass = winds:0.5 trumpet:0.6
clarinet = winds:0.5 clarinet:0.6
bass clarinet = winds:0.5 clarinet:0.6
synth lead, lead synth, synth melody = lead:0.6 synthwave:0.2
string, violin, cello, orchestra = strings:0.8
string section, string quartet, string ensemble, viola, fiddle = strings:0.8
pad, synth, synthesizer, synth pad = pad:0.8
synthesiser = pad:0.8
organ, hammond = organ:0.7 keyboard:0.2
hammond organ = organ:0.7 keyboard:0.2
bass, bass line, bassline, bass guitar, electric bass, fender bass, growling bass = bass:0.4
fretless bass = bass:0.4
upright bass, double bass, contrabass, acoustic bass = bass:0.4 jazz:0.2
stand up bass = bass:0.4 jazz:0.2
synth bass, sub bass, 808, sub = bass:0.4 electric:0.2
808 bass, moog bass = bass:0.4 electric:0.2
drum, beat, percussion, drumbeat, drum kit = drums:0.6
drummer, drumming, drum beat, drum machine, bass drum = drums:0.6
melody, lead, solo line = melody:0.3
chord, harmony = chords:0.3

# What is heard behind it.
vinyl, crackle, record, turntable, vinyl crackle, record crackle = vinyl:0.4
crackling, crackly, record player, vinyl crackling, vinyl record, vinyl noise, surface noise = vinyl:0.4
background noise = vinyl:0.4
rain, rainy, raining, drizzle, rainfall, rainstorm = rain:0.9
raindrop, downpour, rain falling = rain:0.9
storm, thunderstorm, stormy = rain:0.8 thunder:0.4
thunder, thundering = thunder:0.7 rain:0.3
thunderclap, lightning = thunder:0.7 rain:0.3
tape, cassette, vhs, wobbly, warped, tape hiss = tape:0.4
cassette tape, tape recorder, tape deck, wobble, hiss = tape:0.4
wave, ocean, sea, shore = waves:0.7
ocean wave, seaside, surf = waves:0.7
wind, windy, breeze = windy:0.6
fireplace, campfire, fire = fire:0.6
bonfire, crackling fire, crackling fireplace, crackling campfire, fire crackle, fire crackling = fire:0.6
fireplace crackle, fireplace crackling, campfire crackle, campfire crackling = fire:0.6

# What only other backends know.
classical, chamber, baroque = classical
folk, americana, country = folk guitar:0.3
funk, soul, soulful = funk drums:0.4 joy:0.2
funky, groovy = pace:0.6 joy:0.4 funk:0.3
neo soul, rnb, r b = funk drums:0.4 joy:0.2
rock, metal, punk, grunge = rock drums:0.6 pace:0.3
techno, trance, edm, dubstep, rave = techno drums:0.7 pace:0.7 house:0.5
synthwave, retrowave, chiptune, 8 bit, vaporwave, synth wave, outrun = synthwave pad:0.3
chillwave = synthwave pad:0.3
epic, cinematic, orchestral, soundtrack = cinematic strings:0.4
choir, vocal, voice, singing = voice:0.8
meditation, meditative, yoga, zen, spa = calm:0.8 ambient:0.5
forest, bird, birdsong, nature, river, cricket, night insect, insect, cicada = nature:0.7
grasshopper = nature:0.7
space, spacey, cosmic = space:0.7 ambient:0.4
city, street, train, urban, traffic, downtown = city:0.5
city street, city traffic, traffic noise = city:0.5
"""


# They say that the word after them is not to be heard.
NEGATIONS = frozenset({"no", "without", "minus", "not", "sans", "non", "zero"})
# Words that keep a negation open: "no drums or bass", "without the drums and the bass".
LINKS = frozenset({"or", "and", "any", "the", "a", "an", "nor", "too"})
# What says nothing of the sound by itself.
_SILENT = """
a an and as at bpm but by for from i in is it its key like make me music my of on or play please some
something song style that the this to track tune vibes very with you your solo only just heavy light loud
strong subtle pouring lot outside inside little bit
"""
SILENT = frozenset(_SILENT.split())


@cache
def features_by_phrase() -> dict[tuple[str, ...], dict[str, float]]:
    """What each known phrase stands for, by its words."""
    found: dict[tuple[str, ...], dict[str, float]] = {}
    for line in _LINES.splitlines():
        phrases, equals, features = line.partition("=")
        if equals:
            meaning = dict(map(_feature, features.split()))
            found |= {tuple(phrase.split()): meaning for phrase in phrases.split(",")}
    return found


def _feature(text: str) -> tuple[str, float]:
    name, colon, amount = text.partition(":")
    return name, float(amount) if colon else 1.0
