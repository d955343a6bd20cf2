using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Grains.Encryption.Kms;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>Reads what an EncryptionConfiguration says of a plugin, by upstream's rules; of v1 there is none.</summary>
internal static class KmsSettingsReader
{
    private const string NoVersion1 =
        "KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set "
        + "--feature-gates=KMSv1=true to use the deprecated KMSv1 feature.";

    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(3);

    /// <summary>The plugin; what is wrong with it is in the errors.</summary>
    /// <param name="document">What the file says.</param>
    /// <param name="path">Where.</param>
    /// <param name="names">Of all plugins before it.</param>
    /// <param name="errors">Complaints.</param>
    public static KmsSettings Read(KmsDocument document, FieldPath path, HashSet<string> names, FieldErrors errors)
    {
        var version = string.IsNullOrEmpty(document.ApiVersion) ? "v1" : document.ApiVersion;
        var name = document.Name ?? "";
        ValidateName(name, version, path.Child("name"), names, errors);
        var timeout = ReadTimeout(document.Timeout, path.Child("timeout"), errors);
        var socket = ReadEndpoint(document.Endpoint ?? "", path.Child("endpoint"), errors);
        ValidateVersion(version, document.Cachesize, path, errors);
        names.Add(name);
        return new KmsSettings(name, socket, timeout);
    }

    private static void ValidateName(
        string name, string version, FieldPath path, HashSet<string> names, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(path, "name is a mandatory field for a provider");
        }

        if (version != "v1" && name.Contains(':', StringComparison.Ordinal))
        {
            errors.Invalid(path, name, $"invalid KMS provider name {name}, must not contain ':'");
        }

        if (version != "v1" && names.Contains(name))
        {
            errors.Invalid(path, name, $"duplicate KMS provider name {name}, names must be unique");
        }
    }

    private static TimeSpan ReadTimeout(string? text, FieldPath path, FieldErrors errors)
    {
        if (text is null)
        {
            return DefaultTimeout;
        }

        if (GoDuration.Read(text, out var timeout) is { } complaint)
        {
            errors.Invalid(path, text, complaint);
        }
        else if (timeout <= TimeSpan.Zero)
        {
            errors.Invalid(path, text, "timeout should be a positive value");
        }

        return timeout;
    }

    /// <summary>The path of the socket; those in no directory are written <c>unix:///@name</c>.</summary>
    private static string ReadEndpoint(string endpoint, FieldPath path, FieldErrors errors)
    {
        const string Unix = "unix:";
        if (endpoint.Length == 0)
        {
            errors.Invalid(path, "", "endpoint is a mandatory field for a kms");
            return "";
        }

        if (!endpoint.StartsWith(Unix, StringComparison.OrdinalIgnoreCase))
        {
            var end = endpoint.IndexOf(':', StringComparison.Ordinal);
            errors.Invalid(
                path, endpoint,
                $"unsupported scheme {GoText.Quote(end > 0 ? endpoint[..end] : "")} for KMS provider, only unix is "
                    + "supported");
            return "";
        }

        var rest = endpoint[Unix.Length..];
        if (rest.StartsWith("//", StringComparison.Ordinal))
        {
            var slash = rest.IndexOf('/', 2);
            rest = slash < 0 ? "" : rest[slash..];
        }

        if (rest.Length == 0)
        {
            errors.Invalid(path, endpoint, "invalid endpoint for kms provider, error: it names no socket");
        }

        return rest.StartsWith("/@", StringComparison.Ordinal) ? rest[1..] : rest;
    }

    private static void ValidateVersion(string version, int? cacheSize, FieldPath path, FieldErrors errors)
    {
        if (version != "v1" && cacheSize is { } size)
        {
            errors.Invalid(path.Child("cachesize"), size, "cachesize is not supported in v2");
        }

        switch (version)
        {
            case "v1":
                errors.Invalid(path.Child("apiVersion"), version, NoVersion1);
                break;
            case not "v2":
                errors.Invalid(
                    path.Child("apiVersion"), version,
                    "unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported");
                break;
        }
    }
}
