using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>Findings on what nodes say of a pod's containers: whom they run as, and how their resources are.</summary>
internal static class ContainerStatusRules
{
    private const string ClaimPrefix = "claim:";
    private const int MaxMessageBytes = 1024;

    private static readonly string[] Healths = ["Healthy", "Unhealthy", "Unknown"];

    public static void Validate(V1PodStatus status, V1PodSpec spec, FieldPath path, FieldErrors errors)
    {
        var (containers, inits, ephemerals) = (
            path.Child("containerStatuses"),
            path.Child("initContainerStatuses"),
            path.Child("ephemeralContainerStatuses"));
        Users(status.ContainerStatuses, spec, containers, errors);
        Users(status.InitContainerStatuses, spec, inits, errors);
        Users(status.EphemeralContainerStatuses, spec, ephemerals, errors);
        Allocations(status.ContainerStatuses, spec.Containers, containers, errors);
        Allocations(status.InitContainerStatuses, spec.InitContainers, inits, errors);
        for (var i = 0; i < (status.EphemeralContainerStatuses?.Count ?? 0); i++)
        {
            if (status.EphemeralContainerStatuses![i].AllocatedResourcesStatus is { Count: > 0 })
            {
                errors.Forbidden(
                    ephemerals.Index(i).Child("allocatedResourcesStatus"), "must not be specified in container status");
            }
        }
    }

    private static void Users(
        IList<V1ContainerStatus>? statuses, V1PodSpec spec, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < (statuses?.Count ?? 0); i++)
        {
            if (statuses![i].User?.Linux is not { } user)
            {
                continue;
            }

            var at = path.Index(i).Child("user", "linux");
            if (spec.Os?.Name == "windows")
            {
                errors.Forbidden(at, "cannot be set for a windows pod");
            }
            else if (spec.Os?.Name is null or "" or "linux")
            {
                User(user, at, errors);
            }
        }
    }

    private static void User(V1LinuxContainerUser user, FieldPath path, FieldErrors errors)
    {
        Id(user.Uid, path.Child("uid"), errors);
        Id(user.Gid, path.Child("gid"), errors);
        for (var i = 0; i < (user.SupplementalGroups?.Count ?? 0); i++)
        {
            Id(user.SupplementalGroups![i] ?? 0, path.Child("supplementalGroups").Index(i), errors);
        }
    }

    private static void Id(long id, FieldPath path, FieldErrors errors)
    {
        if (id is < 0 or > int.MaxValue)
        {
            errors.Invalid(path, id, NameRules.InclusiveRange(0, int.MaxValue));
        }
    }

    private static void Allocations(
        IList<V1ContainerStatus>? statuses, IList<V1Container>? containers, FieldPath path, FieldErrors errors)
    {
        var specs = new NameIndex<V1Container>(containers, static c => c.Name);
        for (var i = 0; i < (statuses?.Count ?? 0); i++)
        {
            if (statuses![i].AllocatedResourcesStatus is not { Count: > 0 } resources)
            {
                continue;
            }

            var container = specs.Find(statuses[i].Name);
            for (var j = 0; j < resources.Count; j++)
            {
                var at = path.Index(i).Child("allocatedResourcesStatus").Index(j);
                if (container is not null)
                {
                    ResourceName(resources[j].Name ?? "", container, at.Child("name"), errors);
                }

                Health(resources[j].Resources, at.Child("resources"), errors);
            }
        }
    }

    private static void ResourceName(string name, V1Container container, FieldPath path, FieldErrors errors)
    {
        if (!name.StartsWith(ClaimPrefix, StringComparison.Ordinal))
        {
            if (container.Resources?.Requests?.ContainsKey(name) != true)
            {
                errors.Invalid(path, name, "must match one of the container's resource requests");
            }

            return;
        }

        var isClaim = container.Resources?.Claims?.Any(
            c => name == ClaimPrefix + (string.IsNullOrEmpty(c.Request) ? c.Name : $"{c.Name}/{c.Request}"));
        if (isClaim != true)
        {
            errors.Invalid(
                path,
                name,
                "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or " +
                "'claim:<claimName>' if request is empty");
        }
    }

    private static void Health(IList<V1ResourceHealth>? resources, FieldPath path, FieldErrors errors)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < (resources?.Count ?? 0); i++)
        {
            var (health, id) = (resources![i].Health ?? "", resources[i].ResourceID ?? "");
            if (!Healths.Contains(health, StringComparer.Ordinal))
            {
                errors.NotSupported(path.Index(i).Child("health"), health, Healths);
            }

            Message(resources[i].Message, path.Index(i).Child("message"), errors);
            if (!ids.Add(id))
            {
                errors.Duplicate(path.Index(i).Child("resourceID"), id);
            }
        }
    }

    private static void Message(string? message, FieldPath path, FieldErrors errors)
    {
        if (message is { Length: 0 })
        {
            errors.Required(path, "must be non-empty if specified");
        }
        else if (message is not null && NameRules.ByteCount(message) > MaxMessageBytes)
        {
            errors.TooLong(path, MaxMessageBytes);
        }
    }
}
