using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Webhooks;

/// <summary>The objects of a write in the version in which a webhook is asked.</summary>
internal static class HookVersions
{
    /// <summary>A subresource's own kind; null for the resource's.</summary>
    public static SubresourceDefinition? OwnKind(ResourceDefinition definition, string subresource) =>
        subresource.Length == 0
            ? null
            : definition.Subresources.FirstOrDefault(s => s.Name == subresource && s.Kind is not null);

    /// <summary>An object, converted; kinds of subresources are the same in all versions.</summary>
    public static IKubernetesObject<V1ObjectMeta> Convert(
        IKubernetesObject<V1ObjectMeta> item, ResourceDefinition from, ResourceDefinition to, string subresource)
    {
        if (from == to || OwnKind(from, subresource) is not null)
        {
            return item;
        }

        // Conversions share what they do not change, and whoever is asked may get to change it.
        var copy = from.Codec.Decode(ResourceCodec.Encode(item));
        var stored = from.Conversion?.ToStored(copy) ?? copy;
        var shown = to.Conversion?.FromStored(stored) ?? stored;
        (shown.ApiVersion, shown.Kind) = (to.ApiVersion, to.Kind);
        return shown;
    }

    /// <summary>The same as JSON; null for none.</summary>
    public static byte[]? Encode(
        IKubernetesObject<V1ObjectMeta>? item, ResourceDefinition from, ResourceDefinition to, string subresource) =>
        item is null ? null : ResourceCodec.Encode(Convert(item, from, to, subresource));
}
