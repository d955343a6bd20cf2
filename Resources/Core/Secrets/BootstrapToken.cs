using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Secrets;

/// <summary>
/// A token with which a machine that nobody knows yet begins, kept in a Secret of <c>kube-system</c> (upstream's
/// <c>cluster-bootstrap</c>).
/// </summary>
public sealed partial record BootstrapToken
{
    public const string SecretType = "bootstrap.kubernetes.io/token";
    public const string Namespace = "kube-system";
    public const string NamePrefix = "bootstrap-token-";

    /// <summary>The group of all who bear such a token.</summary>
    public const string Group = "system:bootstrappers";

    private const string ForAuthentication = "usage-bootstrap-authentication";
    private const string ForSigning = "usage-bootstrap-signing";

    /// <summary>Of times of RFC 3339, which say their zone.</summary>
    private static readonly string[] Forms =
        ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz"];

    /// <summary>The public part.</summary>
    public required string Id { get; init; }

    /// <summary>The part that proves that one has it.</summary>
    public required string Secret { get; init; }

    /// <summary>True when requests may be sent with it.</summary>
    public bool Authenticates { get; private init; }

    /// <summary>True when it signs the ConfigMap <c>cluster-info</c>.</summary>
    public bool Signs { get; private init; }

    /// <summary>The groups of its bearer; null when what the Secret says of them is wrong.</summary>
    public IReadOnlyList<string>? Groups { get; private init; }

    /// <summary>When it ends; null for never. A time that cannot be read is long past.</summary>
    public DateTimeOffset? Expires { get; private init; }

    /// <summary>Reads a Secret; null when it holds no token, or not the one of its name.</summary>
    public static BootstrapToken? Read(V1Secret secret)
    {
        var id = Text(secret, "token-id");
        var key = Text(secret, "token-secret");
        return secret.Type == SecretType && secret.Metadata.NamespaceProperty == Namespace && id.Length > 0
            && key.Length > 0 && secret.Metadata.Name == NamePrefix + id && TokenId().IsMatch(id)
            ? new BootstrapToken
            {
                Id = id,
                Secret = key,
                Authenticates = Text(secret, ForAuthentication) == "true",
                Signs = Text(secret, ForSigning) == "true",
                Groups = GroupsOf(Text(secret, "auth-extra-groups")),
                Expires = ExpiryOf(secret),
            }
            : null;
    }

    /// <summary>Takes a token apart as it is sent; null when it has not the form of one.</summary>
    public static (string Id, string Secret)? Split(string token) =>
        Token().IsMatch(token) ? (token[..6], token[7..]) : null;

    /// <summary>When a Secret's token ends, whatever else is wrong with it; null for never.</summary>
    public static DateTimeOffset? ExpiryOf(V1Secret secret)
    {
        var text = Text(secret, "expiration");
        return text.Length == 0 ? null
            : DateTimeOffset.TryParseExact(
                text, Forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time
            : DateTimeOffset.MinValue;
    }

    /// <summary>The signature of a text without the text: JWS, HS256.</summary>
    public string Sign(string text)
    {
        var header = Base64Url($"{{\"alg\":\"HS256\",\"kid\":{GoText.Json(Id)}}}");
        var signature = HMACSHA256.HashData(
            Encoding.UTF8.GetBytes(Secret), Encoding.ASCII.GetBytes($"{header}.{Base64Url(text)}"));
        return $"{header}..{System.Buffers.Text.Base64Url.EncodeToString(signature)}";
    }

    private static List<string>? GroupsOf(string extra)
    {
        string[] groups = [Group, .. extra.Length == 0 ? [] : extra.Split(',')];
        return groups.Skip(1).All(static g => ExtraGroup().IsMatch(g))
            ? [.. groups.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]
            : null;
    }

    private static string Text(V1Secret secret, string key) =>
        secret.Data is { } data && data.TryGetValue(key, out var bytes) && bytes is not null
            ? Encoding.UTF8.GetString(bytes)
            : "";

    private static string Base64Url(string text) =>
        System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    [GeneratedRegex(@"\A[a-z0-9]{6}\.[a-z0-9]{16}\z")]
    private static partial Regex Token();

    [GeneratedRegex(@"\A[a-z0-9]{6}\z")]
    private static partial Regex TokenId();

    [GeneratedRegex(@"\Asystem:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]\z")]
    private static partial Regex ExtraGroup();
}
