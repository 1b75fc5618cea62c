#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# c_program.sh [BUILD] - the README's C program against an installed library.
#
# Builds and installs libsabot below BUILD (build/cexample), compiles examples/c/join_streams.c with
# what pkg-config says and nothing else, runs it under valgrind, compares its rows. MESON names the
# meson to use, CC the compiler.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

build=${1:-build/cexample}
meson=${MESON:-.venv/bin/meson}
prefix=$(mkdir -p "$build" && cd "$build" && pwd)/installed

die() {
    echo "c_program: $*" >&2
    exit 1
}

command -v "$meson" >/dev/null || die "no meson at '$meson'; run ./dev setup or set MESON"
command -v valgrind >/dev/null || die "no valgrind; install it (apt-get install valgrind)"

# --- install -------------------------------------------------------------------------------------

log=$build/log.txt
quietly() {
    "$@" >"$log" 2>&1 || {
        tail -40 "$log" >&2
        die "failed: $*"
    }
}

if [[ ! -f $build/meson/build.ninja ]]; then
    quietly "$meson" setup "$build/meson" --prefix "$prefix" -Dtests=false -Dpython=false
fi
quietly "$meson" compile -C "$build/meson"
rm -rf "$prefix"
quietly "$meson" install -C "$build/meson" --no-rebuild

# --- compile -------------------------------------------------------------------------------------

pc=$(find "$prefix" -name sabot.pc)
[[ -n "$pc" ]] || die "no sabot.pc was installed below $prefix"
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
read -ra flags <<<"$(pkg-config --cflags --libs sabot)"
"${CC:-cc}" -std=c17 -g -Wall -Wextra -Werror examples/c/join_streams.c "${flags[@]}" \
    -o "$build/join_streams"

# --- run -----------------------------------------------------------------------------------------

LD_LIBRARY_PATH=$(pkg-config --variable=libdir sabot)
export LD_LIBRARY_PATH
valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect,possible \
    --errors-for-leak-kinds=definite,indirect,possible \
    "$build/join_streams" | sort >"$build/rows.txt" || die "the program failed or valgrind complained"

diff - "$build/rows.txt" <<'END' || die "the rows differ"
1 98.50 Acme
1 99.25 Acme
2 20.00 Bolts
3 10.50 Cogs
3 11.75 Cogs
END
echo "c_program: 5 rows as expected, valgrind clean"
