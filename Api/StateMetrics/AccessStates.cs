using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using static OrleansOrchestrator.Api.StateMetrics.StateFamily;

namespace OrleansOrchestrator.Api.StateMetrics;

/// <summary>What is told of roles, of who has them, and of service accounts.</summary>
internal static class AccessStates
{
    public static StateTable ClusterRoles { get; } = Roles(WellKnown.ClusterRoles, "clusterrole", "cluster role");

    public static StateTable LocalRoles { get; } = Roles(WellKnown.Roles, "role", "role");

    public static StateTable ClusterRoleBindings { get; } =
        Bindings(WellKnown.ClusterRoleBindings, "clusterrolebinding");

    public static StateTable RoleBindings { get; } = Bindings(WellKnown.RoleBindings, "rolebinding");

    public static StateTable ServiceAccounts { get; } =
        new(WellKnown.ServiceAccounts, "serviceaccount", HasUid: true,
        [
            Gauge("kube_serviceaccount_info", "Information about a service account", static (item, to) =>
                to.Add(1, ("automount_token", item["automountServiceAccountToken"]))),
            Created("kube_serviceaccount"),
            Value("kube_serviceaccount_deleted", "Unix deletion timestamp",
                static s => s["metadata"]["deletionTimestamp"].Time),
            Names("kube_serviceaccount_secret", "Secret being referenced by a service account", "secrets"),
            Names("kube_serviceaccount_image_pull_secret",
                "Secret being referenced by a service account for the purpose of pulling images", "imagePullSecrets"),
        ]);

    private static StateTable Roles(ResourceName resource, string label, string title) =>
        new(resource, label, HasUid: false,
        [
            Gauge($"kube_{label}_info", $"Information about {title}.", static (_, to) => to.Add(1)),
            Created($"kube_{label}"),
            Version($"kube_{label}"),
        ]);

    private static StateTable Bindings(ResourceName resource, string label) => new(resource, label, HasUid: false,
    [
        Gauge($"kube_{label}_info", $"Information about {label}.", static (item, to) =>
            to.Add(1, ("roleref_kind", item["roleRef"]["kind"]), ("roleref_name", item["roleRef"]["name"]))),
        Created($"kube_{label}"),
        Version($"kube_{label}"),
    ]);

    private static StateFamily Names(string name, string help, string field) => Gauge(name, help, (item, to) =>
    {
        foreach (var reference in item[field].Items)
        {
            to.Add(1, ("name", reference["name"]));
        }
    });
}
