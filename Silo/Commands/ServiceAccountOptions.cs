using System.CommandLine;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>The options of service accounts' tokens, under upstream's names where it has some.</summary>
internal sealed class ServiceAccountOptions
{
    private static readonly TimeSpan ShortestToken = TimeSpan.FromHours(1);
    private static readonly TimeSpan LongestToken = TimeSpan.FromSeconds(1L << 32);
    private static readonly TimeSpan ShortestRotation = TimeSpan.FromDays(7);

    private readonly Option<string[]> _issuers = new("--service-account-issuer")
    {
        Description = "The issuer that tokens of service accounts name, best an https URL below which others reach "
            + "/.well-known/openid-configuration. Given several times, the first is that of new tokens, and all are "
            + "accepted. Default: https://kubernetes.default.svc.cluster.local.",
        DefaultValueFactory = static _ => [],
    };
    private readonly Option<string[]> _audiences = CommonOptions.List(
        "--api-audiences", "Whom tokens are for that this API takes. Default: the issuers.");
    private readonly Option<string?> _keySet = CommonOptions.MaybeText(
        "--service-account-jwks-uri",
        "Where others find the keys of these tokens (https). Default: /openid/v1/jwks below the issuer.");
    private readonly FilesOption _keys = new(
        "--service-account-key-file",
        "Keys or certificates (PEM, RSA or elliptic curves) whose tokens of service accounts are accepted, beside the "
            + "cluster's own.");
    private readonly FileOption _signing = CommonOptions.MaybeFile(
        "--service-account-signing-key-file",
        "The private key that signs tokens of service accounts. Default: one that the cluster makes and replaces.");
    private readonly Option<string?> _rotation = CommonOptions.MaybeText(
        "--service-account-key-rotation",
        "The age at which the cluster replaces its own key, a week or more; 0 for never. Default: 2160h.");
    private readonly Option<string?> _longest = CommonOptions.MaybeText(
        "--service-account-max-token-expiration",
        "How long a service-account token may live at most, such as 24h: an hour or more; 0 sets no bound.");
    private readonly Option<bool?> _extends = new("--service-account-extend-token-expiration")
    {
        Description = "Let tokens of pods live for a year, for programs that read theirs once. Default: true.",
    };

    public IEnumerable<Option> All => [_issuers, _audiences, _keySet, _keys, _signing, _rotation, _longest, _extends];

    public ServiceAccountSettings Read(ParseResult parsed) => new()
    {
        Issuers = parsed.GetRequiredValue(_issuers),
        Audiences = CommonOptions.ListOf(parsed, _audiences),
        KeySetUrl = parsed.GetValue(_keySet),
        KeyFiles = parsed.GetRequiredValue(_keys),
        SigningKeyFile = parsed.GetValue(_signing),
        Rotation = Rotation(CommonOptions.MaybeTimeOf(parsed, _rotation)),
        MaxTokenLifetime = TokenLifetime(CommonOptions.MaybeTimeOf(parsed, _longest)),
        ExtendsTokens = parsed.GetValue(_extends) ?? true,
    };

    private static TimeSpan? Rotation(TimeSpan? asked) =>
        asked is not { } age ? ServiceAccountSettings.DefaultRotation
        : age == TimeSpan.Zero ? null
        : age >= ShortestRotation ? age
        : throw new UserErrorException("--service-account-key-rotation must be a week (168h) or more, or 0 for never.");

    private static TimeSpan? TokenLifetime(TimeSpan? asked) =>
        asked is not { } life || life == TimeSpan.Zero ? null
        : life >= ShortestToken && life <= LongestToken ? life
        : throw new UserErrorException(
            "the service-account-max-token-expiration must be between 1 hour and 2^32 seconds");
}
