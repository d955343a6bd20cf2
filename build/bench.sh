#!/usr/bin/env bash
# Measures what ./orc has built. Usage: ./orc bench [--full] [--pods N] [--api-only] [--out FILE],
# or ./orc bench services, workloads, logs, definitions, access, flood or idle; see bench/README.md.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in services | workloads | logs | definitions | flood | idle)
    [ "$1" = services ] || set -- "$@" --root "$root"
    dotnet build "$root/bench/Bench" -c Release -p:BuildProjectReferences=false -v quiet -nologo -clp:ErrorsOnly
    exec "$root/bench/Bench/bin/Release/net10.0/OrleansOrchestrator.Bench" "$@"
    ;;
esac

referee=${ORC_REFEREE:-$root/bench/kbench}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

[ -f "$referee/main.go" ] || { echo "bench: the referee is not in $referee: say where with ORC_REFEREE." >&2; exit 1; }
command -v go >/dev/null || { echo "bench: install Debian's golang-go, which builds the referee." >&2; exit 1; }
cp "$referee"/*.go "$referee/go.mod" "$work"
(cd "$work" && GOCACHE="$work/cache" GOFLAGS=-mod=mod go build -o kbench .)


dotnet build "$root/bench/Bench" -c Release -v quiet -nologo -clp:ErrorsOnly
"$root/bench/Bench/bin/Release/net10.0/OrleansOrchestrator.Bench" \
    "$@" --root "$root" --referee "$work/kbench"
