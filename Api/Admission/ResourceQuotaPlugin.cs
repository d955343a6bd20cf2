using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Core.ResourceQuotas;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Charges what is created to the quotas of its namespace, in their status, and refuses what would exceed one. What is
/// charged for a write that then fails, or for what is deleted later, is given back by whoever counts anew, as
/// upstream's controller does.
/// </summary>
public sealed class ResourceQuotaPlugin : IAdmissionPlugin
{
    /// <summary>How long a write waits for its charge, as upstream's.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly Status TimedOut = StatusErrors.InternalError("resource quota evaluation timed out");

    private readonly LiveLookups _quotas;
    private readonly TimeProvider _time;
    private readonly QuotaCharger _charger;
    private readonly QuotaLines _lines;
    private readonly QuotaLimits _limits;

    public ResourceQuotaPlugin(ObjectReader reader, IGrainFactory grains, QuotaLimits limits, TimeProvider time)
    {
        (_quotas, _limits, _time) = (new LiveLookups(reader, WellKnown.ResourceQuotas, time), limits, time);
        _charger = new QuotaCharger(
            reader, () => grains.GetGrain<IQuotaBooksGrain>(WellKnown.ResourceQuotas.ToString()), time, limits);
        _lines = new QuotaLines(ChargeAsync);
    }

    public string Name => "ResourceQuota";

    public bool Handles(AdmissionAttributes attributes) =>
        attributes.Definition.Namespaced
        && attributes.Operation is AdmissionOperation.Create or AdmissionOperation.Update
        && QuotaEvaluator.IsConcerned(WriteOf(attributes));

    public async ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var seen = await _quotas.SnapshotAsync(attributes.Key.Namespace, cancellationToken);
        if (_limits.Resources.Count == 0 && seen.CountRange(attributes.Key.Namespace) == 0)
        {
            return null;
        }

        var waiter = new QuotaWaiter(attributes, WriteOf(attributes), cancellationToken);
        _lines.Add(waiter);
        try
        {
            return await waiter.Done.WaitAsync(Patience, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            waiter.Answer(TimedOut);
            return await waiter.Done;
        }
    }

    private static QuotedWrite WriteOf(AdmissionAttributes attributes) => new(
        attributes.Definition.Name, attributes.Object!, attributes.OldObject, attributes.Subresource);

    private async Task ChargeAsync(string space, IReadOnlyList<QuotaWaiter> writes)
    {
        using var patience = new CancellationTokenSource(Patience, _time);
        try
        {
            QuotaWaiter[] wanted = [.. writes.Where(static w => w.IsWanted)];
            if (wanted.Length > 0)
            {
                await _charger.ChargeAsync(space, wanted, patience.Token);
            }
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            foreach (var write in writes)
            {
                write.Answer(TimedOut);
            }
        }
    }
}
