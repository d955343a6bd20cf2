using System.Globalization;
using System.Text;
using k8s.Models;
using OrleansOrchestrator.Grains.GarbageCollection;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.GarbageCollection;

/// <summary>Objects of other servers go when all their owners are gone.</summary>
public sealed class AggregatedDependentsTests
{
    private readonly World _world = new();
    private readonly List<string> _deleted = [];

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
