#!/usr/bin/env bash
# The one entry point. Builds what is out of date, then hands over to the orc program (or to the test and bench scripts).
set -euo pipefail

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
program=$root/Silo/bin/Release/publish/OrleansOrchestrator.Silo
stamp=$root/Silo/bin/Release/publish/.built

# Whether a command line asks for help.
asks_help() {
    local word
    for word; do
        case $word in --) return 1 ;; -h | --help | '-?') return 0 ;; esac
    done
    return 1
}

# The help of a command as it is written down, for as long as there is no program that could say it.
written_help() {
    local command="\$ orc"
    while [[ ${1:-} == [a-z]* ]]; do command+=" $1"; shift; done
    awk -v wanted="$command --help" '/^\$ / { said = $0 == wanted; next } said { print; found = 1 } END { exit !found }' \
        "$root/docs/commands.txt"
}

if asks_help "$@" && [[ ${1:-} != test && ${1:-} != bench ]]; then
    [ -x "$program" ] && [ -f "$stamp" ] && exec "$program" "$@"
    written_help "$@" || written_help
    exit
fi

command -v dotnet >/dev/null || { echo "orc: the .NET 10 SDK is missing: install it so that 'dotnet' is on the PATH." >&2; exit 1; }

out_of_date() {
    [ -f "$stamp" ] && [ -x "$program" ] || return 0
    [ -n "$(find "$root"/*.props "$root/Formats" "$root/Machine" "$root/Logs" "$root/Cel" "$root/Grains.Interfaces" \
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

# A line every quarter of a minute, so that nobody takes a slow machine for a build that hangs.
tell_progress() {
    local begun=$1 start=$SECONDS made
    while sleep 15 >/dev/null 2>&1; do # it may outlive us by that long: it must hold nobody's pipe
        made=$(find "$root"/{Silo,NodeAgent}/obj/Release -path '*/R2R/*.dll' -newer "$begun" 2>/dev/null | wc -l || true)
        printf '  %d:%02d  %s\n' $(((SECONDS - start) / 60)) $(((SECONDS - start) % 60)) \
            "$([ "$made" = 0 ] && echo "compiling" || echo "machine code made for $made assemblies")"
    done
}

# In a subshell, whose end takes what it made with it, however it comes. The lock keeps a second orc from building into the same directories;
# the compiler's servers, which outlive the build, must not hold it.
build() (
    out_of_date || exit 0
    mkdir -p "$root/Silo/bin/Release"
    exec 9>"$root/Silo/bin/Release/.building"
    flock -n 9 || { echo "Another orc is building here; waiting for it …"; flock 9; }
    out_of_date || exit 0
    echo "Building (a minute or two on a fast machine, the first time) …"
    logs=$(mktemp -d)
    touch "$logs/begun"
    trap 'exit 130' INT TERM
    tell_progress "$logs/begun" 9>&- &
    progress=$!
    trap 'kill "$progress" 2>/dev/null || true; rm -rf "$logs"' EXIT
    publish NodeAgent "$logs/node" 9>&- &
    node=$!
    publish Silo "$logs/silo" 9>&- || exit 1
    wait "$node" || exit 1
    touch "$stamp"
)

case ${1:-} in
    test) shift; exec "$root/build/test.sh" "$@" ;;
    bench) shift; asks_help "$@" || build; exec "$root/build/bench.sh" "$@" ;;
    # What only looks or ends something does not wait for a build: the program that is there will do.
    down | reset | status) [ -f "$stamp" ] || build; exec "$program" "$@" ;;
    *) build; exec "$program" "$@" ;;
esac
