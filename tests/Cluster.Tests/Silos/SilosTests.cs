using System.Net.Http.Json;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Silos;

/// <summary>
/// Silos and their database come and go under load: nothing acknowledged is lost, nobody sees time run backwards, and
/// everybody gets an answer. How soon writes go on is printed, not asserted: machines that run tests are noisy.
/// </summary>
[Collection("silos")]
public sealed class SilosTests(SiloGroup group, ITestOutputHelper output) : IClassFixture<SiloGroup>, IDisposable
{
    private const int SomeWrites = 150;
    private const int SomeChanges = 10;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(2);

    private readonly HttpClient _http = FailoverProbe.Client();

    [Fact]
    public Task A_killed_silo_loses_nothing_and_every_journal_is_written_again() => RunAsync(async (load, random) =>
    {
        await using var probe = new FailoverProbe(group, random.Next());
        await probe.StartAsync();
        await probe.AllWrittenAsync(Patience);
        var place = random.Next(group.Silos.Count);
        probe.Mark();
        await group.Silos[place].KillAsync();
        var written = await probe.AllWrittenAsync(Patience);
        output.WriteLine($"writes to all journals went on {written.Max(static w => w.After).TotalSeconds:F2} s after silo {place} was killed");
        await group.AnnouncedAsync(_http, Patience);
        await group.StartAsync(place);
        await group.AnnouncedAsync(_http, Patience);
        await load.WritesAsync(SomeWrites, Patience);
        Assert.DoesNotContain(probe.Answers, static a => a.What == FailoverProbe.Hung);
        AssertClear(load);
    });

    /// <summary>
    /// The silo that holds the journal is stopped by a signal, with its connections open. Others take its journals
    /// over; when it goes on, it is asked at once, and what it answers must fit the history.
    /// </summary>
    [Fact]
    public Task A_silo_that_hangs_is_replaced_and_when_it_goes_on_it_says_nothing_stale_and_ends() =>
        RunAsync(async (load, random) =>
    {
        await using var probe = new FailoverProbe(group, random.Next());
        await probe.StartAsync();
        await probe.AllWrittenAsync(Patience);
        var place = await group.HolderAsync("configmaps");
        var silo = group.Silos[place];
        probe.Mark();
        await silo.HangAsync();
        var written = await probe.AllWrittenAsync(Patience);
        output.WriteLine($"writes to all journals went on {written.Max(static w => w.After).TotalSeconds:F2} s after silo {place} hung");
        await load.WritesAsync(SomeWrites, Patience);
        await group.AnnouncedAsync(_http, Patience);

        Assert.NotEqual(0, await silo.GoOnToItsEndAsync());
        Assert.True(silo.Said("the others have declared it dead"), silo.Log());
        await group.StartAsync(place);
        await group.AnnouncedAsync(_http, Patience);
        await load.WritesAsync(SomeWrites, Patience);
        Assert.DoesNotContain(probe.Answers, static a => a.What == FailoverProbe.Hung);
        AssertClear(load);
    });

    [Fact]
    public Task Silos_that_are_restarted_one_after_the_other_fail_no_request() => RunAsync(async (load, _) =>
    {
        for (var place = 0; place < group.Silos.Count; place++)
        {
            await group.Silos[place].StopAsync();
            await group.AnnouncedAsync(_http, Patience);
            await group.StartAsync(place);
            await load.WritesAsync(SomeWrites, Patience);
        }

        Assert.DoesNotContain(load.FailureKinds, static f => !f.StartsWith("watch lost", StringComparison.Ordinal));
    });

    [Fact]
    public Task Silos_outlive_a_crash_and_a_restart_of_PostgreSQL() => RunAsync(async (load, _) =>
    {
        await group.Database.KillAsync();
        await group.Database.StartAgainAsync();
        await CreateServicesAsync();
        await load.WritesAsync(SomeWrites, Patience);
        output.WriteLine($"after the crash: {load.Failures}");

        await group.Database.StopAsync();
        await Task.Delay(Outage, TimeProvider.System);
        await group.Database.StartAgainAsync();
        await load.WritesAsync(SomeWrites, Patience);
        AssertClear(load);
        Assert.All(group.Silos, static s => Assert.True(s.IsRunning));
    });

    /// <summary>
    /// Fields, columns and versions come and go, and another version is stored, each through another silo; what was
    /// written stays what it was.
    /// </summary>
    [Fact]
    public async Task A_definition_that_changes_under_load_loses_no_request_and_no_watch()
    {
        var notes = new NotesDefinition(group, _http);
        await notes.CreateAsync(Patience);
        await RunAsync(
            async (load, random) =>
            {
                for (var change = 1; change <= SomeChanges; change++)
                {
                    await notes.ChangeAsync(change, random, Patience);
                    await load.WritesAsync(SomeWrites / SomeChanges, Patience);
                }

                Assert.True(load.Failures.Length == 0, load.Failures);
            },
            NotesDefinition.Notes);
    }

    /// <summary>
    /// A Service takes its address from a grain that reads and writes Orleans' tables, through connections that are
    /// broken now.
    /// </summary>
    private async Task CreateServicesAsync()
    {
        foreach (var silo in group.Silos)
        {
            using var created = await _http.PostAsJsonAsync(
                new Uri(silo.Url, "/api/v1/namespaces/default/services"),
                new { metadata = new { generateName = "after-a-crash-" }, spec = new { ports = new[] { new { port = 80 } } } });
            Assert.True(
                created.IsSuccessStatusCode || created.Headers.RetryAfter is not null,
                $"{created.StatusCode} {await created.Content.ReadAsStringAsync()}");
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>
    /// Refusals come with Retry-After, unknown outcomes without it (client-go would repeat them), and there is no other
    /// failure.
    /// </summary>
    private static void AssertClear(HttpWorkload load) => Assert.DoesNotContain(
        load.FailureKinds.Where(static f => f.Contains(" 5", StringComparison.Ordinal)),
        static f => !f.EndsWith(" 503 Retry-After", StringComparison.Ordinal) && !f.EndsWith(" 504", StringComparison.Ordinal));

    private async Task RunAsync(Func<HttpWorkload, Random, Task> disturb, WorkloadKind? kind = null)
    {
        var seed = TestSeed.Current;
        output.WriteLine($"seed {seed}");
        await using var load = new HttpWorkload(group, seed, kind);
        try
        {
            await load.StartAsync();
            await load.WritesAsync(SomeWrites, Patience);
            await disturb(load, new Random(seed));
            var violations = await load.FinishAsync();
            output.WriteLine($"{load.Acknowledged} writes acknowledged; {load.Failures}");
            Assert.True(violations.Count == 0, $"seed {seed}:\n{string.Join('\n', violations.Take(20))}");
            Assert.False(load.SomebodyHung, load.Failures);
            Assert.NotEqual(0, load.PagedLists);
        }
        catch
        {
            output.WriteLine(group.Logs());
            throw;
        }
    }
}
