using System.Buffers.Text;
using System.Globalization;
using System.Text;
using CsCheck;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Golden.Fuzzing;

/// <summary>
/// Whatever bytes come from outside, as bodies, patches, selectors, queries, tokens or headers, over real HTTP: there
/// is an answer, it is below 500, and memory stays bounded. TestSeed says how a failure
/// is repeated, and how more of them are sent.
/// </summary>
public sealed class ParserFuzzTests(FuzzServer server) : IClassFixture<FuzzServer>
{
    private const int Requests = 1000;

    private static readonly string[] Objects =
    [
        "/api/v1/namespaces/default/configmaps/x", "/api/v1/namespaces/default/pods/x", "/api/v1/namespaces/default/services/x",
        "/apis/apps/v1/namespaces/default/deployments/x", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/x",
        "/apis/events.k8s.io/v1/namespaces/default/events/y", "/api/v1/nodes/fuzz-x",
        "/apis/apps/v1/namespaces/default/deployments/x/scale", "/api/v1/namespaces/default/pods/x/status",
        "/api/v1/namespaces/default/pods/x/ephemeralcontainers", "/api/v1/namespaces/default/pods/x/resize",
    ];

    private static readonly string[] Collections = ["/api/v1/namespaces/default/configmaps", "/api/v1/pods", "/apis/apps/v1/deployments", "/apis/events.k8s.io/v1/events"];

    private static readonly string[] Subresources = ["/binding", "/eviction"];

    private static readonly string[] QueryNames =
    [
        "labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "resourceVersionMatch", "timeoutSeconds", "watch",
        "sendInitialEvents", "allowWatchBookmarks", "pretty", "dryRun", "fieldManager", "fieldValidation", "force", "includeObject",
        "gracePeriodSeconds", "propagationPolicy", "orphanDependents", "exact", "export", "timeout", "ignoreStoreReadErrorWithClusterBreakingPotential",
    ];

    private static readonly string[] QueryValues =
    [
        "", "0", "1", "-1", "true", "x", "9223372036854775807", "9223372036854775808", "99999999999999999999", "1e3", "%00", "%ff%fe", "All", "Exact",
        "NotOlderThan", "Foreground", "Strict", "a%3Db", "a+in+(b,c)", "metadata.name%3Dx", "!a", "a%3D%3D%3Db", "(((((", ",,,,", "%E2%80%A8", "a%3Cb",
        "spec.nodeName!%3Dx,metadata.namespace%3D", "\\", "%5C,%3D", "a%00b", "Metadata", "Object", "2001-01-01T00:00:00Z",
    ];

    private static readonly string[] MediaParts =
    [
        "application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "application/cbor", "text/html", "*/*", "*", "application/*", ";as=Table",
        ";v=v1", ";v=v1beta1", ";g=meta.k8s.io", ";as=PartialObjectMetadata", ";as=PartialObjectMetadataList", ";as=APIGroupDiscoveryList;g=apidiscovery.k8s.io;v=v2",
        ";q=0.5", ";q=x", ";q=", ";stream=watch", ";charset=\"", ";=", ",", ";", "/", "\"", "\\", " ", "=", "\t", "application/merge-patch+json",
        "application/json-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml", "\u00e9",
    ];

    [Fact]
    public Task JsonBodies() => FuzzAsync(
        Gen.Select(Body, Edits.Some, Gen.Int[0, 3], Validation).Select(static (body, edits, how, validation) => new FuzzRequest(
            how == 3 ? "PUT" : "POST",
            $"{body.Path}{(how == 3 ? "/x" : "")}?dryRun=All&fieldValidation={validation}",
            "application/json",
            how == 1 ? Edits.InBytes(body.Json, edits) : Edits.InStructure(body.Json, edits))));

    [Fact]
    public Task YamlBodies() => FuzzAsync(
        Gen.Select(Body, Edits.Some, Gen.OneOf(Gen.Const(""), YamlText), Validation).Select(static (body, edits, yaml, validation) => new FuzzRequest(
            "POST",
            $"{body.Path}?dryRun=All&fieldValidation={validation}",
            "application/yaml",
            yaml.Length > 0 ? Edits.InBytes(Encoding.UTF8.GetBytes(yaml), edits) : Edits.InBytes(body.Json, edits))));

    [Fact]
    public Task ProtobufBodies() => FuzzAsync(
        Gen.Select(Gen.Int[0, FuzzBodies.Protobuf.Count - 1], Edits.Some).Select(static (index, edits) => new FuzzRequest(
            "POST",
            InDefaultNamespace(FuzzBodies.Protobuf[index].Path) + "?dryRun=All",
            "application/vnd.kubernetes.protobuf",
            Edits.InBytes(FuzzBodies.Protobuf[index].Body, edits))));

    [Fact]
    public Task JsonPatches() => FuzzAsync(
        Gen.Select(From(Objects), Operation.Array[0, 6], Edits.Some, Gen.Bool).Select(static (path, operations, edits, inBytes) =>
        {
            var json = Encoding.UTF8.GetBytes($"[{string.Join(',', operations)}]");
            return new FuzzRequest(
                "PATCH",
                $"{path}?dryRun=All",
                "application/json-patch+json",
                inBytes ? Edits.InBytes(json, edits) : json);
        }));

    [Fact]
    public Task MergePatches() => FuzzAsync(
        Gen.Select(From(Objects), Body, Edits.Some, Gen.Int[0, 3]).Select(static (path, body, edits, how) => new FuzzRequest(
            "PATCH",
            $"{path}?dryRun=All",
            how % 2 == 0 ? "application/merge-patch+json" : "application/strategic-merge-patch+json",
            how > 1 ? Edits.InBytes(body.Json, edits) : Edits.InStructure(body.Json, edits))));

    [Fact]
    public Task StrategicDirectives() => FuzzAsync(
        Gen.Select(From(Objects), Directive.Array[1, 5], Edits.Some).Select(static (path, directives, edits) =>
        {
            var json = Encoding.UTF8.GetBytes(
                $"{{\"metadata\":{{\"labels\":{{\"a\":\"b\"}}}},\"spec\":{{{string.Join(',', directives)}}}}}");
            return new FuzzRequest(
                "PATCH",
                $"{path}?dryRun=All",
                "application/strategic-merge-patch+json",
                edits.Length > 3 ? Edits.InBytes(json, edits) : json);
        }));

    [Fact]
    public Task Deletions() => FuzzAsync(
        Gen.Select(From(Objects), Edits.Some, Gen.Int[0, 2]).Select(static (path, edits, how) => new FuzzRequest(
            "DELETE",
            $"{path}?dryRun=All",
            how == 0 ? "application/yaml" : "application/json",
            Edits.InStructure(
                """{"apiVersion":"v1","kind":"DeleteOptions","dryRun":["All"],"gracePeriodSeconds":1,"preconditions":{"uid":"u","resourceVersion":"1"},"propagationPolicy":"Foreground"}"""u8.ToArray(),
                edits))));

    [Fact]
    public Task SmallSubresources() => FuzzAsync(
        Gen.Select(From(Subresources), Edits.Some).Select(static (name, edits) => new FuzzRequest(
            "POST",
            $"/api/v1/namespaces/default/pods/x{name}?dryRun=All",
            "application/json",
            Edits.InStructure(
                """{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"x"},"target":{"kind":"Node","name":"n"},"deleteOptions":{"dryRun":["All"]}}"""u8.ToArray(),
                edits))));

    [Fact]
    public Task Selectors() => FuzzAsync(
        Gen.Select(From(Collections), Gen.Bool, Gen.String[Gen.Char["ab!=,()<> \t\\\"'./-_inotx\u00e9\0%"], 0, 60]).Select(static (path, isLabel, text) =>
            Get($"{path}?{(isLabel ? "labelSelector" : "fieldSelector")}={Uri.EscapeDataString(text)}")));

    [Fact]
    public Task Queries() => FuzzAsync(
        Gen.Select(From(Collections.Concat(Objects).ToArray()), Gen.Select(From(QueryNames), From(QueryValues)).Array[0, 5], From("GET", "GET", "DELETE")).Select(
            static (path, query, method) => new FuzzRequest(
                method,
                $"{path}?{string.Join('&', query.Select(q => $"{q.Item1}={q.Item2}"))}{(method == "DELETE" ? "&dryRun=All" : "")}",
                "",
                [])));

    [Fact]
    public Task ContinueTokens() => FuzzAsync(
        Gen.Select(Edits.Some, Gen.Int[0, 2], Gen.OneOf(Gen.Long[-3, 3], Gen.Long[long.MinValue, 0]), Gen.String[0, 20]).Select(static (edits, how, revision, start) =>
        {
            var json = Encoding.UTF8.GetBytes($"{{\"v\":\"meta.k8s.io/v1\",\"rv\":{revision.ToString(CultureInfo.InvariantCulture)},\"start\":\"{start.Replace('"', '/')}\"}}");
            var token = how switch
            {
                0 => Base64Url.EncodeToString(Edits.InBytes(json, edits)),
                1 => Uri.EscapeDataString(start),
                _ => Uri.EscapeDataString(Encoding.Latin1.GetString(Edits.InBytes(Encoding.ASCII.GetBytes(Base64Url.EncodeToString(json)), edits))),
            };
            return Get($"{Collections[0]}?limit=1&continue={(token.Length > 9000 ? token[..9000] : token)}");
        }));

    [Fact]
    public Task MediaTypes() => FuzzAsync(
        Gen.Select(From(MediaParts).Array[0, 8], From(MediaParts).Array[0, 5], From("GET", "POST", "PATCH"), Body).Select(
            static (accept, contentType, method, body) => new FuzzRequest(
                method,
                $"{body.Path}{(method == "PATCH" ? "/x" : "")}?dryRun=All",
                method == "GET" ? "" : string.Concat(contentType),
                method == "GET" ? [] : body.Json) { Accept = string.Concat(accept) }));

    [Fact]
    public Task Paths() => FuzzAsync(
        Gen.Select(
            From(
                "/api",
                "/api/v1",
                "/apis",
                "/apis/apps/v1",
                "/openapi/v3",
                "/openapi/v2",
                "/",
                "/api/v1/watch",
                "/version",
                "/healthz",
                "/apis/events.k8s.io/v1",
                "/metrics"),
            From(
                "/",
                "namespaces",
                "default",
                "pods",
                "x",
                "..",
                ".",
                "%2e%2e",
                "%2F",
                "%00",
                "%",
                "%zz",
                "proxy",
                "status",
                "exec",
                "log",
                "//",
                ";",
                "?",
                "\u00e9",
                "a:b:c:d",
                "watch").Array[0, 7],
            From("GET", "POST", "PUT", "HEAD", "OPTIONS", "TRACE", "FOO")).Select(static (root, parts, method) => new FuzzRequest(
                method, $"{root}/{string.Join('/', parts)}".Replace("é", "%C3%A9", StringComparison.Ordinal), "", [])));

    [Fact]
    public async Task BodiesBeyondTheLimitAreRefused()
    {
        var body = new byte[(4 * 1024 * 1024) + 1];
        Array.Fill(body, (byte)'[');
        foreach (var type in (string[])["application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "application/merge-patch+json"])
        {
            await server.CheckAsync(new FuzzRequest(type.Contains("patch", StringComparison.Ordinal) ? "PATCH" : "POST", type.Contains("patch", StringComparison.Ordinal) ? Objects[0] : Collections[0], type, body));
            await server.CheckAsync(new FuzzRequest(type.Contains("patch", StringComparison.Ordinal) ? "PATCH" : "POST", type.Contains("patch", StringComparison.Ordinal) ? Objects[0] : Collections[0], type, body[..(3 * 1024 * 1024)]));
        }
    }

    private static Gen<(string Path, byte[] Json)> Body { get; } =
        Gen.Int[0, FuzzBodies.All.Count - 1].Select(i => FuzzBodies.All[i]);

    private static Gen<string> Validation { get; } = From("Ignore", "Warn", "Strict");

    private static Gen<string> Pointer { get; } = From(
        "", "/", "/metadata", "/metadata/labels/a~1b", "/metadata/labels", "/spec/containers/0/image", "/spec/containers/-", "/spec/containers/-1", "/spec/containers/99999999999",
        "/data/~2", "/spec", "/status", "/spec/template/spec/containers/0", "noslash", "//", "/metadata/name", "/metadata/resourceVersion", "/kind", "/endpoints/0/addresses/01");

    private static Gen<string> Operation { get; } = Gen.Select(
        From("add", "remove", "replace", "move", "copy", "test", "Add", "", "x"), Pointer, Pointer, Gen.Int[0, Edits.NastyCount - 1]).Select(
        static (op, path, from, value) =>
        {
            var raw = Edits.Raw(value);
            return $"{{\"op\":\"{op}\",\"path\":\"{path}\",\"from\":\"{from}\",\"value\":{(raw.Length > 1000 ? "1" : Encoding.UTF8.GetString(raw))}}}";
        });

    private static Gen<string> Directive { get; } = Gen.Select(
        From(
            "$patch",
            "$retainKeys",
            "$setElementOrder/containers",
            "$deleteFromPrimitiveList/finalizers",
            "$setElementOrder/ports",
            "containers",
            "ports",
            "volumes",
            "$setElementOrder/",
            "$deleteFromPrimitiveList/containers"),
        From("\"delete\"", "\"replace\"", "\"merge\"", "[]", "[{\"name\":\"c\"}]", "[{\"$patch\":\"replace\"}]", "[{\"name\":\"c\",\"$patch\":\"delete\"}]", "[null]", "[1,\"a\",null,{}]", "{}", "null", "[[]]", "[{\"port\":80},{\"port\":80}]")).Select(
        static (name, value) => $"\"{name}\":{value}");

    private static Gen<string> YamlText { get; } = From(
        "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n",
        "a: &a\n  b: *a\n", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  a: |\n    x\n  b: >-\n    y\n", "---\n---\n", "? a\n: b\n", "!!binary x\n", "a: !!python/object x\n", "%YAML 9.9\n---\na\n",
        "<<: {a: b}\n", "a: 0x10\nb: 0o17\nc: 1_000\nd: .inf\ne: .nan\nf: 2001-01-01\n", "- - - - -\n", "{a: [b, {c: d}]}\n", "'unterminated", "a: b: c\n", "\t\n", "a:\n\tb\n", "\ufeffa: b\n", "a: \"\\x41\\u0041\\U00000041\\UFFFFFFFF\"\n");

    private static Gen<T> From<T>(params T[] choices) => Gen.Int[0, choices.Length - 1].Select(i => choices[i]);

    private static FuzzRequest Get(string path) => new("GET", path, "", []);

    private static string InDefaultNamespace(string path)
    {
        var parts = path.Split('?')[0].Split('/');
        var at = Array.IndexOf(parts, "namespaces");
        if (at > 0 && parts.Length > at + 2)
        {
            parts[at + 1] = "default";
        }

        return string.Join('/', parts);
    }

    private Task FuzzAsync(Gen<FuzzRequest> requests) =>
        requests.CheckAsync(server.CheckAsync, cases: Requests, threads: 1);
}
