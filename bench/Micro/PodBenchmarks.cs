using BenchmarkDotNet.Attributes;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Patch;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Micro;

/// <summary>What a create does to one pod between its bytes and the journal.</summary>
[MemoryDiagnoser]
public class PodBenchmarks
{
    private static readonly byte[] StatusPatch =
        """
        {"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"},{"type":"ContainersReady","status":"True"}],
        "podIP":"10.0.0.1","containerStatuses":[{"name":"web","ready":true,"image":"registry.example/web:1.2.3"}]}}
        """u8.ToArray();

    private readonly byte[] _body = SamplePods.Body(1);
    private readonly ResourceDefinition _pods = BuiltInResources.Table.Find(WellKnown.Pods)!;
    private V1Pod _defaulted = new();
    private byte[] _committed = [];
    private ObjectPatch _patch = null!;

    [GlobalSetup]
    public void Setup()
    {
        _defaulted = Decode();
        _pods.Strategy.SetDefaults(_defaulted);
        _committed = ResourceCodec.EncodeForWrite(_defaulted).Json;
        _patch = ObjectPatch.Parse(PatchKind.Strategic, StatusPatch, FieldValidation.Ignore).Value!;
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
    public IKubernetesObject<V1ObjectMeta> PatchStatus() => _patch.Apply(ExpectedBody.Of(_pods), _committed, []).Value!;

    [Benchmark]
    public byte[] Encode() => ResourceCodec.EncodeForWrite(_defaulted).Json;
}
