using System.Text.RegularExpressions;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Rules for names, labels and the like; every method yields upstream's complaints, nothing when all is well.</summary>
public static partial class NameRules
{
    public const int SubdomainMaxLength = 253;
    public const int LabelMaxLength = 63;

    private const string QualifiedNameMessage =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName', " +
        " or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

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

    /// <summary>A label key, annotation key, finalizer …: an optional DNS prefix and a name.</summary>
    public static IEnumerable<string> QualifiedName(string value)
    {
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        var name = value;
        if (slash >= 0)
        {
            if (value.IndexOf('/', slash + 1) >= 0)
            {
                yield return "a valid label key " + QualifiedNameMessage + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
                yield break;
            }

            var prefix = value[..slash];
            name = value[(slash + 1)..];
            if (prefix.Length == 0)
            {
                yield return "prefix part must be non-empty";
            }
            else
            {
                foreach (var complaint in DnsSubdomain(prefix))
                {
                    yield return "prefix part " + complaint;
                }
            }
        }

        if (name.Length == 0)
        {
            yield return "name part must be non-empty";
        }
        else if (name.Length > LabelMaxLength)
        {
            yield return $"name part must be no more than {LabelMaxLength} bytes";
        }

        if (!QualifiedNamePattern().IsMatch(name))
        {
            yield return "name part " + QualifiedNameMessage;
        }
    }

    /// <summary>The value of a label.</summary>
    public static IEnumerable<string> LabelValue(string value)
    {
        if (value.Length > LabelMaxLength)
        {
            yield return $"must be no more than {LabelMaxLength} bytes";
        }

        if (value.Length != 0 && !QualifiedNamePattern().IsMatch(value))
        {
            yield return "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and " +
                "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
                "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
        }
    }

    private static string MaskTrailingDash(string name) => name.Length > 1 && name[^1] == '-' ? name[..^2] + "a" : name;

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex SubdomainPattern();

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex LabelPattern();

    [GeneratedRegex(@"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\z")]
    private static partial Regex QualifiedNamePattern();
}
