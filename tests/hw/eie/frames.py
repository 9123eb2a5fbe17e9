"""Frames for the loader's tests, made by hand, and what the loader has to make of any frame."""

from dataclasses import dataclass, field

from hw.bus.layout import FRAME_MAGIC, SECTION, pack, unpack
from hw.eie.config import EieConfig
from hw.eie.format import FRAME_VERSION, NETWORK, PASS_WORDS, Error, IoTarget, SectionKind
from tests.hw.bus.sections import close, section

MASK = (1 << 64) - 1
NO_ERROR = Error(0)


def network_payload(config: EieConfig, **fields):
    """Payload of NETWORK: a network that fits, but for the fields given."""
    whole = pack(
        NETWORK,
        {
            "magic": FRAME_MAGIC,
            "version": FRAME_VERSION,
            "n_pe": config.n_pe,
            "file_depth": config.file_depth,
            "sections": 2,
            "passes": 1,
            "inputs": config.n_pe,
            "outputs": config.n_pe,
            "in_min": 0x8000,
            "in_max": 0x7FFF,
        }
        | fields,
    )
    return [whole >> 64 * k & MASK for k in range(4)]


def program(config: EieConfig, rng, *, memories=(), **fields):
    """A program frame; ``memories`` are sections in (kind, pe, address, length) form."""
    passes = fields.get("passes", 1)
    sections = fields.setdefault("sections", 2 + len(memories))
    assert 0 <= sections < 1 << 16
    words = section(SectionKind.NETWORK, network_payload(config, **fields))
    words += section(SectionKind.PASSES, [rng.getrandbits(64) for _ in range(PASS_WORDS * passes)])
    for kind, pe, address, length in memories:
        payload = [rng.getrandbits(64) for _ in range(length)]
        words += section(kind, payload, unit=pe, address=address)
    return words


def activations(values):
    """An activation frame of 16-bit patterns."""
    padded = [*values, *[0] * (-len(values) % 4)]
    words = [
        sum(value << 16 * lane for lane, value in enumerate(padded[k : k + 4]))
        for k in range(0, len(padded), 4)
    ]
    return section(SectionKind.ACTIVATIONS, words)


@dataclass
class LoaderModel:
    """What the loader's outputs must be, frame by frame; no time in it.

    ``writes`` has (target, pe, address, data), ``pass_writes`` has (address, data), ``errors`` all
    flags raised and ``clears`` the number of frames accepted, each since :meth:`feed` last began.
    """

    config: EieConfig
    program_valid: bool = False
    inputs_valid: bool = False
    network: int = 0
    writes: list = field(default_factory=list)
    pass_writes: list = field(default_factory=list)
    errors: Error = NO_ERROR
    clears: int = 0

    def feed(self, words):
        """Take one frame; its last word has TLAST."""
        self.writes, self.pass_writes, self.errors, self.clears = [], [], Error(0), 0
        self.inputs_valid = False
        rest, sections, program = list(words), 0, False
        while True:
            if len(rest) < 2:  # TLAST on a header
                return self._fail(Error.FORMAT)
            header = unpack(SECTION, rest[0])
            length = header["length"]
            if sections == 0:
                program = header["kind"] != SectionKind.ACTIVATIONS
                self.program_valid &= not program
            fault = self.judge(header, sections)
            if fault:
                return self._fail(fault)
            self.clears += sections == 0
            payload = rest[1 : 1 + length]
            complete = len(rest) >= length + 2
            if not self._write(header, payload, complete) or not complete:
                return self._fail(Error.FORMAT)
            sections += 1
            if rest[length + 1] != close(rest[: length + 1])[-1]:
                return self._fail(Error.CRC)
            rest = rest[length + 2 :]
            wanted = unpack(NETWORK, self.network)["sections"] if program else 1
            whole = sections == wanted and (sections > 1 or not program)
            if whole != (not rest):
                return self._fail(Error.FORMAT)
            if whole:
                self.program_valid, self.inputs_valid = True, not program
                return None

    def _fail(self, error):
        self.errors |= error

    def judge(self, header, sections):
        """What is wrong with a header that ``sections`` sections came before."""
        config, network = self.config, unpack(NETWORK, self.network)
        kind, pe, length = header["kind"], header["unit"], header["length"]
        address, error = header["address"], Error(0)
        if sections == 0 and kind == SectionKind.NETWORK:
            good = (pe, address, length) == (0, 0, 4)
        elif sections == 0 and kind == SectionKind.ACTIVATIONS:
            words = -(-network["inputs"] // 4)
            good = self.program_valid and (pe, address, length) == (0, 0, words)
        elif sections == 0:
            good = False
        elif sections == 1:
            good = kind == SectionKind.PASSES and (pe, address) == (0, 0)
            good &= length == PASS_WORDS * network["passes"] and network["sections"] >= 2
            good &= (network["magic"], network["version"]) == (FRAME_MAGIC, FRAME_VERSION)
            good &= network["reserved"] == network["reserved_high"] == 0
            if (network["n_pe"], network["file_depth"]) != (config.n_pe, config.file_depth):
                error |= Error.CONFIG
            depth, base = config.file_depth, 0
            if network["in_sram"]:
                depth, base = config.act_depth, network["in_base"]
            ends = base + config.slots(network["inputs"]) <= depth
            ends &= network["out_base"] + config.slots(network["outputs"]) <= config.act_depth
            some = network["passes"] and network["inputs"] and network["outputs"]
            if not (ends and some and network["passes"] <= config.max_passes):
                error |= Error.RANGE
        else:
            units, depth = {
                SectionKind.SPMAT: (length, config.spmat_depth),
                SectionKind.POINTERS: (2 * length, config.ptr_depth // 2),
            }.get(kind, (0, None))
            good = depth is not None and not (kind == SectionKind.POINTERS and address % 2)
            if pe >= config.n_pe or (depth is not None and address + units > depth):
                error |= Error.RANGE
        return error if good else error | Error.FORMAT

    def _write(self, header, payload, complete):
        """Notes the writes of payload words that came; whether nothing is wrong with them."""
        pe, address = header["unit"], header["address"]
        match header["kind"]:
            case SectionKind.NETWORK:
                for k, word in enumerate(payload):
                    self.network &= ~(MASK << 64 * k)
                    self.network |= word << 64 * k
            case SectionKind.PASSES:
                self.pass_writes += enumerate(payload)
            case SectionKind.SPMAT:
                for k, word in enumerate(payload):
                    self.writes.append((IoTarget.SPMAT, pe, address + k, word))
            case SectionKind.POINTERS if self.config.is_wide:
                for k, word in enumerate(payload):
                    self.writes.append((IoTarget.POINTERS, pe, address // 2 + k, word))
            case SectionKind.POINTERS:
                for k, word in enumerate(payload):
                    for half in range(2):
                        pair = word >> 32 * half & 0xFFFF_FFFF
                        at = address + 2 * k + half
                        self.writes.append((IoTarget.POINTERS, pe, at, pair))
            case SectionKind.ACTIVATIONS:
                return self._write_activations(payload, complete)
        return True

    def _write_activations(self, payload, complete):
        network, n_pe = unpack(NETWORK, self.network), self.config.n_pe
        inputs = network["inputs"]
        target, base = IoTarget.SOURCE_FILE, 0
        if network["in_sram"]:
            target, base = IoTarget.ACTIVATION_SRAM, network["in_base"]
        lanes = [word >> 16 * lane & 0xFFFF for word in payload for lane in range(4)]
        values = lanes[:inputs]
        low, high = (signed(network[name]) for name in ("in_min", "in_max"))
        if not all(low <= signed(value) <= high for value in values):
            self.errors |= Error.INPUT_RANGE
        clean = not any(lanes[inputs:])
        if complete and clean:
            values += [0] * (-inputs % n_pe)
        for i, value in enumerate(values):
            self.writes.append((target, i % n_pe, base + i // n_pe, value))
        return clean


def signed(value):
    """A 16-bit pattern as a number."""
    return value - (value >> 15 << 16)
