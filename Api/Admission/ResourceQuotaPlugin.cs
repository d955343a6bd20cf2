using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Charges what is created to the quotas of its namespace, in their status, and refuses what would exceed one. What is
/// charged for a write that then fails, or for what is deleted later, is given back by whoever counts anew, as
/// upstream's controller does.
/// </summary>
public sealed class ResourceQuotaPlugin(
    ObjectReader reader, ObjectStore store, ResourceTable table, TimeProvider time) : IAdmissionPlugin
{
    private const int Stripes = 64;

    /// <summary>Who owns what is charged, as upstream's API server calls itself.</summary>
    private const string FieldManager = "kube-apiserver";

    private readonly ResourceDefinition _quotas = table.Find(WellKnown.ResourceQuotas)
        ?? throw new InvalidOperationException("ResourceQuotas are served.");

    /// <summary>Writes of one silo to one namespace wait for each other here rather than undo each other.</summary>
    private readonly SemaphoreSlim[] _turns = [.. Enumerable.Range(0, Stripes).Select(_ => new SemaphoreSlim(1))];

    public string Name => "ResourceQuota";

    public bool Handles(AdmissionAttributes attributes)
    {
        var resource = attributes.Definition.Name;
        return attributes.Definition.Namespaced && (attributes.Operation, attributes.Subresource) switch
        {
            (AdmissionOperation.Create, "") => resource != WellKnown.Events && resource != WellKnown.GroupedEvents,
            (AdmissionOperation.Update, "") =>
                resource == WellKnown.Services || resource == WellKnown.PersistentVolumeClaims
                || resource == WellKnown.ResourceClaims,
            (AdmissionOperation.Update, "resize") => resource == WellKnown.Pods,
            _ => false,
        };
    }

    public async ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var space = attributes.Key.Namespace;
        var seen = await reader.SnapshotAsync(WellKnown.ResourceQuotas, ReadFreshness.Cached, cancellationToken);
        if (seen.CountRange(space) == 0)
        {
            return null;
        }

        var turn = _turns[(uint)string.GetHashCode(space, StringComparison.Ordinal) % Stripes];
        await turn.WaitAsync(cancellationToken);
        try
        {
            return await ChargeAsync(attributes, cancellationToken);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>What a claim of devices is counted by; null for everything else.</summary>
    private async ValueTask<DeviceSurroundings?> DevicesAsync(
        AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        if (attributes.Definition.Name != WellKnown.ResourceClaims)
        {
            return null;
        }

        var space = attributes.Key.Namespace;
        var classes = await reader.ListAsync<V1DeviceClass>(WellKnown.DeviceClasses, "", cancellationToken);
        var pods = await reader.SnapshotAsync(WellKnown.Pods, ReadFreshness.Cached, cancellationToken);
        var claims = await reader.SnapshotAsync(WellKnown.ResourceClaims, ReadFreshness.Cached, cancellationToken);
        return new DeviceSurroundings(
            classes,
            name => pods.Get(new ObjectKey(space, name))?.As<V1Pod>(),
            () => claims.Range(space).Select(static c => c.As<Resourcev1ResourceClaim>()));
    }

    private async ValueTask<Status?> ChargeAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        HashSet<string> charged = new(StringComparer.Ordinal);
        var devices = await DevicesAsync(attributes, cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            var snapshot = await reader.SnapshotAsync(
                WellKnown.ResourceQuotas, ReadFreshness.Linearizable, cancellationToken);
            List<(ResourceObject From, V1ResourceQuota Quota)> open =
            [
                .. snapshot.Range(attributes.Key.Namespace).Where(q => !charged.Contains(q.Key.Name))
                    .Select(q => (q, ResourceCodec.Decode<V1ResourceQuota>(q.Json))),
            ];
            var charge = QuotaCharge.Of(
                attributes.Definition.Name, attributes.Object!, attributes.OldObject, [.. open.Select(q => q.Quota)],
                devices);
            if (charge.Refusal is { } why)
            {
                return AdmissionRefusals.Forbidden(attributes, why);
            }

            var isLost = false;
            foreach (var (from, quota) in open.Where(q => !attributes.DryRun && charge.Changed.Contains(q.Quota)))
            {
                FieldOwners.StampStatus(_quotas, FieldManager, quota, from, time.GetUtcNow());
                var outcome = await store.WriteAsync(
                    _quotas,
                    from.Key,
                    EncodedObject.Of(quota),
                    WriteKind.Update,
                    from.Revision,
                    ReadMode.Optimistic,
                    cancellationToken);
                isLost |= !outcome.Succeeded;
                if (outcome.Succeeded)
                {
                    charged.Add(from.Key.Name);
                }
                else if (outcome.Error.Code is not (404 or 409) || attempt == OptimisticLoop.MaxAttempts)
                {
                    return outcome.Error;
                }
            }

            if (!isLost)
            {
                return null;
            }
        }
    }
}
