using System.Text.Json.Nodes;
using CsCheck;
using OrleansOrchestrator.Api.Watch;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Watch;

public sealed class WatchTransitionTests
{
    /// <summary>
    /// A client that applies the events of any selection to the state it began with has, after every change, exactly
    /// the objects that match; ADDED is always news to it, MODIFIED and DELETED never are, and every event carries the
    /// change's revision.
    /// </summary>
    [Fact]
    public void AClientThatFollowsKnowsWhatMatches() => Gen.Select(
        CacheModel.Histories,
        Gen.Int[0, 1000],
        Pick.From("", "one"),
        Pick.From("", "w=1", "w!=1", "w", "!w", "w in (1,2)"),
        Pick.From("", "metadata.name=b", "metadata.name!=b")).Check((steps, at, inNamespace, labels, fields) =>
    {
        var model = CacheModel.Run(steps);
        var first = at % model.Snapshots.Count;
        var selection = CacheModel.Select(inNamespace, labels, fields);
        var known = selection.Select(model.Snapshots[first]).ToDictionary(i => i.Key, i => i.Revision);
        for (var i = first; i < model.Events.Count; i++)
        {
            var change = model.Events[i];
            var (type, json) = WatchTransition.Of(change, selection);
            Follow(known, change.Object.Key, type, json, change.Revision);
            Assert.Equal(model.States[i + 1].Values.Where(selection.Matches).Select(o => o.Key), known.Keys.Order());
        }

        return true;
    });

    [Fact]
    public void WhoLeavesIsDeletedAsItLastMatched()
    {
        var model = CacheModel.Run([(0, 0, 1), (0, 0, 2)]);
        var (type, json) = WatchTransition.Of(model.Events[1], CacheModel.Select("one", "w=1"));
        Assert.Equal(WatchEventType.Deleted, type);
        var metadata = JsonNode.Parse(json.Span)!["metadata"]!;
        Assert.Equal("1", (string)metadata["labels"]!["w"]!);
        Assert.Equal(ProtocolHost.Text(model.Events[1].Revision), (string)metadata["resourceVersion"]!);
    }

    private static void Follow(
        Dictionary<ObjectKey, long> known, ObjectKey key, WatchEventType type, ReadOnlyMemory<byte> json, long revision)
    {
        if (type == WatchEventType.None)
        {
            return;
        }

        Assert.Equal(ProtocolHost.Text(revision), (string)JsonNode.Parse(json.Span)!["metadata"]!["resourceVersion"]!);
        Assert.Equal(type != WatchEventType.Added, known.ContainsKey(key));
        if (type == WatchEventType.Deleted)
        {
            known.Remove(key);
        }
        else
        {
            known[key] = revision;
        }
    }
}
