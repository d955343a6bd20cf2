using System.Collections.Concurrent;
using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>
/// Holds the API to exchanges recorded from a real API server. <c>passing.txt</c> lists the steps that have passed
/// before: none of them may fail again. Set GOLDEN_UPDATE=1 to write the file anew, GOLDEN_VERBOSE=1 to see the
/// differences, GOLDEN_FILTER to replay a part.
/// </summary>
public sealed class GoldenTests(ITestOutputHelper output)
{
    /// <summary>Servers at work: most of a replay is waiting for watches to end.</summary>
    private const int Lanes = 6;

    [Fact]
    public async Task StepsThatPassedBeforeStillPass()
    {
        var folder = GoldenScenario.FindFolder();
        Assert.SkipWhen(folder is null, "no recorded exchanges beside the repository: 0 steps replayed");
        var filters = (Environment.GetEnvironmentVariable("GOLDEN_FILTER") ?? "").Split(',');
        var scenarios = GoldenScenario.LoadAll(folder!)
            .Where(s => filters.Any(f => s.Name.Contains(f, StringComparison.Ordinal))).ToList();
        var results = await ReplayAsync(scenarios);
        Report(results);
        var passed = results.Where(r => r.Passed).Select(r => r.Id).ToHashSet(StringComparer.Ordinal);
        if (Environment.GetEnvironmentVariable("GOLDEN_UPDATE") is not null)
        {
            await File.WriteAllLinesAsync(PassingFile(), passed.Order(StringComparer.Ordinal));
            return;
        }

        var replayed = results.Select(r => r.Id).ToHashSet(StringComparer.Ordinal);
        var lost = (await File.ReadAllLinesAsync(PassingFile())).Where(
            id => replayed.Contains(id) && !passed.Contains(id)).ToList();
        var texts = results.Where(r => lost.Contains(r.Id)).Take(20).Select(Describe);
        Assert.True(lost.Count == 0, $"{lost.Count} steps that passed before fail:\n{string.Join('\n', texts)}");
    }

    /// <summary>
    /// Each lane has a server of its own and replays in order, since recordings compare revisions of whole resources.
    /// </summary>
    private static async Task<IReadOnlyList<StepResult>> ReplayAsync(List<GoldenScenario> scenarios)
    {
        var results = new ConcurrentDictionary<string, IReadOnlyList<StepResult>>(StringComparer.Ordinal);
        var waiting = new ConcurrentQueue<GoldenScenario>(scenarios);
        await Task.WhenAll(Enumerable.Range(0, Math.Min(Lanes, scenarios.Count)).Select(async _ =>
        {
            await using var host = await GoldenHost.StartAsync();
            var replayer = new GoldenReplayer(host.Address.Host, host.Address.Port, GoldenHost.Token);
            while (waiting.TryDequeue(out var scenario))
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

    private static string PassingFile([System.Runtime.CompilerServices.CallerFilePath] string self = "") =>
        Path.Combine(Path.GetDirectoryName(self)!, "passing.txt");
}
