"""Cascades and epidemics of single worlds in whole numbers and dictionaries: slow, and without a line of the package's kernels."""

import hashlib
from fractions import Fraction
from math import ceil

MASK, GOLDEN, COIN = 2**64 - 1, 0x9E3779B97F4A7C15, 2**62


def mixed(x):
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014)."""
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def world_name(seed, purpose, world):
    """Key of one world of one purpose under a seed."""
    digest = hashlib.blake2b(f"{seed}\x1f{purpose}".encode(), digest_size=8, person=b"graphkit-coin").digest()
    return mixed(int.from_bytes(digest, "little") + (world + 1) * GOLDEN & MASK)


def coin(name, key):
    """The coin of a key, in 0..2**62 - 1."""
    return mixed(name ^ key) >> 2


def below(p):
    """The smallest whole number not below p * 2**62, by fractions: a coin works if it is less."""
    return ceil(Fraction(p) * COIN)


def out_arcs(projection):
    """Node -> list of (target, key, p)."""
    return [
        [
            (
                int(projection.indices[j]),
                int(projection.edge_key[j]),
                None if projection.probability is None else float(projection.probability[j]),
            )
            for j in range(projection.indptr[u], projection.indptr[u + 1])
        ]
        for u in range(projection.n_nodes)
    ]


def cascade(projection, seeds, seed, world, steps=None):
    """Newly active nodes of an independent cascade per step."""
    arcs, name = out_arcs(projection), world_name(seed, "arc", world)
    seen, levels = set(seeds), [sorted(set(seeds))]
    while levels[-1] and (steps is None or len(levels) <= steps):
        reached = {v for u in levels[-1] for v, key, p in arcs[u] if coin(name, key) < below(p)} - seen
        seen |= reached
        levels.append(sorted(reached))
    return levels


def epidemic(projection, seeds, seed, world, *, transmission, recovery, again=False, steps=None):
    """Nodes infected for the first time per step; an infection keeps the age it has, in SIS (``again``) every infection is as old as the run."""
    arcs, tries, heals = out_arcs(projection), world_name(seed, "arc", world), world_name(seed, "recovery", world)
    since, ever, levels = dict.fromkeys(seeds, 0), set(seeds), [sorted(set(seeds))]
    while since and (steps is None or len(levels) <= steps):
        step, infected, healed = len(levels), set(), set()
        for u, begin in since.items():
            age = (step if again else step - begin) * GOLDEN
            name = mixed(tries + age & MASK)
            infected |= {
                v for v, key, p in arcs[u] if coin(name, key) < below(transmission * (1.0 if p is None else p))
            }
            if coin(mixed(heals + age & MASK), int(projection.node_key[u])) < below(recovery):
                healed.add(u)
        infected -= set(since) if again else ever
        since = {u: begin for u, begin in since.items() if u not in healed} | dict.fromkeys(infected, step)
        levels.append(sorted(infected - ever))
        ever |= infected
    return levels
