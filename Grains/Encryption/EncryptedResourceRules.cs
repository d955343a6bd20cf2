using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>Which resources an EncryptionConfiguration may name.</summary>
internal static class EncryptedResourceRules
{
    private static readonly string[] WithoutApi =
        ["apiserveripinfo", "serviceipallocations", "servicenodeportallocations"];

    /// <summary>Complains about names and about names that hide each other.</summary>
    public static void Validate(IReadOnlyList<string> resources, FieldPath path, FieldErrors errors)
    {
        var names = resources.Select(Parse).ToList();
        if (names.Distinct().Count() < names.Count)
        {
            errors.Invalid(path, resources, "the same resource cannot be specified multiple times");
        }

        if (Overlaps([.. names.Distinct()]))
        {
            errors.Invalid(
                path, resources,
                "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as "
                    + "they will be masked");
        }

        for (var i = 0; i < resources.Count; i++)
        {
            if (Complaint(resources[i], names[i].Plural, names[i].Group) is { } complaint)
            {
                errors.Invalid(path.Index(i), resources[i], complaint);
            }
        }
    }

    private static bool Overlaps(IReadOnlyList<(string Plural, string Group)> names) =>
        names.Count > 1 && names.Any(name => name is ("*", _)
            && (name.Group == "*" || names.Any(other => other != name && other.Group == name.Group)));

    private static string? Complaint(string resource, string plural, string group) => resource switch
    {
        _ when resource.Any(char.IsUpper) => "resource name should not contain capital letters",
        "*" => "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources",
        _ when WithoutApi.Contains(resource) => "resources which do not have REST API/s cannot be encrypted",
        _ => group switch
        {
            "events.k8s.io" => "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. "
                + "Use 'events' instead in the config file",
            "extensions" => "'extensions' group has been removed and cannot be used for encryption",
            "*" when plural != "*" => "encrypting the same resource across groups is not supported",
            _ => null,
        },
    };

    private static (string Plural, string Group) Parse(string resource)
    {
        var dot = resource.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? (resource, "") : (resource[..dot], resource[(dot + 1)..]);
    }
}
