using System.Text.Json.Serialization;
using k8s;
using k8s.Models;

namespace OrleansOrchestrator.Golden.Extensions;

/// <summary>The kind of an operator: what a user asks for, and what the operator says of it.</summary>
[KubernetesEntity(Group = Group, ApiVersion = "v1", Kind = "Garden", PluralName = "gardens")]
internal sealed class Garden : IKubernetesObject<V1ObjectMeta>
{
    public const string Group = "gardens.example.com";

    [JsonPropertyName("apiVersion")]
    public string ApiVersion { get; set; } = $"{Group}/v1";

    [JsonPropertyName("kind")]
    public string Kind { get; set; } = "Garden";

    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set; } = new();

    [JsonPropertyName("spec")]
    public GardenSpec Spec { get; set; } = new();

    [JsonPropertyName("status")]
    public GardenStatus? Status { get; set; }

    public bool IsTended => Status is { } status && status.ObservedGeneration == Metadata.Generation
        && status.Conditions.Any(static c => c is { Type: "Ready", Status: "True" });

    /// <summary>As an operator's author writes it.</summary>
    public static V1CustomResourceDefinition Definition() => new()
    {
        Metadata = new V1ObjectMeta { Name = $"gardens.{Group}" },
        Spec = new V1CustomResourceDefinitionSpec
        {
            Group = Group, Scope = "Namespaced",
            Names = new V1CustomResourceDefinitionNames
            {
                Plural = "gardens", Singular = "garden", Kind = "Garden", ShortNames = ["gd"],
            },
            Versions =
            [
                new V1CustomResourceDefinitionVersion
                {
                    Name = "v1", Served = true, Storage = true,
                    Subresources = new V1CustomResourceSubresources { Status = new object() },
                    Schema = new V1CustomResourceValidation { OpenAPIV3Schema = Schema() },
                },
            ],
        },
    };

    private static V1JSONSchemaProps Schema() => Struct(
        ("spec", Struct(("beds", new V1JSONSchemaProps { Type = "integer", Minimum = 1 }))),
        ("status", Struct(
            ("planted", Scalar("integer")), ("gardener", Scalar("string")), ("observedGeneration", Scalar("integer")),
            ("conditions", new V1JSONSchemaProps
            {
                Type = "array", XKubernetesListType = "map", XKubernetesListMapKeys = ["type"],
                Items = new V1JSONSchemaProps
                {
                    Type = "object", Required = ["type", "status"], XKubernetesPreserveUnknownFields = true,
                    Properties = new Dictionary<string, V1JSONSchemaProps>
                    {
                        ["type"] = Scalar("string"), ["status"] = Scalar("string"),
                    },
                },
            }))));

    private static V1JSONSchemaProps Scalar(string type) => new() { Type = type };

    private static V1JSONSchemaProps Struct(params (string Name, V1JSONSchemaProps Schema)[] fields) => new()
    {
        Type = "object", Properties = fields.ToDictionary(static f => f.Name, static f => f.Schema),
    };
}

/// <summary>What a user asks for.</summary>
internal sealed class GardenSpec
{
    [JsonPropertyName("beds")]
    public int? Beds { get; set; }
}

/// <summary>What the operator has done.</summary>
internal sealed class GardenStatus
{
    [JsonPropertyName("planted")]
    public int Planted { get; set; }

    [JsonPropertyName("gardener")]
    public string Gardener { get; set; } = "";

    [JsonPropertyName("observedGeneration")]
    public long? ObservedGeneration { get; set; }

    [JsonPropertyName("conditions")]
    public IList<V1Condition> Conditions { get; set; } = [];
}
