using OrleansOrchestrator.Interfaces.Core.ResourceQuotas;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>The books of quotas, as the journal of ResourceQuotas keeps them.</summary>
internal interface IQuotaBooks : IDeferredWrites
{
    /// <summary>
    /// Charges all of a request in one go and answers, or has charged nothing and names what to wait for first.
    /// </summary>
    (QuotaAnswer? Answer, Task? Wait) TryCharge(Journal journal, QuotaRequest request);
}

/// <summary>Makes the books of a journal that keeps some.</summary>
internal interface IQuotaBooksFactory
{
    /// <summary>New books for one activation; null for all resources but ResourceQuotas.</summary>
    IQuotaBooks? Create(ResourceName resource);
}
