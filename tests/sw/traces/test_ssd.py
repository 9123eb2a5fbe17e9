"""The model of an SSD, by hand: an idle page takes 10 + 40 us to read and 60 us to program."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sw.traces.ssd import Ssd, SsdConfig
from tests.sw.traces.cases import PAGE, READ, WRITE

PLAIN = SsdConfig(channels=2, buffer_pages=2, pool_pages=1000, collect_steps=1)
ONE = replace(PLAIN, channels=1)


def read(device: Ssd, now: float, page: int, pages: int = 1) -> float:
    return device.submit(now, READ, pages * PAGE, page * PAGE)


def write(device: Ssd, now: float, pages: int = 1) -> float:
    return device.submit(now, WRITE, pages * PAGE, 0)


def test_reads_wait_on_their_channel_only() -> None:
    device = Ssd(PLAIN)
    assert read(device, 5, 0) == 50
    assert read(device, 5, 2) == 90
    assert read(device, 5, 1) == 50
    assert read(device, 15, 4) == 5 + 80 + 40 - 15 + 10
    assert read(device, 1000, 0) == 50


def test_pages_of_a_read_are_counted_from_first_to_last_byte() -> None:
    assert read(Ssd(PLAIN), 0, 0, pages=2) == 50
    assert read(Ssd(PLAIN), 0, 0, pages=3) == 90
    assert Ssd(PLAIN).submit(0, READ, 200, 4000) == 50  # two pages on two channels
    assert Ssd(ONE).submit(0, READ, 200, 4000) == 90
    assert Ssd(ONE).submit(0, READ, 96, 4000) == 50
    assert Ssd(ONE).submit(0, READ, 1, 4096) == 50


def test_a_read_waits_behind_programs_that_the_host_does_not_see() -> None:
    device = Ssd(PLAIN)
    assert write(device, 0) == 10
    assert read(device, 0, 0) == 60 + 40 + 10
    assert read(device, 0, 1) == 50
    assert write(device, 0) == 10  # behind the read of channel 1, which has least to do
    assert read(device, 0, 1) == 40 + 60 + 40 + 10


def test_writes_are_fast_until_the_buffer_is_full() -> None:
    device = Ssd(ONE)
    assert [write(device, 0) for _ in range(4)] == [10, 10, 70, 130]
    # Programs end at 60, 120, 180, 240; the third and fourth page entered at 60 and 120.
    assert write(device, 130) == 180 - 130 + 10
    assert write(device, 300) == 10  # the fifth was programmed at 300
    assert write(Ssd(ONE), 0, pages=3) == 70
    assert write(Ssd(PLAIN), 0, pages=3) == 70


def test_a_collection_follows_when_the_pool_is_used_up() -> None:
    device = Ssd(replace(ONE, pool_pages=2, collect_steps=2))
    write(device, 0)
    assert device.collections == 0
    write(device, 0)
    assert device.collections == 1
    assert read(device, 0, 0) == 120 + 40 + 10  # programs until 120, no idle time yet
    assert read(device, 200, 0) == (260 + 40) - 200 + 10  # behind a move from 160 to 260
    assert write(device, 300) == 10
    assert read(device, 300, 0) == 60 + 100 + 40 + 10  # behind the program and the last move
    assert read(device, 1000, 0) == 50
    write(device, 2000, pages=3)
    assert device.collections == 3


def test_moves_do_not_begin_before_their_collection() -> None:
    """Channel 1 was idle for a second when channel 0 used up the pool; all collect together."""
    device = Ssd(replace(PLAIN, pool_pages=1, collect_steps=3))
    now = 1e6
    write(device, now)
    assert device.would_take(now, PAGE, PAGE) == 50
    assert read(device, now + 1, 1) == 100 - 1 + 40 + 10
    device = Ssd(replace(PLAIN, pool_pages=1, collect_steps=3))
    write(device, now)
    assert read(device, now + 250, 1) == 300 - 250 + 40 + 10


def test_pages_leave_the_buffer_in_the_order_of_their_coming() -> None:
    """At 150 us the second page goes to channel 1, which moves until 200 us, the third to channel
    0, which is done first, at 220 us; the buffer has place for two more when the second is
    programmed, at 260 us."""
    device = Ssd(replace(PLAIN, pool_pages=1, collect_steps=2))
    write(device, 0)
    assert [write(device, 150) for _ in range(4)] == [10, 10, 120, 120]


def test_times_of_the_configuration_are_used() -> None:
    config = replace(ONE, controller_us=1, read_us=20, program_us=7, pool_pages=1, page=512)
    device = Ssd(config)
    assert config.collect_us == 27
    assert device.submit(0, READ, 1024, 0) == 41
    device.submit(40, WRITE, 512, 0)
    assert device.submit(47.5, READ, 512, 0) == 47 + 27 + 20 - 47.5 + 1


times = st.one_of(st.integers(0, 300).map(float), st.floats(0, 900), st.sampled_from([108.1]))
ios = st.tuples(times, st.booleans(), st.integers(1, 40_000), st.integers(0, 100_000))


@given(
    st.lists(ios, min_size=20, max_size=60),
    st.tuples(times, st.integers(1, 40_000), st.integers(0, 100_000)),
    st.sampled_from([60, 68.1]),
)
def test_asking_is_like_reading_but_changes_nothing(
    rows: list[tuple[float, bool, int, int]], probe: tuple[float, int, int], program_us: float
) -> None:
    config = SsdConfig(3, 4096, 10, 40, program_us, 4, 5, 8)
    asked, plain, now = Ssd(config), Ssd(config), 0.0
    for gap, is_read, size, offset in rows:
        now += gap
        would = asked.would_take(now, size, offset)
        assert asked.would_take(now + probe[0], *probe[1:]) > 0
        latency = asked.submit(now, is_read, size, offset)
        assert latency == plain.submit(now, is_read, size, offset)
        if is_read:
            assert would == latency
    assert asked.collections == plain.collections


def test_time_does_not_go_back() -> None:
    device = Ssd(PLAIN)
    read(device, 7, 0)
    with pytest.raises(ValueError, match=r"an I/O at 6\.5 us came after one at 7 us"):
        read(device, 6.5, 0)
    with pytest.raises(ValueError, match=r"an I/O at -1 us came after one at 0\.0 us"):
        write(Ssd(PLAIN), -1)


@pytest.mark.parametrize("name", list(SsdConfig.__dataclass_fields__))
@pytest.mark.parametrize("value", [0, -1, np.nan])
def test_refusals(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be positive, not {value}"):
        SsdConfig(**{name: value})
