using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;

/// <summary>Makes the conversion of a version whose definition has a webhook for it.</summary>
/// <param name="conversion">What the definition says.</param>
/// <param name="versions">The versions.</param>
public delegate IAskedConversion WebhookConversionFactory(
    V1CustomResourceConversion conversion, ConvertedVersions versions);

/// <summary>
/// A version of a custom kind under the strategy <c>None</c>: only the apiVersion differs, and what schemas say.
/// </summary>
/// <param name="versions">The versions.</param>
public sealed class VersionConversion(ConvertedVersions versions) : IObjectConversion
{
    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> ToStored(IKubernetesObject<V1ObjectMeta> item) =>
        versions.Storage.Take(Copy(item));

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> FromStored(IKubernetesObject<V1ObjectMeta> stored)
    {
        var item = versions.Read(Copy(stored));
        return item.ApiVersion == versions.Shown.ApiVersion ? item : versions.Shown.Take(item);
    }

    private static CustomObject Copy(IKubernetesObject<V1ObjectMeta> item) => new()
    {
        ApiVersion = item.ApiVersion, Kind = item.Kind, Metadata = item.Metadata,
        Body = (JsonObject)((CustomObject)item).Body.DeepClone(),
    };
}
