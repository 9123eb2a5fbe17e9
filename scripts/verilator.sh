# shellcheck shell=bash disable=SC2154
# Shell functions that put a Verilator under a private prefix, for machines whose own is missing
# or too old. Sourced by bootstrap.sh, after system.sh.

# unstable_apt WORK: apt of Debian's unstable suite, with lists and cache of its own below WORK, so
# that the machine's sources stay as they are; needs no root. Sets the array `unstable`.
unstable_apt() {
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg mirror work=$1
    have apt-get && [ -r "$keyring" ] || return 1
    mirror=$(debian_mirror)
    if [ -z "$mirror" ]; then
        logged as_root apt-get -qq update
        mirror=$(debian_mirror)
    fi
    [ -n "$mirror" ] || return 1
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
    printf '%s [signed-by=%s] %s sid main\n' \
        deb "$keyring" "$mirror" deb-src "$keyring" "$mirror" >"$work/sources.list"
    unstable=(apt-get -qq
        -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache"
        -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
        -o APT::Sandbox::User=root)
    logged "${unstable[@]}" update
}

# The mirror that this machine takes Debian itself from; nothing if apt has no lists of it.
debian_mirror() {
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(CREATED_BY)|$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)' |
        awk -F'|' '$1 == "Packages" && $2 == "Debian" && $3 == "Debian" && $4 == "main" {
            print $5; exit }'
}

# verilator_packaged PREFIX MINIMUM: the distribution's own package, installed (not below PREFIX),
# where it is new enough.
verilator_packaged() {
    have apt-cache || return 1
    local minimum=$2 version
    version=$(apt-cache policy verilator | awk '$1 == "Candidate:" { print $2 }')
    dpkg --compare-versions "${version:-0}" ge "$minimum" || return 1
    progress "[4/5] Verilator: the system's package, $version"
    apt_install verilator
}

# verilator_unpacked PREFIX: Debian's newest build, unpacked, not installed. Its programs are
# newer than this machine's C library, so that each is started through the loader of the C library
# it was built with, which lies beside it.
verilator_unpacked() (
    prefix=$1 work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    unstable_apt "$work" || exit 1
    progress "[4/5] Verilator: Debian's newest build, unpacked into .tools"
    cd "$work" || exit 1
    logged "${unstable[@]}" download verilator libc6 || exit 1
    for package in *.deb; do
        logged dpkg-deb -x "$package" root || exit 1
    done
    loader=$(echo root/usr/lib/*-linux-gnu/ld-linux*.so.*)
    [ -e "$loader" ] || exit 1
    mkdir -p "$prefix/libexec/glibc" || exit 1
    cp -R root/usr/bin root/usr/share "$prefix/"
    cp -L "$loader" "${loader%/*}/libc.so.6" "${loader%/*}/libm.so.6" "$prefix/libexec/glibc/"
    for program in verilator_bin verilator_bin_dbg verilator_coverage_bin_dbg; do
        mv "$prefix/bin/$program" "$prefix/libexec/$program"
        cat >"$prefix/bin/$program" <<END
#!/bin/sh
libexec=\$(dirname "\$(readlink -f "\$0")")/../libexec
exec "\$libexec/glibc/${loader##*/}" --library-path "\$libexec/glibc" "\$libexec/$program" "\$@"
END
        chmod +x "$prefix/bin/$program"
    done
)

# verilator_built PREFIX: compiled from Debian's newest source package.
verilator_built() (
    prefix=$1 work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    missing=()
    for program in autoconf flex bison help2man xz; do
        have "$program" || missing+=("${program/xz/xz-utils}")
    done
    header FlexLexer.h || missing+=(libfl-dev)
    [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}" || exit 1
    unstable_apt "$work" || exit 1
    progress "[4/5] Verilator: Debian's newest source, compiled; about ten minutes"
    cd "$work" || exit 1
    logged "${unstable[@]}" source --download-only verilator || exit 1
    mkdir source
    logged tar -xf verilator_*.orig.tar.* -C source --strip-components=1 || exit 1
    cd source || exit 1
    logged autoconf || exit 1
    logged ./configure "--prefix=$prefix" || exit 1
    logged make -C src "-j$(nproc)" opt || exit 1
    mkdir -p "$prefix" && cp -R bin include "$prefix/"
)
