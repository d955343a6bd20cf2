using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Apps.DaemonSets;
using OrleansOrchestrator.Resources.Apps.Deployments;
using OrleansOrchestrator.Resources.Apps.ReplicaSets;
using OrleansOrchestrator.Resources.Batch.CronJobs;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Core.PodTemplates;
using OrleansOrchestrator.Resources.Core.ReplicationControllers;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Recorded;

/// <summary>Strategies answer recorded requests as the reference server did.</summary>
public sealed class RecordedStrategyTests
{
    [Theory]
    [InlineData("validation/pod-spec")]
    [InlineData("validation/pod-container")]
    [InlineData("validation/pod-scheduling-misc")]
    [InlineData("validation/pod-update")]
    [InlineData("validation/pod-gated-update")]
    [InlineData("crud/core-pod")]
    [InlineData("lists/core-pod")]
    [InlineData("pods/binding")]
    [InlineData("pods/delete-grace")]
    [InlineData("pods/owner-references-and-generation")]
    [InlineData("admission/podsecurity-baseline")]
    [InlineData("admission/podsecurity-restricted")]
    public void Pods(string scenario) =>
        Check(
            new StrategyReplay<k8s.Models.V1Pod>(new PodStrategy(), "", "Pod", "pods"),
            scenario,
            r => r.Run(scenario),
            r => r.Differences,
            r => r.Checked);

    [Theory]
    [InlineData("validation/deployment")]
    [InlineData("lists/apps-deployment")]
    public void Deployments(string scenario) => Check(
        new StrategyReplay<k8s.Models.V1Deployment>(new DeploymentStrategy(), "apps", "Deployment", "deployments"),
        scenario,
        r => r.Run(scenario),
        r => r.Differences,
        r => r.Checked);

    [Theory]
    [InlineData("validation/replicaset")]
    [InlineData("crud/apps-replicaset")]
    [InlineData("lists/apps-replicaset")]
    public void ReplicaSets(string scenario) => Check(
        new StrategyReplay<k8s.Models.V1ReplicaSet>(new ReplicaSetStrategy(), "apps", "ReplicaSet", "replicasets"),
        scenario,
        r => r.Run(scenario),
        r => r.Differences,
        r => r.Checked);

    [Theory]
    [InlineData("validation/podtemplate")]
    [InlineData("crud/core-podtemplate")]
    [InlineData("lists/core-podtemplate")]
    public void PodTemplates(string scenario) => Check(
        new StrategyReplay<k8s.Models.V1PodTemplate>(new PodTemplateStrategy(), "", "PodTemplate", "podtemplates"),
        scenario,
        r => r.Run(scenario),
        r => r.Differences,
        r => r.Checked);

    [Theory]
    [InlineData("validation/daemonset")]
    [InlineData("crud/apps-daemonset")]
    public void DaemonSets(string scenario) => Check(
        new StrategyReplay<k8s.Models.V1DaemonSet>(new DaemonSetStrategy(), "apps", "DaemonSet", "daemonsets"),
        scenario,
        r => r.Run(scenario),
        r => r.Differences,
        r => r.Checked);

    [Theory]
    [InlineData("validation/replicationcontroller")]
    [InlineData("lists/core-replicationcontroller")]
    public void ReplicationControllers(string scenario) => Check(
        new StrategyReplay<k8s.Models.V1ReplicationController>(
            new ReplicationControllerStrategy(), "", "ReplicationController", "replicationcontrollers"),
        scenario,
        r => r.Run(scenario),
        r => r.Differences,
        r => r.Checked);

    [Theory]
    [InlineData("validation/cronjob")]
    [InlineData("crud/batch-cronjob")]
    public void CronJobs(string scenario) => Check(
        new StrategyReplay<k8s.Models.V1CronJob>(new CronJobStrategy(), "batch", "CronJob", "cronjobs"),
        scenario,
        r => r.Run(scenario),
        r => r.Differences,
        r => r.Checked);

    [Theory]
    [InlineData("validation/role")]
    public void Roles(string scenario) => Check<k8s.Models.V1Role>(WellKnown.Roles, scenario);

    [Theory]
    [InlineData("validation/clusterrole")]
    public void ClusterRoles(string scenario) => Check<k8s.Models.V1ClusterRole>(WellKnown.ClusterRoles, scenario);

    [Theory]
    [InlineData("lists/rbac-rolebinding")]
    public void RoleBindings(string scenario) => Check<k8s.Models.V1RoleBinding>(WellKnown.RoleBindings, scenario);

    [Theory]
    [InlineData("crud/rbac-clusterrolebinding")]
    public void ClusterRoleBindings(string scenario) =>
        Check<k8s.Models.V1ClusterRoleBinding>(WellKnown.ClusterRoleBindings, scenario);

    [Theory]
    [InlineData("validation/flowschema")]
    public void FlowSchemas(string scenario) => Check<k8s.Models.V1FlowSchema>(WellKnown.FlowSchemas, scenario);

    [Theory]
    [InlineData("validation/plc")]
    [InlineData("crud/flowcontrol-plc")]
    [InlineData("lists/flowcontrol-plc")]
    public void PriorityLevels(string scenario) =>
        Check<k8s.Models.V1PriorityLevelConfiguration>(WellKnown.PriorityLevelConfigurations, scenario);

    [Theory]
    [InlineData("crud/admissionregistration-vwc")]
    [InlineData("lists/admissionregistration-vwc")]
    public void ValidatingWebhooks(string scenario) =>
        Check<k8s.Models.V1ValidatingWebhookConfiguration>(WellKnown.ValidatingWebhookConfigurations, scenario);

    [Theory]
    [InlineData("crud/admissionregistration-mwc")]
    [InlineData("lists/admissionregistration-mwc")]
    public void MutatingWebhooks(string scenario) =>
        Check<k8s.Models.V1MutatingWebhookConfiguration>(WellKnown.MutatingWebhookConfigurations, scenario);

    [Theory]
    [InlineData("crud/admissionregistration-map")]
    [InlineData("lists/admissionregistration-map")]
    public void MutatingPolicies(string scenario) =>
        Check<k8s.Models.V1MutatingAdmissionPolicy>(WellKnown.MutatingAdmissionPolicies, scenario);

    [Theory]
    [InlineData("validation/mapb")]
    [InlineData("lists/admissionregistration-mapb")]
    public void MutatingPolicyBindings(string scenario) =>
        Check<k8s.Models.V1MutatingAdmissionPolicyBinding>(WellKnown.MutatingAdmissionPolicyBindings, scenario);

    [Theory]
    [InlineData("crud/admissionregistration-vapb")]
    [InlineData("lists/admissionregistration-vapb")]
    public void ValidatingPolicyBindings(string scenario) =>
        Check<k8s.Models.V1ValidatingAdmissionPolicyBinding>(WellKnown.ValidatingAdmissionPolicyBindings, scenario);

    [Theory]
    [InlineData("crud/resource-deviceclass")]
    [InlineData("lists/resource-deviceclass")]
    public void DeviceClasses(string scenario) =>
        Check<k8s.Models.V1DeviceClass>(WellKnown.DeviceClasses, scenario);

    [Theory]
    [InlineData("lists/resource-resourceclaim")]
    public void ResourceClaims(string scenario) =>
        Check<k8s.Models.Resourcev1ResourceClaim>(WellKnown.ResourceClaims, scenario);

    [Theory]
    [InlineData("validation/resourceclaimtemplate")]
    [InlineData("crud/resource-resourceclaimtemplate")]
    [InlineData("lists/resource-resourceclaimtemplate")]
    public void ResourceClaimTemplates(string scenario) =>
        Check<k8s.Models.V1ResourceClaimTemplate>(WellKnown.ResourceClaimTemplates, scenario);

    [Theory]
    [InlineData("validation/resourceslice")]
    [InlineData("crud/resource-resourceslice")]
    [InlineData("lists/resource-resourceslice")]
    public void ResourceSlices(string scenario) =>
        Check<k8s.Models.V1ResourceSlice>(WellKnown.ResourceSlices, scenario);

    private static void Check<T>(ResourceName name, string scenario)
        where T : class, k8s.IKubernetesObject<k8s.Models.V1ObjectMeta>
    {
        var row = BuiltInResources.Table.Find(name)!;
        Check(
            new StrategyReplay<T>((ResourceStrategy<T>)row.Strategy, name.Group, row.Kind, name.Plural),
            scenario,
            r => r.Run(scenario),
            r => r.Differences,
            r => r.Checked);
    }

    private static void Check<TReplay>(
        TReplay replay, string scenario, Action<TReplay> run, Func<TReplay, List<string>> differences, Func<TReplay, int> count)
    {
        run(replay);
        Assert.True(count(replay) > 0, "Nothing was compared.");
        Assert.True(differences(replay).Count == 0, string.Join('\n', differences(replay)));
    }
}
