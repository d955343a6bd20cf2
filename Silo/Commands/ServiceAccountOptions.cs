using System.CommandLine;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>The options of service accounts' tokens, under upstream's names where it has some.</summary>
internal sealed class ServiceAccountOptions
{
    private const int ShortestTokenSeconds = 3600;
    private const long LongestTokenSeconds = 1L << 32;

    private static readonly TimeSpan ShortestRotation = TimeSpan.FromDays(7);

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
    private readonly Option<long> _longest = new("--service-account-max-token-expiration")
    {
        Description = "Seconds that a service-account token may live at most, an hour or more; 0 sets no bound.",
    };

    public IEnumerable<Option> All => [_keys, _signing, _rotation, _longest];

    public ServiceAccountSettings Read(ParseResult parsed) => new()
    {
        KeyFiles = parsed.GetRequiredValue(_keys),
        SigningKeyFile = parsed.GetValue(_signing),
        Rotation = Rotation(CommonOptions.MaybeTimeOf(parsed, _rotation)),
        MaxTokenLifetime = TokenLifetime(parsed.GetValue(_longest)),
    };

    private static TimeSpan? Rotation(TimeSpan? asked) =>
        asked is not { } age ? ServiceAccountSettings.DefaultRotation
        : age == TimeSpan.Zero ? null
        : age >= ShortestRotation ? age
        : throw new UserErrorException("--service-account-key-rotation must be a week (168h) or more, or 0 for never.");

    private static TimeSpan? TokenLifetime(long seconds) => seconds switch
    {
        0 => null,
        >= ShortestTokenSeconds and <= LongestTokenSeconds => TimeSpan.FromSeconds(seconds),
        _ => throw new UserErrorException(
            "--service-account-max-token-expiration must be between 3600 (an hour) and 2^32 seconds."),
    };
}
