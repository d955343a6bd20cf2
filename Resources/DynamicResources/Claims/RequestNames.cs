using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.DynamicResources.Claims;

/// <summary>The requests of a claim, and the alternatives of each, by name.</summary>
internal sealed class RequestNames
{
    private const string Unknown =
        "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    public static RequestNames Of(V1DeviceClaim? claim)
    {
        var result = new RequestNames();
        foreach (var request in claim?.Requests ?? [])
        {
            result._names.Add(request.Name ?? "");
            result._names.UnionWith((request.FirstAvailable ?? []).Select(a => $"{request.Name}/{a.Name}"));
        }

        return result;
    }

    /// <summary>A list of such names, each once.</summary>
    public void Validate(IList<string>? names, FieldPath path, FieldErrors errors) => DeviceRules.EachOnce(
        names, ClaimSpecRules.MaxRequests, n => n, path, errors, (name, at) => Validate(name, at, errors));

    public void Validate(string name, FieldPath path, FieldErrors errors)
    {
        var segments = name.Split('/');
        if (segments.Length <= 2)
        {
            foreach (var segment in segments)
            {
                DeviceRules.ValidateLabelName(segment, path, errors);
            }
        }

        if (!_names.Contains(name))
        {
            errors.Invalid(path, name, Unknown);
        }
    }
}
