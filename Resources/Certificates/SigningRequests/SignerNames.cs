using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Certificates.SigningRequests;

/// <summary>The name of a signer: a domain, a slash, and a path of names with dots.</summary>
internal static class SignerNames
{
    private const int MaxDomainLength = 253;

    /// <summary>A domain, a slash, and a namespaced name: 253 + 1 + 253 + 1 + 63.</summary>
    private const int MaxLength = 571;

    public static void Validate(string name, FieldPath path, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(path);
            return;
        }

        if (name.Split('/') is not [var domain, var rest])
        {
            errors.Invalid(
                path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
            return;
        }

        if (NameRules.ByteCount(domain) > MaxDomainLength)
        {
            errors.TooLong(path, MaxDomainLength);
        }

        ValidateLabels(domain, label => NameRules.DnsLabel(label), path, errors);
        if (!domain.Contains('.', StringComparison.Ordinal))
        {
            errors.Invalid(path, domain, "should be a domain with at least two segments separated by dots");
        }

        ValidateLabels(rest, label => NameRules.DnsSubdomain(label), path, errors);
        if (NameRules.ByteCount(name) > MaxLength)
        {
            errors.TooLong(path, MaxLength);
        }
    }

    /// <summary>Only the first bad label is named.</summary>
    private static void ValidateLabels(
        string segment, Func<string, IEnumerable<string>> rule, FieldPath path, FieldErrors errors)
    {
        var complaints = segment.Split('.')
            .Select(label => rule(label).Select(c => $"validating label {GoText.Quote(label)}: {c}").ToList())
            .FirstOrDefault(c => c.Count > 0) ?? [];
        errors.InvalidEach(path, segment, complaints);
    }
}
