using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;

/// <summary>
/// A version of a custom kind that is not the stored one. Under the strategy <c>None</c> only the apiVersion differs,
/// and what the version's schema does not specify is not shown; a webhook cannot be asked yet, and that is said.
/// </summary>
/// <param name="shown">The version's apiVersion and codec.</param>
/// <param name="storage">Those of the stored version.</param>
/// <param name="asksWebhook">The definition's strategy is Webhook.</param>
public sealed class VersionConversion(
    (string ApiVersion, CustomObjectStrategy Strategy) shown,
    (string ApiVersion, CustomObjectStrategy Strategy) storage,
    bool asksWebhook) : IObjectConversion
{
    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> ToStored(IKubernetesObject<V1ObjectMeta> item) =>
        Convert((CustomObject)item, shown.ApiVersion, storage);

    /// <inheritdoc/>
    public IKubernetesObject<V1ObjectMeta> FromStored(IKubernetesObject<V1ObjectMeta> stored) =>
        Convert((CustomObject)stored, storage.ApiVersion, shown);

    private CustomObject Convert(
        CustomObject item, string from, (string ApiVersion, CustomObjectStrategy Strategy) to)
    {
        if (asksWebhook)
        {
            throw new StatusException(StatusErrors.InternalError(
                $"conversion webhook for {from}, Kind={item.Kind} failed: webhooks are not called by this server"));
        }

        var result = new CustomObject
        {
            ApiVersion = to.ApiVersion, Kind = item.Kind, Metadata = item.Metadata,
            Body = (System.Text.Json.Nodes.JsonObject)item.Body.DeepClone(),
        };
        Schemas.SchemaPruning.Prune(result.Body, to.Strategy.Schema);
        to.Strategy.SetDefaults(result);
        return result;
    }
}
