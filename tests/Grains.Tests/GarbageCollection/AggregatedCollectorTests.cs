using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Grains.GarbageCollection;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.GarbageCollection;

/// <summary>Objects of other servers go with their owners, and hold them, as own ones do.</summary>
public sealed class AggregatedCollectorTests
{
    private readonly World _world = new();
    private readonly List<string> _deleted = [];
    private GarbageCollector? _collector;

    [Fact]
    public async Task Only_what_has_no_owner_left_goes()
    {
        _world.Api.Seed(new V1ConfigMap
        {
            Metadata = new V1ObjectMeta { Name = "alive", NamespaceProperty = "space", Uid = "1" },
        });
        var alive = _world.Api.Find<V1ConfigMap>("space", "alive")!.Metadata.Uid;
        Serve(
            Item("free"), Item("kept", ("ConfigMap", "alive", alive)), Item("lost", ("ConfigMap", "gone", "2")),
            Item("half", ("ConfigMap", "gone", "2"), ("ConfigMap", "alive", alive)),
            Item("other", ("ConfigMap", "alive", "another")), Item("strange", ("Unknown", "x", "3")));
        await new GarbageCollector(_world.Services).ResyncAsync(default);
        Assert.Equal(["/namespaces/space/boats/lost", "/namespaces/space/boats/other"], _deleted);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("{\"items\":[{\"metadata\":{}}]}")]
    [InlineData("{\"items\":[{\"metadata\":{\"name\":\"x\",\"deletionTimestamp\":\"never\"}}]}")]
    public async Task Nonsense_is_nothing_to_act_on(string answer)
    {
        Discover();
        _world.Apis.Answer = _ => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(answer);
        await new GarbageCollector(_world.Services).ResyncAsync(default);
        Assert.Empty(_deleted);
    }

    /// <summary>The next round goes on where the last one had enough, and the one after it begins anew.</summary>
    [Fact]
    public async Task What_is_too_much_for_one_round_is_left_to_the_next()
    {
        const int pages = 25;
        Discover();
        var asked = new List<string>();
        _world.Apis.Answer = request =>
        {
            var token = request.Path.Split("continue=")[1];
            asked.Add(token);
            var next = token.Length == 0 ? 1 : int.Parse(token, CultureInfo.InvariantCulture) + 1;
            var more = next < pages ? $"{next}" : "";
            return (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(
                $$"""{"metadata":{"continue":"{{more}}"},"items":[]}""");
        };
        var collector = new GarbageCollector(_world.Services);
        await collector.ResyncAsync(default);
        Assert.Equal(20, asked.Count);
        await collector.ResyncAsync(default);
        Assert.Equal([.. Enumerable.Range(0, pages).Select(static i => i == 0 ? "" : $"{i}")], asked);
        await collector.ResyncAsync(default);
        Assert.Equal("", asked[pages]);
    }

    [Fact]
    public async Task An_owner_there_that_is_deleted_in_the_foreground_waits_for_what_it_owns_here()
    {
        var boats = new Boats(_world.Apis);
        Seed("sail", "hold", Boats.Reference("argo", boats.Seed("argo")));
        boats.Delete("argo", "Foreground");
        await SettleAsync(boats);
        Assert.NotNull(Find("sail")?.Metadata.DeletionTimestamp);
        Assert.Equal(["argo"], boats.Names);
        _world.Api.Change<V1ConfigMap>("default", "sail", static c => c.Metadata.Finalizers = null);
        await SettleAsync(boats);
        Assert.Null(Find("sail"));
        Assert.Empty(boats.Names);
    }

    [Fact]
    public async Task An_owner_here_that_is_deleted_in_the_foreground_waits_for_what_it_owns_there()
    {
        var boats = new Boats(_world.Apis);
        boats.Seed("argo", Reference("owner", Seed("owner", null)));
        boats.Find("argo")!["metadata"]!["finalizers"] = new JsonArray("hold");
        _world.Api.Delete<V1ConfigMap>("default", "owner", "Foreground");
        await SettleAsync(boats);
        Assert.NotNull(boats.Find("argo")!["metadata"]!["deletionTimestamp"]);
        Assert.NotNull(Find("owner"));
        boats.Find("argo")!["metadata"]!["finalizers"] = new JsonArray();
        boats.Delete("argo", null);
        await SettleAsync(boats);
        Assert.Empty(boats.Names);
        Assert.Null(Find("owner"));
    }

    [Fact]
    public async Task What_is_orphaned_stays_on_either_side()
    {
        var boats = new Boats(_world.Apis);
        var (here, there) = (Seed("owner", null), boats.Seed("argo"));
        Seed("sail", null, Boats.Reference("argo", there));
        boats.Seed("dinghy", Boats.Reference("argo", there), Reference("owner", here));
        _world.Api.Delete<V1ConfigMap>("default", "owner", "Orphan");
        boats.Delete("argo", "Orphan");
        await SettleAsync(boats);
        Assert.Equal(["dinghy"], boats.Names);
        Assert.Equal(["sail"], _world.Api.All<V1ConfigMap>().Select(static c => c.Metadata.Name));
        Assert.Null(Find("sail")!.Metadata.OwnerReferences);
        Assert.Null(boats.Find("dinghy")!["metadata"]!["ownerReferences"]);
    }

    [Fact]
    public async Task A_server_that_is_silent_holds_the_owners_of_what_it_is_known_to_have_and_nothing_else()
    {
        var boats = new Boats(_world.Apis);
        boats.Seed("argo", Reference("owner", Seed("owner", null)));
        Seed("leaf", null, Reference("root", Seed("root", null)));
        await SettleAsync(boats);
        boats.Failure = new Status { Code = 503, Reason = "ServiceUnavailable", Message = "away" };
        _world.Api.Delete<V1ConfigMap>("default", "owner", "Foreground");
        _world.Api.Delete<V1ConfigMap>("default", "root", "Foreground");
        await SettleAsync(boats);
        Assert.Equal(["owner"], _world.Api.All<V1ConfigMap>().Select(static c => c.Metadata.Name));
        boats.Failure = null;
        await SettleAsync(boats);
        Assert.Empty(_world.Api.All<V1ConfigMap>());
        Assert.Empty(boats.Names);
    }

    [Fact]
    public async Task What_changes_meanwhile_is_looked_at_again()
    {
        var boats = new Boats(_world.Apis);
        var alive = Reference("alive", Seed("alive", null));
        boats.Seed("argo", Reference("gone", "never-was"));
        boats.Before = request =>
        {
            if (request.Method == "DELETE")
            {
                boats.Before = null;
                boats.Own("argo", [alive]);
            }
        };
        await SettleAsync(boats);
        Assert.Null(boats.Before);
        Assert.Equal(["argo"], boats.Names);
        Assert.Null(boats.Find("argo")!["metadata"]!["deletionTimestamp"]);
    }

    [Fact]
    public async Task A_change_here_leads_to_what_waits_there_without_a_resync()
    {
        var boats = new Boats(_world.Apis);
        Seed("sail", "hold", Boats.Reference("argo", boats.Seed("argo")));
        boats.Delete("argo", "Foreground");
        await SettleAsync(boats);
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        boats.Before = request =>
        {
            if (request.Method == "PATCH")
            {
                gone.TrySetResult();
            }
        };
        var collector = new GarbageCollector(_world.Services);
        await collector.ResyncAsync(default);
        using var stop = new CancellationTokenSource();
        var running = collector.RunAsync(stop.Token);
        _world.Api.Change<V1ConfigMap>("default", "sail", static c => c.Metadata.Finalizers = null);
        await gone.Task.WaitAsync(TimeSpan.FromMinutes(2));
        await stop.CancelAsync();
        await running.EndedAsync();
    }

    /// <summary>Until resyncs change nothing more: what is asked for in one is known in the next.</summary>
    private async Task SettleAsync(Boats boats)
    {
        _collector ??= new GarbageCollector(_world.Services);
        for (var idle = 0; idle < 3; idle++)
        {
            var before = _world.Api.Writes + boats.Writes;
            await _collector.ResyncAsync(default);
            await _collector.DrainAsync(default);
            _world.Time.Advance(TimeSpan.FromMinutes(1));
            idle = before == _world.Api.Writes + boats.Writes ? idle : -1;
        }
    }

    private string Seed(string name, string? finalizer, params V1OwnerReference[] owners)
    {
        var metadata = new V1ObjectMeta
        {
            Name = name, NamespaceProperty = "default", OwnerReferences = owners.Length == 0 ? null : owners,
            Finalizers = finalizer is null ? null : [finalizer],
        };
        return _world.Api.Seed(new V1ConfigMap { Metadata = metadata }).Metadata.Uid;
    }

    private V1ConfigMap? Find(string name) => _world.Api.Find<V1ConfigMap>("default", name);

    private static V1OwnerReference Reference(string name, string uid) => new()
    {
        ApiVersion = "v1", Kind = "ConfigMap", Name = name, Uid = uid, BlockOwnerDeletion = true,
    };

    private void Serve(params string[] items)
    {
        Discover();
        _world.Apis.Answer = request =>
        {
            if (request.Method == "DELETE")
            {
                _deleted.Add(request.Path);
            }

            return (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes($"{{\"items\":[{string.Join(',', items)}]}}");
        };
    }

    private void Discover() => _world.Apis.Discovered = new AggregatedDiscovery(
        ["harbour.example.com/v1"],
        [
            new AggregatedResource(new ResourceName("harbour.example.com", "boats"), "v1", "Boat", IsNamespaced: true)
            {
                Verbs = ["delete", "list"],
            },
        ],
        []);

    private static string Item(string name, params (string Kind, string Name, string Uid)[] owners)
    {
        var references = owners.Select(
            o => $$"""{"apiVersion":"v1","kind":"{{o.Kind}}","name":"{{o.Name}}","uid":"{{o.Uid}}"}""");
        return $$$"""
            {"metadata":{"name":"{{{name}}}","namespace":"space","uid":"{{{name}}}",
            "ownerReferences":[{{{string.Join(',', references)}}}]}}
            """;
    }
}
