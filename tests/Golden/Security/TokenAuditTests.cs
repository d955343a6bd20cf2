using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Interfaces.Security;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Golden.Security;

/// <summary>The audit log tells which token was made, and whose tokens should have been renewed or replaced.</summary>
public sealed class TokenAuditTests : IDisposable
{
    private const string Space = "/api/v1/namespaces/default";
    private const string Subject = "system:serviceaccount:default:robot";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly string _folder = Directory.CreateTempSubdirectory("orc-audit-").FullName;

    private string Log => Path.Combine(_folder, "audit.log");

    [Fact]
    public async Task TokensLeaveTheirMarks()
    {
        var time = new ShiftedTime();
        var policy = AuditPolicyReader.Read(
            Encoding.UTF8.GetBytes("{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}"));
        await using var host = await GoldenHost.StartAsync(
            configure: services => services.AddSingleton<TimeProvider>(time).AddAudit(policy)
                .AddAuditFile(new AuditFileOptions { Path = Log }),
            configureSilo: silo => silo.Services.AddSingleton<TimeProvider>(time));
        var server = new Server(host);
        await server.MakeAsync($"{Space}/serviceaccounts", """{"metadata":{"name":"robot"}}""");
        var pod = await server.MakeAsync($"{Space}/pods", """
            {"metadata":{"name":"p"},"spec":{"serviceAccountName":"robot","containers":[{"name":"c","image":"i"}]}}
            """);
        var made = await server.MakeAsync($"{Space}/serviceaccounts/robot/token", $$$"""
            {"spec":{"expirationSeconds":3607,"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p",
            "uid":"{{{pod["metadata"]!["uid"]}}}"} } }
            """);
        var token = (string)made["status"]!["token"]!;

        Assert.Equal(
            $"JTI={new JsonWebToken(token).Id}",
            await AnnotationAsync("authentication.kubernetes.io/issued-credential-id"));

        time.Advance(TimeSpan.FromHours(2));
        await server.SendAsync("GET", "/version", token: token);
        Assert.StartsWith(
            $"subject: {Subject}, seconds after warning threshold: ",
            await AnnotationAsync("authentication.k8s.io/stale-token"), StringComparison.Ordinal);

        var kept = await LegacyAsync(server);
        await server.SendAsync("GET", "/version", token: kept);
        Assert.Equal(Subject, await AnnotationAsync("authentication.k8s.io/legacy-token"));
        Assert.Equal("kept", await AnnotationAsync("authentication.k8s.io/legacy-token-manual-secret"));

        var metrics = (string)(await server.SendAsync("GET", "/metrics")).Body!;
        foreach (var series in (string[])["stale_tokens_total", "legacy_tokens_total", "legacy_manual_token_uses_total"])
        {
            Assert.Matches($"\nserviceaccount_{series} 1\n", metrics);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>A token without an end, in the Secret that keeps it.</summary>
    private static async Task<string> LegacyAsync(Server server)
    {
        var account = await server.SendAsync("GET", $"{Space}/serviceaccounts/robot");
        var token = await server.Services.GetRequiredService<SecretTokens>().IssueAsync(
            new SecretTokenOrder
            {
                Namespace = "default", Secret = "kept", ServiceAccount = "robot",
                ServiceAccountUid = (string)account.Body["metadata"]!["uid"]!,
            },
            CancellationToken.None);
        await server.MakeAsync($"{Space}/secrets", new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "kept" }, ["stringData"] = new JsonObject { ["token"] = token },
        }.ToJsonString());
        return token;
    }

    /// <summary>The first one with such a key; what is logged of an answer may come after it.</summary>
    private Task<string> AnnotationAsync(string key) => Patiently.FoundAsync(Patience, async bound =>
    {
        await using var file = new FileStream(Log, FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return (await reader.ReadToEndAsync(bound)).Split('\n')
            .Where(static line => line.EndsWith('}'))
            .Select(line => (string?)JsonNode.Parse(line)!["annotations"]?[key])
            .FirstOrDefault(static value => value is not null);
    });
}
