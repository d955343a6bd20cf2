using k8s.Models;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// Fills in what the LimitRanges of a namespace say that containers ask for, and refuses pods and claims that ask for
/// too little or too much.
/// </summary>
public sealed class LimitRangerPlugin(ObjectReader reader, TimeProvider time) : IAdmissionPlugin
{
    private const string Annotation = "kubernetes.io/limit-ranger";

    private readonly LiveLookups _ranges = new(reader, WellKnown.LimitRanges, time);

    public string Name => "LimitRanger";

    /// <summary>A pod's resources change by its resize subresource only.</summary>
    public bool Handles(AdmissionAttributes attributes) => attributes.Operation switch
    {
        AdmissionOperation.Create =>
            attributes.IsFor(WellKnown.Pods) || attributes.IsFor(WellKnown.PersistentVolumeClaims),
        AdmissionOperation.Update => attributes.OldObject?.Metadata.DeletionTimestamp is null
            && (attributes.IsFor(WellKnown.PersistentVolumeClaims)
                || (attributes.Definition.Name == WellKnown.Pods && attributes.Subresource == "resize")),
        _ => false,
    };

    public async ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        if (attributes.Object is V1Pod pod)
        {
            foreach (var range in await RangesAsync(attributes, cancellationToken))
            {
                SetDefaults(pod, range);
            }
        }

        return null;
    }

    public async ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        foreach (var range in await RangesAsync(attributes, cancellationToken))
        {
            var complaints = attributes.Object switch
            {
                V1Pod pod => LimitChecks.OfPod(range, pod.Spec),
                V1PersistentVolumeClaim claim => LimitChecks.OfClaim(range, claim.Spec),
                _ => [],
            };
            if (GoErrors.Join(complaints) is { } all)
            {
                return AdmissionRefusals.Forbidden(attributes, all);
            }
        }

        return null;
    }

    private ValueTask<IReadOnlyList<V1LimitRange>> RangesAsync(
        AdmissionAttributes attributes, CancellationToken cancellationToken) =>
        _ranges.ListAsync<V1LimitRange>(attributes.Key.Namespace, cancellationToken);

    private static void SetDefaults(V1Pod pod, V1LimitRange range)
    {
        var requests = new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal);
        var limits = new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal);
        foreach (var limit in (range.Spec.Limits ?? []).Where(static l => l.Type == "Container"))
        {
            AddAll(requests, limit.DefaultRequest);
            AddAll(limits, limit.DefaultProperty);
        }

        List<string> notes =
        [
            .. (pod.Spec.Containers ?? []).SelectMany(c => Fill(c, "container", requests, limits)),
            .. (pod.Spec.InitContainers ?? []).SelectMany(c => Fill(c, "init container", requests, limits)),
        ];
        if (notes.Count > 0)
        {
            pod.Metadata.Annotations ??= new Dictionary<string, string>();
            pod.Metadata.Annotations[Annotation] = $"LimitRanger plugin set: {string.Join("; ", notes)}";
        }
    }

    private static void AddAll(
        Dictionary<string, ResourceQuantity> all, IDictionary<string, ResourceQuantity>? amounts)
    {
        foreach (var (name, amount) in amounts ?? new Dictionary<string, ResourceQuantity>())
        {
            all[name] = amount;
        }
    }

    /// <summary>Sets what a container does not say; returns what was set, for people to see.</summary>
    private static IEnumerable<string> Fill(
        V1Container container,
        string what,
        Dictionary<string, ResourceQuantity> requests,
        Dictionary<string, ResourceQuantity> limits)
    {
        container.Resources ??= new V1ResourceRequirements();
        (container.Resources.Requests, var newRequests) = Filled(container.Resources.Requests, requests);
        (container.Resources.Limits, var newLimits) = Filled(container.Resources.Limits, limits);
        foreach (var (names, field) in new[] { (newRequests, "request"), (newLimits, "limit") })
        {
            if (names.Count > 0)
            {
                yield return $"{string.Join(", ", names)} {field} for {what} {container.Name}";
            }
        }
    }

    private static (IDictionary<string, ResourceQuantity>? Amounts, IReadOnlyList<string> Added) Filled(
        IDictionary<string, ResourceQuantity>? given, Dictionary<string, ResourceQuantity> defaults)
    {
        string[] missing =
            [.. defaults.Keys.Where(n => given?.ContainsKey(n) != true).Order(StringComparer.Ordinal)];
        if (missing.Length == 0)
        {
            return (given, missing);
        }

        given ??= new Dictionary<string, ResourceQuantity>();
        foreach (var name in missing)
        {
            given[name] = defaults[name];
        }

        return (given, missing);
    }
}
