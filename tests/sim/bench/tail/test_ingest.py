from sim.bench.tail.ingest import measure_ingest


def test_a_process_of_its_own(tmp_path):
    found = measure_ingest(tmp_path, 3000)
    assert found.rows == 3000
    assert 0 < found.seconds < 60
    assert 10**7 < found.peak_bytes < 2 * 10**9
    assert not list(tmp_path.iterdir())
