using System.Text;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>As whom a request owns the fields that it writes.</summary>
internal static class FieldManagerNames
{
    private const int MaxNameBytes = 128;

    /// <summary>The manager of a request: the one that it names, else what its User-Agent begins with.</summary>
    public static string Of(string given, string? userAgent)
    {
        if (given.Length > 0)
        {
            return given;
        }

        var name = (userAgent ?? "").AsSpan();
        name = name.Contains('/') ? name[..name.IndexOf('/')] : name;
        if (name.Length <= MaxNameBytes && !name.ContainsAnyExceptInRange(' ', '~'))
        {
            return name.ToString();
        }

        var result = new StringBuilder();
        var bytes = 0;
        foreach (var rune in name.EnumerateRunes())
        {
            if (!GoQuotes.IsPrintable(rune))
            {
                continue;
            }

            bytes += rune.Utf8SequenceLength;
            if (bytes > MaxNameBytes)
            {
                break;
            }

            result.Append(rune);
        }

        return result.ToString();
    }

    /// <summary>The manager of a writer in process: the program that upstream has in its place.</summary>
    public static string Of(UserIdentity self) => self.Name switch
    {
        "system:kube-scheduler" => "kube-scheduler",
        _ when self.Name.StartsWith("system:serviceaccount:kube-system:", StringComparison.Ordinal) =>
            "kube-controller-manager",
        _ when self.Name.StartsWith("system:node:", StringComparison.Ordinal) => "kubelet",
        _ => "kube-apiserver",
    };
}
