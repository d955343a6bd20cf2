using System.Text.RegularExpressions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>DNS search domains: subdomains whose labels may have underscores.</summary>
internal static partial class SearchRules
{
    public static IEnumerable<string> Complaints(string search)
    {
        if (search.Length > NameRules.SubdomainMaxLength)
        {
            yield return $"must be no more than {NameRules.SubdomainMaxLength} characters";
        }

        if (!Pattern().IsMatch(search))
        {
            yield return "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start " +
                "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
                "'_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')";
        }
    }

    [GeneratedRegex(@"^_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex Pattern();
}
