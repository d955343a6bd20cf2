using System.Text;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// Rules for names, labels and the like; every method yields upstream's complaints, nothing when all is well. The
/// <c>Is…</c> methods answer the same question without allocating: hot paths ask them first.
/// </summary>
public static class NameRules
{
    public const int SubdomainMaxLength = 253;
    public const int LabelMaxLength = 63;
    public const int PortNameMaxLength = 15;

    private const string QualifiedNameMessage =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName', " +
        " or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

    private const string SubdomainMessage =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an " +
        "alphanumeric character (e.g. 'example.com', regex used for validation is " +
        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    /// <summary>True when <see cref="DnsSubdomain"/> has no complaint.</summary>
    public static bool IsDnsSubdomain(string name) => name.Length <= SubdomainMaxLength && IsSubdomainText(name);

    /// <summary>RFC 1123 subdomain. A prefix (generateName) may end in a dash.</summary>
    public static IEnumerable<string> DnsSubdomain(string name, bool isPrefix = false)
    {
        name = isPrefix ? MaskTrailingDash(name) : name;
        if (ByteCount(name) > SubdomainMaxLength)
        {
            yield return $"must be no more than {SubdomainMaxLength} characters";
        }

        if (!IsSubdomainText(name))
        {
            yield return SubdomainMessage;
        }
    }

    /// <summary>A subdomain below any name: <c>*.example.com</c>.</summary>
    public static IEnumerable<string> WildcardSubdomain(string name)
    {
        if (ByteCount(name) > SubdomainMaxLength)
        {
            yield return $"must be no more than {SubdomainMaxLength} characters";
        }

        if (!name.StartsWith("*.", StringComparison.Ordinal) || !IsSubdomainText(name.AsSpan(2)))
        {
            yield return "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, " +
                "which must consist of lower " +
                "case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. " +
                "'*.example.com', regex used for " +
                "validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
        }
    }

    /// <summary>A subdomain in the words of declarative validation, which counts bytes.</summary>
    public static IEnumerable<string> LongName(string name, bool isPrefix = false) =>
        DnsSubdomain(name, isPrefix).Select(c => c.Replace(
            $"{SubdomainMaxLength} characters", $"{SubdomainMaxLength} bytes", StringComparison.Ordinal));

    /// <summary>RFC 1123 label. A prefix (generateName) may end in a dash.</summary>
    public static IEnumerable<string> DnsLabel(string name, bool isPrefix = false)
    {
        name = isPrefix ? MaskTrailingDash(name) : name;
        if (ByteCount(name) > LabelMaxLength)
        {
            yield return $"must be no more than {LabelMaxLength} characters";
        }

        if (IsLabelText(name))
        {
            yield break;
        }

        yield return IsSubdomainText(name)
            ? "must not contain dots"
            : "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an " +
              "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
    }

    /// <summary>RFC 1035 label: starts with a letter.</summary>
    public static IEnumerable<string> Dns1035Label(string name, bool isPrefix = false)
    {
        name = isPrefix ? MaskTrailingDash(name) : name;
        if (ByteCount(name) > LabelMaxLength)
        {
            yield return $"must be no more than {LabelMaxLength} characters";
        }

        if (!IsLabelText(name) || char.IsAsciiDigit(name[0]))
        {
            yield return "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, " +
                "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is " +
                "'[a-z]([-a-z0-9]*[a-z0-9])?')";
        }
    }

    /// <summary>True when <see cref="QualifiedName"/> has no complaint.</summary>
    public static bool IsQualifiedName(string value)
    {
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        var name = value.AsSpan(slash + 1);
        if (name.Length > LabelMaxLength || !IsNamePartText(name))
        {
            return false;
        }

        return slash < 0 || (slash > 0 && slash <= SubdomainMaxLength && IsSubdomainText(value.AsSpan(0, slash)));
    }

    /// <summary>A label key, annotation key, finalizer …: an optional DNS prefix and a name.</summary>
    public static IEnumerable<string> QualifiedName(string value)
    {
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        if (slash >= 0 && value.IndexOf('/', slash + 1) >= 0)
        {
            yield return "a valid label key " + QualifiedNameMessage +
                " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            yield break;
        }

        if (slash == 0)
        {
            yield return "prefix part must be non-empty";
        }
        else if (slash > 0)
        {
            foreach (var complaint in QualifiedNamePrefix(value[..slash]))
            {
                yield return complaint;
            }
        }

        var name = value[(slash + 1)..];
        if (name.Length == 0)
        {
            yield return "name part must be non-empty";
        }
        else if (ByteCount(name) > LabelMaxLength)
        {
            yield return $"name part must be no more than {LabelMaxLength} bytes";
        }

        if (!IsNamePartText(name))
        {
            yield return "name part " + QualifiedNameMessage;
        }
    }

    /// <summary>True when <see cref="LabelValue"/> has no complaint.</summary>
    public static bool IsLabelValue(string value) =>
        value.Length == 0 || (value.Length <= LabelMaxLength && IsNamePartText(value));

    /// <summary>The value of a label.</summary>
    public static IEnumerable<string> LabelValue(string value)
    {
        if (ByteCount(value) > LabelMaxLength)
        {
            yield return $"must be no more than {LabelMaxLength} bytes";
        }

        if (value.Length != 0 && !IsNamePartText(value))
        {
            yield return "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and " +
                "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
                "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
        }
    }

    /// <summary>A key of a ConfigMap or Secret: a file name.</summary>
    public static IEnumerable<string> ConfigMapKey(string key)
    {
        if (ByteCount(key) > SubdomainMaxLength)
        {
            yield return $"must be no more than {SubdomainMaxLength} characters";
        }

        if (key.Length == 0 || !key.AsSpan().ContainsOnly(IsFileNameCharacter))
        {
            yield return "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or " +
                "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
        }

        switch (key)
        {
            case ".": yield return "must not be '.'"; break;
            case "..": yield return "must not be '..'"; break;
            case ['.', '.', ..]: yield return "must not start with '..'"; break;
        }
    }

    /// <summary>An environment variable's name, by today's relaxed rule.</summary>
    public static IEnumerable<string> EnvironmentName(string name)
    {
        if (name.Length == 0)
        {
            yield return "environment variable name must be non-empty";
        }

        if (!name.AsSpan().ContainsOnly(c => c is >= ' ' and < (char)0x7f and not '='))
        {
            yield return "a valid environment variable name must consist only of printable ASCII characters other than '='";
        }
    }

    /// <summary>An identifier of the language C.</summary>
    public static IEnumerable<string> CIdentifier(string name)
    {
        if (name.Length == 0
            || char.IsAsciiDigit(name[0])
            || !name.AsSpan().ContainsOnly(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
        {
            yield return "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters " +
                "or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')";
        }
    }

    /// <summary>The name of a port (IANA_SVC_NAME).</summary>
    public static IEnumerable<string> PortName(string name)
    {
        if (ByteCount(name) > PortNameMaxLength)
        {
            yield return $"must be no more than {PortNameMaxLength} characters";
        }

        if (name.Length == 0 || !name.AsSpan().ContainsOnly(c => IsLowerOrDigit(c) || c == '-'))
        {
            yield return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
        }

        if (!name.AsSpan().ContainsAnyInRange('a', 'z'))
        {
            yield return "must contain at least one letter (a-z)";
        }

        if (name.Contains("--", StringComparison.Ordinal))
        {
            yield return "must not contain consecutive hyphens";
        }

        if (name.Length > 0 && (name[0] == '-' || name[^1] == '-'))
        {
            yield return "must not begin or end with a hyphen";
        }
    }

    /// <summary>The number of a port.</summary>
    public static IEnumerable<string> PortNumber(long port) =>
        port is >= 1 and <= 65535 ? [] : [InclusiveRange(1, 65535)];

    /// <summary><c>10%</c>.</summary>
    public static IEnumerable<string> Percent(string text)
    {
        if (text.Length < 2 || text[^1] != '%' || !text.AsSpan(0, text.Length - 1).ContainsOnly(char.IsAsciiDigit))
        {
            yield return "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for " +
                "validation is '[0-9]+%')";
        }
    }

    /// <summary>The name of an HTTP header.</summary>
    public static IEnumerable<string> HttpHeaderName(string name)
    {
        if (name.Length == 0 || !name.AsSpan().ContainsOnly(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
        {
            yield return "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation " +
                "is '[-A-Za-z0-9]+')";
        }
    }

    /// <summary>A name that can stand in a URL path.</summary>
    public static IEnumerable<string> PathSegment(string name, bool isPrefix = false)
    {
        if (!isPrefix && name is "." or "..")
        {
            yield return $"may not be '{name}'";
            yield break;
        }

        if (name.Contains('/', StringComparison.Ordinal))
        {
            yield return "may not contain '/'";
        }

        if (name.Contains('%', StringComparison.Ordinal))
        {
            yield return "may not contain '%'";
        }
    }

    /// <summary>A path below a domain, <c>acme.io/foo</c>.</summary>
    public static void ValidateDomainPrefixedPath(FieldPath path, string value, FieldErrors errors)
    {
        if (value.Length == 0)
        {
            errors.Required(path);
            return;
        }

        var slash = value.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || slash == value.Length - 1)
        {
            errors.Invalid(path, value, "must be a domain-prefixed path (such as \"acme.io/foo\")");
            return;
        }

        var (host, rest) = (value[..slash], value[(slash + 1)..]);
        errors.InvalidEach(path, host, DnsSubdomain(host));
        if (!rest.AsSpan().ContainsOnly(c =>
            char.IsAsciiLetterOrDigit(c) || "/-._~%!$&'()*+,;=:".Contains(c, StringComparison.Ordinal)))
        {
            errors.Invalid(
                path, rest, "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
        }
    }

    public static string InclusiveRange(long min, long max) => $"must be between {min} and {max}, inclusive";

    /// <summary>Length as upstream counts it: UTF-8 bytes.</summary>
    public static int ByteCount(string text) => Encoding.UTF8.GetByteCount(text);

    private static IEnumerable<string> QualifiedNamePrefix(string prefix)
    {
        if (ByteCount(prefix) > SubdomainMaxLength)
        {
            yield return $"prefix part must be no more than {SubdomainMaxLength} bytes";
        }

        if (!IsSubdomainText(prefix))
        {
            yield return "prefix part " + SubdomainMessage;
        }
    }

    private static string MaskTrailingDash(string name) => name.Length > 1 && name[^1] == '-' ? name[..^2] + "a" : name;

    private static bool IsSubdomainText(ReadOnlySpan<char> text)
    {
        foreach (var part in text.Split('.'))
        {
            if (!IsLabelText(text[part]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsLabelText(ReadOnlySpan<char> text) =>
        text.Length != 0 && IsLowerOrDigit(text[0]) && IsLowerOrDigit(text[^1]) && text.ContainsOnly(
            c => IsLowerOrDigit(c) || c == '-');

    private static bool IsNamePartText(ReadOnlySpan<char> text) =>
        text.Length != 0 && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1]) &&
        text.ContainsOnly(IsFileNameCharacter);

    private static bool IsFileNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.';

    private static bool IsLowerOrDigit(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c);

    private static bool ContainsOnly(this ReadOnlySpan<char> text, Func<char, bool> allowed)
    {
        foreach (var c in text)
        {
            if (!allowed(c))
            {
                return false;
            }
        }

        return true;
    }
}
