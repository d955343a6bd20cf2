using System.Text.Json.Serialization;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>A CredentialProviderConfig (<c>kubelet.config.k8s.io</c>) as it stands in a file.</summary>
internal sealed record CredentialProviderDocument
{
    public string? ApiVersion { get; set; }

    public string? Kind { get; set; }

    public IReadOnlyList<CredentialProvider?>? Providers { get; set; }
}

/// <summary>A program that knows credentials for registries.</summary>
public sealed record CredentialProvider
{
    /// <summary>The name of the program, in the directory of all of them.</summary>
    public string Name { get; set; } = "";

    /// <summary>Registries, or beginnings of repositories, that it is asked about; labels may hold wildcards.</summary>
    public IReadOnlyList<string> MatchImages { get; set; } = [];

    /// <summary>How long an answer is good that does not say so itself, in Go's form.</summary>
    public string? DefaultCacheDuration { get; set; }

    /// <summary>The version of <c>credentialprovider.kubelet.k8s.io</c> that it speaks.</summary>
    public string ApiVersion { get; set; } = "";

    public IReadOnlyList<string>? Args { get; set; }

    /// <summary>Variables that it gets besides the agent's own.</summary>
    public IReadOnlyList<ProviderVariable>? Env { get; set; }

    /// <summary>Null for one that is told nothing of the pod.</summary>
    public ProviderTokenAttributes? TokenAttributes { get; set; }

    /// <summary>The same with empty texts where lists have none, as Go reads them.</summary>
    internal CredentialProvider WithoutNulls() => this with
    {
        MatchImages = Texts(MatchImages),
        Args = Texts(Args ?? []),
        Env = [.. (Env ?? []).Select(static v => v ?? new ProviderVariable())],
        TokenAttributes = TokenAttributes is not { } attributes ? null : attributes with
        {
            RequiredServiceAccountAnnotationKeys = Texts(attributes.RequiredServiceAccountAnnotationKeys),
            OptionalServiceAccountAnnotationKeys = Texts(attributes.OptionalServiceAccountAnnotationKeys),
        },
    };

    private static IReadOnlyList<string> Texts(IReadOnlyList<string?> texts) => [.. texts.Select(static t => t ?? "")];
}

/// <summary>A variable of a program.</summary>
public sealed record ProviderVariable
{
    public string Name { get; set; } = "";

    public string Value { get; set; } = "";
}

/// <summary>Which token of the pod's service account a program is shown.</summary>
public sealed record ProviderTokenAttributes
{
    public string ServiceAccountTokenAudience { get; set; } = "";

    /// <summary>
    /// <c>ServiceAccount</c> where its answer is good for all pods of the account, <c>Token</c> where it ends with the
    /// token.
    /// </summary>
    public string CacheType { get; set; } = "";

    /// <summary>It is not asked for pods that have no account.</summary>
    public bool? RequireServiceAccount { get; set; }

    /// <summary>Annotations of the account that it is shown; without one of them it is not asked.</summary>
    public IReadOnlyList<string> RequiredServiceAccountAnnotationKeys { get; set; } = [];

    /// <summary>Annotations that it is shown where the account has them.</summary>
    public IReadOnlyList<string> OptionalServiceAccountAnnotationKeys { get; set; } = [];
}

/// <summary>What a program reads.</summary>
internal sealed record CredentialProviderRequest
{
    public string Kind { get; set; } = nameof(CredentialProviderRequest);

    public required string ApiVersion { get; set; }

    /// <summary>The repository, without tag and digest.</summary>
    public required string Image { get; set; }

    public string? ServiceAccountToken { get; set; }

    public IReadOnlyDictionary<string, string>? ServiceAccountAnnotations { get; set; }
}

/// <summary>What a program writes.</summary>
internal sealed record CredentialProviderResponse
{
    public string? Kind { get; set; }

    public string? ApiVersion { get; set; }

    /// <summary>What else the answer is good for: <c>Image</c>, <c>Registry</c> or <c>Global</c>.</summary>
    public string? CacheKeyType { get; set; }

    /// <summary>How long it is good, in Go's form; zero for this once, null for the usual time.</summary>
    public string? CacheDuration { get; set; }

    /// <summary>Credentials by what they are for, as <see cref="RegistryKeyring"/> matches it.</summary>
    public IReadOnlyDictionary<string, ProvidedCredential?>? Auth { get; set; }
}

/// <summary>A user and a password of a registry.</summary>
internal sealed record ProvidedCredential
{
    public string? Username { get; set; }

    public string? Password { get; set; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(CredentialProviderDocument))]
[JsonSerializable(typeof(CredentialProviderRequest))]
[JsonSerializable(typeof(CredentialProviderResponse))]
internal sealed partial class CredentialProviderJson : JsonSerializerContext;
