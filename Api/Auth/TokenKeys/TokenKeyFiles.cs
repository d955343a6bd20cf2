using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansOrchestrator.Api.Configuration;

namespace OrleansOrchestrator.Api.Auth.TokenKeys;

/// <summary>Keys of service-account tokens that files hold: those that are accepted, and the one that signs.</summary>
public sealed class TokenKeyFiles
{
    private const string Certificate = "CERTIFICATE";

    /// <summary>Tokens of these are accepted.</summary>
    public required IReadOnlyList<PublicTokenKey> Accepted { get; init; }

    /// <summary>What signs; null leaves that to the cluster's own keys.</summary>
    public FileSigner? Signer { get; init; }

    /// <summary>
    /// Reads files of PEM; each of the first may hold several keys, public or private, or certificates.
    /// </summary>
    public static TokenKeyFiles Read(IReadOnlyList<string> accepted, string? signing)
    {
        var keys = accepted.SelectMany(KeysOf).DistinctBy(static k => k.Id).ToList();
        var signer = signing is null ? null : ReadSigner(signing);
        return signer is not null && keys.TrueForAll(k => k.Id != signer.Id)
            ? throw new ConfigurationException(
                "--service-account-signing-key-file: the files of --service-account-key-file do not have the key that "
                + "signs, so its tokens would be refused.")
            : new TokenKeyFiles { Accepted = keys, Signer = signer };
    }

    private static List<PublicTokenKey> KeysOf(string path)
    {
        var text = ReadFile(path).AsSpan();
        var keys = new List<PublicTokenKey>();
        while (PemEncoding.TryFind(text, out var block))
        {
            if (KeyOf(text[block.Label].ToString(), text[block.Location].ToString()) is { } key)
            {
                keys.Add(key);
            }

            text = text[block.Location.End..];
        }

        return keys.Count > 0 ? keys : throw new ConfigurationException(
            $"error reading public key file {path}: data does not contain any valid RSA or ECDSA public keys");
    }

    /// <summary>Null for what is no key.</summary>
    private static PublicTokenKey? KeyOf(string label, string pem)
    {
        try
        {
            if (label != Certificate)
            {
                return PublicTokenKey.Of(pem);
            }

            using var certificate = X509Certificate2.CreateFromPem(pem);
            using AsymmetricAlgorithm? key =
                certificate.GetECDsaPublicKey() ?? (AsymmetricAlgorithm?)certificate.GetRSAPublicKey();
            return key is null ? null : PublicTokenKey.Of(key.ExportSubjectPublicKeyInfoPem());
        }
        catch (Exception unfit) when (unfit is CryptographicException or ArgumentException)
        {
            return null;
        }
    }

    private static FileSigner ReadSigner(string path)
    {
        try
        {
            return FileSigner.Of(ReadFile(path));
        }
        catch (Exception unfit) when (unfit is CryptographicException or ArgumentException)
        {
            throw new ConfigurationException(
                $"failed to parse service-account-issuer-key-file: error reading private key file {path}: data does "
                + "not contain a valid RSA or ECDSA private key");
        }
    }

    private static string ReadFile(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path} cannot be read: {failure.Message}");
        }
    }
}
