using k8s.Models;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.CustomResources;

/// <summary>Makes the conversions of definitions that have a webhook for them.</summary>
public sealed class WebhookConversions(RemoteCaller remote, OwnServer? own = null)
{
    private readonly ConvertedShelf _shelf = new();

    /// <summary>The conversion of a version.</summary>
    public IAskedConversion Make(V1CustomResourceConversion conversion, ConvertedVersions versions)
    {
        var webhook = conversion.Webhook;
        return new WebhookConversion(
            new ConversionAsker(
                remote, own,
                webhook?.ClientConfig is { } client ? RemoteTarget.Of(client) : null,
                webhook?.ConversionReviewVersions?.FirstOrDefault(static v => v is "v1" or "v1beta1")),
            _shelf, versions);
    }
}
