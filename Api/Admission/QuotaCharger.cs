using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Core.ResourceQuotas;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Has writes of a namespace charged to its quotas: all that wait together, in one call to the books of quotas. Which
/// of them count a write is found out from this silo's cache; the books say when that was not up to date.
/// </summary>
/// <param name="reader">Reads quotas.</param>
/// <param name="find">Finds the books; asked once, for the factory would find the interface anew each time.</param>
/// <param name="time">The time.</param>
/// <param name="limits">What only quotas allow; null for nothing.</param>
internal sealed class QuotaCharger(
    ObjectReader reader, Func<IQuotaBooksGrain> find, TimeProvider time, QuotaLimits? limits = null)
{
    private readonly LiveLookups _classes = new(reader, WellKnown.DeviceClasses, time);
    private IQuotaBooksGrain? _books;

    private IQuotaBooksGrain Books => _books ??= find();

    /// <summary>Answers each of the writes; throws when it could not answer all of them.</summary>
    public async Task ChargeAsync(string space, IReadOnlyList<QuotaWaiter> writes, CancellationToken cancellationToken)
    {
        var devices = await DevicesAsync(space, writes, cancellationToken);
        for (var attempt = 1; attempt <= OptimisticLoop.MaxAttempts; attempt++)
        {
            var snapshot = await reader.SnapshotAsync(
                WellKnown.ResourceQuotas, attempt == 1 ? ReadFreshness.Cached : ReadFreshness.Linearizable,
                cancellationToken);
            V1ResourceQuota[] quotas = [.. snapshot.Range(space).Select(static q => q.As<V1ResourceQuota>())];
            QuotaCharge[] charges = [.. writes.Select(w => QuotaCharge.Of(w.Write, quotas, devices, limits))];
            if (quotas.Length == 0 && charges.All(static c => c.Refusal is null))
            {
                // With limits every write of a namespace without quotas comes here; one grain keeps the books of all.
                Admit(writes);
                return;
            }

            var answer = await AskAsync(
                new QuotaRequest
                {
                    Namespace = space, Revision = snapshot.Revision,
                    Writes = [.. writes.Zip(charges, static (w, c) => NeedOf(c, w.Attributes.DryRun))],
                },
                cancellationToken);
            if (!answer.IsOutdated)
            {
                Answer(writes, charges, answer);
                return;
            }
        }

        throw new StoreUnavailableException(
            $"the quotas of namespace {space} change too fast to be charged; try again later");
    }

    /// <summary>What the books are asked for one write.</summary>
    internal static QuotaNeed NeedOf(QuotaCharge charge, bool pretends) => new()
    {
        Parts =
        [
            .. charge.Parts.Select(static p => new QuotaPart(
                p.Quota.Metadata.Name,
                p.More.ToDictionary(static m => m.Name, static m => m.Amount.ToString(), StringComparer.Ordinal))),
        ],
        Pretends = pretends,
        IsOwed = charge.IsOwed,
    };

    private static void Admit(IReadOnlyList<QuotaWaiter> writes)
    {
        foreach (var write in writes)
        {
            write.Answer(null);
        }
    }

    private static void Answer(
        IReadOnlyList<QuotaWaiter> writes, IReadOnlyList<QuotaCharge> charges, QuotaAnswer answer)
    {
        Invariant.Check(answer.Refusals.Count == writes.Count, "every write has an answer", answer.Refusals.Count);
        for (var i = 0; i < writes.Count; i++)
        {
            var why = charges[i].Refusal ?? answer.Refusals[i];
            writes[i].Answer(
                why is null ? null
                : charges[i].IsFailure ? StatusErrors.Unknown(why)
                : AdmissionRefusals.Forbidden(writes[i].Attributes, why));
        }
    }

    /// <summary>
    /// Asks again while the books move from one silo to another, and, unlike other writes, when they were overloaded or
    /// an answer was lost: what is charged twice then is given back by who counts anew.
    /// </summary>
    private Task<QuotaAnswer> AskAsync(QuotaRequest request, CancellationToken cancellationToken) =>
        Attempts.RepeatAsync(
            new Attempts(Attempts.UsualPatience, time), (Books, request, cancellationToken),
            static ask => ask.Books.ChargeAsync(ask.request, ask.cancellationToken),
            static (ask, failure) => failure switch
            {
                StoreUnavailableException { Refusal: null } => failure,
                OrleansException or TimeoutException => new StoreUnavailableException(
                    $"the quotas of namespace {ask.request.Namespace} cannot be charged now: {failure.Message}",
                    failure),
                _ => null,
            },
            cancellationToken);

    /// <summary>What claims of devices are counted by; null where there are none.</summary>
    private async ValueTask<DeviceSurroundings?> DevicesAsync(
        string space, IReadOnlyList<QuotaWaiter> writes, CancellationToken cancellationToken)
    {
        if (writes.All(static w => w.Write.Resource != WellKnown.ResourceClaims))
        {
            return null;
        }

        var classes = await _classes.ListAsync<V1DeviceClass>("", cancellationToken);
        var pods = await reader.SnapshotAsync(WellKnown.Pods, ReadFreshness.Cached, cancellationToken);
        var claims = await reader.SnapshotAsync(WellKnown.ResourceClaims, ReadFreshness.Cached, cancellationToken);
        return new DeviceSurroundings(
            classes,
            name => pods.Get(new ObjectKey(space, name))?.As<V1Pod>(),
            () => claims.Range(space).Select(static c => c.As<Resourcev1ResourceClaim>()));
    }
}
