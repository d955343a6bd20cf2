using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.ResourceQuotas;

/// <summary>Gives the journal of ResourceQuotas its books, and has their controller count anew.</summary>
internal sealed class QuotaBooksFactory(IJournalStore store, TimeProvider time, IGrainFactory grains)
    : IQuotaBooksFactory
{
    /// <inheritdoc/>
    public IQuotaBooks? Create(ResourceName resource) =>
        resource == WellKnown.ResourceQuotas ? new QuotaBooks(store, time, Recount) : null;

    private void Recount(ObjectKey quota) =>
        _ = grains.GetObjectGrain(
            QuotaBooks.Definition.Of.GrainType, new ObjectAddress(WellKnown.ResourceQuotas, quota)).ReconcileAsync();
}
