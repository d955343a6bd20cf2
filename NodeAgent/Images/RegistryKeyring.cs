namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>
/// Credentials by registry, matched as upstream's keyring does (<c>pkg/credentialprovider/keyring.go</c>): a key is a
/// host, perhaps with a port and the beginning of a path; each label of its host may hold wildcards, which never reach
/// over a dot. The port must be the same, and none is a port too.
/// </summary>
public sealed class RegistryKeyring
{
    private const string DefaultRegistryKey = "index.docker.io";
    private static readonly string[] DefaultRegistryHosts = ["docker.io", "index.docker.io"];

    // Reverse order: of two keys that begin alike the longer one, which says more, comes first.
    private readonly SortedDictionary<string, List<PullCredential>> _byKey =
        new(Comparer<string>.Create((a, b) => string.CompareOrdinal(b, a)));

    /// <summary>
    /// Adds credentials for what a docker configuration calls a registry; scheme and API version do not matter.
    /// </summary>
    public void Add(string registry, PullCredential credential)
    {
        var key = KeyOf(registry);
        if (!_byKey.TryGetValue(key, out var credentials))
        {
            _byKey[key] = credentials = [];
        }

        credentials.Add(credential);
    }

    /// <summary>
    /// All credentials that may fit a repository name (with its registry, without tag and digest), the most specific
    /// first.
    /// </summary>
    public IReadOnlyList<PullCredential> Lookup(string repository)
    {
        var found = _byKey.Where(entry => Matches(entry.Key, repository)).SelectMany(entry => entry.Value).ToList();
        return found.Count == 0
            && IsDefaultRegistry(repository)
            && _byKey.TryGetValue(DefaultRegistryKey, out var preset)
            ? preset
            : found;
    }

    private static string KeyOf(string registry)
    {
        var plain = registry;
        foreach (var scheme in (string[])["https://", "http://"])
        {
            plain = plain.StartsWith(scheme, StringComparison.Ordinal) ? plain[scheme.Length..] : plain;
        }

        var slash = plain.IndexOf('/', StringComparison.Ordinal);
        var (host, path) = slash < 0 ? (plain, "") : (plain[..slash], plain[slash..]);
        path = path.StartsWith("/v2/", StringComparison.Ordinal)
            || path.StartsWith("/v1/", StringComparison.Ordinal)
            ? path[3..]
            : path;
        return path == "/" ? host : host + path;
    }

    /// <summary>Whether credentials, or who knows some, are for a repository name.</summary>
    public static bool Matches(string key, string repository)
    {
        var (wantedHost, wantedPath) = Split(key);
        var (host, path) = Split(repository);
        var (wantedLabels, wantedPort) = Labels(wantedHost);
        var (labels, port) = Labels(host);
        return wantedPort == port
            && wantedLabels.Length == labels.Length
            && path.StartsWith(wantedPath, StringComparison.Ordinal)
            && wantedLabels.Zip(labels).All(pair => Glob(pair.First, pair.Second));
    }

    private static (string Host, string Path) Split(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? (text, "") : (text[..slash], text[slash..]);
    }

    private static (string[] Labels, string Port) Labels(string host)
    {
        var colon = host.LastIndexOf(':');
        return colon < 0 ? (host.Split('.'), "") : (host[..colon].Split('.'), host[(colon + 1)..]);
    }

    // A star stands for any run of characters, a question mark for one; without recursion, so that a hostile pattern
    // costs no more than its length times the text's.
    private static bool Glob(string pattern, string text)
    {
        var (at, star, resume) = (0, -1, 0);
        for (var i = 0; i < text.Length;)
        {
            if (at < pattern.Length && pattern[at] == '*')
            {
                (star, resume) = (at++, i);
            }
            else if (at < pattern.Length && (pattern[at] == '?' || pattern[at] == text[i]))
            {
                at++;
                i++;
            }
            else if (star >= 0)
            {
                (at, i) = (star + 1, ++resume);
            }
            else
            {
                return false;
            }
        }

        return pattern.AsSpan(at).TrimStart('*').IsEmpty;
    }

    private static bool IsDefaultRegistry(string repository)
    {
        var (host, path) = Split(repository);
        return path.Length == 0 || DefaultRegistryHosts.Contains(host) || host.IndexOfAny(['.', ':']) < 0;
    }
}
