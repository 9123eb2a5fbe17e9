# shellcheck shell=bash disable=SC2154
# Shell functions of the set-up: progress lines, and packages of the operating system.
# Sourced by bootstrap.sh, which sets $log.

# progress WORD...: one line, after the seconds since the start.
progress() { printf '%4d s  %s\n' "$SECONDS" "$*"; }

# fail MESSAGE...: one line that says what is missing and how to get it, and stop.
fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

# logged COMMAND...: run it with its output in the log only.
logged() {
    printf '\n$ %s\n' "$*" >>"$log"
    "$@" >>"$log" 2>&1
}

have() { command -v "$1" >/dev/null 2>&1; }

# header NAME: can g++ include it?
header() { echo "#include <$1>" | g++ -E -x c++ - >/dev/null 2>&1; }

# as_root COMMAND...: as it is for root, through sudo for others; false where there is neither.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        sudo "$@"
    else
        return 1
    fi
}

can_apt() { have apt-get && as_root true; }

# apt_install PACKAGE...: false where apt, root or the packages are not to be had. The package
# lists are refreshed only if the first try fails (a fresh machine has none at all).
apt_install() {
    can_apt || return 1
    local apt=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
    logged "${apt[@]}" install -y --no-install-recommends "$@" && return
    logged "${apt[@]}" update && logged "${apt[@]}" install -y --no-install-recommends "$@"
}

# require PACKAGE...: install them, or say in one line what is missing and how to get it.
require() {
    apt_install "$@" && return
    if have apt-get; then
        fail "missing: $*; as root, run 'apt-get update && apt-get install $*' (log: $log)"
    fi
    fail "missing: $*; install them (these are Debian's names) with your system's package manager"
}
