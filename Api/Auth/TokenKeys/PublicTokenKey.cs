using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;

namespace OrleansOrchestrator.Api.Auth.TokenKeys;

/// <summary>A key that checks signatures of tokens, in the forms that need it.</summary>
public sealed class PublicTokenKey
{
    private readonly JsonObject _published;

    private PublicTokenKey(SecurityKey key, string algorithm, JsonObject published) =>
        (Key, Algorithm, _published) = (key, algorithm, published);

    /// <summary>Its <c>kid</c>.</summary>
    public string Id => Key.KeyId;

    /// <summary>How it signs: <c>ES256</c>.</summary>
    public string Algorithm { get; }

    public SecurityKey Key { get; }

    /// <summary>As a JWK.</summary>
    public JsonObject Published() => _published.DeepClone().AsObject();

    /// <summary>A public key in PEM, of RSA or an elliptic curve.</summary>
    /// <param name="pem">The key.</param>
    /// <param name="id">Its id; upstream's, a digest of the key, when it has none of its own.</param>
    public static PublicTokenKey Of(string pem, string? id = null)
    {
        var key = Import(pem);
        return key is ECDsa curve ? OfCurve(curve, id) : OfRsa((RSA)key, id);
    }

    /// <summary>A key in PEM, public or private, of an elliptic curve or else of RSA.</summary>
    internal static AsymmetricAlgorithm Import(string pem)
    {
        AsymmetricAlgorithm key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
        }
        catch (Exception other) when (other is CryptographicException or ArgumentException)
        {
            key.Dispose();
            key = RSA.Create();
            key.ImportFromPem(pem);
        }

        return key;
    }

    /// <summary>Upstream's id of a key.</summary>
    public static string IdOf(AsymmetricAlgorithm key) =>
        Base64UrlEncoder.Encode(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));

    /// <summary>How a key signs.</summary>
    public static string AlgorithmOf(AsymmetricAlgorithm key) => (key, key.KeySize) switch
    {
        (RSA, _) => SecurityAlgorithms.RsaSha256,
        (_, 256) => SecurityAlgorithms.EcdsaSha256,
        (_, 384) => SecurityAlgorithms.EcdsaSha384,
        (_, 521) => SecurityAlgorithms.EcdsaSha512,
        _ => throw new CryptographicException("unknown private key type, must be *rsa.PrivateKey or *ecdsa.PrivateKey"),
    };

    private static PublicTokenKey OfCurve(ECDsa key, string? id)
    {
        var security = new ECDsaSecurityKey(key) { KeyId = id ?? IdOf(key) };
        var (algorithm, point) = (AlgorithmOf(key), key.ExportParameters(includePrivateParameters: false).Q);
        return new PublicTokenKey(security, algorithm, new JsonObject
        {
            ["use"] = "sig",
            ["kty"] = "EC",
            ["kid"] = security.KeyId,
            ["crv"] = $"P-{key.KeySize}",
            ["alg"] = algorithm,
            ["x"] = Base64UrlEncoder.Encode(point.X),
            ["y"] = Base64UrlEncoder.Encode(point.Y),
        });
    }

    private static PublicTokenKey OfRsa(RSA key, string? id)
    {
        var security = new RsaSecurityKey(key) { KeyId = id ?? IdOf(key) };
        var parameters = key.ExportParameters(includePrivateParameters: false);
        return new PublicTokenKey(security, AlgorithmOf(key), new JsonObject
        {
            ["use"] = "sig",
            ["kty"] = "RSA",
            ["kid"] = security.KeyId,
            ["alg"] = AlgorithmOf(key),
            ["n"] = Base64UrlEncoder.Encode(parameters.Modulus),
            ["e"] = Base64UrlEncoder.Encode(parameters.Exponent),
        });
    }
}
