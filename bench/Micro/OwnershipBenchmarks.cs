using BenchmarkDotNet.Attributes;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Writing;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Micro;

/// <summary>What field ownership adds to a write of one pod.</summary>
[MemoryDiagnoser]
public class OwnershipBenchmarks
{
    private readonly ResourceDefinition _pods = BuiltInResources.Table.Find(WellKnown.Pods)!;
    private readonly V1Pod _created = new();
    private readonly V1Pod _next = new();
    private ResourceObject _stored = null!;

    public OwnershipBenchmarks()
    {
        _created = Decode(SamplePods.Body(1));
        var first = Decode(SamplePods.Body(1));
        Stamp(first, null, "", "kube-controller-manager");
        var started = Encode(first);
        var running = Decode(started);
        SetStatus(running, "1");
        Stamp(running, Stored(started), "status", "kubelet");
        _stored = Stored(Encode(running));
        _next = Decode(Encode(running));
        SetStatus(_next, "2");
    }

    [Benchmark]
    public void Create()
    {
        _created.Metadata.ManagedFields = null;
        Stamp(_created, null, "", "kube-controller-manager");
    }

    [Benchmark]
    public void PatchStatus() => Stamp(_next, _stored, "status", "kubelet");

    [Benchmark]
    public byte[] EncodeAlone() => ResourceCodec.Encode(_next);

    private static ResourceObject Stored(byte[] json) => new(new ObjectKey("default", "p"), "uid", 7, json);

    private static byte[] Encode(V1Pod pod) => ResourceCodec.Encode(pod);

    private static void SetStatus(V1Pod pod, string version)
    {
        pod.Status = new V1PodStatus
        {
            Phase = "Running",
            PodIP = "10.0.0." + version,
            Conditions =
            [
                .. new[] { "Initialized", "Ready", "ContainersReady", "PodScheduled" }.Select(t => new V1PodCondition
                {
                    Type = t, Status = "True", Message = version, LastTransitionTime = new DateTime(2001, 1, 1),
                }),
            ],
            ContainerStatuses =
            [
                new V1ContainerStatus { Name = "web", Ready = true, Image = "i", ImageID = version, RestartCount = 1 },
            ],
        };
    }

    private V1Pod Decode(byte[] body)
    {
        var pod = (V1Pod)ResourceCodec.Read(typeof(V1Pod), body, new JsonDecoding());
        _pods.Strategy.SetDefaults(pod);
        return pod;
    }

    private void Stamp(V1Pod pod, ResourceObject? current, string subresource, string manager) => FieldOwners.Stamp(
        new WriteContext
        {
            Definition = _pods,
            Key = new ObjectKey("default", "p"),
            Subresource = subresource,
            User = UserIdentity.Controller("x"),
            FieldManager = manager,
            Options = WriteOptions.Internal,
            CancellationToken = CancellationToken.None,
        },
        pod,
        pod.Metadata.ManagedFields,
        current,
        DateTimeOffset.UnixEpoch);
}
