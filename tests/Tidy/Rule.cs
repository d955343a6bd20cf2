using Xunit;

namespace OrleansOrchestrator.Tidy;

/// <summary>Holds a rule against the repository, after showing that it can tell bad from good.</summary>
internal static class Rule
{
    private const int ShownFindings = 40;

    public static void Holds(
        Func<IReadOnlyList<SourceFile>, IEnumerable<Finding>> rule, SourceFile[] bad, SourceFile[] good)
    {
        CanFail(rule, bad, good);
        var findings = rule(Repository.Files).ToList();
        Assert.True(findings.Count == 0, Text(findings));
    }

    /// <summary>As <see cref="Holds"/>, while up to <paramref name="allowed"/> old breaches may remain.</summary>
    public static void HoldsBut(
        int allowed, Func<IReadOnlyList<SourceFile>, IEnumerable<Finding>> rule, SourceFile[] bad, SourceFile[] good)
    {
        CanFail(rule, bad, good);
        var findings = rule(Repository.Files).ToList();
        Assert.True(
            findings.Count <= allowed,
            $"{findings.Count} findings where {allowed} are left from earlier days (Ratchets.cs): the number may only "
                + $"fall. Mend what is new.\n{Text(findings)}");
    }

    private static void CanFail(
        Func<IReadOnlyList<SourceFile>, IEnumerable<Finding>> rule, SourceFile[] bad, SourceFile[] good)
    {
        Assert.All(
            bad,
            sample => Assert.True(rule([.. good, sample]).Any(), $"the rule passes {sample.Path}:\n{sample.Text}"));
        var wrong = rule(good).ToList();
        Assert.True(wrong.Count == 0, $"the rule refuses a good sample: {Text(wrong)}");
    }

    private static string Text(List<Finding> findings)
    {
        var more = findings.Count > ShownFindings ? $"\n… and {findings.Count - ShownFindings} more" : "";
        return string.Join('\n', findings.Take(ShownFindings)) + more;
    }
}
