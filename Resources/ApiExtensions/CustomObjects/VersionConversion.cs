using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;

/// <summary>A version of a custom kind, as conversions know it.</summary>
/// <param name="ApiVersion">Its group and version.</param>
/// <param name="Strategy">Its rules.</param>
public readonly record struct ConvertedVersion(string ApiVersion, CustomObjectStrategy Strategy)
{
    /// <summary>What a converted object is in this version: what its schema does not specify is not shown.</summary>
    public CustomObject Take(CustomObject converted)
    {
        converted.ApiVersion = ApiVersion;
        Schemas.SchemaPruning.Prune(converted.Body, Strategy.Known.Schema);
        Strategy.SetDefaults(converted);
        return converted;
    }
}

/// <summary>Makes the conversion of a version whose definition has a webhook for it.</summary>
/// <param name="conversion">What the definition says.</param>
/// <param name="shown">The version.</param>
/// <param name="storage">The one that is stored.</param>
public delegate IAskedConversion WebhookConversionFactory(
    V1CustomResourceConversion conversion, ConvertedVersion shown, ConvertedVersion storage);

/// <summary>
/// A version of a custom kind under the strategy <c>None</c>: only the apiVersion differs, and what schemas say.
/// </summary>
/// <param name="shown">The version.</param>
/// <param name="storage">The stored one.</param>
public sealed class VersionConversion(ConvertedVersion shown, ConvertedVersion storage) : IObjectConversion
{
    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> ToStored(IKubernetesObject<V1ObjectMeta> item) =>
        Convert((CustomObject)item, storage);

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> FromStored(IKubernetesObject<V1ObjectMeta> stored) =>
        Convert((CustomObject)stored, shown);

    private static CustomObject Convert(CustomObject item, ConvertedVersion to) => to.Take(new CustomObject
    {
        Kind = item.Kind, Metadata = item.Metadata,
        Body = (System.Text.Json.Nodes.JsonObject)item.Body.DeepClone(),
    });
}
