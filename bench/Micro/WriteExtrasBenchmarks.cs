using BenchmarkDotNet.Attributes;
using k8s.Models;
using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Micro;

/// <summary>What a write meets beside itself: the charge to a quota, without its commit, and its audit event.</summary>
[MemoryDiagnoser]
public class WriteExtrasBenchmarks
{
    private static readonly string[] Bounded = ["pods", "requests.cpu", "requests.memory", "limits.memory"];

    private readonly V1Pod _pod = ResourceCodec.Decode<V1Pod>(SamplePods.Body(0));

    private readonly AuditRecord _record = new()
    {
        Level = AuditLevel.Metadata, Id = "0f9a3c1e-6d1c-4a53-9c1f-0c4f4f6c2d11",
        Uri = "/api/v1/namespaces/default/pods?fieldManager=kubectl-create", Received = default,
        Request = RequestInfoReader.Read("POST", "/api/v1/namespaces/default/pods").Required,
        User = new UserIdentity { Name = "user-7", Groups = ["devs", "system:authenticated"] },
        SourceIps = ["10.0.0.7"], UserAgent = "kubectl/v1.36.0 (linux/amd64) kubernetes/abcdef0",
    };

    private byte[] _quota = [];

    [GlobalSetup]
    public void Setup() => _quota = ResourceCodec.Encode(new V1ResourceQuota
    {
        Metadata = new V1ObjectMeta { Name = "q", NamespaceProperty = "default" },
        Spec = new V1ResourceQuotaSpec { Hard = Amounts("1000000") },
        Status = new V1ResourceQuotaStatus { Hard = Amounts("1000000"), Used = Amounts("5") },
    });

    /// <summary>The quota is read, charged and written as JSON.</summary>
    [Benchmark]
    public byte[] Quota()
    {
        var quota = ResourceCodec.Decode<V1ResourceQuota>(_quota);
        QuotaCharge.Of(new QuotedWrite(WellKnown.Pods, _pod), [quota]).Apply();
        return ResourceCodec.Encode(quota);
    }

    [Benchmark]
    public byte[] Audit() =>
        AuditEventWriter.Write(_record, AuditStages.ResponseComplete, default, withBodies: false);

    private static Dictionary<string, ResourceQuantity> Amounts(string amount) =>
        Bounded.ToDictionary(static n => n, _ => new ResourceQuantity(amount));
}
