using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Looks at a decoded, defaulted write before validation (and may change it), and again after validation (and may only
/// refuse it). Plugins run in the order of <see cref="AdmissionChain.Order"/>, whatever the order of their
/// registration.
/// </summary>
public interface IAdmissionPlugin
{
    /// <summary>Upstream's name of the plugin.</summary>
    string Name { get; }

    /// <summary>True for the operations (and resources) the plugin wants to see.</summary>
    bool Handles(AdmissionAttributes attributes);

    /// <summary>Changes the object in place; a Status refuses the request.</summary>
    ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken) =>
        new((Status?)null);

    /// <summary>A Status refuses the request.</summary>
    ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken) =>
        new((Status?)null);
}
