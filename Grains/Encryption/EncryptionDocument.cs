using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>An EncryptionConfiguration as it stands in a file.</summary>
internal sealed record EncryptionDocument
{
    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    public IReadOnlyList<EncryptedResources?>? Resources { get; init; }
}

/// <summary>Resources, and the providers for them.</summary>
internal sealed record EncryptedResources
{
    public IReadOnlyList<string?>? Resources { get; init; }

    public IReadOnlyList<ProviderDocument?>? Providers { get; init; }
}

/// <summary>One of these.</summary>
internal sealed record ProviderDocument
{
    public KeysDocument? Aesgcm { get; init; }

    public JsonElement? Identity { get; init; }

    public KeysDocument? Aescbc { get; init; }

    public KeysDocument? Secretbox { get; init; }

    public KmsDocument? Kms { get; init; }
}

/// <summary>A plugin.</summary>
internal sealed record KmsDocument
{
    public string? ApiVersion { get; init; }

    public string? Name { get; init; }

    public string? Endpoint { get; init; }

    public string? Timeout { get; init; }

    public int? Cachesize { get; init; }
}

/// <summary>Keys of a provider.</summary>
internal sealed record KeysDocument
{
    public IReadOnlyList<KeyDocument?>? Keys { get; init; }
}

/// <summary>A key: a name and base64.</summary>
internal sealed record KeyDocument
{
    public string? Name { get; init; }

    public string? Secret { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(EncryptionDocument))]
internal sealed partial class EncryptionDocumentJson : JsonSerializerContext;
