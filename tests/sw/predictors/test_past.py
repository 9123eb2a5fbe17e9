from sw.predictors.past import PAGE, Completed, Kind


def test_words() -> None:
    assert PAGE == 4096
    assert [kind.value for kind in Kind] == ["all", "reads", "writes"]
    assert Completed(1, 2, 3, 4) == Completed(latency_us=1, pending=2, size=3, age_us=4)
