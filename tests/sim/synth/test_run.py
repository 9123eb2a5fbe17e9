# amaranth: UnusedElaboratable=no
"""One unit through synthesis, and the cache of it."""

from pathlib import Path

import pytest

from sim.synth import run
from sim.synth.jobs import jobs_of
from sim.synth.run import Setting, run_job
from sw.physical.synthesis import UnitReport
from tests.sim.synth.reports import unit_report

SETTING = Setting(("yosys 1", "sta 1"))


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("KILN_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def calls(monkeypatch):
    """Names of the units that went through a synthesis that does nothing."""
    names = []

    def synthesise(source, directory, library, srams, budget, *, flavour):
        names.append(source.name)
        directory.mkdir()
        for file in ("netlist.v", "netlist.json", "sta.log"):
            (directory / file).write_text(source.name)
        return unit_report(source.name)

    monkeypatch.setattr(run, "synthesise", synthesise)
    return names


def job(name="eie.lnzd"):
    return jobs_of("tiny", [name])[0]


def test_kept_by_content(calls, monkeypatch):
    first = run_job(job(), SETTING)
    assert not first.warm and first.report == unit_report("eie.lnzd")
    assert {path.name for path in first.folder.iterdir()} == {
        *("netlist.v", "netlist.json", "report.json")
    }
    again = run_job(job(), SETTING)
    assert again.warm and again.folder == first.folder and again.report == first.report
    assert not run_job(job("eie.queue"), SETTING).warm
    assert not run_job(job(), Setting(("yosys 2", "sta 1"))).warm
    monkeypatch.setattr(run, "_flow", "other sources")
    assert not run_job(job(), SETTING).warm
    assert calls == ["eie.lnzd", "eie.queue", "eie.lnzd", "eie.lnzd"]


def test_force(calls):
    first = run_job(job(), SETTING)
    again = run_job(job(), Setting(SETTING.tools, force=True))
    assert not again.warm and again.folder == first.folder and len(calls) == 2


def test_a_failure_leaves_the_logs_and_no_result(monkeypatch, root):
    def synthesise(source, directory, *rest, **more):
        directory.mkdir()
        (directory / "sta.log").write_text("why")
        raise RuntimeError("no")

    monkeypatch.setattr(run, "synthesise", synthesise)
    with pytest.raises(RuntimeError, match="no"):
        run_job(job(), SETTING)
    [log] = (root / "synth").glob("*.work/sta.log")
    assert log.read_text() == "why"
    assert not list((root / "synth").glob("*/report.json"))


def test_a_queue():
    result = run_job(job("eie.queue"), Setting.now())
    report = UnitReport.model_validate_json(Path(result.folder / "report.json").read_text())
    assert report == result.report
    assert report.flip_flops > 100 and report.area_um2 > 500 and not report.loops
    assert report.slack_ns > 0
    assert "module top" in (result.folder / "netlist.v").read_text()
