using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>
/// Every endpoint that takes a body reads it with the one strict codec, whoever answers it: the same malformed bodies
/// get the same refusals everywhere.
/// </summary>
public sealed class BodyTests(SecurityServer server) : IClassFixture<SecurityServer>
{
    private const string Space = SecurityServer.Space;

    private static readonly (string Method, string Path, string Kind, string ApiVersion)[] Endpoints =
    [
        ("POST", $"{Space}/configmaps", "ConfigMap", "v1"),
        ("PUT", $"{Space}/configmaps/mine", "ConfigMap", "v1"),
        ("PUT", $"{Space}/pods/p1/status", "Pod", "v1"),
        ("PUT", $"{Space}/pods/p1/resize", "Pod", "v1"),
        ("PUT", $"{Space}/pods/p1/ephemeralcontainers", "Pod", "v1"),
        ("PUT", "/api/v1/namespaces/default/finalize", "Namespace", "v1"),
        ("PUT", "/api/v1/nodes/n1/status", "Node", "v1"),
        ("POST", $"{Space}/pods/p1/binding", "Binding", "v1"),
        ("POST", $"{Space}/bindings", "Binding", "v1"),
        ("POST", $"{Space}/pods/p1/eviction", "Eviction", "policy/v1"),
        ("PUT", "/apis/apps/v1/namespaces/default/deployments/d/scale", "Scale", "autoscaling/v1"),
        ("POST", $"{Space}/serviceaccounts/mine/token", "TokenRequest", "authentication.k8s.io/v1"),
    ];

    // {K} is the kind, {V} its version without the group.
    private static readonly (string Body, string Type, int Status, string Message)[] Broken =
    [
        ("""{"metadata":1}""", "json", 400, "{K} in version \"{V}\" cannot be handled as a {K}: json: cannot unmarshal number into Go struct field {K}.metadata of type v1.ObjectMeta"),
        ("""{"metadata":{"labels":[]}}""", "json", 400, "{K} in version \"{V}\" cannot be handled as a {K}: json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string"),
        ("""{"metadata":{"generation":"x"}}""", "json", 400, "{K} in version \"{V}\" cannot be handled as a {K}: json: cannot unmarshal string into Go struct field ObjectMeta.metadata.generation of type int64"),
        ("""{"kind":1}""", "json", 400, "the object provided is unrecognized (must be of type {K}): couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind of type string"),
        ("""{"kind":"Secret","apiVersion":"v1"}""", "json", 400, "Secret in version \"v1\" cannot be handled as a {K}: converting (v1.Secret) to"),
        ("""{"kind":"Nonsense","apiVersion":"v1"}""", "json", 400, "Nonsense in version \"v1\" cannot be handled as a {K}: no kind \"Nonsense\" is registered for version \"v1\" in scheme"),
        ("""{"kind":"{K}","apiVersion":"a/b/c"}""", "json", 400, "the object provided is unrecognized (must be of type {K}): unexpected GroupVersion string: a/b/c"),
        ("[]", "json", 400, "the object provided is unrecognized (must be of type {K}): couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct"),
        ("7", "json", 400, "the object provided is unrecognized (must be of type {K}): couldn't get version/kind; json parse error: json: cannot unmarshal number into Go value of type struct"),
        ("", "json", 400, "the object provided is unrecognized (must be of type {K}): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)"),
        ("{\"metadata\":", "json", 400,
            "the object provided is unrecognized (must be of type {K}): couldn't get version/kind; json parse error: "),
        ("metadata: [", "yaml", 400, "the object provided is unrecognized (must be of type {K}): "),
        ("k8s", "vnd.kubernetes.protobuf", 400, "the object provided is unrecognized (must be of type {K}): "),
        ("x", "octet-stream", 415, "the body of the request was in an unknown format - accepted media types include: "),
    ];

    public static TheoryData<string, string, string, string, string, int, string> All
    {
        get
        {
            var all = new TheoryData<string, string, string, string, string, int, string>();
            foreach (var (method, path, kind, apiVersion) in Endpoints)
            {
                foreach (var (body, type, status, message) in Broken)
                {
                    all.Add(method, path, Fill(
                        body, kind, apiVersion), $"application/{type}", kind, status, Fill(message, kind, apiVersion));
                }
            }

            return all;
        }
    }

    public static TheoryData<string, string, string> Paths
    {
        get
        {
            var all = new TheoryData<string, string, string>();
            foreach (var (method, path, kind, _) in Endpoints)
            {
                all.Add(method, path, kind);
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task AMalformedBodyIsRefusedInTheSameWords(
        string method, string path, string body, string type, string kind, int status, string message)
    {
        var answer = await server.SendAsync(method, $"{path}?dryRun=All", body, type);
        Assert.True(answer.Status == status, $"{kind}: {answer.Status} {answer.Message}");
        Assert.StartsWith(message, answer.Message, StringComparison.Ordinal);
    }

    /// <summary>All that discovery says can be created or updated, subresources included.</summary>
    [Fact]
    public async Task NoEndpointTakesABodyThatIsNone()
    {
        var endpoints = await DiscoverAsync();
        Assert.InRange(endpoints.Count, 150, 1000);
        var taken = new List<string>();
        foreach (var (method, path) in endpoints)
        {
            foreach (var body in (string[])["""{"metadata":1}""", """{"kind":1}""", "[]", "7", "{", ""])
            {
                var answer = await server.SendAsync(method, $"{path}?dryRun=All", body);
                if (answer.Status != 400 || (string?)answer.Body?["reason"] != "BadRequest")
                {
                    taken.Add($"{method} {path} {body}: {answer.Status} {answer.Message}");
                }
            }
        }

        Assert.True(taken.Count == 0, string.Join('\n', taken));
    }

    /// <summary>Where bodies are sent; of what connects there is none.</summary>
    private async Task<List<(string Method, string Path)>> DiscoverAsync()
    {
        var groups = (await server.SendAsync("GET", "/apis")).Body!["groups"]!.AsArray();
        var versions = groups.SelectMany(static g => g!["versions"]!.AsArray())
            .Select(static v => $"/apis/{v!["groupVersion"]}").Prepend("/api/v1");
        var endpoints = new List<(string Method, string Path)>();
        foreach (var version in versions)
        {
            foreach (var resource in (await server.SendAsync("GET", version)).Body!["resources"]!.AsArray())
            {
                var names = ((string)resource!["name"]!).Split('/');
                if (names is [_, "exec" or "attach" or "portforward" or "proxy"])
                {
                    continue;
                }

                var all = (bool)resource["namespaced"]!
                    ? $"{version}/namespaces/default/{names[0]}"
                    : $"{version}/{names[0]}";
                var one = names.Length == 1 ? $"{all}/mine" : $"{all}/mine/{names[1]}";
                var verbs = resource["verbs"]!.AsArray().Select(static v => (string?)v).ToList();
                if (verbs.Contains("create"))
                {
                    endpoints.Add(("POST", names.Length == 1 ? all : one));
                }

                if (verbs.Contains("update"))
                {
                    endpoints.Add(("PUT", one));
                }
            }
        }

        return endpoints;
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task AnUnknownFieldIsRefusedWarnedOfOrIgnoredAsAsked(string method, string path, string kind)
    {
        const string Body = """{"bogus":1,"metadata":{"name":"x","name":"y"}}""";
        var strict = await server.SendAsync(method, $"{path}?dryRun=All&fieldValidation=Strict", Body);
        Assert.Equal(400, strict.Status);
        Assert.Contains(
            $"cannot be handled as a {kind}: strict decoding error: ", strict.Message, StringComparison.Ordinal);
        Assert.Contains("duplicate field \"metadata.name\"", strict.Message, StringComparison.Ordinal);
        Assert.Contains("unknown field \"bogus\"", strict.Message, StringComparison.Ordinal);

        var warned = await server.SendAsync(method, $"{path}?dryRun=All", Body);
        Assert.Contains("299 - \"unknown field \\\"bogus\\\"\"", warned.Warnings);
        var ignored = await server.SendAsync(method, $"{path}?dryRun=All&fieldValidation=Ignore", Body);
        Assert.DoesNotContain(ignored.Warnings, w => w.Contains("bogus", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"gracePeriodSeconds":"x"}""", "json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64")]
    [InlineData("""{"preconditions":[]}""", "json: cannot unmarshal array into Go struct field DeleteOptions.preconditions of type v1.Preconditions")]
    [InlineData("""{"dryRun":"All"}""", "json: cannot unmarshal string into Go struct field DeleteOptions.dryRun of type []string")]
    [InlineData("""{"kind":"Secret","apiVersion":"v1"}""", "no kind \"Secret\" is registered for version \"v1\" in scheme")]
    [InlineData("[]", "json: cannot unmarshal array into Go value of type")]
    public async Task OptionsOfADeletionAreReadStrictly(string body, string message)
    {
        foreach (var path in (string[])[$"{Space}/configmaps/mine", $"{Space}/configmaps", $"{Space}/pods/p1"])
        {
            var answer = await server.SendAsync("DELETE", $"{path}?dryRun=All", body);
            Assert.True(answer.Status == 400, $"{answer.Status} {answer.Message}");
            Assert.Contains(message, answer.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>What a token may be, and what its spec's types are.</summary>
    [Theory]
    [InlineData("""{"spec":1}""", 400, "json: cannot unmarshal number into Go struct field TokenRequest.spec of type v1.TokenRequestSpec")]
    [InlineData("""{"spec":{"audiences":"a"}}""", 400, "json: cannot unmarshal string into Go struct field TokenRequestSpec.spec.audiences of type []string")]
    [InlineData("""{"spec":{"audiences":[1]}}""", 400, "json: cannot unmarshal number into Go struct field TokenRequestSpec.spec.audiences of type string")]
    [InlineData("""{"spec":{"expirationSeconds":"3600"}}""", 400, "json: cannot unmarshal string into Go struct field TokenRequestSpec.spec.expirationSeconds of type int64")]
    [InlineData("""{"spec":{"boundObjectRef":"p1"}}""", 400, "json: cannot unmarshal string into Go struct field TokenRequestSpec.spec.boundObjectRef of type v1.BoundObjectReference")]
    [InlineData("""{"spec":{"expirationSeconds":599}}""", 422, "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes")]
    [InlineData("""{"spec":{"expirationSeconds":4294967297}}""", 422, "spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds")]
    [InlineData("""{"spec":{"boundObjectRef":{"kind":"Pod","apiVersion":"apps/v1","name":"p1"}}}""", 400, "cannot bind token to object of type apps/v1, Kind=Pod")]
    [InlineData("""{"spec":{"boundObjectRef":{"kind":"ConfigMap","apiVersion":"v1","name":"mine"}}}""", 400, "cannot bind token to object of type /v1, Kind=ConfigMap")]
    [InlineData("""{"spec":{"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"p2"}}}""", 400, "cannot bind token for serviceaccount \"mine\" to pod running with different serviceaccount name.")]
    [InlineData("""{"spec":{"boundObjectRef":{"kind":"Node","apiVersion":"v1","name":"n9"}}}""", 404, "nodes \"n9\" not found")]
    public async Task ATokenIsWhatItsRequestSays(string body, int status, string message)
    {
        var answer = await server.SendAsync("POST", $"{Space}/serviceaccounts/mine/token", body);
        Assert.True(answer.Status == status, $"{answer.Status} {answer.Message}");
        Assert.Contains(message, answer.Message, StringComparison.Ordinal);
    }

    /// <summary>Tokens of pods as admission asks for them are good for a year, and say when they are stale.</summary>
    [Theory]
    [InlineData("""{"spec":{"expirationSeconds":3607,"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"p1"}}}""", 31536000, 3607)]
    [InlineData("""{"spec":{"expirationSeconds":3607}}""", 3607, null)]
    [InlineData("""{"spec":{"expirationSeconds":3600,"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"p1"}}}""", 3600, null)]
    [InlineData("""{"spec":{"expirationSeconds":3607,"audiences":["vault"],"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"p1"}}}""", 3607, null)]
    public async Task ATokenOfAPodIsExtended(string body, int life, int? staleAfter)
    {
        var answer = await server.SendAsync("POST", $"{Space}/serviceaccounts/mine/token", body);
        Assert.Equal(201, answer.Status);
        var token = new Microsoft.IdentityModel.JsonWebTokens.JsonWebToken((string)answer.Body!["status"]!["token"]!);
        var claims = token.GetPayloadValue<System.Text.Json.JsonElement>("kubernetes.io");
        Assert.Equal(life, (token.ValidTo - token.IssuedAt).TotalSeconds);
        var issued = new DateTimeOffset(token.IssuedAt).ToUnixTimeSeconds();
        Assert.Equal(
            staleAfter, claims.TryGetProperty("warnafter", out var warn) ? (int?)(warn.GetInt64() - issued) : null);
    }

    private static string Fill(string text, string kind, string apiVersion) => text
        .Replace("{K}", kind, StringComparison.Ordinal)
        .Replace(
            "{V}", apiVersion[(apiVersion.IndexOf('/', StringComparison.Ordinal) + 1)..], StringComparison.Ordinal);
}
