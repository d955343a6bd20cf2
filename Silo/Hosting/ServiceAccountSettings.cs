using OrleansOrchestrator.Api.Auth.TokenKeys;
using OrleansOrchestrator.Grains.Security;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>What a silo is told of service accounts' tokens.</summary>
public sealed record ServiceAccountSettings
{
    /// <summary>The age at which the cluster replaces its own key, unless it is told another.</summary>
    public static readonly TimeSpan? DefaultRotation = new TokenKeyOptions().Rotation;

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

    /// <summary>What the files hold; null without any.</summary>
    public TokenKeyFiles? ReadFiles() =>
        SigningKeyFile is not null && KeyFiles.Count == 0
            ? throw new UserErrorException(
                "--service-account-signing-key-file needs --service-account-key-file, which says whose tokens are "
                + "accepted.")
        : KeyFiles.Count > 0 ? TokenKeyFiles.Read(KeyFiles, SigningKeyFile)
        : null;
}
