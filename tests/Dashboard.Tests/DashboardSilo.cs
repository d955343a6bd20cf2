using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Remote;
using Xunit;

namespace OrleansOrchestrator.Dashboard.Tests;

/// <summary>
/// A silo with two simulated nodes, an administrator, somebody who may do nothing, and issuers that sign others in.
/// </summary>
public sealed class DashboardSilo : IAsyncLifetime
{
    private const string Users = """
        admin-token,admin,admin,"system:masters"
        guest-token,guest,guest,"guests"
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-dashboard-");
    private TestIssuer? _issuer;
    private SiloProcess? _silo;

    public Uri Url => _silo!.Url;

    public string Kubeconfig => Path.Combine(_directory.FullName, "admin.conf");

    public async ValueTask InitializeAsync()
    {
        var tokens = Path.Combine(_directory.FullName, "tokens.csv");
        await File.WriteAllTextAsync(tokens, Users);
        _issuer = await TestIssuer.StartAsync();
        var issuers = Path.Combine(_directory.FullName, "issuers.yaml");
        await File.WriteAllTextAsync(issuers, Configuration(_issuer));
        _silo = await SiloProcess.StartInMemoryAsync(
            "--hollow-nodes", "2", "--token-auth-file", tokens, "--admin-kubeconfig", Kubeconfig,
            "--authentication-config", issuers);
    }

    private static string Configuration(TestIssuer issuer)
    {
        var authority = issuer.AuthorityPem.TrimEnd().ReplaceLineEndings("\n      ");
        var each = new[] { "people", "forger", "refuser" }.Select(name => $"""
            - issuer:
                url: {issuer.Url(name)}
                audiences: [dashboard]
                certificateAuthority: |
                  {authority}
              claimMappings:
                username: {"{"}claim: sub, prefix: '{name}:'{"}"}
            """);
        return "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\njwt:\n"
            + string.Join('\n', each) + "\n";
    }

    /// <summary>What the silo said at the end, for a scenario that failed.</summary>
    public string Log() => _silo!.Log();

    public async ValueTask DisposeAsync()
    {
        await (_silo?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_issuer?.DisposeAsync() ?? ValueTask.CompletedTask);
        _directory.Delete(recursive: true);
    }
}
