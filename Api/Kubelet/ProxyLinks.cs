using System.Text;
using System.Text.RegularExpressions;
using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Kubelet;

/// <summary>
/// Keeps links of a proxied server below the proxy's path, as upstream does: those with a path from the root, to the
/// server itself or to where the client believes it to be. All others stay.
/// </summary>
/// <param name="prefix">Where the client sees the server's root, unescaped.</param>
/// <param name="server">Host and port of the server.</param>
/// <param name="asked">Host and port that the client asked.</param>
internal sealed partial class ProxyLinks(string prefix, string server, string asked)
{
    /// <summary>The path that a request to the server has for the client, unescaped.</summary>
    public string Below(string path) => GoUrl.JoinPaths(prefix, path);

    /// <summary>The link as the client is to see it.</summary>
    public string Rewrite(string link)
    {
        var parts = Parts().Match(link);
        var (host, path) = (parts.Groups["host"].Value, parts.Groups["path"].Value);
        if (!parts.Success
            || (host.Length > 0 && host != server && host != asked)
            || !path.StartsWith('/')
            || !GoUrl.TryUnescapePath(path, out var unescaped))
        {
            return link;
        }

        var origin = host.Length > 0 && host == asked ? parts.Groups["origin"].Value : "";
        var shown = unescaped.StartsWith(prefix, StringComparison.Ordinal) ? path : GoUrl.EscapePath(Below(unescaped));
        return $"{origin}{shown}{parts.Groups["rest"].Value}";
    }

    [GeneratedRegex(
        @"^(?<origin>(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?(?://(?<host>[^/?#@\s\\]*))?)(?<path>[^?#\p{Cc} ]*)(?<rest>(?:\?[^#\p{Cc}]*)?(?:#\P{Cc}*)?)$",
        RegexOptions.CultureInvariant)]
    private static partial Regex Parts();
}
