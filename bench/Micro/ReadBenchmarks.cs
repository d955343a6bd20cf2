using System.Buffers;
using BenchmarkDotNet.Attributes;
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

    private readonly ArrayBufferWriter<byte> _output = new(8192);
    private readonly ResourceObject _pod = SamplePods.Committed(1, 2);
    private CacheSnapshot _snapshot = null!;
    private ObjectSelection _selection = null!;
    private WatchEncoder _encoder = null!;
    private Change _change = null!;

    [GlobalSetup]
    public void Setup()
    {
        var pods = BuiltInResources.Table.Find(WellKnown.Pods)!;
        var all = Enumerable.Range(0, Pods).Select(i => SamplePods.Committed(i, i + 1)).ToArray();
        _snapshot = CacheSnapshotBuilder.Load(new ObjectSnapshot(Pods, all), []);
        _selection = ObjectSelection.Parse(pods, "bench", "", "app=web,shard in (s1,s2)", "").Value!;
        _encoder = new WatchEncoder(pods, ResponseFormat.PlainJson, null);
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
}
