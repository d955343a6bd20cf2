using System.Text;
using Microsoft.AspNetCore.Http;

namespace OrleansOrchestrator.Api.Kernel;

/// <summary>Writes Warning headers as upstream does: code 299, no agent, each text once.</summary>
public static class WarningHeaders
{
    /// <summary>Upstream's bound on the text of all warnings of an answer.</summary>
    private const int MaxTotalLength = 4096;

    public static void Write(HttpResponse response, IReadOnlyCollection<string> warnings)
    {
        var total = 0;
        foreach (var text in warnings.Distinct(StringComparer.Ordinal))
        {
            total += text.Length;
            if (total > MaxTotalLength)
            {
                return;
            }

            response.Headers.Append("Warning", $"299 - {Quote(text)}");
        }
    }

    private static string Quote(string text)
    {
        var result = new StringBuilder(text.Length + 2).Append('"');
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' or '\\' => result.Append('\\').Append(c),
                < ' ' or > '~' => result.Append(' '),
                _ => result.Append(c),
            };
        }

        return result.Append('"').ToString();
    }
}
