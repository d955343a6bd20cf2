using System.Net;
using System.Net.Http.Json;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Health;

/// <summary>A store without room shows in readiness, by name, until there is room again.</summary>
public sealed class StoreRoomTests
{
    private static readonly Uri Namespaces = new("/api/v1/namespaces", UriKind.Relative);

    [Fact]
    public async Task Readiness_says_that_the_store_has_no_room_and_when_it_has_again()
    {
        var store = new JournalStoreFaults(new MemoryJournalStore());
        await using var host = await ProtocolHost.StartAsync(new TestSilosOptions { Store = store });
        Assert.Equal(HttpStatusCode.Created, await WriteAsync(host, "before"));

        store.OnAppend = (_, _) => throw new StoreUnavailableException("no space left on device") { IsDiskFull = true };
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await WriteAsync(host, "refused"));
        Assert.Equal(
            (500, "[+]ping ok\n[+]store ok\n[-]store-writable failed: reason withheld\n[+]shutdown ok\nreadyz check failed\n"),
            await GetAsync(host, "/readyz?verbose"));
        Assert.Equal((500, "internal server error: reason withheld\n"), await GetAsync(host, "/readyz/store-writable"));
        Assert.Equal((200, "ok"), await GetAsync(host, "/readyz?exclude=store-writable"));
        Assert.Equal((200, "ok"), await GetAsync(host, "/livez"));
        Assert.Equal(404, (await GetAsync(host, "/livez/store-writable")).Status);

        store.OnAppend = null;
        Assert.Equal(HttpStatusCode.Created, await WriteAsync(host, "after"));
        Assert.Equal((200, "ok"), await GetAsync(host, "/readyz/store-writable"));
        Assert.Equal((200, "ok"), await GetAsync(host, "/readyz"));
    }

    [Fact]
    public async Task A_refusal_is_forgotten_when_nobody_writes()
    {
        var time = new ManualTime();
        var room = new StoreRoom(time);
        Assert.Null(await room.Probe().CheckAsync(default));
        room.Refused();
        time.Advance(StoreRoom.Memory - TimeSpan.FromSeconds(1));
        Assert.NotNull(await room.Probe().CheckAsync(default));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await room.Probe().CheckAsync(default));
    }

    private static async Task<HttpStatusCode> WriteAsync(ProtocolHost host, string name)
    {
        using var answer = await host.Http.PostAsJsonAsync(Namespaces, new { metadata = new { name } });
        return answer.StatusCode;
    }

    private static async Task<(int Status, string Text)> GetAsync(ProtocolHost host, string path)
    {
        using var answer = await host.Http.GetAsync(new Uri(path, UriKind.Relative));
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
