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

# Machine code for the silo, over the assemblies just built: a new silo otherwise spends its first minute compiling. Without the compiler's
# package (no network, another architecture) everything works the same, only slower at first.
precompile() {
    dotnet publish "$root/Silo" -c Release --use-current-runtime --self-contained false -p:PublishReadyToRun=true -p:RunAnalyzers=false \
        -o "$(dirname "$program")" -v quiet -nologo -clp:ErrorsOnly >"$1" 2>&1 ||
        echo "orc: could not compile ahead of time, going on without: $(grep -m 1 error "$1" || true)" >&2
}

build() {
    if out_of_date; then
        echo "Building (this takes a minute the first time) …"
        mark=$(mktemp)
        for project in Silo NodeAgent; do
            dotnet build "$root/$project" -c Release -v quiet -nologo -clp:ErrorsOnly >"$mark" 2>&1 || { cat "$mark" >&2; exit 1; }
        done
        precompile "$mark"
        rm -f "$mark"
        touch "$stamp"
    fi
}

case ${1:-} in
    test) shift; exec "$root/build/test.sh" "$@" ;;
    bench) shift; build; exec "$root/build/bench.sh" "$@" ;;
    *) build; exec "$program" "$@" ;;
esac
