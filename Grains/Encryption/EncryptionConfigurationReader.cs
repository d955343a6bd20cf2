using System.Collections.Immutable;
using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>
/// Reads an EncryptionConfiguration (<c>apiserver.config.k8s.io/v1</c>) and checks it by upstream's rules. Of the
/// providers there are <c>aesgcm</c> and <c>identity</c>; the others are refused, whatever they say.
/// </summary>
public static class EncryptionConfigurationReader
{
    private static readonly int[] KeyBytes = [16, 24, 32];
    private static readonly FieldPath Root = FieldPath.Of("resources");

    /// <summary>Reads YAML or JSON; throws <see cref="FormatException"/> with all complaints.</summary>
    public static EncryptionConfiguration Read(ReadOnlySpan<byte> text)
    {
        var document = Parse(text);
        var errors = new FieldErrors();
        var configuration = new EncryptionConfiguration();
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
            var keys = providers.Select((p, j) => Provider(p, path.Child("providers").Index(j), errors)).ToList();
            if (errors.Count == 0)
            {
                configuration.Add(resources, keys);
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

    /// <summary>The keys of an AES-GCM provider; null of the provider that leaves values as they are.</summary>
    private static List<EncryptionKey>? Provider(ProviderDocument? provider, FieldPath path, FieldErrors errors)
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
                return Keys(provider!.Aesgcm!.Keys ?? [], path.Child("aesgcm", "keys"), errors);
            case ["identity"]:
                return null;
            default:
                errors.NotSupported(path, given[0], ["aesgcm", "identity"]);
                return null;
        }
    }

    private static List<EncryptionKey> Keys(IReadOnlyList<KeyDocument?> keys, FieldPath path, FieldErrors errors)
    {
        if (keys.Count == 0)
        {
            errors.Required(path, "at least one keys is required");
        }

        return [.. keys.Select((key, i) => Key(key ?? new KeyDocument(), path.Index(i), errors))];
    }

    private static EncryptionKey Key(KeyDocument key, FieldPath path, FieldErrors errors)
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
        else if (!KeyBytes.Contains(length))
        {
            errors.Invalid(
                path.Child("secret"), "REDACTED",
                $"secret is not of the expected length, got {length}, expected one of [{string.Join(' ', KeyBytes)}]");
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
