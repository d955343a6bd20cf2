using k8s.Models;
using OrleansOrchestrator.Resources.Rbac;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Rbac;

/// <summary>
/// What a cluster begins with, against tables of Kubernetes 1.36: which roles there are and how many rules each has,
/// and whom they are bound to. What the rules of those that are bound allow, <c>tests/Golden/Rights</c> compares.
/// </summary>
public sealed class BootstrapPolicyTests
{
    /// <summary>Roles and, behind each, how many rules it has; none are of those that gather those of others.</summary>
    private const string Roles =
        """
        admin 0, cluster-admin 2, edit 0, view 0, system:aggregate-to-admin 2, system:aggregate-to-edit 14,
        system:aggregate-to-view 11, system:auth-delegator 2, system:basic-user 2, system:discovery 1,
        system:heapster 2, system:kube-aggregator 1, system:kube-controller-manager 11, system:kube-dns 1,
        system:kube-scheduler 27, system:kubelet-api-admin 4, system:monitoring 3, system:node 25,
        system:node-bootstrapper 1, system:node-problem-detector 3, system:node-proxier 5,
        system:persistent-volume-provisioner 5, system:public-info-viewer 1,
        system:service-account-issuer-discovery 1, system:volume-scheduler 3,
        system:certificates.k8s.io:certificatesigningrequests:nodeclient 1,
        system:certificates.k8s.io:certificatesigningrequests:selfnodeclient 1,
        system:certificates.k8s.io:kube-apiserver-client-approver 1,
        system:certificates.k8s.io:kube-apiserver-client-kubelet-approver 1,
        system:certificates.k8s.io:kubelet-serving-approver 1, system:certificates.k8s.io:legacy-unknown-approver 1
        """;

    /// <summary>Controllers, the roles and the accounts of which have their names.</summary>
    private const string Controllers =
        """
        attachdetach-controller 8, certificate-controller 6, clusterrole-aggregation-controller 1, cronjob-controller 6,
        daemon-set-controller 8, deployment-controller 6, device-taint-eviction-controller 6, disruption-controller 9,
        endpoint-controller 4, endpointslice-controller 4, endpointslicemirroring-controller 5,
        ephemeral-volume-controller 4, expand-controller 4, generic-garbage-collector 2, horizontal-pod-autoscaler 8,
        job-controller 5, legacy-service-account-token-cleaner 2, namespace-controller 3, node-controller 5,
        persistent-volume-binder 9, pod-garbage-collector 3, pv-protection-controller 2, pvc-protection-controller 4,
        replicaset-controller 5, replication-controller 5, resource-claim-controller 7, resourcequota-controller 3,
        root-ca-cert-publisher 2, route-controller 3, selinux-warning-controller 5, service-account-controller 2,
        service-cidrs-controller 5, service-controller 4, statefulset-controller 10, ttl-after-finished-controller 2,
        ttl-controller 2, validatingadmissionpolicy-status-controller 3, volumeattributesclass-protection-controller 4
        """;

    private const string NamespacedRoles =
        """
        kube-public/system:controller:bootstrap-signer 3, kube-system/extension-apiserver-authentication-reader 1,
        kube-system/system::leader-locking-kube-controller-manager 2,
        kube-system/system::leader-locking-kube-scheduler 2,
        kube-system/system:controller:bootstrap-signer 1, kube-system/system:controller:cloud-provider 1,
        kube-system/system:controller:token-cleaner 2
        """;

    private const string Bindings =
        """
        cluster-admin Group:system:masters, system:basic-user Group:system:authenticated,
        system:discovery Group:system:authenticated, system:kube-dns ServiceAccount:kube-dns,
        system:kube-controller-manager User:system:kube-controller-manager,
        system:kube-scheduler User:system:kube-scheduler,
        system:monitoring Group:system:monitoring, system:node, system:node-proxier User:system:kube-proxy,
        system:public-info-viewer Group:system:authenticated Group:system:unauthenticated,
        system:service-account-issuer-discovery Group:system:serviceaccounts,
        system:volume-scheduler User:system:kube-scheduler
        """;

    private const string NamespacedBindings =
        """
        kube-public/system:controller:bootstrap-signer ServiceAccount:bootstrap-signer,
        kube-system/system::extension-apiserver-authentication-reader User:system:kube-controller-manager
        User:system:kube-scheduler,
        kube-system/system::leader-locking-kube-controller-manager User:system:kube-controller-manager
        ServiceAccount:kube-controller-manager ServiceAccount:leader-election-controller,
        kube-system/system::leader-locking-kube-scheduler User:system:kube-scheduler ServiceAccount:kube-scheduler,
        kube-system/system:controller:bootstrap-signer ServiceAccount:bootstrap-signer,
        kube-system/system:controller:cloud-provider ServiceAccount:cloud-provider,
        kube-system/system:controller:token-cleaner ServiceAccount:token-cleaner
        """;

    [Fact]
    public void TheRolesAreUpstreams() => Assert.Equal(
        Sorted([.. Rows(Roles), .. Rows(Controllers).Select(static c => $"system:controller:{c}")]),
        Sorted(BootstrapPolicy.ClusterRoles.Select(static r => $"{r.Metadata.Name} {r.Rules?.Count ?? 0}")));

    [Fact]
    public void TheRolesOfNamespacesAreUpstreams() => Assert.Equal(
        Sorted(Rows(NamespacedRoles)),
        Sorted(BootstrapPolicy.Roles.Select(
            static r => $"{r.Metadata.NamespaceProperty}/{r.Metadata.Name} {r.Rules.Count}")));

    [Fact]
    public void TheBindingsAreUpstreams() => Assert.Equal(
        Sorted(
        [
            .. Rows(Bindings),
            .. Rows(Controllers).Select(static c => c.Split(' ')[0])
                .Select(static c => $"system:controller:{c} ServiceAccount:{c}"),
        ]),
        Sorted(BootstrapPolicy.ClusterRoleBindings.Select(static b => b.Metadata.Name + Shown(b.Subjects))));

    [Fact]
    public void TheBindingsOfNamespacesAreUpstreams() => Assert.Equal(
        Sorted(Rows(NamespacedBindings)),
        Sorted(BootstrapPolicy.RoleBindings.Select(
            static b => $"{b.Metadata.NamespaceProperty}/{b.Metadata.Name}{Shown(b.Subjects)}")));

    [Theory]
    [InlineData("admin", "admin", "")]
    [InlineData("edit", "edit", "admin")]
    [InlineData("view", "view", "edit")]
    [InlineData("system:aggregate-to-admin", "", "admin")]
    [InlineData("system:aggregate-to-edit", "", "edit")]
    [InlineData("system:aggregate-to-view", "", "view")]
    public void WhatIsGatheredIsUpstreams(string name, string gathers, string label)
    {
        const string Prefix = "rbac.authorization.k8s.io/aggregate-to-";
        var role = BootstrapPolicy.ClusterRoles.Single(r => r.Metadata.Name == name);
        var labels = role.Metadata.Labels.Keys.Where(static k => k.StartsWith(Prefix, StringComparison.Ordinal));
        var gathered = role.AggregationRule?.ClusterRoleSelectors.SelectMany(static s => s.MatchLabels.Keys) ?? [];
        Assert.Equal(label.Length == 0 ? [] : new[] { Prefix + label }, labels);
        Assert.Equal(gathers.Length == 0 ? [] : new[] { Prefix + gathers }, gathered);
    }

    private static string Shown(IList<Rbacv1Subject>? subjects) =>
        string.Concat((subjects ?? []).Select(static s => $" {s.Kind}:{s.Name}"));

    private static IEnumerable<string> Rows(string table) =>
        table.ReplaceLineEndings(" ").Split(',', StringSplitOptions.TrimEntries);

    private static List<string> Sorted(IEnumerable<string> rows) => [.. rows.Order(StringComparer.Ordinal)];
}
