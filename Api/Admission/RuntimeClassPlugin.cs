using k8s.Models;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>Gives a pod what its runtime class costs, and where pods of the class can run.</summary>
public sealed class RuntimeClassPlugin(ObjectReader reader) : IAdmissionPlugin
{
    private const string OtherOverhead = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
    private const string NoOverhead =
        "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead";

    public string Name => "RuntimeClass";

    public bool Handles(AdmissionAttributes attributes) =>
        attributes.Operation == AdmissionOperation.Create && attributes.IsFor(WellKnown.Pods);

    public async ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var spec = ((V1Pod)attributes.Object!).Spec;
        var (found, refusal) = await FindAsync(attributes, spec, cancellationToken);
        if (found is null)
        {
            return refusal;
        }

        if (found.Overhead is { } overhead)
        {
            if (spec.Overhead is { Count: > 0 } && !Same(spec.Overhead, overhead.PodFixed))
            {
                return AdmissionRefusals.Forbidden(attributes, OtherOverhead);
            }

            spec.Overhead = overhead.PodFixed;
        }

        return found.Scheduling is { } scheduling && Schedule(spec, scheduling) is { } conflict
            ? AdmissionRefusals.Forbidden(attributes, conflict)
            : null;
    }

    public async ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        var spec = ((V1Pod)attributes.Object!).Spec;
        var (found, refusal) = await FindAsync(attributes, spec, cancellationToken);
        if (refusal is not null)
        {
            return refusal;
        }

        var complaint = found?.Overhead is { } overhead
            ? Same(spec.Overhead, overhead.PodFixed) ? null : OtherOverhead
            : spec.Overhead is { Count: > 0 } ? NoOverhead : null;
        return complaint is null ? null : AdmissionRefusals.Forbidden(attributes, complaint);
    }

    private async ValueTask<(V1RuntimeClass? Class, Status? Refusal)> FindAsync(
        AdmissionAttributes attributes, V1PodSpec spec, CancellationToken cancellationToken)
    {
        if (spec.RuntimeClassName is not { } name)
        {
            return (null, null);
        }

        var key = new ObjectKey("", name);
        var found = await reader.FindAsync<V1RuntimeClass>(WellKnown.RuntimeClasses, key, cancellationToken);
        return found is null
            ? (
                null,
                AdmissionRefusals.Forbidden(attributes, $"pod rejected: RuntimeClass {GoText.Quote(name)} not found"))
            : (found, null);
    }

    private static bool Same(
        IDictionary<string, ResourceQuantity>? left, IDictionary<string, ResourceQuantity>? right) =>
        (left?.Count ?? 0) == (right?.Count ?? 0)
        && (left ?? new Dictionary<string, ResourceQuantity>()).All(p =>
            right!.TryGetValue(p.Key, out var other) && Quantity.Of(p.Value) == Quantity.Of(other));

    /// <summary>Joins the class's demands to the pod's; says where they contradict each other.</summary>
    private static string? Schedule(V1PodSpec spec, V1Scheduling scheduling)
    {
        var selector = new Dictionary<string, string>(spec.NodeSelector ?? new Dictionary<string, string>());
        foreach (var (key, value) in scheduling.NodeSelector ?? new Dictionary<string, string>())
        {
            if (selector.TryGetValue(key, out var given) && given != value)
            {
                return $"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; " +
                    $"pod.spec.nodeSelector[{key}] = {given}";
            }

            selector[key] = value;
        }

        spec.NodeSelector = selector.Count == 0 ? spec.NodeSelector : selector;
        spec.Tolerations = TolerationSets.Merge(spec.Tolerations ?? [], scheduling.Tolerations ?? []);
        return null;
    }
}
