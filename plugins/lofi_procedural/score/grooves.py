"""What each groove plays, and what leads out of it. Data only.

A line is the sixteenths of one bar: X strong, x usual, o soft, - sometimes (a ghost), . nothing.
"""

from __future__ import annotations

GROOVES: dict[str, tuple[dict[str, str], ...]] = {
    "boom_bap": (
        {"kick": "X.....-.x.x.....", "snare": "....X..-....X..-", "hat": "x.o.x.o.x.o.x.o."},
        {"kick": "X..x......x..-..", "snare": "....X....-..X...", "hat": "x.o.x.o.x.o.x.o-"},
        {"kick": "X......xx.......", "snare": "....X.......X.-.", "hat": "x.o.x.o.x-o.x.o."},
        {"kick": "X.-...x...x.....", "snare": "....X..-.-..X...", "hat": "x.o.x.o.x.o.x-o."},
        {
            "kick": "X.....x...x..-..",
            "snare": "....X..-....X...",
            "hat": "x.o.x.o.x.o.x...",
            "open_hat": "..............o.",
        },
    ),
    "brushed": (
        {"kick": "x.......o.......", "rim": "....o.......o...", "brush": "x.o.x.o.x.o.x.o."},
        {"kick": "x.....-.o.......", "rim": "....o.......o..-", "brush": "x.o.x.o-x.o.x.o."},
        {"kick": "x.......o.-.....", "rim": "....o.-.....o...", "brush": "x.o.x.o.x-o.x.o."},
    ),
    "half_time": (
        {"kick": "X.....x.........", "snare": "........X.......", "hat": "x.o.x.o.x.o.x.oo"},
        {"kick": "X..x......-.....", "snare": "........X.....-.", "hat": "x.o.x.o.x.o.xoo."},
        {
            "kick": "X.........x..-..",
            "snare": "........X..-....",
            "hat": "x.o.x.o.x.o.x...",
            "open_hat": "..............o.",
        },
    ),
    "jazz_hop": (
        {"kick": "X.....-x..x.....", "snare": "....X..-.-..X..-", "hat": "x...x.o.x...x.oo"},
        {"kick": "X..-..x...x..-..", "snare": "....X.-.....X.-.", "hat": "x...x.o.x-..x.o."},
        {
            "kick": "X.......x.x....-",
            "snare": "....X..-.-..X...",
            "rim": "..............o.",
            "hat": "x...x.o.x...x.o.",
        },
    ),
    "trip_hop": (
        {"kick": "X..x......X.....", "snare": "....X..-.-..X..-", "hat": "x.x.x.x.x.x.xox."},
        {"kick": "X.........X..x..", "snare": "....X..-....X...", "hat": "x.x.x.x.x.xox.x."},
        {"kick": "X..x..-...X..-..", "snare": "....X....-..X.-.", "hat": "x.x.xox.x.x.x.x."},
    ),
    "synthwave": (
        {"kick": "X...X...X...X...", "snare": "....X.......X...", "hat": "x.o.x.o.x.o.x.o."},
        {"kick": "X...X...X...X.x.", "snare": "....X.......X...", "hat": "x.o.x.o.x.o.x.oo"},
        {
            "kick": "X...X...X...X...",
            "snare": "....X.......X..-",
            "hat": "x.o.x.o.x.o.x...",
            "open_hat": "..............o.",
        },
    ),
    "bossa": (
        {"kick": "X..xx..xx..xx..x", "rim": "x..x..x...x..x..", "shaker": "xoxoxoxoxoxoxoxo"},
        {"kick": "X..xx..xx..xx..x", "rim": "..x...x..x..x...", "shaker": "xoxoxoxoxoxoxoxo"},
        {"kick": "X..xx..xx..xx..x", "rim": "x..x...x..x.x...", "shaker": "xoxoxoxoxoxoxoxo"},
    ),
    "waltz": (
        {"kick": "X.....-.....", "snare": "....o...x..-", "hat": "x.o.x.o.x.o."},
        {"kick": "X...........", "snare": "....o..-x...", "hat": "x.o.x.o.x-o."},
        {"kick": "X.....x.....", "snare": "........X...", "hat": "x.o.x.o.x.o."},
    ),
    "waltz_brushed": (
        {"kick": "x...........", "rim": "....o...o...", "brush": "x.o.x.o.x.o."},
        {"kick": "x.........-.", "rim": "........o...", "brush": "x.o.x.o-x.o."},
        {"kick": "x...........", "rim": "....o...-...", "brush": "x.o.x-o.x.o."},
    ),
    "six_eight": (
        {"kick": "X...o.....x.", "snare": "......X.....", "hat": "X.-.o.X.-.o."},
        {"kick": "X.........x.", "snare": "......X..-o.", "hat": "X...o.X...oo"},
        {"kick": "X...x.....-.", "snare": "......X..-..", "hat": "X.-.o.X.-.o."},
    ),
    "six_eight_brushed": (
        {"kick": "x.........-.", "rim": "......x.....", "brush": "X.o.x.X.o.x."},
        {"kick": "x...........", "rim": "......x...-.", "brush": "X.o.x.X.oox."},
        {"kick": "x.....-.....", "rim": "......x...-.", "brush": "X.oox.X.o.x."},
    ),
    "four": (
        {"kick": "X...x...X...x...", "snare": "....x.......x...", "hat": "..x...x...x...x."},
        {"kick": "X...x...X...x..-", "rim": "....x.......x..-", "hat": "o.x.o.x.o.x.o.x."},
        {
            "kick": "X...X...X...X...",
            "snare": "....x..-....x...",
            "hat": "....o.......o...",
            "open_hat": "..o...o...o...o.",
        },
    ),
}
# The end of a bar of four beats, that leads into a new section; a shorter bar plays the end of it.
FILLS: tuple[dict[str, str], ...] = (
    {"snare": "..........o.o.oo"},
    {"snare": ".............oox", "kick": "..........x....."},
    {"snare": "........o..o..x.", "kick": "..........x....x"},
    {"snare": "............oxox"},
    {"rim": "........o.o.x.o."},
)
BRUSHED_FILLS: tuple[dict[str, str], ...] = (
    {"rim": "........o.o.x.o."},
    {"brush": "........xoxoxoxo"},
    {"rim": "............o.oo", "brush": "........x.x....."},
)
# At the end of a phrase, where the section goes on.
TURNS: tuple[dict[str, str], ...] = (
    {"kick": "..............x."},
    {"snare": "..............-o"},
    {"kick": ".............x.."},
    {"rim": "...........o..o."},
)
# What is heard after a bar in which the kit is silent.
PICKUPS: tuple[dict[str, str], ...] = (
    {"snare": "..............oo"},
    {"kick": "..............x."},
    {},
    {"snare": ".............o.x"},
)
