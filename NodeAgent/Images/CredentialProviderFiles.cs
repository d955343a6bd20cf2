using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>
/// Reads which programs are asked for credentials, by upstream's rules and mostly in its words
/// (<c>pkg/credentialprovider/plugin/config.go</c>).
/// </summary>
public static class CredentialProviderFiles
{
    /// <summary>An answer ends with the token that was shown for it.</summary>
    public const string PerToken = "Token";

    private const string Group = "kubelet.config.k8s.io";
    private const string Kind = "CredentialProviderConfig";
    private const string Newest = "credentialprovider.kubelet.k8s.io/v1";

    private static readonly string[] Protocols =
        [Newest, "credentialprovider.kubelet.k8s.io/v1alpha1", "credentialprovider.kubelet.k8s.io/v1beta1"];

    private static readonly string[] CacheTypes = ["ServiceAccount", PerToken];

    private static readonly FieldPath Providers = FieldPath.Of("providers");

    /// <summary>Reads the programs of a file, or of all files of a directory.</summary>
    /// <param name="path">The file or directory.</param>
    /// <param name="programs">The directory of the programs.</param>
    /// <exception cref="FormatException">They cannot be used; the message says why.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static IReadOnlyList<CredentialProvider> Read(string path, string programs)
    {
        if (!Directory.Exists(programs))
        {
            throw new FormatException($"plugin binary directory {programs} did not exist");
        }

        var providers = FilesOf(path).SelectMany(ReadFile).ToList();
        if (providers.CountBy(static p => p.Name).FirstOrDefault(static c => c.Value > 1) is { Key: { } twice })
        {
            throw new FormatException(
                $"duplicate provider name {GoQuotes.Quote(twice)} found in configuration file(s)");
        }

        var errors = new FieldErrors();
        Check(providers, errors);
        if (errors.Count > 0)
        {
            throw new FormatException($"failed to validate credential provider config: {errors.ToText()}");
        }

        return providers.Select(p => Path.Combine(programs, p.Name)).FirstOrDefault(f => !IsProgram(f)) is { } missing
            ? throw new FormatException($"plugin binary executable {missing} did not exist")
            : providers;
    }

    private static bool IsProgram(string path)
    {
        const UnixFileMode execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return File.Exists(path) && (File.GetUnixFileMode(path) & execute) != 0;
    }

    private static IReadOnlyList<string> FilesOf(string path)
    {
        if (!Directory.Exists(path))
        {
            return [path];
        }

        var files = Directory.EnumerateFiles(path)
            .Where(static f => Path.GetExtension(f) is ".json" or ".yaml" or ".yml")
            .Order(StringComparer.Ordinal).ToList();
        return files.Count > 0
            ? files
            : throw new FormatException($"no configuration files found in directory {GoQuotes.Quote(path)}");
    }

    private static IReadOnlyList<CredentialProvider> ReadFile(string path)
    {
        try
        {
            var document = YamlDocument.Read(
                File.ReadAllBytes(path), CredentialProviderJson.Default.CredentialProviderDocument);
            var (kind, version) = (document?.Kind ?? "", document?.ApiVersion ?? "");
            return (kind, version) is (Kind, $"{Group}/v1" or $"{Group}/v1beta1" or $"{Group}/v1alpha1")
                ? [.. (document!.Providers ?? []).Select(static p => (p ?? new CredentialProvider()).WithoutNulls())]
                : throw new FormatException(
                    $"no kind {GoQuotes.Quote(kind)} is registered for version {GoQuotes.Quote(version)}");
        }
        catch (FormatException bad)
        {
            throw new FormatException($"error decoding config {GoQuotes.Quote(path)}: {bad.Message}");
        }
    }

    private static void Check(IReadOnlyList<CredentialProvider> providers, FieldErrors errors)
    {
        if (providers.Count == 0)
        {
            errors.Required(Providers, "at least 1 item in plugins is required");
        }

        foreach (var provider in providers)
        {
            CheckName(provider.Name, errors);
            CheckProtocol(provider.ApiVersion, errors);
            CheckImages(provider.MatchImages, errors);
            CheckDuration(provider.DefaultCacheDuration, errors);
            if (provider.TokenAttributes is { } attributes)
            {
                CheckToken(provider.ApiVersion, attributes, Providers.Child("tokenAttributes"), errors);
            }
        }
    }

    private static void CheckName(string name, FieldErrors errors)
    {
        (bool IsWrong, string Problem)[] rules =
        [
            (name.Contains('/', StringComparison.Ordinal), "contain '/'"),
            (name.Contains(' ', StringComparison.Ordinal), "contain spaces"),
            (name == ".", "be '.'"), (name == "..", "be '..'"),
        ];
        foreach (var (_, problem) in rules.Where(static r => r.IsWrong))
        {
            errors.Invalid(Providers.Child("name"), name, $"provider name cannot {problem}");
        }
    }

    private static void CheckProtocol(string version, FieldErrors errors)
    {
        if (version.Length == 0)
        {
            errors.Required(Providers.Child("apiVersion"));
        }
        else if (!Protocols.Contains(version))
        {
            errors.NotSupported(Providers.Child("apiVersion"), version, Protocols);
        }
    }

    private static void CheckImages(IReadOnlyList<string> images, FieldErrors errors)
    {
        var path = Providers.Child("matchImages");
        if (images.Count == 0)
        {
            errors.Required(path, "at least 1 item in matchImages is required");
        }

        foreach (var image in images)
        {
            if (UrlProblem(image) is { } problem)
            {
                errors.Invalid(
                    path, image, $"match image is invalid: parse {GoQuotes.Quote("https://" + image)}: {problem}");
            }
        }
    }

    /// <summary>What Go's parser of URLs refuses in a host.</summary>
    private static string? UrlProblem(string image)
    {
        var percent = image.IndexOf('%', StringComparison.Ordinal);
        return percent >= 0
            ? $"invalid URL escape {GoQuotes.Quote(image.Substring(percent, Math.Min(3, image.Length - percent)))}"
            : image.Contains(' ', StringComparison.Ordinal) ? "invalid character \" \" in host name"
            : null;
    }

    private static void CheckDuration(string? text, FieldErrors errors)
    {
        var path = Providers.Child("defaultCacheDuration");
        if (text is null)
        {
            errors.Required(path);
        }
        else if (GoDuration.Read(text, out var duration) is { } bad)
        {
            errors.Invalid(path, text, bad);
        }
        else if (duration < TimeSpan.Zero)
        {
            errors.Invalid(
                path, GoDuration.Format(duration), "defaultCacheDuration must be greater than or equal to 0");
        }
    }

    private static void CheckToken(
        string version, ProviderTokenAttributes attributes, FieldPath path, FieldErrors errors)
    {
        if (attributes.ServiceAccountTokenAudience.Length == 0)
        {
            errors.Required(path.Child("serviceAccountTokenAudience"));
        }

        if (attributes.RequireServiceAccount is null)
        {
            errors.Required(path.Child("requireServiceAccount"));
        }

        if (version != Newest)
        {
            errors.Forbidden(path, $"tokenAttributes is only supported for {Newest} API version");
        }

        CheckAnnotations(attributes, path, errors);
        CheckCacheType(attributes.CacheType, path.Child("cacheType"), errors);
    }

    private static void CheckAnnotations(ProviderTokenAttributes attributes, FieldPath path, FieldErrors errors)
    {
        var (required, optional) =
            (attributes.RequiredServiceAccountAnnotationKeys, attributes.OptionalServiceAccountAnnotationKeys);
        if (attributes.RequireServiceAccount == false && required.Count > 0)
        {
            errors.Forbidden(
                path.Child("requiredServiceAccountAnnotationKeys"),
                "requireServiceAccount cannot be false when requiredServiceAccountAnnotationKeys is set");
        }

        CheckKeys(required, path.Child("requiredServiceAccountAnnotationKeys"), errors);
        CheckKeys(optional, path.Child("optionalServiceAccountAnnotationKeys"), errors);
        string[] both = [.. required.Intersect(optional).Order(StringComparer.Ordinal)];
        if (both.Length > 0)
        {
            errors.Invalid(path, both, "annotation keys cannot be both required and optional");
        }
    }

    private static void CheckKeys(IReadOnlyList<string> keys, FieldPath path, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in keys)
        {
            errors.InvalidEach(path, key, NameRules.QualifiedName(key.ToLowerInvariant()));
            if (!seen.Add(key))
            {
                errors.Duplicate(path, key);
            }
        }
    }

    private static void CheckCacheType(string type, FieldPath path, FieldErrors errors)
    {
        if (type.Length == 0)
        {
            errors.Required(
                path,
                "cacheType is required to be set when tokenAttributes is specified. Supported values are: "
                + string.Join(", ", CacheTypes));
        }
        else if (!CacheTypes.Contains(type))
        {
            errors.NotSupported(path, type, CacheTypes);
        }
    }
}
