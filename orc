#!/usr/bin/env bash
# The one entry point. Builds what is out of date, then hands over to the orc program (or to the test and bench scripts).
set -euo pipefail

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
program=$root/Silo/bin/Release/net10.0/OrleansOrchestrator.Silo
stamp=$root/Silo/bin/Release/.built

command -v dotnet >/dev/null || { echo "orc: the .NET 10 SDK is missing: install it so that 'dotnet' is on the PATH." >&2; exit 1; }

out_of_date() {
    [ -f "$stamp" ] && [ -x "$program" ] || return 0
    [ -n "$(find "$root"/*.props "$root/Grains.Interfaces" "$root/Resources" "$root/Grains" "$root/Api" "$root/Silo" "$root/NodeAgent" \
        \( -name obj -o -name bin \) -prune -o -type f -newer "$stamp" -print -quit)" ]
}

build() {
    if out_of_date; then
        echo "Building (this takes a minute the first time) …"
        mark=$(mktemp)
        for project in Silo NodeAgent; do
            dotnet build "$root/$project" -c Release -v quiet -nologo -clp:ErrorsOnly >"$mark" 2>&1 || { cat "$mark" >&2; exit 1; }
        done
        rm -f "$mark"
        touch "$stamp"
    fi
}

case ${1:-} in
    test) shift; exec "$root/build/test.sh" "$@" ;;
    bench) shift; build; exec "$root/build/bench.sh" "$@" ;;
    *) build; exec "$program" "$@" ;;
esac
