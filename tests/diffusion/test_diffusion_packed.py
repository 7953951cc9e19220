"""Chunks of eight arcs: every world equals plain Python's, ties are decided by all 62 bits, graphs of odd shapes."""

import numpy as np
import pytest
from reference import plain_worlds

from graphkit.diffusion.cascade import arc_coins, cascade_blocks, cascade_items
from graphkit.diffusion.epidemic import epidemic_blocks
from graphkit.diffusion.models import SI, SIR, SIS
from graphkit.diffusion.packed import pack, packed_bytes
from graphkit.diffusion.spread import estimate_spread
from graphkit.projection.build import from_arrays


def made(seed, n, m, probability=None):
    """Random arcs without self-loops; p from a wide range, zero and one among them."""
    rng = np.random.default_rng(seed)
    s, t = rng.integers(0, n, (2, m))
    p = from_arrays(s[s != t], t[s != t], n_nodes=n)
    return p.with_probability(
        rng.choice([0.0, 1e-9, 0.02, 0.2, 0.5, 1.0], p.n_arcs) if probability is None else probability
    )


def totals_of(levels, units):
    """Weight of all nodes of all steps."""
    return sum(int(units[v]) for level in levels for v in level)


def equal(result, worlds, units, n):
    """Compare totals, activations, steps and their squares of a block with plain levels, all in whole numbers."""
    totals, activation, by_step, squares = result
    assert totals.tolist() == [totals_of(levels, units) for levels in worlds]
    assert activation.tolist() == [sum(v in level for levels in worlds for level in levels) for v in range(n)]
    expected, square = [0] * by_step.size, [0] * by_step.size
    for levels in worlds:
        for i, level in enumerate(levels):
            expected[i] += totals_of([level], units)
            square[i] += totals_of([level], units) ** 2
    assert by_step.tolist() == expected
    low, mixed, high = (squares[i::3].tolist() for i in range(3))
    assert [a + (b << 32) + (c << 62) for a, b, c in zip(low, mixed, high, strict=True)] == square


@pytest.mark.parametrize(("n", "m"), [(2, 1), (6, 12), (40, 120), (25, 500), (90, 140)])
@pytest.mark.parametrize("steps", [None, 0, 3])
def test_cascade_equals_plain_worlds(n, m, steps, seed):
    """Every total, activation and step of 20 worlds: few arcs, many, nodes of more than 8 and 32 arcs, none at all."""
    p = made(seed, n, m)
    units = np.random.default_rng(seed).integers(0, 5, n)
    seeds = np.arange(min(n, 2))
    block = cascade_blocks(
        p, seeds, units, model="ic", seed=seed, n_worlds=20, steps=-1 if steps is None else steps, by="world"
    )
    equal(block(0, 1), [plain_worlds.cascade(p, seeds.tolist(), seed, w, steps) for w in range(20)], units, n)


@pytest.mark.parametrize(
    ("model", "steps"),
    [
        (SIR(0.4, 0.3), None),
        (SIR(0.7, 1.0), None),
        (SIR(0.3, 0.1), 4),
        (SI(0.4), 5),
        (SIS(0.5, 0.6), 7),
        (SIS(0.9, 0.0), 0),
    ],
    ids=str,
)
@pytest.mark.parametrize(("n", "m"), [(2, 1), (12, 30), (25, 400)])
def test_epidemic_equals_plain_worlds(model, steps, n, m, seed):
    """Every total, activation and step of 20 worlds of SIR, SI and SIS."""
    p = made(seed, n, m)
    units = np.random.default_rng(seed).integers(0, 5, n)
    block = epidemic_blocks(p, np.array([0]), units, model=model, seed=seed, steps=-1 if steps is None else steps)
    law = {
        "transmission": model.transmission,
        "recovery": getattr(model, "recovery", 0.0),
        "again": isinstance(model, SIS),
        "steps": steps,
    }
    equal(block(0, 20), [plain_worlds.epidemic(p, [0], seed, w, **law) for w in range(20)], units, n)


@pytest.mark.parametrize(("change", "live"), [(0, False), (512, True)])
def test_a_tie_of_32_bits_is_decided_by_all_62(change, live, seed):
    """Limits that share the upper half with the coin: just not above it nothing works, 512 / 2**62 higher everything does."""
    n = 21
    bare = from_arrays(np.zeros(n - 1, int), np.arange(1, n), n_nodes=n)
    name = plain_worlds.world_name(seed, "arc", 0)
    coins = [plain_worlds.coin(name, int(key)) for key in bare.edge_key]
    near = [(c & ~511) + change for c in coins]  # a multiple of 512 below 2**62 has at most 53 bits: no rounding
    assert all((limit - 1) >> 30 == c >> 30 for limit, c in zip(near, coins, strict=True))
    p = bare.with_probability(np.array(near) / 2.0**62)
    block = cascade_blocks(
        p, np.array([0]), np.ones(n, np.int64), model="ic", seed=seed, n_worlds=1, steps=-1, by="world"
    )
    assert block(0, 1)[0].tolist() == [n if live else 1]


def test_chunks_hold_every_arc_once(seed):
    """Keys and targets come back in order; what is left of a chunk has limit 0."""
    p = made(seed, 30, 400)
    arcs = pack(p.indptr, p.indices, p.edge_key, p.probability)
    assert arcs.words.ctypes.data % 64 == 0
    assert np.diff(arcs.first).tolist() == [-(-d // 8) for d in np.diff(p.indptr)]
    for u in range(p.n_nodes):
        chunks = arcs.words.reshape(-1, 16)[arcs.first[u] : arcs.first[u + 1]]
        halves, d = chunks.view(np.uint32), np.diff(p.indptr)[u]
        assert chunks[:, :8].ravel()[:d].tolist() == p.edge_key[p.indptr[u] : p.indptr[u + 1]].tolist()
        assert halves[:, 24:].ravel()[:d].tolist() == p.indices[p.indptr[u] : p.indptr[u + 1]].tolist()
        assert not halves[:, 16:24].ravel()[d:].any()


@pytest.mark.parametrize("model", ["ic", "lt"])
@pytest.mark.parametrize("n_worlds", [1, 3, 63, 64, 200, 3000])
def test_pieces_of_any_size_hold_every_world_once(model, n_worlds, monkeypatch):
    """Totals in order, activations and steps of the pieces equal those of whole words; many worlds come in many pieces, in multiples of four."""
    monkeypatch.setattr("graphkit.diffusion.cascade.COUNTED", 256)
    rng = np.random.default_rng(n_worlds)
    s, t = rng.integers(0, 300, (2, 900))
    p = from_arrays(s[s != t], t[s != t], probability="weighted_cascade", n_nodes=300)
    law = {"model": model, "seed": 5, "n_worlds": n_worlds, "steps": -1}
    seeds, units = np.arange(9), rng.integers(0, 5, 300)
    whole = cascade_blocks(p, seeds, units, by="word", **law)(0, -(-n_worlds // 64))
    pieces, block = cascade_items(p, seeds, units, **law)
    assert pieces >= -(-n_worlds // 64)
    assert pieces % 4 == 0 or n_worlds != 200
    parts = [block(i, i + 1) for i in range(pieces)]
    assert np.concatenate([part[0] for part in parts]).tolist() == whole[0].tolist()
    assert sum(part[1] for part in parts).tolist() == whole[1].tolist()
    steps = [int(sum(part[2][i] for part in parts if i < part[2].size)) for i in range(64)]
    assert np.trim_zeros(steps, "b") == np.trim_zeros(whole[2].tolist(), "b")


def test_the_last_packed_arcs_stay_with_the_graph(monkeypatch):
    """A second simulation packs nothing, another model takes the place, other probabilities have their own, and large ones are not kept."""
    p = made(3, 30, 100, probability=0.01)
    kept = arc_coins(p, "ic")
    assert arc_coins(p, "ic") is kept
    assert arc_coins(p.with_probability(0.02), "ic") is not kept
    assert arc_coins(p, "lt").packed.ends is not None
    assert arc_coins(p, "ic") is not kept
    assert (
        estimate_spread(p, [0], n_worlds=64, rng=1, model=SIR(0.5, 0.5)).mean
        != estimate_spread(p, [0], n_worlds=64, rng=1, model=SIR(0.0, 0.5)).mean
    )
    assert packed_bytes(p.indptr) == kept.packed.words.nbytes
    monkeypatch.setattr("graphkit.diffusion.packed.KEPT_BYTES", packed_bytes(p.indptr) - 1)
    assert arc_coins(p, "ic") is not arc_coins(p, "ic")
    assert "_packed" not in vars(p)
