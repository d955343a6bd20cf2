#!/usr/bin/env bash
# Makes the client of tests/Golden/Generated from the document that the API serves, as a user of the API would. Usage: build/client.sh
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
target=tests/Golden/Generated
document=$(mktemp)
trap 'rm -f "$document"' EXIT

dotnet build tests/Api.Tests -c Release -v quiet -nologo -clp:ErrorsOnly
FACADE_DOCUMENT=$document tests/Api.Tests/bin/Release/net10.0/OrleansOrchestrator.Api.Tests -noLogo -class '*FacadeDocumentTests'
dotnet tool restore
configmaps='/api/v1/namespaces/{namespace}/configmaps'
dotnet kiota generate --openapi "$document" --output "$target" --clean-output --language CSharp \
    --namespace-name OrleansOrchestrator.Golden.Generated --class-name KubernetesApi --exclude-backward-compatible \
    --serializer Microsoft.Kiota.Serialization.Json.JsonSerializationWriterFactory \
    --deserializer Microsoft.Kiota.Serialization.Json.JsonParseNodeFactory \
    --include-path "$configmaps" --include-path "$configmaps/{name}" --include-path "${configmaps/v1/v1/watch}"

# The lock names this machine's files and changes with every kind; what is generated is told apart by its name.
rm -f "$target/kiota-lock.json" "$target/.kiota.log"
find "$target" -name '*.cs' ! -name '*.g.cs' -exec sh -c 'mv "$1" "${1%.cs}.g.cs"' _ {} \;
