using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>A kind that a definition makes.</summary>
internal static class CustomKind
{
    public static readonly ResourceName Widgets = new("example.com", "widgets");

    /// <summary>Its row, as the catalogue has it once its names are accepted.</summary>
    public static ResourceKind Of(ResourceName resource, V1CustomResourceSubresourceScale? scale = null)
    {
        var names = new V1CustomResourceDefinitionNames
        {
            Plural = resource.Plural, Singular = "widget", Kind = "Widget", ListKind = "WidgetList",
        };
        var schema = new V1JSONSchemaProps { Type = "object", XKubernetesPreserveUnknownFields = true };
        var definition = new V1CustomResourceDefinition
        {
            ApiVersion = "apiextensions.k8s.io/v1",
            Kind = "CustomResourceDefinition",
            Metadata = new V1ObjectMeta { Name = $"{resource.Plural}.{resource.Group}", Uid = "uid-definition" },
            Spec = new V1CustomResourceDefinitionSpec
            {
                Group = resource.Group, Scope = "Namespaced", Names = names,
                Versions =
                [
                    new V1CustomResourceDefinitionVersion
                    {
                        Name = "v1", Served = true, Storage = true,
                        Schema = new V1CustomResourceValidation { OpenAPIV3Schema = schema },
                        Subresources = scale is null ? null : new V1CustomResourceSubresources { Scale = scale },
                    },
                ],
            },
            Status = new V1CustomResourceDefinitionStatus
            {
                AcceptedNames = names,
                Conditions = [new V1CustomResourceDefinitionCondition { Type = "Established", Status = "True" }],
                StoredVersions = ["v1"],
            },
        };
        var stored = new ResourceObject(
            new ObjectKey("", definition.Metadata.Name), definition.Metadata.Uid, 1, ResourceCodec.Encode(definition));
        return CustomKinds.Of(stored, static (_, _) => throw new InvalidOperationException("It converts nothing."))!;
    }

    /// <summary>One object of it.</summary>
    public static ResourceObject Object(ResourceName resource, string inNamespace, string name) => new(
        new ObjectKey(inNamespace, name), $"uid-{name}", 1, Json(resource, inNamespace, name));

    public static byte[] Json(ResourceName resource, string inNamespace, string name) =>
        System.Text.Encoding.UTF8.GetBytes($$"""
            {"apiVersion":"{{resource.Group}}/v1","kind":"Widget",
            "metadata":{"name":"{{name}}","namespace":"{{inNamespace}}","uid":"uid-{{name}}"} }
            """);
}
