using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Auth.TokenKeys;
using OrleansOrchestrator.Grains.Security;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>What a silo is told of service accounts' tokens.</summary>
public sealed record ServiceAccountSettings
{
    /// <summary>The age at which the cluster replaces its own key, unless it is told another.</summary>
    public static readonly TimeSpan? DefaultRotation = new TokenKeyOptions().Rotation;

    /// <summary>Issuers of tokens that are taken, the first that of new ones; empty for the default.</summary>
    public IReadOnlyList<string> Issuers { get; init; } = [];

    /// <summary>Whom tokens are for that this API takes; empty for the issuers.</summary>
    public IReadOnlyList<string> Audiences { get; init; } = [];

    /// <summary>Where others find the keys; null for a place below the issuer.</summary>
    public string? KeySetUrl { get; init; }

    /// <summary>Whether tokens of pods are good for longer than they say.</summary>
    public bool ExtendsTokens { get; init; } = true;

    /// <summary>Keys whose tokens are accepted, beside the cluster's own.</summary>
    public IReadOnlyList<string> KeyFiles { get; init; } = [];

    /// <summary>The key that signs; null for the cluster's own.</summary>
    public string? SigningKeyFile { get; init; }

    /// <summary>The age at which the cluster replaces its own key; null for never.</summary>
    public TimeSpan? Rotation { get; init; } = DefaultRotation;

    /// <summary>The longest life of a token; null for no bound.</summary>
    public TimeSpan? MaxTokenLifetime { get; init; }

    /// <summary>Of a key that signs nothing, none is made.</summary>
    public TokenKeyOptions Keys => new() { Rotation = SigningKeyFile is null ? Rotation : null };

    /// <summary>Settings of authentication with these in them; what upstream refuses is refused.</summary>
    public AuthOptions Over(AuthOptions options)
    {
        for (var i = 0; i < Issuers.Count; i++)
        {
            CheckIssuer(Issuers[i], Issuers.Take(i));
        }

        if (KeySetUrl is { } keys && (!Uri.TryCreate(keys, UriKind.Absolute, out var url) || url.Scheme != "https"))
        {
            throw new UserErrorException($"service-account-jwks-uri requires https scheme, parsed as: {keys}");
        }

        var issuers = Issuers.Count > 0 ? Issuers : options.Issuers;
        return options with
        {
            Issuers = issuers,
            Audiences = Audiences.Count > 0 ? Audiences : issuers,
            KeySetUrl = KeySetUrl,
            ExtendsTokens = ExtendsTokens,
            MaxTokenLifetime = MaxTokenLifetime,
            TokenKeys = ReadFiles(),
        };
    }

    /// <summary>What the files hold; null without any.</summary>
    public TokenKeyFiles? ReadFiles() =>
        SigningKeyFile is not null && KeyFiles.Count == 0
            ? throw new UserErrorException(
                "--service-account-signing-key-file needs --service-account-key-file, which says whose tokens are "
                + "accepted.")
        : KeyFiles.Count > 0 ? TokenKeyFiles.Read(KeyFiles, SigningKeyFile)
        : null;

    private static void CheckIssuer(string issuer, IEnumerable<string> before)
    {
        if (issuer.Contains(':', StringComparison.Ordinal) && !Uri.IsWellFormedUriString(issuer, UriKind.Absolute))
        {
            throw new UserErrorException(
                $"service-account-issuer {GoText.Quote(issuer)} contained a ':' but was not a valid URL");
        }

        if (issuer.Length == 0)
        {
            throw new UserErrorException("service-account-issuer should not be an empty string");
        }

        if (before.Contains(issuer))
        {
            throw new UserErrorException($"service-account-issuer {GoText.Quote(issuer)} is already specified");
        }
    }
}
