using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Security;

namespace OrleansOrchestrator.Grains.Security;

/// <summary>
/// Signs tokens of service accounts, and replaces the keys for it. That a token lives is noted before it is given away,
/// an hour generously, so that it costs a write an hour and no key goes before its last token.
/// </summary>
internal sealed partial class TokenSigner(
    ITokenKeyStore store, TokenKeyOptions options, TimeProvider time, ILogger<TokenSigner> logger)
{
    private static readonly TimeSpan Generously = TimeSpan.FromHours(1);

    private IReadOnlyList<SigningKey> _keys = [];

    /// <summary>The key that signed last, ready for use: there is a token for each pod.</summary>
    private (string Id, ECDsa Algorithm)? _last;

    /// <summary>All keys, after the upkeep that is due.</summary>
    public async Task<IReadOnlyList<TokenKey>> KeepAsync(CancellationToken cancellationToken)
    {
        await ReadAsync(cancellationToken);
        var now = time.GetUtcNow();
        var (next, ended) = (TokenKeyRing.Next(_keys, options, now), TokenKeyRing.Ended(_keys, now).ToList());
        if (next is not null)
        {
            await store.AddAsync(next, cancellationToken);
            LogNext(next.Id, next.SignsFrom);
        }

        foreach (var key in ended)
        {
            await store.RemoveAsync(key, cancellationToken);
            LogEnded(key.Id);
        }

        if (next is not null || ended.Count > 0)
        {
            await ReadAsync(cancellationToken);
        }

        return [.. _keys.Select(Public)];
    }

    /// <summary>A signed token: ES256 in the compact form of JWS.</summary>
    public async Task<string> SignAsync(TokenSigning order, CancellationToken cancellationToken)
    {
        var key = await TakeAsync(order.Expires ?? SigningKey.Endless, cancellationToken);
        var header = Encoding.ASCII.GetBytes($$"""{"alg":"ES256","kid":"{{key.Id}}"}""");
        var signed = $"{Base64Url.EncodeToString(header)}.{Base64Url.EncodeToString(order.Claims)}";
        var signature = Algorithm(key).SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256);
        return $"{signed}.{Base64Url.EncodeToString(signature)}";
    }

    /// <summary>The key whose turn it is, noted to be needed until a token ends.</summary>
    private async Task<SigningKey> TakeAsync(DateTimeOffset expires, CancellationToken cancellationToken)
    {
        if (_keys.Count == 0)
        {
            await ReadAsync(cancellationToken);
        }

        var key = TokenKeyRing.Signing(_keys, time.GetUtcNow());
        if (key.LastExpiry >= expires)
        {
            return key;
        }

        var until = expires > SigningKey.Endless - Generously ? SigningKey.Endless : expires + Generously;
        if (!await store.ExtendAsync(key.Id, until, cancellationToken))
        {
            // Another activation has forgotten it: its turn was over, and this one did not know.
            await ReadAsync(cancellationToken);
            key = TokenKeyRing.Signing(_keys, time.GetUtcNow());
            if (!await store.ExtendAsync(key.Id, until, cancellationToken))
            {
                throw new InvalidOperationException("the key of tokens of service accounts has just been replaced");
            }
        }

        await ReadAsync(cancellationToken);
        return key;
    }

    private ECDsa Algorithm(SigningKey key)
    {
        if (_last is { } last && last.Id == key.Id)
        {
            return last.Algorithm;
        }

        _last?.Algorithm.Dispose();
        var algorithm = ECDsa.Create();
        algorithm.ImportFromPem(key.Pem);
        _last = (key.Id, algorithm);
        return algorithm;
    }

    private async Task ReadAsync(CancellationToken cancellationToken) =>
        _keys = await store.ReadAsync(cancellationToken);

    private static TokenKey Public(SigningKey key)
    {
        using var algorithm = ECDsa.Create();
        algorithm.ImportFromPem(key.Pem);
        return new TokenKey
        {
            Id = key.Id,
            PublicKeyPem = algorithm.ExportSubjectPublicKeyInfoPem(),
            LastExpiry = key.LastExpiry,
        };
    }

    [LoggerMessage(1, LogLevel.Information, "Key {Key} signs tokens of service accounts from {SignsFrom:u} on")]
    private partial void LogNext(string key, DateTimeOffset signsFrom);

    [LoggerMessage(2, LogLevel.Information, "Key {Key} is forgotten: all tokens that it signed have ended")]
    private partial void LogEnded(string key);
}
