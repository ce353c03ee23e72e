#!/usr/bin/env bash
#
# The rules that a compiler does not know. `dev lint` runs all of them.
#
#   lint.sh PART...   PART: format names includes banned shell symbols tidy
#   lint.sh --fix     formats the sources in place
#
# tidy wants TRISOCK_LINT_BUILD, a build tree made with clang; symbols wants
# TRISOCK_LINT_LIB, a libtrisock.so. TRISOCK_ROOT names another tree to look at.
set -eu

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "${TRISOCK_ROOT:-$here/../..}"
cache=${TRISOCK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/trisock}/lint
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# sources name-pattern...: files of ours, one a line
sources() {
    local pattern
    for pattern in "$@"; do
        find src h1 h2 h3 tests -name node_modules -prune -o -type f -name "$pattern" -print 2>/dev/null
    done | sort
}

# bad file:line message
complaints=0
bad() {
    printf '%s: %s\n' "$1" "$2"
    complaints=$((complaints + 1))
}
# The same for the output of a filter: one complaint a line.
bad_lines() {
    local line
    while IFS= read -r line; do
        printf '%s\n' "$line"
        complaints=$((complaints + 1))
    done
}

# --- format ---------------------------------------------------------------------------------

lint_format() {
    sources '*.[ch]' | xargs -r clang-format --dry-run -Werror 2>"$work/format" || true
    bad_lines < <(grep -E '(error|warning):' "$work/format" | sed 's/ \[-Wclang-format-violations\]//' |
        sed -E 's/(:[0-9]+:[0-9]+): error: .*/\1: not formatted (dev lint --fix)/' |
        awk -F: '!seen[$1]++')
}

# --- names ----------------------------------------------------------------------------------

# Basenames are unique, because include directories are flat; and a file of a
# module starts with the module's name.
lint_names() {
    bad_lines < <(sources '*.[ch]' | awk -F/ '
        { if ($NF in seen) { print $0 ": there is " seen[$NF] " already" } else { seen[$NF] = $0 } }')
    bad_lines < <(modules | while read -r name folder _; do
        find "$folder" -maxdepth 1 -name '*.[ch]' ! -name "${name}_*" 2>/dev/null |
            sed "s/\$/: a file here starts with ${name}_/"
    done)
}

# --- includes -------------------------------------------------------------------------------

# The table of modules.cmake: name folder deps libs, the lists joined by commas.
modules() {
    awk '
    function expand(text,   name) {
        while (match(text, /\$\{[a-z_]+\}/)) {
            name = substr(text, RSTART + 2, RLENGTH - 3)
            text = substr(text, 1, RSTART - 1) list[name] substr(text, RSTART + RLENGTH)
        }
        return text
    }
    /^set\(all_/ { gsub(/^set\(|\)$/, ""); n = $1; $1 = ""; list[n] = $0 }
    /^trisock_module\(/ {
        gsub(/^trisock_module\(|\).*$/, "")
        count = split(expand($0), word, " +")
        deps = libs = ","; kind = ""
        for (i = 3; i <= count; i++) {
            if (word[i] == "DEPS" || word[i] == "LIBS") { kind = word[i] }
            else if (kind == "DEPS") { deps = deps word[i] "," }
            else { libs = libs word[i] "," }
        }
        print word[1], word[2], deps, libs
    }' "$here/modules.cmake"
}

# Every #include of ours: file line what. |what| keeps its quotes or brackets.
all_includes() {
    sources '*.[ch]' | xargs -r awk '
        /^[ \t]*#[ \t]*include[ \t]+["<]/ {
            match($0, /["<][^">]*[">]/); print FILENAME, FNR, substr($0, RSTART, RLENGTH)
        }'
}

# The compiler refuses a forbidden folder already; this names the rule, and sees
# what one include directory for all libraries cannot.
lint_includes() {
    modules >"$work/modules"
    all_includes >"$work/includes"
    {
        sources '*.h'
        echo "src/app/app_site_files.h" # made by the build
    } >"$work/headers"
    bad_lines < <(awk '
        function at(why) { print $1 ":" $2 ": " why }
        function module_of(path,   folder) {
            folder = path; sub(/\/[^\/]*$/, "", folder)
            return folder in by_folder ? by_folder[folder] : ""
        }
        FILENAME == ARGV[1] { by_folder[$2] = $1; deps[$1] = $3; libs[$1] = $4; next }
        FILENAME == ARGV[2] { base = $1; sub(/.*\//, "", base); owner[base] = $1; next }
        {
            name = $3; gsub(/["<>]/, "", name)
            from = module_of($1)
            if (name ~ /^\.\.\//) { at("no include through ../"); next }
            if (name == "trisock/trisock.h" || from == "") { next }

            if ($3 ~ /^"/) {
                if (!(name in owner)) { at("there is no " name); next }
                to = module_of(owner[name])
                if (to == "") { at(from " may not include " owner[name]) }
                else if (to != from && index(deps[from], "," to ",") == 0) {
                    at(from " may not include " to " (src/build/modules.cmake)")
                }
                next
            }
            lib = ""
            if (name ~ /^(wolfssl|nghttp2|nghttp3|ngtcp2)\//) { lib = name; sub(/\/.*/, "", lib) }
            if (name == "uv.h") { lib = "uv" }
            if (name == "zlib.h") { lib = "zlib" }
            if (lib != "" && index(libs[from], "," lib ",") == 0) {
                at(from " may not use " lib " (src/build/modules.cmake)")
            }
            if (from ~ /^(ws|http|h1|h2)$/ &&
                name ~ /^(sys\/(socket|epoll|uio)|netinet\/.*|arpa\/.*|poll|netdb)\.h$/) {
                at(from " has no sockets")
            }
            if (from ~ /^(ws|http|h1|h2|h3)$/ && name ~ /^(time|sys\/time|sys\/timerfd)\.h$/) {
                at(from " has no clock: time is passed in")
            }
        }' "$work/modules" "$work/headers" "$work/includes")
}

# --- banned functions -----------------------------------------------------------------------

banned='strcpy|strcat|strncpy|strncat|stpcpy|sprintf|vsprintf|gets|strtok|atoi|atol|atoll|atof|alloca|rand|srand|random|system|popen|tmpnam|mktemp|asctime|ctime|gmtime|localtime'

lint_banned() {
    # shellcheck disable=SC2046 # our file names have no spaces
    bad_lines < <(awk -v banned="$banned" '
        # Comments and literals are blanked first. |inside| is true within a comment.
        FNR == 1 { inside = 0 }
        {
            line = $0; code = ""
            while (line != "") {
                if (inside) {
                    end = index(line, "*/")
                    if (end == 0) { line = ""; break }
                    line = substr(line, end + 2); inside = 0
                } else if (match(line, /"([^"\\]|\\.)*"|\047([^\047\\]|\\.)*\047|\/\*|\/\//)) {
                    what = substr(line, RSTART, RLENGTH)
                    code = code substr(line, 1, RSTART - 1) " "
                    if (what == "//") { line = ""; break }
                    if (what == "/*") { inside = 1 }
                    line = substr(line, RSTART + RLENGTH)
                } else { code = code line; line = "" }
            }
            if (match(code, "(^|[^A-Za-z0-9_.>])(" banned ")[ \t]*\\(")) {
                name = substr(code, RSTART, RLENGTH); gsub(/[^a-z]/, "", name)
                print FILENAME ":" FNR ": " name " is banned"
            }
        }' $(sources '*.[ch]') /dev/null)
}

# --- shell scripts --------------------------------------------------------------------------

lint_shell() {
    command -v shellcheck >/dev/null || return 0
    local scripts=() file
    for file in dev .ci/run; do
        [ ! -f "$file" ] || scripts+=("$file")
    done
    while IFS= read -r file; do
        scripts+=("$file")
    done < <(sources '*.sh')
    # SC2317 and SC2016 do not see functions called by name, and awk's own variables.
    shellcheck -x -e SC2317,SC2016 -f gcc "${scripts[@]}" >"$work/shell" || true
    bad_lines <"$work/shell"
}

# --- symbols --------------------------------------------------------------------------------

# libtrisock.so exports what trisock.h marks TRI_API: nothing more, nothing less.
lint_symbols() {
    local header=src/include/trisock/trisock.h lib=${TRISOCK_LINT_LIB:-}
    [ -f "$lib" ] || { bad "$header" "no libtrisock.so to compare it with" && return; }
    # Comments out, lines joined, then the name before the first parenthesis.
    sed -E 's@/\*([^*]|\*+[^*/])*\*+/@@g' "$header" | sed '/\/\*/,/\*\//d' | grep -v '^#' | tr '\n' ' ' |
        grep -oE 'TRI_API[^;(]*\(' | sed -E 's/.*[^A-Za-z0-9_]([A-Za-z0-9_]+) *\($/\1/' |
        sort -u >"$work/declared"
    nm -D --defined-only "$lib" | awk '$2 !~ /^[aA]$/ { print $3 }' | sort -u >"$work/exported"
    bad_lines < <(comm -13 "$work/declared" "$work/exported" |
        sed "s|^|$lib: exported, but not TRI_API in trisock.h: |")
    bad_lines < <(comm -23 "$work/declared" "$work/exported" |
        sed "s|^|$header: TRI_API, but not exported: |")
}

# --- clang-tidy -----------------------------------------------------------------------------

# One key a file: the hash of all that its verdict depends on, so what passed once
# and has not changed is not looked at again. Basenames are unique, so the headers
# behind a file are found by name.
tidy_keys() {
    local shared
    shared=$({
        cat .clang-tidy
        clang-tidy --version
        grep -v '"file"\|"directory"' "$TRISOCK_LINT_BUILD/compile_commands.json" |
            grep -oE ' -((std|D|W|f)[^ ]*|isystem [^ ]*)' | sort -u
    } | sha256sum | cut -c 1-16)
    all_includes >"$work/includes"
    # shellcheck disable=SC2046 # our file names have no spaces
    sha256sum $(sources '*.[ch]') >"$work/hashes"
    awk -v shared="$shared" '
        function visit(file,   i, name) {
            if (file in done) { return }
            done[file] = 1
            key = key hash[file]
            for (i = 1; i <= count[file]; i++) {
                name = includes[file, i]
                if (name in path) { visit(path[name]) }
            }
        }
        FILENAME == ARGV[1] { hash[$2] = $1; base = $2; sub(/.*\//, "", base); path[base] = $2; next }
        { name = $3; gsub(/["<>]/, "", name); sub(/.*\//, "", name)
          includes[$1, ++count[$1]] = name }
        END {
            for (file in hash) {
                if (file !~ /\.c$/) { continue }
                split("", done); key = shared; visit(file)
                print file, key
            }
        }' "$work/hashes" "$work/includes" |
        while read -r file key; do
            printf '%s %s\n' "$(printf '%s' "$key" | sha256sum | cut -c 1-32)" "$file"
        done | sort -k 2
}

# Called once a file, by xargs: key file
tidy_one() {
    if clang-tidy --quiet -p "$TRISOCK_LINT_BUILD" "$2" >"$3/$1.out" 2>"$3/$1.err"; then
        : >"$cache/$1"
    else
        # What is to be mended is on stdout; stderr says so only if there was none.
        if grep -q . "$3/$1.out"; then cat "$3/$1.out"; else cat "$3/$1.err"; fi
        echo "$2: clang-tidy is not content"
    fi
}

lint_tidy() {
    local build=${TRISOCK_LINT_BUILD:-}
    [ -f "$build/compile_commands.json" ] || { bad .clang-tidy "no build tree to read flags from" && return; }
    mkdir -p "$cache"
    tidy_keys | while read -r key file; do
        # Only what is compiled can be looked at.
        if [ ! -f "$cache/$key" ] && grep -q "/$file\"" "$build/compile_commands.json"; then
            printf '%s %s %s\n' "$key" "$file" "$work"
        fi
    done >"$work/todo"
    [ -s "$work/todo" ] || return 0
    printf 'clang-tidy: %s files\n' "$(wc -l <"$work/todo")"
    export -f tidy_one
    export cache TRISOCK_LINT_BUILD
    # shellcheck disable=SC2016 # the inner shell expands them
    xargs -P "$(nproc)" -L 1 bash -c 'tidy_one "$@"' tidy <"$work/todo" >"$work/tidy"
    grep -v 'clang-tidy is not content$' "$work/tidy" || true
    bad_lines < <(grep 'clang-tidy is not content$' "$work/tidy")
}

# --------------------------------------------------------------------------------------------

if [ "${1:-}" = --fix ]; then
    sources '*.[ch]' | xargs -r clang-format -i
    exit 0
fi

failed=0
for part in "$@"; do
    complaints=0
    "lint_$part"
    if [ "$complaints" -gt 0 ]; then
        printf 'lint %s: %d to mend\n' "$part" "$complaints"
        failed=1
    else
        printf 'lint %s: clean\n' "$part"
    fi
done
exit "$failed"
