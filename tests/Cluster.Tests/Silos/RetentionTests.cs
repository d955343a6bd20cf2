using System.Net;
using Npgsql;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Silos;

/// <summary>Watches go over the boundaries of the change log's segments, and not beyond its end.</summary>
[Collection("silos")]
public sealed class RetentionTests(ITestOutputHelper output)
{
    private const int Segments = 5;
    private const int WritesPerSegment = 60;

    /// <summary>So many changes, in as many segments: every call begins a new one and none is dropped.</summary>
    private const string NewSegment = "select store.maintain_changes('1 day', 1000000000, 1000000000)";
    private const string DropAllOld = "select store.maintain_changes('0 s', 0, 1)";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task A_watch_resumes_at_any_revision_that_is_kept_and_is_told_410_after_that()
    {
        var seed = TestSeed.Current;
        output.WriteLine($"seed {seed}");
        await using var group = new SiloGroup { Count = 2 };
        await group.InitializeAsync();
        await using (var load = new HttpWorkload(group, seed))
        {
            await load.StartAsync();
            for (var segment = 0; segment < Segments; segment++)
            {
                await load.WritesAsync(WritesPerSegment, Patience);
                await ExecuteAsync(group, NewSegment);
            }

            // Silos that have just started remember nothing: the log alone can tell what came before.
            for (var place = 0; place < group.Silos.Count; place++)
            {
                await group.Silos[place].StopAsync();
                await group.StartAsync(place);
                load.WatchFromTheStart();
            }

            await load.WritesAsync(WritesPerSegment, Patience);
            var violations = await load.FinishAsync();
            Assert.True(violations.Count == 0, string.Join('\n', violations.Take(20)));
        }

        await ExecuteAsync(group, NewSegment);
        await ExecuteAsync(group, DropAllOld);
        foreach (var silo in group.Silos)
        {
            Assert.Contains("\"code\":410", await FirstLineAsync(silo), StringComparison.Ordinal);
        }
    }

    private static async Task ExecuteAsync(SiloGroup group, string sql)
    {
        await using var source = NpgsqlDataSource.Create(group.Connection);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteScalarAsync();
    }

    private static async Task<string> FirstLineAsync(SiloProcess silo)
    {
        using var http = FailoverProbe.Client();
        var url = new Uri(
            silo.Url, $"/api/v1/configmaps?watch=1&resourceVersion={IJournalStore.FirstRevision}&timeoutSeconds=20");
        using var response = await http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Gone);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        return await reader.NextLineAsync() ?? "";
    }
}
