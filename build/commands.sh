#!/usr/bin/env bash
# Writes down what 'orc COMMAND --help' says (docs/commands.txt), which ./orc shows until it has been built.
# Usage: build/commands.sh [PROGRAM]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=${1:-$root/Silo/bin/Release/publish/OrleansOrchestrator.Silo}
host=$(hostname | tr '[:upper:]' '[:lower:]')

# One command, and those below it, without what is of this machine and user (as OfNobody of HelpTests has it).
write() {
    local help command
    help=$("$program" "$@" --help)
    printf '$ %s --help\n\n' "orc${*:+ $*}"
    sed -E -e "s|Default: $host\\.|Default: the machine's name.|" -e "s|$HOME/\\.orc|~/.orc|" \
        -e 's#/var/lib/orc|~/\.orc/data#/var/lib/orc as root, ~/.orc/data otherwise#' -e 's/[[:space:]]*$//' <<<"$help"
    echo
    for command in $(sed -n '/^Commands:/,$ s/^  \([a-z][a-z-]*\).*/\1/p' <<<"$help"); do
        case $command in test | bench) ;; *) write "$@" "$command" ;; esac
    done
}

write >"$root/docs/commands.txt"
