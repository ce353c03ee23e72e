#!/usr/bin/env bash
#
# The lint catches what it says it catches: each case puts one file into a small
# tree of its own and looks for the complaint.
set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

# lint part: runs one part of the lint over the small tree
lint() { TRISOCK_ROOT=$tree "$root/src/build/lint.sh" "$1" 2>&1; }

# refuses part path content complaint
refuses() {
    local part=$1 path=$tree/$2 content=$3 complaint=$4 out
    mkdir -p "$(dirname "$path")"
    printf '%b\n' "$content" >"$path"
    if out=$(lint "$part") || ! grep -qF "$complaint" <<<"$out"; then
        printf 'not refused: %s: %s\n%s\n' "$2" "$content" "$out"
        failed=1
    fi
    rm "$path"
}

# accepts part path content
accepts() {
    local part=$1 path=$tree/$2 content=$3 out
    mkdir -p "$(dirname "$path")"
    printf '%b\n' "$content" >"$path"
    if ! out=$(lint "$part"); then
        printf 'refused: %s: %s\n%s\n' "$2" "$content" "$out"
        failed=1
    fi
    rm "$path"
}

mkdir -p "$tree"/{src/{base,ws,http,tls,net,server,app,cli},h1,h2,h3,tests/unit/ws}
cp "$root/.clang-format" "$tree/"
touch "$tree"/src/base/base_a.h "$tree"/src/ws/ws_a.h "$tree"/src/tls/tls_a.h \
    "$tree"/src/net/net_a.h "$tree"/src/server/server_a.h \
    "$tree"/h1/h1_a.h "$tree"/h2/h2_a.h "$tree"/h3/h3_a.h

accepts includes h2/h2_x.c '#include "ws_a.h"\n#include <nghttp2/nghttp2.h>\n#include <string.h>'
accepts includes h3/h3_x.c '#include "tls_a.h"\n#include <ngtcp2/ngtcp2.h>'
accepts includes src/app/app_x.c '#include "trisock/trisock.h"\n#include "app_site_files.h"'
accepts includes tests/unit/ws/ws_a_test.c '#include "h2_a.h"\n#include "ws_a.h"'
refuses includes h2/h2_x.c '#include "h3_a.h"' 'h2/h2_x.c:1: h2 may not include h3'
refuses includes src/ws/ws_x.c '#include "net_a.h"' 'ws may not include net'
refuses includes src/net/net_x.c '#include "ws_a.h"' 'net may not include ws'
refuses includes src/app/app_x.c '#include "server_a.h"' 'app may not include server'
refuses includes src/ws/ws_x.c '#include "../base/base_a.h"' 'no include through ../'
refuses includes src/ws/ws_x.c '#include "ws_none.h"' 'there is no ws_none.h'
refuses includes h2/h2_x.c '#include <ngtcp2/ngtcp2.h>' 'h2 may not use ngtcp2'
refuses includes src/base/base_x.c '#include <uv.h>' 'base may not use uv'
refuses includes h1/h1_x.c '#include <sys/socket.h>' 'h1 has no sockets'
refuses includes h3/h3_x.c '#include <time.h>' 'h3 has no clock'

accepts names src/ws/ws_x.c ''
refuses names src/ws/frame.c '' 'a file here starts with ws_'
refuses names tests/unit/ws/ws_a.h '' 'there is'

accepts banned src/ws/ws_x.c '/* sprintf(x) */ const char *a = "gets(b)"; /* and\nrand() */ tri_rand(); p->system(1);'
refuses banned src/ws/ws_x.c 'int a;\nx = strcpy(a, b);' 'src/ws/ws_x.c:2: strcpy is banned'
refuses banned tests/unit/ws/ws_x_test.c 'n = atoi (s);' 'atoi is banned'

if command -v clang-format >/dev/null; then
    accepts format src/ws/ws_x.c 'int x;'
    refuses format src/ws/ws_x.c 'int   x ;' 'not formatted'
fi
if command -v shellcheck >/dev/null; then
    refuses shell tests/x.sh '#!/bin/sh\necho $1' 'SC2086'
fi

exit "$failed"
