using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <summary>The rules of Pods.</summary>
public sealed class PodStrategy : ResourceStrategy<V1Pod>, IEarlyWarnings
{
    public override IReadOnlyList<SelectableField> SelectableFields { get; } =
    [
        new("spec.nodeName"),
        new("spec.host", "spec.nodeName"),
        new("spec.restartPolicy"),
        new("spec.schedulerName"),
        new("spec.serviceAccountName"),
        new("spec.hostNetwork", Default: "false"),
        new("status.phase"),
        new("status.podIP"),
        new("status.podIPs", "status.-"),
        new("status.nominatedNodeName"),
    ];

    public override IReadOnlyList<TableColumn> Columns => PodColumns.Definitions;

    public override IReadOnlyList<object?> Cells(V1Pod item, DateTimeOffset now) => PodColumns.Cells(item, now);

    public override RowCondition? Condition(V1Pod item) => PodColumns.Condition(item);

    public override FieldFilter? OwnableFields(string subresource) =>
        PodFieldFilters.Of(subresource) ?? base.OwnableFields(subresource);

    public override void SetDefaults(V1Pod item) => PodDefaults.Apply(item);

    /// <inheritdoc/>
    public IEnumerable<string> EarlyWarnings(IKubernetesObject<V1ObjectMeta> item) =>
        PodPreparation.AppArmorWarnings((V1Pod)item);

    public override void PrepareForCreate(V1Pod item)
    {
        PodPreparation.Create(item);
        PodPreparation.AddGatedCondition(item);
    }

    public override void Validate(V1Pod item, FieldErrors errors) => PodRules.ValidateCreate(item, errors);

    public override void PrepareForUpdate(V1Pod item, V1Pod old, string subresource) =>
        PodUpdatePreparation.Apply(item, old, subresource);

    public override void ValidateUpdate(V1Pod item, V1Pod old, string subresource, FieldErrors errors)
    {
        switch (subresource)
        {
            case "status":
                PodStatusRules.Validate(item, old, errors);
                break;
            case "ephemeralcontainers":
                PodUpdateRules.ValidateEphemeralContainers(item, old, errors);
                break;
            case "resize":
                PodResizeRules.Validate(item, old, errors);
                break;
            default:
                PodUpdateRules.Validate(item, old, errors);
                break;
        }
    }

    /// <summary>Only on creation: people seldom update pods, and status is updated often.</summary>
    public override IEnumerable<string> Warnings(V1Pod item, V1Pod? old)
    {
        // Updates of pods are many, and not by people.
        if (old is not null)
        {
            return [];
        }

        var texts = PodWarnings.Of(item.Spec, item.Metadata, null);
        if (NameChecks.IsDnsLabel(item.Metadata.Name ?? ""))
        {
            return texts;
        }

        var complaints = string.Join(' ', NameRules.DnsLabel(item.Metadata.Name ?? ""));
        return texts.Prepend(
            "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: " +
            $"[{complaints}]");
    }

    /// <summary>A pod that no node runs, or that has finished, goes at once.</summary>
    public override long? GracePeriodSeconds(V1Pod item, long? requestedSeconds)
    {
        if (string.IsNullOrEmpty(item.Spec.NodeName) || item.Status?.Phase is "Failed" or "Succeeded")
        {
            return 0;
        }

        var period = requestedSeconds ?? item.Spec.TerminationGracePeriodSeconds ?? 0;
        return period < 0 ? 1 : period;
    }

    public override IEnumerable<string> StatusWarnings(V1Pod item) =>
        AddressWarnings("podIPs", item.Status?.PodIPs?.Select(i => i.Ip)).Concat(
            AddressWarnings("hostIPs", item.Status?.HostIPs?.Select(i => i.Ip)));

    private static IEnumerable<string> AddressWarnings(string field, IEnumerable<string?>? addresses) =>
        (addresses ?? [])
        .SelectMany((ip, i) => NetworkRules.IpWarnings(FieldPath.Of("status", field).Index(i).Child("ip"), ip ?? ""));
}
