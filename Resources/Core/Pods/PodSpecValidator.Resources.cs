using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <content>Resource requests, limits and claims.</content>
internal sealed partial class PodSpecValidator
{
    private HashSet<string>? _claimNames;
    private string? _knownClaims;

    private HashSet<string> ClaimNames => _claimNames ??= new HashSet<string>(
        (_spec.ResourceClaims ?? []).Select(c => c.Name ?? "").Where(n => n.Length > 0), StringComparer.Ordinal);

    private string KnownClaims =>
        _knownClaims ??= "must be one of the names in pod.spec.resourceClaims" + (ClaimNames.Count == 0
        ? " which is empty"
        : ": " + string.Join(", ", ClaimNames.Order(StringComparer.Ordinal)));

    private void PodResourceRequirements()
    {
        if (_spec.Resources is not { } resources)
        {
            return;
        }

        var path = _path.Child("resources");
        if (IsWindows)
        {
            _errors.Forbidden(path, "may not be set for a windows pod");
            return;
        }

        if (resources.Claims is not null)
        {
            _errors.Forbidden(path.Child("claims"), "claims may not be set for Resources at pod-level");
        }

        Requirements(resources, path, atPodLevel: true);
        PodAgainstContainers(resources, path);
    }

    /// <summary>The pod's amounts cover those of its containers.</summary>
    private void PodAgainstContainers(V1ResourceRequirements resources, FieldPath path)
    {
        foreach (var (name, needed) in PodResources.Requests(_spec))
        {
            if (resources.Requests?.TryGetValue(name, out var own) == true && needed > Quantity.Of(own))
            {
                _errors.Invalid(
                    path.Child("requests").Key(name), own.ToString(), $"must be greater than or equal to aggregate container requests of {needed}");
            }
        }

        foreach (var (name, needed) in PodResources.Limits(_spec))
        {
            if (ResourceNames.IsHugePages(name)
                && resources.Limits?.TryGetValue(name, out var own) == true
                && needed > Quantity.Of(own))
            {
                _errors.Invalid(
                    path.Child("limits").Key(name), own.ToString(), $"must be greater than or equal to aggregate container limits of {needed}");
            }
        }

        for (var i = 0; i < (_spec.Containers?.Count ?? 0); i++)
        {
            foreach (var (name, limit) in _spec.Containers![i].Resources?.Limits ?? new Dictionary<string, ResourceQuantity>())
            {
                if (resources.Limits?.TryGetValue(name, out var own) == true && Quantity.Of(limit) > Quantity.Of(own))
                {
                    _errors.Invalid(
                        path.Child("containers").Index(i).Key(name).Child("limits"),
                        limit.ToString(),
                        $"must be less than or equal to pod limits of {own}");
                }
            }
        }
    }

    internal void Requirements(V1ResourceRequirements requirements, FieldPath path, bool atPodLevel)
    {
        var seen = default(ResourceSorts);
        if (requirements.Limits is { Count: > 0 } limits)
        {
            foreach (var (name, model) in limits)
            {
                seen |= Amount(name, Quantity.Of(model), path, "limits", atPodLevel);
                HugePageSize(name, Quantity.Of(model), path, "limits");
            }
        }

        if (requirements.Requests is { Count: > 0 } requests)
        {
            foreach (var (name, model) in requests)
            {
                var quantity = Quantity.Of(model);
                seen |= Amount(name, quantity, path, "requests", atPodLevel);
                RequestAgainstLimit(name, quantity, requirements.Limits, path);
                HugePageSize(name, quantity, path, "requests");
            }
        }

        if (seen == ResourceSorts.HugePages)
        {
            _errors.Forbidden(path, "HugePages require cpu or memory");
        }

        if (requirements.Claims is { Count: > 0 } claims)
        {
            Claims(claims, path.Child("claims"));
        }
    }

    private ResourceSorts Amount(string name, Quantity quantity, FieldPath path, string field, bool atPodLevel)
    {
        if (name is ResourceNames.Cpu or ResourceNames.Memory && quantity.Sign >= 0)
        {
            return ResourceSorts.Compute;
        }

        var at = path.Child(field).Key(name);
        ResourceName(name, at, atPodLevel);
        if (quantity.Sign < 0)
        {
            _errors.Invalid(at, quantity.ToString(), NotNegative);
        }

        if (ResourceNames.IsInteger(name) && !quantity.IsInteger)
        {
            _errors.Invalid(at, quantity.ToString(), "must be an integer");
        }

        return name is ResourceNames.Cpu or ResourceNames.Memory ? ResourceSorts.Compute
            : ResourceNames.IsHugePages(name) ? ResourceSorts.HugePages
            : default;
    }

    private void HugePageSize(string name, Quantity quantity, FieldPath path, string field)
    {
        if (ResourceNames.IsHugePages(name) && !IsMultipleOfPage(name, quantity))
        {
            _errors.Invalid(
                path.Child(field).Key(name), quantity.ToString(), $"{quantity} is not positive integer multiple of {name}");
        }
    }

    private static bool IsMultipleOfPage(string name, Quantity quantity) =>
        Quantity.TryParse(name[ResourceNames.HugePagesPrefix.Length..], out var page)
        && page.Sign > 0 && quantity.Value % page.Value == 0;

    private void ResourceName(string name, FieldPath path, bool atPodLevel)
    {
        if (!atPodLevel)
        {
            _errors.InvalidEach(path, name, ResourceNames.ContainerComplaints(name));
            return;
        }

        var before = _errors.Count;
        _errors.InvalidEach(path, name, ResourceNames.Complaints(name));
        if (_errors.Count == before && !ResourceNames.IsSupportedAtPodLevel(name))
        {
            _errors.NotSupported(path, name, ["cpu", "hugepages-", "memory"]);
        }
    }

    private void RequestAgainstLimit(
        string name, Quantity request, IDictionary<string, ResourceQuantity>? limits, FieldPath path)
    {
        if (limits is null || !limits.TryGetValue(name, out var model))
        {
            if (!ResourceNames.IsOvercommitAllowed(name))
            {
                _errors.Required(path.Child("limits"), "Limit must be set for non overcommitable resources");
            }

            return;
        }

        var limit = Quantity.Of(model);
        if (request != limit && !ResourceNames.IsOvercommitAllowed(name))
        {
            _errors.Invalid(path.Child("requests"), request.ToString(), $"must be equal to {name} limit of {limit}");
        }
        else if (request > limit)
        {
            _errors.Invalid(
                path.Child("requests"), request.ToString(), $"must be less than or equal to {name} limit of {limit}");
        }
    }

    private void Claims(IList<Corev1ResourceClaim> claims, FieldPath path)
    {
        var used = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < claims.Count; i++)
        {
            var name = claims[i].Name ?? "";
            if (name.Length == 0)
            {
                _errors.Required(path.Index(i));
                continue;
            }

            ClaimUse(claims[i], name, used, path.Index(i));
            if (!ClaimNames.Contains(name))
            {
                _errors.NotFound(path.Index(i), name, KnownClaims);
            }
        }
    }

    private void ClaimUse(Corev1ResourceClaim claim, string name, HashSet<string> used, FieldPath path)
    {
        if (used.Contains(name))
        {
            _errors.Duplicate(path, name);
            return;
        }

        Label(path, "request", claim.Request);
        var key = string.IsNullOrEmpty(claim.Request) ? name : $"{name}/{claim.Request}";
        if (used.Contains(key))
        {
            _errors.Duplicate(path, key);
        }
        else if (string.IsNullOrEmpty(claim.Request))
        {
            foreach (var _ in used.Where(u => u.StartsWith(name + "/", StringComparison.Ordinal)))
            {
                _errors.Duplicate(path, name);
            }
        }

        used.Add(key);
    }

    private void ResizePolicy(IList<V1ContainerResizePolicy>? policies, FieldPath parent)
    {
        if (policies is null)
        {
            return;
        }

        var path = parent.Child("resizePolicy");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < policies.Count; i++)
        {
            var policy = policies[i];
            if (!seen.Add(policy.ResourceName ?? ""))
            {
                _errors.Duplicate(path.Index(i), policy.ResourceName ?? "");
            }

            ResizeValue(policy.ResourceName, ["cpu", "memory"], path);
            ResizeValue(policy.RestartPolicy, ["NotRequired", "RestartContainer"], path);
            if (_spec.RestartPolicy == "Never" && policy.RestartPolicy != "NotRequired")
            {
                _errors.Invalid(
                    path, policy.RestartPolicy ?? "", "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
            }
        }
    }

    private void ResizeValue(string? value, string[] supported, FieldPath path)
    {
        if (string.IsNullOrEmpty(value))
        {
            _errors.Required(path);
        }
        else if (!supported.Contains(value, StringComparer.Ordinal))
        {
            _errors.NotSupported(path, value, supported);
        }
    }

    [Flags]
    private enum ResourceSorts
    {
        None = 0,
        Compute = 1,
        HugePages = 2,
    }
}
