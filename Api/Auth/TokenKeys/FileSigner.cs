using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;

namespace OrleansOrchestrator.Api.Auth.TokenKeys;

/// <summary>Signs tokens of service accounts with a key of a file.</summary>
public sealed class FileSigner
{
    private readonly Lock _lock = new();
    private readonly AsymmetricAlgorithm _key;
    private readonly string _header;

    private FileSigner(AsymmetricAlgorithm key)
    {
        (_key, Id) = (key, PublicTokenKey.IdOf(key));
        _header = Base64UrlEncoder.Encode(JsonSerializer.SerializeToUtf8Bytes(
            new JsonObject { ["alg"] = PublicTokenKey.AlgorithmOf(key), ["kid"] = Id }));
    }

    /// <summary>Its <c>kid</c>.</summary>
    public string Id { get; }

    /// <summary>A private key in PEM, of RSA or an elliptic curve.</summary>
    public static FileSigner Of(string pem)
    {
        var signer = new FileSigner(PublicTokenKey.Import(pem));
        _ = signer.Sign([]);
        return signer;
    }

    /// <summary>A signed token.</summary>
    public string Sign(byte[] claims)
    {
        var signed = $"{_header}.{Base64UrlEncoder.Encode(claims)}";
        return $"{signed}.{Base64UrlEncoder.Encode(Signature(Encoding.ASCII.GetBytes(signed)))}";
    }

    private byte[] Signature(byte[] data)
    {
        lock (_lock)
        {
            return _key is ECDsa curve
                ? curve.SignData(data, Hash(curve.KeySize))
                : ((RSA)_key).SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
    }

    private static HashAlgorithmName Hash(int bits) => bits switch
    {
        256 => HashAlgorithmName.SHA256,
        384 => HashAlgorithmName.SHA384,
        _ => HashAlgorithmName.SHA512,
    };
}
