#!/usr/bin/env bash
#
# Builds the four pinned libraries (wolfSSL, nghttp3, ngtcp2, nghttp2) once, as
# static libraries, and prints the directory that holds their include/ and lib/.
#
#   deps.sh            builds what is missing, then prints the directory
#   deps.sh --where    prints the directory, builds nothing
#   deps.sh --ready    exits 0 if nothing is left to build, else 1
#
# The directory is $TRISOCK_CACHE/deps/<hash of the recipe>, so every build tree
# of every checkout shares it, and a changed recipe never meets old results.
# Tarballs are kept in $TRISOCK_CACHE/tarballs; a file put there by hand is as
# good as a downloaded one, because only its sha256 counts.
#
# It prints the word "system" instead when TRISOCK_DEPS=system is set, or when
# TRISOCK_DEPS is not set and pkg-config offers all of them, new enough and with
# what we need. TRISOCK_DEPS=pinned never looks at the system.
set -eu

cache=${TRISOCK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/trisock}
cc=${TRISOCK_DEPS_CC:-cc}
jobs=$(nproc 2>/dev/null || echo 2)

# name version file sha256 place...
# Each place is tried in turn. All of them are held to the same sha256: a place
# that serves other bytes under that name is passed over, never trusted. "pool:" is
# the archive that this machine's apt is configured for; the tarballs that Debian keeps
# there are the projects' own release files, which the second place has too.
pins() {
    cat <<PINS
wolfssl 5.9.2 wolfssl_5.9.2.orig.tar.gz 2f4ef3d4fd387a9b3191d36a6316d69116c46ff69bb9583b6c82b36d7b8ca114 pool:w/wolfssl/wolfssl_5.9.2.orig.tar.gz https://github.com/wolfSSL/wolfssl/archive/refs/tags/v5.9.2-stable.tar.gz
nghttp3 1.15.0 nghttp3_1.15.0.orig.tar.xz 6da0cd06b428d32a54c58137838505d9dc0371a900bb8070a46b29e1ceaf2e0f pool:n/nghttp3/nghttp3_1.15.0.orig.tar.xz https://github.com/ngtcp2/nghttp3/releases/download/v1.15.0/nghttp3-1.15.0.tar.xz
ngtcp2 1.24.0 ngtcp2_1.24.0.orig.tar.xz 7fa5ec2be0f0cbed8bc4ec89c0787dfa9d8ce678f1ed9477c52f30eb1a591207 pool:n/ngtcp2/ngtcp2_1.24.0.orig.tar.xz https://github.com/ngtcp2/ngtcp2/releases/download/v1.24.0/ngtcp2-1.24.0.tar.xz
nghttp2 1.70.0 nghttp2_1.70.0.orig.tar.gz aa317e2cf9dca6afa0aed68f8fad6ff303ec6982e25a78c75c0b65e2b9b3ded5 pool:n/nghttp2/nghttp2_1.70.0.orig.tar.gz https://github.com/nghttp2/nghttp2/releases/download/v1.70.0/nghttp2-1.70.0.tar.gz
PINS
}

say() { printf 'deps: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}

recipe_hash() {
    {
        declare -f pins build_wolfssl cmake_build build_all
        uname -m
        "$cc" --version | head -n 1
    } | sha256sum | cut -c 1-16
}

# The libraries of the system, if each is new enough. wolfSSL counts only when it
# was built with QUIC, the key log callback and certificate generation.
system_is_good() {
    command -v pkg-config >/dev/null || return 1
    pkg-config --exists 'wolfssl >= 5.9.2' 'libngtcp2 >= 1.24.0' \
        'libngtcp2_crypto_wolfssl >= 1.24.0' 'libnghttp3 >= 1.15.0' \
        'libnghttp2 >= 1.70.0' 2>/dev/null || return 1
    # shellcheck disable=SC2046 # the flags are meant to be split
    "$cc" $(pkg-config --cflags wolfssl) -fsyntax-only -x c - >/dev/null 2>&1 <<'PROBE'
#include <wolfssl/options.h>
#if !defined(WOLFSSL_QUIC) || !defined(HAVE_SECRET_CALLBACK) || !defined(WOLFSSL_CERT_GEN) || \
    !defined(WOLFSSL_ALT_NAMES)
#error this wolfSSL lacks something
#endif
PROBE
}

sha256_of() { sha256sum "$1" | cut -d ' ' -f 1; }

# resolve place: prints its addresses, one a line; for "pool:" as many as apt knows archives
resolve() {
    case $1 in
    pool:*)
        command -v apt-get >/dev/null || return 0
        # shellcheck disable=SC2016 # apt fills it in
        apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | sort -u | grep '/debian/*$' |
            sed "s|/*\$|/pool/main/${1#pool:}|" || true
        ;;
    *) printf '%s\n' "$1" ;;
    esac
}

# fetch file sha256 place...: prints the path of a verified tarball
fetch() {
    local file=$1 want=$2 place
    local kept=$cache/tarballs/$file
    shift 2
    if [ -f "$kept" ] && [ "$(sha256_of "$kept")" = "$want" ]; then
        printf '%s\n' "$kept"
        return
    fi
    mkdir -p "$cache/tarballs"
    # shellcheck disable=SC2046 # a list of addresses
    set -- $(for place in "$@"; do resolve "$place"; done)
    for place in "$@"; do
        say "fetching $place"
        if curl -fsSL --retry 2 --connect-timeout 15 -o "$kept.part" "$place"; then
            if [ "$(sha256_of "$kept.part")" = "$want" ]; then
                mv "$kept.part" "$kept"
                printf '%s\n' "$kept"
                return
            fi
            say "its sha256 is not the pinned one: passed over"
        fi
    done
    rm -f "$kept.part"
    die "$file: no place had it. Put a copy with sha256 $want into $cache/tarballs/ and run this again"
}

# unpack name: prints the directory with the sources
unpack() {
    local name=$1 line file sum places dir tarball
    line=$(pins | grep "^$name ")
    read -r _ _ file sum places <<<"$line"
    # shellcheck disable=SC2086 # a list of addresses
    tarball=$(fetch "$file" "$sum" $places)
    dir=$work/$name
    mkdir -p "$dir"
    tar -xf "$tarball" -C "$dir" --strip-components=1
    printf '%s\n' "$dir"
}

# logged name command...: keeps the output in a file, shows its end on failure
logged() {
    local log=$work/$1.log
    shift
    if ! "$@" >>"$log" 2>&1; then
        tail -n 40 "$log" >&2
        die "failed: $* (in $PWD)"
    fi
}

build_wolfssl() {
    local asm='' dir
    case $(uname -m) in
    x86_64) asm=--enable-intelasm ;;
    aarch64) asm=--enable-armasm ;;
    esac
    dir=$(unpack wolfssl)
    cd "$dir"
    logged wolfssl ./autogen.sh
    # Not --enable-keylog-export: that build writes every session's secrets into a
    # file of its own accord. HAVE_SECRET_CALLBACK gives the callback alone.
    # aesecb is for QUIC header protection, certgen and certext for `--tls self`.
    # shellcheck disable=SC2086 # $asm is one flag or none
    logged wolfssl ./configure --prefix="$stage" --libdir="$stage/lib" \
        --enable-static --disable-shared --with-pic \
        --enable-quic --enable-alpn --enable-sni --enable-session-ticket --enable-earlydata \
        --enable-mlkem --enable-curve25519 --enable-ed25519 \
        --enable-sp --enable-sp-asm $asm --enable-aesecb \
        --enable-harden --enable-opensslall --enable-certgen --enable-certext --enable-keygen \
        --disable-examples --disable-crypttests \
        CC="$cc" CFLAGS="-O3 -g -fPIC -DHAVE_SECRET_CALLBACK -DWOLFSSL_ALT_NAMES"
    logged wolfssl make -j "$jobs"
    logged wolfssl make install
}

# cmake_build name option...
cmake_build() {
    local name=$1 dir
    shift
    dir=$(unpack "$name")
    cd "$dir"
    logged "$name" cmake -S . -B build -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER="$cc" \
        -DCMAKE_C_FLAGS=-g -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
        -DCMAKE_INSTALL_PREFIX="$stage" -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_PREFIX_PATH="$stage" \
        -DENABLE_LIB_ONLY=ON -DENABLE_STATIC_LIB=ON -DENABLE_SHARED_LIB=OFF -DBUILD_TESTING=OFF "$@"
    logged "$name" cmake --build build -j "$jobs"
    logged "$name" cmake --install build
}

build_all() {
    say "building wolfSSL, nghttp3, nghttp2 and ngtcp2 into $prefix (once, about a minute)"
    (build_wolfssl)
    (cmake_build nghttp3)
    (cmake_build nghttp2 -DBUILD_STATIC_LIBS=ON -DBUILD_SHARED_LIBS=OFF)
    (cmake_build ngtcp2 -DENABLE_WOLFSSL=ON -DENABLE_OPENSSL=OFF \
        -DWOLFSSL_INCLUDE_DIR="$stage/include" -DWOLFSSL_LIBRARY="$stage/lib/libwolfssl.a")
    # What these name is the staging directory, which is about to be gone.
    rm -rf "${stage:?}/lib/pkgconfig" "${stage:?}/lib/cmake" "${stage:?}/bin" "${stage:?}/share"
    rm -f "$stage"/lib/*.la
}

case ${TRISOCK_DEPS:-} in
system)
    echo system
    exit 0
    ;;
pinned) ;;
*)
    if system_is_good; then
        echo system
        exit 0
    fi
    ;;
esac

prefix=$cache/deps/$(recipe_hash)
case ${1:-} in
--where)
    printf '%s\n' "$prefix"
    exit 0
    ;;
--ready)
    [ -d "$prefix" ]
    exit
    ;;
'') ;;
*) die "unknown argument: $1" ;;
esac

if [ ! -d "$prefix" ]; then
    mkdir -p "$cache/deps"
    exec 9>"$cache/deps/lock"
    flock 9
fi
if [ ! -d "$prefix" ]; then
    work=$(mktemp -d "$cache/deps/building.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    stage=$work/stage
    build_all
    mv "$stage" "$prefix"
    say "done"
fi
printf '%s\n' "$prefix"
