using System.Collections.Frozen;
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

    private static readonly FrozenSet<string> ComputeNames = Compute
        .SelectMany(static c => new[] { c, Requests + c, Limits + c }).ToFrozenSet(StringComparer.Ordinal);

    /// <summary>What every container must say for itself when a quota bounds it.</summary>
    private static readonly Saying[] NeedsSaying =
    [
        new("cpu", ResourceNames.Cpu, false),
        new("memory", ResourceNames.Memory, false),
        new("requests.cpu", ResourceNames.Cpu, false),
        new("requests.memory", ResourceNames.Memory, false),
        new("limits.cpu", ResourceNames.Cpu, true),
        new("limits.memory", ResourceNames.Memory, true),
    ];

    /// <summary>Names of what a pod uses when it says no more than requests and limits of CPU and memory.</summary>
    private const int UsualNames = 11;

    /// <summary>True for a pod that may run for so long only.</summary>
    public static bool IsTerminating(V1Pod pod) => pod.Spec.ActiveDeadlineSeconds >= 0;

    public override bool Bounds(string name)
    {
        if (name == Pods || name == CountName || ComputeNames.Contains(name))
        {
            return true;
        }

        var resource = name.StartsWith(Requests, StringComparison.Ordinal) ? name[Requests.Length..]
            : name;
        return ResourceNames.IsHugePages(resource)
            || (name.StartsWith(Requests, StringComparison.Ordinal) && IsDevices(resource));
    }

    /// <summary>A pod that has finished is still an object, but uses nothing else.</summary>
    public override Dictionary<string, Quantity> Usage(
        IKubernetesObject<V1ObjectMeta> item, DateTimeOffset? now = null)
    {
        var pod = (V1Pod)item;
        var usage = new Dictionary<string, Quantity>(UsualNames, StringComparer.Ordinal) { [CountName] = One };
        if (pod.Status?.Phase is not ("Succeeded" or "Failed") && !IsOverdue(pod, now))
        {
            var spec = OccupiedResources.SpecOf(pod);
            usage[Pods] = One;
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

        Saying[] needed = [.. NeedsSaying.Where(n => bounded.Contains(n.Name))];
        return needed.Length == 0 || Containers(spec).All(c => needed.All(n => n.IsSaidBy(c)))
            ? null
            : $"must specify {string.Join("; ", Unsaid(spec, needed))}";
    }

    private static IEnumerable<string> Unsaid(V1PodSpec spec, Saying[] needed) => needed
        .Select(n => (n.Name, Silent: Containers(spec).Where(c => !n.IsSaidBy(c))
            .Select(static c => c.Name).Distinct().Order(StringComparer.Ordinal).ToList()))
        .Where(static n => n.Silent.Count > 0)
        .OrderBy(static n => n.Name, StringComparer.Ordinal)
        .Select(static n => $"{n.Name} for: {string.Join(',', n.Silent)}");

    private static IEnumerable<V1Container> Containers(V1PodSpec spec) =>
        (spec.Containers ?? []).Concat(spec.InitContainers ?? []);

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

    /// <summary>Something that a quota bounds by one name and a container says by another.</summary>
    private readonly record struct Saying(string Name, string Resource, bool IsLimit)
    {
        public bool IsSaidBy(V1Container container) =>
            (IsLimit ? container.Resources?.Limits : container.Resources?.Requests)?.ContainsKey(Resource) == true;
    }
}
