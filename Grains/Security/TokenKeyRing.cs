using System.Security.Cryptography;

namespace OrleansOrchestrator.Grains.Security;

/// <summary>
/// Whose turn it is of several keys, and when one comes or goes. A key is published, then signs, then is only known:
/// until the last of its tokens has ended. So whoever knows what was published an hour ago can check each token.
/// </summary>
internal static class TokenKeyRing
{
    /// <summary>
    /// How many keys there are at most: of as many, none is replaced. Keys of tokens without an end, which Secrets
    /// hold, stay for ever.
    /// </summary>
    public const int MaxKeys = 64;

    /// <summary>Tokens are accepted a little longer than they live, by clocks that are late.</summary>
    private static readonly TimeSpan Leeway = TimeSpan.FromMinutes(10);

    /// <summary>The key that signs: of those whose turn has come, the last.</summary>
    public static SigningKey Signing(IReadOnlyList<SigningKey> keys, DateTimeOffset now) =>
        keys.Where(k => k.SignsFrom <= now).MaxBy(static k => k.SignsFrom) ?? keys.MinBy(static k => k.SignsFrom)!;

    /// <summary>The key that is to follow the last one; null while that is young.</summary>
    public static SigningKey? Next(IReadOnlyList<SigningKey> keys, TokenKeyOptions options, DateTimeOffset now)
    {
        var last = keys.Max(static k => k.SignsFrom);
        return options.Rotation is { } rotation && keys.Count < MaxKeys && last + rotation - options.Publication <= now
            ? Create(now + options.Publication)
            : null;
    }

    /// <summary>Keys that no living token needs.</summary>
    public static IEnumerable<SigningKey> Ended(IReadOnlyList<SigningKey> keys, DateTimeOffset now)
    {
        var turn = Signing(keys, now).SignsFrom;
        return keys.Where(k => k.SignsFrom < turn && k.LastExpiry < now - Leeway);
    }

    /// <summary>A new key.</summary>
    public static SigningKey Create(DateTimeOffset signsFrom)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new SigningKey
        {
            Id = Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))[..32],
            Pem = key.ExportPkcs8PrivateKeyPem(),
            SignsFrom = signsFrom,
            LastExpiry = SigningKey.Nothing,
        };
    }
}
