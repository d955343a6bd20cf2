using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Computes a pod's priority from its class. Until PriorityClass is served there are only the two built-in classes, and
/// none.
/// </summary>
public sealed class PriorityPlugin : IAdmissionPlugin
{
    private const string DefaultPolicy = "PreemptLowerPriority";

    public string Name => "Priority";

    public bool Handles(AdmissionAttributes attributes) =>
        attributes.Operation is AdmissionOperation.Create or AdmissionOperation.Update && attributes.IsFor(WellKnown.Pods);

    public ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var spec = ((V1Pod)attributes.Object!).Spec ??= new V1PodSpec();
        if (attributes.OldObject is V1Pod { Spec: { } old })
        {
            spec.Priority ??= old.Priority;
            spec.PreemptionPolicy ??= old.PreemptionPolicy;
            spec.PriorityClassName =
                string.IsNullOrEmpty(spec.PriorityClassName) ? old.PriorityClassName : spec.PriorityClassName;
            return new ValueTask<Status?>((Status?)null);
        }

        return new ValueTask<Status?>(Compute(attributes, spec));
    }

    private static Status? Compute(AdmissionAttributes attributes, V1PodSpec spec)
    {
        int? priority = spec.PriorityClassName switch
        {
            null or "" => 0,
            "system-cluster-critical" => 2_000_000_000,
            "system-node-critical" => 2_000_001_000,
            _ => null,
        };
        if (priority is not { } computed)
        {
            return AdmissionRefusals.Forbidden(
                attributes, $"no PriorityClass with name {spec.PriorityClassName} was found");
        }

        if (spec.Priority is { } given && given != computed)
        {
            return AdmissionRefusals.Forbidden(
                attributes,
                $"the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed " +
                $"{computed} from the given PriorityClass name");
        }

        if (spec.PreemptionPolicy is { } policy && policy != DefaultPolicy)
        {
            return AdmissionRefusals.Forbidden(
                attributes,
                $"the string value of PreemptionPolicy ({policy}) must not be provided in pod spec; priority admission controller computed " +
                $"{DefaultPolicy} from the given PriorityClass name");
        }

        spec.Priority = computed;
        spec.PreemptionPolicy = DefaultPolicy;
        return null;
    }
}
