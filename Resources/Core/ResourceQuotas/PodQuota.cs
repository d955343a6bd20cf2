using k8s;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.ResourceQuotas;

/// <summary>Pods: how many, and what they request and are limited to together.</summary>
internal sealed class PodQuota() : QuotaEvaluator(WellKnown.Pods)
{
    private const string Pods = "pods";
    private const string Requests = "requests.";
    private const string Limits = "limits.";

    private static readonly string[] Compute =
        [ResourceNames.Cpu, ResourceNames.Memory, ResourceNames.EphemeralStorage];

    /// <summary>What every container must say for itself when a quota bounds it.</summary>
    private static readonly string[] NeedsSaying =
        ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

    /// <summary>True for a pod that may run for so long only.</summary>
    public static bool IsTerminating(V1Pod pod) => pod.Spec.ActiveDeadlineSeconds >= 0;

    public override bool Bounds(string name)
    {
        var resource = name.StartsWith(Requests, StringComparison.Ordinal) ? name[Requests.Length..]
            : name.StartsWith(Limits, StringComparison.Ordinal) ? name[Limits.Length..]
            : name;
        return name == Pods || name == CountName || Compute.Contains(resource)
            || (!name.StartsWith(Limits, StringComparison.Ordinal) && ResourceNames.IsHugePages(resource))
            || (name.StartsWith(Requests, StringComparison.Ordinal) && IsDevices(resource));
    }

    /// <summary>A pod that has finished is still an object, but uses nothing else.</summary>
    public override Dictionary<string, Quantity> Usage(
        IKubernetesObject<V1ObjectMeta> item, DateTimeOffset? now = null)
    {
        var pod = (V1Pod)item;
        var usage = new Dictionary<string, Quantity>(StringComparer.Ordinal) { [CountName] = Quantity.Parse("1") };
        if (pod.Status?.Phase is not ("Succeeded" or "Failed") && !IsOverdue(pod, now))
        {
            var spec = OccupiedResources.SpecOf(pod);
            usage[Pods] = Quantity.Parse("1");
            Add(usage, PodResources.TotalRequests(spec), PodResources.TotalLimits(spec));
        }

        return usage;
    }

    public override string? Complaint(IReadOnlyCollection<string> bounded, IKubernetesObject<V1ObjectMeta> item)
    {
        var spec = ((V1Pod)item).Spec;
        if (IsSaidForThePod(spec.Resources))
        {
            return null;
        }

        var needed = NeedsSaying.Where(bounded.Contains).ToList();
        var missing = (spec.Containers ?? []).Concat(spec.InitContainers ?? [])
            .SelectMany(c => needed.Where(n => !Says(c.Resources, n)).Select(resource => (Resource: resource, c.Name)))
            .GroupBy(static m => m.Resource, static m => m.Name)
            .OrderBy(static g => g.Key, StringComparer.Ordinal)
            .Select(static g => $"{g.Key} for: {string.Join(',', g.Distinct().Order(StringComparer.Ordinal))}")
            .ToList();
        return missing.Count == 0 ? null : $"must specify {string.Join("; ", missing)}";
    }

    protected override bool IsIn(V1ScopedResourceSelectorRequirement scope, IKubernetesObject<V1ObjectMeta> item)
    {
        var pod = (V1Pod)item;
        var spec = pod.Spec;
        return scope.ScopeName switch
        {
            QuotaScopes.Terminating => IsTerminating(pod),
            QuotaScopes.NotTerminating => !IsTerminating(pod),
            QuotaScopes.BestEffort => PodQos.Compute(spec) == PodQos.BestEffort,
            QuotaScopes.NotBestEffort => PodQos.Compute(spec) != PodQos.BestEffort,
            QuotaScopes.PriorityClass =>
                Selects(scope, string.IsNullOrEmpty(spec.PriorityClassName) ? [] : [spec.PriorityClassName]),
            QuotaScopes.CrossNamespacePodAffinity => AffinityTerms(spec.Affinity).Any(static t =>
                t.Namespaces is { Count: > 0 } || t.NamespaceSelector is not null),
            _ => false,
        };
    }

    private static bool IsDevices(string resource) =>
        ResourceNames.IsExtended(resource) || ResourceNames.IsDeviceClass(resource);

    /// <summary>Where a pod says anything for itself, its containers need not.</summary>
    private static bool IsSaidForThePod(V1ResourceRequirements? resources) =>
        (resources?.Requests?.Keys ?? []).Concat(resources?.Limits?.Keys ?? [])
            .Any(ResourceNames.IsSupportedAtPodLevel);

    /// <summary>True for a pod whose grace period has been over for as long again: its node is likely dead.</summary>
    private static bool IsOverdue(V1Pod pod, DateTimeOffset? now) =>
        pod.Metadata is { DeletionTimestamp: { } end, DeletionGracePeriodSeconds: { } grace }
        && now > Periods.After(new DateTimeOffset(end.ToUniversalTime()), grace);

    private static IEnumerable<V1PodAffinityTerm> AffinityTerms(V1Affinity? affinity)
    {
        var (pod, anti) = (affinity?.PodAffinity, affinity?.PodAntiAffinity);
        return
        [
            .. pod?.RequiredDuringSchedulingIgnoredDuringExecution ?? [],
            .. (pod?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Select(static w => w.PodAffinityTerm),
            .. anti?.RequiredDuringSchedulingIgnoredDuringExecution ?? [],
            .. (anti?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Select(static w => w.PodAffinityTerm),
        ];
    }

    /// <summary>True when resources say something for one of <see cref="NeedsSaying"/>.</summary>
    private static bool Says(V1ResourceRequirements? resources, string name) =>
        name.StartsWith(Limits, StringComparison.Ordinal)
            ? resources?.Limits?.ContainsKey(name[Limits.Length..]) == true
            : resources?.Requests?.ContainsKey(
                name.StartsWith(Requests, StringComparison.Ordinal) ? name[Requests.Length..] : name) == true;

    private static void Add(
        Dictionary<string, Quantity> usage, Dictionary<string, Quantity> requests, Dictionary<string, Quantity> limits)
    {
        foreach (var (name, amount) in requests)
        {
            if (Compute.Contains(name) || ResourceNames.IsHugePages(name))
            {
                usage[name] = amount;
                usage[Requests + name] = amount;
            }
            else if (IsDevices(name))
            {
                usage[Requests + name] = amount;
            }
        }

        foreach (var (name, amount) in limits.Where(static l => Compute.Contains(l.Key)))
        {
            usage[Limits + name] = amount;
        }
    }
}
