# amaranth: UnusedElaboratable=no
"""Many units at once."""

import pytest

from sim.synth import pool
from sim.synth.jobs import jobs_of
from sim.synth.pool import run_jobs
from sim.synth.run import Setting, SynthRun
from tests.sim.synth.reports import unit_report

SETTING = Setting(("yosys 1", "sta 1"))
JOBS = jobs_of("tiny", ["eie.queue", "eie.pe", "eie.lnzd"])


def test_in_one_process(monkeypatch, tmp_path):
    order, seen = [], []

    def run_job(job, setting):
        order.append(job.name)
        return SynthRun(job, unit_report(job.name), {}, tmp_path, warm=True)

    monkeypatch.setattr(pool, "run_job", run_job)
    runs = run_jobs(JOBS, SETTING, 1, lambda done, under_way: seen.append(done))
    assert [run.job for run in runs] == JOBS
    assert order == ["eie.pe", "eie.queue", "eie.lnzd"]
    assert [done.job.name for done in seen if done] == order


def test_an_error_names_the_unit(monkeypatch):
    def run_job(job, setting):
        raise ValueError("too slow")

    monkeypatch.setattr(pool, "run_job", run_job)
    with pytest.raises(RuntimeError, match=r"eie\.pe of tiny: too slow"):
        run_jobs(JOBS, SETTING, 1)


def test_in_processes(monkeypatch, tmp_path):
    monkeypatch.setenv("KILN_CACHE", str(tmp_path))
    monkeypatch.setenv("YOSYS", "no-such-yosys")
    seen = []
    with pytest.raises(RuntimeError, match=r"eie\..* of tiny: no-such-yosys not found"):
        run_jobs(JOBS[:2], SETTING, 2, lambda done, under_way: seen.append(under_way))
    assert [job.name for job in seen[0]] == ["eie.pe", "eie.queue"]
