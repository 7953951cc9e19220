"""Coins: published vectors, exact limits, evenness, and the slow generator against the fast one."""

import numpy as np
import pytest
from reference import live_edge

from graphkit.coins import ALWAYS, coin, fraction, limits, mix64, philox4x32, stream, world_key, world_keys

U = np.uint64


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_equals_random123_known_answers(counter, key, expected):
    """The three vectors of philox4x32-10 in Random123's kat_vectors."""
    assert tuple(int(x) for x in philox4x32(*map(U, counter), *map(U, key))) == expected


def test_splitmix_equals_vigna_reference():
    """splitmix64 with seed 1234567 starts 6457827717110365317, 3203168211198807973 (Vigna's code, Rosetta Code)."""
    golden = 0x9E3779B97F4A7C15
    got = [int(mix64(U((1234567 + i * golden) % 2**64))) for i in (1, 2)]
    assert got == [6457827717110365317, 3203168211198807973]


def test_limits_are_exact_at_the_ends():
    """At p = 0 never, p = 1 always, the smallest p > 0 can happen, and .5 is one half."""
    assert [int(x) for x in limits([0.0, 1.0, 0.5, 1e-300])] == [0, int(ALWAYS), 2**61, 1]
    assert int(ALWAYS) == 2**62


def test_coins_are_even_and_worlds_uncorrelated(seed):
    """Chi-square of 256 cells below 330.5 (df 255, chance 1e-3) for keys and for worlds; correlation within 4 errors."""
    worlds = world_keys(stream(seed, "arc"), 0, 500)
    keys = world_keys(stream(seed, "keys"), 0, 400)
    coins = np.array([[int(coin(w, k)) for k in keys] for w in worlds], dtype=np.float64) / 2.0**62
    counts = np.histogram(coins, 256, (0, 1))[0]
    expected = coins.size / 256
    assert ((counts - expected) ** 2 / expected).sum() < 330.5
    for shifted in (coins[1:] * coins[:-1], coins[:, 1:] * coins[:, :-1]):
        assert abs(shifted.mean() - 0.25) < 4 * shifted.std() / shifted.size**0.5


@pytest.mark.parametrize("n", [1, 2, 3, 7, 1_000_003, 2**31 - 1])
def test_fraction_equals_integer_arithmetic(n):
    """floor(bits * n / 2^64) as Python computes it."""
    for bits in (0, 1, 2**63, 2**64 - 1, 0x9E3779B97F4A7C15, 123456789012345678):
        assert int(fraction(U(bits), n)) == bits * n >> 64


def test_world_key_depends_on_seed_purpose_and_world():
    """Any difference gives another key; equal arguments the same."""
    keys = {int(world_key(stream(s, p), w)) for s in (1, 2) for p in ("arc", "root") for w in (0, 1)}
    assert len(keys) == 8
    assert stream(1, "arc") == stream(1, "arc")


def test_philox_spread_equals_enumeration_like_the_default():
    """The slow generator's K3 spread lies within 4 standard errors of the exact 1.726 (false alarm 6e-5)."""
    arcs = [(u, v, 0.3) for u in range(3) for v in range(3) if u != v]
    mean, sd = live_edge.spread(live_edge.worlds(arcs), [0])
    assert mean == pytest.approx(1.726, abs=1e-12)
    limit, total, n = int(limits(0.3)), 0, 4000
    for world in range(n):
        live = []
        for j, (u, v, _) in enumerate(arcs):
            word = philox4x32(U(world), U(j), U(0), U(0), U(11), U(22))
            if (int(word[0]) << 30 | int(word[1]) >> 2) < limit:
                live.append((u, v))
        total += len(live_edge.reached(live, [0]))
    assert abs(total / n - mean) < 4 * sd / n**0.5
