using OrleansOrchestrator.Resources.Kernel;
using static OrleansOrchestrator.Api.StateMetrics.StateFamily;

namespace OrleansOrchestrator.Api.StateMetrics;

/// <summary>What is told of namespaces, and of what configures things.</summary>
internal static class ConfigStates
{
    private static readonly string[] Phases = ["Active", "Terminating"];

    public static StateTable Namespaces { get; } = new(WellKnown.Namespaces, "namespace", HasUid: false,
    [
        Created("kube_namespace"),
        Gauge("kube_namespace_status_phase", "[STABLE] kubernetes namespace status phase.", static (item, to) =>
            to.AddChoice("phase", Phases, item["status"]["phase"])),
        Gauge("kube_namespace_status_condition", "The condition of a namespace.", static (item, to) =>
        {
            foreach (var condition in item["status"]["conditions"].Items)
            {
                to.AddStatus(condition["status"], "status", ("condition", condition["type"]));
            }
        }),
    ]);

    public static StateTable ConfigMaps { get; } = new(WellKnown.ConfigMaps, "configmap", HasUid: false,
    [
        Gauge("kube_configmap_info", "[STABLE] Information about configmap.", static (_, to) => to.Add(1)),
        Created("kube_configmap"),
        Version("kube_configmap"),
    ]);

    /// <summary>Their names and types; never what is in them.</summary>
    public static StateTable Secrets { get; } = new(WellKnown.Secrets, "secret", HasUid: false,
    [
        Gauge("kube_secret_info", "[STABLE] Information about secret.", static (_, to) => to.Add(1)),
        Gauge("kube_secret_type", "[STABLE] Type about secret.", static (item, to) =>
            to.Add(1, ("type", item["type"]))),
        Created("kube_secret"),
        Version("kube_secret"),
        Owner("kube_secret", "Secret"),
    ]);

    public static StateTable Leases { get; } = new(WellKnown.Leases, "lease", HasUid: false,
    [
        Gauge("kube_lease_owner", "Information about the Lease's owner.", static (item, to) =>
        {
            var holder = item["spec"]["holderIdentity"];
            var owners = item["metadata"]["ownerReferences"];
            if (owners.Count == 0)
            {
                to.Add(1, ("owner_kind", ""), ("owner_name", ""), ("lease_holder", holder));
            }

            foreach (var owner in owners.Items)
            {
                to.Add(1, ("owner_kind", owner["kind"]), ("owner_name", owner["name"]), ("lease_holder", holder));
            }
        }),
        Value("kube_lease_renew_time", "Kube lease renew time.", static l => l["spec"]["renewTime"].Time),
    ]);
}
