using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Golden.Control;

/// <summary>
/// Holds controllers and scheduler to what those of a real control plane were recorded to do. <c>failing.txt</c> lists
/// the steps that do not pass, and why: no other may fail. Set GOLDEN_UPDATE=1 to write the file anew,
/// GOLDEN_VERBOSE=1 to see the differences, GOLDEN_FILTER to replay a part.
/// </summary>
[Collection(ControlCollection.Name)]
public sealed class ControlTests(ITestOutputHelper output)
{
    /// <summary>
    /// How often a scenario is tried: some states last only as long as a period of the reference, which a loaded
    /// machine misses. Each time is on a new server, with fewer scenarios side by side.
    /// </summary>
    private static readonly int[] Lanes = [8, 2, 1];

    private static readonly string[] Filters =
        (Environment.GetEnvironmentVariable("GOLDEN_FILTER") ?? "").Split(',');

    [Fact]
    public async Task WhatDoesNotPassIsKnownAndExplained()
    {
        var scenarios = ControlScenario.LoadAll()
            .Where(s => Filters.Any(f => s.Name.Contains(f, StringComparison.Ordinal))).ToList();
        var known = KnownFailures.Read(await File.ReadAllLinesAsync(FailingFile()));
        var results = new SortedDictionary<string, IReadOnlyList<StepResult>>(StringComparer.Ordinal);
        List<StepResult> Unexpected() =>
            [.. results.Values.SelectMany(static r => r).Where(r => !r.Passed && known.ReasonOf(r.Id) is null)];
        foreach (var lanes in Lanes)
        {
            foreach (var (name, steps) in await ReplayAsync(scenarios, lanes))
            {
                results[name] = Better(results.GetValueOrDefault(name), steps);
            }

            var lost = Unexpected().Select(static r => r.Scenario).ToHashSet(StringComparer.Ordinal);
            scenarios = [.. scenarios.Where(s => lost.Contains(s.Name))];
            if (scenarios.Count == 0)
            {
                break;
            }

            output.WriteLine(
                $"not as recorded with {lanes} side by side: {string.Join(", ", scenarios.Select(static s => s.Name))}");
        }

        Report([.. results.Values.SelectMany(static r => r)]);
        if (Environment.GetEnvironmentVariable("GOLDEN_UPDATE") is not null)
        {
            var list = known.After([.. results.Values.SelectMany(static r => r).Select(static r => (r.Id, r.Passed))]);
            await File.WriteAllLinesAsync(FailingFile(), list.SkipLast(1));
            return;
        }

        var failed = Unexpected();
        var texts = failed.Take(20).Select(Describe);
        Assert.True(failed.Count == 0, $"{failed.Count} steps fail that are to pass:\n{string.Join('\n', texts)}");
        Assert.Empty(known.Unexplained);
    }

    private static IReadOnlyList<StepResult> Better(IReadOnlyList<StepResult>? before, IReadOnlyList<StepResult> now) =>
        before is null || now.Count(static r => r.Passed) > before.Count(static r => r.Passed) ? now : before;

    /// <summary>On a server of its own: first those that may be side by side, then one after the other.</summary>
    private static async Task<IDictionary<string, IReadOnlyList<StepResult>>> ReplayAsync(
        List<ControlScenario> scenarios, int lanes)
    {
        var tokens = Path.GetTempFileName();
        await File.WriteAllTextAsync(tokens, $"{SiloProcess.Token},admin,admin,\"system:masters\"\n");
        try
        {
            await using var silo = await SiloProcess.StartInMemoryAsync("--token-auth-file", tokens);
            await using var nodes = new ControlNodes(silo.Url, SiloProcess.Token);
            var results = new ConcurrentDictionary<string, IReadOnlyList<StepResult>>(StringComparer.Ordinal);
            async ValueTask ReplayOneAsync(ControlScenario scenario, CancellationToken cancellationToken)
            {
                using var replayer = new ControlReplayer(silo.Url, SiloProcess.Token, nodes, scenario);
                results[scenario.Name] = await replayer.ReplayAsync();
            }

            await nodes.AddAsync([ControlNodes.Shared]);
            await Parallel.ForEachAsync(
                Partitioner.Create(
                    scenarios.Where(static s => !s.IsExclusive).OrderByDescending(static s => s.Slow),
                    EnumerablePartitionerOptions.NoBuffering).GetDynamicPartitions(),
                new ParallelOptions { MaxDegreeOfParallelism = lanes },
                ReplayOneAsync);
            await nodes.RemoveAsync((string)ControlNodes.Shared["name"]!);
            foreach (var scenario in scenarios.Where(static s => s.IsExclusive))
            {
                await ReplayOneAsync(scenario, CancellationToken.None);
            }

            return results;
        }
        finally
        {
            File.Delete(tokens);
        }
    }

    private void Report(IReadOnlyList<StepResult> results)
    {
        if (Environment.GetEnvironmentVariable("GOLDEN_VERBOSE") is not null)
        {
            foreach (var failure in results.Where(static r => !r.Passed))
            {
                output.WriteLine(Describe(failure));
            }
        }

        foreach (var area in results.GroupBy(static r => r.Scenario.Split('/')[0]))
        {
            output.WriteLine($"control {area.Key,-24} {area.Count(static r => r.Passed),5}/{area.Count()}");
        }

        output.WriteLine($"control steps {results.Count(static r => r.Passed)}/{results.Count} passed");
    }

    private static string Describe(StepResult result) =>
        $"FAIL {result.Id} {result.Request}\n     {string.Join("\n     ", result.Differences.Take(8))}";

    private static string FailingFile([CallerFilePath] string self = "") =>
        Path.Combine(Path.GetDirectoryName(self)!, "failing.txt");
}
