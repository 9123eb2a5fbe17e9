"""What is done about slow reads: nothing, a second try, or another replica at once."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import simpy

from .devices import Device
from .requests import Request

__all__ = ["Counts", "Hedge", "Immediate", "Oracle", "Policy", "Reject", "Server"]

Steps = Generator[Any, Any, float]


@dataclass
class Counts:
    """What a run did: I/Os that went to devices, reads that were turned away by a replica, and
    predictions made."""

    device_ios: int = 0
    rejects: int = 0
    predictions: int = 0


class Server:
    """
    Whatever computes predictions, one at a time, in the order of their coming.

    Parameters
    ----------
    inference_us : float
        For which it is occupied by each.
    link_us : float
        Of the way there and back, on which nothing waits.
    """

    def __init__(self, inference_us: float, link_us: float) -> None:
        if inference_us < 0 or link_us < 0:
            raise ValueError(f"times must not be negative: {inference_us}, {link_us} us")
        self.inference_us, self.link_us = inference_us, link_us
        self.busy_us = self._free_at = 0.0

    def wait_us(self, now: float) -> float:
        """From a request to its prediction."""
        self._free_at = max(now, self._free_at) + self.inference_us
        self.busy_us += self.inference_us
        return self._free_at - now + self.link_us


class Policy(Protocol):
    """How a read gets its answer."""

    def read(
        self, env: simpy.Environment, request: Request, devices: Sequence[Device], counts: Counts
    ) -> Steps:
        """A process of SimPy in which the read takes place; its value is when the first answer
        comes, microseconds."""


def _in_turn(request: Request, devices: Sequence[Device]) -> list[Device]:
    """The replicas in the order in which a request tries them."""
    return [devices[(request.primary + k) % len(devices)] for k in range(len(devices))]


def _submit(env: simpy.Environment, device: Device, request: Request, counts: Counts) -> float:
    """When a device's answer comes."""
    counts.device_ios += 1
    return float(env.now) + device.submit(env.now, request)


@dataclass
class Immediate:
    """Every read goes to its primary."""

    def read(
        self, env: simpy.Environment, request: Request, devices: Sequence[Device], counts: Counts
    ) -> Steps:
        """As in :class:`Policy`."""
        yield from ()
        return _submit(env, devices[request.primary], request, counts)


@dataclass
class Hedge:
    """A read that has no answer after ``after_us`` is sent to the next replica too, and the first
    answer counts. The other is not called back."""

    after_us: float
    redirect_us: float

    def read(
        self, env: simpy.Environment, request: Request, devices: Sequence[Device], counts: Counts
    ) -> Steps:
        """As in :class:`Policy`."""
        first, second = _in_turn(request, devices)[:2]
        answer = _submit(env, first, request, counts)
        if answer - env.now > self.after_us:
            yield env.timeout(self.after_us + self.redirect_us)
            answer = min(answer, _submit(env, second, request, counts))
        return answer


@dataclass
class Oracle:
    """A replica that would take longer than ``slow_us`` turns a read away, without fail and at
    once; the last one takes it."""

    slow_us: float
    redirect_us: float

    def read(
        self, env: simpy.Environment, request: Request, devices: Sequence[Device], counts: Counts
    ) -> Steps:
        """As in :class:`Policy`."""
        *others, last = _in_turn(request, devices)
        for device in others:
            if device.would_take(env.now, request) <= self.slow_us:
                return _submit(env, device, request, counts)
            counts.rejects += 1
            yield env.timeout(self.redirect_us)
        return _submit(env, last, request, counts)


@dataclass
class Reject:
    """A replica whose predictor says slow turns a read away; the last one takes it unasked. What
    the read waits for predictions is part of its latency."""

    server: Server
    redirect_us: float

    def read(
        self, env: simpy.Environment, request: Request, devices: Sequence[Device], counts: Counts
    ) -> Steps:
        """As in :class:`Policy`."""
        *others, last = _in_turn(request, devices)
        for device in others:
            slow = device.predicted_slow(env.now, request)
            wait = self.server.wait_us(env.now)
            counts.predictions += 1
            yield env.timeout(wait)
            if not slow:
                return _submit(env, device, request, counts)
            counts.rejects += 1
            yield env.timeout(self.redirect_us)
        return _submit(env, last, request, counts)
