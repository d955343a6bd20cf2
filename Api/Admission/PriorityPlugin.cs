using k8s.Models;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Scheduling.PriorityClasses;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Computes a pod's priority from its class, or the default one, of which there is at most one; and keeps the system's
/// own classes.
/// </summary>
public sealed class PriorityPlugin(ObjectReader reader) : IAdmissionPlugin
{
    public string Name => "Priority";

    public bool Handles(AdmissionAttributes attributes) => attributes.Operation switch
    {
        AdmissionOperation.Create or AdmissionOperation.Update =>
            attributes.IsFor(WellKnown.Pods) || attributes.IsFor(WellKnown.PriorityClasses),
        AdmissionOperation.Delete => attributes.IsFor(WellKnown.PriorityClasses),
        _ => false,
    };

    public async ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        if (attributes.Object is not V1Pod pod)
        {
            return null;
        }

        var spec = pod.Spec ??= new V1PodSpec();
        if (attributes.OldObject is V1Pod { Spec: { } old })
        {
            // The class's name does not stay: who leaves it out changes it, which validation refuses.
            spec.Priority ??= old.Priority;
            spec.PreemptionPolicy ??= old.PreemptionPolicy;
            return null;
        }

        return await ComputeAsync(attributes, spec, cancellationToken);
    }

    public async ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        if (attributes.Operation == AdmissionOperation.Delete)
        {
            // With all others, of which none is named, they go, as upstream's do, and the cluster makes them anew.
            return PriorityClassStrategy.SystemClasses.Any(c => c.Metadata.Name == attributes.Key.Name)
                ? AdmissionRefusals.Forbidden(attributes, "this is a system priority class and cannot be deleted")
                : null;
        }

        return attributes.Object is V1PriorityClass { GlobalDefault: true } item
            && await DefaultAsync(cancellationToken) is { } other
            && (attributes.Operation == AdmissionOperation.Create || other.Metadata.Name != item.Metadata.Name)
                ? AdmissionRefusals.Forbidden(
                    attributes,
                    $"PriorityClass {other.Metadata.Name} is already marked as default. Only one default can exist")
                : null;
    }

    private async ValueTask<Status?> ComputeAsync(
        AdmissionAttributes attributes, V1PodSpec spec, CancellationToken cancellationToken)
    {
        var found = string.IsNullOrEmpty(spec.PriorityClassName)
            ? await DefaultAsync(cancellationToken) ?? new V1PriorityClass { Metadata = new V1ObjectMeta(), Value = 0 }
            : await FindAsync(spec.PriorityClassName, cancellationToken);
        if (found is null)
        {
            return AdmissionRefusals.Forbidden(
                attributes, $"no PriorityClass with name {spec.PriorityClassName} was found");
        }

        var policy = found.PreemptionPolicy ?? PriorityClassStrategy.PreemptLowerPriority;
        if (spec.Priority is { } given && given != found.Value)
        {
            return AdmissionRefusals.Forbidden(
                attributes,
                $"the integer value of priority ({given}) must not be provided in pod spec; priority admission " +
                $"controller computed {found.Value} from the given PriorityClass name");
        }

        if (spec.PreemptionPolicy is { } givenPolicy && givenPolicy != policy)
        {
            return AdmissionRefusals.Forbidden(
                attributes,
                $"the string value of PreemptionPolicy ({givenPolicy}) must not be provided in pod spec; priority " +
                $"admission controller computed {policy} from the given PriorityClass name");
        }

        spec.PriorityClassName = found.Metadata.Name ?? spec.PriorityClassName;
        spec.Priority = found.Value;
        spec.PreemptionPolicy = policy;
        return null;
    }

    /// <summary>The system's own classes count even before they have been written.</summary>
    private async ValueTask<V1PriorityClass?> FindAsync(string name, CancellationToken cancellationToken) =>
        await reader.FindAsync<V1PriorityClass>(
            WellKnown.PriorityClasses, new ObjectKey("", name), cancellationToken)
        ?? PriorityClassStrategy.SystemClasses.FirstOrDefault(c => c.Metadata.Name == name);

    /// <summary>Of several defaults, which only a race can make, the lowest.</summary>
    private async ValueTask<V1PriorityClass?> DefaultAsync(CancellationToken cancellationToken)
    {
        var all = await reader.ListAsync<V1PriorityClass>(WellKnown.PriorityClasses, "", cancellationToken);
        return all.Where(static c => c.GlobalDefault == true).MinBy(static c => c.Value);
    }
}
