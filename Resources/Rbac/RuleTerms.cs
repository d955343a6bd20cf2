namespace OrleansOrchestrator.Resources.Rbac;

/// <summary>
/// How the words of a role's rule are read, from its lists or from sets made of them (upstream's
/// <c>apis/rbac/v1/evaluation_helpers</c>).
/// </summary>
public static class RuleTerms
{
    private const string All = "*";

    /// <summary>The word itself, or all.</summary>
    public static bool Has(ICollection<string>? words, string wanted) =>
        words is not null && (words.Contains(wanted) || words.Contains(All));

    /// <summary>A resource or subresource (<c>pods/log</c>) itself, all of them, or the same subresource of all.
    /// </summary>
    public static bool HasResource(ICollection<string>? words, string wanted) => Has(words, wanted)
        || (wanted.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash
            && words?.Contains($"{All}{wanted[slash..]}") == true);

    /// <summary>What paths begin with that a path of a rule stands for; null when it stands for itself alone.</summary>
    public static string? PrefixOf(string path) => path.EndsWith('*') ? path.TrimEnd('*') : null;
}
