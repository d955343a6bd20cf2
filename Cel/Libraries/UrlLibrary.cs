using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Libraries;

/// <summary>URLs: absolute ones, and paths that start with a slash.</summary>
public static class UrlLibrary
{
    private static readonly CelType UrlType = CelType.Opaque("kubernetes.URL");

    internal static CelLibrary Library { get; } = new()
    {
        Types = [UrlType],
        Functions =
        [
            CelFunction.Of("url", ("string_to_url", "(string) kubernetes.URL", static a =>
                Url.TryParse(a[0].AsString, out var url, out var complaint)
                    ? CelValue.Of(url!)
                    : CelValue.OfError(
                        $"URL parse error during conversion from string: parse \"{a[0].AsString}\": {complaint}"))),
            CelFunction.Of("isURL", ("is_url_string", "(string) bool", static a =>
                CelValue.Of(Url.TryParse(a[0].AsString, out _, out _)))),
            CelFunction.Of("string", ("url_to_string", "(kubernetes.URL) string", static a =>
                CelValue.Of(Of(a[0]).Text))),
            Part("getScheme", "url_get_scheme", static u => u.Scheme),
            Part("getHost", "url_get_host", static u => u.Host),
            Part("getHostname", "url_get_hostname", static u => u.Hostname),
            Part("getPort", "url_get_port", static u => u.Port),
            Part("getEscapedPath", "url_get_escaped_path", static u => u.Path),
            CelFunction.Of("getQuery", ("url_get_query", "kubernetes.URL.() map(string, list(string))", static a =>
                CelValue.Of(Of(a[0]).Query()))),
        ],
    };

    /// <summary>Why a text is no URL, in the words of Go's <c>url.ParseRequestURI</c>; null when it is one.</summary>
    public static string? Complaint(string text) =>
        Url.TryParse(text, out _, out var complaint) ? null : complaint;

    private static Url Of(in CelValue value) => (Url)value.AsOpaque;

    private static CelFunction Part(string name, string id, Func<Url, string> part) =>
        CelFunction.Of(name, (id, "kubernetes.URL.() string", a => CelValue.Of(part(Of(a[0])))));

    private sealed class Url : CelOpaque, IEquatable<Url>
    {
        public required string Text { get; init; }

        public required string Scheme { get; init; }

        public required string Host { get; init; }

        public required string Path { get; init; }

        public required string RawQuery { get; init; }

        public override CelType Type => UrlType;

        public string Hostname
        {
            get
            {
                var end = Host.StartsWith('[') ? Host.IndexOf(']', StringComparison.Ordinal) : -1;
                return end > 0 ? Host[1..end]
                    : Host.LastIndexOf(':') is >= 0 and var colon ? Host[..colon]
                    : Host;
            }
        }

        public string Port
        {
            get
            {
                var colon = Host.LastIndexOf(':');
                return colon >= 0 && colon > Host.LastIndexOf(']') ? Host[(colon + 1)..] : "";
            }
        }

        public static bool TryParse(string text, out Url? url, out string complaint)
        {
            url = null;
            complaint = text.Length == 0 ? "empty url"
                : text.Any(static c => c < ' ' || c == 0x7f) ? "net/url: invalid control character in URL"
                : "";
            if (complaint.Length > 0)
            {
                return false;
            }

            // A request's URL has no fragment: # is a character like others.
            var scheme = SchemeOf(text);
            var rest = scheme.Length > 0 ? text[(scheme.Length + 1)..] : text;
            var question = rest.IndexOf('?', StringComparison.Ordinal);
            var query = question < 0 ? "" : rest[(question + 1)..];
            rest = question < 0 ? rest : rest[..question];
            if (!rest.StartsWith('/') && rest != "*")
            {
                // What follows a scheme may be anything: https:a.
                complaint = text[0] == ':' ? "missing protocol scheme" : "invalid URI for request";
                url = scheme.Length == 0 ? null : new Url
                {
                    Text = text, Scheme = scheme.ToLowerInvariant(), Host = "", Path = "", RawQuery = query,
                };
                return url is not null;
            }

            var (user, host) = ("", "");
            if (scheme.Length > 0 && rest.StartsWith("//", StringComparison.Ordinal))
            {
                var slash = rest.IndexOf('/', 2);
                host = slash < 0 ? rest[2..] : rest[2..slash];
                rest = slash < 0 ? "" : rest[slash..];
                var end = host.LastIndexOf('@') + 1;
                (user, host) = (host[..Math.Max(0, end - 1)], host[end..]);
            }

            complaint = HostComplaint(host);
            if (complaint.Length == 0 && !user.All(StandsInUser))
            {
                complaint = "net/url: invalid userinfo";
            }
            else if (complaint.Length == 0 && !(IsEscaped(user, out var bad) && IsEscaped(rest, out bad)))
            {
                complaint = $"invalid URL escape \"{bad}\"";
            }

            url = new Url
            {
                Text = text, Scheme = scheme.ToLowerInvariant(), Host = host, Path = Escaped(rest), RawQuery = query,
            };
            return complaint.Length == 0;
        }

        /// <summary>The query's values by key; what is not escaped well or has a semicolon is left out.</summary>
        public CelMap Query()
        {
            var values = new Dictionary<CelValue, List<CelValue>>();
            foreach (var pair in RawQuery.Split('&', StringSplitOptions.RemoveEmptyEntries)
                .Where(static p => !p.Contains(';', StringComparison.Ordinal) && IsEscaped(p, out _)))
            {
                var equal = pair.IndexOf('=', StringComparison.Ordinal);
                var key = CelValue.Of(Unescaped(equal < 0 ? pair : pair[..equal]));
                values.TryAdd(key, []);
                values[key].Add(CelValue.Of(equal < 0 ? "" : Unescaped(pair[(equal + 1)..])));
            }

            return new LiteralMap(values.ToDictionary(static v => v.Key, static v =>
                CelValue.Of(CelList.Of([.. v.Value]))));
        }

        public bool Equals(Url? other) => other is not null && Text == other.Text;

        public override bool Equals(object? obj) => Equals(obj as Url);

        public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

        public override string ToString() => Text;

        private static string SchemeOf(string text)
        {
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            return colon > 0 && char.IsAsciiLetter(text[0])
                && text[..colon].All(static c => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.')
                ? text[..colon]
                : "";
        }

        private static bool StandsInUser(char c) =>
            char.IsAsciiLetterOrDigit(c) || "-._:~!$&'()*+,;=%@".Contains(c, StringComparison.Ordinal);

        private static string HostComplaint(string host)
        {
            if (host.StartsWith('[') && !host.Contains(']', StringComparison.Ordinal))
            {
                return "missing ']' in host";
            }

            var bad = host.FirstOrDefault(static c =>
                c is ' ' or '#' or '\\' or '^' or '`' or '{' or '|' or '}');
            if (bad != default)
            {
                return $"invalid character \"{bad}\" in host name";
            }

            var colon = host.LastIndexOf(':');
            return colon > host.LastIndexOf(']') && !host[(colon + 1)..].All(char.IsAsciiDigit)
                ? $"invalid port \"{host[colon..]}\" after host"
                : "";
        }

        private static bool IsEscaped(string path, out string bad)
        {
            for (var at = path.IndexOf('%', StringComparison.Ordinal); at >= 0; at = path.IndexOf('%', at + 1))
            {
                if (at + 2 >= path.Length || !char.IsAsciiHexDigit(path[at + 1]) || !char.IsAsciiHexDigit(path[at + 2]))
                {
                    bad = path[at..Math.Min(at + 3, path.Length)];
                    return false;
                }
            }

            bad = "";
            return true;
        }

        /// <summary>A path as written when that is a way to escape it, else escaped anew.</summary>
        private static string Escaped(string path) =>
            path.All(static c => StandsInPath(c) || "!'()*[]%".Contains(c, StringComparison.Ordinal))
                ? path
                : string.Concat(PathBytes(path).Select(static b =>
                    StandsInPath((char)b) ? ((char)b).ToString() : $"%{b:X2}"));

        private static bool StandsInPath(char c) =>
            char.IsAsciiLetterOrDigit(c) || "-_.~$&+,/:;=@".Contains(c, StringComparison.Ordinal);

        private static byte[] PathBytes(string path)
        {
            // A plus sign is a space in queries only.
            var escaped = System.Text.Encoding.UTF8.GetBytes(path.Replace("+", "%2B", StringComparison.Ordinal));
            return System.Net.WebUtility.UrlDecodeToBytes(escaped, 0, escaped.Length);
        }

        private static string Unescaped(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
    }
}
