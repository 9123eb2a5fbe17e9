"""
The MittOS contention workload: will a request wait too long behind others on its SSD channel?

A request is its own logical block address (LBA) and those of the four requests pending before it.
Addresses are uniform over 22 bits, the channel of an address is ``LBA mod 8``, and every pending
request on the request's own channel adds 40 us to the 40 us it takes itself. From 100 us on (two
or more pending on its channel) the device should answer EBUSY so that the host can go elsewhere.

A network sees the raw address bits: 110 inputs, each 0 or 1. Input ``22 * r + b`` is bit ``b``
(0 the least significant) of address ``r``; address 0 is the request's own, 1 to 4 are pending.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "CHANNELS",
    "DEADLINE_US",
    "INPUTS",
    "LBA_BITS",
    "PENDING",
    "SERVICE_US",
    "Requests",
    "ebusy_rate",
    "from_addresses",
    "generate",
    "training_stream",
]

LBA_BITS = 22
PENDING = 4
CHANNELS = 8
INPUTS = LBA_BITS * (1 + PENDING)
SERVICE_US = 40
DEADLINE_US = 100


@dataclass(frozen=True, eq=False)
class Requests:
    """
    Requests and what became of them.

    Parameters
    ----------
    features : uint8 (n, 110)
        Address bits, 0 or 1, in the order given by the module.
    latency_us : int32 (n,)
        40, 80, 120, 160 or 200.
    ebusy : bool (n,)
        Whether the latency reaches 100 us.
    """

    features: NDArray[np.uint8]
    latency_us: NDArray[np.int32]
    ebusy: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.features)


def from_addresses(lba: ArrayLike) -> Requests:
    """Requests from addresses (n, 5): own address first, then the four pending, each 22 bits."""
    address = np.asarray(lba)
    if address.ndim != 2 or address.shape[1] != 1 + PENDING:
        raise ValueError(f"addresses must be (n, {1 + PENDING}), not {address.shape}")
    if not np.issubdtype(address.dtype, np.integer):
        raise TypeError(f"addresses must be integers, not {address.dtype}")
    if address.size and not 0 <= address.min() <= address.max() < 1 << LBA_BITS:
        raise ValueError(f"addresses must fit {LBA_BITS} bits")
    address = address.astype(np.uint32)
    bits = (address[:, :, None] >> np.arange(LBA_BITS, dtype=np.uint32)) & 1
    channel = address % CHANNELS
    behind = (channel[:, 1:] == channel[:, :1]).sum(axis=1)
    latency = (SERVICE_US * (1 + behind)).astype(np.int32)
    return Requests(
        features=bits.reshape(-1, INPUTS).astype(np.uint8),
        latency_us=latency,
        ebusy=latency >= DEADLINE_US,
    )


def generate(n: int, seed: int | np.random.Generator) -> Requests:
    """``n`` random requests; the same seed gives the same requests.

    No integer seed ever gives requests of a :func:`training_stream`."""
    rng = np.random.default_rng(seed)
    return from_addresses(rng.integers(0, 1 << LBA_BITS, size=(n, 1 + PENDING), dtype=np.uint32))


def training_stream(seed: int, stage: int, step: int) -> np.random.Generator:
    """
    Generator of one training step's requests, for :func:`generate`.

    It depends on its arguments alone, so that training can stop and go on at any step. Its streams
    carry a spawn key, which plain integer seeds do not: test data cannot coincide with them.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1, stage, step)))


def ebusy_rate() -> float:
    """Probability that a random request misses the deadline: 1 - (7/8)^4 - 4 (1/8) (7/8)^3."""
    same, other = 1 / CHANNELS, 1 - 1 / CHANNELS
    in_time = range((DEADLINE_US - 1) // SERVICE_US)
    return 1 - sum(comb(PENDING, k) * same**k * other ** (PENDING - k) for k in in_time)
