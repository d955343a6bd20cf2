using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Dashboard.Tests;

/// <summary>A silo with two simulated nodes, an administrator and somebody who may do nothing.</summary>
public sealed class DashboardSilo : IAsyncLifetime
{
    private const string Users = """
        admin-token,admin,admin,"system:masters"
        guest-token,guest,guest,"guests"
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orc-dashboard-");
    private SiloProcess? _silo;

    public Uri Url => _silo!.Url;

    public string Kubeconfig => Path.Combine(_directory.FullName, "admin.conf");

    public async ValueTask InitializeAsync()
    {
        var tokens = Path.Combine(_directory.FullName, "tokens.csv");
        await File.WriteAllTextAsync(tokens, Users);
        _silo = await SiloProcess.StartInMemoryAsync(
            "--hollow-nodes", "2", "--token-auth-file", tokens, "--admin-kubeconfig", Kubeconfig);
    }

    /// <summary>What the silo said at the end, for a scenario that failed.</summary>
    public string Log() => _silo!.Log();

    public async ValueTask DisposeAsync()
    {
        await (_silo?.DisposeAsync() ?? ValueTask.CompletedTask);
        _directory.Delete(recursive: true);
    }
}
