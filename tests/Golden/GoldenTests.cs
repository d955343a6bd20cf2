using System.Collections.Concurrent;
using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>
/// Holds the API to exchanges recorded from a real API server. <c>failing.txt</c> lists the steps that do not pass, and
/// why: no other may fail. Set GOLDEN_UPDATE=1 to write the file anew, GOLDEN_VERBOSE=1 to see the differences,
/// GOLDEN_FILTER to replay a part.
/// </summary>
public sealed class GoldenTests(ITestOutputHelper output)
{
    /// <summary>Servers at work: most of a replay is waiting for watches to end.</summary>
    private const int Lanes = 6;

    [Fact]
    public async Task WhatDoesNotPassIsKnownAndExplained()
    {
        var filters = (Environment.GetEnvironmentVariable("GOLDEN_FILTER") ?? "").Split(',');
        var scenarios = GoldenScenario.LoadAll()
            .Where(s => filters.Any(f => s.Name.Contains(f, StringComparison.Ordinal))).ToList();
        var results = await ReplayAsync(scenarios);
        Report(results);
        var known = KnownFailures.Read(await File.ReadAllLinesAsync(FailingFile()));
        if (Environment.GetEnvironmentVariable("GOLDEN_UPDATE") is not null)
        {
            var list = known.After([.. results.Select(r => (r.Id, r.Passed))]);
            await File.WriteAllLinesAsync(FailingFile(), list.SkipLast(1));
            return;
        }

        var failed = results.Where(r => !r.Passed && known.ReasonOf(r.Id) is null).ToList();
        var texts = failed.Take(20).Select(Describe);
        Assert.True(failed.Count == 0, $"{failed.Count} steps fail that are to pass:\n{string.Join('\n', texts)}");
        Assert.Empty(known.Unexplained);
    }

    /// <summary>
    /// Each lane has a server of its own and replays in order, since recordings compare revisions of whole resources.
    /// Which scenarios a server replays is always the same: some answers depend on what others have left behind.
    /// </summary>
    private static async Task<IReadOnlyList<StepResult>> ReplayAsync(List<GoldenScenario> scenarios)
    {
        var results = new ConcurrentDictionary<string, IReadOnlyList<StepResult>>(StringComparer.Ordinal);
        await Task.WhenAll(scenarios.Index().GroupBy(s => s.Index % Lanes).Select(async lane =>
        {
            await using var host = await GoldenHost.StartAsync();
            var replayer = new GoldenReplayer(host.Address.Host, host.Address.Port, GoldenHost.Token);
            foreach (var (_, scenario) in lane)
            {
                results[scenario.Name] = await replayer.ReplayAsync(scenario);
            }
        }));
        return [.. scenarios.SelectMany(s => results[s.Name])];
    }

    private void Report(IReadOnlyList<StepResult> results)
    {
        if (Environment.GetEnvironmentVariable("GOLDEN_VERBOSE") is not null)
        {
            foreach (var failure in results.Where(r => !r.Passed))
            {
                output.WriteLine(Describe(failure));
            }

            foreach (var slow in results.Where(r => r.Elapsed > TimeSpan.FromSeconds(2)))
            {
                output.WriteLine($"SLOW {slow.Id} {slow.Elapsed.TotalSeconds:F1}s");
            }
        }

        foreach (var area in results.GroupBy(r => r.Scenario.Split('/')[0]))
        {
            output.WriteLine($"{area.Key,-14} {area.Count(r => r.Passed),5}/{area.Count()}");
        }

        output.WriteLine($"steps {results.Count(r => r.Passed)}/{results.Count} passed");
    }

    private static string Describe(StepResult result) =>
        $"FAIL {result.Id} {result.Request}\n     {string.Join("\n     ", result.Differences.Take(8))}";

    private static string FailingFile([System.Runtime.CompilerServices.CallerFilePath] string self = "") =>
        Path.Combine(Path.GetDirectoryName(self)!, "failing.txt");
}
