using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Charges writes of a namespace to its quotas: all that wait together, so that each quota is written once for all of
/// them. A quota that others wrote meanwhile is read anew, and only those that it still has to bear are judged again.
/// </summary>
internal sealed class QuotaCharger(ObjectReader reader, ObjectStore store, ResourceDefinition quotas, TimeProvider time)
{
    /// <summary>Who owns what is charged, as upstream's API server calls itself.</summary>
    private const string FieldManager = "kube-apiserver";

    /// <summary>Answers each of the writes; throws when it could not answer all of them.</summary>
    public async Task ChargeAsync(string space, IReadOnlyList<QuotaWaiter> writes, CancellationToken cancellationToken)
    {
        var open = writes;
        var devices = await DevicesAsync(space, writes, cancellationToken);
        for (var attempt = 1; open.Count > 0; attempt++)
        {
            var snapshot = await reader.SnapshotAsync(
                WellKnown.ResourceQuotas, ReadFreshness.Linearizable, cancellationToken);
            List<OpenQuota> all = [.. snapshot.Range(space).Select(static q => new OpenQuota(q))];
            foreach (var write in open)
            {
                Judge(write, all, devices);
            }

            // All at once: they share a commit.
            List<OpenQuota> charged = [.. all.Where(static q => q.Writes.Count > 0)];
            var outcomes = await Task.WhenAll(charged.Select(q => WriteAsync(q, cancellationToken)));
            foreach (var (quota, outcome) in charged.Zip(outcomes))
            {
                Settle(quota, outcome, isLast: attempt == OptimisticLoop.MaxAttempts);
            }

            foreach (var write in open.Where(static w => !w.IsAnswered && !w.IsLost))
            {
                write.Answer(null);
            }

            open = [.. open.Where(static w => !w.IsAnswered)];
        }
    }

    /// <summary>Charges one write, after those before it; nothing where it is refused, or only tried.</summary>
    private static void Judge(QuotaWaiter write, List<OpenQuota> all, DeviceSurroundings? devices)
    {
        write.IsLost = false;
        List<OpenQuota> left = [.. all.Where(q => !write.Charged.Contains(q.From.Key.Name))];
        var charge = QuotaCharge.Of(write.Write, [.. left.Select(static q => q.Quota)], devices);
        if (charge.Refusal is { } why)
        {
            write.Answer(AdmissionRefusals.Forbidden(write.Attributes, why));
        }
        else if (write.Attributes.DryRun || charge.Parts.Count == 0)
        {
            write.Answer(null);
        }
        else
        {
            charge.Apply();
            foreach (var part in charge.Parts)
            {
                left.First(q => ReferenceEquals(q.Quota, part.Quota)).Writes.Add(write);
            }
        }
    }

    private Task<Outcome<ResourceObject>> WriteAsync(OpenQuota quota, CancellationToken cancellationToken)
    {
        FieldOwners.StampStatus(quotas, FieldManager, quota.Quota, quota.From, time.GetUtcNow());
        return store.WriteAsync(
            quotas,
            quota.From.Key,
            EncodedObject.Of(quota.Quota),
            WriteKind.Update,
            quota.From.Revision,
            ReadMode.Optimistic,
            cancellationToken);
    }

    private static void Settle(OpenQuota quota, Outcome<ResourceObject> outcome, bool isLast)
    {
        foreach (var write in quota.Writes)
        {
            if (outcome.Succeeded)
            {
                write.Charged.Add(quota.From.Key.Name);
            }
            else if (outcome.Error.Code is 404 or 409 && !isLast)
            {
                write.IsLost = true;
            }
            else
            {
                write.Answer(outcome.Error);
            }
        }
    }

    /// <summary>What claims of devices are counted by; null where there are none.</summary>
    private async ValueTask<DeviceSurroundings?> DevicesAsync(
        string space, IReadOnlyList<QuotaWaiter> writes, CancellationToken cancellationToken)
    {
        if (writes.All(static w => w.Write.Resource != WellKnown.ResourceClaims))
        {
            return null;
        }

        var classes = await reader.ListAsync<V1DeviceClass>(WellKnown.DeviceClasses, "", cancellationToken);
        var pods = await reader.SnapshotAsync(WellKnown.Pods, ReadFreshness.Cached, cancellationToken);
        var claims = await reader.SnapshotAsync(WellKnown.ResourceClaims, ReadFreshness.Cached, cancellationToken);
        return new DeviceSurroundings(
            classes,
            name => pods.Get(new ObjectKey(space, name))?.As<V1Pod>(),
            () => claims.Range(space).Select(static c => c.As<Resourcev1ResourceClaim>()));
    }

    /// <summary>A quota as it is stored, as it is to be, and for which writes.</summary>
    private sealed record OpenQuota(ResourceObject From)
    {
        public V1ResourceQuota Quota { get; } = ResourceCodec.Decode<V1ResourceQuota>(From.Json);

        public List<QuotaWaiter> Writes { get; } = [];
    }
}
