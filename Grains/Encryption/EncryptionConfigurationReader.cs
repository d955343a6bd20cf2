using System.Collections.Immutable;
using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>
/// Reads an EncryptionConfiguration (<c>apiserver.config.k8s.io/v1</c>) and checks it by upstream's rules.
/// </summary>
public static class EncryptionConfigurationReader
{
    private static readonly int[] AesBytes = [16, 24, 32];
    private static readonly int[] SecretboxBytes = [32];
    private static readonly FieldPath Root = FieldPath.Of("resources");

    /// <summary>Reads YAML or JSON; throws <see cref="FormatException"/> with all complaints.</summary>
    public static EncryptionConfiguration Read(ReadOnlySpan<byte> text, TimeProvider? time = null)
    {
        var document = Parse(text);
        var errors = new FieldErrors();
        var configuration = new EncryptionConfiguration(time);
        var plugins = new HashSet<string>(StringComparer.Ordinal);
        var entries = document.Resources ?? [];
        RequireSome(entries.Count, Root, errors);
        for (var i = 0; i < entries.Count; i++)
        {
            var path = Root.Index(i);
            var resources = Texts(entries[i]?.Resources);
            RequireSome(resources.Count, path.Child("resources"), errors);
            EncryptedResourceRules.Validate(resources, path.Child("resources"), errors);
            var providers = entries[i]?.Providers ?? [];
            RequireSome(providers.Count, path.Child("providers"), errors);
            var settings = providers
                .Select((p, j) => Provider(p, path.Child("providers").Index(j), plugins, errors)).ToList();
            if (errors.Count == 0)
            {
                configuration.Add(resources, settings);
            }
        }

        return errors.Count == 0
            ? configuration
            : throw new FormatException(string.Join(", ", errors.All.Select(static e => $"{e.Field}: {e.Message}")));
    }

    private static EncryptionDocument Parse(ReadOnlySpan<byte> text) =>
        YamlDocument.Read(text, EncryptionDocumentJson.Default.EncryptionDocument) is
            { ApiVersion: "apiserver.config.k8s.io/v1", Kind: "EncryptionConfiguration" } document
            ? document
            : throw new FormatException("this is no EncryptionConfiguration of apiserver.config.k8s.io/v1");

    /// <summary>A provider; null of the one that leaves values as they are.</summary>
    private static ProviderSettings? Provider(
        ProviderDocument? provider, FieldPath path, HashSet<string> plugins, FieldErrors errors)
    {
        var given = new (string Name, bool IsGiven)[]
        {
            ("kms", provider?.Kms is not null), ("aescbc", provider?.Aescbc is not null),
            ("secretbox", provider?.Secretbox is not null), ("aesgcm", provider?.Aesgcm is not null),
            ("identity", provider?.Identity is not null),
        }.Where(static p => p.IsGiven).Select(static p => p.Name).ToList();
        switch (given)
        {
            case []:
                errors.Invalid(
                    path,
                    "provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, "
                        + "Identity");
                return null;
            case [_, _, ..]:
                errors.Invalid(
                    path,
                    "more than one provider specified in a single element, should split into different list elements");
                return null;
            case ["aesgcm"]:
                return new ProviderKeys(
                    EncryptionScheme.AesGcm, Keys(provider!.Aesgcm!, path.Child("aesgcm"), AesBytes, errors));
            case ["aescbc"]:
                return new ProviderKeys(
                    EncryptionScheme.AesCbc, Keys(provider!.Aescbc!, path.Child("aescbc"), AesBytes, errors));
            case ["secretbox"]:
                return new ProviderKeys(
                    EncryptionScheme.Secretbox,
                    Keys(provider!.Secretbox!, path.Child("secretbox"), SecretboxBytes, errors));
            case ["kms"]:
                return KmsSettingsReader.Read(provider!.Kms!, path.Child("kms"), plugins, errors);
            default:
                return null;
        }
    }

    private static List<EncryptionKey> Keys(
        KeysDocument document, FieldPath provider, int[] lengths, FieldErrors errors)
    {
        var (keys, path) = (document.Keys ?? [], provider.Child("keys"));
        if (keys.Count == 0)
        {
            errors.Required(path, "at least one keys is required");
        }

        return [.. keys.Select((key, i) => Key(key ?? new KeyDocument(), path.Index(i), lengths, errors))];
    }

    private static EncryptionKey Key(KeyDocument key, FieldPath path, int[] lengths, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(key.Name))
        {
            errors.Required(path.Child("name"), "name is a mandatory field for a key");
        }

        if (string.IsNullOrEmpty(key.Secret))
        {
            errors.Required(path.Child("secret"), "secret is a mandatory field for a key");
            return new EncryptionKey("", []);
        }

        var secret = new byte[key.Secret.Length];
        if (!Convert.TryFromBase64String(key.Secret, secret, out var length))
        {
            errors.Invalid(path.Child("secret"), "REDACTED", "secrets must be base64 encoded");
        }
        else if (!lengths.Contains(length))
        {
            errors.Invalid(
                path.Child("secret"), "REDACTED",
                $"secret is not of the expected length, got {length}, expected one of [{string.Join(' ', lengths)}]");
        }

        return new EncryptionKey(key.Name ?? "", ImmutableArray.Create(secret, 0, length));
    }

    private static void RequireSome(int count, FieldPath path, FieldErrors errors)
    {
        if (count == 0)
        {
            errors.Required(path, $"at least one {path} is required");
        }
    }

    private static List<string> Texts(IReadOnlyList<string?>? texts) => [.. (texts ?? []).Select(static t => t ?? "")];
}
