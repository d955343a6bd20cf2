using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>All plugins in upstream's recommended order; the first refusal ends the chain.</summary>
public sealed class AdmissionChain
{
    /// <summary>
    /// Upstream's order (kubeapiserver/options/plugins.go), our own plugins at the place where upstream does the same
    /// work.
    /// </summary>
    public static readonly IReadOnlyList<string> Order =
    [
        "NamespaceLifecycle", "LimitRanger", "ServiceAccount", "NodeRestriction", "TaintNodesByCondition", "PodSecurity",
        "Priority", "DefaultTolerationSeconds", "EventRateLimit", "DefaultStorageClass",
        "StorageObjectInUseProtection", "PersistentVolumeClaimResize", "RuntimeClass", "CertificateApproval",
        "CertificateSigning", "ClusterTrustBundleAttest", "CertificateSubjectRestriction", "DefaultIngressClass",
        "PodTopologyLabels", "NodeDeclaredFeatureValidator", "PodResizeValidator",
        "MutatingAdmissionPolicy", "MutatingAdmissionWebhook", "RoleEscalation", "ServiceAddresses",
        "DeviceAdministration", "ClaimStatusRights",
        "ValidatingAdmissionPolicy", "ValidatingAdmissionWebhook", "ResourceQuota",
    ];

    /// <summary>The last plugin that sees a write again; what comes after it takes from stocks, and does so once.
    /// </summary>
    private static readonly int LastReinvoked = PlaceOf("MutatingAdmissionWebhook");

    private readonly IAdmissionPlugin[] _plugins;
    private readonly int _reinvoked;

    public AdmissionChain(IEnumerable<IAdmissionPlugin> plugins, AdmissionOptions options)
    {
        _plugins = [.. plugins.Where(p => !options.Disabled.Contains(p.Name)).OrderBy(p => PlaceOf(p.Name))];
        _reinvoked = _plugins.Count(p => PlaceOf(p.Name) <= LastReinvoked);
    }

    /// <summary>Begins the admission of a write.</summary>
    public AdmissionScope Open(AdmissionAttributes attributes) => new(this, attributes);

    /// <summary>Both rounds, for what nothing is done to between them.</summary>
    public async ValueTask<Status?> AdmitAsync(AdmissionAttributes attributes, CancellationToken cancellationToken) =>
        await MutateAsync(attributes, cancellationToken) ?? await ValidateAsync(attributes, cancellationToken);

    /// <summary>Both rounds for what a subresource with a kind of its own takes: the item as it is then.</summary>
    public async ValueTask<Outcome<T>> AdmitAsync<T>(WriteContext context, string subresource, T item)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var attributes = AdmissionAttributes.OfCreate(context, context.Key.Name, item, subresource);
        return await AdmitAsync(attributes, context.CancellationToken) is { } refusal
            ? refusal
            : (T)attributes.Object!;
    }

    /// <summary>The mutating round; a second one where somebody from outside has changed the object.</summary>
    public async ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        for (var i = 0; ; i++)
        {
            if (i == _reinvoked && attributes.WantsReinvocation && !attributes.Reinvocation.IsReinvoke)
            {
                attributes.Reinvocation.IsReinvoke = true;
                i = 0;
            }

            if (i == _plugins.Length)
            {
                return null;
            }

            var plugin = _plugins[i];
            if (plugin.Handles(attributes) && await plugin.MutateAsync(attributes, cancellationToken) is { } refusal)
            {
                return refusal;
            }
        }
    }

    /// <summary>The validating round.</summary>
    public async ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        foreach (var plugin in _plugins)
        {
            if (plugin.Handles(attributes) && await plugin.ValidateAsync(attributes, cancellationToken) is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    private static int PlaceOf(string name)
    {
        for (var place = 0; place < Order.Count; place++)
        {
            if (Order[place] == name)
            {
                return place;
            }
        }

        throw new InvalidOperationException(
            $"Admission plugin {name} has no place in {nameof(AdmissionChain)}.{nameof(Order)}.");
    }
}
