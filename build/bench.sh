#!/usr/bin/env bash
# Measures what ./orc has built.
set -euo pipefail

for word in "$@"; do
    case $word in -h | --help)
        cat <<'END'
Usage: ./orc bench [--full] [--api-only] [--rollouts-only] [--pods N] [--out FILE]
   or: ./orc bench services | workloads | logs | definitions | access | flood | dashboard | idle

Measures the silo that ./orc has built, with a PostgreSQL of its own, and compares with the targets; bench/README.md has the figures.

  --full            Also 10,000 pods on 1,000 hollow nodes, and the Services of a node.
  --api-only        Only the API phases, without controllers.
  --rollouts-only   Only the Deployments on hollow nodes, with --full the large one too.
  --pods N          Pods in the API phases (5000 unless said).
  --out FILE        Where the JSON goes (bench/results/latest.json unless said).

  services          Services and DNS of a node, in network namespaces of its own: --services N
  workloads         What controllers do with many objects at once: --only WORD, --rounds N, --silo PROGRAM
  logs              How fast central logs are taken and searched, and how small they are: --lines N
  definitions       What many CustomResourceDefinitions cost: --count N
  access            What authorization, quota and audit add to requests: --pods N, --rounds N
  flood             What one client that floods with lists does to nodes and controllers.
  dashboard         How soon the dashboard is of use in Chromium: --pods N, --rounds N
  idle              A cluster with a real node at rest, with and without logs, metrics and the dashboard.
END
        exit 0
        ;;
    esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in services | workloads | logs | definitions | flood | dashboard | idle)
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
