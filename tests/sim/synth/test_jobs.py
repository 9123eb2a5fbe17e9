"""Units by name."""

import pytest

from hw.eie.config import PRESETS
from sim.synth.jobs import SynthJob, budget_of, jobs_of, unit_names


def test_all_units_of_a_preset():
    jobs = jobs_of("tiny")
    assert [job.name for job in jobs] == unit_names(PRESETS["tiny"])
    assert {"eie.pe", "eie.queue", "eie.lnzd", "eie.control"} <= {job.name for job in jobs}
    assert all(job.config == PRESETS["tiny"] for job in jobs)


def test_one_unit():
    [job] = jobs_of("wide8", ["eie.sums"])
    assert job == SynthJob("wide8", PRESETS["wide8"], "eie.sums")
    assert job.label == "eie.sums of wide8"
    assert job.unit.name == "sums"


def test_a_configuration_of_its_own():
    jobs = jobs_of("small", ["eie.pe"], PRESETS["tiny"])
    assert jobs == [SynthJob("small", PRESETS["tiny"], "eie.pe")]


def test_refusals():
    with pytest.raises(ValueError, match="no preset 'paper65'; there are tiny, "):
        jobs_of("paper65")
    with pytest.raises(ValueError, match=r"no unit 'eie.sums' in tiny; there are eie\.pe, "):
        jobs_of("tiny", ["eie.sums"])


def test_all_units_meet_800_mhz():
    assert {budget_of(name).period for name in unit_names(PRESETS["paper64"])} == {1.25}
