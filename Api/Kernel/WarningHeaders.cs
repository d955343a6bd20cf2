using Microsoft.AspNetCore.Http;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>
/// Writes Warning headers as upstream does: code 299, no agent, each text once. A text with control characters is no
/// text of a header, and is left out.
/// </summary>
public static class WarningHeaders
{
    private const string Header = "Warning";

    /// <summary>Upstream's bound on the characters of all warnings of an answer.</summary>
    private const int MaxTotal = 4096;

    /// <summary>Characters that are left of each warning where all of them would be more than that.</summary>
    private const int MaxCut = 256;

    /// <summary>Adds the warnings to an answer, as far as there is room for them.</summary>
    public static void Write(HttpResponse response, IReadOnlyCollection<string> warnings)
    {
        if (warnings.Count == 0)
        {
            return;
        }

        List<string> texts = [.. warnings.Where(IsText).Distinct(StringComparer.Ordinal)];
        foreach (var text in texts.Sum(CountOf) > MaxTotal ? Cut(texts) : texts)
        {
            response.Headers.Append(Header, $"299 - \"{text.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"");
        }
    }

    private static bool IsText(string text) => text.Length > 0 && !text.Any(char.IsControl);

    private static int CountOf(string text) => text.EnumerateRunes().Count();

    /// <summary>The beginnings of texts, until there is no more room.</summary>
    private static IEnumerable<string> Cut(List<string> texts)
    {
        var total = 0;
        foreach (var text in texts.TakeWhile(_ => total < MaxTotal))
        {
            var cut = string.Concat(text.EnumerateRunes().Take(MaxCut));
            total += CountOf(cut);
            yield return cut;
        }
    }
}
