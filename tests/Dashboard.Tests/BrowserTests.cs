using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Dashboard.Tests;

/// <summary>
/// What a person does with the dashboard, done in Chromium, a scenario a script (<c>scripts</c>), against a silo
/// process. Each fails, too, when the page's console told of an error. Without Chromium they are skipped and counted.
/// </summary>
public sealed class BrowserTests(DashboardSilo silo) : IClassFixture<DashboardSilo>
{
    private const string Chromium = "/usr/bin/chromium";

    private static readonly string Modules = Path.Combine(Tools.Directory, "browser");

    [Theory]
    [InlineData("pages.mjs")]
    [InlineData("signin.mjs")]
    [InlineData("oidc.mjs")]
    [InlineData("socket.mjs")]
    [InlineData("forbidden.mjs")]
    [InlineData("edit.mjs")]
    [InlineData("conflict.mjs")]
    [InlineData("custom.mjs")]
    [InlineData("many.mjs")]
    [InlineData("workload.mjs")]
    [InlineData("relations.mjs")]
    [InlineData("files.mjs")]
    [InlineData("looks.mjs")]
    [InlineData("paint.mjs")]
    [InlineData("trouble.mjs")]
    [InlineData("verdict.mjs")]
    [InlineData("debug.mjs")]
    [InlineData("streams.mjs")]
    [InlineData("logs.mjs")]
    [InlineData("metrics.mjs")]
    [InlineData("timeline.mjs")]
    public Task A_scenario_runs_without_an_error(string script) => RunAsync(script, silo);

    private static async Task RunAsync(string script, DashboardSilo silo)
    {
        Assert.SkipUnless(File.Exists(Chromium), $"{Chromium} is not installed");
        Assert.SkipUnless(Directory.Exists(Modules), $"{Modules} is not there");
        var environment = new Dictionary<string, string>
        {
            ["DASHBOARD"] = silo.Url.GetLeftPart(UriPartial.Authority), ["MODULES"] = Modules, ["CHROMIUM"] = Chromium,
            ["ORC"] = SiloProcess.Program, ["ADMIN"] = silo.Kubeconfig, ["NODE_TLS_REJECT_UNAUTHORIZED"] = "0",
        };
        var ended = await Tools.RunAsync(
            "node", ["--no-warnings", Repository.PathOf("tests", "Dashboard.Tests", "scripts", script)], environment);
        TestContext.Current.TestOutputHelper?.WriteLine(ended.Output);
        Assert.True(
            ended.ExitCode == 0 && ended.Output.TrimEnd().EndsWith("is content", StringComparison.Ordinal),
            $"exit code {ended.ExitCode}\n{ended.Output}\n{ended.Errors}\n{silo.Log()}");
    }
}
