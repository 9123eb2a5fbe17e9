"""``kiln trace`` from the command line."""

import gzip

from typer.testing import CliRunner

from kiln.cli import app
from sw.traces.read import read_trace


def run(*arguments):
    return CliRunner().invoke(app, ["trace", *map(str, arguments)])


def test_made_and_shown(tmp_path):
    path = tmp_path / "own.trace.gz"
    result = run("generate", path, "--ios", 2000, "--seed", 4, "--iops", 20_000)
    assert result.exit_code == 0, result.output
    trace, _ = read_trace(path)
    assert len(trace) == 2000
    assert "2,000" in result.output
    shown = run("show", path)
    assert shown.exit_code == 0, shown.output
    assert "2,000 I/Os" in shown.output
    assert "read latency" in shown.output


def test_bad_rows(tmp_path):
    path = tmp_path / "bad.trace"
    path.write_text("0,100,1,4096,0,0.1,4096\n0,-5,1,4096,0,0.2,4096\n0,90,1,4096,0,0.3,4096\n")
    refused = run("show", path)
    assert refused.exit_code == 1
    assert "bad.trace:2: has a negative latency" in refused.output.replace("\n", "")
    skipped = run("show", path, "--skip")
    assert skipped.exit_code == 0, skipped.output
    assert "2 I/Os, 1 rows skipped (1 negative time)" in skipped.output


def test_a_gzip_that_is_cut(tmp_path):
    path = tmp_path / "cut.trace.gz"
    whole = gzip.compress(b"0,100,1,4096,0,0.1,4096\n" * 5000)
    path.write_bytes(whole[: len(whole) // 2])
    result = run("show", path)
    assert result.exit_code == 1
    assert "the gzip data is damaged" in result.output.replace("\n", " ")
