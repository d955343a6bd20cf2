using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Silos;

/// <summary>Silos are killed and started again under load: nothing acknowledged is lost, nobody sees time run backwards.</summary>
[Collection("silos")]
public sealed class SilosTests(ITestOutputHelper output)
{
    private const int SomeWrites = 150;

    // How soon writes go on is printed, not asserted: machines that run tests are noisy.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public Task A_killed_silo_loses_nothing_and_comes_back() => RunAsync(async (group, load, random) =>
    {
        var place = random.Next(group.Silos.Count);
        await group.Silos[place].KillAsync();
        await WritesGoOnAsync(load, $"killing silo {place}");
        await group.StartAsync(place);
        await load.WritesAsync(SomeWrites, Patience);
    });

    private async Task WritesGoOnAsync(HttpWorkload load, string after)
    {
        var began = TimeProvider.System.GetTimestamp();
        await load.WritesAsync(SomeWrites, Patience);
        var took = TimeProvider.System.GetElapsedTime(began);
        output.WriteLine($"after {after} the next {SomeWrites} writes took {took.TotalSeconds:F2} s; so far {load.Failures}");
    }

    private async Task RunAsync(Func<SiloGroup, HttpWorkload, Random, Task> disturb)
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        await using var group = await SiloGroup.StartAsync();
        await using var load = new HttpWorkload(group, seed);
        try
        {
            await load.StartAsync();
            await load.WritesAsync(SomeWrites, Patience);
            await disturb(group, load, new Random(seed));
            var violations = await load.FinishAsync();
            output.WriteLine($"{load.Acknowledged} writes acknowledged; {load.Failures}");
            Assert.True(violations.Count == 0, $"seed {seed}:\n{string.Join('\n', violations.Take(20))}");
            Assert.False(load.SomebodyHung, load.Failures);
        }
        catch
        {
            output.WriteLine(group.Logs());
            throw;
        }
    }
}
