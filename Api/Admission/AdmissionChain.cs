using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

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
        "CreateByUpdate",
        "NamespaceLifecycle", "LimitRanger", "ServiceAccount", "NodeRestriction", "TaintNodesByCondition", "PodSecurity",
        "Priority", "DefaultTolerationSeconds", "EventRateLimit", "DefaultStorageClass",
        "StorageObjectInUseProtection", "PersistentVolumeClaimResize", "RuntimeClass", "CertificateApproval",
        "CertificateSigning", "ClusterTrustBundleAttest", "CertificateSubjectRestriction", "DefaultIngressClass",
        "PodTopologyLabels", "NodeDeclaredFeatureValidator", "PodResizeValidator",
        "MutatingAdmissionPolicy", "MutatingAdmissionWebhook", "RoleEscalation", "ServiceAddresses",
        "DeviceAdministration", "ClaimStatusRights", "PolicyParamRights",
        "ValidatingAdmissionPolicy", "ValidatingAdmissionWebhook", "ResourceQuota",
    ];

    /// <summary>The last plugin that sees a write again; what comes after it takes from stocks, and does so once.
    /// </summary>
    private static readonly int LastReinvoked = PlaceOf("MutatingAdmissionWebhook");

    /// <summary>Those that change something, and those that only refuse; some do both.</summary>
    private readonly IAdmissionPlugin[] _mutating;
    private readonly IAdmissionPlugin[] _validating;
    private readonly int _reinvoked;
    private readonly AdmissionMetrics _metrics;
    private readonly TimeProvider _time;

    public AdmissionChain(
        IEnumerable<IAdmissionPlugin> plugins, AdmissionOptions options, AdmissionMetrics metrics, TimeProvider time)
    {
        (_metrics, _time) = (metrics, time);
        IAdmissionPlugin[] all =
            [.. plugins.Where(p => !options.Disabled.Contains(p.Name)).OrderBy(p => PlaceOf(p.Name))];
        _mutating = [.. all.Where(static p => Has(p, nameof(IAdmissionPlugin.MutateAsync)))];
        _validating = [.. all.Where(static p => Has(p, nameof(IAdmissionPlugin.ValidateAsync)))];
        _reinvoked = _mutating.Count(p => PlaceOf(p.Name) <= LastReinvoked);
    }

    /// <summary>Begins the admission of a write.</summary>
    public AdmissionScope Open(AdmissionAttributes attributes) => new(this, attributes);

    /// <summary>Both rounds, for what nothing is done to between them.</summary>
    public async ValueTask<Status?> AdmitAsync(AdmissionAttributes attributes, CancellationToken cancellationToken) =>
        await MutateAsync(attributes, cancellationToken) ?? await ValidateAsync(attributes, cancellationToken);

    /// <summary>Both rounds for what a subresource with a kind of its own takes: the item as it is then.</summary>
    /// <param name="context">The write.</param>
    /// <param name="subresource">The subresource.</param>
    /// <param name="item">What it takes.</param>
    /// <param name="named">
    /// What the client has named, where that is a resource that stands for the subresource; null for the subresource.
    /// </param>
    public async ValueTask<Outcome<T>> AdmitAsync<T>(
        WriteContext context, string subresource, T item, ResourceDefinition? named = null)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var attributes = AdmissionAttributes.OfCreate(context, context.Key.Name, item, subresource, named);
        return await AdmitAsync(attributes, context.CancellationToken) is { } refusal
            ? refusal
            : (T)attributes.Object!;
    }

    /// <summary>The mutating round; a second one where somebody from outside has changed the object.</summary>
    public async ValueTask<Status?> MutateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        if (attributes.IsAdmitted)
        {
            return null;
        }

        var began = _time.GetTimestamp();
        var refusal = await MutateAllAsync(attributes, cancellationToken);
        _metrics.Ended(
            AdmissionMetrics.Admit, attributes.Operation, refusal is not null, _time.GetElapsedTime(began));
        return refusal;
    }

    /// <summary>The validating round.</summary>
    public async ValueTask<Status?> ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        if (attributes.IsAdmitted)
        {
            return null;
        }

        var began = _time.GetTimestamp();
        var refusal = await ValidateAllAsync(attributes, cancellationToken);
        _metrics.Ended(
            AdmissionMetrics.Validate, attributes.Operation, refusal is not null, _time.GetElapsedTime(began));
        return refusal;
    }

    private async ValueTask<Status?> MutateAllAsync(AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        for (var i = 0; ; i++)
        {
            if (i == _reinvoked && attributes.WantsReinvocation && !attributes.Reinvocation.IsReinvoke)
            {
                attributes.Reinvocation.IsReinvoke = true;
                i = 0;
            }

            if (i == _mutating.Length)
            {
                return null;
            }

            var plugin = _mutating[i];
            if (!plugin.Handles(attributes))
            {
                continue;
            }

            var began = _time.GetTimestamp();
            var refusal = await plugin.MutateAsync(attributes, cancellationToken);
            Count(plugin, AdmissionMetrics.Admit, attributes, refusal, began);
            if (refusal is not null)
            {
                return refusal;
            }
        }
    }

    private async ValueTask<Status?> ValidateAllAsync(
        AdmissionAttributes attributes, CancellationToken cancellationToken)
    {
        foreach (var plugin in _validating)
        {
            if (!plugin.Handles(attributes))
            {
                continue;
            }

            var began = _time.GetTimestamp();
            var refusal = await plugin.ValidateAsync(attributes, cancellationToken);
            Count(plugin, AdmissionMetrics.Validate, attributes, refusal, began);
            if (refusal is not null)
            {
                return refusal;
            }
        }

        return null;
    }

    private void Count(
        IAdmissionPlugin plugin, string type, AdmissionAttributes attributes, Status? refusal, long began) =>
        _metrics.Asked(plugin, type, attributes.Operation, refusal is not null, _time.GetElapsedTime(began));

    /// <summary>True when a plugin has a round of its own, and not only that of its interface, which does nothing.
    /// </summary>
    private static bool Has(IAdmissionPlugin plugin, string round)
    {
        var map = plugin.GetType().GetInterfaceMap(typeof(IAdmissionPlugin));
        var place = Array.FindIndex(map.InterfaceMethods, m => m.Name == round);
        return map.TargetMethods[place].DeclaringType != typeof(IAdmissionPlugin);
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
