using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrleansOrchestrator.Api.Audit;

/// <summary>An audit policy as it stands in a file.</summary>
internal sealed record AuditPolicyDocument
{
    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    /// <summary>Kept by nobody: a policy is a file.</summary>
    public JsonElement? Metadata { get; init; }

    public IReadOnlyList<AuditRuleDocument?>? Rules { get; init; }

    public IReadOnlyList<string?>? OmitStages { get; init; }

    public bool? OmitManagedFields { get; init; }
}

/// <summary>One of its rules.</summary>
internal sealed record AuditRuleDocument
{
    public string? Level { get; init; }

    public IReadOnlyList<string?>? Users { get; init; }

    public IReadOnlyList<string?>? UserGroups { get; init; }

    public IReadOnlyList<string?>? Verbs { get; init; }

    public IReadOnlyList<AuditedResourcesDocument?>? Resources { get; init; }

    public IReadOnlyList<string?>? Namespaces { get; init; }

    [JsonPropertyName("nonResourceURLs")]
    public IReadOnlyList<string?>? NonResourceUrls { get; init; }

    public IReadOnlyList<string?>? OmitStages { get; init; }

    public bool? OmitManagedFields { get; init; }
}

/// <summary>Resources of a rule.</summary>
internal sealed record AuditedResourcesDocument
{
    public string? Group { get; init; }

    public IReadOnlyList<string?>? Resources { get; init; }

    public IReadOnlyList<string?>? ResourceNames { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(AuditPolicyDocument))]
internal sealed partial class AuditPolicyJson : JsonSerializerContext;
