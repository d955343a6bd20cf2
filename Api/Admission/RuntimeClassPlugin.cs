using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Holds a pod's runtime class against the existing ones. RuntimeClass is not among the served kinds yet, so none
/// exists.
/// </summary>
public sealed class RuntimeClassPlugin : IAdmissionPlugin
{
    public string Name => "RuntimeClass";

    public bool Handles(AdmissionAttributes attributes) =>
        attributes.Operation == AdmissionOperation.Create && attributes.IsFor(WellKnown.Pods);

    public ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var spec = ((V1Pod)attributes.Object!).Spec;
        var why = spec switch
        {
            { RuntimeClassName: { Length: > 0 } name } => $"pod rejected: RuntimeClass {GoText.Quote(name)} not found",
            { Overhead.Count: > 0 } =>
                "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
            _ => null,
        };
        return new ValueTask<Status?>(why is null ? null : AdmissionRefusals.Forbidden(attributes, why));
    }
}
