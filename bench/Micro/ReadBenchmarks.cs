using System.Buffers;
using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Api.Watch;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Micro;

/// <summary>What a change costs the readers: the cache once, every watcher its frame.</summary>
[MemoryDiagnoser]
public class ReadBenchmarks
{
    private const int Pods = 5_000;

    private static readonly LongWorkTurns Turns = new();

    private readonly ArrayBufferWriter<byte> _output = new(8192);
    private readonly ResourceObject _pod = SamplePods.Committed(1, 2);
    private readonly ResourceDefinition _pods = BuiltInResources.Table.Find(WellKnown.Pods)!;
    private readonly ProtobufShelf _shelf = new();
    private CacheSnapshot _snapshot = null!;
    private ObjectSelection _selection = null!;
    private WatchEncoder _encoder = null!;
    private ProtobufWatchEncoder _protobuf = null!;
    private ListPage _page = null!;
    private Change _change = null!;

    [GlobalSetup]
    public void Setup()
    {
        var all = Enumerable.Range(0, Pods).Select(i => SamplePods.Committed(i, i + 1)).ToArray();
        _snapshot = CacheSnapshotBuilder.Load(new ObjectSnapshot(Pods, all), []);
        _selection = ObjectSelection.Parse(_pods, "bench", "", "app=web,shard in (s1,s2)", "").Value!;
        _encoder = new WatchEncoder(_pods, ResponseFormat.PlainJson, null);
        _protobuf = new ProtobufWatchEncoder(_pods, ResponseFormat.Protobuf, _shelf);
        _page = new ListPage(Pods, all, "", null);
        _change = new Change(ChangeKind.Modified, SamplePods.Committed(1, Pods + 1)) { PreviousRevision = 2 };
    }

    [Benchmark]
    public bool MatchSelector() => _selection.Matches(_pod);

    /// <summary>A modification in a cache of 5,000 pods.</summary>
    [Benchmark]
    public object CacheApply() => _snapshot.ToBuilder().Apply(_change);

    [Benchmark]
    public int WatchFrame()
    {
        _output.ResetWrittenCount();
        _encoder.Write(_output, WatchEventType.Modified, _pod.Json);
        return _output.WrittenCount;
    }

    [Benchmark]
    public int ProtobufWatchFrame()
    {
        _output.ResetWrittenCount();
        _protobuf.Write(_output, WatchEventType.Modified, _pod.Json);
        return _output.WrittenCount;
    }

    /// <summary>What an object in protobuf costs once.</summary>
    [Benchmark]
    public byte[] ProtobufEncode() => ProtobufForm.Of(_pods)!.Encode(_pod.Json.Span);

    /// <summary>A list of 5,000 pods that were asked for before, up to the connection.</summary>
    [Benchmark]
    public async Task ProtobufList()
    {
        using var work = Turns.Begin();
        await new ProtobufListWriter(_pods, _shelf, _page, work).SendAsync(
            new DefaultHttpContext(), ResponseFormat.Protobuf);
    }
}
