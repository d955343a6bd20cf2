using System.Text;
using k8s.Models;
using OrleansOrchestrator.Grains.GarbageCollection;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.GarbageCollection;

/// <summary>
/// Objects here go with their owner on another server, and only when that server says that it is gone.
/// </summary>
public sealed class AggregatedOwnersTests
{
    private const string NotFound = "boats.harbour.example.com \"argo\" not found";

    private readonly World _world = new();
    private readonly List<string> _asked = [];

    [Theory]
    [InlineData("the owner is not found", 404, "NotFound", NotFound, true)]
    [InlineData("another has its name", 200, "", """{"metadata":{"uid":"2"}}""", true)]
    [InlineData("it is there", 200, "", """{"metadata":{"uid":"1"}}""", false)]
    [InlineData("it has no uid", 200, "", """{"metadata":{}}""", false)]
    [InlineData("nonsense", 200, "", "nonsense", false)]
    [InlineData("another is not found", 404, "NotFound", "boats.harbour.example.com \"other\" not found", false)]
    [InlineData("no such kind", 404, "NotFound", "the server could not find the requested resource", false)]
    [InlineData("a bare code", 404, "", NotFound, false)]
    [InlineData("it does not answer", 503, "ServiceUnavailable", "error trying to reach service: x", false)]
    [InlineData("it is forbidden", 403, "Forbidden", NotFound, false)]
    public async Task Only_what_the_server_says_of_the_owner_itself_counts(
        string what, int code, string reason, string text, bool goes)
    {
        Discover("Boat");
        Answer(code == 200
            ? (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(text)
            : new Status { Code = code, Reason = reason, Message = text });
        await CollectAsync();
        Assert.True(goes == (_world.Api.Find<V1ConfigMap>("space", "sail") is null), what);
        Assert.Equal(["/namespaces/space/boats/argo"], _asked);
    }

    [Fact]
    public async Task A_kind_that_no_server_is_known_to_have_keeps_what_it_owns()
    {
        Discover("Ship");
        Answer(new Status { Code = 404, Reason = "NotFound", Message = NotFound });
        await CollectAsync();
        Assert.NotNull(_world.Api.Find<V1ConfigMap>("space", "sail"));
        Assert.Empty(_asked);
    }

    private async Task CollectAsync()
    {
        _world.Api.Seed(new V1ConfigMap
        {
            Metadata = new V1ObjectMeta
            {
                Name = "sail", NamespaceProperty = "space",
                OwnerReferences =
                [
                    new V1OwnerReference
                    {
                        ApiVersion = "harbour.example.com/v1", Kind = "Boat", Name = "argo", Uid = "1",
                    },
                ],
            },
        });
        var collector = new GarbageCollector(_world.Services);
        await collector.ResyncAsync(default);
        await collector.DrainAsync(default);
    }

    private void Answer(Outcome<ReadOnlyMemory<byte>> answer) => _world.Apis.Answer = request =>
    {
        if (request.Path.Contains('?', StringComparison.Ordinal))
        {
            return (ReadOnlyMemory<byte>)"{\"items\":[]}"u8.ToArray();
        }

        _asked.Add(request.Path);
        return answer;
    };

    private void Discover(string kind) => _world.Apis.Discovered = new AggregatedDiscovery(
        ["harbour.example.com/v1"],
        [
            new AggregatedResource(new ResourceName("harbour.example.com", "boats"), "v1", kind, IsNamespaced: true)
            {
                Verbs = ["delete", "get", "list"],
            },
        ],
        []);
}
