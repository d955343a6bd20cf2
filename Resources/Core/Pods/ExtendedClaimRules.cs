using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>Findings on how the extended resources of a pod come from a claim that was made for it.</summary>
internal static class ExtendedClaimRules
{
    public static void Validate(
        V1PodExtendedResourceClaimStatus status, V1PodSpec spec, FieldPath path, FieldErrors errors)
    {
        var mappings = path.Child("requestMappings");
        if (status.RequestMappings is not { Count: > 0 } requests)
        {
            errors.Required(mappings, "at least one request mapping is required");
            requests = [];
        }

        var containers = new NameIndex<V1Container>(
            [.. spec.InitContainers ?? [], .. spec.Containers ?? []], static c => c.Name);
        var known = new HashSet<(string, string, string)>();
        for (var i = 0; i < requests.Count; i++)
        {
            var (container, resource, request) =
                (requests[i].ContainerName ?? "", requests[i].ResourceName ?? "", requests[i].RequestName ?? "");
            var at = mappings.Index(i);
            Resource(containers.Find(container), container, resource, at, errors);

            // Upstream says this of a path without the index.
            errors.InvalidEach(path.Child("requestName"), request, NameRules.DnsLabel(request));
            if (!known.Add((container, resource, request)))
            {
                errors.Duplicate(at.Child("containerName"), container);
                errors.Duplicate(at.Child("resourceName"), resource);
                errors.Duplicate(at.Child("requestName"), request);
            }
        }

        var claim = status.ResourceClaimName ?? "";
        if (claim.Length == 0)
        {
            errors.Required(path.Child("resourceClaimName"));
        }
        else
        {
            errors.InvalidEach(path.Child("resourceClaimName"), claim, NameRules.DnsSubdomain(claim));
        }
    }

    private static void Resource(
        V1Container? container, string containerName, string resource, FieldPath path, FieldErrors errors)
    {
        if (container is null)
        {
            errors.Invalid(
                path.Child("containerName"),
                containerName,
                "must match the name of an entry in spec.initContainers.name or spec.containers.name");
        }
        else if (container.Resources?.Requests?.ContainsKey(resource) != true)
        {
            errors.Invalid(
                path.Child("resourceName"),
                resource,
                "must match the extended resource name of an entry in spec.initContainers.resources.requests or " +
                "spec.containers.resources.requests");
        }
    }
}
