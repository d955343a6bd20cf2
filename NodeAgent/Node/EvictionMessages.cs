using System.Globalization;
using System.Text;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>
/// What an evicted or refused pod's status says: the kubelet's words, since people and programs read them. Pure.
/// </summary>
public static class EvictionMessages
{
    /// <summary>
    /// Why a pod goes: the resource, how much of it was left, and which of its containers used more than it asked for.
    /// </summary>
    public static string Evicted(
        EvictionThreshold threshold, Observation observed, EvictionCandidate victim)
    {
        var resource = EvictionPlanner.ResourceOf(threshold.Signal);
        var isBinary = resource is "memory" or "ephemeral-storage";
        var text = new StringBuilder($"The node was low on resource: {resource}. ")
            .Append(CultureInfo.InvariantCulture,
                $"Threshold quantity: {Text(threshold.Value.Of(observed.Capacity), isBinary)}, ")
            .Append(CultureInfo.InvariantCulture, $"available: {Text(observed.Available, isBinary)}. ");
        if (PodLevelOf(resource, victim) is var (usage, asked))
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"Pod {victim.Pod.Metadata.Name} was using {usage}, request is {asked}, ")
                .Append(CultureInfo.InvariantCulture, $"has larger consumption of {resource}. ");
        }

        foreach (var (name, used, request) in Offenders(resource, victim))
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"Container {name} was using {Text(used, true)}, request is {request}, ")
                .Append(CultureInfo.InvariantCulture, $"has larger consumption of {resource}. ");
        }

        return text.ToString();
    }

    /// <summary>
    /// The same for programs: what the node was short of, and which containers used how much more of it than they
    /// asked for. Nothing where nothing is known of the pod's use.
    /// </summary>
    public static Dictionary<string, string> Annotations(EvictionThreshold threshold, EvictionCandidate victim)
    {
        if (victim.Usage is null)
        {
            return [];
        }

        var resource = EvictionPlanner.ResourceOf(threshold.Signal);
        var offenders = Offenders(resource, victim).ToList();
        var annotations = new Dictionary<string, string>
        {
            ["offending_containers"] = string.Join(',', offenders.Select(static o => o.Name)),
            ["offending_containers_usage"] = string.Join(',', offenders.Select(static o => Text(o.Used, true))),
            ["starved_resource"] = resource,
        };
        if (PodLevelOf(resource, victim) is var (usage, _))
        {
            annotations["offending_pod"] = victim.Pod.Metadata.Name;
            annotations["offending_pod_usage"] = usage;
        }

        return annotations;
    }

    /// <summary>
    /// What a pod that requests memory as a whole uses of it, and its request, however they compare; null for others.
    /// </summary>
    private static (string Usage, string Request)? PodLevelOf(string resource, EvictionCandidate victim) =>
        resource == PodResources.Memory && victim.Usage is { } usage
        && victim.Pod.Spec.Resources?.Requests?.TryGetValue(resource, out var request) == true
            ? (Text(usage.MemoryBytes, isBinary: true), request.ToString()) : null;

    /// <summary>
    /// Containers that used more than they asked for, by what is known of their use. Ephemeral ones can ask for
    /// nothing, and are not blamed for it.
    /// </summary>
    private static IEnumerable<(string Name, long Used, string Request)> Offenders(
        string resource, EvictionCandidate victim)
    {
        var containers = victim.Pod.Inits().Concat(victim.Pod.Spec.Containers).ToDictionary(static c => c.Name);
        foreach (var usage in resource is "memory" or "ephemeral-storage" ? victim.Usage?.Containers ?? [] : [])
        {
            var used = resource == "memory" ? usage.MemoryBytes : usage.Root.Bytes + usage.Logs.Bytes;
            if (!containers.TryGetValue(usage.Name, out var container))
            {
                continue;
            }

            var requests = container.Resources?.Requests;
            if (used > PodResources.Of(requests, resource))
            {
                var request = requests is not null && requests.TryGetValue(resource, out var asked)
                    ? asked.ToString()
                    : "0";
                yield return (usage.Name, used, request);
            }
        }
    }

    /// <summary>Why a pod is not admitted.</summary>
    public static string Refused(Pressure pressure)
    {
        (Pressure Flag, string Name)[] names =
            [(Pressure.Memory, "MemoryPressure"), (Pressure.Disk, "DiskPressure"), (Pressure.Pids, "PIDPressure")];
        var conditions = names.Where(n => pressure.HasFlag(n.Flag)).Select(n => n.Name);
        return $"The node had condition: [{string.Join(' ', conditions)}]. ";
    }

    /// <summary>
    /// Which limit on local storage the pod is over, by the kubelet's name of the signal and in its words; null when it
    /// keeps them all.
    /// </summary>
    public static (string Signal, string Message)? OverLimit(V1Pod pod, PodUsage usage, bool hasImageFs)
    {
        foreach (var volume in pod.Spec.Volumes ?? [])
        {
            if (volume.EmptyDir is { SizeLimit: { } limit, Medium: not "Memory" } && limit.ToDecimal() > 0
                && usage.Volumes.TryGetValue(volume.Name, out var used) && used.Bytes > limit.ToDecimal())
            {
                return ("emptydirfs.limit",
                    $"Usage of EmptyDir volume \"{volume.Name}\" exceeds the limit \"{limit}\". ");
            }
        }

        if (PodLimit(pod) is { } podLimit && usage.Disk(roots: true, rest: true).Bytes > podLimit.ToDecimal())
        {
            return ("ephemeralpodfs.limit",
                $"Pod ephemeral local storage usage exceeds the total limit of containers {podLimit}. ");
        }

        foreach (var container in usage.Containers)
        {
            if (Limit(pod.Spec.Containers.FirstOrDefault(c => c.Name == container.Name)) is { } limit
                && container.Logs.Bytes + (hasImageFs ? 0 : container.Root.Bytes) > limit.ToDecimal())
            {
                return ("ephemeralcontainerfs.limit",
                    $"Container {container.Name} exceeded its local ephemeral storage limit \"{limit}\". ");
            }
        }

        return null;
    }

    /// <summary>An amount as Kubernetes writes it: the largest unit that divides it.</summary>
    public static string Text(long amount, bool isBinary) =>
        Quantity.Whole(amount, isBinary ? QuantityFormat.BinarySI : QuantityFormat.DecimalSI).ToString();

    /// <summary>
    /// The sum over containers that have a limit, or over an init container and the sidecars that run beside it, if
    /// that is more; null when none has.
    /// </summary>
    private static ResourceQuantity? PodLimit(V1Pod pod) => pod.Inits().Where(pod.IsPlainInit)
        .Select(init => pod.Inits().TakeWhile(c => c.Name != init.Name).Where(PodFacts.IsSidecar).Append(init))
        .Prepend(pod.Spec.Containers.Concat(pod.Sidecars()))
        .Select(LimitOf).OfType<ResourceQuantity>().MaxBy(static l => l.ToDecimal());

    /// <summary>The sum of limits, in the units of the first.</summary>
    private static ResourceQuantity? LimitOf(IEnumerable<V1Container> containers)
    {
        var limits = containers.Select(Limit).OfType<ResourceQuantity>().ToList();
        return limits switch
        {
            [] => null,
            [var only] => only,
            [var first, ..] => new ResourceQuantity(Text(
                (long)limits.Sum(static l => l.ToDecimal()),
                first.Format == ResourceQuantity.SuffixFormat.BinarySI)),
        };
    }

    private static ResourceQuantity? Limit(V1Container? container) =>
        container?.Resources?.Limits?.TryGetValue("ephemeral-storage", out var limit) == true && limit.ToDecimal() > 0
            ? limit : null;
}
