"""The cache of built things."""

import threading
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from sim.cache import build_root, cached, content_key, forget


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("KILN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def build(folder: Path) -> None:
    (folder / "made").write_text(str(time.monotonic_ns()))


def slow_build(folder: Path) -> None:
    (folder / "half").touch()
    time.sleep(0.3)
    build(folder)


def slow_cached(_: int) -> str:
    return (cached("things", "key", "a thing", slow_build) / "made").read_text()


def test_root(root, monkeypatch):
    assert build_root() == root
    monkeypatch.delenv("KILN_CACHE")
    project = Path(__file__).parents[2]
    assert build_root() == project / "build"


def test_built_once(root):
    folder = cached("things", "a", "a thing", build)
    made = (folder / "made").read_text()
    assert folder == root / "things" / "a"
    assert (cached("things", "a", "a thing", build) / "made").read_text() == made
    assert (cached("things", "b", "a thing", build) / "made").read_text() != made


def test_forget(root):
    folder = cached("things", "a", "a thing", build)
    made = (folder / "made").read_text()
    forget("things", "a")
    assert not folder.exists()
    forget("things", "a")
    forget("others", "a")
    assert (cached("things", "a", "a thing", build) / "made").read_text() != made


def test_quiet(capsys):
    cached("things", "a", "a thing", build, quiet=True)
    assert capsys.readouterr().err == ""


def test_a_failure_leaves_nothing(root):
    def fail(folder: Path) -> None:
        build(folder)
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        cached("things", "a", "a thing", fail)
    assert [path.name for path in (root / "things").iterdir()] == ["a.lock"]
    assert (cached("things", "a", "a thing", build) / "made").is_file()


def test_threads_build_once():
    texts = []
    threads = [threading.Thread(target=lambda: texts.append(slow_cached(0))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(texts) == 4 and len(set(texts)) == 1


def test_processes_build_once():
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        texts = list(pool.map(slow_cached, range(4)))
    assert len(set(texts)) == 1


@pytest.mark.parametrize(
    "one, other",
    [(["ab"], ["a", "b"]), (["a", ""], ["", "a"]), ([], [""]), (["a"], ["b"]), ([b"a"], [b"\0a"])],
)
def test_keys_differ(one, other):
    assert content_key(*one) != content_key(*other)


def test_key_is_of_the_text():
    assert content_key("a", "b") == content_key(b"a", "b")
    assert len(content_key("a")) == 20
