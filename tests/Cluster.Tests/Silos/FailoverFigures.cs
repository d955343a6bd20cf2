using System.Globalization;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Silos;

/// <summary>
/// Measures, rather than tests, how long writes pause when a silo is killed or hangs: many in a row, a distribution at
/// the end. Run on demand (<c>-explicit only -class '*FailoverFigures'</c>); <c>ORC_KILLS</c> says how many.
/// </summary>
[Collection("silos")]
public sealed class FailoverFigures(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact(Explicit = true)]
    public Task Time_until_writes_to_all_journals_go_on_after_a_silo_is_killed() =>
        MeasureAsync("kill", static silo => silo.KillAsync(), static _ => Task.CompletedTask);

    [Fact(Explicit = true)]
    public Task Time_until_writes_to_all_journals_go_on_after_a_silo_hangs() =>
        MeasureAsync("hang", static silo => silo.HangAsync(), static silo => silo.KillAsync());

    private async Task MeasureAsync(string what, Func<SiloProcess, Task> disturb, Func<SiloProcess, Task> end)
    {
        var kills = int.Parse(Environment.GetEnvironmentVariable("ORC_KILLS") ?? "20", CultureInfo.InvariantCulture);
        var seed = TestSeed.Current;
        await using var group = new SiloGroup();
        await group.InitializeAsync();
        await using var probe = new FailoverProbe(group, seed);
        await probe.StartAsync();
        var (pauses, answers) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var kill = 0; kill < kills; kill++)
        {
            probe.Mark();
            await probe.AllWrittenAsync(Patience);
            // In turn: a silo that has just been started holds no journal yet.
            var place = kill % group.Silos.Count;
            var killed = group.Silos[place];
            probe.Mark();
            await disturb(killed);
            var written = await probe.AllWrittenAsync(Patience);
            var (slowest, after) = written.MaxBy(static w => w.After);
            var others = probe.Answers.Where(
                static a =>
                a.What is not ("200" or "given up" or "InvalidResponse" or "ResponseEnded" or "ConnectionError"))
                .ToList();
            pauses.Add(after);
            answers.Add(probe.Answers.Max(static a => a.Took));
            Say($"{what} {kill} of silo {place} ({killed.Url.Host}): {after.TotalSeconds:F2} s ({slowest}), longest answer {answers[^1].TotalSeconds:F2} s; "
                +
                    string.Join(
                        ", ", probe.Answers.GroupBy(static a => a.What).Select(static g => $"{g.Key}: {g.Count()}"))
                + (others.Count == 0 ? "" : $"; slowest failure {others.Max(static a => a.Took).TotalSeconds:F2} s"));
            await end(killed);
            await group.StartAsync(place);
        }

        Say(Distribution("writes to all journals went on after", pauses));
        Say(Distribution("the longest answer took", answers));
    }

    private static string Distribution(string what, List<TimeSpan> times)
    {
        var sorted = times.Order().Select(static t => t.TotalSeconds).ToList();
        return $"{what}: min {sorted[0]:F2} s, median {sorted[sorted.Count / 2]:F2} s, p90 {sorted[sorted.Count * 9 / 10]:F2} s, max {sorted[^1]:F2} s ({sorted.Count} times)";
    }

    private void Say(string line)
    {
        output.WriteLine(line);
        TestContext.Current.SendDiagnosticMessage(line);
    }
}
