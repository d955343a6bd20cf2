using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Matching;

/// <summary>The objects of a write in the version in which a webhook or a policy is asked.</summary>
internal static class ObjectVersions
{
    /// <summary>A subresource's own kind; null for the resource's.</summary>
    public static SubresourceDefinition? OwnKind(ResourceDefinition definition, string subresource) =>
        subresource.Length == 0
            ? null
            : definition.Subresources.FirstOrDefault(s => s.Name == subresource && s.Kind is not null);

    /// <summary>
    /// An object, converted; kinds of subresources are the same in all versions. Whoever writes one need not say its
    /// kind, and whoever is asked about it reads it by that.
    /// </summary>
    public static async ValueTask<IKubernetesObject<V1ObjectMeta>> ConvertAsync(
        IKubernetesObject<V1ObjectMeta> item, ResourceDefinition from, ResourceDefinition to, string subresource,
        CancellationToken cancellationToken)
    {
        if (OwnKind(from, subresource) is { } part)
        {
            var (group, version) = (part.Group ?? from.Name.Group, part.Version ?? from.Version);
            (item.ApiVersion, item.Kind) = (group.Length == 0 ? version : $"{group}/{version}", part.Kind);
            return item;
        }

        if (from == to)
        {
            return item;
        }

        // Conversions share what they do not change, and whoever is asked may get to change it.
        var copy = from.Codec.Decode(ResourceCodec.Encode(item));
        var stored = await from.ToStoredAsync(copy, cancellationToken);
        var shown = to.Conversion switch
        {
            null => stored,
            IAskedConversion asked => to.Codec.Decode(
                (await asked.ShowAsync([ResourceCodec.Encode(stored)], cancellationToken))[0]),
            var own => own.FromStored(stored),
        };
        (shown.ApiVersion, shown.Kind) = (to.ApiVersion, to.Kind);
        return shown;
    }

    /// <summary>The same as JSON; null for none.</summary>
    public static async ValueTask<byte[]?> EncodeAsync(
        IKubernetesObject<V1ObjectMeta>? item, AdmissionAttributes attributes, ResourceDefinition to,
        CancellationToken cancellationToken) =>
        item is null
            ? null
            : ResourceCodec.Encode(await ConvertAsync(
                item, attributes.Definition, to, attributes.Subresource, cancellationToken));
}
