using System.Globalization;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Bench.Dashboard;

/// <summary>
/// How soon the dashboard is of use in Chromium, each time with nothing in the browser's cache: the first picture, the
/// verdict on the cluster, the first row of a list of so many pods.
/// </summary>
/// <param name="options">The silo.</param>
/// <param name="pods">In the list.</param>
/// <param name="rounds">How often, for medians.</param>
public sealed class DashboardBench(BenchOptions options, int pods, int rounds)
{
    private const string Chromium = "/usr/bin/chromium";
    private const int HollowNodes = 2;

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var modules = Path.Combine(
            Environment.GetEnvironmentVariable("ORC_TOOLS") ?? Path.Combine(
                Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache/orc/tools"),
            "browser");
        if (!File.Exists(Chromium) || !Directory.Exists(modules))
        {
            throw new UserErrorException(
                $"bench: it takes {Chromium} (Debian's chromium) and {modules}, which './orc test' fetches.");
        }

        Report.Print(await Machine.DescribeAsync(options.Repository, TimeProvider.System, cancellationToken));
        await using var cluster = await BenchCluster.StartAsync(
            options, HollowNodes, controllers: true, cancellationToken);
        var (code, output) = await Programs.RunAsync(
            "node",
            ["--no-warnings", Path.Combine(options.Repository, "tests/Dashboard.Tests/scripts/paint.mjs")],
            cancellationToken,
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["DASHBOARD"] = cluster.Url, ["TOKEN"] = cluster.Token, ["MODULES"] = modules,
                ["CHROMIUM"] = Chromium, ["PODS"] = Text(pods), ["ROUNDS"] = Text(rounds),
                ["NODE_TLS_REJECT_UNAUTHORIZED"] = "0",
            });
        Report.Line($"{output}");
        Report.Line($"load {Machine.Load()}");
        return code;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
