using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>What a node may, and what it may not: the tables beside this file.</summary>
public sealed class NodeRightsTests(SecurityServer server) : IClassFixture<SecurityServer>
{
    private const string Merge = "application/merge-patch+json";

    public static TheoryData<string, string, string> MayNot => Rows("node-may-not.txt");

    public static TheoryData<string, string, string> May => Rows("node-may.txt");

    [Theory]
    [MemberData(nameof(MayNot))]
    public async Task ANodeMayNot(string request, string body, string why)
    {
        var answer = await AskAsync(request, body);
        Assert.True(answer.Status == 403, $"{answer.Status} {answer.Message}");
        Assert.EndsWith(Fill(why), answer.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(May))]
    public async Task ANodeMay(string request, string body, string status)
    {
        var answer = await AskAsync(request, body);
        Assert.True($"{answer.Status}" == status, $"{answer.Status} {answer.Message}");
    }

    [Theory]
    [InlineData("/api/v1/nodes", 200)]
    [InlineData("/api/v1/services", 200)]
    [InlineData("/api/v1/namespaces", 200)]
    [InlineData("/apis/discovery.k8s.io/v1/endpointslices", 200)]
    [InlineData("/api/v1/pods", 200)]
    [InlineData("/apis/networking.k8s.io/v1/networkpolicies", 200)]
    [InlineData("/api/v1/namespaces/default/pods/p2/log", 403)]
    [InlineData("/apis/networking.k8s.io/v1/ingresses", 403)]
    [InlineData("/api/v1/secrets", 403)]
    [InlineData("/api/v1/configmaps", 403)]
    [InlineData("/api/v1/nodes/n2/proxy/", 403)]
    [InlineData("/api/v1/nodes/n2/status", 403)]
    public async Task ANodesNetworkReadsWhatItRoutesAndNoMore(string path, int status)
    {
        var answer = await server.SendAsNodeAsync("n1", "GET", path, withNetwork: true);
        Assert.True(answer.Status == status, $"{answer.Status} {answer.Message}");
    }

    [Theory]
    [InlineData("PATCH", "/api/v1/nodes/n2", """{"metadata":{"labels":{"a":"b"}}}""")]
    [InlineData("DELETE", "/api/v1/nodes/n2", null)]
    [InlineData("POST", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", """{"metadata":{"name":"x"},"addressType":"IPv4","endpoints":[]}""")]
    public async Task ANodesNetworkWritesNothing(string method, string path, string? body)
    {
        var answer = await server.SendAsNodeAsync("n1", method, path, body, TypeOf(method), withNetwork: true);
        Assert.True(answer.Status == 403, $"{answer.Status} {answer.Message}");
    }

    [Fact]
    public async Task ANodeWithoutANameMayNothing()
    {
        var answer = await server.SendAsNodeAsync("", "GET", "/api/v1/services");
        Assert.Equal(403, answer.Status);
        Assert.EndsWith(": unknown node for user \"system:node:\"", answer.Message, StringComparison.Ordinal);
    }

    private Task<SecurityAnswer> AskAsync(string request, string body)
    {
        var (method, path) = request.Split(' ') is [var verb, var target]
            ? (verb, target) : throw new FormatException(request);
        return server.SendAsNodeAsync("n1", method, path, body.Length == 0 ? null : Fill(body), TypeOf(method));
    }

    private string Fill(string text) => server.Fill(text
        .Replace("${mirror}", """ "annotations":{"kubernetes.io/config.mirror":"x"},"name":"m-n1" """, StringComparison.Ordinal)
        .Replace("${csr}", Request("system:node:n2"), StringComparison.Ordinal)
        .Replace("${own-csr}", Request("system:node:n1"), StringComparison.Ordinal)
        .Replace("${owner}", $$"""
            "ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"n1","uid":"{{server.Uids["n1"]}}","controller":true}]
            """, StringComparison.Ordinal)
        .Replace("${spec}", """ "nodeName":"n1","containers":[{"name":"c","image":"i"}] """, StringComparison.Ordinal));

    private static string Request(string user)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = new CertificateRequest($"CN={user}, O=system:nodes", key, HashAlgorithmName.SHA256)
            .CreateSigningRequestPem();
        return Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));
    }

    private static TheoryData<string, string, string> Rows(string file, [CallerFilePath] string self = "")
    {
        var rows = new TheoryData<string, string, string>();
        foreach (var line in File.ReadLines(Path.Combine(Path.GetDirectoryName(self)!, file))
            .Where(l => l is not ("" or ['#', ..])))
        {
            if (line.Split(" | ") is not [var request, var body, var answer])
            {
                throw new FormatException(line);
            }

            rows.Add(request, body, answer);
        }

        return rows;
    }

    private static string TypeOf(string method) => method == "PATCH" ? Merge : "application/json";
}
