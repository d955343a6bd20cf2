#!/usr/bin/env bash
# The one entry point. Builds what is out of date, then hands over to the orc program (or to the test and bench scripts).
set -euo pipefail

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
program=$root/Silo/bin/Release/publish/OrleansOrchestrator.Silo
stamp=$root/Silo/bin/Release/publish/.built

command -v dotnet >/dev/null || { echo "orc: the .NET 10 SDK is missing: install it so that 'dotnet' is on the PATH." >&2; exit 1; }

out_of_date() {
    [ -f "$stamp" ] && [ -x "$program" ] || return 0
    [ -n "$(find "$root"/*.props "$root/Machine" "$root/Logs" "$root/Cel" "$root/Grains.Interfaces" \
        "$root/Resources" "$root/Grains" "$root/Api" "$root/Dashboard" "$root/Silo" "$root/NodeAgent" \
        \( -name obj -o -name bin -o -name node_modules \) -prune -o -type f -newer "$stamp" -print -quit)" ]
}

# Into directories of their own, which no other build touches. With machine code for all assemblies: a new process otherwise spends its first
# minute compiling. What is generic over types of others is compiled too, and what is small is inlined from them; the runtime compares what was
# inlined with what is there, so an updated runtime is no danger. Without the compiler's package (no network, another architecture) everything
# works the same, only slower at first.
publish() {
    local project=$1 log=$2 across='--opt-cross-module:*%3b--non-local-generics-module:*'
    set -- dotnet publish "$root/$project" -c Release -o "$root/$project/bin/Release/publish" -p:RunAnalyzers=false -v quiet -nologo -clp:ErrorsOnly
    "$@" --use-current-runtime --self-contained false -p:PublishReadyToRun=true "-p:PublishReadyToRunCrossgen2ExtraArgs=$across" >"$log" 2>&1 && return
    echo "orc: could not compile $project ahead of time, going on without: $(grep -m 1 error "$log" || true)" >&2
    "$@" >"$log" 2>&1 || { cat "$log" >&2; return 1; }
}

build() {
    if out_of_date; then
        echo "Building (this takes a minute the first time) …"
        logs=$(mktemp -d)
        publish NodeAgent "$logs/node" &
        publish Silo "$logs/silo" && wait $! || exit 1
        rm -rf "$logs"
        touch "$stamp"
    fi
}

case ${1:-} in
    test) shift; exec "$root/build/test.sh" "$@" ;;
    bench) shift; build; exec "$root/build/bench.sh" "$@" ;;
    *) build; exec "$program" "$@" ;;
esac
