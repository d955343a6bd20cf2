using BenchmarkDotNet.Attributes;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.Api.Admission;
using OrleansOrchestrator.Api.Audit;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Grains.Core.ResourceQuotas;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Core.ResourceQuotas;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Micro;

/// <summary>What a write meets beside itself: the charge to a quota, without the call, and its audit event.</summary>
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

    private readonly V1ResourceQuota _quota = new()
    {
        ApiVersion = "v1",
        Kind = "ResourceQuota",
        Metadata = new V1ObjectMeta { Name = "q", NamespaceProperty = "default", Uid = "u" },
        Spec = new V1ResourceQuotaSpec { Hard = Amounts("1000000000Gi") },
        Status = new V1ResourceQuotaStatus { Hard = Amounts("1000000000Gi"), Used = Amounts("5") },
    };

    private QuotaBooks _books = null!;
    private Journal _journal = null!;

    /// <summary>What is charged is never stored: that is a commit for many charges, whose cost is a commit's.</summary>
    [GlobalSetup]
    public async Task Setup()
    {
        var (store, options) = (new MemoryJournalStore(), new JournalOptions { FlushDelay = Timeout.InfiniteTimeSpan });
        _books = new QuotaBooks(store, TimeProvider.System, static _ => { });
        _journal = new Journal(
            WellKnown.ResourceQuotas, store, TimeProvider.System, options, NullLogger.Instance, static () => { },
            _books);
        var (json, offset) = ResourceCodec.EncodeForWrite(_quota);
        await _journal.CommitAsync(
            new JournalWrite(new ObjectKey("default", "q"), new ObjectWrite
            {
                Kind = WriteKind.Create, ExpectedRevision = 0, Uid = "u", Json = json, RevisionOffset = offset,
            }),
            CancellationToken.None);
    }

    /// <summary>It is found out what a pod needs, and charged.</summary>
    [Benchmark]
    public Task<QuotaAnswer> Quota()
    {
        var charge = QuotaCharge.Of(new QuotedWrite(WellKnown.Pods, _pod), [_quota]);
        var request = new QuotaRequest
        {
            Namespace = "default", Revision = _journal.Revision,
            Writes = [QuotaCharger.NeedOf(charge, pretends: false)],
        };
        return _journal.PromiseAsync(() => _books.TryCharge(_journal, request), CancellationToken.None);
    }

    [Benchmark]
    public byte[] Audit() =>
        AuditEventWriter.Write(_record, AuditStages.ResponseComplete, default, withBodies: false);

    private static Dictionary<string, ResourceQuantity> Amounts(string amount) =>
        Bounded.ToDictionary(static n => n, _ => new ResourceQuantity(amount));
}
