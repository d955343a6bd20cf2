using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Rules for names, labels and the like; every method yields upstream's complaints, nothing when all is well.</summary>
public static partial class NameRules
{
    public const int SubdomainMaxLength = 253;
    public const int LabelMaxLength = 63;

    /// <summary>RFC 1123 subdomain. A prefix (generateName) may end in a dash.</summary>
    public static IEnumerable<string> DnsSubdomain(string name, bool isPrefix = false)
    {
        name = isPrefix ? MaskTrailingDash(name) : name;
        if (name.Length > SubdomainMaxLength)
        {
            yield return $"must be no more than {SubdomainMaxLength} bytes";
        }

        if (!SubdomainPattern().IsMatch(name))
        {
            yield return "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start " +
                "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
                "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
        }
    }

    /// <summary>RFC 1123 label. A prefix (generateName) may end in a dash.</summary>
    public static IEnumerable<string> DnsLabel(string name, bool isPrefix = false)
    {
        name = isPrefix ? MaskTrailingDash(name) : name;
        if (name.Length > LabelMaxLength)
        {
            yield return $"must be no more than {LabelMaxLength} bytes";
        }

        if (!LabelPattern().IsMatch(name))
        {
            yield return "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with " +
                "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is " +
                "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
        }
    }

    private static string MaskTrailingDash(string name) => name.Length > 1 && name[^1] == '-' ? name[..^2] + "a" : name;

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex SubdomainPattern();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex LabelPattern();
}
