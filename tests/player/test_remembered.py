"""What does the next player process do, when the last one died at an awkward moment?"""

from __future__ import annotations

from lofi_core.player import protocol
from lofi_core.player.protocol import Ended, Item, Setup, Started, Stats, StatsTold
from lofi_core.player.remembered import Remembered


def playing(*names: str) -> Remembered:
    made = Remembered(Setup())
    made.carried_out(protocol.Load(items=[Item(name, f"/{name}") for name in names]))
    made.happened(Started(item_id=names[0], position_sec=0.0, duration_sec=9.0))
    return made


def test_a_pause_holds_though_the_process_died_before_it_told_of_it() -> None:
    made = playing("a")
    made.carried_out(protocol.Pause())
    assert made.paused
    made.carried_out(protocol.Play())
    assert not made.paused


def test_a_pause_of_nothing_holds_nothing_that_comes_later() -> None:
    made = Remembered(Setup())
    made.carried_out(protocol.Pause())
    made.carried_out(protocol.Queue(items=[Item("a", "/a")]))
    assert not made.silent


def test_the_end_of_a_fade_leaves_nothing_to_go_on_with() -> None:
    made = playing("a", "b")
    made.carried_out(protocol.Stop(fade_sec=9.0))
    assert (made.ending, made.silent) == (True, False)
    made.happened(Ended(item_id="a", position_sec=3.0, reason="finished"))
    made.happened(Started(item_id="b", position_sec=0.0, duration_sec=9.0))
    made.happened(Ended(item_id="b", position_sec=3.0, reason="stopped"))
    assert (made.ending, made.silent, made.items) == (False, True, [])


def test_a_fade_that_the_last_track_did_not_outlast_is_over() -> None:
    made = playing("a")
    made.carried_out(protocol.Stop(fade_sec=9.0))
    made.happened(Ended(item_id="a", position_sec=3.0, reason="finished"))
    assert (made.ending, made.silent) == (False, True)


def test_what_is_loaded_during_a_fade_is_not_ended_with_what_was() -> None:
    made = playing("a")
    made.carried_out(protocol.Stop(fade_sec=9.0))
    made.carried_out(protocol.Load(items=[Item("b", "/b")]))
    made.happened(Ended(item_id="a", position_sec=3.0, reason="stopped"))
    assert (made.ending, [item.id for item in made.items]) == (False, ["b"])


def test_underruns_are_counted_over_all_processes() -> None:
    made = playing("a")
    for told in (1, 3):
        made.happened(StatsTold(stats=Stats(told, 100, {}, 0)))
    made.stand_still()
    made.happened(StatsTold(stats=Stats(2, 10, {}, 0)))
    assert made.underruns == 5
