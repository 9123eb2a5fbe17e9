"""Network frames for the loader's tests, made by hand, and what the loader must make of any."""

from dataclasses import dataclass, field

from hw.bus.layout import FRAME_MAGIC, SECTION, pack, unpack
from hw.cnn.config import PipelineConfig
from hw.cnn.format import (
    FRAME_VERSION,
    NETWORK,
    Error,
    SectionKind,
    fingerprint,
    memories,
)
from tests.hw.bus.sections import close, section

MASK = (1 << 64) - 1
NO_ERROR = Error(0)


def network_section(config: PipelineConfig, **fields):
    """A NETWORK section that is right, but for the fields given."""
    whole = pack(
        NETWORK,
        {
            "magic": FRAME_MAGIC,
            "version": FRAME_VERSION,
            "sections": 1 + len(memories(config)),
            "fingerprint": fingerprint(config),
            "units": len(config.nodes),
        }
        | fields,
    )
    return section(SectionKind.NETWORK, [whole >> 64 * k & MASK for k in range(3)])


def memory_sections(config: PipelineConfig, rng):
    """The sections of all memories, filled at random."""
    return [
        section(memory.kind, [rng.getrandbits(64) for _ in range(memory.chunks)], unit=memory.unit)
        for memory in memories(config)
    ]


def join(*sections):
    return [word for each in sections for word in each]


def network(config: PipelineConfig, rng, **fields):
    """A network frame that is right, but for the fields given."""
    return join(network_section(config, **fields), *memory_sections(config, rng))


@dataclass
class LoaderModel:
    """What the loader's outputs must be, frame by frame; no time in it.

    ``writes`` has (unit, parameters, address, data) and ``errors`` all flags raised, each since
    :meth:`feed` last began.
    """

    config: PipelineConfig
    loaded: bool = False
    writes: list = field(default_factory=list)
    errors: Error = NO_ERROR

    def feed(self, words):
        """Take one frame; its last word has TLAST."""
        self.loaded, self.writes, self.errors = False, [], Error(0)
        expected = [(SectionKind.NETWORK, 0, 3)]
        expected += [(memory.kind, memory.unit, memory.chunks) for memory in memories(self.config)]
        rest = list(words)
        for kind, unit, length in expected:
            if len(rest) < 2:
                return self._fail(Error.FORMAT)
            header = unpack(SECTION, rest[0])
            if (header["kind"], header["unit"]) != (kind, unit):
                return self._fail(Error.FORMAT)
            if (header["address"], header["length"]) != (0, length):
                first = kind == SectionKind.NETWORK
                return self._fail(Error.FORMAT if first else Error.RANGE)
            body, rest = rest[: length + 2], rest[length + 2 :]
            payload = body[1 : 1 + length]
            if kind != SectionKind.NETWORK:
                parameters = int(kind == SectionKind.PARAMETERS)
                self.writes += [(unit, parameters, k, word) for k, word in enumerate(payload)]
            if len(body) < length + 2:
                return self._fail(Error.FORMAT)
            if body[-1] != close(body[:-1])[-1]:
                return self._fail(Error.CRC)
            if kind == SectionKind.NETWORK:
                self._judge(payload)
            if not rest and (kind, unit, length) != expected[-1]:
                self.errors |= Error.FORMAT
            if self.errors:
                return None
        if rest:
            return self._fail(Error.FORMAT)
        self.loaded = True
        return None

    def _judge(self, payload):
        fields = unpack(NETWORK, sum(word << 64 * k for k, word in enumerate(payload)))
        same = {"magic": FRAME_MAGIC, "version": FRAME_VERSION, "reserved": 0}
        same["sections"] = 1 + len(memories(self.config))
        if any(fields[name] != value for name, value in same.items()):
            self.errors |= Error.FORMAT
        machine = (fields["fingerprint"], fields["units"])
        if machine != (fingerprint(self.config), len(self.config.nodes)):
            self.errors |= Error.CONFIG

    def _fail(self, error):
        self.errors |= error
