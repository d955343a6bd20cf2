using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Storage;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Kernel;

/// <summary>Our tables and queries under Orleans' own providers for membership, grain storage and reminders.</summary>
public sealed class OrleansTablesTests
{
    [Fact]
    public async Task Orleans_keeps_its_books_in_postgresql()
    {
        var connectionString = await PostgresFixture.CreateDatabaseAsync();
        using var host = BuildSilo(connectionString);
        await host.StartAsync();

        await CheckMembershipAsync(host.Services.GetRequiredService<IMembershipTable>());
        await CheckStorageAsync(host.Services.GetRequiredKeyedService<IGrainStorage>("Default"));
        await CheckRemindersAsync(host.Services.GetRequiredService<IReminderTable>());

        await host.StopAsync();
    }

    private static IHost BuildSilo(string connectionString)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo =>
        {
            silo.AddOrchestratorGrains(o => o.ConnectionString = connectionString);
            silo.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = ("c", "s"));
            silo.Configure<EndpointOptions>(o =>
                (o.AdvertisedIPAddress, o.SiloPort, o.GatewayPort) = (IPAddress.Loopback, FreePort(), 0));
        });
        return builder.Build();
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task CheckMembershipAsync(IMembershipTable table)
    {
        var before = await table.ReadAllAsync();
        var self = Assert.Single(before.Members).Item1;
        Assert.Equal(SiloStatus.Active, self.Status);
        var other = new MembershipEntry
        {
            SiloAddress = SiloAddress.New(IPAddress.Parse("127.0.0.2"), 1234, 5),
            SiloName = "other",
            HostName = "host",
            Status = SiloStatus.Joining,
            StartTime = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc),
            IAmAliveTime = new DateTime(2026, 1, 2, 3, 4, 6, DateTimeKind.Utc),
            ProxyPort = 77,
            SuspectTimes = [],
        };
        Assert.True(await table.InsertRowAsync(other, before.Version.Next()));
        Assert.False(await table.InsertRowAsync(other, before.Version.Next()));
        var inserted = await table.ReadRowAsync(other.SiloAddress);
        Assert.Equal(before.Version.Version + 1, inserted.Version.Version);
        other.Status = SiloStatus.Dead;
        other.AddSuspector(self.SiloAddress, new DateTime(2026, 1, 2, 3, 4, 7, DateTimeKind.Utc));
        Assert.False(await table.UpdateRowAsync(other, inserted.Members[0].Item2, before.Version));
        Assert.True(await table.UpdateRowAsync(other, inserted.Members[0].Item2, inserted.Version.Next()));
        other.IAmAliveTime = other.IAmAliveTime.AddMinutes(1);
        await table.UpdateIAmAliveAsync(other);
        var read = Assert.Single((await table.ReadRowAsync(other.SiloAddress)).Members).Item1;
        Assert.Equal(
            (SiloStatus.Dead, "other", "host", 77, other.StartTime, other.IAmAliveTime, 1),
            (read.Status, read.SiloName, read.HostName, read.ProxyPort, read.StartTime, read.IAmAliveTime, read.SuspectTimes!.Count));
        await table.CleanupDefunctSiloEntriesAsync(TimeProvider.System.GetUtcNow());
        Assert.Single((await table.ReadAllAsync()).Members);
    }

    private static async Task CheckStorageAsync(IGrainStorage storage)
    {
        var id = GrainId.Create("test", "some/key");
        var state = new GrainState<StatusCause>(State("one"));
        await storage.WriteStateAsync("name", id, state);
        await storage.WriteStateAsync("other", id, new GrainState<StatusCause>(State("else")));
        var rival = new GrainState<StatusCause>();
        await storage.ReadStateAsync("name", id, rival);
        Assert.Equal((State("one"), true, state.ETag), (rival.State, rival.RecordExists, rival.ETag));
        state.State = State("two");
        await storage.WriteStateAsync("name", id, state);
        rival.State = State("three");
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("name", id, rival));
        await Assert.ThrowsAsync<InconsistentStateException>(
            () => storage.WriteStateAsync("name", id, new GrainState<StatusCause>(State("four"))));
        await storage.ReadStateAsync("name", id, rival);
        Assert.Equal(State("two"), rival.State);
        await storage.ClearStateAsync("name", id, rival);
        var cleared = new GrainState<StatusCause>();
        await storage.ReadStateAsync("name", id, cleared);
        Assert.Null(cleared.State!.Reason);
        cleared.State = State("five");
        await storage.WriteStateAsync("name", id, cleared);
        await storage.ReadStateAsync("name", id, rival);
        Assert.Equal(State("five"), rival.State);
    }

    private static StatusCause State(string text) => new(text, null, null);

    private static async Task CheckRemindersAsync(IReminderTable table)
    {
        var entries = Enumerable.Range(0, 20).Select(i => new ReminderEntry
        {
            GrainId = GrainId.Create("test", $"key{i}"),
            ReminderName = "sync",
            StartAt = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc),
            Period = TimeSpan.FromMinutes(i + 1),
        }).ToArray();
        foreach (var entry in entries)
        {
            await table.UpsertRow(entry);
        }

        var changed = entries[3];
        changed.Period = TimeSpan.FromHours(5);
        var tag = await table.UpsertRow(changed);
        var row = await table.ReadRow(changed.GrainId, "sync");
        Assert.Equal((changed.StartAt, changed.Period, tag), (row!.StartAt, row.Period, row.ETag));
        Assert.Single((await table.ReadRows(changed.GrainId)).Reminders);
        foreach (var (begin, end) in new[] { (0u, 0u), (0u, uint.MaxValue / 2), (uint.MaxValue / 2, 0u), (uint.MaxValue / 3, 7u) })
        {
            var expected = entries.Where(
                e => InRange(e.GrainId.GetUniformHashCode(), begin, end)).Select(e => e.GrainId).ToHashSet();
            // The silo keeps reminders of its own there, sooner or later.
            var read = (await table.ReadRows(begin, end)).Reminders.Select(r => r.GrainId);
            Assert.Equal(expected, read.Where(g => g.Type == entries[0].GrainId.Type).ToHashSet());
        }

        Assert.False(await table.RemoveRow(changed.GrainId, "sync", "17"));
        Assert.True(await table.RemoveRow(changed.GrainId, "sync", tag!));
        Assert.Null(await table.ReadRow(changed.GrainId, "sync"));
    }

    private static bool InRange(uint hash, uint begin, uint end) =>
        begin < end ? hash > begin && hash <= end : hash > begin || hash <= end;
}
