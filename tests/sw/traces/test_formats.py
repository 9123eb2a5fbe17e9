import pytest

from sw.traces.formats import FORMATS, MQSIM, NVME, BadRowError, TraceFormat


def test_names() -> None:
    assert FORMATS == {"nvme": NVME, "mqsim": MQSIM}
    assert (NVME.header, MQSIM.header) == (False, True)


def test_nvme_by_hand() -> None:
    """Milliseconds of submission, not of the nominal arrival; microseconds of latency."""
    assert NVME.row("1.0,84.5,1,4096,90648576,2.25,4096\n") == (2250.0, 84.5, True, 4096, 90648576)
    assert NVME.row(" 0 ,0,0, 512,0,0,512 \r\n") == (0.0, 0.0, False, 512, 0)


def test_mqsim_by_hand() -> None:
    """Nanoseconds, and sectors of 512 bytes."""
    assert MQSIM.row("1500,76500,1,8,16,75000,74000\n") == (1.5, 75.0, True, 8192, 4096)
    assert MQSIM.row("0,0,0,0,1,0,0") == (0.0, 0.0, False, 512, 0)


NVME_WANTS = "7 columns (nominal_ms, latency_us, type, size, offset, submit_ms, bytes_done)"
NO_INTEGER = "holds a number that is no integer where one is needed"
LARGEST = (1 << 63) - 1


@pytest.mark.parametrize(
    ("style", "line", "kind", "text"),
    [
        (NVME, "0,84,1,4096,0,0", "wrong number of columns", f"has 6 of {NVME_WANTS}"),
        (NVME, "0,84,1,4096,0,0,4096,1", "wrong number of columns", f"has 8 of {NVME_WANTS}"),
        (NVME, "0,fast,1,4096,0,0,4096", "not a number", "has 'fast' for latency_us"),
        (NVME, "x,84,1,4096,0,0,4096", "not a number", "has 'x' for nominal_ms"),
        (NVME, "0,84,1,4096,0,,4096", "not a number", "has '' for submit_ms"),
        (NVME, "0,84,read,4096,0,0,4096", "not a number", "has 'read' for type"),
        (NVME, "0,84,1,4096.5,0,0,4096.5", "not a number", NO_INTEGER),
        (NVME, "0,84,1,nan,0,0,nan", "not a number", NO_INTEGER),
        (
            *(NVME, "0,84,2,4096,0,0,4096", "bad type"),
            "has '2' for type, which is 1 (read) or 0 (write)",
        ),
        (
            *(NVME, "0,84,nan,4096,0,0,4096", "bad type"),
            "has 'nan' for type, which is 1 (read) or 0 (write)",
        ),
        (NVME, "0,nan,1,4096,0,0,4096", "not finite", "holds a time that is not finite"),
        (NVME, "0,84,1,4096,0,inf,4096", "not finite", "holds a time that is not finite"),
        (NVME, "0,84,1,4096,0,1e308,4096", "not finite", "holds a time that is not finite"),
        (NVME, "0,84,1,4096,0,-0.5,4096", "negative time", "has a negative submission"),
        (NVME, "0,-1,1,4096,0,0,4096", "negative time", "has a negative latency"),
        (NVME, "0,84,1,0,0,0,0", "no size", "has a size of 0 bytes"),
        (NVME, "0,84,1,-8,0,0,-8", "no size", "has a size of -8 bytes"),
        (NVME, "0,84,1,8,-1,0,8", "negative offset", "has the offset -1"),
        (NVME, "0,84,1,4096,0,0,512", "incomplete", "moved 512 of 4096 bytes"),
        (NVME, f"0,84,1,1,{LARGEST},0,1", "too large", f"has 1 bytes at {LARGEST}, beyond 63 bits"),
        (NVME, f"0,84,1,{1 << 63},0,0,{1 << 63}", "too large", "bytes at 0, beyond 63 bits"),
        (MQSIM, "0,1,1,0,1,1", "wrong number of columns", "has 6 of 7 columns (arrival_ns"),
        (MQSIM, "0.5,1,1,0,1,1,1", "not a number", NO_INTEGER),
        (MQSIM, "0,1,1,0,1,1,", "not a number", "has '' for device_latency_ns"),
        (
            *(MQSIM, "5,9,1,0,1,3,3", "latency that is not completion less arrival"),
            "has the latency 3 between 5 and 9",
        ),
        (MQSIM, "9,5,1,0,1,-4,3", "negative time", "has a negative latency"),
        (MQSIM, "-9,5,1,0,1,14,3", "negative time", "has a negative submission"),
        (MQSIM, "0,1,3,0,1,1,1", "bad type", "has '3' for is_read, which is 1 (read) or 0 (write)"),
        (MQSIM, "0,1,1,0,0,1,1", "no size", "has a size of 0 bytes"),
        (MQSIM, "0,1,1,-1,1,1,1", "negative offset", "has the offset -512"),
        (MQSIM, f"0,1,1,{1 << 60},1,1,1", "too large", "beyond 63 bits"),
        (MQSIM, f"{10**400},{10**400},1,0,1,0,0", "too large", "holds a number that is too large"),
    ],
)
def test_bad_rows(style: TraceFormat, line: str, kind: str, text: str) -> None:
    with pytest.raises(BadRowError) as caught:
        style.row(line)
    assert caught.value.kind == kind
    assert text in str(caught.value)


def test_the_last_byte_of_all() -> None:
    assert NVME.row(f"0,84,1,1,{LARGEST - 1},0,1")[3:] == (1, LARGEST - 1)
    assert NVME.row(f"0,84,1,{LARGEST},0,0,{LARGEST}")[3:] == (LARGEST, 0)
