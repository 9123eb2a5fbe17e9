"""The two pass slots of a unit under test, driven as central control drives them."""

from amaranth.lib import data

from hw.eie.tokens import pass_slot_layout
from sim.payload import Codec


class PassSlots:
    """
    Shows passes on the port ``slots`` of the component ``dut``.

    Passes are numbered from 0 after a reset, the end of an inference counted as one. ``shown``
    is what each of the two slots holds, as ``pass_slot_layout`` names it.
    """

    def __init__(self, dut, config, port="slots"):
        self._config = config
        self._codec = Codec(data.ArrayLayout(pass_slot_layout(config), 2))
        self._port = getattr(dut, port)
        self.clear()

    def clear(self):
        """Show nothing."""
        self.shown = [{"valid": 0}, {"valid": 0}]
        self._port.value = 0

    def show(self, number, **descriptor):
        """Show pass ``number``, of the fields of ``PASS`` that are given; the rest are zero."""
        slots = self._config.slots(descriptor.get("columns", 0))
        self._put(number, halt=0, slots=slots, descriptor=descriptor)

    def halt(self, number, **descriptor):
        """Show the end of the inference in the place of pass ``number``, over what happens to be
        in the rest of the slot."""
        self._put(number, halt=1, descriptor=descriptor)

    def _put(self, number, **fields):
        self.shown[number % 2] = {"valid": 1, "ticket": number % 4, **fields}
        self._port.value = self._codec.encode(self.shown)
