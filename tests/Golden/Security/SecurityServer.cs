using System.Text;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.Auth;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>An answer, read.</summary>
public sealed record SecurityAnswer(int Status, JsonNode? Body, IReadOnlyList<string> Warnings)
{
    public string Message => (string?)Body?["message"] ?? "";
}

/// <summary>
/// The whole API with all its admission, and two nodes with a pod each: <c>p1</c> on <c>n1</c> uses the Secret,
/// ConfigMap and ServiceAccount called <c>mine</c>, <c>p2</c> on <c>n2</c> those called <c>theirs</c>.
/// </summary>
public sealed class SecurityServer : IAsyncLifetime
{
    public const string Space = "/api/v1/namespaces/default";

    private GoldenHost? _host;

    public GoldenHost Host => _host ?? throw new InvalidOperationException("The server has not been started.");

    /// <summary>Uids by name: p1, p2, n1, n2.</summary>
    public Dictionary<string, string> Uids { get; } = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _host = await GoldenHost.StartAsync(disabledPlugins: []);
        await CreateAsync($"{Space}/serviceaccounts", "default", "{}");
        await CreateAsync("/apis/storage.k8s.io/v1/csidrivers", "inline.example.com", """
            {"spec":{"tokenRequests":[{"audience":"of-inline"}],"volumeLifecycleModes":["Ephemeral"]} }
            """);
        foreach (var (node, pod, name) in ((string, string, string)[])[("n1", "p1", "mine"), ("n2", "p2", "theirs")])
        {
            await CreateAsync("/api/v1/nodes", node, "{}");
            await CreateAsync($"{Space}/serviceaccounts", name, "{}");
            foreach (var secret in new[] { name, $"stage-{name}", $"attach-{name}" })
            {
                await CreateAsync($"{Space}/secrets", secret, "{}");
            }

            await CreateAsync($"{Space}/configmaps", name, "{}");
            await CreateAsync("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", node, "{}");
            await CreateAsync($"{Space}/pods", pod, $$$"""
                {"spec":{"nodeName":"{{{node}}}","serviceAccountName":"{{{name}}}","containers":[{"name":"c","image":"i",
                "envFrom":[{"secretRef":{"name":"{{{name}}}"}},{"configMapRef":{"name":"{{{name}}}"}}]}],
                "volumes":[{"name":"t","projected":{"sources":[{"serviceAccountToken":{"audience":"vault","path":"t"}}]}},
                {"name":"d","persistentVolumeClaim":{"claimName":"{{{name}}}"}},
                {"name":"i","csi":{"driver":"inline.example.com"}}]}}
                """);
            await CreateAsync("/apis/storage.k8s.io/v1/csidrivers", $"{name}.example.com", $$$"""
                {"spec":{"tokenRequests":[{"audience":"of-{{{name}}}"}]} }
                """);
            await CreateAsync("/apis/resource.k8s.io/v1/resourceslices", name, $$$"""
                {"spec":{"driver":"d.example.com","nodeName":"{{{node}}}",
                "pool":{"name":"{{{node}}}","generation":1,"resourceSliceCount":1} } }
                """);

            // Both claims say that they have the volume of p2: what a claim says gives no right.
            await CreateAsync($"{Space}/persistentvolumeclaims", name, """
                {"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1"}},"volumeName":"theirs"}}
                """);
            await CreateAsync("/api/v1/persistentvolumes", name, $$$"""
                {"spec":{"capacity":{"storage":"1"},"accessModes":["ReadWriteOnce"],
                "csi":{"driver":"{{{name}}}.example.com","volumeHandle":"{{{name}}}",
                "nodeStageSecretRef":{"namespace":"default","name":"stage-{{{name}}}"},
                "controllerPublishSecretRef":{"namespace":"default","name":"attach-{{{name}}}"}},
                "claimRef":{"namespace":"default","name":"{{{name}}}"} } }
                """);
            await CreateAsync("/apis/storage.k8s.io/v1/volumeattachments", name, $$$"""
                {"spec":{"attacher":"a","nodeName":"{{{node}}}","source":{"persistentVolumeName":"{{{name}}}"} } }
                """);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }
    }

    /// <summary>Sends a request with the administrator's token, and further headers.</summary>
    public async Task<SecurityAnswer> SendAsync(
        string method, string path, string? body = null, string type = "application/json",
        params (string Name, string Value)[] headers)
    {
        using var client = new RawHttpClient(Host.Address.Host, Host.Address.Port);
        List<KeyValuePair<string, string>> all = [new("Host", "x"), new("Content-Type", type)];
        if (!headers.Any(h => h.Name == "Authorization"))
        {
            all.Add(new("Authorization", $"Bearer {GoldenHost.Token}"));
        }

        all.AddRange(headers.Select(h => KeyValuePair.Create(h.Name, h.Value)));
        var answer = await client.SendAsync(
            method, path, all, body is null ? null : Encoding.UTF8.GetBytes(Fill(body)));
        var isEvents = answer.Status == 200 && path.Contains("watch=1", StringComparison.Ordinal);
        return new SecurityAnswer(
            answer.Status,
            answer.Body is [(byte)'{', ..] && !isEvents ? JsonNode.Parse(answer.Body) : null,
            [.. answer.Headers.Where(h => h.Key == "Warning").Select(h => h.Value)]);
    }

    /// <summary>Sends a request as a node.</summary>
    public Task<SecurityAnswer> SendAsNodeAsync(
        string node, string method, string path, string? body = null, string type = "application/json",
        bool withNetwork = false) =>
        SendAsync(
            method, path, body, type,
            [
                ("Impersonate-User", $"{SystemNames.NodePrefix}{node}"), ("Impersonate-Group", SystemNames.Nodes),
                .. withNetwork ? (ReadOnlySpan<(string, string)>)[("Impersonate-Group", SystemNames.NodeNetwork)] : [],
            ]);

    /// <summary>Puts uids in for <c>${p1}</c> and the like.</summary>
    public string Fill(string body) =>
        Uids.Aggregate(body, (text, uid) => text.Replace($"${{{uid.Key}}}", uid.Value, StringComparison.Ordinal));

    private async Task CreateAsync(string path, string name, string json)
    {
        var item = JsonNode.Parse(json)!;
        item["metadata"] = new JsonObject { ["name"] = name };
        var answer = await SendAsync("POST", path, item.ToJsonString());
        Assert.True(answer.Status == 201, answer.Message);
        Uids.TryAdd(name, (string)answer.Body!["metadata"]!["uid"]!);
    }
}
