using BenchmarkDotNet.Attributes;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Micro;

/// <summary>What a create does to one pod between its bytes and the journal.</summary>
[MemoryDiagnoser]
public class PodBenchmarks
{
    private readonly byte[] _body = SamplePods.Body(1);
    private readonly ResourceDefinition _pods = BuiltInResources.Table.Find(WellKnown.Pods)!;
    private V1Pod _defaulted = new();

    [GlobalSetup]
    public void Setup()
    {
        _defaulted = Decode();
        _pods.Strategy.SetDefaults(_defaulted);
    }

    [Benchmark]
    public V1Pod Decode() => (V1Pod)ResourceCodec.Read(typeof(V1Pod), _body, new JsonDecoding());

    [Benchmark]
    public V1Pod DecodeAndDefault()
    {
        var pod = Decode();
        _pods.Strategy.SetDefaults(pod);
        return pod;
    }

    [Benchmark]
    public int Validate()
    {
        var errors = new FieldErrors();
        ObjectMetaRules.ValidateCreate(_defaulted.Metadata, _pods, errors);
        _pods.Strategy.Validate(_defaulted, errors);
        return errors.Count;
    }

    [Benchmark]
    public byte[] Encode() => ResourceCodec.EncodeForWrite(_defaulted).Json;
}
