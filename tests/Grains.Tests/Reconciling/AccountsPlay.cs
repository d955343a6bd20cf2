using k8s.Models;

namespace OrleansOrchestrator.Grains.Tests.Reconciling;

/// <summary>
/// What keeps account of others: a quota and a budget of pods, the token of a ServiceAccount, and a role that is the
/// sum of others.
/// </summary>
internal sealed class AccountsPlay : CrashPlay
{
    private static readonly Dictionary<string, string> Web = new() { ["app"] = "web" };

    protected override int Acts => 2;

    protected override void SetUp()
    {
        World.AddReplicaSet("web", 2);
        World.Api.Seed(new V1ResourceQuota
        {
            Metadata = new V1ObjectMeta { Name = "quota", NamespaceProperty = "default" },
            Spec = new V1ResourceQuotaSpec { Hard = new Dictionary<string, ResourceQuantity> { ["pods"] = new("5") } },
        });
        World.Api.Seed(new V1PodDisruptionBudget
        {
            Metadata = new V1ObjectMeta { Name = "budget", NamespaceProperty = "default" },
            Spec = new V1PodDisruptionBudgetSpec
            {
                MinAvailable = 1, Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string>(Web) },
            },
        });
        var bot = new V1ObjectMeta { Name = "bot", NamespaceProperty = "default" };
        World.Api.Seed(new V1ServiceAccount { Metadata = bot });
        World.Api.Seed(new V1Secret
        {
            Metadata = new V1ObjectMeta
            {
                Name = "token",
                NamespaceProperty = "default",
                Annotations = new Dictionary<string, string> { ["kubernetes.io/service-account.name"] = "bot" },
            },
            Type = "kubernetes.io/service-account-token",
        });
        AddRole("part", "pods");
        World.Api.Seed(new V1ClusterRole
        {
            Metadata = new V1ObjectMeta { Name = "sum" },
            AggregationRule = new V1AggregationRule
            {
                ClusterRoleSelectors =
                    [new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["sum"] = "yes" } }],
            },
        });
    }

    protected override void Change(int act)
    {
        if (act == 0)
        {
            return;
        }

        World.Api.Change<V1ReplicaSet>("default", "web", static s => s.Spec.Replicas = 3);
        World.Api.Change<V1Secret>("default", "token", static s => s.Data.Remove("ca.crt"));
        AddRole("more", "nodes");
    }

    protected override void Step()
    {
        World.Step<V1ReplicaSet>("web");
        World.Step<V1ResourceQuota>("quota");
        World.Step<V1PodDisruptionBudget>("budget");
        World.Step<V1Secret>("token");
        World.Step<V1ClusterRole>("sum");
    }

    protected override void StepOthers() => World.RunKubelets();

    protected override void LoseMemory() => World.LoseActivations();

    private void AddRole(string name, string resource)
    {
        var labels = new Dictionary<string, string> { ["sum"] = "yes" };
        World.Api.Seed(new V1ClusterRole
        {
            Metadata = new V1ObjectMeta { Name = name, Labels = labels },
            Rules = [new V1PolicyRule { ApiGroups = [""], Resources = [resource], Verbs = ["get"] }],
        });
    }
}
